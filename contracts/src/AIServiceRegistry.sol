// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "./ServiceRegistry.sol";

/// @notice The service registry of AI workers: a second instance, used without a proxy and not
/// registered in the Controller.
contract AIServiceRegistry is ServiceRegistry {
    constructor(address _controller) ServiceRegistry(_controller) {}
}
