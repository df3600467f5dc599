// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

/// @notice What every protocol contract asks of the registry.
interface IController {
    function owner() external view returns (address);

    function paused() external view returns (bool);

    function getContract(bytes32 _id) external view returns (address);
}
