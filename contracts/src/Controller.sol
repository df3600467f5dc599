// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "./IManager.sol";
import "./Pausable.sol";

/// @notice Registry of the protocol: ids to addresses, one owner, one pause switch.
/// Contracts look each other up here on every use, so registering a new target is an upgrade.
contract Controller is Pausable {
    struct ContractInfo {
        address contractAddress;
        bytes20 gitCommitHash;
    }

    mapping(bytes32 => ContractInfo) private registry;

    event SetContractInfo(bytes32 id, address contractAddress, bytes20 gitCommitHash);

    /// @notice Starts paused: the deployer unpauses once everything is wired.
    constructor() {
        paused = true;
    }

    /// @notice Sets or overwrites the entry of an id. A zero address removes it.
    function setContractInfo(
        bytes32 _id,
        address _contractAddress,
        bytes20 _gitCommitHash
    ) external onlyOwner {
        registry[_id] = ContractInfo(_contractAddress, _gitCommitHash);
        emit SetContractInfo(_id, _contractAddress, _gitCommitHash);
    }

    /// @notice Hands a registered contract over to another Controller.
    function updateController(bytes32 _id, address _controller) external onlyOwner {
        IManager(registry[_id].contractAddress).setController(_controller);
    }

    function getContractInfo(bytes32 _id) public view returns (address, bytes20) {
        ContractInfo storage info = registry[_id];
        return (info.contractAddress, info.gitCommitHash);
    }

    function getContract(bytes32 _id) public view returns (address) {
        return registry[_id].contractAddress;
    }
}
