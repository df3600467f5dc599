// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "./BondingManagerBase.sol";

/// @notice The rules of March 2024. The later changes (a) to (e) override some of them, each in a
/// contract of its own in `rules/` that builds on the one before.
contract BondingManagerD24 is BondingManagerBase {
    using SortedDoublyLL for SortedDoublyLL.Data;

    constructor(address _controller) BondingManagerBase(_controller) {}

    function _increaseTotalStake(
        address _delegate,
        uint256 _amount,
        address _newPosPrev,
        address _newPosNext
    ) internal virtual override {
        uint256 currStake = transcoderTotalStake(_delegate);
        uint256 newStake = currStake + _amount;

        if (isRegisteredTranscoder(_delegate)) {
            if (transcoderPool.contains(_delegate)) {
                transcoderPool.updateKey(_delegate, newStake, _newPosPrev, _newPosNext);
                nextRoundTotalActiveStake += _amount;
                _recordStake(_delegate, currStake, newStake);
            } else {
                _tryToJoinActiveSet(_delegate, newStake, _newPosPrev, _newPosNext);
            }
        }
        delegators[_delegate].delegatedAmount = newStake;
    }

    function _decreaseTotalStake(
        address _delegate,
        uint256 _amount,
        address _newPosPrev,
        address _newPosNext
    ) internal virtual override {
        uint256 currStake = transcoderTotalStake(_delegate);
        uint256 newStake = currStake - _amount;

        if (transcoderPool.contains(_delegate)) {
            transcoderPool.updateKey(_delegate, newStake, _newPosPrev, _newPosNext);
            nextRoundTotalActiveStake -= _amount;
            _recordStake(_delegate, currStake, newStake);
        }
        delegators[_delegate].delegatedAmount = newStake;
    }

    function _requireRewardCalledIfLeaving(address) internal view virtual override {}

    function _requireRewardable(address _transcoder) internal view virtual override {
        require(isActiveTranscoder(_transcoder), "caller must be an active transcoder");
    }

    function _requireFeeRecipient(address _transcoder) internal view virtual override {
        require(isRegisteredTranscoder(_transcoder), "transcoder must be registered");
    }

    function _roundRewards() internal view virtual override returns (uint256) {
        IMinter m = _minter();
        return m.currentMintableTokens() + m.currentMintedTokens();
    }

    function _checkOwnEarnings(uint256, uint256) internal view virtual override {}
}
