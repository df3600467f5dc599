//! The protocol governed: the treasury by stake, code and parameters by the Governor's owner.

use std::sync::Arc;

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use alloy::sol_types::SolCall;
use weir_contracts::bindings::{
    BondingManager, Governor, LivepeerGovernor, LivepeerToken, Minter, RoundsManager, Treasury,
};
use weir_contracts::{Artifact, Deployment, Plan, ProtocolParams, ProtocolVersion, Revert, contract_id};
use weir_evm::{Chain, Receipt};
use weir_types::{Instant, Perc27, Wei};

use crate::support::config;

const OWNER: Address = Address::repeat_byte(0xde);
/// An orchestrator with most of the stake, one of its delegators, and another orchestrator.
const LARGE: Address = Address::repeat_byte(1);
const DELEGATOR: Address = Address::repeat_byte(2);
const SMALL: Address = Address::repeat_byte(3);
const GRANTEE: Address = Address::repeat_byte(9);

const AGAINST: u8 = 0;
const FOR: u8 = 1;

mod state {
    pub(super) const PENDING: u8 = 0;
    pub(super) const ACTIVE: u8 = 1;
    pub(super) const DEFEATED: u8 = 3;
    pub(super) const SUCCEEDED: u8 = 4;
    pub(super) const QUEUED: u8 = 5;
    pub(super) const EXECUTED: u8 = 7;
}

fn lpt(whole: u64) -> U256 {
    U256::from(whole) * U256::from(10u64).pow(U256::from(18))
}

struct Net {
    chain: Chain,
    d: Deployment,
}

impl Net {
    /// Three bonded accounts in a round in which all of them count.
    fn new(version: ProtocolVersion) -> Self {
        let chain = Chain::new(config());
        chain.set_automine(true);
        for who in [OWNER, LARGE, DELEGATOR, SMALL] {
            chain.set_balance(who, Wei::from_whole(100));
        }
        let params =
            ProtocolParams { version, treasury_reward_cut: Perc27(Perc27::DIVISOR / 10), ..ProtocolParams::devnet() };
        let plan = Plan::new(OWNER, 0, &params).expect("the artifacts are whole");
        let net = Self { chain, d: plan.deployment };
        for step in &plan.steps {
            net.raw(OWNER, step.to, step.input.clone()).expect(&step.label);
        }
        net.next_round();
        for (who, amount, to) in [(LARGE, 600, LARGE), (DELEGATOR, 500, LARGE), (SMALL, 400, SMALL)] {
            net.bond(who, lpt(amount), to);
        }
        net.next_round();
        net
    }

    fn raw(&self, from: Address, to: Option<Address>, data: Bytes) -> Result<Arc<Receipt>, Revert> {
        let hash = self.chain.send_unsigned(from, to, Wei::ZERO, data, None).expect("the pool takes it");
        let receipt = self.chain.receipt(hash).expect("it is mined");
        assert_eq!(receipt.halt, None);
        if receipt.success { Ok(receipt) } else { Err(Revert::decode(&receipt.output)) }
    }

    fn send<C: SolCall>(&self, from: Address, to: Address, call: &C) -> Result<Arc<Receipt>, Revert> {
        self.raw(from, Some(to), call.abi_encode().into())
    }

    fn read<C: SolCall>(&self, to: Address, call: &C) -> C::Return {
        let out = self.chain.call(OWNER, to, call.abi_encode().into()).expect(C::SIGNATURE);
        C::abi_decode_returns(&out).expect(C::SIGNATURE)
    }

    fn next_round(&self) {
        let length: u64 = self.read(self.d.rounds_manager, &RoundsManager::roundLengthCall {}).to();
        let here = self.chain.l1_block_number();
        let start: u64 = self.read(self.d.rounds_manager, &RoundsManager::currentRoundStartBlockCall {}).to();
        let seconds = (start + length - here) * 12;
        self.chain.advance_to(Instant::from_secs(self.chain.now().as_secs() + seconds));
        self.send(OWNER, self.d.rounds_manager, &RoundsManager::initializeRoundCall {}).expect("a round begins");
    }

    fn bond(&self, who: Address, amount: U256, to: Address) {
        self.send(OWNER, self.d.token, &LivepeerToken::transferCall { to: who, amount }).expect("the owner has LPT");
        let approve = LivepeerToken::approveCall { spender: self.d.bonding_manager, amount };
        self.send(who, self.d.token, &approve).expect("anyone may approve");
        self.send(who, self.d.bonding_manager, &BondingManager::bondCall { _amount: amount, _to: to }).expect("bonds");
    }

    fn reward(&self, who: Address) {
        self.send(who, self.d.bonding_manager, &BondingManager::rewardCall {}).expect("is active");
    }

    fn lpt_of(&self, account: Address) -> U256 {
        self.read(self.d.token, &LivepeerToken::balanceOfCall { account })
    }

    fn state(&self, id: U256) -> u8 {
        self.read(self.d.livepeer_governor, &LivepeerGovernor::stateCall { proposalId: id })
    }

    fn vote(&self, who: Address, id: U256, support: u8) -> Result<Arc<Receipt>, Revert> {
        self.send(who, self.d.livepeer_governor, &LivepeerGovernor::castVoteCall { proposalId: id, support })
    }

    fn votes(&self, id: U256) -> [U256; 3] {
        let v = self.read(self.d.livepeer_governor, &LivepeerGovernor::proposalVotesCall { _proposalId: id });
        [v.againstVotes, v.forVotes, v.abstainVotes]
    }

    fn stake(&self, who: Address) -> U256 {
        self.read(self.d.bonding_manager, &BondingManager::pendingStakeCall { _delegator: who, _endRound: U256::ZERO })
    }

    /// Registers an update with the Governor and carries it out.
    fn update(&self, target: Address, data: Vec<u8>, nonce: u64) -> Result<Arc<Receipt>, Revert> {
        let update = Governor::Update {
            target: vec![target],
            value: vec![U256::ZERO],
            data: vec![data.into()],
            nonce: U256::from(nonce),
        };
        let stage = Governor::stageCall { _update: update.clone(), _delay: U256::from(2) };
        self.send(OWNER, self.d.governor, &stage).expect("the owner stages");
        let execute = Governor::executeCall { _update: update };
        assert_eq!(
            self.send(SMALL, self.d.governor, &execute).expect_err("too early"),
            Revert::Error("delay for update not expired".into())
        );
        self.chain.advance_to(Instant::from_secs(self.chain.now().as_secs() + 24));
        self.send(SMALL, self.d.governor, &execute)
    }
}

/// A decision with what it does.
struct Proposal {
    targets: Vec<Address>,
    calldatas: Vec<Bytes>,
    description: String,
}

impl Proposal {
    /// A grant from the treasury, and votes that last three rounds from then on.
    fn grant_and_shorter_votes(net: &Net, amount: U256) -> Self {
        let grant = LivepeerToken::transferCall { to: GRANTEE, amount };
        let period = LivepeerGovernor::setVotingPeriodCall { newVotingPeriod: U256::from(3) };
        Self {
            targets: vec![net.d.token, net.d.livepeer_governor],
            calldatas: vec![grant.abi_encode().into(), period.abi_encode().into()],
            description: "A grant, and shorter votes".into(),
        }
    }

    fn values(&self) -> Vec<U256> {
        vec![U256::ZERO; self.targets.len()]
    }

    fn hash(&self) -> B256 {
        keccak256(&self.description)
    }

    fn propose(&self, net: &Net, by: Address) -> Result<U256, Revert> {
        let call = LivepeerGovernor::proposeCall {
            targets: self.targets.clone(),
            values: self.values(),
            calldatas: self.calldatas.clone(),
            description: self.description.clone(),
        };
        net.send(by, net.d.livepeer_governor, &call).map(|receipt| U256::from_be_slice(&receipt.output))
    }

    fn queue(&self, net: &Net) -> Result<Arc<Receipt>, Revert> {
        let call = LivepeerGovernor::queueCall {
            targets: self.targets.clone(),
            values: self.values(),
            calldatas: self.calldatas.clone(),
            descriptionHash: self.hash(),
        };
        net.send(SMALL, net.d.livepeer_governor, &call)
    }

    fn execute(&self, net: &Net) -> Result<Arc<Receipt>, Revert> {
        let call = LivepeerGovernor::executeCall {
            targets: self.targets.clone(),
            values: self.values(),
            calldatas: self.calldatas.clone(),
            descriptionHash: self.hash(),
        };
        net.send(SMALL, net.d.livepeer_governor, &call)
    }
}

/// With rewards in the treasury and a proposal up for vote.
fn voting(net: &Net) -> (Proposal, U256) {
    net.reward(LARGE);
    net.reward(SMALL);
    let proposal = Proposal::grant_and_shorter_votes(net, net.lpt_of(net.d.treasury));
    assert_eq!(
        proposal.propose(net, OWNER).expect_err("has no stake"),
        Revert::Error("Governor: proposer votes below proposal threshold".into())
    );
    net.next_round();
    let id = proposal.propose(net, SMALL).expect("has enough stake");
    assert_eq!(net.state(id), state::PENDING);
    assert_eq!(
        net.vote(LARGE, id, FOR).expect_err("too early"),
        Revert::Error("Governor: vote not currently active".into())
    );
    net.next_round();
    assert_eq!(net.state(id), state::PENDING, "stake is counted at the end of the round after the proposal");
    net.next_round();
    assert_eq!(net.state(id), state::ACTIVE);
    (proposal, id)
}

#[test]
fn stake_decides_over_the_treasury() {
    let net = Net::new(ProtocolVersion::D26);
    let (proposal, id) = voting(&net);
    let granted = net.lpt_of(net.d.treasury);
    assert!(granted > U256::ZERO, "rewards fill the treasury");

    // The delegate votes against with all that is delegated to it; its delegator takes its part back.
    let [large, delegator, small] = [LARGE, DELEGATOR, SMALL].map(|who| net.stake(who));
    net.vote(LARGE, id, AGAINST).expect("may vote");
    let [against, ..] = net.votes(id);
    assert!(against.abs_diff(large + delegator) <= U256::from(2), "{against}");
    net.vote(DELEGATOR, id, FOR).expect("may overrule its delegate");
    net.vote(SMALL, id, FOR).expect("may vote");
    let [against, in_favour, abstained] = net.votes(id);
    assert!(against.abs_diff(large) <= U256::from(2) && abstained.is_zero(), "{against}");
    assert!(in_favour.abs_diff(delegator + small) <= U256::from(2), "{in_favour}");
    assert_eq!(
        net.vote(SMALL, id, FOR).expect_err("voted already"),
        Revert::Custom { name: "VoteAlreadyCast".into(), args: vec![] }
    );

    let early = proposal.queue(&net).expect_err("the vote goes on");
    assert_eq!(early, Revert::Error("Governor: proposal not successful".into()));
    for _ in 0..10 {
        net.next_round();
    }
    assert_eq!(net.state(id), state::SUCCEEDED);
    proposal.queue(&net).expect("was decided");
    assert_eq!(net.state(id), state::QUEUED);
    proposal.execute(&net).expect("the treasury has no delay");
    assert_eq!(net.state(id), state::EXECUTED);
    assert_eq!(net.lpt_of(GRANTEE), granted);
    let period = net.read(net.d.livepeer_governor, &LivepeerGovernor::votingPeriodCall {});
    assert_eq!(period, U256::from(3));
    assert!(proposal.execute(&net).is_err(), "once is enough");
}

#[test]
fn a_vote_without_quorum_or_majority_moves_nothing() {
    for (votes, why) in [
        (vec![(SMALL, FOR)], "400 of 1,500 is less than a third"),
        (vec![(LARGE, AGAINST), (SMALL, FOR)], "1,100 against 400"),
    ] {
        let net = Net::new(ProtocolVersion::D26);
        let (proposal, id) = voting(&net);
        for (who, support) in votes {
            net.vote(who, id, support).expect("may vote");
        }
        (0..10).for_each(|_| net.next_round());
        assert_eq!(net.state(id), state::DEFEATED, "{why}");
        let refused = Revert::Error("Governor: proposal not successful".into());
        assert_eq!(proposal.queue(&net).expect_err(why), refused);
        assert_eq!(proposal.execute(&net).expect_err(why), refused);
        assert_eq!(net.lpt_of(GRANTEE), U256::ZERO);
    }
}

#[test]
fn nobody_reaches_the_treasury_past_the_vote() {
    let net = Net::new(ProtocolVersion::D26);
    net.reward(LARGE);
    let data: Bytes = LivepeerToken::transferCall { to: OWNER, amount: U256::from(1) }.abi_encode().into();
    let schedule = Treasury::scheduleCall {
        target: net.d.token,
        value: U256::ZERO,
        data,
        predecessor: B256::ZERO,
        salt: B256::ZERO,
        delay: U256::ZERO,
    };
    for who in [OWNER, LARGE] {
        let refused = net.send(who, net.d.treasury, &schedule).expect_err("is no proposer");
        assert!(refused.message().is_some_and(|text| text.contains("is missing role")), "{refused}");
    }
}

#[test]
fn the_governor_changes_parameters_after_a_delay() {
    let net = Net::new(ProtocolVersion::D26);
    let change = Minter::setInflationChangeCall { _inflationChange: U256::from(42) };
    assert_eq!(
        net.send(OWNER, net.d.minter, &change).expect_err("the Governor owns the Controller"),
        Revert::Error("caller must be Controller owner".into())
    );
    net.update(net.d.minter, change.abi_encode(), 1).expect("is carried out");
    assert_eq!(net.read(net.d.minter, &Minter::inflationChangeCall {}), U256::from(42));

    // What fails inside comes out decoded.
    let wrong = Minter::setInflationChangeCall { _inflationChange: U256::MAX };
    let failure = net.update(net.d.minter, wrong.abi_encode(), 2).expect_err("is no share");
    let inner = Revert::Error("_inflationChange is invalid percentage".into());
    assert_eq!(failure, Revert::Wrapped(Box::new(inner)));
}

/// New code behind the same proxy: the rules change, the stakes stay.
#[test]
fn an_upgrade_changes_the_rules_and_keeps_the_state() {
    let net = Net::new(ProtocolVersion::D24);
    net.reward(LARGE);
    let set = BondingManager::setRewardCallerCall { _rewardCaller: OWNER };
    assert!(net.send(SMALL, net.d.bonding_manager, &set).is_err(), "the old rules know no reward caller");
    let before = [LARGE, DELEGATOR, SMALL].map(|who| net.stake(who));

    let library = [("SortedDoublyLL", net.d.sorted_doubly_ll)].into();
    let mut code = Artifact::BondingManager.creation_code(&library).expect("linked").to_vec();
    code.extend_from_slice(net.d.controller.into_word().as_slice());
    let target = net.raw(OWNER, None, code.into()).expect("is created").contract_address.expect("an address");
    let register = weir_contracts::bindings::Controller::setContractInfoCall {
        _id: contract_id("BondingManagerTarget"),
        _contractAddress: target,
        _gitCommitHash: [7; 20].into(),
    };
    net.update(net.d.controller, register.abi_encode(), 1).expect("is carried out");

    assert_eq!([LARGE, DELEGATOR, SMALL].map(|who| net.stake(who)), before);
    net.send(SMALL, net.d.bonding_manager, &set).expect("the new rules know it");
    let reward = BondingManager::rewardForTranscoderCall { _transcoder: SMALL };
    net.send(OWNER, net.d.bonding_manager, &reward).expect("rewards in its name");
    assert!(net.stake(SMALL) > before[2]);
}
