// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "./Poll.sol";

/// @notice Stakes as far as polls ask for them.
interface IPollStake {
    function pendingStake(address _delegator, uint256 _endRound) external view returns (uint256);

    function transcoderTotalStake(address _transcoder) external view returns (uint256);
}

/// @notice Opens polls for who has enough stake.
contract PollCreator {
    // Parts of 10^6 of all stake that must vote.
    uint256 public constant QUORUM = 333300;
    // Parts of 10^6 of the votes that must be in favour.
    uint256 public constant QUOTA = 500000;
    // Ten rounds of the length they once had.
    uint256 public constant POLL_PERIOD = 10 * 5760;
    // Own or delegated stake that the creator needs; nothing of it is taken.
    uint256 public constant POLL_CREATION_COST = 100 ether;

    IPollStake public bondingManager;

    event PollCreated(address indexed poll, bytes proposal, uint256 endBlock, uint256 quorum, uint256 quota);

    constructor(address _bondingManagerAddr) {
        bondingManager = IPollStake(_bondingManagerAddr);
    }

    /// @notice Opens a poll on a proposal, by convention the IPFS hash of its text.
    function createPoll(bytes calldata _proposal) external {
        require(
            bondingManager.pendingStake(msg.sender, 0) >= POLL_CREATION_COST ||
                bondingManager.transcoderTotalStake(msg.sender) >= POLL_CREATION_COST,
            "PollCreator#createPoll: INSUFFICIENT_STAKE"
        );
        uint256 endBlock = block.number + POLL_PERIOD;
        Poll poll = new Poll(endBlock);
        emit PollCreated(address(poll), _proposal, endBlock, QUORUM, QUOTA);
    }
}
