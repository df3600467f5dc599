//! The life of an orchestrator, a delegator and a gateway.

use alloy::primitives::{U256, keccak256};
use weir_contracts::bindings::{BondingManager, LivepeerToken, Minter, TicketBroker};
use weir_contracts::{ProtocolParams, ProtocolVersion};

use crate::world::{World, account, lpt, signer};

fn params(version: ProtocolVersion) -> ProtocolParams {
    ProtocolParams { version, round_length: 60, ..ProtocolParams::arbitrum_one() }
}

fn message<T: std::fmt::Debug>(result: Result<T, weir_contracts::Revert>) -> String {
    result.expect_err("the contract refuses").to_string()
}

/// An active orchestrator with a delegator, and a gateway with a deposit and a reserve.
fn network(version: ProtocolVersion) -> World {
    let mut w = World::new(&params(version));
    let (o, delegator) = (account(1), account(2));
    w.bond(o, lpt(1_000), o).expect("bonds to itself");
    w.commission(o, 100_000, 600_000).expect("is registered");
    w.bond(delegator, lpt(3_000), o).expect("delegates");
    w.fund(signer(9).address(), lpt(2), lpt(1));
    w.next_round();
    w
}

#[test]
fn stake_earns_rewards_and_tickets_earn_fees() {
    for version in [ProtocolVersion::D24, ProtocolVersion::D26] {
        let mut w = network(version);
        let (o, delegator, gateway) = (account(1), account(2), signer(9));
        let bm = w.d.bonding_manager;

        let near = |a: U256, b: U256| a.abs_diff(b) < U256::from(10);
        let value = lpt(1) / U256::from(2);
        w.pay_fees(&gateway, o, value).expect("wins");
        let delegators = value * U256::from(6) / U256::from(10);
        assert!(near(w.fees(delegator), delegators * U256::from(3) / U256::from(4)));
        assert!(near(w.fees(o), value - delegators + delegators / U256::from(4)));

        let mintable = w.chain.read(w.d.minter, &Minter::currentMintableTokensCall {});
        assert!(!mintable.is_zero());
        w.reward(o).expect("is active");
        // The only orchestrator gets all there is: a tenth goes to the treasury, of the rest a tenth
        // to the orchestrator, and what is left by stake.
        let treasury = w.lpt_of(w.d.treasury);
        assert_eq!(treasury, mintable / U256::from(10));
        let reward = mintable - treasury;
        let shared = reward - reward / U256::from(10);
        let by_stake = |part: u64| lpt(part * 1_000) + shared * U256::from(part) / U256::from(4);
        assert!(near(w.stake(delegator), by_stake(3)), "{}", w.stake(delegator));
        assert!(near(w.stake(o), by_stake(1) + reward / U256::from(10)), "{}", w.stake(o));
        assert_eq!(w.total_stake(o), lpt(4_000) + reward);
        assert_eq!(message(w.reward(o)), "caller has already called reward for the current round");

        let owed = w.fees(delegator);
        let claim = BondingManager::withdrawFeesCall { _recipient: delegator, _amount: owed };
        w.chain.send(delegator, bm, &claim).expect("owns the fees");
        assert_eq!(w.chain.balance(delegator), owed);
        assert_eq!(w.fees(delegator), U256::ZERO);
        assert_eq!(w.chain.balance(w.d.minter), lpt(3) - owed);
        assert!(w.chain.send(delegator, bm, &claim).is_err(), "nothing is left to withdraw");
    }
}

#[test]
fn unbonded_stake_comes_back_after_its_period() {
    let mut w = network(ProtocolVersion::D26);
    let (delegator, bm) = (account(2), w.d.bonding_manager);
    let amount = lpt(1_000);
    w.chain.send(delegator, bm, &BondingManager::unbondCall { _amount: amount }).expect("is bonded");
    let withdraw = BondingManager::withdrawStakeCall { _unbondingLockId: U256::ZERO };
    for _ in 0..7 {
        let refused = message(w.chain.send(delegator, bm, &withdraw));
        assert_eq!(refused, "withdraw round must be before or equal to the current round");
        w.next_round();
    }
    w.chain.send(delegator, bm, &withdraw).expect("the period is over");
    assert_eq!(w.lpt_of(delegator), amount);
    assert_eq!(message(w.chain.send(delegator, bm, &withdraw)), "invalid unbonding lock ID");
}

#[test]
fn a_ticket_pays_once_and_only_if_it_is_right() {
    let mut w = network(ProtocolVersion::D26);
    let (o, gateway) = (account(1), signer(9));
    let (ticket, secret) = w.ticket(gateway.address(), o, lpt(1), U256::MAX);
    let sig = w.sign(&gateway, &ticket);
    let foreign = w.sign(&signer(8), &ticket);
    let refusals = [
        (w.redeem(&ticket, &foreign, secret), "invalid signature over ticket hash"),
        (w.redeem(&ticket, &sig, secret + U256::from(1)), "recipientRand does not match recipientRandHash"),
    ];
    for (result, text) in refusals {
        assert_eq!(message(result), text);
    }
    w.redeem(&ticket, &sig, secret).expect("is right");
    assert_eq!(message(w.redeem(&ticket, &sig, secret)), "ticket is used");
    let hash = w.chain.read(w.d.ticket_broker, &TicketBroker::getTicketHashCall { _ticket: ticket });
    assert!(w.chain.read(w.d.ticket_broker, &TicketBroker::usedTicketsCall(hash)));
}

#[test]
fn the_draw_decides() {
    let mut w = network(ProtocolVersion::D26);
    let (o, gateway) = (account(1), signer(9));
    for _ in 0..40 {
        let half = U256::MAX >> 1;
        let (ticket, secret) = w.ticket(gateway.address(), o, U256::from(1_000), half);
        let sig = w.sign(&gateway, &ticket);
        let drawn = keccak256([sig.as_ref(), &secret.to_be_bytes::<32>()].concat());
        let wins = U256::from_be_bytes(drawn.0) < half;
        match w.redeem(&ticket, &sig, secret) {
            Ok(_) => assert!(wins),
            Err(reason) => assert!(!wins && reason.to_string() == "ticket did not win", "{reason}"),
        }
    }
}

#[test]
fn a_ticket_expires_with_its_second_round() {
    let mut w = network(ProtocolVersion::D26);
    let (o, gateway) = (account(1), signer(9));
    let made: Vec<_> = (0..2).map(|_| w.ticket(gateway.address(), o, U256::from(7), U256::MAX)).collect();
    let signed: Vec<_> = made.iter().map(|(ticket, _)| w.sign(&gateway, ticket)).collect();
    w.next_round();
    w.redeem(&made[0].0, &signed[0], made[0].1).expect("the next round is still good");
    w.next_round();
    assert_eq!(message(w.redeem(&made[1].0, &signed[1], made[1].1)), "ticket is expired");
}

#[test]
fn a_ticket_beyond_its_cover_divides_the_versions() {
    // Deposit and reserve are 3 ETH together.
    for (version, paid) in [(ProtocolVersion::D24, Some(lpt(3))), (ProtocolVersion::D26, None)] {
        let mut w = network(version);
        let o = account(1);
        match (w.pay_fees(&signer(9), o, lpt(5)), paid) {
            (Ok(_), Some(wei)) => {
                let owed = w.fees(o) + w.fees(account(2));
                assert!(wei - owed < U256::from(10), "{owed}");
            }
            (Err(reason), None) => {
                assert_eq!(reason.to_string(), "sender deposit and reserve insufficient to cover ticket face value");
            }
            (other, _) => panic!("{version:?}: {other:?}"),
        }
    }
}

#[test]
fn unlocked_funds_come_back_and_stop_paying() {
    let mut w = network(ProtocolVersion::D26);
    let (gateway, broker) = (signer(9), w.d.ticket_broker);
    let sender = gateway.address();
    w.chain.send(sender, broker, &TicketBroker::unlockCall {}).expect("has funds");
    assert_eq!(message(w.chain.send(sender, broker, &TicketBroker::withdrawCall {})), "account is locked");
    w.next_round();
    w.next_round();
    assert_eq!(message(w.pay_fees(&gateway, account(1), U256::from(1))), "sender is unlocked");
    w.chain.send(sender, broker, &TicketBroker::withdrawCall {}).expect("the period is over");
    assert_eq!(w.chain.balance(sender), lpt(3));
    assert_eq!(w.chain.balance(w.d.minter), U256::ZERO);
}

#[test]
fn nobody_mints_but_the_minter() {
    let mut w = network(ProtocolVersion::D26);
    let token = w.d.token;
    let call = LivepeerToken::mintCall { _to: account(5), _amount: lpt(1) };
    for who in [crate::deploy::owner(), account(5), w.d.bonding_manager] {
        assert!(w.chain.send(who, token, &call).is_err());
    }
    w.chain.send(w.d.minter, token, &call).expect("holds the role");
}
