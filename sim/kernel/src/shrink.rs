//! The smallest input that still fails.
//!
//! Both searches ask the same question again and again, "does this still fail?", each time of a run of
//! its own, and stop when their budget of questions is used up. What they return has been seen to fail,
//! or is the input itself.

/// Leaves out items as long as what is left still fails.
///
/// This is delta debugging (Zeller and Hildebrandt 2002): halves are tried first, then smaller parts, and
/// what lies outside of each. With enough budget no single item can be left out of the result. The order
/// of items stays. `budget` is the number of times that `fails` may be asked.
pub fn shrink<T: Clone>(items: Vec<T>, mut fails: impl FnMut(&[T]) -> bool, budget: usize) -> Vec<T> {
    let mut left = budget;
    let mut ask = |candidate: &[T]| {
        let answer = left.checked_sub(1).map(|rest| {
            left = rest;
            fails(candidate)
        });
        answer.ok_or(Spent)
    };
    let mut best = items;
    // Without the budget to go on, the best so far is the result.
    let _ = search(&mut best, &mut ask);
    best
}

/// The budget is used up.
struct Spent;

fn search<T: Clone>(best: &mut Vec<T>, ask: &mut impl FnMut(&[T]) -> Result<bool, Spent>) -> Result<(), Spent> {
    if best.is_empty() || ask(&[])? {
        best.clear();
        return Ok(());
    }
    let mut parts = 2;
    while best.len() >= 2 {
        let size = best.len().div_ceil(parts);
        if let Some(smaller) = smaller(best, size, parts, ask)? {
            // Of what lay outside of one part the other parts are left.
            parts = if smaller.len() <= size { 2 } else { (parts - 1).max(2) };
            *best = smaller;
        } else if size == 1 {
            break;
        } else {
            parts = (parts * 2).min(best.len());
        }
    }
    Ok(())
}

/// A part that fails by itself, or all that lies outside of one.
fn smaller<T: Clone>(
    items: &[T],
    size: usize,
    parts: usize,
    ask: &mut impl FnMut(&[T]) -> Result<bool, Spent>,
) -> Result<Option<Vec<T>>, Spent> {
    for part in items.chunks(size) {
        if ask(part)? {
            return Ok(Some(part.to_vec()));
        }
    }
    // Of two parts each lies outside of the other.
    if parts > 2 {
        for begin in (0..items.len()).step_by(size) {
            let end = (begin + size).min(items.len());
            let outside = [&items[..begin], &items[end..]].concat();
            if ask(&outside)? {
                return Ok(Some(outside));
            }
        }
    }
    Ok(None)
}

/// The smallest number from `least` up to a failing `value` that still fails.
///
/// It is found by halving, so it is the smallest of all where failing numbers have no gaps between them,
/// and otherwise one whose half, seen from `least`, did not fail. `budget` is as in [`shrink`].
pub fn shrink_number(least: u64, value: u64, mut fails: impl FnMut(u64) -> bool, budget: usize) -> u64 {
    let (mut good, mut bad, mut left) = (None, value.max(least), budget);
    loop {
        let next = match good {
            // Most often the least will do.
            None => least,
            Some(good) => good + (bad - good) / 2,
        };
        if left == 0 || next == bad || good == Some(next) {
            return bad;
        }
        left -= 1;
        if fails(next) {
            bad = next;
        } else {
            good = Some(next);
        }
    }
}
