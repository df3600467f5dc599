//! The world of a replay that goes only so far.

use std::collections::BTreeMap;

use weir_lab::{Moment, NodeState};

use super::event;
use crate::output;

/// Prints it for people. Delegators are counted, all others have a line each.
pub(crate) fn show(m: &Moment) {
    output::result(&format!("confirmed   {} events\ntrace hash  {}", m.events, m.trace_hash));
    output::result(&format!(
        "time        {:.6} s since the first round began, {:.6} s in the trace",
        m.seconds,
        m.at_us as f64 / 1e6
    ));
    output::result(&format!("round       {} of {}, L1 block {}", m.round, m.rounds, m.l1_block));
    output::result(&format!("in blocks   {} transactions", m.transactions));
    let total: u64 = m.pending.values().sum();
    let kinds: Vec<String> = m.pending.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
    output::result(&format!("waiting     {total} events: {}", kinds.join(", ")));
    output::result(&format!("next        {}", m.next.as_ref().map_or_else(|| "nothing".to_owned(), event)));
    output::result("the last events");
    m.last.iter().for_each(|e| output::result(&format!("  {}", event(e))));
    output::result("nodes");
    let mut others: BTreeMap<&str, u64> = BTreeMap::new();
    for n in &m.nodes {
        if n.role == "delegator" {
            *others.entry(n.role).or_default() += 1;
        } else {
            output::result(&format!("  {}", node(n)));
        }
    }
    others.iter().for_each(|(role, n)| output::result(&format!("  and {n} of role {role}")));
}

fn node(n: &NodeState) -> String {
    let mut text = format!("{:20} {}", n.name, if n.up { "up" } else { "down" });
    if n.restarts > 0 {
        text += &format!(", life {}", n.restarts + 1);
    }
    if n.busy_seconds > 0.0 {
        text += &format!(", {:.3} s of work left", n.busy_seconds);
    }
    text + &format!(", {} senders followed, {} records stored", n.watched, n.records)
}
