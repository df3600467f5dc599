//! The sorted, bounded list of orchestrators, with the places that callers propose.

use alloy::primitives::U256;

use super::Who;

/// Neighbours that a caller proposes for a member's new place: the one before it and the one after.
pub type Place = (Who, Who);

const NOBODY: Who = 0;

/// Members from the largest key to the smallest. Where keys are equal, the order depends on the
/// places that callers proposed.
#[derive(Debug, Clone)]
pub struct Ranking {
    members: Vec<(Who, U256)>,
    pub max: usize,
}

impl Ranking {
    pub fn of(max: usize) -> Self {
        Self { members: Vec::new(), max }
    }

    pub fn len(&self) -> usize {
        self.members.len()
    }

    pub fn is_full(&self) -> bool {
        self.members.len() == self.max
    }

    pub fn members(&self) -> impl Iterator<Item = Who> + '_ {
        self.members.iter().map(|(who, _)| *who)
    }

    pub fn keys(&self) -> impl Iterator<Item = U256> + '_ {
        self.members.iter().map(|(_, key)| *key)
    }

    pub fn last(&self) -> Option<Who> {
        self.members().last()
    }

    fn first(&self) -> Who {
        self.members().next().unwrap_or(NOBODY)
    }

    fn at(&self, who: Who) -> Option<usize> {
        self.members().position(|member| member == who)
    }

    pub fn contains(&self, who: Who) -> bool {
        self.at(who).is_some()
    }

    /// The key of a member; nobody's is zero.
    fn key(&self, who: Who) -> U256 {
        self.at(who).map_or(U256::ZERO, |i| self.members[i].1)
    }

    fn before(&self, who: Who) -> Who {
        self.at(who).and_then(|i| i.checked_sub(1)).map_or(NOBODY, |i| self.members[i].0)
    }

    fn after(&self, who: Who) -> Who {
        self.at(who).and_then(|i| self.members.get(i + 1)).map_or(NOBODY, |(who, _)| *who)
    }

    pub fn remove(&mut self, who: Who) {
        self.members.retain(|(member, _)| *member != who);
    }

    pub fn insert(&mut self, who: Who, key: U256, place: Place) -> Result<(), String> {
        for (wrong, reason) in [
            (self.is_full(), "list is full"),
            (self.contains(who), "node already in list"),
            (who == NOBODY, "node id is null"),
            (key.is_zero(), "key is zero"),
        ] {
            if wrong {
                return Err(reason.to_owned());
            }
        }
        let (before, _) = if self.fits(key, place) { place } else { self.find(key, place) };
        let index = self.at(before).map_or(0, |i| i + 1);
        self.members.insert(index, (who, key));
        Ok(())
    }

    /// Takes a member out and, unless its key is now zero, puts it in again.
    pub fn update(&mut self, who: Who, key: U256, place: Place) -> Result<(), String> {
        if !self.contains(who) {
            return Err("node not in list".to_owned());
        }
        self.remove(who);
        if key.is_zero() { Ok(()) } else { self.insert(who, key, place) }
    }

    /// Whether a key belongs between two neighbours.
    fn fits(&self, key: U256, (before, after): Place) -> bool {
        match (before, after) {
            (NOBODY, NOBODY) => self.members.is_empty(),
            (NOBODY, after) => self.first() == after && key >= self.key(after),
            (before, NOBODY) => self.last() == Some(before) && key <= self.key(before),
            (before, after) => self.after(before) == after && self.key(before) >= key && key >= self.key(after),
        }
    }

    fn find(&self, key: U256, (before, after): Place) -> Place {
        let from_before = self.contains(before) && key <= self.key(before);
        let from_after = self.contains(after) && key >= self.key(after);
        match (from_before, from_after) {
            (true, _) => self.descend(key, before),
            (false, true) => self.ascend(key, after),
            (false, false) => self.descend(key, self.first()),
        }
    }

    fn descend(&self, key: U256, start: Who) -> Place {
        if start == self.first() && key >= self.key(start) {
            return (NOBODY, start);
        }
        let mut place = (start, self.after(start));
        while place.0 != NOBODY && !self.fits(key, place) {
            place = (place.1, self.after(place.1));
        }
        place
    }

    fn ascend(&self, key: U256, start: Who) -> Place {
        if self.last() == Some(start) && key <= self.key(start) {
            return (start, NOBODY);
        }
        let mut place = (self.before(start), start);
        while place.1 != NOBODY && !self.fits(key, place) {
            place = (self.before(place.0), place.0);
        }
        place
    }
}
