// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

/// @notice A contract that can be handed over to another Controller.
interface IManager {
    event SetController(address controller);

    event ParameterUpdate(string param);

    function setController(address _controller) external;
}
