// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "./IL2LPTDataCache.sol";

/// @notice The L1 supply of a chain that has no L1 side.
contract DummyL2LPTDataCache is IL2LPTDataCache {
    function l1CirculatingSupply() external pure override returns (uint256) {
        return 0;
    }
}
