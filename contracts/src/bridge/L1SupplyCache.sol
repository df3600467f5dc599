// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "../Ownable.sol";
import "./IL2LPTDataCache.sol";

/// @notice The L1 supply as a number its owner keeps, for chains without a bridge to L1.
contract L1SupplyCache is Ownable, IL2LPTDataCache {
    uint256 public override l1CirculatingSupply;

    event L1CirculatingSupplySet(uint256 supply);

    constructor(uint256 _supply) {
        l1CirculatingSupply = _supply;
    }

    function setL1CirculatingSupply(uint256 _supply) external onlyOwner {
        l1CirculatingSupply = _supply;
        emit L1CirculatingSupplySet(_supply);
    }
}
