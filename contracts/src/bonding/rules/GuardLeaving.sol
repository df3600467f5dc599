// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "./StakeWhileActive.sol";

/// @notice Change (d): no stake joins an orchestrator in its last active round before that round's
/// reward, which it would share without having earned it.
abstract contract GuardLeaving is StakeWhileActive {
    function _requireRewardCalledIfLeaving(address _delegate) internal view virtual override {
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
}
