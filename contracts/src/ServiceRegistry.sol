// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "./ManagerProxyTarget.sol";

/// @notice Where orchestrators publish the address of their service.
contract ServiceRegistry is ManagerProxyTarget {
    // A struct leaves room for further fields without moving the slot.
    struct Record {
        string serviceURI;
    }

    mapping(address => Record) private records;

    event ServiceURIUpdate(address indexed addr, string serviceURI);

    constructor(address _controller) Manager(_controller) {}

    /// @notice Stores the caller's service URI; not validated, may be empty.
    function setServiceURI(string calldata _serviceURI) external {
        records[msg.sender].serviceURI = _serviceURI;
        emit ServiceURIUpdate(msg.sender, _serviceURI);
    }

    function getServiceURI(address _addr) public view returns (string memory) {
        return records[_addr].serviceURI;
    }
}
