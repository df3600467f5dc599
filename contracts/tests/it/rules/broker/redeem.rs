//! Redemption of tickets.

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use weir_contracts::Change;
use weir_contracts::bindings::TicketBroker;

use super::{Signed, aux, fund, hash, info, redeem, refuse, sender, ticket};
use crate::rules::expect::INDEX;
use crate::rules::net::{Net, Setup, account, n};

rules! {
    vec![Setup::d24(), Setup::d26()];
    a_ticket_pays_from_the_deposit,
    the_hash_is_of_seven_fields,
    checks_come_in_order,
    signatures_have_one_form,
    a_ticket_is_of_its_round,
    a_ticket_expires,
    the_draw_decides,
    a_ticket_pays_once,
    anyone_may_redeem,
    a_ticket_of_nothing_pays_nothing,
    redemption_needs_a_begun_round_and_no_pause,
    a_batch_takes_what_it_can,
    a_batch_is_as_long_as_its_parts,
}

/// An active orchestrator, account 1, and a sender with a deposit of 100 and a reserve of 50.
fn ready(net: &mut Net) -> Address {
    net.orchestrator(account(1), n(1_000), 0, 0);
    net.next_round();
    fund(net, n(100), n(50));
    account(1)
}

fn a_ticket_pays_from_the_deposit(net: &mut Net) {
    let o = ready(net);
    let broker = net.d.ticket_broker;
    let t = ticket(net, o, n(30));
    let done = redeem(net, &t);
    net.emits(&done, broker, &[t.paid(n(30)), t.redeemed()]);
    assert_eq!(info(net, sender()), [n(70), n(0), n(50), n(0)]);
    assert_eq!(net.pending_fees(o), n(30));
    assert!(net.read(broker, &TicketBroker::usedTicketsCall(hash(&t.ticket))));
    // All of the deposit, to the last wei.
    let t = ticket(net, o, n(70));
    let done = redeem(net, &t);
    net.emits(&done, broker, &[t.paid(n(70)), t.redeemed()]);
    assert_eq!(info(net, sender()), [n(0), n(0), n(50), n(0)]);
    // No ETH moves until the fees are withdrawn.
    assert_eq!((net.evm.balance(net.d.minter), net.evm.balance(o)), (n(150), n(0)));
    let call = weir_contracts::bindings::BondingManager::withdrawFeesCall { _recipient: o, _amount: n(100) };
    net.bonding(o, &call);
    assert_eq!((net.evm.balance(net.d.minter), net.evm.balance(o)), (n(50), n(100)));
}

fn the_hash_is_of_seven_fields(net: &mut Net) {
    let o = ready(net);
    let t = ticket(net, o, n(30));
    let mut seen = vec![];
    for data in [t.ticket.auxData.clone(), Bytes::new(), Bytes::from_static(b"odd")] {
        let mut t = t.ticket.clone();
        t.auxData = data;
        let got = net.read(net.d.ticket_broker, &TicketBroker::getTicketHashCall { _ticket: t.clone() });
        assert_eq!(got, hash(&t));
        assert!(!seen.contains(&got));
        seen.push(got);
    }
    assert_eq!(t.ticket.auxData.len(), 64);
}

/// Each ticket has the faults of all those after it, too.
fn checks_come_in_order(net: &mut Net) {
    let o = ready(net);
    let round = net.round();
    let good = ticket(net, o, n(30));
    let block = good.ticket.auxData.slice(32..);
    let block = B256::from_slice(&block);
    let bad = Signed { rand: good.rand + n(1), sig: Bytes::new(), ..good.clone() };
    let bad = |change: &dyn Fn(&mut Signed)| {
        let mut t = bad.clone();
        t.ticket.winProb = n(0);
        change(&mut t);
        t
    };
    let nobody = Address::ZERO;
    let cases: [(Signed, &str); 7] = [
        (
            bad(&|t| (t.ticket.recipient, t.ticket.sender, t.ticket.auxData) = (nobody, nobody, Bytes::new())),
            "ticket recipient is null address",
        ),
        (bad(&|t| (t.ticket.sender, t.ticket.auxData) = (nobody, Bytes::new())), "ticket sender is null address"),
        (bad(&|t| t.ticket.auxData = vec![0; 63].into()), "invalid length for ticket auxData: must be 64 bytes"),
        (bad(&|t| t.ticket.auxData = aux(round + n(1), B256::ZERO)), "ticket creationRound does not have a block hash"),
        (
            bad(&|t| t.ticket.auxData = aux(round, B256::repeat_byte(1))),
            "ticket creationRoundBlockHash invalid for creationRound",
        ),
        (bad(&|t| t.ticket.auxData = aux(round, block)), "recipientRand does not match recipientRandHash"),
        (bad(&|t| t.rand = good.rand), "INVALID_SIGNATURE_LENGTH"),
    ];
    for (t, text) in cases {
        refuse(net, &t, text);
    }
    // The rest signed: by somebody else, then by the sender of a ticket that loses.
    let losing = bad(&|t| t.rand = good.rand);
    refuse(net, &losing.clone().sign(8), "invalid signature over ticket hash");
    refuse(net, &losing.sign(super::SENDER), "ticket did not win");
    redeem(net, &good);
    // Once used, neither the signature nor the draw is looked at.
    refuse(net, &Signed { sig: Bytes::new(), ..good }, "ticket is used");
}

fn signatures_have_one_form(net: &mut Net) {
    let o = ready(net);
    let good = ticket(net, o, n(30));
    let sig = good.sig.to_vec();
    let with = |sig: Vec<u8>| Signed { sig: sig.into(), ..good.clone() };
    for length in [0, 64, 66] {
        let mut cut = sig.clone();
        cut.resize(length, 0);
        refuse(net, &with(cut), "INVALID_SIGNATURE_LENGTH");
    }
    for v in [0, 1, 26, 29] {
        let mut other = sig.clone();
        other[64] = v;
        refuse(net, &with(other), "ECDSA: invalid signature");
    }
    // The twin of each signature, with the high s.
    let order = U256::from_str_radix("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 16);
    let order = order.expect("hex digits");
    let mut twin = sig.clone();
    let high = order - U256::from_be_slice(&sig[32..64]);
    twin[32..64].copy_from_slice(&high.to_be_bytes::<32>());
    twin[64] = 27 + 28 - sig[64];
    refuse(net, &with(twin), "ECDSA: invalid signature 's' value");
    let mut other = sig;
    other[64] = 27 + 28 - other[64];
    refuse(net, &with(other), "invalid signature over ticket hash");
    redeem(net, &good);
}

fn a_ticket_is_of_its_round(net: &mut Net) {
    let o = ready(net);
    let round = net.round();
    let t = ticket(net, o, n(1));
    // Rounds that nobody began have no hash, nor have those long past.
    for other in [n(0), round + n(1), U256::MAX] {
        let t = t.clone().with(|t| t.auxData = aux(other, B256::ZERO));
        refuse(net, &t, "ticket creationRound does not have a block hash");
    }
    for data in [vec![], vec![7; 65], vec![7; 128]] {
        let t = t.clone().with(|t| t.auxData = data.into());
        refuse(net, &t, "invalid length for ticket auxData: must be 64 bytes");
    }
}

fn a_ticket_expires(net: &mut Net) {
    let o = ready(net);
    let broker = net.d.ticket_broker;
    let made: Vec<Signed> = (0..4).map(|_| ticket(net, o, n(1))).collect();
    redeem(net, &made[0]);
    net.next_round();
    redeem(net, &made[1]);
    net.next_round();
    refuse(net, &made[2], "ticket is expired");
    // That comes before the number and the signature.
    let wrong = Signed { rand: n(0), sig: Bytes::new(), ..made[2].clone() };
    refuse(net, &wrong, "ticket is expired");
    // The period in force decides, not that of its making.
    let validity = |rounds| TicketBroker::setTicketValidityPeriodCall { _ticketValidityPeriod: n(rounds) };
    net.send(net.owner, broker, &validity(3));
    redeem(net, &made[2]);
    net.send(net.owner, broker, &validity(1));
    refuse(net, &made[3], "ticket is expired");
    let fresh = ticket(net, o, n(1));
    redeem(net, &fresh);
}

fn the_draw_decides(net: &mut Net) {
    let o = ready(net);
    let mut wins = 0;
    for _ in 0..24 {
        let half = U256::MAX >> 1;
        let t = ticket(net, o, n(1)).with(|t| t.winProb = half);
        let drawn = keccak256([t.sig.as_ref(), &t.rand.to_be_bytes::<32>()].concat());
        if U256::from_be_bytes(drawn.0) < half {
            wins += 1;
            redeem(net, &t);
        } else {
            refuse(net, &t, "ticket did not win");
        }
    }
    assert!((1..24).contains(&wins), "{wins}");
    assert_eq!(net.pending_fees(o), n(wins));
}

fn a_ticket_pays_once(net: &mut Net) {
    let o = ready(net);
    let t = ticket(net, o, n(1));
    redeem(net, &t);
    refuse(net, &t, "ticket is used");
    let again = t.with(|t| t.senderNonce += n(100));
    redeem(net, &again);
}

fn anyone_may_redeem(net: &mut Net) {
    let o = ready(net);
    let t = ticket(net, o, n(3));
    let done = net.send(account(77), net.d.ticket_broker, &t.redeem());
    net.emits(&done, net.d.ticket_broker, &[t.paid(n(3)), t.redeemed()]);
    assert_eq!(net.pending_fees(o), n(3));
}

fn a_ticket_of_nothing_pays_nothing(net: &mut Net) {
    let o = ready(net);
    let broker = net.d.ticket_broker;
    let t = ticket(net, o, n(0));
    let done = redeem(net, &t);
    net.emits(&done, broker, &[t.redeemed()]);
    assert!(net.read(broker, &TicketBroker::usedTicketsCall(hash(&t.ticket))));
    // Nobody asks whether its recipient is an orchestrator.
    let t = ticket(net, account(66), n(0));
    redeem(net, &t);
    let t = ticket(net, account(66), n(1));
    let text =
        if net.has(Change::FeesToActive) { "transcoder must be active" } else { "transcoder must be registered" };
    refuse(net, &t, text);
}

fn redemption_needs_a_begun_round_and_no_pause(net: &mut Net) {
    let o = ready(net);
    let broker = net.d.ticket_broker;
    let t = ticket(net, o, n(1));
    net.end_round();
    net.evm.mine(1);
    let none = TicketBroker::batchRedeemWinningTicketsCall { _tickets: vec![], _sigs: vec![], _recipientRands: vec![] };
    refuse(net, &t, "current round is not initialized");
    net.refuse(o, broker, &none, "current round is not initialized");
    net.pause();
    refuse(net, &t, "system is paused");
    net.refuse(o, broker, &none, "system is paused");
}

fn batch(tickets: &[Signed]) -> TicketBroker::batchRedeemWinningTicketsCall {
    TicketBroker::batchRedeemWinningTicketsCall {
        _tickets: tickets.iter().map(|t| t.ticket.clone()).collect(),
        _sigs: tickets.iter().map(|t| t.sig.clone()).collect(),
        _recipientRands: tickets.iter().map(|t| t.rand).collect(),
    }
}

fn a_batch_takes_what_it_can(net: &mut Net) {
    let o = ready(net);
    let broker = net.d.ticket_broker;
    let made: Vec<Signed> = (0..3).map(|_| ticket(net, o, n(3))).collect();
    let losing = ticket(net, o, n(3)).with(|t| t.winProb = n(0));
    let foreign = ticket(net, account(66), n(3));
    let all = [made[0].clone(), losing, made[1].clone(), made[0].clone(), foreign, made[2].clone()];
    let done = net.send(account(77), broker, &batch(&all));
    let mut wanted = vec![];
    for t in &made {
        wanted.extend([t.paid(n(3)), t.redeemed()]);
    }
    net.emits(&done, broker, &wanted);
    assert_eq!(net.pending_fees(o), n(9));
    // A batch of failures is no failure.
    let done = net.send(account(77), broker, &batch(&all));
    net.emits(&done, broker, &[]);
    net.send(account(77), broker, &batch(&[]));
}

fn a_batch_is_as_long_as_its_parts(net: &mut Net) {
    let o = ready(net);
    let broker = net.d.ticket_broker;
    let made: Vec<Signed> = (0..2).map(|_| ticket(net, o, n(3))).collect();
    let full = batch(&made);
    let short_sigs = TicketBroker::batchRedeemWinningTicketsCall { _sigs: full._sigs[..1].to_vec(), ..full.clone() };
    net.refuse(o, broker, &short_sigs, INDEX);
    let rands = full._recipientRands[..1].to_vec();
    let short_rands = TicketBroker::batchRedeemWinningTicketsCall { _recipientRands: rands, ..full.clone() };
    net.refuse(o, broker, &short_rands, INDEX);
    // More than enough is no fault.
    let fewer = TicketBroker::batchRedeemWinningTicketsCall { _tickets: full._tickets[..1].to_vec(), ..full };
    net.send(o, broker, &fewer);
    assert_eq!(net.pending_fees(o), n(3));
}
