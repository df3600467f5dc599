//! Votes of stake over the treasury.

use alloy::primitives::{Address, B256, Bytes, LogData, U256, keccak256};
use alloy::signers::SignerSync;
use alloy::sol_types::{SolCall, SolValue};
use weir_contracts::bindings::{BondingVotes, LivepeerGovernor as Lg, LivepeerToken, RoundsManager, Treasury};
use weir_contracts::{Artifact, Owner};

use super::expect::{Bare, custom, ev};
use super::net::{Net, Setup, account, lpt, n, signer};
use crate::chain::CHAIN_ID;

rules! {
    vec![Setup::d26().with(|p| (p.governance.voting_period, p.owner) = (3, Owner::Deployer))];
    it_is_set_up_once,
    a_proposal_takes_stake,
    a_proposal_is_well_formed_and_new,
    a_vote_has_its_rounds,
    a_vote_is_cast_once_for_a_known_choice,
    a_vote_has_reasons_and_parameters,
    a_vote_can_be_signed,
    a_delegator_overrides_its_delegate,
    an_override_takes_from_what_the_delegate_chose,
    stake_of_the_snapshot_votes,
    the_quorum_counts_all_votes,
    the_quota_counts_votes_for_and_against,
    a_decision_is_queued_and_executed,
    a_proposer_may_cancel_before_the_vote,
    a_cancelled_operation_is_a_cancelled_proposal,
    settings_change_by_decisions_only,
    settings_are_checked,
    the_voting_power_can_be_followed,
}

// States of a proposal.
const PENDING: u8 = 0;
const ACTIVE: u8 = 1;
const CANCELED: u8 = 2;
const DEFEATED: u8 = 3;
const SUCCEEDED: u8 = 4;
const QUEUED: u8 = 5;
const EXECUTED: u8 = 7;

const AGAINST: u8 = 0;
const FOR: u8 = 1;
const ABSTAIN: u8 = 2;

const STRANGER: Address = Address::repeat_byte(0x77);
/// An orchestrator with 1000 LPT and those who delegate 2000 and 500 to it, and another with 1000 and 500.
const A: Address = Address::repeat_byte(1);
const A1: Address = Address::repeat_byte(2);
const A2: Address = Address::repeat_byte(3);
const B: Address = Address::repeat_byte(4);
const B1: Address = Address::repeat_byte(5);

struct Proposal {
    id: U256,
    targets: Vec<Address>,
    values: Vec<U256>,
    calldatas: Vec<Bytes>,
    description: String,
}

impl Proposal {
    fn new(calls: &[(Address, Vec<u8>)], description: &str) -> Self {
        let targets: Vec<Address> = calls.iter().map(|c| c.0).collect();
        let values = vec![U256::ZERO; calls.len()];
        let calldatas: Vec<Bytes> = calls.iter().map(|c| c.1.clone().into()).collect();
        let words = (targets.clone(), values.clone(), calldatas.clone(), keccak256(description));
        let id = keccak256(words.abi_encode_params()).into();
        Self { id, targets, values, calldatas, description: description.to_owned() }
    }

    fn propose(&self) -> Lg::proposeCall {
        Lg::proposeCall {
            targets: self.targets.clone(),
            values: self.values.clone(),
            calldatas: self.calldatas.clone(),
            description: self.description.clone(),
        }
    }

    fn queue(&self) -> Lg::queueCall {
        let (targets, values) = (self.targets.clone(), self.values.clone());
        let (calldatas, hash) = (self.calldatas.clone(), keccak256(&self.description));
        Lg::queueCall { targets, values, calldatas, descriptionHash: hash }
    }

    fn execute(&self) -> Lg::executeCall {
        let Lg::queueCall { targets, values, calldatas, descriptionHash } = self.queue();
        Lg::executeCall { targets, values, calldatas, descriptionHash }
    }

    fn cancel(&self) -> Lg::cancelCall {
        let Lg::queueCall { targets, values, calldatas, descriptionHash } = self.queue();
        Lg::cancelCall { targets, values, calldatas, descriptionHash }
    }

    /// Under which the Treasury knows it.
    fn operation(&self) -> B256 {
        let salt = keccak256(&self.description);
        let words = (self.targets.clone(), self.values.clone(), self.calldatas.clone(), B256::ZERO, salt);
        keccak256(words.abi_encode_params())
    }
}

fn gift(net: &Net) -> Proposal {
    let call = LivepeerToken::transferCall { to: account(8), amount: lpt(5) };
    Proposal::new(&[(net.d.token, call.abi_encode())], "a gift")
}

fn setting<C: SolCall>(net: &Net, call: &C) -> Proposal {
    Proposal::new(&[(net.d.livepeer_governor, call.abi_encode())], C::SIGNATURE)
}

fn stakes(net: &mut Net) {
    for (who, stake, to) in [(A, 1_000, A), (A1, 2_000, A), (A2, 500, A), (B, 1_000, B), (B1, 500, B)] {
        net.bond(who, lpt(stake), to);
    }
    net.next_round();
}

/// Proposed by A, with the vote open.
fn open(net: &mut Net, p: &Proposal) {
    net.send(A, net.d.livepeer_governor, &p.propose());
    net.rounds(2);
    is(net, p, ACTIVE);
}

#[track_caller]
fn is(net: &mut Net, p: &Proposal, state: u8) {
    assert_eq!(net.read(net.d.livepeer_governor, &Lg::stateCall { proposalId: p.id }), state, "{}", p.description);
}

fn ballot(p: &Proposal, choice: u8) -> Lg::castVoteCall {
    Lg::castVoteCall { proposalId: p.id, support: choice }
}

fn cast(voter: Address, p: &Proposal, choice: u8, weight: u64, reason: &str) -> LogData {
    ev(&Lg::VoteCast { voter, proposalId: p.id, support: choice, weight: lpt(weight), reason: reason.into() })
}

/// Votes with what the voter has, and checks the sums after it: against, for, abstaining, in LPT.
#[track_caller]
fn vote(net: &mut Net, p: &Proposal, who: Address, choice: u8, weight: u64, sums: [u64; 3]) {
    let lg = net.d.livepeer_governor;
    let done = net.send(who, lg, &ballot(p, choice));
    net.emits(&done, lg, &[cast(who, p, choice, weight, "")]);
    let got = net.read(lg, &Lg::proposalVotesCall { _proposalId: p.id });
    assert_eq!([got.againstVotes, got.forVotes, got.abstainVotes], sums.map(lpt));
    assert!(net.read(lg, &Lg::hasVotedCall { _proposalId: p.id, _account: who }));
}

/// Everything votes for it, and it is queued.
fn decide(net: &mut Net, p: &Proposal) {
    open(net, p);
    vote(net, p, A, FOR, 3_500, [0, 3_500, 0]);
    net.rounds(3);
    is(net, p, SUCCEEDED);
    net.send(STRANGER, net.d.livepeer_governor, &p.queue());
}

fn it_is_set_up_once(net: &mut Net) {
    let (lg, d) = (net.d.livepeer_governor, net.d);
    let (_, done) =
        net.birth.iter().find(|(label, _)| label == "call LivepeerGovernor.initialize").expect("a step of it").clone();
    let quorum = n(333_300);
    net.emits(
        &done,
        lg,
        &[
            ev(&Lg::VotingDelaySet { oldVotingDelay: n(0), newVotingDelay: n(1) }),
            ev(&Lg::VotingPeriodSet { oldVotingPeriod: n(0), newVotingPeriod: n(3) }),
            ev(&Lg::ProposalThresholdSet { oldProposalThreshold: n(0), newProposalThreshold: lpt(100) }),
            ev(&Lg::TimelockChange { oldTimelock: Address::ZERO, newTimelock: d.treasury }),
            ev(&Lg::QuorumNumeratorUpdated { oldQuorumNumerator: n(0), newQuorumNumerator: quorum }),
            ev(&Lg::Initialized { version: 1 }),
        ],
    );
    let call = Lg::initializeCall {
        initialVotingDelay: n(1),
        initialVotingPeriod: n(1),
        initialProposalThreshold: n(1),
        initialQuorum: n(1),
        quota: n(1),
    };
    net.refuse(net.owner, lg, &call, "Initializable: contract is already initialized");
    // Nor is the code behind the proxy anybody's to set up.
    let arguments = Lg::constructorCall { _controller: d.controller };
    let (target, done) = net.create_logged(Artifact::LivepeerGovernor, &arguments);
    net.emits(&done, target, &[ev(&Lg::Initialized { version: u8::MAX })]);
    net.refuse(net.owner, target, &call, "Initializable: contract is already initialized");
    assert_eq!(net.read(lg, &Lg::nameCall {}), "LivepeerGovernor");
    assert_eq!(net.read(lg, &Lg::COUNTING_MODECall {}), "support=bravo&quorum=for,abstain,against");
    assert_eq!(net.read(lg, &Lg::CLOCK_MODECall {}), "mode=livepeer_round");
    assert_eq!(net.read(lg, &Lg::quotaCall {}), n(500_000));
    assert_eq!(net.read(lg, &Lg::quorumDenominatorCall {}), n(1_000_000));
    assert_eq!(net.read(lg, &Lg::timelockCall {}), d.treasury);
    assert_eq!((net.read(lg, &Lg::tokenCall {}), net.read(lg, &Lg::votesCall {})), (d.bonding_votes, d.bonding_votes));
    let clock = net.read(lg, &Lg::clockCall {});
    assert_eq!(U256::from(clock), net.round());
    let done = net.send(d.controller, lg, &Lg::setControllerCall { _controller: STRANGER });
    net.emits(&done, lg, &[ev(&Lg::SetController { controller: STRANGER })]);
}

fn a_proposal_takes_stake(net: &mut Net) {
    let (lg, p) = (net.d.livepeer_governor, gift(net));
    let text = "Governor: proposer votes below proposal threshold";
    net.bond(A, lpt(100) - n(1), A);
    net.next_round();
    net.refuse(A, lg, &p.propose(), text);
    net.bond(A1, n(1), A);
    // It counts from the next round on.
    net.refuse(A, lg, &p.propose(), text);
    net.next_round();
    let done = net.send(A, lg, &p.propose());
    let round = net.round();
    net.emits(
        &done,
        lg,
        &[ev(&Lg::ProposalCreated {
            proposalId: p.id,
            proposer: A,
            targets: p.targets.clone(),
            values: p.values.clone(),
            signatures: vec![String::new()],
            calldatas: p.calldatas.clone(),
            voteStart: round + n(1),
            voteEnd: round + n(4),
            description: p.description.clone(),
        })],
    );
    assert_eq!(U256::from_be_slice(done.output()), p.id);
    assert_eq!(net.read(lg, &Lg::proposalProposerCall { proposalId: p.id }), A);
    assert_eq!(net.read(lg, &Lg::proposalSnapshotCall { proposalId: p.id }), round + n(1));
    assert_eq!(net.read(lg, &Lg::proposalDeadlineCall { proposalId: p.id }), round + n(4));
    is(net, &p, PENDING);
}

fn a_proposal_is_well_formed_and_new(net: &mut Net) {
    stakes(net);
    let (lg, p) = (net.d.livepeer_governor, gift(net));
    let with = |change: &dyn Fn(&mut Lg::proposeCall)| {
        let mut call = p.propose();
        change(&mut call);
        call
    };
    for call in [with(&|c| c.values.clear()), with(&|c| c.calldatas.clear()), with(&|c| c.targets.clear())] {
        net.refuse(A, lg, &call, "Governor: invalid proposal length");
    }
    net.refuse(A, lg, &Proposal::new(&[], "nothing").propose(), "Governor: empty proposal");
    // A description may reserve a proposal.
    let reserved = with(&|c| c.description = format!("mine #proposer={B:#x}"));
    net.refuse(A, lg, &reserved, "Governor: proposer restricted");
    net.send(B, lg, &reserved);
    net.refuse_read(lg, &Lg::stateCall { proposalId: p.id }, "Governor: unknown proposal id");
    net.send(A, lg, &p.propose());
    net.refuse(B, lg, &p.propose(), "Governor: proposal already exists");
}

fn a_vote_has_its_rounds(net: &mut Net) {
    stakes(net);
    let (lg, p) = (net.d.livepeer_governor, gift(net));
    net.send(A, lg, &p.propose());
    for _ in 0..2 {
        is(net, &p, PENDING);
        net.refuse(A, lg, &ballot(&p, FOR), "Governor: vote not currently active");
        net.next_round();
    }
    // The rounds after the snapshot up to the deadline, with that.
    for (who, weight, sum) in [(A2, 500, 500), (B1, 500, 1_000), (STRANGER, 0, 1_000)] {
        is(net, &p, ACTIVE);
        vote(net, &p, who, FOR, weight, [0, sum, 0]);
        net.next_round();
    }
    is(net, &p, DEFEATED);
    net.refuse(A, lg, &ballot(&p, FOR), "Governor: vote not currently active");
    net.refuse(A, lg, &p.queue(), "Governor: proposal not successful");
    net.refuse(A, lg, &p.execute(), "Governor: proposal not successful");
}

fn a_vote_is_cast_once_for_a_known_choice(net: &mut Net) {
    stakes(net);
    let (lg, p) = (net.d.livepeer_governor, gift(net));
    open(net, &p);
    for choice in [3, u8::MAX] {
        net.refuse(A, lg, &ballot(&p, choice), custom("InvalidVoteType", [&choice]));
    }
    vote(net, &p, A, ABSTAIN, 3_500, [0, 0, 3_500]);
    for choice in [ABSTAIN, FOR] {
        net.refuse(A, lg, &ballot(&p, choice), custom("VoteAlreadyCast", []));
    }
    net.refuse(A, lg, &ballot(&p, 3), custom("InvalidVoteType", [&3]));
    // Who has nothing votes with nothing, and once.
    vote(net, &p, STRANGER, FOR, 0, [0, 0, 3_500]);
    net.refuse(STRANGER, lg, &ballot(&p, FOR), custom("VoteAlreadyCast", []));
}

fn a_vote_has_reasons_and_parameters(net: &mut Net) {
    stakes(net);
    let (lg, p) = (net.d.livepeer_governor, gift(net));
    open(net, &p);
    let call = Lg::castVoteWithReasonCall { proposalId: p.id, support: FOR, reason: "because".into() };
    let done = net.send(B, lg, &call);
    net.emits(&done, lg, &[cast(B, &p, FOR, 1_500, "because")]);
    let (reason, params) = (String::from("why"), Bytes::from_static(&[1, 2]));
    let call = Lg::castVoteWithReasonAndParamsCall {
        proposalId: p.id,
        support: AGAINST,
        reason: reason.clone(),
        params: params.clone(),
    };
    let done = net.send(A, lg, &call);
    let (proposal_id, weight) = (p.id, lpt(3_500));
    net.emits(
        &done,
        lg,
        &[ev(&Lg::VoteCastWithParams { voter: A, proposalId: proposal_id, support: AGAINST, weight, reason, params })],
    );
}

fn a_vote_can_be_signed(net: &mut Net) {
    let key = signer(6);
    net.bond(key.address(), lpt(100), key.address());
    stakes(net);
    let (lg, p) = (net.d.livepeer_governor, gift(net));
    open(net, &p);
    let kind = keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    let domain = (kind, keccak256("LivepeerGovernor"), keccak256("1"), n(CHAIN_ID), lg).abi_encode();
    let message = (keccak256("Ballot(uint256 proposalId,uint8 support)"), p.id, n(FOR.into())).abi_encode();
    let digest = [&[0x19, 0x01][..], keccak256(domain).as_slice(), keccak256(message).as_slice()].concat();
    let signature = key.sign_hash_sync(&keccak256(digest)).expect("a key that signs");
    let call = Lg::castVoteBySigCall {
        proposalId: p.id,
        support: FOR,
        v: 27 + u8::from(signature.v()),
        r: signature.r().into(),
        s: signature.s().into(),
    };
    let done = net.send(STRANGER, lg, &call);
    net.emits(&done, lg, &[cast(key.address(), &p, FOR, 100, "")]);
}

fn a_delegator_overrides_its_delegate(net: &mut Net) {
    stakes(net);
    let p = gift(net);
    open(net, &p);
    // Before its delegate: that has less left.
    vote(net, &p, A1, AGAINST, 2_000, [2_000, 0, 0]);
    vote(net, &p, A, FOR, 3_500, [2_000, 1_500, 0]);
    // After it: what the delegate voted with is taken back.
    vote(net, &p, A2, AGAINST, 500, [2_500, 1_000, 0]);
    vote(net, &p, B, AGAINST, 1_500, [4_000, 1_000, 0]);
    // Also to choose the same.
    vote(net, &p, B1, AGAINST, 500, [4_000, 1_000, 0]);
}

fn an_override_takes_from_what_the_delegate_chose(net: &mut Net) {
    stakes(net);
    for (choice, sums) in [(AGAINST, [3_500, 0, 0]), (FOR, [0, 3_500, 0]), (ABSTAIN, [0, 0, 3_500])] {
        let p = Proposal::new(&[(STRANGER, vec![])], &format!("choice {choice}"));
        open(net, &p);
        vote(net, &p, A, choice, 3_500, sums);
        let mut sums = sums;
        let other = (choice + 1) % 3;
        sums[usize::from(choice)] -= 2_000;
        sums[usize::from(other)] += 2_000;
        vote(net, &p, A1, other, 2_000, sums);
    }
}

fn stake_of_the_snapshot_votes(net: &mut Net) {
    stakes(net);
    let (lg, p) = (net.d.livepeer_governor, gift(net));
    net.send(A, lg, &p.propose());
    net.next_round();
    // Still in the round of the snapshot, whose end counts: A1 turns to B, and B1 leaves.
    net.bond(A1, lpt(1), B);
    net.unbond(B1, lpt(500));
    net.next_round();
    // What comes now is too late.
    net.unbond(A, lpt(1_000));
    net.bond(STRANGER, lpt(4_000), B);
    vote(net, &p, STRANGER, FOR, 0, [0, 0, 0]);
    vote(net, &p, A, FOR, 1_500, [0, 1_500, 0]);
    vote(net, &p, B, AGAINST, 3_001, [3_001, 1_500, 0]);
    vote(net, &p, A1, FOR, 2_001, [1_000, 3_501, 0]);
    vote(net, &p, B1, FOR, 0, [1_000, 3_501, 0]);
}

/// A third of 5000 LPT at the snapshot, as 333300 of a million.
fn the_quorum_counts_all_votes(net: &mut Net) {
    stakes(net);
    let lg = net.d.livepeer_governor;
    // 1666.5 LPT: all of B and a part of A.
    for (lack, state) in [(n(1), DEFEATED), (n(0), SUCCEEDED)] {
        net.evm.rewind();
        stakes(net);
        net.unbond(A2, lpt(500));
        // The total is 4500 plus this one's; B's side has 1500 of it.
        let wanted = lpt(4_500) * n(333_300) / n(1_000_000);
        net.unbond(B1, lpt(1_500) - wanted + lack);
        let rest = lpt(1_500) - wanted + lack;
        net.bond(A2, lpt(1_000), A);
        net.unbond(A1, lpt(1_000) - rest);
        let p = gift(net);
        open(net, &p);
        let snapshot = net.read(lg, &Lg::proposalSnapshotCall { proposalId: p.id });
        assert_eq!(net.read(lg, &Lg::quorumCall { timepoint: snapshot }), wanted);
        net.send(B, lg, &ballot(&p, ABSTAIN));
        let got = net.read(lg, &Lg::proposalVotesCall { _proposalId: p.id });
        assert_eq!(got.abstainVotes, wanted - lack);
        net.rounds(3);
        // No votes for or against are a tie, and a tie is enough.
        is(net, &p, state);
    }
}

/// Half of the votes, with the half.
fn the_quota_counts_votes_for_and_against(net: &mut Net) {
    for (more, state) in [(n(0), SUCCEEDED), (n(1), SUCCEEDED), (n(2), DEFEATED)] {
        net.evm.rewind();
        stakes(net);
        net.bond(B, lpt(2_000) + more, B);
        let (lg, p) = (net.d.livepeer_governor, gift(net));
        open(net, &p);
        net.send(A, lg, &ballot(&p, FOR));
        net.send(B, lg, &ballot(&p, AGAINST));
        net.rounds(3);
        // One wei more against is lost in the rounding down of the half.
        is(net, &p, state);
    }
}

fn a_decision_is_queued_and_executed(net: &mut Net) {
    stakes(net);
    let (d, lg, p) = (net.d, net.d.livepeer_governor, gift(net));
    net.send(net.owner, d.token, &LivepeerToken::transferCall { to: d.treasury, amount: lpt(7) });
    open(net, &p);
    vote(net, &p, A, FOR, 3_500, [0, 3_500, 0]);
    net.refuse(STRANGER, lg, &p.queue(), "Governor: proposal not successful");
    net.rounds(3);
    is(net, &p, SUCCEEDED);
    let (id, salt) = (p.operation(), keccak256(&p.description));
    net.refuse(STRANGER, lg, &p.execute(), "TimelockController: operation is not ready");
    let done = net.send(STRANGER, lg, &p.queue());
    let eta = n(net.evm.time());
    net.emits(&done, lg, &[ev(&Lg::ProposalQueued { proposalId: p.id, eta })]);
    net.emits(
        &done,
        d.treasury,
        &[
            ev(&Treasury::CallScheduled {
                id,
                index: n(0),
                target: d.token,
                value: n(0),
                data: p.calldatas[0].clone(),
                predecessor: B256::ZERO,
                delay: n(0),
            }),
            ev(&Treasury::CallSalt { id, salt }),
        ],
    );
    is(net, &p, QUEUED);
    assert_eq!(net.read(lg, &Lg::proposalEtaCall { proposalId: p.id }), eta);
    let done = net.send(STRANGER, lg, &p.execute());
    net.emits(&done, lg, &[ev(&Lg::ProposalExecuted { proposalId: p.id })]);
    let data = p.calldatas[0].clone();
    let event = Treasury::CallExecuted { id, index: n(0), target: d.token, value: n(0), data };
    net.emits(&done, d.treasury, &[ev(&event)]);
    is(net, &p, EXECUTED);
    assert_eq!((net.lpt_of(account(8)), net.lpt_of(d.treasury)), (lpt(5), lpt(2)));
    net.refuse(STRANGER, lg, &p.execute(), "Governor: proposal not successful");
    // What fails stays queued.
    let p = Proposal::new(&[(d.token, LivepeerToken::burnCall { _amount: n(1) }.abi_encode())], "no such role");
    decide(net, &p);
    net.refuse(STRANGER, lg, &p.execute(), "TimelockController: underlying transaction reverted");
    is(net, &p, QUEUED);
}

fn a_proposer_may_cancel_before_the_vote(net: &mut Net) {
    stakes(net);
    let (lg, p) = (net.d.livepeer_governor, gift(net));
    net.send(A, lg, &p.propose());
    net.refuse(B, lg, &p.cancel(), "Governor: only proposer can cancel");
    let done = net.send(A, lg, &p.cancel());
    net.emits(&done, lg, &[ev(&Lg::ProposalCanceled { proposalId: p.id })]);
    is(net, &p, CANCELED);
    let p = Proposal::new(&[(STRANGER, vec![])], "another");
    open(net, &p);
    net.refuse(A, lg, &p.cancel(), "Governor: too late to cancel");
}

fn a_cancelled_operation_is_a_cancelled_proposal(net: &mut Net) {
    stakes(net);
    let (d, p) = (net.d, gift(net));
    decide(net, &p);
    let id = p.operation();
    let done = net.send(d.livepeer_governor, d.treasury, &Treasury::cancelCall { id });
    net.emits(&done, d.treasury, &[ev(&Treasury::Cancelled { id })]);
    is(net, &p, CANCELED);
}

fn settings_change_by_decisions_only(net: &mut Net) {
    stakes(net);
    let (d, lg, first) = (net.d, net.d.livepeer_governor, net.round());
    macro_rules! decided {
        ($($call:expr => $event:expr;)+) => {
            $(
                let call = $call;
                for who in [STRANGER, net.owner, lg] {
                    net.refuse(who, lg, &call, "Governor: onlyGovernance");
                }
                // From the Treasury, but decided by nobody.
                net.refuse(d.treasury, lg, &call, custom("Empty", []));
                let p = setting(net, &call);
                decide(net, &p);
                let done = net.send(STRANGER, lg, &p.execute());
                net.emits(&done, lg, &[ev(&Lg::ProposalExecuted { proposalId: p.id }), ev(&$event)]);
            )+
        };
    }
    decided! {
        Lg::setVotingDelayCall { newVotingDelay: n(1) } =>
            Lg::VotingDelaySet { oldVotingDelay: n(1), newVotingDelay: n(1) };
        Lg::setVotingPeriodCall { newVotingPeriod: n(3) } =>
            Lg::VotingPeriodSet { oldVotingPeriod: n(3), newVotingPeriod: n(3) };
        Lg::setProposalThresholdCall { newProposalThreshold: lpt(7) } =>
            Lg::ProposalThresholdSet { oldProposalThreshold: lpt(100), newProposalThreshold: lpt(7) };
        Lg::updateQuorumNumeratorCall { newQuorumNumerator: n(200_000) } =>
            Lg::QuorumNumeratorUpdated { oldQuorumNumerator: n(333_300), newQuorumNumerator: n(200_000) };
        Lg::updateTimelockCall { newTimelock: STRANGER } =>
            Lg::TimelockChange { oldTimelock: d.treasury, newTimelock: STRANGER };
    }
    assert_eq!(net.read(lg, &Lg::proposalThresholdCall {}), lpt(7));
    assert_eq!(net.read(lg, &Lg::timelockCall {}), STRANGER);
    // A new part counts for what is proposed from now on.
    let before = net.read(lg, &Lg::quorumNumerator_0Call { timepoint: first });
    assert_eq!((before, net.read(lg, &Lg::quorumNumerator_1Call {})), (n(333_300), n(200_000)));
}

fn settings_are_checked(net: &mut Net) {
    stakes(net);
    let lg = net.d.livepeer_governor;
    // The Treasury does not hand the reasons on; its own callers see them.
    let period = setting(net, &Lg::setVotingPeriodCall { newVotingPeriod: U256::ZERO });
    let quorum = setting(net, &Lg::updateQuorumNumeratorCall { newQuorumNumerator: n(1_000_001) });
    for p in [&period, &quorum] {
        decide(net, p);
        net.refuse(STRANGER, lg, &p.execute(), "TimelockController: underlying transaction reverted");
    }
    let call = Lg::relayCall { target: STRANGER, value: n(0), data: Bytes::new() };
    net.refuse(STRANGER, lg, &call, "Governor: onlyGovernance");
    let whole = setting(net, &Lg::updateQuorumNumeratorCall { newQuorumNumerator: n(1_000_000) });
    decide(net, &whole);
    net.send(STRANGER, lg, &whole.execute());
}

fn the_voting_power_can_be_followed(net: &mut Net) {
    let lg = net.d.livepeer_governor;
    let arguments = BondingVotes::constructorCall { _controller: net.d.controller };
    let votes = net.create(Artifact::BondingVotes, &arguments);
    net.register("BondingVotes", votes);
    assert_eq!((net.read(lg, &Lg::tokenCall {}), net.read(lg, &Lg::votesCall {})), (net.d.bonding_votes, votes));
    let done = net.send(STRANGER, lg, &Lg::bumpGovernorVotesTokenAddressCall {});
    net.emits(&done, lg, &[]);
    assert_eq!(net.read(lg, &Lg::tokenCall {}), votes);
    // The clock is that of the voting power.
    net.register("RoundsManager", Address::ZERO);
    net.refuse_read(votes, &BondingVotes::clockCall {}, Bare);
    net.register("RoundsManager", net.d.rounds_manager);
    let round = net.read(net.d.rounds_manager, &RoundsManager::currentRoundCall {});
    let clock = net.read(lg, &Lg::clockCall {});
    assert_eq!(U256::from(clock), round);
}
