//! Each later change by itself: added to the earlier rules, and left out of the later ones.

pub mod covered_tickets;
pub mod factor_from_mintable;
pub mod fees_to_active;
pub mod guard_leaving;
pub mod reward_caller;
pub mod stake_while_active;

use alloy::primitives::Address;
use weir_contracts::{Change, ProtocolVersion};

use super::net::{Net, Setup, account, lpt};

/// Rules without and with a change, among the earlier and among the later ones.
pub fn around(change: Change) -> Vec<Setup> {
    let (d24, d26) = (ProtocolVersion::D24, ProtocolVersion::D26);
    [d24, d24.with(change), d26.without(change), d26].map(Setup::of).to_vec()
}

/// The one that is about to leave.
pub const LEAVING: Address = Address::repeat_byte(3);
/// The one that drives it out.
pub const NEWCOMER: Address = Address::repeat_byte(4);
/// Behind the one that is about to leave.
pub const BEHIND: Address = Address::repeat_byte(7);

/// A pool that is full: 30,000 and 20,000 LPT, and 10,000 with a delegator's 1,000 at its end.
pub fn full(net: &mut Net) {
    net.bond(account(1), lpt(30_000), account(1));
    net.bond(account(2), lpt(20_000), account(2));
    net.bond(LEAVING, lpt(10_000), LEAVING);
    net.bond(BEHIND, lpt(1_000), LEAVING);
    net.next_round();
}

/// The last of the pool is driven out by so much that it does not come back with a reward.
pub fn evict(net: &mut Net) {
    net.bond(NEWCOMER, lpt(15_000), NEWCOMER);
    assert!(net.is_active(LEAVING) && !net.pool().contains(&LEAVING));
}
