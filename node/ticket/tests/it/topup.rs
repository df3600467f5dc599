//! Balances that the other side keeps.

use num_bigint::BigInt;
use num_rational::BigRational;
use weir_ticket::Value;
use weir_ticket::balance::{Balances, Key};
use weir_ticket::topup::{balance_of_line, tickets};
use weir_types::{Address, Credit, Instant};

const KEY: Key = (Address::repeat_byte(1), 7);

fn value(num: i64, den: i64) -> Value {
    Credit(BigRational::new(BigInt::from(num), BigInt::from(den))).into()
}

#[test]
fn a_balance_becomes_what_the_other_side_says() {
    let mut balances = Balances::new();
    balances.credit(KEY, &value(25, 3), Instant::ZERO);
    let adopted = balances.adopt(KEY, &value(84, 1), &value(82, 1), Instant::ZERO);
    assert_eq!((adopted.difference, adopted.covered, adopted.reset), (value(227, 3), true, false));
    let adopted = balances.adopt(KEY, &value(0, 1), &value(1, 1), Instant::ZERO);
    assert_eq!((adopted.covered, adopted.reset), (false, true));
    assert_eq!(balances.amount(KEY), Credit::zero());
}

#[test]
fn a_cost_is_covered_by_whole_tickets_and_not_by_too_many() {
    assert_eq!(tickets(&value(1, 3), &value(1, 3)), 1);
    assert_eq!(tickets(&value(10, 1), &value(3, 1)), 4);
    assert_eq!(tickets(&value(1 << 60, 1), &value(1, 3)), 600);
    assert_eq!(tickets(&value(-1, 1), &value(-1, 1)), 0);
    assert_eq!(tickets(&value(1, 1), &value(0, 1)), 0);
}

#[test]
fn lines_that_hold_no_number_say_nothing() {
    assert_eq!(balance_of_line("data: -5.25 ").0, BigRational::new(BigInt::from(-21), BigInt::from(4)));
    for line in ["", "data:", "data:x", "data:1/0", "balance:5", "data:1e9999999"] {
        assert_eq!(balance_of_line(line), Credit::zero(), "{line}");
    }
}
