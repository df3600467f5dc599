// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

/// @notice Carries out protocol updates that its owner staged some blocks before. It is meant to own
/// the Controller.
contract Governor {
    /// Calls made together, in order; the nonce tells equal updates apart.
    struct Update {
        address[] target;
        uint256[] value;
        bytes[] data;
        uint256 nonce;
    }

    address public owner;

    /// @notice First block in which a staged update can be executed, by the update's hash.
    mapping(bytes32 => uint256) public updates;

    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);
    event UpdateStaged(Update update, uint256 delay);
    event UpdateExecuted(Update update);
    event UpdateCancelled(Update update);

    modifier onlyThis() {
        require(msg.sender == address(this), "unauthorized: msg.sender not Governor");
        _;
    }

    modifier onlyOwner() {
        require(msg.sender == owner, "unauthorized: msg.sender not owner");
        _;
    }

    constructor() {
        owner = msg.sender;
        emit OwnershipTransferred(address(0), msg.sender);
    }

    /// @notice Gives the right to stage to another; itself an update.
    function transferOwnership(address newOwner) public onlyThis {
        require(newOwner != address(0), "newOwner is a null address");
        emit OwnershipTransferred(owner, newOwner);
        owner = newOwner;
    }

    /// @notice Announces an update that can be executed after a number of blocks.
    function stage(Update memory _update, uint256 _delay) public onlyOwner {
        bytes32 id = keccak256(abi.encode(_update));
        require(updates[id] == 0, "update already staged");
        updates[id] = block.number + _delay;
        emit UpdateStaged(_update, _delay);
    }

    /// @notice Makes the calls of a staged update; all of them or none.
    function execute(Update memory _update) public payable {
        bytes32 id = keccak256(abi.encode(_update));
        uint256 executeBlock = updates[id];
        require(executeBlock != 0, "update is not staged");
        require(block.number >= executeBlock, "delay for update not expired");

        // Before the calls, so that none of them can execute it again.
        delete updates[id];
        for (uint256 i = 0; i < _update.target.length; i++) {
            // solhint-disable-next-line avoid-low-level-calls
            (bool success, bytes memory returnData) = _update.target[i].call{ value: _update.value[i] }(
                _update.data[i]
            );
            // The text of the failure is the inner revert data as it is, selector included.
            require(success, string(returnData));
        }
        emit UpdateExecuted(_update);
    }

    /// @notice Withdraws a staged update.
    function cancel(Update memory _update) public onlyOwner {
        bytes32 id = keccak256(abi.encode(_update));
        require(updates[id] != 0, "update is not staged");
        delete updates[id];
        emit UpdateCancelled(_update);
    }
}
