//! What types cannot say about a scenario: relations between values, files that must exist.

use std::collections::BTreeSet;

use weir_media::geometry::fit;

use super::{Dist, LadderStep, Scenario, Traffic, behaviour, tickets};

/// Most tickets of a transaction: each takes up to some 250,000 gas, and a transaction on Arbitrum 32 million.
const MAX_BATCH: u32 = 50;

/// Something wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Dotted key.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

pub(super) fn problem(key: impl Into<String>, message: impl Into<String>, help: impl Into<String>) -> Problem {
    Problem { key: key.into(), message: message.into(), help: help.into() }
}

/// The first problem of a scenario, if it has one.
#[must_use]
pub fn check(s: &Scenario) -> Option<Problem> {
    named(s)
        .or_else(|| distributions(s))
        .or_else(|| sizes(s))
        .or_else(|| upgrades(s))
        .or_else(|| money(s))
        .or_else(|| links(s))
        .or_else(|| ladder(s))
        .or_else(|| behaviour::check(s))
        .or_else(|| tickets::check(s))
        .or_else(|| real_stream(s))
}

fn named(s: &Scenario) -> Option<Problem> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    (s.name.is_empty() || !s.name.chars().all(plain)).then(|| {
        problem("name", format!("`{}` cannot name a folder", s.name), "use lower-case letters, digits, - and _")
    })
}

fn distributions(s: &Scenario) -> Option<Problem> {
    const LPT: f64 = 1e9;
    let o = &s.orchestrators;
    let g = &s.gateways;
    let all: [(&str, &Dist, f64, f64, &str); 10] = [
        ("orchestrators.stake_lpt", &o.stake_lpt, 0.0, LPT, "stake is an amount of LPT"),
        ("orchestrators.reward_cut", &o.reward_cut, 0.0, 1.0, "a cut is a share from 0 to 1"),
        ("orchestrators.fee_share", &o.fee_share, 0.0, 1.0, "a share lies between 0 and 1"),
        (
            "orchestrators.price_wei_per_pixel",
            &o.price_wei_per_pixel,
            0.0,
            1e12,
            "a price is not negative; 0 means free work",
        ),
        (
            "orchestrators.megapixels_per_second",
            &o.megapixels_per_second,
            0.001,
            1e9,
            "a machine does some work in a second",
        ),
        ("chain.gas_price_gwei", &s.chain.gas_price_gwei, 1e-6, 1e6, "a gas price is above 0"),
        ("network.bandwidth_mbps", &s.network.bandwidth_mbps, 0.001, 1e6, "a link carries something"),
        ("gateways.streams", &g.streams, 0.0, 1e4, "streams at a time are not negative"),
        ("gateways.stream_seconds", &g.stream_seconds, 0.1, 1e7, "a stream lasts some time"),
        ("delegators.stake_lpt", &s.delegators.stake_lpt, 0.0, LPT, "stake is an amount of LPT"),
    ];
    all.iter().find_map(|(key, d, least, most, help)| {
        d.problem(*least, *most).map(|(part, message)| problem(format!("{key}.{part}"), message, *help))
    })
}

fn sizes(s: &Scenario) -> Option<Problem> {
    let limit = |key: &str, n: u32, most: u32| {
        (n > most).then(|| problem(key, format!("{n} is more than {most}"), "run a smaller scenario"))
    };
    limit("orchestrators.count", s.orchestrators.count.0, 10_000)
        .or_else(|| limit("gateways.count", s.gateways.count.0, 10_000))
        .or_else(|| limit("delegators.count", s.delegators.count, 100_000))
        .or_else(|| limit("orchestrators.active", s.orchestrators.active.0, 1_000))
        .or_else(|| limit("rounds.count", s.rounds.count.0, 10_000))
        .or_else(|| {
            (s.orchestrators.redeem_batch.0 > MAX_BATCH).then(|| {
                problem(
                    "orchestrators.redeem_batch",
                    format!("{} tickets may take more gas than a transaction has", s.orchestrators.redeem_batch.0),
                    format!("use {MAX_BATCH} or fewer"),
                )
            })
        })
        .or_else(|| {
            // Ticket parameters live for 40 L1 blocks: in a shorter round they would outlive it.
            (s.rounds.length_blocks.0 < 41).then(|| {
                problem(
                    "rounds.length_blocks",
                    format!(
                        "{} blocks are fewer than the 40 for which ticket parameters hold",
                        s.rounds.length_blocks.0
                    ),
                    "use 41 blocks or more",
                )
            })
        })
        .or_else(|| {
            (s.faults.orchestrator_crashes > s.orchestrators.count.0).then(|| {
                problem(
                    "faults.orchestrator_crashes",
                    format!(
                        "{} of {} orchestrators cannot crash",
                        s.faults.orchestrator_crashes, s.orchestrators.count.0
                    ),
                    "name at most the number of orchestrators",
                )
            })
        })
}

fn upgrades(s: &Scenario) -> Option<Problem> {
    let mut before = (0, s.chain.protocol);
    for (i, upgrade) in s.chain.upgrades.iter().enumerate() {
        let (round, rounds) = (upgrade.round.0, s.rounds.count.0);
        if round > rounds {
            return Some(problem(
                format!("chain.upgrades.{i}.round"),
                format!("there is no round {round}: the scenario has {rounds}"),
                "name a round with demand, counted from 1",
            ));
        }
        if round <= before.0 {
            return Some(problem(
                format!("chain.upgrades.{i}.round"),
                format!("round {round} does not come after round {}", before.0),
                "list upgrades in the order in which they happen, at most one a round",
            ));
        }
        if upgrade.protocol == before.1 {
            return Some(problem(
                format!("chain.upgrades.{i}.protocol"),
                format!("the contracts are those of {} already", before.1),
                "name another version, or leave the upgrade out",
            ));
        }
        before = (round, upgrade.protocol);
    }
    None
}

fn money(s: &Scenario) -> Option<Problem> {
    let g = &s.gateways;
    if g.deposit_eth.0 <= 0.0 {
        return Some(problem(
            "gateways.deposit_eth",
            "a gateway without a deposit cannot pay with tickets",
            "give every gateway a deposit, for example deposit_eth = 1.0",
        ));
    }
    if g.reserve_eth.0 <= 0.0 {
        return Some(problem(
            "gateways.reserve_eth",
            "orchestrators accept no tickets from a gateway without a reserve",
            "give every gateway a reserve, for example reserve_eth = 1.0",
        ));
    }
    let o = &s.orchestrators;
    if o.ticket_ev_wei == 0 {
        return Some(problem(
            "orchestrators.ticket_ev_wei",
            "a ticket must be worth something",
            "use 8000000000, the network's default, or more",
        ));
    }
    if o.redeem_gas == 0 {
        return Some(problem("orchestrators.redeem_gas", "a redemption costs gas", "use 350000 or more"));
    }
    if g.max_ticket_ev_wei <= o.ticket_ev_wei {
        return Some(problem(
            "gateways.max_ticket_ev_wei",
            format!(
                "{} is not above the orchestrators' ticket_ev_wei of {}: no gateway would pay",
                g.max_ticket_ev_wei, o.ticket_ev_wei
            ),
            "raise it: win probabilities are rounded up, so a ticket is worth a little more than its orchestrator asks",
        ));
    }
    if g.max_total_ev_wei < g.max_ticket_ev_wei {
        return Some(problem(
            "gateways.max_total_ev_wei",
            format!(
                "{} is below max_ticket_ev_wei of {}: not one ticket would fit",
                g.max_total_ev_wei, g.max_ticket_ev_wei
            ),
            "raise it",
        ));
    }
    let weights = &g.selection;
    let sum = weights.stake_weight.0 + weights.price_weight.0 + weights.random_weight.0;
    if (sum - 1.0).abs() > 1e-9 {
        return Some(problem(
            "gateways.selection",
            format!("weights add up to {sum}"),
            "stake_weight + price_weight + random_weight must be 1",
        ));
    }
    if s.token.inflation_ppb > 1_000_000_000 {
        return Some(problem(
            "token.inflation_ppb",
            format!("{} is more than the whole supply", s.token.inflation_ppb),
            "parts per billion per round, 663500 in December 2025",
        ));
    }
    None
}

fn links(s: &Scenario) -> Option<Problem> {
    let n = &s.network;
    if n.regions.is_empty() {
        return Some(problem("network.regions", "no region is named", "name at least one"));
    }
    let known: BTreeSet<&String> = n.regions.iter().collect();
    if known.len() != n.regions.len() {
        return Some(problem("network.regions", "a region is named twice", "name each once"));
    }
    let mut pairs = BTreeSet::new();
    for (i, l) in n.links.iter().enumerate() {
        for (end, r) in [("from", &l.from), ("to", &l.to)] {
            if !known.contains(r) {
                return Some(problem(
                    format!("network.links.{i}.{end}"),
                    format!("`{r}` is no region"),
                    format!("regions are {}", n.regions.join(", ")),
                ));
            }
        }
        let pair = (l.from.clone().min(l.to.clone()), l.from.clone().max(l.to.clone()));
        if !pairs.insert(pair) {
            return Some(problem(
                format!("network.links.{i}"),
                format!("{} to {} is given twice", l.from, l.to),
                "remove one",
            ));
        }
    }
    for (i, a) in n.regions.iter().enumerate() {
        for b in n.regions.iter().skip(i) {
            let pair = (a.clone().min(b.clone()), a.clone().max(b.clone()));
            if !pairs.contains(&pair) {
                return Some(problem(
                    "network.links",
                    format!("no link between {a} and {b}"),
                    format!("add {{ from = \"{a}\", to = \"{b}\", latency_ms = … }}"),
                ));
            }
        }
    }
    None
}

fn ladder(s: &Scenario) -> Option<Problem> {
    if s.ladder.is_empty() {
        return Some(problem("ladder", "no rendition is asked for", "add a step with name, width, height and bitrate"));
    }
    let mut names = BTreeSet::new();
    for (i, step) in s.ladder.iter().enumerate() {
        let key = |k: &str| format!("ladder.{i}.{k}");
        if !names.insert(&step.name) {
            return Some(problem(key("name"), format!("`{}` is given twice", step.name), "name each step once"));
        }
        for (k, v) in [("width", step.width.0), ("height", step.height.0)] {
            if v % 2 != 0 || v > 8192 {
                return Some(problem(
                    key(k),
                    format!("{v} is no size for 4:2:0 video"),
                    "use an even number up to 8192",
                ));
            }
        }
        if let Some(p) = shape(s, i, step) {
            return Some(p);
        }
    }
    None
}

/// A transcoder keeps a picture's shape: fees are reckoned on the size that really comes out.
fn shape(s: &Scenario, i: usize, step: &LadderStep) -> Option<Problem> {
    let source = (s.gateways.source_width.0, s.gateways.source_height.0);
    if step.has_shape_of(source) {
        return None;
    }
    let ((w, h), (width, height)) = (source, step.size());
    let key = format!("ladder.{i}.width");
    Some(match fit(source, step.size()) {
        Some((mw, mh)) => problem(
            key,
            format!("a source of {w}x{h} cannot become {width}x{height} without distortion"),
            format!("use width = {mw} and height = {mh}, or another source_width and source_height"),
        ),
        None => problem(
            key,
            format!("a source of {w}x{h} cannot become {width}x{height}"),
            "use a size between 146x50 and 8192x8192",
        ),
    })
}

fn real_stream(s: &Scenario) -> Option<Problem> {
    let r = s.real_stream.as_ref()?;
    if s.fidelity.traffic == Traffic::Round {
        return Some(problem(
            "real_stream",
            "segments of a real stream are messages of their own, and traffic = \"round\" sums them up",
            "use traffic = \"segment\", or remove [real_stream]",
        ));
    }
    if r.gateway.0 > s.gateways.count.0 {
        return Some(problem(
            "real_stream.gateway",
            format!("there is no gateway {}", r.gateway.0),
            format!("name one from 1 to {}", s.gateways.count.0),
        ));
    }
    if r.start_seconds.0 >= s.demand_seconds() as f64 {
        return Some(problem(
            "real_stream.start_seconds",
            format!("{} s lies beyond the run's {} s", r.start_seconds.0, s.demand_seconds()),
            "start it within the rounds",
        ));
    }
    let path = s.base.join(&r.clip);
    if !path.is_file() {
        return Some(problem(
            "real_stream.clip",
            format!("no such file: {}", path.display()),
            "give a path relative to the scenario's folder, or remove [real_stream] to run on the work model alone",
        ));
    }
    None
}
