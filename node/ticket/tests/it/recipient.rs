//! An orchestrator's parameters and checks.

use proptest::prelude::*;
use weir_ticket::recipient::{ChainView, Issued, PARAMS_VALIDITY, Recipient, RecipientConfig, TicketError};
use weir_ticket::{EthVerifier, ExpirationParams, Signature, TicketParams};
use weir_types::{Address, B256, L1Block, Price, Round, U256, Wei, WinProb};

use crate::support::{Trusting, gateway_key, orchestrator_key, secret};

fn zero_hash_params(r: &Recipient, seed: u64, price: &Price) -> TicketParams {
    let view =
        ChainView { l1: L1Block(100), round: Round(5), round_hash: B256::repeat_byte(1), ..ChainView::default() };
    r.ticket_params(gateway_key().address(), price, Wei(U256::MAX), &view, U256::from(seed)).expect("params")
}

#[test]
fn nonces_are_forgotten_with_their_parameters() {
    let price = Price::new(1, 1).expect("price");
    let mut r = Recipient::new(orchestrator_key().address(), secret(), RecipientConfig::default());
    let p = zero_hash_params(&r, 1, &price);
    assert_eq!(p.expiration_block, L1Block(100 + PARAMS_VALIDITY));
    let t = p.ticket(gateway_key().address(), 7, p.expiration_params);
    let send = |r: &mut Recipient, l1| r.receive(&t, &Signature::INVALID, p.seed, &price, L1Block(l1), &Trusting).error;
    assert_eq!(send(&mut r, 100), None);
    r.clean_up(L1Block(139));
    assert_eq!(r.remembered(), 1);
    assert!(matches!(send(&mut r, 139), Some(TicketError::NonceSeen { nonce: 7, .. })));
    r.clean_up(L1Block(140));
    assert_eq!(r.remembered(), 0);
    assert_eq!(send(&mut r, 140), Some(TicketError::Expired));
}

#[test]
fn another_life_takes_no_old_tickets() {
    let price = Price::new(1, 1).expect("price");
    let address = orchestrator_key().address();
    let old = Recipient::new(address, secret(), RecipientConfig::default());
    let mut new = Recipient::new(address, [4; 32], RecipientConfig::default());
    let p = zero_hash_params(&old, 1, &price);
    let t = p.ticket(gateway_key().address(), 1, p.expiration_params);
    let got = new.receive(&t, &Signature::INVALID, p.seed, &price, L1Block(100), &Trusting);
    assert_eq!(got.error, Some(TicketError::RecipientRand));
}

/// Numbers are found again in whatever order the parameters come back, and for what they were issued for alone.
#[test]
fn the_number_behind_parameters_is_the_same_remembered_or_derived() {
    let (price, other) = (Price::new(3, 7).expect("price"), Price::new(4, 7).expect("price"));
    let (sender, stranger) = (gateway_key().address(), Address::repeat_byte(9));
    let view = ChainView { round: Round(5), round_hash: B256::repeat_byte(1), ..ChainView::default() };
    let mut r = Recipient::new(orchestrator_key().address(), secret(), RecipientConfig::default());
    let plain = r.clone();
    // More than are remembered, so that most have displaced another one.
    let issued: Vec<TicketParams> = (0..500)
        .map(|seed| r.issue(sender, &price, Wei::from_whole(1), &view, U256::from(seed)).expect("params"))
        .collect();
    for p in &issued {
        assert_eq!(Some(p), plain.ticket_params(sender, &price, Wei::from_whole(1), &view, p.seed).ok().as_ref());
        let derived = |of: &TicketParams, sender, price: &Price| Issued::new(plain.rand(sender, of, price));
        assert_eq!(r.issued(sender, p, &price), derived(p, sender, &price));
        assert_eq!(r.issued(stranger, p, &price), derived(p, stranger, &price));
        assert_eq!(r.issued(sender, p, &other), derived(p, sender, &other));
        let cheaper = TicketParams { face_value: Wei::new(1), ..p.clone() };
        assert_eq!(r.issued(sender, &cheaper, &price), derived(&cheaper, sender, &price));
        assert_ne!(r.issued(sender, &cheaper, &price), r.issued(sender, p, &price));
    }
}

#[test]
fn a_round_without_a_hash_falls_back_on_the_one_before() {
    let r = Recipient::new(orchestrator_key().address(), secret(), RecipientConfig::default());
    let previous = B256::repeat_byte(2);
    let view = ChainView { round: Round(5), previous_hash: previous, ..ChainView::default() };
    let p = r.ticket_params(Address::repeat_byte(1), &Price::free(), Wei::ZERO, &view, U256::ZERO).expect("free");
    let want = ExpirationParams { creation_round: Round(4), creation_round_block_hash: previous };
    assert_eq!((p.expiration_params, p.face_value, p.win_prob), (want, Wei::ZERO, WinProb::ZERO));
}

/// Signatures of a ticket that only differ in `v`, and other ways to make one that the contract refuses.
#[test]
fn a_ticket_with_another_v_is_refused() {
    let price = Price::new(1, 1).expect("price");
    let mut r = Recipient::new(orchestrator_key().address(), secret(), RecipientConfig::default());
    let p = zero_hash_params(&r, 1, &price);
    for nonce in 1..=200 {
        let t = p.ticket(gateway_key().address(), nonce, p.expiration_params);
        let good = gateway_key().sign(t.hash());
        let mut receive = |sig: &Signature| r.receive(&t, sig, p.seed, &price, L1Block(100), &EthVerifier);
        let mut flipped = good;
        flipped.0[64] = 27 + (28 - flipped.0[64]);
        // The sender is known from its other tickets: that must not matter.
        let got = receive(&flipped);
        assert_eq!((got.error, got.won), (Some(TicketError::Signature), false), "nonce {nonce}");
        for v in [0, 1, 2, 26, 29, 30, 255] {
            let mut other = good;
            other.0[64] = v;
            assert_eq!(receive(&other).error, Some(TicketError::Signature), "v {v}");
        }
        assert_eq!(receive(&good).error, None);
    }
}

proptest! {
    /// Whatever a redemption is measured to cost, whoever was served before is served, with a face value that its
    /// money pays.
    #[test]
    fn a_measured_cost_turns_nobody_away(
        ev in 1..10_000u128,
        [configured, measured] in [1..100u64, 0..1_000u64],
        multiplier in 1..200u64,
        max_face_value in prop_oneof![Just(0u128), 1..1_000_000u128],
        max_float in 0..1_000_000u128,
        [usual, present] in [0..100u128, 0..10_000u128],
    ) {
        let config = RecipientConfig {
            ev: Wei::new(ev),
            redeem_gas: configured,
            tx_cost_multiplier: multiplier,
            max_face_value: Wei::new(max_face_value),
        };
        let mut r = Recipient::new(orchestrator_key().address(), secret(), config);
        r.note_gas_price(Wei::new(usual));
        let (max_float, present) = (Wei::new(max_float), Wei::new(present));
        let before = r.face_value(max_float, present);
        r.set_redeem_gas(measured);
        let after = r.face_value(max_float, present);
        prop_assert!(before.is_err() || after.is_ok(), "{:?} becomes {:?}", before, after);
        prop_assert!(after.is_err() || after.is_ok_and(|v| v <= max_float && v >= Wei::new(ev)));
        r.set_redeem_gas(configured);
        prop_assert_eq!(r.face_value(max_float, present), before);
    }
}
