// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "../ManagerProxyTarget.sol";
import "../bonding/IBondingManager.sol";
import "../libraries/MathUtils.sol";
import "../token/IMinter.sol";
import "./IRoundsManager.sol";

/// @notice Counts rounds in blocks and starts each of them once somebody asks.
contract RoundsManager is ManagerProxyTarget, IRoundsManager {
    // Blocks per round.
    uint256 public roundLength;
    // Part of a round, of 10^6, at its end in which orchestrators cannot change their rates.
    uint256 public roundLockAmount;
    uint256 public lastInitializedRound;
    // Rounds are counted from the last change of their length.
    uint256 public lastRoundLengthUpdateRound;
    uint256 public lastRoundLengthUpdateStartBlock;
    // Hash of the block before the initialization; the salt that tickets of the round carry.
    mapping(uint256 => bytes32) internal _blockHashForRound;
    // LIP number to the round it takes effect in.
    mapping(uint256 => uint256) public override lipUpgradeRound;

    event NewRound(uint256 indexed round, bytes32 blockHash);

    constructor(address _controller) Manager(_controller) {}

    /// @notice Changes the length at once: the current round keeps its start and stretches or shrinks.
    function setRoundLength(uint256 _roundLength) external onlyControllerOwner {
        require(_roundLength > 0, "round length cannot be 0");

        if (roundLength == 0) {
            // The first length numbers the rounds from block 0.
            roundLength = _roundLength;
            lastRoundLengthUpdateRound = currentRound();
            lastRoundLengthUpdateStartBlock = currentRoundStartBlock();
        } else {
            lastRoundLengthUpdateRound = currentRound();
            lastRoundLengthUpdateStartBlock = currentRoundStartBlock();
            roundLength = _roundLength;
        }
        emit ParameterUpdate("roundLength");
    }

    function setRoundLockAmount(uint256 _roundLockAmount) external onlyControllerOwner {
        require(MathUtils.validPerc(_roundLockAmount), "round lock amount must be a valid percentage");
        roundLockAmount = _roundLockAmount;
        emit ParameterUpdate("roundLockAmount");
    }

    /// @notice Names the round of a protocol upgrade, once.
    function setLIPUpgradeRound(uint256 _lip, uint256 _round) external onlyControllerOwner {
        require(lipUpgradeRound[_lip] == 0, "LIP upgrade round already set");
        lipUpgradeRound[_lip] = _round;
    }

    /// @notice Starts the current round. Anyone may, once; skipped rounds never start.
    function initializeRound() external override whenSystemNotPaused {
        uint256 round = currentRound();
        require(lastInitializedRound < round, "round already initialized");

        lastInitializedRound = round;
        bytes32 roundBlockHash = blockHash(blockNum() - 1);
        _blockHashForRound[round] = roundBlockHash;
        // The active stake has to be in place before the Minter asks for it.
        IBondingManager(controller.getContract(keccak256("BondingManager"))).setCurrentRoundTotalActiveStake();
        IMinter(controller.getContract(keccak256("Minter"))).setCurrentRewardTokens();

        emit NewRound(round, roundBlockHash);
    }

    function blockNum() public view virtual override returns (uint256) {
        return block.number;
    }

    function blockHash(uint256 _block) public view virtual override returns (bytes32) {
        uint256 current = blockNum();
        require(_block < current, "can only retrieve past block hashes");
        require(current < 256 || _block >= current - 256, "can only retrieve hashes for last 256 blocks");
        return blockhash(_block);
    }

    function blockHashForRound(uint256 _round) public view override returns (bytes32) {
        return _blockHashForRound[_round];
    }

    function currentRound() public view override returns (uint256) {
        return lastRoundLengthUpdateRound + (blockNum() - lastRoundLengthUpdateStartBlock) / roundLength;
    }

    function currentRoundStartBlock() public view override returns (uint256) {
        uint256 start = lastRoundLengthUpdateStartBlock;
        return start + ((blockNum() - start) / roundLength) * roundLength;
    }

    function currentRoundInitialized() public view override returns (bool) {
        return lastInitializedRound == currentRound();
    }

    function currentRoundLocked() public view override returns (bool) {
        uint256 lockedBlocks = MathUtils.percOf(roundLength, roundLockAmount);
        return blockNum() - currentRoundStartBlock() >= roundLength - lockedBlocks;
    }
}
