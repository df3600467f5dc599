//! Over many tickets the winners are as many as the expected value says, and what they pay scatters as a binomial does.

use weir_ticket::recipient::{ChainView, Issued, Recipient, RecipientConfig};
use weir_ticket::{EthVerifier, LazySigner, LazyVerifier, TicketSigner, TicketVerifier};
use weir_types::{B256, L1Block, Price, Round, U256, Wei};

use crate::support::{gateway_key, orchestrator_key, secret};

/// Tickets under one set of parameters.
const BATCH: u32 = 500;
/// Batches whose wins are looked at together.
const GROUP: u32 = 20;

/// What came of many tickets.
struct Outcome {
    tickets: f64,
    wins: f64,
    /// Wins of each group.
    groups: Vec<f64>,
    chance: f64,
    /// Expected value of all tickets, and what their winners pay.
    expected: f64,
    paid: f64,
}

fn play(batches: u32, signer: &dyn TicketSigner, verifier: &dyn TicketVerifier) -> Outcome {
    // One ticket in eight wins.
    let config = RecipientConfig {
        ev: Wei::new(8_000_000_000),
        max_face_value: Wei::new(64_000_000_000),
        ..RecipientConfig::default()
    };
    let mut recipient = Recipient::new(orchestrator_key().address(), secret(), config);
    let price = Price::new(1_200, 1).expect("a price");
    let view =
        ChainView { l1: L1Block(100), round: Round(5), round_hash: B256::repeat_byte(1), ..ChainView::default() };
    let mut out = Outcome { tickets: 0.0, wins: 0.0, groups: Vec::new(), chance: 0.0, expected: 0.0, paid: 0.0 };
    for batch in 0..batches {
        let seed = U256::from(batch);
        let params = recipient.ticket_params(signer.address(), &price, Wei::from_whole(1), &view, seed);
        let params = params.expect("there is money");
        let issued = Issued::new(recipient.rand(signer.address(), &params, &price));
        let mut wins = 0.0;
        for nonce in 1..=BATCH {
            let ticket = params.ticket(signer.address(), nonce, params.expiration_params);
            let sig = ticket.sign(signer);
            let received = recipient.receive_under(&ticket, &sig, &issued, view.l1, verifier);
            assert_eq!(received.error, None);
            wins += f64::from(u8::from(received.won));
        }
        recipient.clean_up(L1Block(u64::MAX));
        let (face, ev) = (params.face_value.to_f64(), params.value().to_f64());
        out.tickets += f64::from(BATCH);
        out.wins += wins;
        out.chance = params.win_prob.to_f64();
        out.expected += ev * f64::from(BATCH);
        out.paid += wins * face;
        if batch % GROUP == 0 {
            out.groups.push(0.0);
        }
        *out.groups.last_mut().expect("a group was begun") += wins;
    }
    out
}

fn check(o: &Outcome) {
    let (n, p) = (o.tickets, o.chance);
    assert!((p - 0.125).abs() < 1e-9, "one in eight: {p}");
    let sigma = (n * p * (1.0 - p)).sqrt();
    let off = (o.wins - n * p) / sigma;
    assert!(off.abs() < 4.0, "{} wins of {n} tickets are {off} standard deviations from {}", o.wins, n * p);
    // The same in money.
    let face = o.paid / o.wins;
    let off = (o.paid - o.expected) / (sigma * face);
    assert!(off.abs() < 4.0, "{} wei paid of {} expected: {off} standard deviations", o.paid, o.expected);
    // The variance over groups has its own standard deviation: about sqrt(2 / groups) of itself.
    let groups = o.groups.len() as f64;
    let in_group = f64::from(BATCH * GROUP);
    let mean = in_group * p;
    let variance = o.groups.iter().map(|w| (w - mean).powi(2)).sum::<f64>() / groups;
    let binomial = in_group * p * (1.0 - p);
    let off = (variance / binomial - 1.0) / (2.0 / groups).sqrt();
    assert!(
        off.abs() < 4.0,
        "variance {variance} over {groups} groups, binomial {binomial}: {off} standard deviations"
    );
}

#[test]
fn ten_million_lazy_tickets() {
    let o = play(20_000, &LazySigner(gateway_key().address()), &LazyVerifier);
    assert_eq!(o.tickets, 1e7);
    check(&o);
}

#[test]
fn a_hundred_thousand_signed_tickets() {
    let o = play(200, &gateway_key(), &EthVerifier);
    assert_eq!(o.tickets, 1e5);
    check(&o);
}

#[test]
fn a_lazy_signature_is_of_one_signer_and_one_hash() {
    let (signer, hash) = (LazySigner(gateway_key().address()), B256::repeat_byte(7));
    let sig = signer.sign(hash);
    assert_eq!(LazyVerifier.verify(signer.0, hash, &sig), Ok(()));
    assert!(LazyVerifier.verify(orchestrator_key().address(), hash, &sig).is_err());
    assert!(LazyVerifier.verify(signer.0, B256::repeat_byte(8), &sig).is_err());
    assert!(EthVerifier.verify(signer.0, hash, &sig).is_err(), "the network does not take it");
    let sig = signer.sign_message(b"a ticket");
    assert_eq!(LazyVerifier.verify_message(signer.0, b"a ticket", &sig), Ok(()));
    assert!(LazyVerifier.verify_message(signer.0, b"a tickeT", &sig).is_err());
}
