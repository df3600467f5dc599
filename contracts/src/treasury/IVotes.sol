// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "@openzeppelin/contracts-upgradeable/interfaces/IERC5805Upgradeable.sol";

/// @notice Voting power that also tells who a voter's delegate was.
interface IVotes is IERC5805Upgradeable {
    function totalSupply() external view returns (uint256);

    function delegatedAt(address account, uint256 timepoint) external returns (address);

    function name() external view returns (string memory);

    function symbol() external view returns (string memory);

    function decimals() external view returns (uint8);
}
