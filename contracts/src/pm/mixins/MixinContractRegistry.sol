// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "../../ManagerProxyTarget.sol";
import "../../bonding/IBondingManager.sol";
import "../../rounds/IRoundsManager.sol";
import "../../token/IMinter.sol";

/// @notice The contracts the broker works with, looked up on each use.
abstract contract MixinContractRegistry is ManagerProxyTarget {
    modifier currentRoundInitialized() {
        require(roundsManager().currentRoundInitialized(), "current round is not initialized");
        _;
    }

    function bondingManager() internal view returns (IBondingManager) {
        return IBondingManager(controller.getContract(keccak256("BondingManager")));
    }

    function minter() internal view returns (IMinter) {
        return IMinter(controller.getContract(keccak256("Minter")));
    }

    function roundsManager() internal view returns (IRoundsManager) {
        return IRoundsManager(controller.getContract(keccak256("RoundsManager")));
    }
}
