// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "../BondingManagerD24.sol";

/// @notice Change (a): only an orchestrator that is active now is paid by tickets.
abstract contract FeesToActive is BondingManagerD24 {
    function _requireFeeRecipient(address _transcoder) internal view virtual override {
        require(isActiveTranscoder(_transcoder), "transcoder must be active");
    }
}
