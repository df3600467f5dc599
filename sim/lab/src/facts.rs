//! Reads the contracts' final state for the invariants.

use std::collections::BTreeMap;

use futures::executor::block_on;
use weir_chain::DelegatorState;
use weir_types::{Address, LptWei, Wei};

use crate::LabError;
use crate::invariants::Facts;
use crate::world::World;

/// State of everybody who may hold stake, by address.
pub(crate) type Stakers = Vec<(Address, DelegatorState)>;

/// Reads everybody's stake and fees.
pub(crate) fn stakers(w: &World) -> Result<Stakers, LabError> {
    let mut out = Vec::new();
    for n in &w.nodes {
        let d = block_on(w.view.client.delegator(n.address()))?;
        if !d.delegate.is_zero() {
            out.push((n.address(), d));
        }
    }
    Ok(out)
}

/// Reads what the invariants ask for.
pub(crate) fn read(w: &World, stakers: &Stakers, media: Vec<String>) -> Result<Facts, LabError> {
    let client = &w.view.client;
    let a = *client.addresses();
    let mut broker_funds = BTreeMap::new();
    let mut actors = Wei::ZERO;
    for n in &w.nodes {
        let f = block_on(client.sender_funds(n.address(), Address::ZERO))?;
        let total = Wei(f.deposit.0.saturating_add(f.reserve_remaining.0));
        if !total.is_zero() {
            broker_funds.insert(n.address(), total);
        }
        actors = Wei(actors.0.saturating_add(w.chain.balance(n.address()).0));
    }
    let mut eth_now = BTreeMap::from([
        ("actors".to_owned(), actors),
        ("deployer".to_owned(), w.chain.balance(w.deployer)),
        ("gas".to_owned(), w.chain.balance(w.fee_account)),
    ]);
    for (name, address) in &w.contracts {
        eth_now.insert((*name).to_owned(), w.chain.balance(*address));
    }
    let minted = w.rounds.iter().fold(LptWei::ZERO, |sum, r| LptWei(sum.0.saturating_add(r.minted.0)));
    Ok(Facts {
        eth_genesis: w.eth_genesis,
        eth_now,
        lpt_genesis: crate::scenario::lpt(w.scenario.token.genesis_lpt.0),
        lpt_minted: minted,
        lpt_supply: block_on(client.lpt_supply())?,
        broker_funds,
        broker_balance: w.chain.balance(a.ticket_broker),
        minter_balance: w.chain.balance(a.minter),
        pending_fees: Wei(stakers.iter().fold(weir_types::U256::ZERO, |sum, (_, d)| sum.saturating_add(d.fees.0))),
        unused_but_redeemed: unused(w)?,
        media_mismatches: media,
        names: w.names.map().clone(),
    })
}

/// Tickets that the logs call redeemed and the broker does not call used.
fn unused(w: &World) -> Result<u64, LabError> {
    let mut n = 0;
    for r in &w.books.redemptions {
        if !block_on(w.view.client.ticket_used(r.hash))? {
            n += 1;
        }
    }
    Ok(n)
}
