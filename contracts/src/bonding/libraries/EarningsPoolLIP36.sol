// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "../../libraries/PreciseMathUtils.sol";
import "./EarningsPool.sol";

/// @notice Constant-time claims: rewards and fees as running factors per unit of stake.
library EarningsPoolLIP36 {
    /// @notice Adds the fees of delegators to the pool of a round.
    function updateCumulativeFeeFactor(
        EarningsPool.Data storage earningsPool,
        EarningsPool.Data memory _prevEarningsPool,
        uint256 _fees
    ) internal {
        uint256 increase = PreciseMathUtils.percOf(
            _orOne(_prevEarningsPool.cumulativeRewardFactor),
            _fees,
            earningsPool.totalStake
        );
        uint256 factor = earningsPool.cumulativeFeeFactor;
        // The first fees of a round continue from where the earlier rounds ended.
        earningsPool.cumulativeFeeFactor = (factor == 0 ? _prevEarningsPool.cumulativeFeeFactor : factor) + increase;
    }

    /// @notice Adds the rewards of delegators to the pool of a round.
    function updateCumulativeRewardFactor(
        EarningsPool.Data storage earningsPool,
        EarningsPool.Data memory _prevEarningsPool,
        uint256 _rewards
    ) internal {
        uint256 factor = _orOne(_prevEarningsPool.cumulativeRewardFactor);
        earningsPool.cumulativeRewardFactor =
            factor +
            PreciseMathUtils.percOf(factor, _rewards, earningsPool.totalStake);
    }

    /// @notice Stake at `_endPool` that was `_stake` at `_startPool`, and the fees earned between.
    function delegatorCumulativeStakeAndFees(
        EarningsPool.Data memory _startPool,
        EarningsPool.Data memory _endPool,
        uint256 _stake,
        uint256 _fees
    ) internal pure returns (uint256 cStake, uint256 cFees) {
        cStake = delegatorCumulativeStake(_startPool, _endPool, _stake);
        cFees = delegatorCumulativeFees(_startPool, _endPool, _stake, _fees);
    }

    function delegatorCumulativeStake(
        EarningsPool.Data memory _startPool,
        EarningsPool.Data memory _endPool,
        uint256 _stake
    ) internal pure returns (uint256) {
        return
            PreciseMathUtils.percOf(
                _stake,
                _orOne(_endPool.cumulativeRewardFactor),
                _orOne(_startPool.cumulativeRewardFactor)
            );
    }

    function delegatorCumulativeFees(
        EarningsPool.Data memory _startPool,
        EarningsPool.Data memory _endPool,
        uint256 _stake,
        uint256 _fees
    ) internal pure returns (uint256) {
        return
            _fees +
            PreciseMathUtils.percOf(
                _stake,
                _endPool.cumulativeFeeFactor - _startPool.cumulativeFeeFactor,
                _orOne(_startPool.cumulativeRewardFactor)
            );
    }

    /// A factor nobody wrote yet means one.
    function _orOne(uint256 _factor) private pure returns (uint256) {
        return _factor == 0 ? PreciseMathUtils.percPoints(1, 1) : _factor;
    }
}
