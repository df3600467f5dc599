// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "./BondingManagerBase.sol";

/// @notice Stakes, the active set and the earnings of orchestrators and their delegators.
contract BondingManager is BondingManagerBase {
    using SortedDoublyLL for SortedDoublyLL.Data;

    // Who may call reward on behalf of an orchestrator.
    mapping(address => address) public transcoderToRewardCaller;

    event RewardCallerSet(address indexed transcoder, address indexed rewardCaller);

    constructor(address _controller) BondingManagerBase(_controller) {}

    /// @notice Names the account that may call reward for the caller; zero removes it.
    function setRewardCaller(address _rewardCaller) external whenSystemNotPaused {
        transcoderToRewardCaller[msg.sender] = _rewardCaller;
        emit RewardCallerSet(msg.sender, _rewardCaller);
    }

    function rewardForTranscoder(address _transcoder) external {
        rewardForTranscoderWithHint(_transcoder, address(0), address(0));
    }

    /// @notice Mints the round's rewards of an orchestrator that named the caller for it.
    function rewardForTranscoderWithHint(
        address _transcoder,
        address _newPosPrev,
        address _newPosNext
    ) public {
        require(
            transcoderToRewardCaller[_transcoder] == msg.sender,
            "caller must be a reward caller set by the transcoder"
        );
        _guardedReward(_transcoder, _newPosPrev, _newPosNext);
    }

    function _guardedReward(
        address _transcoder,
        address _newPosPrev,
        address _newPosNext
    ) private whenSystemNotPaused currentRoundInitialized {
        _reward(_transcoder, _newPosPrev, _newPosNext);
    }

    function _increaseTotalStake(
        address _delegate,
        uint256 _amount,
        address _newPosPrev,
        address _newPosNext
    ) internal override {
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
        // One that is active now but left the set keeps earning with the stake on record.
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
    ) internal override {
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

    /// Stake that joins an orchestrator on its last active round before its reward would share a
    /// reward it did not earn.
    function _requireRewardCalledIfLeaving(address _delegate) internal view override {
        if (!isActiveTranscoder(_delegate)) {
            return;
        }
        Transcoder storage t = transcoders[_delegate];
        if (t.deactivationRound != MAX_FUTURE_ROUND) {
            require(
                t.lastRewardRound == _currentRound(),
                "transcoder has not yet called reward for the current round"
            );
        }
    }

    function _requireRewardable(address _transcoder) internal view override {
        require(isActiveTranscoder(_transcoder), "transcoder must be active");
    }

    function _requireFeeRecipient(address _transcoder) internal view override {
        require(isActiveTranscoder(_transcoder), "transcoder must be active");
    }

    function _roundRewards() internal view override returns (uint256) {
        return _minter().currentMintableTokens();
    }

    /// The orchestrator's own earnings are part of its stake; if they were more, a ticket could pay
    /// out more than its value.
    function _checkOwnEarnings(uint256 _ownRewards, uint256 _totalStake) internal pure override {
        assert(_ownRewards <= _totalStake);
    }
}
