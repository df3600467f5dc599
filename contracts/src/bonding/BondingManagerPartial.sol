// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "./rules/RewardCaller.sol";

/// @notice The rules of March 2024 with any of the changes (a) to (e), to study each by itself. Which
/// ones is fixed in the code at creation. For none or all of them use the contracts without choices.
contract BondingManagerPartial is RewardCaller {
    uint256 private constant CHANGE_A = 1;
    uint256 private constant CHANGE_B = 2;
    uint256 private constant CHANGE_C = 4;
    uint256 private constant CHANGE_D = 8;
    uint256 private constant CHANGE_E = 16;

    /// @notice The changes in force: the sum of 1 for (a), 2 for (b), 4 for (c), 8 for (d), 16 for (e).
    uint256 public immutable changes;

    constructor(address _controller, uint256 _changes) BondingManagerD24(_controller) {
        changes = _changes;
    }

    function _requireFeeRecipient(address _transcoder)
        internal
        view
        override
    {
        if (changes & CHANGE_A != 0) {
            FeesToActive._requireFeeRecipient(_transcoder);
        } else {
            BondingManagerD24._requireFeeRecipient(_transcoder);
        }
    }

    function _roundRewards() internal view override returns (uint256) {
        return changes & CHANGE_B != 0 ? FactorFromMintable._roundRewards() : BondingManagerD24._roundRewards();
    }

    function _increaseTotalStake(
        address _delegate,
        uint256 _amount,
        address _newPosPrev,
        address _newPosNext
    ) internal override {
        if (changes & CHANGE_C != 0) {
            StakeWhileActive._increaseTotalStake(_delegate, _amount, _newPosPrev, _newPosNext);
        } else {
            BondingManagerD24._increaseTotalStake(_delegate, _amount, _newPosPrev, _newPosNext);
        }
    }

    function _decreaseTotalStake(
        address _delegate,
        uint256 _amount,
        address _newPosPrev,
        address _newPosNext
    ) internal override {
        if (changes & CHANGE_C != 0) {
            StakeWhileActive._decreaseTotalStake(_delegate, _amount, _newPosPrev, _newPosNext);
        } else {
            BondingManagerD24._decreaseTotalStake(_delegate, _amount, _newPosPrev, _newPosNext);
        }
    }

    function _checkOwnEarnings(uint256 _ownRewards, uint256 _totalStake)
        internal
        view
        override
    {
        if (changes & CHANGE_C != 0) {
            StakeWhileActive._checkOwnEarnings(_ownRewards, _totalStake);
        }
    }

    function _requireRewardCalledIfLeaving(address _delegate)
        internal
        view
        override
    {
        if (changes & CHANGE_D != 0) {
            GuardLeaving._requireRewardCalledIfLeaving(_delegate);
        }
    }

    function _requireRewardable(address _transcoder) internal view override {
        if (changes & CHANGE_E != 0) {
            RewardCaller._requireRewardable(_transcoder);
        } else {
            BondingManagerD24._requireRewardable(_transcoder);
        }
    }

    function _requireRewardCallers() internal view override {
        require(changes & CHANGE_E != 0);
    }
}
