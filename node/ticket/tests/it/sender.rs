//! A gateway's checks and batches.

use weir_ticket::sender::{Sender, SenderConfig, SenderError, SenderView};
use weir_ticket::{ExpirationParams, TicketParams};
use weir_types::{Address, B256, L1Block, U256, Wei, WinProb};

use crate::support::{gateway_key, orchestrator_key};

fn params(face_value: Wei, win_prob: WinProb, expiration_block: u64) -> TicketParams {
    TicketParams {
        recipient: orchestrator_key().address(),
        face_value,
        win_prob,
        recipient_rand_hash: B256::repeat_byte(3),
        seed: U256::from(1u64),
        expiration_block: L1Block(expiration_block),
        expiration_params: ExpirationParams::default(),
    }
}

#[test]
fn worthless_tickets_without_number_are_not_signed() {
    let mut s = Sender::new(SenderConfig::default());
    let id = s.start(params(Wei::ZERO, WinProb::ZERO, 140));
    let view = SenderView { l1: L1Block(100), ..SenderView::default() };
    let got = s.batch(&id, u64::MAX, &view, &gateway_key());
    assert_eq!(got, Err(SenderError::NoncesUsedUp { nonce: 0, tickets: u64::MAX }));
    assert_eq!(s.batch(&id, 2, &view, &gateway_key()).map(|b| b.tickets.len()), Ok(2));
}

#[test]
fn sessions() {
    let mut s = Sender::new(SenderConfig::default());
    assert!(s.is_empty());
    let id = s.start(params(Wei::new(5), WinProb::ONE, 140));
    assert!(s.has(&id) && s.len() == 1 && !s.is_empty());
    s.end(&id);
    assert!(!s.has(&id) && s.is_empty());
    assert_eq!(
        s.batch(&id, 1, &SenderView::default(), &gateway_key()).map(|b| b.tickets.len()),
        Err(SenderError::UnknownSession(id))
    );
}

#[test]
fn refusals_show_five_decimals() {
    let third = Wei::new(3_000_000_000_000 * 2);
    let view = SenderView { l1: L1Block(1), deposit: third, reserve: third, ..SenderView::default() };
    let p = params(Wei::new(3_000_000_000_001), WinProb(U256::MAX - U256::from(1u64)), 40);
    let got = Sender::new(SenderConfig::default()).validate(Some(&p), 1, &view).map_err(|e| e.to_string());
    assert_eq!(got, Err("ticket EV 3000000000001.00000 > max ticket EV 3000000000000.00000".to_owned()));
    assert_eq!(orchestrator_key().address(), p.recipient);
    assert_ne!(p.recipient, Address::ZERO);
}
