//! Which prices were quoted for what.

use std::collections::BTreeMap;

use weir_ticket::recipient::PARAMS_VALIDITY;
use weir_types::{Address, L1Block, Price};

/// Prices of the last blocks by sender and by what they were quoted for.
///
/// Ticket parameters bind the price that they were issued with, and nothing else: without this, tickets for cheap work
/// would set the price of dear work.
#[derive(Debug, Default)]
pub(super) struct Quotes {
    lately: BTreeMap<(Address, u64), Vec<(Price, L1Block)>>,
}

impl Quotes {
    /// A price is quoted in a block.
    pub(super) fn note(&mut self, sender: Address, subject: u64, price: &Price, l1: L1Block) {
        let prices = self.lately.entry((sender, subject)).or_default();
        match prices.iter_mut().find(|(known, _)| known == price) {
            Some((_, at)) => *at = l1,
            None => prices.push((price.clone(), l1)),
        }
    }

    /// Whether parameters that still hold may have been issued with a price.
    pub(super) fn holds(&self, sender: Address, subject: u64, price: &Price) -> bool {
        self.lately.get(&(sender, subject)).is_some_and(|prices| prices.iter().any(|(known, _)| known == price))
    }

    /// Whether that is so for anything at all.
    pub(super) fn holds_for_any(&self, sender: Address, price: &Price) -> bool {
        let of_sender = self.lately.range((sender, 0)..=(sender, u64::MAX));
        of_sender.flat_map(|(_, prices)| prices).any(|(known, _)| known == price)
    }

    /// Forget prices whose parameters hold no longer.
    pub(super) fn clean_up(&mut self, l1: L1Block) {
        self.lately.retain(|_, prices| {
            prices.retain(|(_, at)| at.0.saturating_add(PARAMS_VALIDITY) > l1.0);
            !prices.is_empty()
        });
    }
}
