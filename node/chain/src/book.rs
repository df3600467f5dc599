//! What is known of the chain's state, and what of it still holds. No I/O: news go in, and what has to be
//! read again comes out.
//!
//! Nothing here is reckoned from logs. A log says that something changed; the value is read again before it
//! is used. So a log that never came costs a late answer at worst, and a round or a reorganisation clears
//! what it may have touched. One book serves any number of actors: what they share is read once.

use std::collections::{BTreeMap, BTreeSet};

use weir_roles::{RoundInfo, SenderFunds};
use weir_types::{Address, L1Block, Round, Wei};

use crate::{ActiveOrchestrator, LogKind, News};

/// A sender's money, as everybody sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderInfo {
    /// Deposit.
    pub deposit: Wei,
    /// First round in which it may be taken out; 0 when it is locked.
    pub withdraw_round: Round,
    /// Reserve that is left.
    pub reserve_remaining: Wei,
    /// What was claimed from the reserve in the current round.
    pub claimed_in_current_round: Wei,
}

impl SenderInfo {
    /// What everybody sees of a sender's money.
    #[must_use]
    pub const fn of(funds: &SenderFunds) -> Self {
        Self {
            deposit: funds.deposit,
            withdraw_round: funds.withdraw_round,
            reserve_remaining: funds.reserve_remaining,
            claimed_in_current_round: funds.claimed_in_current_round,
        }
    }
}

/// What news changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changed {
    /// There is a newer head.
    pub head: bool,
    /// Another round, or another state of it.
    pub round: bool,
    /// The active set or what is known of its members.
    pub active: bool,
    /// Senders whose money may have changed.
    pub senders: BTreeSet<Address>,
    /// The money of all senders may have changed.
    pub all_senders: bool,
}

impl Changed {
    fn everything() -> Self {
        Self { head: true, round: true, active: true, senders: BTreeSet::new(), all_senders: true }
    }

    /// Whether a sender's money has to be looked at.
    #[must_use]
    pub fn touches(&self, sender: &Address) -> bool {
        self.all_senders || self.senders.contains(sender)
    }

    /// Adds what other news changed.
    pub fn merge(&mut self, other: Self) {
        self.head |= other.head;
        self.round |= other.round;
        self.active |= other.active;
        self.all_senders |= other.all_senders;
        self.senders.extend(other.senders);
    }
}

/// What is known of the chain's state.
#[derive(Debug, Clone, Default)]
pub struct Book {
    round: Option<RoundInfo>,
    active: Option<Vec<ActiveOrchestrator>>,
    uris: BTreeMap<Address, String>,
    senders: BTreeMap<Address, SenderInfo>,
    claims: BTreeMap<(Address, Address), Wei>,
    l1: L1Block,
}

impl Book {
    /// An empty book.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in what a look at the chain brought.
    pub fn apply(&mut self, news: &[News]) -> Changed {
        let mut changed = Changed::default();
        for item in news {
            match item {
                News::Head(head) => {
                    changed.head = true;
                    if self.crosses_round(head.l1) {
                        // What was claimed counts by the round that the block number says, initialised or not.
                        self.forget_senders();
                        changed.all_senders = true;
                    }
                    self.l1 = head.l1;
                }
                News::Log(log) => self.log(&log.kind, &mut changed),
                News::Removed(log) => self.log(&log.kind, &mut changed),
                News::Skipped { .. } => {
                    self.forget();
                    changed.merge(Changed::everything());
                }
            }
        }
        changed
    }

    /// Whether the contracts count another round at this block than at the one before.
    fn crosses_round(&self, l1: L1Block) -> bool {
        let Some(round) = &self.round else { return false };
        let count = |at: L1Block| at.0.checked_sub(round.start_block.0).and_then(|n| n.checked_div(round.length));
        count(l1) != count(self.l1)
    }

    fn log(&mut self, kind: &LogKind, changed: &mut Changed) {
        match kind {
            LogKind::NewRound(_) => {
                self.round = None;
                self.active = None;
                self.forget_senders();
                changed.round = true;
                changed.active = true;
                changed.all_senders = true;
            }
            LogKind::DepositFunded { sender, .. }
            | LogKind::ReserveFunded { sender, .. }
            | LogKind::Withdrawal { sender, .. }
            | LogKind::UnlockChanged(sender)
            | LogKind::Redeemed { sender, .. } => {
                self.senders.remove(sender);
                changed.senders.insert(*sender);
            }
            LogKind::Paid { sender, recipient, .. } => {
                self.senders.remove(sender);
                self.claims.remove(&(*sender, *recipient));
                changed.senders.insert(*sender);
            }
            LogKind::Activated(..) | LogKind::Deactivated(..) => {
                // The size of the pool divides every reserve.
                self.round = None;
                self.active = None;
                changed.round = true;
                changed.active = true;
            }
            LogKind::ServiceUri(who, _) => {
                self.uris.remove(who);
                self.active = None;
                changed.active = true;
            }
            _ => {}
        }
    }

    fn forget_senders(&mut self) {
        self.senders.clear();
        self.claims.clear();
    }

    /// Forgets everything: all of it is read again before it is used.
    pub fn forget(&mut self) {
        *self = Self { l1: self.l1, ..Self::default() };
    }

    /// The round, if what is known holds.
    #[must_use]
    pub const fn round(&self) -> Option<&RoundInfo> {
        self.round.as_ref()
    }

    /// Takes in the round as it was read.
    pub const fn set_round(&mut self, round: RoundInfo) {
        self.round = Some(round);
    }

    /// The active set, if what is known holds.
    #[must_use]
    pub fn active(&self) -> Option<&[ActiveOrchestrator]> {
        self.active.as_deref()
    }

    /// Takes in the active set as it was read, with its members' service URIs.
    pub fn set_active(&mut self, active: Vec<ActiveOrchestrator>) {
        self.uris.extend(active.iter().map(|o| (o.address, o.uri.clone())));
        self.active = Some(active);
    }

    /// An orchestrator's service URI, if what is known holds.
    #[must_use]
    pub fn uri(&self, who: &Address) -> Option<&str> {
        self.uris.get(who).map(String::as_str)
    }

    /// Takes in a service URI as it was read.
    pub fn set_uri(&mut self, who: Address, uri: String) {
        self.uris.insert(who, uri);
    }

    /// A sender's money as everybody sees it, if what is known holds.
    #[must_use]
    pub fn sender(&self, sender: &Address) -> Option<&SenderInfo> {
        self.senders.get(sender)
    }

    /// Takes in a sender's money as it was read.
    pub fn set_sender(&mut self, sender: Address, info: SenderInfo) {
        self.senders.insert(sender, info);
    }

    /// What a claimant took from a sender's reserve in the current round, if what is known holds.
    #[must_use]
    pub fn claimed(&self, sender: &Address, claimant: &Address) -> Option<Wei> {
        let known = self.claims.get(&(*sender, *claimant)).copied();
        // Nobody claimed anything: that includes this one.
        known.or_else(|| self.senders.get(sender).filter(|s| s.claimed_in_current_round.is_zero()).map(|_| Wei::ZERO))
    }

    /// Takes in a claim as it was read.
    pub fn set_claimed(&mut self, sender: Address, claimant: Address, claimed: Wei) {
        self.claims.insert((sender, claimant), claimed);
    }

    /// Takes in a sender's money as it was read for a claimant.
    pub fn set_funds(&mut self, sender: Address, claimant: Address, funds: &SenderFunds) {
        self.set_sender(sender, SenderInfo::of(funds));
        self.set_claimed(sender, claimant, funds.claimed_by_me);
    }

    /// A sender's money as a claimant sees it, if what is known holds.
    #[must_use]
    pub fn funds(&self, sender: &Address, claimant: &Address) -> Option<SenderFunds> {
        let info = self.senders.get(sender)?;
        Some(SenderFunds {
            deposit: info.deposit,
            withdraw_round: info.withdraw_round,
            reserve_remaining: info.reserve_remaining,
            claimed_in_current_round: info.claimed_in_current_round,
            claimed_by_me: self.claimed(sender, claimant)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use weir_types::{B256, L2Block};

    use super::*;
    use crate::{Head, Log};

    fn log(kind: LogKind) -> News {
        News::Log(Log { block: L2Block(1), block_hash: B256::ZERO, index: 0, tx: B256::ZERO, kind })
    }

    fn head(l1: u64) -> News {
        News::Head(Head { l2: L2Block(1), hash: B256::ZERO, parent: B256::ZERO, l1: L1Block(l1), timestamp: 0 })
    }

    fn a(n: u8) -> Address {
        Address::repeat_byte(n)
    }

    fn info(claimed: u128) -> SenderInfo {
        SenderInfo {
            deposit: Wei::new(5),
            withdraw_round: Round(0),
            reserve_remaining: Wei::new(7),
            claimed_in_current_round: Wei::new(claimed),
        }
    }

    fn round(start: u64) -> RoundInfo {
        RoundInfo {
            round: Round(3),
            block_hash: B256::ZERO,
            previous_block_hash: B256::ZERO,
            start_block: L1Block(start),
            length: 10,
            pool_size: 2,
        }
    }

    fn full() -> Book {
        let mut book = Book::new();
        book.apply(&[head(105)]);
        book.set_round(round(100));
        for n in [1, 2] {
            book.set_sender(a(n), info(1));
            book.set_claimed(a(n), a(9), Wei::new(1));
        }
        book.set_active(Vec::new());
        book.set_uri(a(9), "https://o".into());
        book
    }

    #[test]
    fn a_log_touches_whom_it_names_and_so_does_one_taken_back() {
        for wrap in [log as fn(LogKind) -> News, |kind| match log(kind) {
            News::Log(l) => News::Removed(l),
            other => other,
        }] {
            let mut book = full();
            let changed = book.apply(&[wrap(LogKind::DepositFunded { sender: a(1), amount: Wei::new(1) })]);
            assert_eq!(changed.senders, BTreeSet::from([a(1)]));
            assert!(book.funds(&a(1), &a(9)).is_none(), "it has to be read again");
            assert!(book.funds(&a(2), &a(9)).is_some());
            assert!(book.round().is_some());
        }
    }

    #[test]
    fn a_payment_touches_the_claim_of_its_recipient_alone() {
        let mut book = full();
        book.set_claimed(a(1), a(8), Wei::new(0));
        book.apply(&[log(LogKind::Paid { sender: a(1), recipient: a(9), amount: Wei::new(1) })]);
        assert_eq!(book.claimed(&a(1), &a(9)), None);
        assert_eq!(book.claimed(&a(1), &a(8)), Some(Wei::ZERO));
    }

    #[test]
    fn nobody_is_asked_about_claims_that_cannot_be() {
        let mut book = full();
        book.set_sender(a(3), info(0));
        assert_eq!(book.claimed(&a(3), &a(77)), Some(Wei::ZERO));
        assert_eq!(book.claimed(&a(1), &a(77)), None);
    }

    #[test]
    fn a_round_clears_money_and_set() {
        let mut book = full();
        let changed = book.apply(&[log(LogKind::NewRound(Round(4)))]);
        assert!(changed.round && changed.active && changed.all_senders && !changed.head);
        assert!(book.round().is_none() && book.active().is_none() && book.sender(&a(2)).is_none());
        assert_eq!(book.uri(&a(9)), Some("https://o"), "a URI does not change with the round");
    }

    #[test]
    fn the_edge_of_a_round_clears_claims_though_nobody_initialised_it() {
        let mut book = full();
        assert!(!book.apply(&[head(109)]).all_senders);
        assert!(book.apply(&[head(110)]).all_senders);
        assert!(book.sender(&a(1)).is_none());
        book.set_sender(a(1), info(0));
        assert!(!book.apply(&[head(111)]).all_senders);
        assert!(book.apply(&[head(135)]).all_senders, "several rounds at once");
    }

    #[test]
    fn what_was_not_read_clears_everything() {
        let mut book = full();
        let changed = book.apply(&[News::Skipped { from: L2Block(1), to: L2Block(2) }]);
        assert_eq!(changed, Changed::everything());
        assert!(book.round().is_none() && book.uri(&a(9)).is_none() && book.sender(&a(1)).is_none());
    }
}
