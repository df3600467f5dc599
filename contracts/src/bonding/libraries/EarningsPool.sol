// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

/// @notice What an orchestrator's stake earned in one round.
library EarningsPool {
    struct Data {
        // Stake delegated to the orchestrator at the start of the round.
        uint256 totalStake;
        // Rates of the orchestrator in force for the round, parts of 10^6.
        uint256 transcoderRewardCut;
        uint256 transcoderFeeShare;
        // What one unit of stake at the beginning of time became by rewards; parts of 10^27, 0 is 1.
        uint256 cumulativeRewardFactor;
        // Fees paid for one unit of stake since the beginning of time; parts of 10^27.
        uint256 cumulativeFeeFactor;
    }

    function setCommission(
        Data storage earningsPool,
        uint256 _rewardCut,
        uint256 _feeShare
    ) internal {
        earningsPool.transcoderRewardCut = _rewardCut;
        earningsPool.transcoderFeeShare = _feeShare;
    }

    function setStake(Data storage earningsPool, uint256 _stake) internal {
        earningsPool.totalStake = _stake;
    }
}
