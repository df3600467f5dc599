// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "./TicketBrokerD24.sol";

/// @notice The rules of March 2024 under the name that the protocol's scripts and tests know.
contract TicketBroker is TicketBrokerD24 {
    constructor(address _controller) TicketBrokerD24(_controller) {}
}
