//! Credit of sessions against go-livepeer's sequences.

use std::collections::BTreeMap;

use num_rational::BigRational;
use num_traits::Zero;
use weir_ticket::Value;
use weir_ticket::balance::{BALANCE_LIFE, Balances, Key};
use weir_types::{Address, Credit, Instant, Price};

use crate::support::{credit, data, decimal, list, maybe, number, ratio, text, wei, win_prob};

const KEY: Key = (Address::repeat_byte(1), 7);

fn value(s: &str) -> Value {
    credit(s).into()
}

/// What `stage` answers: tickets, their value, the credit that was there.
fn staged(b: &mut Balances, key: Key, min_credit: &Value, ev: &Value) -> (u64, BigRational, BigRational) {
    let s = b.stage(key, min_credit, ev);
    (s.tickets, s.new_credit.credit().0, s.existing.credit().0)
}

#[test]
fn staging() {
    let file = data("accounting");
    let all = list(&file, "stage_existing_minCredit_ev_tickets_newCredit_existingOut_after");
    assert_eq!(all.len(), 213);
    let (mut equal, mut worthless, mut huge) = (0, 0, 0);
    for row in all {
        let cell = |i: usize| row[i].as_str();
        let mut b = Balances::new();
        if let Some(v) = cell(0) {
            b.credit(KEY, &value(v), Instant::ZERO);
        }
        let (min_credit, ev) = (value(cell(1).expect("credit")), cell(2).map_or_else(Value::zero, value));
        let got = staged(&mut b, KEY, &min_credit, &ev);
        let tickets = row[3].as_i64().expect("tickets");
        let existing = ratio(cell(5).expect("existing"));
        let new_credit = ratio(cell(4).expect("credit"));
        let lacking = &min_credit.credit().0 - &existing;
        if tickets < 0 && !ev.is_positive() {
            // A value below zero: the original counts tickets below zero, here none is asked for.
            assert_eq!(got, (0, BigRational::zero(), existing), "{row}");
            worthless += 1;
        } else if lacking > ratio("9223372036854775807") && ev.is_positive() && got.0 > 1 << 62 {
            // More tickets than 64 bits count: the original keeps the low bits.
            assert_eq!((got.0, got.2), (u64::MAX, existing), "{row}");
            huge += 1;
        } else {
            assert_eq!(got, (tickets.unsigned_abs(), new_credit, existing), "{row}");
            equal += 1;
        }
        assert_eq!(b.amount(KEY).0, ratio(cell(6).expect("after")), "{row}");
    }
    assert_eq!((equal, worthless, huge), (194, 17, 2));
}

#[test]
fn sequences() {
    let file = data("accounting");
    let all = list(&file, "cases");
    assert_eq!(all.len(), 16);
    let (mut steps, mut worthless, mut later_prices, mut negative_prices) = (0, 0, 0, 0);
    for c in all {
        let mut b = Balances::new();
        let mut keys: BTreeMap<String, Key> = BTreeMap::new();
        for op in list(c, "ops") {
            let name = format!("{}/{}", text(op, "addr"), text(op, "id"));
            let session = keys.len() as u64;
            let key = *keys.entry(name).or_insert((Address::repeat_byte(text(op, "addr").as_bytes()[0]), session));
            let v = || value(text(op, "v"));
            match text(op, "op") {
                "credit" => b.credit(key, &v(), Instant::ZERO),
                "debit" => b.debit(key, &v(), Instant::ZERO),
                "reserve" => assert_eq!(b.reserve(key).credit(), credit(text(op, "out")), "{op}"),
                "stage" => {
                    let ev = value(text(op, "ev"));
                    let got = staged(&mut b, key, &value(text(op, "minCredit")), &ev);
                    let existing = ratio(text(op, "existing"));
                    let tickets = op["tickets"].as_i64().expect("tickets");
                    if tickets < 0 {
                        assert!(!ev.is_positive(), "{op}");
                        assert_eq!(got, (0, BigRational::zero(), existing), "{op}");
                        worthless += 1;
                    } else {
                        assert_eq!(got, (tickets.unsigned_abs(), ratio(text(op, "newCredit")), existing), "{op}");
                    }
                }
                // A session keeps its first price, and no price is below zero. The original's callers
                // see to both; its store takes any.
                "setFixedPrice" => match Price::from_ratio(ratio(text(op, "v"))) {
                    Some(p) => {
                        let before = b.fixed_price(key).cloned();
                        b.fix_price(key, &p, Instant::ZERO);
                        later_prices += usize::from(before.is_some());
                        assert_eq!(b.fixed_price(key), Some(&before.unwrap_or(p)), "{op}");
                    }
                    None => {
                        b.credit(key, &Value::zero(), Instant::ZERO);
                        negative_prices += 1;
                    }
                },
                "fixedPrice" => {}
                other => panic!("unknown step {other}"),
            }
            assert_eq!(b.get(key).map(Value::credit), maybe(op, "balance").map(|s| credit(&s)), "{op}");
            steps += 1;
        }
    }
    assert_eq!((steps, worthless, negative_prices), (400, 6, 4));
    assert!(later_prices > 5, "{later_prices} later prices");
}

#[test]
fn segments_of_a_gateway() {
    let file = data("balance_updates");
    let all = list(&file, "cases");
    assert_eq!(all.len(), 12);
    let mut outcomes: BTreeMap<&str, usize> = BTreeMap::new();
    for c in all {
        let ev = Value::expected(wei(c, "faceValue"), win_prob(c));
        assert_eq!(decimal(&ev.credit().0, 12), text(c, "ev"));
        let mut b = Balances::new();
        for op in list(c, "ops") {
            let six = |v: &Value| decimal(&v.credit().0, 6);
            // Without a price nothing is staged; a fee below a ticket's value counts as one ticket.
            let s = match maybe(op, "fee") {
                Some(fee) => b.stage(KEY, &value(&fee).max(ev.clone()), &ev),
                None => weir_ticket::balance::Staged { tickets: 0, new_credit: Value::zero(), existing: Value::zero() },
            };
            assert_eq!(s.tickets, number(op, "tickets"), "{op}");
            assert_eq!(
                (six(&s.new_credit), six(&s.existing)),
                (text(op, "newCredit").into(), text(op, "existing").into())
            );
            let outcome = text(op, "outcome");
            match outcome {
                "staged" => b.credit(KEY, &s.existing, Instant::ZERO),
                "spent" => {}
                "change" => {
                    b.credit(KEY, &s.existing, Instant::ZERO);
                    b.credit(KEY, &s.new_credit, Instant::ZERO);
                    b.debit(KEY, &value(text(op, "debit")), Instant::ZERO);
                }
                other => panic!("unknown outcome {other}"),
            }
            assert_eq!(decimal(&b.amount(KEY).0, 6), text(op, "balance6"), "{op}");
            *outcomes.entry(outcome).or_default() += 1;
        }
    }
    assert_eq!(outcomes.values().sum::<usize>(), 144);
    assert_eq!(outcomes["change"], 88);
}

#[test]
fn forgotten_after_a_while() {
    let mut b = Balances::new();
    let other: Key = (KEY.0, 8);
    b.credit(KEY, &value("5"), Instant::ZERO);
    b.credit(other, &value("5"), Instant::from_secs(1));
    let end = Instant::ZERO + BALANCE_LIFE;
    b.clean_up(Instant(end.0 - 1));
    assert_eq!(b.len(), 2);
    b.clean_up(end);
    assert_eq!((b.get(KEY), b.amount(other)), (None, credit("5")));
    assert_eq!(b.amount(KEY), Credit::zero());
    b.debit(other, &value("1"), end);
    b.clean_up(end + BALANCE_LIFE);
    assert!(b.is_empty());
}

#[test]
fn reserved_credit_keeps_the_session() {
    let mut b = Balances::new();
    b.credit(KEY, &value("5/3"), Instant::from_secs(1));
    b.fix_price(KEY, &Price::new(3, 1).expect("price"), Instant::from_secs(1));
    assert_eq!(b.reserve(KEY).credit(), credit("5/3"));
    assert_eq!(b.amount(KEY), Credit::zero());
    assert_eq!(b.fixed_price(KEY), Price::new(3, 1).as_ref());
    assert!(b.reserve(KEY).is_zero());
}
