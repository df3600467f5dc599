// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "./Manager.sol";

/// @notice Base of proxies and of the code behind them. Both must agree on the first two slots.
abstract contract ManagerProxyTarget is Manager {
    /// @notice Id under which the Controller knows the code that a proxy runs.
    bytes32 public targetContractId;
}
