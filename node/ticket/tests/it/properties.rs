//! Tickets and credit for any input.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, Zero};
use proptest::prelude::*;
use weir_ticket::balance::{Balances, Key};
use weir_ticket::recipient::{ChainView, MAX_NONCES, Recipient, RecipientConfig, TicketError};
use weir_ticket::sender::{Sender, SenderConfig, SenderError, SenderView};
use weir_ticket::sig::verify;
use weir_ticket::{
    EthVerifier, ExpirationParams, Signature, SigningKey, Ticket, TicketParams, TicketSigner, Value, WinningTicket,
};
use weir_types::amount::big;
use weir_types::{Address, B256, Credit, Entropy, Instant, L1Block, Pixels, Price, Round, U256, Wei, WinProb};

use crate::support::{Trusting, gateway_key, orchestrator_key, secret};

fn words() -> impl Strategy<Value = U256> {
    (any::<[u64; 4]>(), 0..256usize).prop_map(|(limbs, cut)| U256::from_limbs(limbs) >> cut)
}

fn amounts() -> impl Strategy<Value = Wei> {
    (any::<u128>(), 0..128u32).prop_map(|(v, cut)| Wei::new(v >> cut))
}

fn prices() -> impl Strategy<Value = Price> {
    (any::<u64>(), 0..64u32, any::<u64>(), 0..64u32)
        .prop_map(|(n, a, d, b)| Price::new(n >> a, (d >> b).max(1)).expect("denominator"))
}

fn rationals() -> impl Strategy<Value = BigRational> {
    (any::<i64>(), 0..64u32, 1..=u64::MAX, 0..64u32)
        .prop_map(|(n, a, d, b)| BigRational::new((n >> a).into(), (d >> b).max(1).into()))
}

/// A sum of ticket values and fees, and the same as one fraction.
/// Whole numbers about the lengths of machine words.
fn long() -> impl Strategy<Value = BigInt> {
    (0..132u32, any::<u8>()).prop_map(|(bits, near)| (BigInt::from(1u64) << bits) + BigInt::from(near))
}

fn values() -> impl Strategy<Value = (Value, BigRational)> {
    let tickets = prop::collection::vec((amounts(), words()), 0..4);
    (tickets, rationals(), any::<bool>()).prop_map(|(tickets, rest, minus)| {
        let (mut v, mut exact) = (Value::from(Credit(rest.clone())), rest);
        for (face_value, p) in tickets {
            let part = Value::expected(face_value, WinProb(p));
            let same = BigRational::new(big(face_value.0) * big(p), big(U256::MAX));
            if minus {
                v -= &part;
                exact -= same;
            } else {
                v += &part;
                exact += same;
            }
        }
        (v, exact)
    })
}

fn tickets() -> impl Strategy<Value = Ticket> {
    let who = (any::<[u8; 20]>(), amounts(), words(), any::<u32>());
    let when = (any::<[u8; 32]>(), any::<u64>(), any::<[u8; 32]>(), any::<u64>());
    (who, when).prop_map(|((recipient, face_value, p, nonce), (rand_hash, round, hash, block))| Ticket {
        recipient: recipient.into(),
        sender: gateway_key().address(),
        face_value,
        win_prob: WinProb(p),
        sender_nonce: nonce,
        recipient_rand_hash: rand_hash.into(),
        creation_round: Round(round),
        creation_round_block_hash: hash.into(),
        params_expiration_block: L1Block(block),
    })
}

fn view() -> ChainView {
    ChainView { l1: L1Block(100), round: Round(5), round_hash: B256::repeat_byte(1), ..ChainView::default() }
}

fn recipient(ev: Wei) -> Recipient {
    Recipient::new(orchestrator_key().address(), secret(), RecipientConfig { ev, ..RecipientConfig::default() })
}

proptest! {
    #[test]
    fn sums_are_exact((a, x) in values(), (b, y) in values()) {
        prop_assert_eq!(&a.credit().0, &x);
        let mut sum = a.clone();
        sum += &b;
        prop_assert_eq!(sum.credit().0, &x + &y);
        let mut gap = a.clone();
        gap -= &b;
        prop_assert_eq!(gap.credit().0, &x - &y);
        prop_assert_eq!(a.cmp(&b), x.cmp(&y));
        prop_assert_eq!(a == b, x == y);
        prop_assert_eq!((a.is_positive(), a.is_zero()), (x.is_positive(), x.is_zero()));
        let one_fraction = Value::from(Credit(x.clone()));
        prop_assert!(one_fraction == a && one_fraction.cmp(&b) == x.cmp(&y));
    }

    #[test]
    fn values_compare_exactly_however_close(
        face_value in amounts(), p in words(), shift in -3..=3i32, den in 1..=u64::MAX, step in -1..=1i64,
    ) {
        let exact = BigRational::new(big(face_value.0) * big(p), big(U256::MAX));
        let scaled = &exact * BigRational::from_integer(2.into()).pow(shift) * BigRational::from_integer(den.into());
        let near = BigRational::new(scaled.floor().to_integer() + BigInt::from(step), den.into());
        prop_assume!(!near.is_negative());
        let value = Value::expected(face_value, WinProb(p));
        prop_assert_eq!(value.cmp(&Value::from(Credit(near.clone()))), exact.cmp(&near));
        prop_assert_eq!(Value::from(Credit(near.clone())).cmp(&value), near.cmp(&exact));
    }

    #[test]
    fn multiples_are_exact((a, x) in values(), n: u64) {
        prop_assert_eq!(a.times(n).credit().0, x * BigInt::from(n));
    }

    #[test]
    fn divisions_round_up((a, x) in values(), (b, y) in values()) {
        let got = a.div_ceil(&b);
        if !x.is_positive() || !y.is_positive() {
            prop_assert_eq!(got, 0);
        } else {
            let exact = (x / y).ceil().to_integer();
            prop_assert_eq!(got, u64::try_from(exact).unwrap_or(u64::MAX));
        }
    }

    #[test]
    fn fees_are_exact(price in prices(), pixels: u64) {
        let exact = price.ratio() * BigInt::from(pixels);
        prop_assert_eq!(&price.fee(Pixels(pixels)).0, &exact);
        prop_assert_eq!(Value::fee(&price, Pixels(pixels)).credit().0, exact);
    }

    /// Fractions of machine words become longer ones where they have to, and the other way round.
    #[test]
    fn sums_of_fractions_of_all_lengths_are_exact(parts in prop::collection::vec((long(), long(), any::<bool>()), 1..12)) {
        let (mut sum, mut exact) = (Value::zero(), BigRational::zero());
        for (num, den, negative) in parts {
            let part = BigRational::new(num, den + BigInt::from(1u64));
            if negative {
                sum -= &Value::from(Credit(part.clone()));
                exact -= part;
            } else {
                sum += &Value::from(Credit(part.clone()));
                exact += part;
            }
            prop_assert_eq!(&sum.credit().0, &exact);
            prop_assert_eq!(sum.is_positive(), exact.is_positive());
        }
    }

    /// With face value F, expected value E and M = 2^256 - 1, the probability is E (M / F) with the
    /// quotient rounded up: the ticket is worth E and less than E F / M more.
    #[test]
    fn expected_value_is_the_configured_one(ev in amounts(), face_value in amounts()) {
        prop_assume!(!face_value.is_zero() && ev <= face_value);
        let r = recipient(ev);
        let got = Value::expected(face_value, r.win_prob(face_value)).credit().0;
        let (e, f, m) = (big(ev.0), big(face_value.0), big(U256::MAX));
        let surplus = got - BigRational::from_integer(e.clone());
        prop_assert!(!surplus.is_negative(), "{}", surplus);
        let bound = BigRational::new(e * f, m);
        prop_assert!(surplus < bound || surplus.is_zero(), "{} of {}", surplus, bound);
    }

    #[test]
    fn a_face_value_keeps_to_its_limits(
        ev in amounts(), float in amounts(), limit in amounts(), gas_price in 0..1u64 << 40, gas in 0..1u64 << 32,
    ) {
        let config = RecipientConfig { ev, redeem_gas: gas, max_face_value: limit, ..RecipientConfig::default() };
        let r = Recipient::new(Address::repeat_byte(1), secret(), config);
        if let Ok(v) = r.face_value(float, Wei::new(gas_price.into())) {
            prop_assert!(v >= ev && v <= float && (limit.is_zero() || v <= limit));
            let cost = U256::from(gas) * U256::from(gas_price.min(3_000_000_000));
            prop_assert!(v.0 >= cost, "{} does not pay for its redemption", v);
        } else {
            // Only money that is lacking, or a limit, stands against a ticket.
            prop_assert!(r.face_value(Wei(U256::MAX), Wei::ZERO).is_ok() || !limit.is_zero());
        }
    }

    #[test]
    fn staging_lifts_to_the_minimum_and_not_a_ticket_more(
        existing in rationals(), fee in rationals(), face_value in amounts(), p in words(),
    ) {
        let key: Key = (Address::repeat_byte(1), 1);
        let ev = Value::expected(face_value, WinProb(p));
        let (have, need) = (Value::from(Credit(existing.clone())), Value::from(Credit(fee.clone())));
        let mut b = Balances::new();
        b.credit(key, &have, Instant::ZERO);
        let s = b.stage(key, &need, &ev);
        prop_assert!(b.amount(key).0.is_zero() && s.existing == have);
        prop_assert_eq!(&s.new_credit, &ev.times(s.tickets));
        if existing >= fee || !ev.is_positive() {
            prop_assert_eq!(s.tickets, 0);
        } else if s.tickets < u64::MAX {
            let lifted = |n| existing.clone() + ev.times(n).credit().0;
            prop_assert!(lifted(s.tickets) >= fee);
            prop_assert!(s.tickets > 0 && lifted(s.tickets - 1) < fee);
        }
    }

    #[test]
    fn credit_and_debit_cancel(parts in prop::collection::vec((0..3u64, values()), 0..12)) {
        let mut b = Balances::new();
        let key = |session| (Address::repeat_byte(1), session);
        let mut totals = [BigRational::zero(), BigRational::zero(), BigRational::zero()];
        for (session, (v, exact)) in &parts {
            b.credit(key(*session), v, Instant::ZERO);
            totals[usize::try_from(*session).expect("few")] += exact;
        }
        for (session, total) in totals.iter().enumerate() {
            prop_assert_eq!(&b.amount(key(session as u64)).0, total);
        }
        for (session, (v, _)) in parts.iter().rev() {
            b.debit(key(*session), v, Instant::ZERO);
        }
        prop_assert!((0..3).all(|s| b.amount(key(s)).0.is_zero()));
    }

    #[test]
    fn nonces_rise_and_none_comes_twice(
        start in prop_oneof![Just(0), any::<u32>(), u32::MAX - 20..=u32::MAX], sizes in prop::collection::vec(0..9u64, 1..8),
    ) {
        let mut s = Sender::new(SenderConfig { deposit_multiplier: 0, ..SenderConfig::default() });
        let p = TicketParams {
            recipient: Address::repeat_byte(1),
            face_value: Wei::ZERO,
            win_prob: WinProb::ZERO,
            recipient_rand_hash: B256::repeat_byte(2),
            seed: U256::ZERO,
            expiration_block: L1Block(140),
            expiration_params: ExpirationParams::default(),
        };
        let id = s.start_after(p, start);
        let mut last = start;
        for n in sizes {
            match s.batch(&id, n, &SenderView::default(), &Stamp) {
                Ok(b) => {
                    prop_assert_eq!(b.tickets.len() as u64, n);
                    for t in b.tickets {
                        prop_assert_eq!(Some(t.nonce), last.checked_add(1));
                        last = t.nonce;
                    }
                }
                Err(e) => {
                    prop_assert_eq!(e, SenderError::NoncesUsedUp { nonce: last, tickets: n });
                    prop_assert!(u64::from(last) + n > u64::from(u32::MAX));
                }
            }
        }
    }

    #[test]
    fn tickets_round_trip(t in tickets(), rand in words()) {
        let w = WinningTicket { sig: gateway_key().sign(t.hash()), ticket: t, recipient_rand: rand };
        let json = serde_json::to_string(&w).expect("JSON");
        prop_assert_eq!(serde_json::from_str::<WinningTicket>(&json).expect("own form"), w);
    }
}

/// Signs nothing.
struct Stamp;

impl TicketSigner for Stamp {
    fn address(&self) -> Address {
        Address::repeat_byte(7)
    }
    fn sign(&self, _: B256) -> Signature {
        Signature::INVALID
    }
}

/// Changes to a ticket, one field each. The last one is not part of its hash.
type Change = fn(&mut Ticket);

const CHANGES: [(&str, Change); 9] = [
    ("recipient", |t| t.recipient.0[3] ^= 1),
    ("sender", |t| t.sender.0[3] ^= 1),
    ("face value", |t| t.face_value.0 ^= U256::from(1u64)),
    ("win probability", |t| t.win_prob.0 ^= U256::from(1u64)),
    ("nonce", |t| t.sender_nonce ^= 1),
    ("hash of the number", |t| t.recipient_rand_hash.0[3] ^= 1),
    ("round", |t| t.creation_round.0 ^= 1 << 63),
    ("hash of the round", |t| t.creation_round_block_hash.0[3] ^= 1),
    ("expiration block", |t| t.params_expiration_block.0 ^= 1),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_altered_ticket_is_not_the_senders(t in tickets()) {
        let key = gateway_key();
        let sig = key.sign(t.hash());
        prop_assert_eq!(verify(t.sender, t.hash(), &sig), Ok(()));
        for (what, change) in &CHANGES[..8] {
            let mut other = t.clone();
            change(&mut other);
            prop_assert!(verify(other.sender, other.hash(), &sig).is_err(), "{} changed", what);
        }
    }

    /// Whoever has the key may sign what it likes: the recipient knows what it asked for.
    #[test]
    fn a_ticket_under_altered_parameters_is_refused(ev in 1..1u64 << 40, seed in words(), nonce: u32) {
        let key = gateway_key();
        let price = Price::new(1, 3).expect("price");
        let mut r = recipient(Wei::new(ev.into()));
        let p = r.ticket_params(key.address(), &price, Wei::from_whole(1), &view(), seed).expect("params");
        let good = p.ticket(key.address(), nonce, p.expiration_params);
        for (what, change) in &CHANGES {
            let mut other = good.clone();
            change(&mut other);
            if *what == "nonce" {
                continue;
            }
            let got = r.receive(&other, &key.sign(other.hash()), seed, &price, L1Block(100), &EthVerifier);
            prop_assert!(got.error.as_ref().is_some_and(TicketError::is_fatal), "{} changed", what);
            prop_assert!(!got.won, "{} changed", what);
        }
        let sig = key.sign(good.hash());
        let other_price = Price::new(1, 4).expect("price");
        for (seed, price) in [(seed ^ U256::from(1u64), &price), (seed, &other_price)] {
            let got = r.receive(&good, &sig, seed, price, L1Block(100), &EthVerifier);
            prop_assert_eq!(got.error, Some(TicketError::RecipientRand));
        }
        prop_assert_eq!(r.remembered(), 0);
        prop_assert_eq!(r.receive(&good, &sig, seed, &price, L1Block(100), &EthVerifier).error, None);
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn fresh_nonces_are_taken_and_repeated_ones_are_not(order in prop::collection::vec(0..700u32, 0..900)) {
        let price = Price::new(1, 1).expect("price");
        let mut r = recipient(Wei::new(5));
        let p = r.ticket_params(gateway_key().address(), &price, Wei::from_whole(1), &view(), U256::ZERO).expect("params");
        let mut seen = std::collections::BTreeSet::new();
        for nonce in order.into_iter().chain(0..700) {
            let t = p.ticket(gateway_key().address(), nonce, p.expiration_params);
            let got = r.receive(&t, &Signature::INVALID, p.seed, &price, L1Block(100), &Trusting).error;
            let sender = gateway_key().address();
            let want = if seen.contains(&nonce) {
                Some(TicketError::NonceSeen { sender, nonce })
            } else if seen.len() >= MAX_NONCES {
                Some(TicketError::TooManyNonces { sender, nonce })
            } else {
                seen.insert(nonce);
                None
            };
            prop_assert_eq!(got, want);
        }
        prop_assert_eq!(seen.len(), MAX_NONCES);
    }
}

/// Wins of `n` tickets of a recipient that asks for a probability, with signatures of a fixed stream.
fn wins(p: WinProb, n: u32, seed: u8) -> u32 {
    let mut rng = Entropy::from_seed([seed; 32]);
    let mut sig = Signature::INVALID;
    let mut won = 0;
    for _ in 0..n {
        sig.0[..32].copy_from_slice(&rng.word().to_be_bytes::<32>());
        sig.0[32..64].copy_from_slice(&rng.word().to_be_bytes::<32>());
        won += u32::from(weir_ticket::is_winning(&sig.0, rng.word(), p));
    }
    won
}

#[test]
fn tickets_win_as_often_as_their_probability_says() {
    for (i, parts) in [2u64, 3, 10, 64, 500].into_iter().enumerate() {
        let (n, p) = (40_000, 1.0 / parts as f64);
        let won = f64::from(wins(WinProb(U256::MAX / U256::from(parts)), n, i as u8));
        let (mean, sigma) = (f64::from(n) * p, (f64::from(n) * p * (1.0 - p)).sqrt());
        assert!((won - mean).abs() < 4.0 * sigma, "{won} of {n} instead of {mean} at 1/{parts}");
    }
    assert_eq!(wins(WinProb::ZERO, 1_000, 9), 0);
    assert_eq!(wins(WinProb::ONE, 1_000, 9), 1_000);
}

#[test]
fn signed_tickets_win_as_often_as_their_probability_says() {
    let key = SigningKey::from_bytes([0x11; 32]).expect("key");
    let price = Price::new(1, 1).expect("price");
    let mut r = recipient(Wei::new(250));
    let float = Wei::new(1_000);
    let mut won = 0;
    let n = 2_000u32;
    for seed in 0..4u64 {
        let p = r.ticket_params(key.address(), &price, float, &view(), U256::from(seed)).expect("params");
        for nonce in 0..n / 4 {
            let t = p.ticket(key.address(), nonce, p.expiration_params);
            let got = r.receive(&t, &key.sign(t.hash()), p.seed, &price, L1Block(100), &EthVerifier);
            assert_eq!(got.error, None);
            won += u32::from(got.won);
        }
    }
    // A face value of 1,000 and an expected value of 250: one in four, 500 and 19 about them.
    assert!((423..=577).contains(&won), "{won} of {n}");
}
