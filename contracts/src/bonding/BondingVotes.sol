// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "@openzeppelin/contracts/utils/math/SafeCast.sol";
import "../ManagerProxyTarget.sol";
import "../rounds/IRoundsManager.sol";
import "./IBondingManager.sol";
import "./IBondingVotes.sol";
import "./libraries/EarningsPool.sol";
import "./libraries/EarningsPoolLIP36.sol";
import "./libraries/SortedArrays.sol";

/// @notice Stake as voting power, by round. The BondingManager records every change; nothing can be
/// delegated here.
contract BondingVotes is ManagerProxyTarget, IBondingVotes {
    using SortedArrays for uint256[];

    struct BondingCheckpoint {
        uint256 bondedAmount;
        address delegateAddress;
        uint256 delegatedAmount;
        uint256 lastClaimRound;
        uint256 lastRewardRound;
    }

    // Rounds at whose start a checkpoint takes effect, ascending, and the checkpoints.
    struct BondingCheckpointsByRound {
        uint256[] startRounds;
        mapping(uint256 => BondingCheckpoint) data;
    }

    struct TotalActiveStakeByRound {
        uint256[] rounds;
        mapping(uint256 => uint256) data;
    }

    mapping(address => BondingCheckpointsByRound) private bondingCheckpoints;
    TotalActiveStakeByRound private totalStakeCheckpoints;

    modifier onlyBondingManager() {
        address bondingManager = _bondingManager();
        if (msg.sender != bondingManager) {
            revert InvalidCaller(msg.sender, bondingManager);
        }
        _;
    }

    // The standard calls about the past accept finished rounds only.
    modifier onlyPastRounds(uint256 _round) {
        uint256 current = clock();
        if (_round >= current) {
            revert FutureLookup(_round, current == 0 ? 0 : current - 1);
        }
        _;
    }

    constructor(address _controller) Manager(_controller) {}

    function name() external pure returns (string memory) {
        return "Livepeer Voting Power";
    }

    function symbol() external pure returns (string memory) {
        return "vLPT";
    }

    function decimals() external pure returns (uint8) {
        return 18;
    }

    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() external pure returns (string memory) {
        return "mode=livepeer_round";
    }

    /// @notice Always fails: bonding is delegating.
    function delegate(address) external pure {
        revert MustCallBondingManager("bond");
    }

    /// @notice Always fails: bonding is delegating.
    function delegateBySig(
        address,
        uint256,
        uint256,
        uint8,
        bytes32,
        bytes32
    ) external pure {
        revert MustCallBondingManager("bondFor");
    }

    function checkpointBondingState(
        address _account,
        uint256 _startRound,
        uint256 _bondedAmount,
        address _delegateAddress,
        uint256 _delegatedAmount,
        uint256 _lastClaimRound,
        uint256 _lastRewardRound
    ) external virtual override onlyBondingManager {
        if (_startRound != clock() + 1) {
            revert InvalidStartRound(_startRound, clock() + 1);
        }
        if (_lastClaimRound >= _startRound) {
            revert FutureLastClaimRound(_lastClaimRound, _startRound - 1);
        }

        BondingCheckpoint memory current = BondingCheckpoint({
            bondedAmount: _bondedAmount,
            delegateAddress: _delegateAddress,
            delegatedAmount: _delegatedAmount,
            lastClaimRound: _lastClaimRound,
            lastRewardRound: _lastRewardRound
        });
        BondingCheckpointsByRound storage checkpoints = bondingCheckpoints[_account];
        BondingCheckpoint memory previous;
        if (hasCheckpoint(_account)) {
            // Copied, because it may be the one that is overwritten.
            BondingCheckpoint storage latest = _checkpointAt(_account, _startRound);
            previous.bondedAmount = latest.bondedAmount;
            previous.delegateAddress = latest.delegateAddress;
            previous.delegatedAmount = latest.delegatedAmount;
            previous.lastClaimRound = latest.lastClaimRound;
        }

        checkpoints.data[_startRound] = current;
        checkpoints.startRounds.pushSorted(_startRound);
        _emitChanges(_account, previous, current);
    }

    function checkpointTotalActiveStake(uint256 _totalStake, uint256 _round)
        external
        virtual
        override
        onlyBondingManager
    {
        if (_round != clock()) {
            revert InvalidTotalStakeCheckpointRound(_round, clock());
        }
        totalStakeCheckpoints.data[_round] = _totalStake;
        totalStakeCheckpoints.rounds.pushSorted(_round);
    }

    function totalSupply() external view returns (uint256) {
        return getTotalActiveStakeAt(clock() + 1);
    }

    function getVotes(address _account) external view returns (uint256) {
        (uint256 votes, ) = getVotesAndDelegateAtRoundStart(_account, clock() + 1);
        return votes;
    }

    function delegates(address _account) external view returns (address) {
        (, address delegateAddress) = getVotesAndDelegateAtRoundStart(_account, clock() + 1);
        return delegateAddress;
    }

    // The end of a round is the start of the next one, hence the + 1 below.

    function getPastTotalSupply(uint256 _round) external view onlyPastRounds(_round) returns (uint256) {
        return getTotalActiveStakeAt(_round + 1);
    }

    function getPastVotes(address _account, uint256 _round)
        external
        view
        onlyPastRounds(_round)
        returns (uint256)
    {
        (uint256 votes, ) = getVotesAndDelegateAtRoundStart(_account, _round + 1);
        return votes;
    }

    function delegatedAt(address _account, uint256 _round)
        external
        view
        onlyPastRounds(_round)
        returns (address)
    {
        (, address delegateAddress) = getVotesAndDelegateAtRoundStart(_account, _round + 1);
        return delegateAddress;
    }

    function clock() public view returns (uint48) {
        IRoundsManager roundsManager = IRoundsManager(controller.getContract(keccak256("RoundsManager")));
        return SafeCast.toUint48(roundsManager.currentRound());
    }

    function hasCheckpoint(address _account) public view virtual override returns (bool) {
        return bondingCheckpoints[_account].startRounds.length > 0;
    }

    /// @notice Stake of the active set in a round; rounds nobody initialized have that of the next
    /// one that was.
    function getTotalActiveStakeAt(uint256 _round) public view virtual override returns (uint256) {
        _checkLookup(_round);

        uint256 exact = totalStakeCheckpoints.data[_round];
        if (exact > 0) {
            return exact;
        }
        uint256[] storage rounds = totalStakeCheckpoints.rounds;
        uint256 upper = Arrays.findUpperBound(rounds, _round);
        if (upper == 0) {
            return 0;
        }
        if (upper < rounds.length) {
            return totalStakeCheckpoints.data[rounds[upper]];
        }
        return IBondingManager(_bondingManager()).nextRoundTotalActiveStake();
    }

    function getVotesAndDelegateAtRoundStart(address _account, uint256 _round)
        public
        view
        virtual
        override
        returns (uint256 votes, address delegateAddress)
    {
        _checkLookup(_round);

        BondingCheckpoint storage bond = _checkpointAt(_account, _round);
        delegateAddress = bond.delegateAddress;
        if (bond.bondedAmount == 0) {
            votes = 0;
        } else if (delegateAddress == _account) {
            // An orchestrator speaks for everything delegated to it.
            votes = bond.delegatedAmount;
        } else {
            votes = _delegatorStakeAt(bond, _round);
        }
    }

    /// A delegator's stake with the rewards up to the start of a round, claimed or not.
    function _delegatorStakeAt(BondingCheckpoint storage _bond, uint256 _round) private view returns (uint256) {
        address transcoder = _bond.delegateAddress;
        EarningsPool.Data memory startPool = _earningsPool(transcoder, _bond.lastClaimRound);
        EarningsPool.Data memory endPool;

        BondingCheckpoint storage transcoderBond = _checkpointAt(transcoder, _round);
        uint256 rewardRound = transcoderBond.lastRewardRound;
        if (rewardRound > 0) {
            endPool = _earningsPool(transcoder, rewardRound);
            if (endPool.cumulativeRewardFactor == 0) {
                revert MissingEarningsPool(transcoder, _round);
            }
        }

        bool registered = transcoderBond.delegateAddress == transcoder && transcoderBond.bondedAmount > 0;
        if (!registered) {
            return 0;
        }
        if (rewardRound < _bond.lastClaimRound) {
            // Nothing was earned since the last claim.
            return _bond.bondedAmount;
        }
        return EarningsPoolLIP36.delegatorCumulativeStake(startPool, endPool, _bond.bondedAmount);
    }

    function _checkpointAt(address _account, uint256 _round) private view returns (BondingCheckpoint storage) {
        BondingCheckpointsByRound storage checkpoints = bondingCheckpoints[_account];
        BondingCheckpoint storage exact = checkpoints.data[_round];
        if (exact.bondedAmount > 0) {
            return exact;
        }
        uint256 length = checkpoints.startRounds.length;
        uint256 index = checkpoints.startRounds.findLowerBound(_round);
        if (index >= length) {
            // Key 0 is never written, so this reads zeros.
            return checkpoints.data[0];
        }
        return checkpoints.data[checkpoints.startRounds[index]];
    }

    function _earningsPool(address _transcoder, uint256 _round) private view returns (EarningsPool.Data memory pool) {
        (
            pool.totalStake,
            pool.transcoderRewardCut,
            pool.transcoderFeeShare,
            pool.cumulativeRewardFactor,
            pool.cumulativeFeeFactor
        ) = IBondingManager(_bondingManager()).getTranscoderEarningsPoolForRound(_transcoder, _round);
    }

    function _emitChanges(
        address _account,
        BondingCheckpoint memory _old,
        BondingCheckpoint memory _new
    ) private {
        if (_old.delegateAddress != _new.delegateAddress) {
            emit DelegateChanged(_account, _old.delegateAddress, _new.delegateAddress);
        }

        uint256 oldVotes = _ownVotes(_account, _old);
        uint256 newVotes = _ownVotes(_account, _new);
        if (oldVotes != newVotes) {
            emit DelegateVotesChanged(_account, oldVotes, newVotes);
        }

        if (_old.bondedAmount != _new.bondedAmount || _old.lastClaimRound != _new.lastClaimRound) {
            emit DelegatorBondedAmountChanged(
                _account,
                _old.bondedAmount,
                _old.lastClaimRound,
                _new.bondedAmount,
                _new.lastClaimRound
            );
        }
    }

    /// Votes that an account has as an orchestrator.
    function _ownVotes(address _account, BondingCheckpoint memory _bond) private pure returns (uint256) {
        return _bond.bondedAmount > 0 && _bond.delegateAddress == _account ? _bond.delegatedAmount : 0;
    }

    function _checkLookup(uint256 _round) private view {
        uint256 latest = uint256(clock()) + 1;
        if (_round > latest) {
            revert FutureLookup(_round, latest);
        }
    }

    function _bondingManager() private view returns (address) {
        return controller.getContract(keccak256("BondingManager"));
    }
}
