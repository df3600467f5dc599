// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

/// @notice What the L2 knows about the supply of the token on L1.
interface IL2LPTDataCache {
    /// @notice Tokens in circulation on L1, without those locked for the L2.
    function l1CirculatingSupply() external view returns (uint256);
}
