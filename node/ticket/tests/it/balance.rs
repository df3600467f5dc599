//! Credit of sessions.

use weir_ticket::Value;
use weir_ticket::balance::{BALANCE_LIFE, Balances, Key};
use weir_types::{Address, Credit, Instant, Price};

use crate::support::credit;

const KEY: Key = (Address::repeat_byte(1), 7);

fn value(s: &str) -> Value {
    credit(s).into()
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
