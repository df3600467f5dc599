// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "./MixinContractRegistry.sol";

/// @notice Funds that back a sender's tickets once its deposit is spent. In each round every active
/// orchestrator may draw an equal share.
abstract contract MixinReserve is MixinContractRegistry {
    struct Reserve {
        uint256 funds;
        // Drawn in a round, by all and by each.
        mapping(uint256 => uint256) claimedForRound;
        mapping(uint256 => mapping(address => uint256)) claimedByAddress;
    }

    struct ReserveInfo {
        uint256 fundsRemaining;
        uint256 claimedInCurrentRound;
    }

    mapping(address => Reserve) internal reserves;

    event ReserveFunded(address indexed reserveHolder, uint256 amount);
    event ReserveClaimed(address indexed reserveHolder, address claimant, uint256 amount);

    function getReserveInfo(address _reserveHolder) public view returns (ReserveInfo memory info) {
        Reserve storage reserve = reserves[_reserveHolder];
        info.fundsRemaining = reserve.funds;
        info.claimedInCurrentRound = reserve.claimedForRound[roundsManager().currentRound()];
    }

    /// @notice What a claimant can still draw in the current round.
    function claimableReserve(address _reserveHolder, address _claimant) public view returns (uint256) {
        if (!bondingManager().isActiveTranscoder(_claimant)) {
            return 0;
        }
        uint256 poolSize = bondingManager().getTranscoderPoolSize();
        if (poolSize == 0) {
            return 0;
        }
        Reserve storage reserve = reserves[_reserveHolder];
        uint256 round = roundsManager().currentRound();
        // The share is of the funds as they were before anybody drew in this round.
        uint256 share = (reserve.funds + reserve.claimedForRound[round]) / poolSize;
        return share - reserve.claimedByAddress[round][_claimant];
    }

    /// @notice What a claimant drew in the current round.
    function claimedReserve(address _reserveHolder, address _claimant) public view returns (uint256) {
        return reserves[_reserveHolder].claimedByAddress[roundsManager().currentRound()][_claimant];
    }

    function addReserve(address _reserveHolder, uint256 _amount) internal {
        reserves[_reserveHolder].funds += _amount;
        emit ReserveFunded(_reserveHolder, _amount);
    }

    function clearReserve(address _reserveHolder) internal {
        // What was claimed stays on record: the shares of this round depend on it.
        reserves[_reserveHolder].funds = 0;
    }

    /// Draws up to `_amount` and says how much it was.
    function claimFromReserve(
        address _reserveHolder,
        address _claimant,
        uint256 _amount
    ) internal returns (uint256) {
        uint256 claimable = claimableReserve(_reserveHolder, _claimant);
        uint256 amount = _amount < claimable ? _amount : claimable;
        if (amount > 0) {
            Reserve storage reserve = reserves[_reserveHolder];
            uint256 round = roundsManager().currentRound();
            reserve.claimedForRound[round] += amount;
            reserve.claimedByAddress[round][_claimant] += amount;
            reserve.funds -= amount;
            emit ReserveClaimed(_reserveHolder, _claimant, amount);
        }
        return amount;
    }

    function remainingReserve(address _reserveHolder) internal view returns (uint256) {
        return reserves[_reserveHolder].funds;
    }
}
