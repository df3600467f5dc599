// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "./BondingManagerD24.sol";

/// @notice The rules of March 2024 under the name that the protocol's scripts and tests know.
contract BondingManager is BondingManagerD24 {
    constructor(address _controller) BondingManagerD24(_controller) {}
}
