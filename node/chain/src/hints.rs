//! Hints for the sorted pool of orchestrators.
//!
//! The contract walks its list from a hint to the right place; a good hint makes the walk a single
//! step and saves the caller gas. The list is sorted by stake, largest first.

use weir_types::{Address, LptWei};

/// Neighbours of `who` in the pool once its stake is `stake`: `(previous, next)`, zero at an end.
///
/// When the pool is full and the new stake is the smallest, `who` would not be in the list at all,
/// and both hints are zero.
#[must_use]
pub fn pool_hints(pool: &[(Address, LptWei)], max_size: usize, who: Address, stake: LptWei) -> (Address, Address) {
    let mut rest: Vec<(Address, LptWei)> = pool.iter().filter(|(a, _)| *a != who).copied().collect();
    if rest.len() >= max_size {
        // Joining a full pool evicts its tail, if the newcomer has more.
        match rest.last() {
            Some((_, smallest)) if *smallest < stake => {
                rest.pop();
            }
            _ => return (Address::ZERO, Address::ZERO),
        }
    }
    let at = rest.partition_point(|(_, s)| *s >= stake);
    let prev = at.checked_sub(1).map_or(Address::ZERO, |i| rest[i].0);
    let next = rest.get(at).map_or(Address::ZERO, |e| e.0);
    (prev, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a(n: u8) -> Address {
        Address::repeat_byte(n)
    }

    fn pool(stakes: &[(u8, u128)]) -> Vec<(Address, LptWei)> {
        stakes.iter().map(|(n, s)| (a(*n), LptWei::new(*s))).collect()
    }

    #[test]
    fn neighbours_by_place() {
        let p = pool(&[(1, 90), (2, 50), (3, 10)]);
        let cases = [
            (4, 95, (Address::ZERO, a(1))),
            (4, 60, (a(1), a(2))),
            (4, 50, (a(2), a(3))),
            (4, 5, (a(3), Address::ZERO)),
            (2, 95, (Address::ZERO, a(1))),
            (2, 51, (a(1), a(3))),
            (1, 1, (a(3), Address::ZERO)),
        ];
        for (who, stake, want) in cases {
            assert_eq!(pool_hints(&p, 10, a(who), LptWei::new(stake)), want, "{who} with {stake}");
        }
    }

    #[test]
    fn full_pool_evicts_its_tail_or_refuses() {
        let p = pool(&[(1, 90), (2, 50), (3, 10)]);
        assert_eq!(pool_hints(&p, 3, a(4), LptWei::new(20)), (a(2), Address::ZERO));
        assert_eq!(pool_hints(&p, 3, a(4), LptWei::new(10)), (Address::ZERO, Address::ZERO));
        assert_eq!(pool_hints(&p, 3, a(3), LptWei::new(12)), (a(2), Address::ZERO));
    }

    #[test]
    fn empty_pool_has_no_neighbours() {
        assert_eq!(pool_hints(&[], 3, a(4), LptWei::new(20)), (Address::ZERO, Address::ZERO));
    }
}
