//! Key figures of a run.

use crate::read::Run;
use crate::text;

/// A figure, what it is, and what to hold it against.
pub(crate) struct Tile {
    pub(crate) value: String,
    pub(crate) name: String,
    pub(crate) note: String,
    /// Whether it tells of something broken.
    pub(crate) bad: bool,
}

fn tile(value: String, name: &str, note: String) -> Tile {
    Tile { value, name: name.to_owned(), note, bad: false }
}

/// Who took part, in one line.
pub(crate) fn network(run: &Run) -> String {
    let part = |pointer: &str, one: &str, many: &str| run.scenario_number(pointer).map(|n| text::count(n, one, many));
    let rounds = run.summary.as_ref().map(|s| text::count(s.rounds as f64, "round", "rounds"));
    let parts = [
        part("/orchestrators/count", "orchestrator", "orchestrators"),
        part("/gateways/count", "gateway", "gateways"),
        part("/delegators/count", "delegator", "delegators"),
        rounds,
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// How many invariants hold, of how many.
pub(crate) fn held(run: &Run) -> Option<(usize, usize)> {
    let all = &run.summary.as_ref()?.invariants;
    (!all.is_empty()).then(|| (all.values().filter(|v| *v == "ok").count(), all.len()))
}

fn served(run: &Run) -> Option<Tile> {
    let (served, all) = (run.kpi("segments_served")?, run.kpi("segments")?);
    if all == 0.0 && !run.plays_segments() {
        return None;
    }
    let share = if all > 0.0 { text::percent(served / all) } else { "none".to_owned() };
    Some(tile(text::whole(served), "segments served", format!("{share} of {}", text::whole(all))))
}

fn streams(run: &Run) -> Option<Tile> {
    let swaps = text::count(run.kpi("swaps")?, "change of orchestrator", "changes of orchestrator");
    Some(tile(text::whole(run.kpi("streams")?), "streams", swaps))
}

fn latency(run: &Run) -> Option<Tile> {
    // Without segments there is nothing that took time.
    run.kpi("segments").filter(|n| *n > 0.0 || run.plays_segments())?;
    let (p50, p99) = (run.kpi("latency_ms_p50")?, run.kpi("latency_ms_p99")?);
    Some(tile(text::millis(p50), "median latency", format!("99\u{a0}% within {}", text::millis(p99))))
}

fn won(run: &Run) -> Option<Tile> {
    let expected = text::decimal(run.kpi("tickets_expected_wins")?);
    let note = format!("{expected} expected of {} sent", text::whole(run.kpi("tickets_sent")?));
    Some(tile(text::whole(run.kpi("tickets_won")?), "tickets won", note))
}

fn fees(run: &Run) -> Option<Tile> {
    let note = format!("{} paid in expected value", text::eth(run.kpi("paid_ev_eth")?));
    Some(tile(text::eth(run.kpi("fees_eth")?), "fees earned", note))
}

fn minted(run: &Run) -> Option<Tile> {
    let note = text::count(run.kpi("reward_calls")?, "reward call", "reward calls");
    Some(tile(format!("{}\u{a0}LPT", text::whole(run.kpi("minted_lpt")?)), "minted as rewards", note))
}

fn gas(run: &Run) -> Option<Tile> {
    // The summary counts the set-up's transactions too, whose gas is not part of the figure.
    let rows = run.tables.gas.as_deref().unwrap_or_default();
    let note = text::count(rows.iter().map(|g| g.transactions).sum(), "transaction", "transactions");
    Some(tile(text::eth(run.kpi("gas_eth")?), "paid for gas", note))
}

fn bonded(run: &Run) -> Option<Tile> {
    let note = format!("{}\u{a0}LPT at work", text::whole(run.kpi("active_stake_lpt")?));
    Some(tile(text::percent(run.kpi("bonding_rate")?), "of all LPT is staked", note))
}

fn invariants(run: &Run) -> Option<Tile> {
    let (ok, all) = held(run)?;
    let mut t = tile(format!("{ok} of {all}"), "invariants hold", String::new());
    t.bad = ok < all;
    Some(t)
}

/// The figures of the page; those that the run does not have are left out.
pub(crate) fn tiles(run: &Run) -> Vec<Tile> {
    [served(run), streams(run), latency(run), won(run), fees(run), minted(run), gas(run), bonded(run)]
        .into_iter()
        .flatten()
        .collect()
}

/// The few that stand above the overview's charts.
pub(crate) fn headline(run: &Run) -> Vec<Tile> {
    [served(run), latency(run), won(run), fees(run), minted(run), invariants(run)].into_iter().flatten().collect()
}
