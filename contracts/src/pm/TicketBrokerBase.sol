// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "./mixins/MixinTicketProcessor.sol";

/// @notice The broker without the rule on how much a sender must have.
abstract contract TicketBrokerBase is MixinTicketProcessor {
    constructor(address _controller) Manager(_controller) {}

    function setUnlockPeriod(uint256 _unlockPeriod) external onlyControllerOwner {
        _setUnlockPeriod(_unlockPeriod);
    }

    function setTicketValidityPeriod(uint256 _ticketValidityPeriod) external onlyControllerOwner {
        _setTicketValidityPeriod(_ticketValidityPeriod);
    }
}
