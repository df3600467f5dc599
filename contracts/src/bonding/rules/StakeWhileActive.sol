// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "./FactorFromMintable.sol";

/// @notice Change (c): the stake of an orchestrator is kept on record as long as it is active, also
/// after it left the active set of the next round; its own earnings never exceed that stake.
abstract contract StakeWhileActive is FactorFromMintable {
    using SortedDoublyLL for SortedDoublyLL.Data;

    function _increaseTotalStake(
        address _delegate,
        uint256 _amount,
        address _newPosPrev,
        address _newPosNext
    ) internal virtual override {
        bool activeNow = isActiveTranscoder(_delegate);
        bool activeNext = transcoderPool.contains(_delegate);
        uint256 currStake = transcoderTotalStake(_delegate);
        uint256 newStake = currStake + _amount;

        if (activeNext) {
            transcoderPool.updateKey(_delegate, newStake, _newPosPrev, _newPosNext);
            nextRoundTotalActiveStake += _amount;
        } else if (isRegisteredTranscoder(_delegate)) {
            _tryToJoinActiveSet(_delegate, newStake, _newPosPrev, _newPosNext);
        }
        if (activeNow || activeNext) {
            _recordStake(_delegate, currStake, newStake);
        }
        delegators[_delegate].delegatedAmount = newStake;
    }

    function _decreaseTotalStake(
        address _delegate,
        uint256 _amount,
        address _newPosPrev,
        address _newPosNext
    ) internal virtual override {
        bool activeNow = isActiveTranscoder(_delegate);
        bool activeNext = transcoderPool.contains(_delegate);
        uint256 currStake = transcoderTotalStake(_delegate);
        uint256 newStake = currStake - _amount;

        if (activeNext) {
            transcoderPool.updateKey(_delegate, newStake, _newPosPrev, _newPosNext);
            nextRoundTotalActiveStake -= _amount;
        }
        if (activeNow || activeNext) {
            _recordStake(_delegate, currStake, newStake);
        }
        delegators[_delegate].delegatedAmount = newStake;
    }

    /// The orchestrator's own earnings are part of its stake; if they were more, a ticket could pay
    /// out more than its value.
    function _checkOwnEarnings(uint256 _ownRewards, uint256 _totalStake) internal view virtual override {
        assert(_ownRewards <= _totalStake);
    }
}
