// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

/// @notice The clock of the protocol, as its other contracts see it.
interface IRoundsManager {
    function initializeRound() external;

    function lipUpgradeRound(uint256 _lip) external view returns (uint256);

    function blockNum() external view returns (uint256);

    function blockHash(uint256 _block) external view returns (bytes32);

    function blockHashForRound(uint256 _round) external view returns (bytes32);

    function currentRound() external view returns (uint256);

    function currentRoundStartBlock() external view returns (uint256);

    function currentRoundInitialized() external view returns (bool);

    function currentRoundLocked() external view returns (bool);
}
