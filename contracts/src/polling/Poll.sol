// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

/// @notice A question whose votes are logs alone: they are counted off chain, by stake.
contract Poll {
    // The last block in which one can vote.
    uint256 public endBlock;

    event Vote(address indexed voter, uint256 choiceID);

    constructor(uint256 _endBlock) {
        endBlock = _endBlock;
    }

    function vote(uint256 _choiceID) external {
        require(block.number <= endBlock, "poll is over");
        emit Vote(msg.sender, _choiceID);
    }

    /// @notice Sends what the poll holds to the caller, once the poll is over. Under the rules of
    /// EIP-6780 the code stays.
    function destroy() external {
        require(block.number > endBlock, "poll is active");
        selfdestruct(payable(msg.sender));
    }
}
