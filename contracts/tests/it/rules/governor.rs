//! Protocol updates, polls and snapshots.

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use alloy::sol_types::{SolCall, SolValue};
use weir_contracts::bindings::{
    BondingManager, Controller, Governor, MerkleSnapshot, Poll, PollCreator, RoundsManager,
};
use weir_contracts::{Artifact, contract_id};

use super::expect::{INDEX, OVERFLOW, custom, ev, wrapped};
use super::net::{Net, Setup, account, lpt, n};

rules! {
    vec![Setup::d26().with(|p| p.owner = weir_contracts::Owner::Governor)];
    the_first_owner_is_announced,
    an_update_waits_for_its_delay,
    an_update_is_made_once,
    an_update_can_be_taken_back,
    updates_differ_by_their_nonce,
    a_failure_is_handed_on_wrapped,
    calls_are_all_made_or_none,
    ownership_is_an_update_itself,
    an_update_pays,
    stake_opens_a_poll,
    votes_are_logged,
    a_poll_ends,
    proofs_stand_against_a_root,
}

const STRANGER: Address = Address::repeat_byte(0x77);

pub fn update(calls: &[(Address, Vec<u8>)], nonce: u64) -> Governor::Update {
    Governor::Update {
        target: calls.iter().map(|(target, _)| *target).collect(),
        value: vec![U256::ZERO; calls.len()],
        data: calls.iter().map(|(_, data)| data.clone().into()).collect(),
        nonce: n(nonce),
    }
}

fn stage(update: &Governor::Update, delay: u64) -> Governor::stageCall {
    Governor::stageCall { _update: update.clone(), _delay: n(delay) }
}

fn execute(update: &Governor::Update) -> Governor::executeCall {
    Governor::executeCall { _update: update.clone() }
}

fn cancel(update: &Governor::Update) -> Governor::cancelCall {
    Governor::cancelCall { _update: update.clone() }
}

fn period(net: &Net, rounds: u64) -> (Address, Vec<u8>) {
    (net.d.bonding_manager, BondingManager::setUnbondingPeriodCall { _unbondingPeriod: rounds }.abi_encode())
}

fn due(net: &mut Net, update: &Governor::Update) -> U256 {
    // The hash of the struct as one argument of dynamic size.
    let id = keccak256(update.abi_encode());
    net.read(net.d.governor, &Governor::updatesCall(id))
}

fn the_first_owner_is_announced(net: &mut Net) {
    let (governor, done) = net.create_logged(Artifact::Governor, &Governor::constructorCall {});
    let event = Governor::OwnershipTransferred { previousOwner: Address::ZERO, newOwner: net.owner };
    net.emits(&done, governor, &[ev(&event)]);
    assert_eq!(net.read(governor, &Governor::ownerCall {}), net.owner);
    assert_eq!(net.read(net.d.controller, &Controller::ownerCall {}), net.d.governor);
}

fn an_update_waits_for_its_delay(net: &mut Net) {
    let governor = net.d.governor;
    let change = update(&[period(net, 9)], 0);
    net.refuse(STRANGER, governor, &stage(&change, 3), "unauthorized: msg.sender not owner");
    assert_eq!(due(net, &change), U256::ZERO);
    let done = net.send(net.owner, governor, &stage(&change, 3));
    net.emits(&done, governor, &[ev(&Governor::UpdateStaged { update: change.clone(), delay: n(3) })]);
    let staged = net.evm.number();
    assert_eq!(due(net, &change), n(staged + 3));
    net.refuse(net.owner, governor, &stage(&change, 0), "update already staged");
    net.refuse(STRANGER, governor, &execute(&change), "delay for update not expired");
    // Exactly three blocks after it was staged, and by anyone.
    let done = net.send(STRANGER, governor, &execute(&change));
    assert_eq!(net.evm.number(), staged + 3);
    net.emits(&done, governor, &[ev(&Governor::UpdateExecuted { update: change.clone() })]);
    assert_eq!(net.read(net.d.bonding_manager, &BondingManager::unbondingPeriodCall {}), 9);
}

fn an_update_is_made_once(net: &mut Net) {
    let governor = net.d.governor;
    let change = update(&[period(net, 9)], 0);
    net.refuse(STRANGER, governor, &execute(&change), "update is not staged");
    net.send(net.owner, governor, &stage(&change, 0));
    net.send(STRANGER, governor, &execute(&change));
    assert_eq!(due(net, &change), U256::ZERO);
    net.refuse(STRANGER, governor, &execute(&change), "update is not staged");
    // The same may be staged anew.
    net.send(net.owner, governor, &stage(&change, 0));
}

fn an_update_can_be_taken_back(net: &mut Net) {
    let governor = net.d.governor;
    let change = update(&[period(net, 9)], 0);
    net.refuse(net.owner, governor, &cancel(&change), "update is not staged");
    net.send(net.owner, governor, &stage(&change, 0));
    net.refuse(STRANGER, governor, &cancel(&change), "unauthorized: msg.sender not owner");
    let done = net.send(net.owner, governor, &cancel(&change));
    net.emits(&done, governor, &[ev(&Governor::UpdateCancelled { update: change.clone() })]);
    net.refuse(STRANGER, governor, &execute(&change), "update is not staged");
}

fn updates_differ_by_their_nonce(net: &mut Net) {
    let governor = net.d.governor;
    let (one, two) = (update(&[period(net, 9)], 1), update(&[period(net, 9)], 2));
    net.send(net.owner, governor, &stage(&one, 0));
    net.refuse(net.owner, governor, &execute(&two), "update is not staged");
    net.send(net.owner, governor, &stage(&two, 0));
    net.send(net.owner, governor, &execute(&one));
    net.send(net.owner, governor, &execute(&two));
}

fn a_failure_is_handed_on_wrapped(net: &mut Net) {
    let (governor, d) = (net.d.governor, net.d);
    let round = net.round();
    let lookup = weir_contracts::bindings::BondingVotes::getPastVotesCall { _account: STRANGER, _round: round };
    let zero_length = RoundsManager::setRoundLengthCall { _roundLength: U256::ZERO };
    let failing = [
        update(&[(d.rounds_manager, zero_length.abi_encode())], 0),
        update(&[(d.bonding_votes, lookup.abi_encode())], 0),
        update(&[(d.controller, vec![1, 2, 3, 4])], 0),
    ];
    for change in &failing {
        net.send(net.owner, governor, &stage(change, 0));
    }
    net.refuse(STRANGER, governor, &execute(&failing[0]), wrapped("round length cannot be 0"));
    let inner = custom("FutureLookup", [&round, &(round - n(1))]);
    net.refuse(STRANGER, governor, &execute(&failing[1]), wrapped(inner));
    // No reason inside: an empty text outside.
    net.refuse(STRANGER, governor, &execute(&failing[2]), "");
    // It can be tried again.
    assert!(!due(net, &failing[0]).is_zero());
}

fn calls_are_all_made_or_none(net: &mut Net) {
    let (governor, bm) = (net.d.governor, net.d.bonding_manager);
    let number = |net: &mut Net| net.read(bm, &BondingManager::unbondingPeriodCall {});
    let before = number(net);
    let bad = (bm, BondingManager::setNumActiveTranscodersCall { _numActiveTranscoders: U256::ZERO }.abi_encode());
    let change = update(&[period(net, 9), bad], 0);
    net.send(net.owner, governor, &stage(&change, 0));
    let text = wrapped("new max size must be greater than old max size");
    net.refuse(STRANGER, governor, &execute(&change), text);
    assert_eq!(number(net), before);
    let change = update(&[period(net, 9), period(net, 8)], 0);
    net.send(net.owner, governor, &stage(&change, 0));
    net.send(STRANGER, governor, &execute(&change));
    assert_eq!(number(net), 8, "in the order given");
    // Lists that do not match, and a delay beyond all numbers.
    let short = Governor::Update { value: vec![], ..update(&[period(net, 9)], 0) };
    net.send(net.owner, governor, &stage(&short, 0));
    net.refuse(STRANGER, governor, &execute(&short), INDEX);
    let call = Governor::stageCall { _update: update(&[], 7), _delay: U256::MAX };
    net.refuse(net.owner, governor, &call, OVERFLOW);
}

fn ownership_is_an_update_itself(net: &mut Net) {
    let governor = net.d.governor;
    let to = |owner| Governor::transferOwnershipCall { newOwner: owner };
    for who in [STRANGER, net.owner] {
        net.refuse(who, governor, &to(STRANGER), "unauthorized: msg.sender not Governor");
    }
    let nobody = update(&[(governor, to(Address::ZERO).abi_encode())], 0);
    net.send(net.owner, governor, &stage(&nobody, 0));
    net.refuse(net.owner, governor, &execute(&nobody), wrapped("newOwner is a null address"));
    let change = update(&[(governor, to(STRANGER).abi_encode())], 0);
    net.send(net.owner, governor, &stage(&change, 0));
    let done = net.send(net.owner, governor, &execute(&change));
    net.emits(
        &done,
        governor,
        &[
            ev(&Governor::OwnershipTransferred { previousOwner: net.owner, newOwner: STRANGER }),
            ev(&Governor::UpdateExecuted { update: change.clone() }),
        ],
    );
    net.refuse(net.owner, governor, &stage(&change, 0), "unauthorized: msg.sender not owner");
    net.send(STRANGER, governor, &stage(&change, 0));
}

fn an_update_pays(net: &mut Net) {
    let governor = net.d.governor;
    let change =
        Governor::Update { value: vec![n(5), n(2)], ..update(&[(account(1), vec![]), (account(2), vec![])], 0) };
    net.send(net.owner, governor, &stage(&change, 0));
    net.refuse_paid(STRANGER, governor, &execute(&change), n(6), "");
    net.pay(STRANGER, governor, &execute(&change), n(7));
    assert_eq!((net.evm.balance(account(1)), net.evm.balance(account(2))), (n(5), n(2)));
}

fn poll(net: &mut Net, who: Address) -> (Address, U256) {
    let (creator, proposal) = (net.d.poll_creator, Bytes::from_static(b"QmProposal"));
    let address = creator.create(net.evm.nonce(creator));
    let done = net.send(who, creator, &PollCreator::createPollCall { _proposal: proposal.clone() });
    let end = n(net.evm.number() + 57_600);
    let event =
        PollCreator::PollCreated { poll: address, proposal, endBlock: end, quorum: n(333_300), quota: n(500_000) };
    net.emits(&done, creator, &[ev(&event)]);
    net.name_of(address, Artifact::Poll);
    (address, end)
}

fn stake_opens_a_poll(net: &mut Net) {
    let creator = net.d.poll_creator;
    assert_eq!(net.read(creator, &PollCreator::bondingManagerCall {}), net.d.bonding_manager);
    assert_eq!(net.read(creator, &PollCreator::POLL_CREATION_COSTCall {}), lpt(100));
    assert_eq!(net.read(creator, &PollCreator::POLL_PERIODCall {}), n(57_600));
    assert_eq!(net.read(creator, &PollCreator::QUORUMCall {}), n(333_300));
    assert_eq!(net.read(creator, &PollCreator::QUOTACall {}), n(500_000));
    let call = PollCreator::createPollCall { _proposal: Bytes::new() };
    let (o, delegator) = (account(1), account(2));
    let text = "PollCreator#createPoll: INSUFFICIENT_STAKE";
    net.refuse(o, creator, &call, text);
    net.bond(o, lpt(1), o);
    net.bond(delegator, lpt(99) - n(1), o);
    net.refuse(o, creator, &call, text);
    net.refuse(delegator, creator, &call, text);
    // What is delegated to it counts for one; what it bonded itself for the other.
    net.bond(delegator, n(1), o);
    poll(net, o);
    net.refuse(delegator, creator, &call, text);
    net.bond(delegator, lpt(1), o);
    poll(net, delegator);
}

fn votes_are_logged(net: &mut Net) {
    net.bond(account(1), lpt(100), account(1));
    let (poll, end) = poll(net, account(1));
    assert_eq!(net.read(poll, &Poll::endBlockCall {}), end);
    net.refuse(STRANGER, poll, &Poll::destroyCall {}, "poll is active");
    // Any choice, by anyone, as often as wanted: counting is done elsewhere.
    for (who, choice) in [(STRANGER, 0), (STRANGER, 1), (account(1), 77)] {
        let done = net.send(who, poll, &Poll::voteCall { _choiceID: n(choice) });
        net.emits(&done, poll, &[ev(&Poll::Vote { voter: who, choiceID: n(choice) })]);
    }
}

/// A shorter one than those that the creator opens: Anvil takes its time for 57,600 blocks.
fn a_poll_ends(net: &mut Net) {
    let end = net.evm.number() + 5;
    let [first, second] =
        [end, end + 1].map(|end| net.create(Artifact::Poll, &Poll::constructorCall { _endBlock: n(end) }));
    net.evm.mine(2);
    // The last block is still for votes, and for nothing else.
    net.send(STRANGER, first, &Poll::voteCall { _choiceID: n(0) });
    assert_eq!(net.evm.number(), end);
    net.refuse(STRANGER, second, &Poll::destroyCall {}, "poll is active");
    net.refuse(STRANGER, first, &Poll::voteCall { _choiceID: n(0) }, "poll is over");
    // What it has goes to who ends it.
    net.evm.set_balance(first, n(12));
    net.send(STRANGER, first, &Poll::destroyCall {});
    assert_eq!((net.evm.balance(first), net.evm.balance(STRANGER)), (U256::ZERO, n(12)));
}

fn pair(a: B256, b: B256) -> B256 {
    let (first, second) = if a <= b { (a, b) } else { (b, a) };
    keccak256([first.0, second.0].concat())
}

fn proofs_stand_against_a_root(net: &mut Net) {
    let snapshot = net.d.merkle_snapshot;
    let leaves: Vec<B256> = (0u8..4).map(|i| keccak256([i])).collect();
    let (left, right) = (pair(leaves[0], leaves[1]), pair(leaves[2], leaves[3]));
    let (root, id) = (pair(left, right), contract_id("LIP-73"));
    let call = MerkleSnapshot::setSnapshotCall { _id: id, _root: root };
    net.refuse(net.owner, snapshot, &call, "caller must be Controller owner");
    let done = net.send(net.d.governor, snapshot, &call);
    net.emits(&done, snapshot, &[]);
    assert_eq!(net.read(snapshot, &MerkleSnapshot::snapshotCall(id)), root);
    let verify = |net: &mut Net, id: B256, proof: Vec<B256>, leaf: B256| {
        net.read(snapshot, &MerkleSnapshot::verifyCall { _id: id, _proof: proof, _leaf: leaf })
    };
    for (i, leaf) in leaves.iter().enumerate() {
        let proof = vec![leaves[i ^ 1], if i < 2 { right } else { left }];
        assert!(verify(net, id, proof.clone(), *leaf), "leaf {i}");
        assert!(!verify(net, contract_id("LIP-74"), proof.clone(), *leaf));
        assert!(!verify(net, id, vec![proof[1], proof[0]], *leaf), "the order counts");
        assert!(!verify(net, id, proof, leaves[(i + 2) % 4]));
    }
    assert!(verify(net, id, vec![], root), "no proof: the leaf is the root");
    let equal = pair(leaves[0], leaves[0]);
    net.send(net.d.governor, snapshot, &MerkleSnapshot::setSnapshotCall { _id: id, _root: equal });
    assert!(verify(net, id, vec![leaves[0]], leaves[0]));
    assert!(!verify(net, id, vec![right], leaves[2]), "a root is overwritten");
}
