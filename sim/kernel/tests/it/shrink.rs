//! Searches for the smallest input that still fails.

use proptest::prelude::*;
use weir_kernel::shrink::{shrink, shrink_number};

const PLENTY: usize = 100_000;

#[test]
fn only_what_is_needed_is_left() {
    for needed in [vec![], vec![0], vec![63], vec![17, 42], vec![1, 2, 3], vec![0, 9, 30, 31, 63]] {
        let fails = |items: &[u32]| needed.iter().all(|n| items.contains(n));
        assert_eq!(shrink((0..64).collect(), fails, PLENTY), needed);
    }
}

#[test]
fn an_input_that_does_not_fail_stays() {
    assert_eq!(shrink(vec![1, 2, 3], |_| false, PLENTY), [1, 2, 3]);
    assert_eq!(shrink(vec![5], |items| items == [5], PLENTY), [5]);
    assert!(shrink(Vec::<u32>::new(), |_| true, PLENTY).is_empty());
}

#[test]
fn a_lone_culprit_costs_few_questions() {
    let mut asked = 0;
    let fails = |items: &[u32]| {
        asked += 1;
        items.contains(&700)
    };
    assert_eq!(shrink((0..1_024).collect(), fails, PLENTY), [700]);
    assert!(asked <= 25, "{asked} questions");
}

#[test]
fn the_budget_is_kept_and_the_result_fails() {
    for budget in 0..60 {
        let mut asked = 0;
        let needed = |items: &[u32]| [3, 40, 41].iter().all(|n| items.contains(n));
        let fails = |items: &[u32]| {
            asked += 1;
            needed(items)
        };
        let got = shrink((0..64).collect(), fails, budget);
        assert!(asked <= budget && needed(&got), "{asked} of {budget}: {got:?}");
        assert!(budget > 0 || got.len() == 64);
    }
}

#[test]
fn numbers_shrink_to_the_smallest_that_fails() {
    for (least, value, smallest) in
        [(0, 1_000, 0), (0, 1_000, 1), (0, 1_000, 617), (0, 1_000, 1_000), (5, 5, 5), (5, 9, 6)]
    {
        assert_eq!(shrink_number(least, value, |n| n >= smallest, PLENTY), smallest.max(least));
    }
    assert_eq!(shrink_number(0, u64::MAX, |n| n >= 1 << 63, PLENTY), 1 << 63);
    assert_eq!(shrink_number(9, 3, |_| true, PLENTY), 9, "never below the least");
    let mut asked = 0;
    let mut count = |n| {
        asked += 1;
        n >= 617
    };
    assert_eq!(shrink_number(0, 1_000, &mut count, 3), 750);
    assert_eq!(asked, 3);
}

proptest! {
    #[test]
    fn nothing_more_can_be_left_out(n in 0..80u32, needed in prop::collection::btree_set(0..80u32, 0..8), odd: bool) {
        // Items that are needed, and a condition on all of them that makes gaps.
        let fails = |items: &[u32]| {
            needed.iter().all(|x| items.contains(x)) && (!odd || items.iter().sum::<u32>() % 3 == n % 3)
        };
        let items: Vec<u32> = (0..n).collect();
        let got = shrink(items.clone(), fails, PLENTY);
        prop_assert!(got.is_sorted());
        if !fails(&items) {
            // The search may still happen upon a failing part.
            prop_assert!(got == items || fails(&got));
            return Ok(());
        }
        prop_assert!(fails(&got));
        for i in 0..got.len() {
            let mut less = got.clone();
            less.remove(i);
            prop_assert!(!fails(&less), "{} can be left out of {:?}", got[i], got);
        }
    }

    #[test]
    fn a_number_fails_and_its_half_does_not(least in 0..100u64, value in 0..10_000u64, from in 0..10_000u64) {
        let got = shrink_number(least, value, |n| n >= from, PLENTY);
        prop_assert_eq!(got, from.max(least).min(value.max(least)));
    }
}
