// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "../ManagerProxyTarget.sol";
import "../libraries/MathUtils.sol";
import "../libraries/PreciseMathUtils.sol";
import "../libraries/SortedDoublyLL.sol";
import "../rounds/IRoundsManager.sol";
import "../token/ILivepeerToken.sol";
import "../token/IMinter.sol";
import "./IBondingManager.sol";
import "./IBondingVotes.sol";
import "./libraries/EarningsPool.sol";
import "./libraries/EarningsPoolLIP36.sol";

/// @notice Bonding without the rules that changed over time; those are the abstract functions at
/// the end.
///
/// Three sets of numbers are kept apart: what a delegator bonded (grows when it claims), what is
/// delegated to an orchestrator (grows when it calls reward), and the stake an orchestrator has in a
/// round (fixed when the round starts).
abstract contract BondingManagerBase is ManagerProxyTarget, IBondingManager {
    using SortedDoublyLL for SortedDoublyLL.Data;
    using EarningsPool for EarningsPool.Data;
    using EarningsPoolLIP36 for EarningsPool.Data;

    enum TranscoderStatus {
        NotRegistered,
        Registered
    }

    enum DelegatorStatus {
        Pending,
        Bonded,
        Unbonded
    }

    struct UnbondingLock {
        uint256 amount;
        // First round in which the amount can be withdrawn; 0 if there is no such lock.
        uint256 withdrawRound;
    }

    struct Delegator {
        uint256 bondedAmount;
        uint256 fees;
        address delegateAddress;
        // What others and itself delegated to this address.
        uint256 delegatedAmount;
        // Round from which on the bond counts.
        uint256 startRound;
        uint256 lastClaimRound;
        uint256 nextUnbondingLockId;
        mapping(uint256 => UnbondingLock) unbondingLocks;
    }

    struct Transcoder {
        uint256 lastRewardRound;
        // Part of rewards kept, of 10^6.
        uint256 rewardCut;
        // Part of fees given to delegators, of 10^6.
        uint256 feeShare;
        mapping(uint256 => EarningsPool.Data) earningsPoolPerRound;
        uint256 lastActiveStakeUpdateRound;
        uint256 activationRound;
        uint256 deactivationRound;
        // Own rewards not claimed yet that count in the round of the last reward call.
        uint256 activeCumulativeRewards;
        // Own rewards and fees not claimed yet.
        uint256 cumulativeRewards;
        uint256 cumulativeFees;
        uint256 lastFeeRound;
    }

    uint256 internal constant MAX_FUTURE_ROUND = 2**256 - 1;

    // Rounds between unbonding and withdrawal.
    uint64 public unbondingPeriod;
    mapping(address => Delegator) internal delegators;
    mapping(address => Transcoder) internal transcoders;
    uint256 public currentRoundTotalActiveStake;
    uint256 public override nextRoundTotalActiveStake;
    // The active set of the next round, by stake.
    SortedDoublyLL.Data internal transcoderPool;
    // Part of rewards, of 10^27, that goes to the treasury; a change starts with the next round.
    uint256 public treasuryRewardCutRate;
    uint256 public nextRoundTreasuryRewardCutRate;
    // Balance of the treasury at which it stops getting rewards; 0 for never.
    uint256 public treasuryBalanceCeiling;

    modifier currentRoundInitialized() {
        _currentRoundInitialized();
        _;
    }

    modifier autoClaimEarnings(address _delegator) {
        _autoClaimEarnings(_delegator);
        _;
    }

    constructor(address _controller) Manager(_controller) {}

    // ---- Parameters and hooks of other contracts

    function setUnbondingPeriod(uint64 _unbondingPeriod) external onlyControllerOwner {
        unbondingPeriod = _unbondingPeriod;
        emit ParameterUpdate("unbondingPeriod");
    }

    function setTreasuryRewardCutRate(uint256 _cutRate) external onlyControllerOwner {
        _setTreasuryRewardCutRate(_cutRate);
    }

    function setTreasuryBalanceCeiling(uint256 _ceiling) external onlyControllerOwner {
        treasuryBalanceCeiling = _ceiling;
        emit ParameterUpdate("treasuryBalanceCeiling");
    }

    /// @notice Grows the active set; it cannot shrink.
    function setNumActiveTranscoders(uint256 _numActiveTranscoders) external onlyControllerOwner {
        transcoderPool.setMaxSize(_numActiveTranscoders);
        emit ParameterUpdate("numActiveTranscoders");
    }

    /// @notice Starts a round: what was gathered for it becomes the active stake.
    function setCurrentRoundTotalActiveStake() external override {
        require(msg.sender == _contract(keccak256("RoundsManager")), "caller must be RoundsManager");

        currentRoundTotalActiveStake = nextRoundTotalActiveStake;
        if (nextRoundTreasuryRewardCutRate != treasuryRewardCutRate) {
            treasuryRewardCutRate = nextRoundTreasuryRewardCutRate;
            emit ParameterUpdate("treasuryRewardCutRate");
        }
        _bondingVotes().checkpointTotalActiveStake(currentRoundTotalActiveStake, _currentRound());
    }

    /// @notice Shares the value of a ticket between an orchestrator and its delegators. The ETH is
    /// in the Minter already; the creation round of the ticket plays no part.
    function updateTranscoderWithFees(
        address _transcoder,
        uint256 _fees,
        uint256 _round
    ) external override whenSystemNotPaused {
        _round;
        require(msg.sender == _contract(keccak256("TicketBroker")), "caller must be TicketBroker");
        _requireFeeRecipient(_transcoder);

        uint256 round = _currentRound();
        Transcoder storage t = transcoders[_transcoder];
        EarningsPool.Data storage pool = t.earningsPoolPerRound[round];
        EarningsPool.Data memory prevPool = _latestCumulativeFactors(t, round - 1);
        uint256 ownRewards = t.activeCumulativeRewards;

        if (round > t.lastRewardRound) {
            _preparePool(t, pool, round);
            // No reward yet in this round: all unclaimed rewards earn fees.
            ownRewards = t.cumulativeRewards;
        }
        uint256 totalStake = pool.totalStake;
        if (prevPool.cumulativeRewardFactor == 0 && t.lastRewardRound == round) {
            prevPool.cumulativeRewardFactor = _factorBeforeReward(pool, totalStake);
        }

        _checkOwnEarnings(ownRewards, totalStake);
        uint256 delegatorsFees = MathUtils.percOf(_fees, pool.transcoderFeeShare);
        uint256 ownFees = PreciseMathUtils.percOf(delegatorsFees, ownRewards, totalStake);
        t.cumulativeFees += ownFees + (_fees - delegatorsFees);
        pool.updateCumulativeFeeFactor(prevPool, delegatorsFees);
        t.lastFeeRound = round;
    }

    /// @notice Takes a part of an orchestrator's stake, for its finder and the fire.
    function slashTranscoder(
        address _transcoder,
        address _finder,
        uint256 _slashAmount,
        uint256 _finderFee
    ) external override whenSystemNotPaused {
        require(msg.sender == _contract(keccak256("Verifier")), "caller must be Verifier");
        _autoClaimEarnings(_transcoder);

        Delegator storage del = delegators[_transcoder];
        if (del.bondedAmount > 0) {
            uint256 penalty = MathUtils.percOf(del.bondedAmount, _slashAmount);
            if (transcoderPool.contains(_transcoder)) {
                _resignTranscoder(_transcoder);
            }
            del.bondedAmount -= penalty;
            if (delegatorStatus(_transcoder) == DelegatorStatus.Bonded) {
                delegators[del.delegateAddress].delegatedAmount -= penalty;
            }

            uint256 finderAmount = 0;
            if (_finder != address(0)) {
                finderAmount = MathUtils.percOf(penalty, _finderFee);
                _minter().trustedTransferTokens(_finder, finderAmount);
            }
            _minter().trustedBurnTokens(penalty - finderAmount);
            emit TranscoderSlashed(_transcoder, _finder, penalty, finderAmount);
        } else {
            emit TranscoderSlashed(_transcoder, _finder, 0, 0);
        }
        _checkpointBondingState(_transcoder);
    }

    // ---- Orchestrators

    function transcoder(uint256 _rewardCut, uint256 _feeShare) external {
        transcoderWithHint(_rewardCut, _feeShare, address(0), address(0));
    }

    /// @notice Sets the caller's rates, and tries to enter the active set.
    function transcoderWithHint(
        uint256 _rewardCut,
        uint256 _feeShare,
        address _newPosPrev,
        address _newPosNext
    ) public whenSystemNotPaused currentRoundInitialized {
        require(
            !_roundsManager().currentRoundLocked(),
            "can't update transcoder params, current round is locked"
        );
        require(MathUtils.validPerc(_rewardCut), "invalid rewardCut percentage");
        require(MathUtils.validPerc(_feeShare), "invalid feeShare percentage");
        require(isRegisteredTranscoder(msg.sender), "transcoder must be registered");

        Transcoder storage t = transcoders[msg.sender];
        require(
            !isActiveTranscoder(msg.sender) || t.lastRewardRound == _currentRound(),
            "caller can't be active or must have already called reward for the current round"
        );
        t.rewardCut = _rewardCut;
        t.feeShare = _feeShare;
        if (!transcoderPool.contains(msg.sender)) {
            _tryToJoinActiveSet(msg.sender, transcoderTotalStake(msg.sender), _newPosPrev, _newPosNext);
        }
        emit TranscoderUpdate(msg.sender, _rewardCut, _feeShare);
    }

    function reward() external {
        rewardWithHint(address(0), address(0));
    }

    /// @notice Mints the caller's rewards of the round; a round without the call is forfeited.
    function rewardWithHint(address _newPosPrev, address _newPosNext)
        public
        whenSystemNotPaused
        currentRoundInitialized
    {
        _reward(msg.sender, _newPosPrev, _newPosNext);
    }

    // ---- Delegators

    function bond(uint256 _amount, address _to) external {
        bondWithHint(_amount, _to, address(0), address(0), address(0), address(0));
    }

    function bondWithHint(
        uint256 _amount,
        address _to,
        address _oldDelegateNewPosPrev,
        address _oldDelegateNewPosNext,
        address _currDelegateNewPosPrev,
        address _currDelegateNewPosNext
    ) public {
        bondForWithHint(
            _amount,
            msg.sender,
            _to,
            _oldDelegateNewPosPrev,
            _oldDelegateNewPosNext,
            _currDelegateNewPosPrev,
            _currDelegateNewPosNext
        );
    }

    /// @notice Adds stake of the caller to the bond of `_owner`, and moves all of it to `_to`.
    /// The hints are the neighbours that the two orchestrators get in the pool.
    function bondForWithHint(
        uint256 _amount,
        address _owner,
        address _to,
        address _oldDelegateNewPosPrev,
        address _oldDelegateNewPosNext,
        address _currDelegateNewPosPrev,
        address _currDelegateNewPosNext
    ) public whenSystemNotPaused currentRoundInitialized {
        _authorizeClaimEarnings(_owner);
        _autoClaimEarnings(_owner);
        _requireRewardCalledIfLeaving(_to);
        _authorizeBond(_owner, _to);

        Delegator storage del = delegators[_owner];
        uint256 round = _currentRound();
        address oldDelegate = del.delegateAddress;
        // What the new delegate gains: the amount, and the whole bond if it moves.
        uint256 delegation = _amount;
        if (delegatorStatus(_owner) == DelegatorStatus.Unbonded) {
            del.startRound = round + 1;
        } else if (oldDelegate != _to) {
            require(
                !isRegisteredTranscoder(_owner),
                "registered transcoders can't delegate towards other addresses"
            );
            del.startRound = round + 1;
            delegation += del.bondedAmount;
            _decreaseTotalStake(oldDelegate, del.bondedAmount, _oldDelegateNewPosPrev, _oldDelegateNewPosNext);
            _checkpointBondingState(oldDelegate);
        }

        _initFactors(_to, round);
        require(delegation > 0, "delegation amount must be greater than 0");
        del.delegateAddress = _to;
        del.bondedAmount += _amount;
        _increaseTotalStake(_to, delegation, _currDelegateNewPosPrev, _currDelegateNewPosNext);
        if (_to != _owner) {
            _checkpointBondingState(_to);
        }

        if (_amount > 0) {
            ILivepeerToken(_contract(keccak256("LivepeerToken"))).transferFrom(
                msg.sender,
                address(_minter()),
                _amount
            );
        }
        emit Bond(_to, oldDelegate, _owner, _amount, del.bondedAmount);
        _checkpointBondingState(_owner);
    }

    function unbond(uint256 _amount) external {
        unbondWithHint(_amount, address(0), address(0));
    }

    /// @notice Puts a part of the caller's bond behind a lock.
    function unbondWithHint(
        uint256 _amount,
        address _newPosPrev,
        address _newPosNext
    ) public whenSystemNotPaused currentRoundInitialized autoClaimEarnings(msg.sender) {
        require(delegatorStatus(msg.sender) == DelegatorStatus.Bonded, "caller must be bonded");
        Delegator storage del = delegators[msg.sender];
        require(_amount > 0, "unbond amount must be greater than 0");
        require(_amount <= del.bondedAmount, "amount is greater than bonded amount");

        address delegate = del.delegateAddress;
        uint256 lockId = del.nextUnbondingLockId++;
        uint256 withdrawRound = _currentRound() + unbondingPeriod;
        del.unbondingLocks[lockId] = UnbondingLock({ amount: _amount, withdrawRound: withdrawRound });
        del.bondedAmount -= _amount;
        if (del.bondedAmount == 0) {
            del.delegateAddress = address(0);
            del.startRound = 0;
            if (transcoderPool.contains(msg.sender)) {
                _resignTranscoder(msg.sender);
            }
        }

        _decreaseTotalStake(delegate, _amount, _newPosPrev, _newPosNext);
        if (delegate != msg.sender) {
            _checkpointBondingState(delegate);
        }
        emit Unbond(delegate, msg.sender, lockId, _amount, withdrawRound);
        _checkpointBondingState(msg.sender);
    }

    function rebond(uint256 _unbondingLockId) external {
        rebondWithHint(_unbondingLockId, address(0), address(0));
    }

    /// @notice Turns a lock of the caller back into stake with its delegate.
    function rebondWithHint(
        uint256 _unbondingLockId,
        address _newPosPrev,
        address _newPosNext
    ) public whenSystemNotPaused currentRoundInitialized autoClaimEarnings(msg.sender) {
        require(delegatorStatus(msg.sender) != DelegatorStatus.Unbonded, "caller must be bonded");
        _processRebond(msg.sender, _unbondingLockId, _newPosPrev, _newPosNext);
    }

    function rebondFromUnbonded(address _to, uint256 _unbondingLockId) external {
        rebondFromUnbondedWithHint(_to, _unbondingLockId, address(0), address(0));
    }

    /// @notice Turns a lock of the caller, who has no bond, into stake with `_to`.
    function rebondFromUnbondedWithHint(
        address _to,
        uint256 _unbondingLockId,
        address _newPosPrev,
        address _newPosNext
    ) public whenSystemNotPaused currentRoundInitialized autoClaimEarnings(msg.sender) {
        require(delegatorStatus(msg.sender) == DelegatorStatus.Unbonded, "caller must be unbonded");

        uint256 round = _currentRound();
        _initFactors(_to, round);
        delegators[msg.sender].startRound = round + 1;
        delegators[msg.sender].delegateAddress = _to;
        _processRebond(msg.sender, _unbondingLockId, _newPosPrev, _newPosNext);
    }

    /// @notice Gives a part of the caller's bond to somebody else, without unbonding it. A receiver
    /// that has a delegate already keeps it.
    function transferBond(
        address _delegator,
        uint256 _amount,
        address _oldDelegateNewPosPrev,
        address _oldDelegateNewPosNext,
        address _newDelegateNewPosPrev,
        address _newDelegateNewPosNext
    ) public whenSystemNotPaused currentRoundInitialized {
        _authorizeClaimEarnings(_delegator);
        _autoClaimEarnings(msg.sender);
        address oldDelegate = delegators[msg.sender].delegateAddress;
        unbondWithHint(_amount, _oldDelegateNewPosPrev, _oldDelegateNewPosNext);

        uint256 newLockId = _moveLatestLock(msg.sender, _delegator);
        _autoClaimEarnings(_delegator);

        Delegator storage newDel = delegators[_delegator];
        if (newDel.delegateAddress == address(0) && newDel.bondedAmount == 0) {
            // An orchestrator's stake must not become a bond of the orchestrator by a gift.
            require(oldDelegate != _delegator, "INVALID_DELEGATOR");
            require(_delegator != address(0), "INVALID_DELEGATOR");
            newDel.delegateAddress = oldDelegate;
        }
        if (delegatorStatus(_delegator) == DelegatorStatus.Unbonded) {
            newDel.startRound = _currentRound() + 1;
        }
        _processRebond(_delegator, newLockId, _newDelegateNewPosPrev, _newDelegateNewPosNext);
    }

    /// @notice Pays out a lock whose time has come.
    function withdrawStake(uint256 _unbondingLockId) external whenSystemNotPaused currentRoundInitialized {
        Delegator storage del = delegators[msg.sender];
        uint256 withdrawRound = del.unbondingLocks[_unbondingLockId].withdrawRound;
        require(withdrawRound > 0, "invalid unbonding lock ID");
        require(withdrawRound <= _currentRound(), "withdraw round must be before or equal to the current round");

        uint256 amount = del.unbondingLocks[_unbondingLockId].amount;
        delete del.unbondingLocks[_unbondingLockId];
        _minter().trustedTransferTokens(msg.sender, amount);
        emit WithdrawStake(msg.sender, _unbondingLockId, amount, withdrawRound);
    }

    /// @notice Pays out fees of the caller.
    function withdrawFees(address payable _recipient, uint256 _amount)
        external
        whenSystemNotPaused
        currentRoundInitialized
        autoClaimEarnings(msg.sender)
    {
        require(_recipient != address(0), "invalid recipient");
        require(delegators[msg.sender].fees >= _amount, "insufficient fees to withdraw");

        delegators[msg.sender].fees -= _amount;
        _minter().trustedWithdrawETH(_recipient, _amount);
        emit WithdrawFees(msg.sender, _recipient, _amount);
        _checkpointBondingState(msg.sender);
    }

    /// @notice Adds all earnings up to now to the caller's bond and fees. The argument plays no part.
    function claimEarnings(uint256 _endRound)
        external
        whenSystemNotPaused
        currentRoundInitialized
        autoClaimEarnings(msg.sender)
    {
        _endRound;
        _checkpointBondingState(msg.sender);
    }

    /// @notice Records the state of an account for voting; for those bonded before votes existed.
    function checkpointBondingState(address _account) external {
        _checkpointBondingState(_account);
    }

    // ---- Views

    /// @notice Stake with all rewards so far. The second argument plays no part.
    function pendingStake(address _delegator, uint256 _endRound) public view returns (uint256) {
        _endRound;
        (uint256 stake, ) = _pendingStakeAndFees(_delegator, _currentRound());
        return stake;
    }

    /// @notice Fees with all earnings so far. The second argument plays no part.
    function pendingFees(address _delegator, uint256 _endRound) public view returns (uint256) {
        _endRound;
        (, uint256 fees) = _pendingStakeAndFees(_delegator, _currentRound());
        return fees;
    }

    function transcoderTotalStake(address _transcoder) public view override returns (uint256) {
        return delegators[_transcoder].delegatedAmount;
    }

    function transcoderStatus(address _transcoder) public view returns (TranscoderStatus) {
        return isRegisteredTranscoder(_transcoder) ? TranscoderStatus.Registered : TranscoderStatus.NotRegistered;
    }

    function delegatorStatus(address _delegator) public view returns (DelegatorStatus) {
        Delegator storage del = delegators[_delegator];
        if (del.bondedAmount == 0) {
            return DelegatorStatus.Unbonded;
        }
        return del.startRound > _currentRound() ? DelegatorStatus.Pending : DelegatorStatus.Bonded;
    }

    function getTranscoder(address _transcoder)
        public
        view
        returns (
            uint256 lastRewardRound,
            uint256 rewardCut,
            uint256 feeShare,
            uint256 lastActiveStakeUpdateRound,
            uint256 activationRound,
            uint256 deactivationRound,
            uint256 activeCumulativeRewards,
            uint256 cumulativeRewards,
            uint256 cumulativeFees,
            uint256 lastFeeRound
        )
    {
        Transcoder storage t = transcoders[_transcoder];
        lastRewardRound = t.lastRewardRound;
        rewardCut = t.rewardCut;
        feeShare = t.feeShare;
        lastActiveStakeUpdateRound = t.lastActiveStakeUpdateRound;
        activationRound = t.activationRound;
        deactivationRound = t.deactivationRound;
        activeCumulativeRewards = t.activeCumulativeRewards;
        cumulativeRewards = t.cumulativeRewards;
        cumulativeFees = t.cumulativeFees;
        lastFeeRound = t.lastFeeRound;
    }

    function getTranscoderEarningsPoolForRound(address _transcoder, uint256 _round)
        public
        view
        override
        returns (
            uint256 totalStake,
            uint256 transcoderRewardCut,
            uint256 transcoderFeeShare,
            uint256 cumulativeRewardFactor,
            uint256 cumulativeFeeFactor
        )
    {
        EarningsPool.Data storage pool = transcoders[_transcoder].earningsPoolPerRound[_round];
        totalStake = pool.totalStake;
        transcoderRewardCut = pool.transcoderRewardCut;
        transcoderFeeShare = pool.transcoderFeeShare;
        cumulativeRewardFactor = pool.cumulativeRewardFactor;
        cumulativeFeeFactor = pool.cumulativeFeeFactor;
    }

    function getDelegator(address _delegator)
        public
        view
        returns (
            uint256 bondedAmount,
            uint256 fees,
            address delegateAddress,
            uint256 delegatedAmount,
            uint256 startRound,
            uint256 lastClaimRound,
            uint256 nextUnbondingLockId
        )
    {
        Delegator storage del = delegators[_delegator];
        bondedAmount = del.bondedAmount;
        fees = del.fees;
        delegateAddress = del.delegateAddress;
        delegatedAmount = del.delegatedAmount;
        startRound = del.startRound;
        lastClaimRound = del.lastClaimRound;
        nextUnbondingLockId = del.nextUnbondingLockId;
    }

    function getDelegatorUnbondingLock(address _delegator, uint256 _unbondingLockId)
        public
        view
        returns (uint256 amount, uint256 withdrawRound)
    {
        UnbondingLock storage lock = delegators[_delegator].unbondingLocks[_unbondingLockId];
        return (lock.amount, lock.withdrawRound);
    }

    function getTranscoderPoolMaxSize() public view returns (uint256) {
        return transcoderPool.getMaxSize();
    }

    function getTranscoderPoolSize() public view override returns (uint256) {
        return transcoderPool.getSize();
    }

    function getFirstTranscoderInPool() public view returns (address) {
        return transcoderPool.getFirst();
    }

    function getNextTranscoderInPool(address _transcoder) public view returns (address) {
        return transcoderPool.getNext(_transcoder);
    }

    function getTotalBonded() public view override returns (uint256) {
        return currentRoundTotalActiveStake;
    }

    function isActiveTranscoder(address _transcoder) public view override returns (bool) {
        Transcoder storage t = transcoders[_transcoder];
        uint256 round = _currentRound();
        return t.activationRound <= round && round < t.deactivationRound;
    }

    function isRegisteredTranscoder(address _transcoder) public view returns (bool) {
        Delegator storage del = delegators[_transcoder];
        return del.delegateAddress == _transcoder && del.bondedAmount > 0;
    }

    function isValidUnbondingLock(address _delegator, uint256 _unbondingLockId) public view returns (bool) {
        return delegators[_delegator].unbondingLocks[_unbondingLockId].withdrawRound > 0;
    }

    // ---- Rewards

    function _reward(
        address _transcoder,
        address _newPosPrev,
        address _newPosNext
    ) internal {
        uint256 round = _currentRound();
        Transcoder storage t = transcoders[_transcoder];
        _requireRewardable(_transcoder);
        require(t.lastRewardRound != round, "caller has already called reward for the current round");

        EarningsPool.Data storage pool = t.earningsPoolPerRound[round];
        _preparePool(t, pool, round);
        _stopTreasuryCutAtCeiling();
        uint256 rewards = _minter().createReward(pool.totalStake, currentRoundTotalActiveStake);
        rewards -= _payTreasury(_transcoder, rewards);

        _shareRewards(t, pool, rewards);
        _increaseTotalStake(_transcoder, rewards, _newPosPrev, _newPosNext);
        t.lastRewardRound = round;
        emit Reward(_transcoder, rewards);
        _checkpointBondingState(_transcoder);
    }

    /// Splits rewards between the orchestrator (its cut, and what its unclaimed rewards earn) and
    /// the factor that all its delegators share.
    function _shareRewards(
        Transcoder storage t,
        EarningsPool.Data storage pool,
        uint256 _rewards
    ) private {
        EarningsPool.Data memory prevPool = _cumulativeFactors(t, t.lastRewardRound);
        uint256 ownRewards = t.cumulativeRewards;
        t.activeCumulativeRewards = ownRewards;
        _checkOwnEarnings(ownRewards, pool.totalStake);

        uint256 commission = MathUtils.percOf(_rewards, pool.transcoderRewardCut);
        uint256 delegatorsRewards = _rewards - commission;
        uint256 earned = PreciseMathUtils.percOf(delegatorsRewards, ownRewards, pool.totalStake);
        t.cumulativeRewards = ownRewards + earned + commission;
        pool.updateCumulativeRewardFactor(prevPool, delegatorsRewards);
    }

    /// Fixes the rates and the stake of a round on its first earnings.
    function _preparePool(
        Transcoder storage t,
        EarningsPool.Data storage pool,
        uint256 _round
    ) private {
        pool.setCommission(t.rewardCut, t.feeShare);
        // A stake that did not change since was never written for this round.
        uint256 lastUpdateRound = t.lastActiveStakeUpdateRound;
        if (lastUpdateRound < _round) {
            pool.setStake(t.earningsPoolPerRound[lastUpdateRound].totalStake);
        }
    }

    /// The reward factor before this round's reward, worked back from the factor after it.
    function _factorBeforeReward(EarningsPool.Data storage pool, uint256 _totalStake) private view returns (uint256) {
        uint256 rewards = PreciseMathUtils.percOf(_roundRewards(), _totalStake, currentRoundTotalActiveStake);
        rewards -= PreciseMathUtils.percOf(rewards, treasuryRewardCutRate);
        uint256 delegatorsRewards = rewards - MathUtils.percOf(rewards, pool.transcoderRewardCut);
        return
            PreciseMathUtils.percOf(pool.cumulativeRewardFactor, _totalStake, delegatorsRewards + _totalStake);
    }

    function _stopTreasuryCutAtCeiling() private {
        if (treasuryBalanceCeiling == 0) {
            return;
        }
        uint256 balance = ILivepeerToken(_contract(keccak256("LivepeerToken"))).balanceOf(
            _contract(keccak256("Treasury"))
        );
        if (balance >= treasuryBalanceCeiling && nextRoundTreasuryRewardCutRate > 0) {
            _setTreasuryRewardCutRate(0);
        }
    }

    function _payTreasury(address _transcoder, uint256 _rewards) private returns (uint256 cut) {
        cut = PreciseMathUtils.percOf(_rewards, treasuryRewardCutRate);
        if (cut > 0) {
            address treasury = _contract(keccak256("Treasury"));
            _minter().trustedTransferTokens(treasury, cut);
            emit TreasuryReward(_transcoder, treasury, cut);
        }
    }

    function _setTreasuryRewardCutRate(uint256 _cutRate) private {
        require(PreciseMathUtils.validPerc(_cutRate), "_cutRate is invalid precise percentage");
        nextRoundTreasuryRewardCutRate = _cutRate;
        emit ParameterUpdate("nextRoundTreasuryRewardCutRate");
    }

    // ---- Claims

    function _autoClaimEarnings(address _delegator) private {
        uint256 round = _currentRound();
        uint256 lastClaimRound = delegators[_delegator].lastClaimRound;
        if (lastClaimRound >= round) {
            return;
        }

        Delegator storage del = delegators[_delegator];
        address delegate = del.delegateAddress;
        uint256 bonded = del.bondedAmount;
        uint256 fees = del.fees;
        if (delegate != address(0)) {
            (bonded, fees) = _pendingStakeAndFees(_delegator, round);
            _initFactors(delegate, round);
            if (delegate == _delegator) {
                transcoders[delegate].cumulativeFees = 0;
                transcoders[delegate].cumulativeRewards = 0;
            }
        }

        emit EarningsClaimed(
            delegate,
            _delegator,
            bonded - del.bondedAmount,
            fees - del.fees,
            lastClaimRound + 1,
            round
        );
        del.lastClaimRound = round;
        del.bondedAmount = bonded;
        del.fees = fees;
    }

    function _pendingStakeAndFees(address _delegator, uint256 _endRound)
        private
        view
        returns (uint256 stake, uint256 fees)
    {
        Delegator storage del = delegators[_delegator];
        Transcoder storage t = transcoders[del.delegateAddress];
        stake = del.bondedAmount;
        fees = del.fees;

        if (del.lastClaimRound < _endRound) {
            (stake, fees) = EarningsPoolLIP36.delegatorCumulativeStakeAndFees(
                _cumulativeFactors(t, del.lastClaimRound),
                _latestCumulativeFactors(t, _endRound),
                stake,
                fees
            );
        }
        if (del.delegateAddress == _delegator) {
            stake += t.cumulativeRewards;
            fees += t.cumulativeFees;
        }
    }

    function _cumulativeFactors(Transcoder storage t, uint256 _round)
        private
        view
        returns (EarningsPool.Data memory pool)
    {
        pool.cumulativeRewardFactor = t.earningsPoolPerRound[_round].cumulativeRewardFactor;
        pool.cumulativeFeeFactor = t.earningsPoolPerRound[_round].cumulativeFeeFactor;
    }

    /// The factors of a round, or of the last round before it that had any.
    function _latestCumulativeFactors(Transcoder storage t, uint256 _round)
        private
        view
        returns (EarningsPool.Data memory pool)
    {
        pool = _cumulativeFactors(t, _round);
        if (pool.cumulativeRewardFactor == 0 && t.lastRewardRound < _round) {
            pool.cumulativeRewardFactor = t.earningsPoolPerRound[t.lastRewardRound].cumulativeRewardFactor;
        }
        if (pool.cumulativeFeeFactor == 0 && t.lastFeeRound < _round) {
            pool.cumulativeFeeFactor = t.earningsPoolPerRound[t.lastFeeRound].cumulativeFeeFactor;
        }
    }

    /// Writes the factors that a claim starting in this round will read.
    function _initFactors(address _transcoder, uint256 _round) private {
        Transcoder storage t = transcoders[_transcoder];
        EarningsPool.Data memory latest = _latestCumulativeFactors(t, _round);
        EarningsPool.Data storage pool = t.earningsPoolPerRound[_round];
        if (pool.cumulativeRewardFactor != latest.cumulativeRewardFactor) {
            pool.cumulativeRewardFactor = latest.cumulativeRewardFactor;
        }
        if (pool.cumulativeFeeFactor != latest.cumulativeFeeFactor) {
            pool.cumulativeFeeFactor = latest.cumulativeFeeFactor;
        }
    }

    /// Claiming for another before its delegate called reward would cost it the round's reward.
    function _authorizeClaimEarnings(address _delegator) private view {
        if (
            msg.sender == _delegator ||
            msg.sender == _contract(keccak256("L2Migrator")) ||
            delegatorStatus(_delegator) == DelegatorStatus.Unbonded
        ) {
            return;
        }
        Delegator storage del = delegators[_delegator];
        if (!isActiveTranscoder(del.delegateAddress)) {
            return;
        }
        uint256 round = _currentRound();
        require(
            transcoders[del.delegateAddress].lastRewardRound == round || del.lastClaimRound == round,
            "ILLEGAL_CLAIM_EARNINGS"
        );
    }

    // ---- Stake

    /// A third party may add to a bond, but not choose where it goes.
    function _authorizeBond(address _owner, address _to) private view {
        if (msg.sender == _owner || msg.sender == _contract(keccak256("L2Migrator"))) {
            return;
        }
        require(_owner != address(0), "INVALID_DELEGATOR");
        if (delegatorStatus(_owner) == DelegatorStatus.Unbonded) {
            require(_to != _owner, "INVALID_DELEGATE");
        } else {
            require(delegators[_owner].delegateAddress == _to, "INVALID_DELEGATE_CHANGE");
        }
    }

    function _processRebond(
        address _delegator,
        uint256 _unbondingLockId,
        address _newPosPrev,
        address _newPosNext
    ) private {
        require(isValidUnbondingLock(_delegator, _unbondingLockId), "invalid unbonding lock ID");

        Delegator storage del = delegators[_delegator];
        address delegate = del.delegateAddress;
        uint256 amount = del.unbondingLocks[_unbondingLockId].amount;
        del.bondedAmount += amount;
        delete del.unbondingLocks[_unbondingLockId];

        _requireRewardCalledIfLeaving(delegate);
        _increaseTotalStake(delegate, amount, _newPosPrev, _newPosNext);
        if (delegate != _delegator) {
            _checkpointBondingState(delegate);
        }
        emit Rebond(delegate, _delegator, _unbondingLockId, amount);
        _checkpointBondingState(_delegator);
    }

    /// Hands the lock just made by `_from` to `_to`.
    function _moveLatestLock(address _from, address _to) private returns (uint256 newLockId) {
        uint256 oldLockId = delegators[_from].nextUnbondingLockId - 1;
        UnbondingLock memory lock = delegators[_from].unbondingLocks[oldLockId];
        delete delegators[_from].unbondingLocks[oldLockId];

        newLockId = delegators[_to].nextUnbondingLockId++;
        delegators[_to].unbondingLocks[newLockId] = lock;
        emit TransferBond(_from, _to, oldLockId, newLockId, lock.amount);
    }

    /// Enters the active set of the next round if it has room or a member with less stake.
    function _tryToJoinActiveSet(
        address _transcoder,
        uint256 _totalStake,
        address _newPosPrev,
        address _newPosNext
    ) internal {
        uint256 activationRound = _currentRound() + 1;
        uint256 activeStake = nextRoundTotalActiveStake;
        if (transcoderPool.isFull()) {
            address last = transcoderPool.getLast();
            uint256 lastStake = transcoderTotalStake(last);
            if (_totalStake <= lastStake) {
                return;
            }
            transcoderPool.remove(last);
            transcoders[last].deactivationRound = activationRound;
            activeStake -= lastStake;
            emit TranscoderDeactivated(last, activationRound);
        }

        transcoderPool.insert(_transcoder, _totalStake, _newPosPrev, _newPosNext);
        nextRoundTotalActiveStake = activeStake + _totalStake;
        Transcoder storage t = transcoders[_transcoder];
        t.lastActiveStakeUpdateRound = activationRound;
        t.activationRound = activationRound;
        t.deactivationRound = MAX_FUTURE_ROUND;
        t.earningsPoolPerRound[activationRound].setStake(_totalStake);
        emit TranscoderActivated(_transcoder, activationRound);
    }

    function _resignTranscoder(address _transcoder) private {
        uint256 deactivationRound = _currentRound() + 1;
        transcoderPool.remove(_transcoder);
        nextRoundTotalActiveStake -= transcoderTotalStake(_transcoder);
        transcoders[_transcoder].deactivationRound = deactivationRound;
        emit TranscoderDeactivated(_transcoder, deactivationRound);
    }

    /// Keeps the stake of the current round and sets that of the next.
    function _recordStake(
        address _transcoder,
        uint256 _currStake,
        uint256 _newStake
    ) internal {
        uint256 round = _currentRound();
        Transcoder storage t = transcoders[_transcoder];
        if (t.lastActiveStakeUpdateRound < round) {
            t.earningsPoolPerRound[round].setStake(_currStake);
        }
        t.earningsPoolPerRound[round + 1].setStake(_newStake);
        t.lastActiveStakeUpdateRound = round + 1;
    }

    function _checkpointBondingState(address _account) private {
        Delegator storage del = delegators[_account];
        _bondingVotes().checkpointBondingState(
            _account,
            _currentRound() + 1,
            del.bondedAmount,
            del.delegateAddress,
            del.delegatedAmount,
            del.lastClaimRound,
            transcoders[_account].lastRewardRound
        );
    }

    // ---- Other contracts

    function _currentRound() internal view returns (uint256) {
        return _roundsManager().currentRound();
    }

    function _currentRoundInitialized() private view {
        require(_roundsManager().currentRoundInitialized(), "current round is not initialized");
    }

    function _minter() internal view returns (IMinter) {
        return IMinter(_contract(keccak256("Minter")));
    }

    function _roundsManager() private view returns (IRoundsManager) {
        return IRoundsManager(_contract(keccak256("RoundsManager")));
    }

    function _bondingVotes() private view returns (IBondingVotes) {
        return IBondingVotes(_contract(keccak256("BondingVotes")));
    }

    function _contract(bytes32 _id) private view returns (address) {
        return controller.getContract(_id);
    }

    // ---- Rules that changed over time

    /// Adds delegated stake; lets an orchestrator outside the active set try to join it.
    function _increaseTotalStake(
        address _delegate,
        uint256 _amount,
        address _newPosPrev,
        address _newPosNext
    ) internal virtual;

    function _decreaseTotalStake(
        address _delegate,
        uint256 _amount,
        address _newPosPrev,
        address _newPosNext
    ) internal virtual;

    /// Whether stake may be added to an orchestrator that is about to leave the active set.
    function _requireRewardCalledIfLeaving(address _delegate) internal view virtual;

    /// Who may be rewarded in this round.
    function _requireRewardable(address _transcoder) internal view virtual;

    /// Who may be paid by a ticket.
    function _requireFeeRecipient(address _transcoder) internal view virtual;

    /// Tokens taken as the round's rewards when a factor is worked back.
    function _roundRewards() internal view virtual returns (uint256);

    /// Whether own unclaimed rewards fit the stake they are part of.
    function _checkOwnEarnings(uint256 _ownRewards, uint256 _totalStake) internal view virtual;
}
