// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "./rules/RewardCaller.sol";

/// @notice Stakes, the active set and the earnings of orchestrators and their delegators: the rules
/// of 2026, that is of March 2024 with the changes (a) to (e).
contract BondingManager is RewardCaller {
    constructor(address _controller) BondingManagerD24(_controller) {}
}
