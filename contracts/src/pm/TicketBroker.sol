// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "./TicketBrokerBase.sol";

/// @notice Redeems a ticket only while the sender's funds cover its whole face value; one that is
/// refused for that stays redeemable.
contract TicketBroker is TicketBrokerBase {
    constructor(address _controller) TicketBrokerBase(_controller) {}

    function requireSufficientFunds(address _sender, uint256 _faceValue) internal view override {
        require(
            senders[_sender].deposit + remainingReserve(_sender) >= _faceValue,
            "sender deposit and reserve insufficient to cover ticket face value"
        );
    }
}
