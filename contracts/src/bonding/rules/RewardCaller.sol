// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "./GuardLeaving.sol";

/// @notice Change (e): an orchestrator may name an account that calls reward for it.
abstract contract RewardCaller is GuardLeaving {
    // Who may call reward on behalf of an orchestrator.
    mapping(address => address) public transcoderToRewardCaller;

    event RewardCallerSet(address indexed transcoder, address indexed rewardCaller);

    /// @notice Names the account that may call reward for the caller; zero removes it.
    function setRewardCaller(address _rewardCaller) external whenSystemNotPaused {
        _requireRewardCallers();
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
        _requireRewardCallers();
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

    function _requireRewardable(address _transcoder) internal view virtual override {
        require(isActiveTranscoder(_transcoder), "transcoder must be active");
    }

    /// Where the change can be off, this fails as a function that is not there.
    function _requireRewardCallers() internal view virtual {}
}
