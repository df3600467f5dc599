// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "./TicketBrokerBase.sol";

/// @notice The rules of March 2024: any funds at all are enough, and the recipient gets what there is.
contract TicketBrokerD24 is TicketBrokerBase {
    constructor(address _controller) TicketBrokerBase(_controller) {}

    function requireSufficientFunds(address _sender, uint256) internal view override {
        require(
            senders[_sender].deposit > 0 || remainingReserve(_sender) > 0,
            "sender deposit and reserve are zero"
        );
    }
}
