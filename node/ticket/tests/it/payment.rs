//! Whole payments.

use weir_ticket::balance::Balances;
use weir_ticket::payment::{PaymentView, process};
use weir_ticket::recipient::{ChainView, Recipient, RecipientConfig, TicketError};
use weir_ticket::{EthVerifier, Payment, PriceInfo, SenderParams};
use weir_types::{B256, Instant, L1Block, Price, Round, U256, Wei};

use crate::support::{gateway_key, orchestrator_key, secret};

#[test]
fn a_fatal_ticket_ends_the_payment() {
    let key = gateway_key();
    let config = RecipientConfig { ev: Wei::new(5), ..RecipientConfig::default() };
    let mut recipient = Recipient::new(orchestrator_key().address(), secret(), config);
    let price = Price::new(1, 1).expect("a price");
    let view =
        ChainView { l1: L1Block(100), round: Round(5), round_hash: B256::repeat_byte(1), ..ChainView::default() };
    let params = recipient.ticket_params(key.address(), &price, Wei::from_whole(1), &view, U256::from(9u64));
    let params = params.expect("there is money");
    let ticket = |nonce| {
        let ticket = params.ticket(key.address(), nonce, params.expiration_params);
        SenderParams { nonce, sig: key.sign(ticket.hash()) }
    };
    let mut payment = Payment {
        sender: key.address(),
        ticket_params: Some(params.clone()),
        expiration_params: Some(params.expiration_params),
        tickets: (1..5).map(ticket).collect(),
        expected_price: PriceInfo::of(&price),
    };
    let view = PaymentView { l1: L1Block(100), round: Round(5), active: true, withdraw_round: Round(0) };
    let mut balances = Balances::new();
    let mut pay = |payment: &Payment, recipient: &mut Recipient| {
        process(payment, 1, recipient, &mut balances, &view, &EthVerifier, Instant::ZERO)
    };
    payment.ticket_params.as_mut().expect("params").seed += U256::from(1u64);
    let out = pay(&payment, &mut recipient);
    assert_eq!(out.error, Some(TicketError::RecipientRand.into()));
    assert!(out.winners.is_empty() && out.credited.is_zero());
    assert_eq!(recipient.remembered(), 0);
    payment.ticket_params = Some(params.clone());
    let out = pay(&payment, &mut recipient);
    assert_eq!((out.error, recipient.remembered()), (None, 1));
    assert!(!out.credited.is_zero());
}

#[test]
fn withdrawal_in_the_next_round_or_sooner() {
    for (withdraw, round, want) in [(0, 5, false), (7, 5, false), (6, 5, true), (5, 5, true), (1, 5, true)] {
        let v = PaymentView { l1: L1Block(0), round: Round(round), active: true, withdraw_round: Round(withdraw) };
        assert_eq!(v.unlocking(), want, "withdrawal in {withdraw}, round {round}");
    }
}
