//! From a finished world to tables, figures and verdicts.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use weir_chain::DelegatorState;
use weir_types::{Address, Round, Wei};

use crate::LabError;
use crate::books::Books;
use crate::media::RenditionRow;
use crate::names::Names;
use crate::snapshot::RoundRow;
use crate::tables::Table;
use crate::world::MarketRow;

/// All that tables and figures are made of.
pub(crate) struct Results<'a> {
    pub(crate) rounds: &'a [RoundRow],
    pub(crate) books: &'a Books,
    pub(crate) names: &'a Names,
    pub(crate) delegators: &'a [(Address, DelegatorState)],
    pub(crate) renditions: &'a [RenditionRow],
    /// Prices and trades, where they move.
    pub(crate) market: &'a [MarketRow],
    /// Seconds of virtual time at which the run began, on the clock of the books.
    pub(crate) begin_seconds: f64,
}

/// The figures of a run in small: what scripts read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Scenario.
    pub name: String,
    /// Seed.
    pub seed: u64,
    /// Version of the program.
    pub version: String,
    /// Version of the protocol's contracts.
    pub protocol: String,
    /// Hash over all events.
    pub trace_hash: String,
    /// Length of the run in virtual time.
    pub virtual_seconds: f64,
    /// Time it took.
    pub wall_seconds: f64,
    /// Events.
    pub events: u64,
    /// Transactions in blocks, those of the set-up included.
    pub transactions: u64,
    /// Rounds that passed.
    pub rounds: u64,
    /// True when the run was cut short.
    pub partial: bool,
    /// Figures by name.
    pub kpis: BTreeMap<String, f64>,
    /// What must hold: `ok`, or what broke.
    pub invariants: BTreeMap<String, String>,
}

impl Summary {
    /// Names and reasons of what broke.
    pub fn broken(&self) -> impl Iterator<Item = (&String, &String)> {
        self.invariants.iter().filter(|(_, v)| *v != "ok")
    }
}

/// Names of the tables that every run leaves.
#[must_use]
pub fn table_names() -> Vec<&'static str> {
    of_nothing(|results| results.tables().iter().map(Table::name).collect())
}

/// Names of the figures that every run leaves.
#[must_use]
pub fn figure_names() -> Vec<String> {
    of_nothing(|results| results.kpis().into_keys().collect())
}

/// What is so of all results is so of a run in which nothing happened.
fn of_nothing<T>(f: impl FnOnce(&Results<'_>) -> T) -> T {
    let (books, names) = (Books::default(), Names::default());
    f(&Results {
        rounds: &[],
        books: &books,
        names: &names,
        delegators: &[],
        renditions: &[],
        market: &[],
        begin_seconds: 0.0,
    })
}

fn eth(w: Wei) -> f64 {
    w.to_f64_whole()
}

fn credit_eth(c: &weir_ticket::Value) -> f64 {
    c.to_f64() / 1e18
}

impl Results<'_> {
    /// Write all tables below `dir`.
    pub(crate) fn write_tables(&self, dir: &Path) -> Result<(), LabError> {
        std::fs::create_dir_all(dir).map_err(|source| LabError::Write { path: dir.to_owned(), source })?;
        self.tables().into_iter().try_for_each(|table| table.write(dir))
    }

    fn tables(&self) -> [Table; 12] {
        [
            self.rounds_table(),
            self.transcoders_table(),
            self.broadcasters_table(),
            self.tickets_table(),
            self.redemptions_table(),
            self.rewards_table(),
            self.sessions_table(),
            self.segments_table(),
            self.gas_table(),
            self.renditions_table(),
            self.delegators_table(),
            self.market_table(),
        ]
    }

    fn market_table(&self) -> Table {
        let r = self.market;
        Table::new("market")
            .whole("round", r.iter().map(|x| x.round))
            .number("seconds", r.iter().map(|x| x.seconds))
            .number("lpt_eth", r.iter().map(|x| x.lpt_eth))
            .number("eth_usd", r.iter().map(|x| x.eth_usd))
            .number("gas_gwei", r.iter().map(|x| x.gas_gwei))
            .number("sentiment", r.iter().map(|x| x.sentiment))
            .number("sold_lpt", r.iter().map(|x| x.sold_lpt))
            .number("bought_lpt", r.iter().map(|x| x.bought_lpt))
    }

    fn rounds_table(&self) -> Table {
        let r = self.rounds;
        Table::new("rounds")
            .whole("round", r.iter().map(|x| x.round.0))
            .whole("l1_block", r.iter().map(|x| x.l1_block))
            .number("start_seconds", r.iter().map(|x| x.start_seconds))
            .whole("inflation_ppb", r.iter().map(|x| x.inflation.0))
            .number("mintable_lpt", r.iter().map(|x| x.mintable.to_f64_whole()))
            .number("minted_lpt", r.iter().map(|x| x.minted.to_f64_whole()))
            .number("total_active_stake_lpt", r.iter().map(|x| x.active_stake.to_f64_whole()))
            .number("supply_lpt", r.iter().map(|x| x.supply.to_f64_whole()))
            .number("bonding_rate", r.iter().map(|x| ratio(x.active_stake.to_f64_whole(), x.supply.to_f64_whole())))
            .number("gas_price_gwei", r.iter().map(|x| x.gas_price.to_f64() / 1e9))
    }

    fn transcoders_table(&self) -> Table {
        let mut fees: BTreeMap<(Round, Address), f64> = BTreeMap::new();
        for r in &self.books.redemptions {
            *fees.entry((r.round, r.recipient)).or_default() += eth(r.paid);
        }
        let mut rewards: BTreeMap<(Round, Address), f64> = BTreeMap::new();
        for (round, who, lpt) in &self.books.rewards {
            *rewards.entry((*round, *who)).or_default() += lpt.to_f64_whole();
        }
        let mut backers: BTreeMap<Address, u64> = BTreeMap::new();
        for (_, d) in self.delegators {
            *backers.entry(d.delegate).or_default() += 1;
        }
        let rows: Vec<_> = self.rounds.iter().flat_map(|r| r.transcoders.iter().map(move |t| (r.round, t))).collect();
        Table::new("transcoders")
            .whole("round", rows.iter().map(|(r, _)| r.0))
            .text("address", rows.iter().map(|(_, t)| t.address.to_string()))
            .text("name", rows.iter().map(|(_, t)| self.names.of(&t.address)))
            .flag("active", rows.iter().map(|(_, t)| t.active))
            .number("stake_lpt", rows.iter().map(|(_, t)| t.stake.to_f64_whole()))
            .number("reward_cut", rows.iter().map(|(_, t)| f64::from(t.reward_cut.0) / 1e6))
            .number("fee_share", rows.iter().map(|(_, t)| f64::from(t.fee_share.0) / 1e6))
            .number("price_wei_per_pixel", rows.iter().map(|(_, t)| t.price))
            .number("fees_eth", rows.iter().map(|(r, t)| fees.get(&(*r, t.address)).copied().unwrap_or(0.0)))
            .number("rewards_lpt", rows.iter().map(|(r, t)| rewards.get(&(*r, t.address)).copied().unwrap_or(0.0)))
            .flag("rewarded", rows.iter().map(|(_, t)| t.rewarded))
            .whole("delegators", rows.iter().map(|(_, t)| backers.get(&t.address).copied().unwrap_or(0)))
    }

    fn broadcasters_table(&self) -> Table {
        let rows: Vec<_> = self.rounds.iter().flat_map(|r| r.broadcasters.iter().map(move |b| (r.round, b))).collect();
        Table::new("broadcasters")
            .whole("round", rows.iter().map(|(r, _)| r.0))
            .text("address", rows.iter().map(|(_, b)| b.address.to_string()))
            .text("name", rows.iter().map(|(_, b)| self.names.of(&b.address)))
            .number("deposit_eth", rows.iter().map(|(_, b)| eth(b.deposit)))
            .number("reserve_eth", rows.iter().map(|(_, b)| eth(b.reserve)))
    }

    fn tickets_table(&self) -> Table {
        let rows: Vec<_> = self.books.pairs.iter().collect();
        Table::new("tickets")
            .whole("round", rows.iter().map(|((r, _), _)| r.0))
            .text("gateway", rows.iter().map(|((_, p), _)| self.names.of(&p.0)))
            .text("orchestrator", rows.iter().map(|((_, p), _)| self.names.of(&p.1)))
            .whole("sent", rows.iter().map(|(_, b)| b.sent))
            .number("paid_ev_eth", rows.iter().map(|(_, b)| credit_eth(&b.paid_ev)))
            .number("expected_wins", rows.iter().map(|(_, b)| b.expected_wins))
            .whole("won", rows.iter().map(|(_, b)| b.won))
            .whole("redeemed", rows.iter().map(|(_, b)| b.redeemed))
            .number("redeemed_eth", rows.iter().map(|(_, b)| eth(b.redeemed_wei)))
    }

    fn redemptions_table(&self) -> Table {
        let r = &self.books.redemptions;
        Table::new("redemptions")
            .number("seconds", r.iter().map(|x| x.at.as_secs_f64() - self.begin_seconds))
            .whole("round", r.iter().map(|x| x.round.0))
            .text("orchestrator", r.iter().map(|x| self.names.of(&x.recipient)))
            .text("gateway", r.iter().map(|x| self.names.of(&x.sender)))
            .number("face_value_eth", r.iter().map(|x| eth(x.face_value)))
            .whole("gas_used", r.iter().map(|x| x.gas))
            .number("fee_eth", r.iter().map(|x| eth(x.fee)))
    }

    fn rewards_table(&self) -> Table {
        let r = &self.books.rewards;
        Table::new("rewards")
            .whole("round", r.iter().map(|x| x.0.0))
            .text("orchestrator", r.iter().map(|x| self.names.of(&x.1)))
            .number("lpt", r.iter().map(|x| x.2.to_f64_whole()))
    }

    fn sessions_table(&self) -> Table {
        let r: Vec<_> = self.books.streams.iter().collect();
        Table::new("sessions")
            .text("gateway", r.iter().map(|((g, _), _)| self.names.of(g)))
            .whole("stream", r.iter().map(|((_, s), _)| *s))
            .number("start_seconds", r.iter().map(|(_, b)| b.start.as_secs_f64() - self.begin_seconds))
            .whole("segments", r.iter().map(|(_, b)| b.segments))
            .whole("served", r.iter().map(|(_, b)| b.served))
            .whole("failed", r.iter().map(|(_, b)| b.failed))
            .whole("swaps", r.iter().map(|(_, b)| b.swaps))
    }

    fn segments_table(&self) -> Table {
        let r = &self.books.segments;
        let who = |a: &Option<Address>| a.map_or_else(String::new, |a| self.names.of(&a));
        Table::new("segments")
            .number("seconds", r.iter().map(|x| x.at.as_secs_f64() - self.begin_seconds))
            .text("gateway", r.iter().map(|x| self.names.of(&x.gateway)))
            .text("orchestrator", r.iter().map(|x| who(&x.orchestrator)))
            .whole("stream", r.iter().map(|x| x.stream))
            .whole("seq", r.iter().map(|x| x.seq))
            .number("upload_ms", r.iter().map(|x| x.parts.upload_ms))
            .number("transcode_ms", r.iter().map(|x| x.parts.transcode_ms))
            .number("download_ms", r.iter().map(|x| x.parts.download_ms))
            .number("latency_ms", r.iter().map(|x| x.latency_ms))
            .whole("tickets", r.iter().map(|x| x.tickets))
            .number("fee_eth", r.iter().map(|x| credit_eth(&x.fee)))
            .text("status", r.iter().map(|x| x.error.clone().unwrap_or_else(|| "ok".to_owned())))
    }

    fn gas_table(&self) -> Table {
        let r: Vec<_> = self.books.gas.iter().collect();
        Table::new("gas")
            .whole("round", r.iter().map(|((x, _), _)| x.0))
            .text("kind", r.iter().map(|((_, k), _)| *k))
            .whole("transactions", r.iter().map(|(_, g)| g.transactions))
            .whole("gas_used", r.iter().map(|(_, g)| g.gas))
            .number("fee_eth", r.iter().map(|(_, g)| eth(g.fee)))
    }

    fn renditions_table(&self) -> Table {
        let r = self.renditions;
        Table::new("renditions")
            .whole("stream", r.iter().map(|x| x.stream))
            .whole("seq", r.iter().map(|x| x.seq))
            .text("profile", r.iter().map(|x| &x.profile))
            .text("path", r.iter().map(|x| &x.path))
            .whole("width", r.iter().map(|x| u64::from(x.width)))
            .whole("height", r.iter().map(|x| u64::from(x.height)))
            .whole("frames", r.iter().map(|x| x.frames))
            .number("duration_seconds", r.iter().map(|x| x.duration_seconds))
            .whole("bytes", r.iter().map(|x| x.bytes))
            .whole("source_frames", r.iter().map(|x| x.source_frames))
            .number("source_duration_seconds", r.iter().map(|x| x.source_duration_seconds))
            .text("thumbnail", r.iter().map(|x| &x.thumbnail))
            .text("orchestrator", r.iter().map(|x| &x.orchestrator))
    }

    fn delegators_table(&self) -> Table {
        let r = self.delegators;
        Table::new("delegators")
            .text("address", r.iter().map(|(a, _)| a.to_string()))
            .text("delegate", r.iter().map(|(_, d)| self.names.of(&d.delegate)))
            .number("stake_lpt", r.iter().map(|(_, d)| d.stake.to_f64_whole()))
            .number("pending_fees_eth", r.iter().map(|(_, d)| eth(d.fees)))
            .number("bonded_lpt", r.iter().map(|(_, d)| d.bonded.to_f64_whole()))
    }

    /// Figures of the run by name.
    pub(crate) fn kpis(&self) -> BTreeMap<String, f64> {
        let totals = self.books.pair_totals();
        let sum = |f: &dyn Fn(&crate::books::PairBook) -> f64| totals.values().map(f).sum::<f64>();
        let segments = &self.books.sums;
        let (served, all) = (segments.served as f64, (segments.served + segments.failed) as f64);
        let last = self.rounds.last();
        let won = sum(&|b| b.won as f64);
        let redeemed = self.books.redemptions.len() as f64;
        let figures: [(&str, f64); 26] = [
            ("streams", self.books.streams.len() as f64),
            ("segments", all),
            ("segments_served", served),
            ("segments_failed", segments.failed as f64),
            ("success_rate", ratio(served, all)),
            ("swaps", self.books.streams.values().map(|s| s.swaps as f64).sum()),
            ("latency_ms_p50", segments.latency(0.5)),
            ("latency_ms_p95", segments.latency(0.95)),
            ("latency_ms_p99", segments.latency(0.99)),
            ("pixels", self.books.pixels.values().map(|p| *p as f64).sum()),
            ("tickets_sent", sum(&|b| b.sent as f64)),
            ("tickets_won", won),
            ("tickets_expected_wins", sum(&|b| b.expected_wins)),
            ("tickets_redeemed", redeemed),
            ("tickets_unredeemed", won - redeemed),
            ("pairs", totals.len() as f64),
            (
                "pairs_over_1000_tickets",
                totals.values().filter(|b| b.sent > crate::invariants::TICKETS_MIN).count() as f64,
            ),
            ("paid_ev_eth", sum(&|b| credit_eth(&b.paid_ev))),
            ("fees_eth", self.books.redemptions.iter().map(|r| eth(r.paid)).sum()),
            ("work_fees_eth", credit_eth(&segments.fees)),
            ("gas_eth", self.books.gas.values().map(|g| eth(g.fee)).sum()),
            ("reward_calls", self.books.rewards.len() as f64),
            ("minted_lpt", self.books.rewards.iter().map(|r| r.2.to_f64_whole()).sum()),
            ("active_stake_lpt", last.map_or(0.0, |r| r.active_stake.to_f64_whole())),
            ("bonding_rate", last.map_or(0.0, |r| ratio(r.active_stake.to_f64_whole(), r.supply.to_f64_whole()))),
            ("renditions", self.renditions.len() as f64),
        ];
        figures.into_iter().chain(self.money()).map(|(k, v)| (k.to_owned(), v)).collect()
    }

    /// What became of the supply, and of those who hold stake.
    fn money(&self) -> [(&'static str, f64); 8] {
        let supply: Vec<f64> = self.rounds.iter().map(|r| r.supply.to_f64_whole()).collect();
        let rates = self.rounds.iter().map(|r| ratio(r.active_stake.to_f64_whole(), r.supply.to_f64_whole()));
        let (n, last) = (supply.len(), supply.last().copied().unwrap_or(0.0));
        let since = |back: usize| supply.get(n.saturating_sub(back + 1)).map_or(0.0, |s| 1.0 - ratio(*s, last));
        let grown = |r: &RoundRow| 1.0 + ratio(r.minted.to_f64_whole(), r.active_stake.to_f64_whole());
        [
            ("supply_lpt", last),
            ("inflation_ppb", self.rounds.last().map_or(0.0, |r| r.inflation.0 as f64)),
            ("dilution", since(n)),
            ("dilution_half_year", since(HALF_YEAR)),
            ("staker_yield", self.rounds.iter().map(grown).product::<f64>() - 1.0),
            ("bonding_rate_mean", ratio(rates.clone().sum(), n as f64)),
            ("bonding_rate_min", rates.fold(f64::INFINITY, f64::min).min(1.0)),
            ("minted_of_mintable", self.minted_share()),
        ]
    }

    fn minted_share(&self) -> f64 {
        let sum = |f: &dyn Fn(&RoundRow) -> f64| self.rounds.iter().map(f).sum::<f64>();
        ratio(sum(&|r| r.minted.to_f64_whole()), sum(&|r| r.mintable.to_f64_whole()))
    }
}

/// Rounds of half a year: the window of LIP-107's dilution.
const HALF_YEAR: usize = 207;

fn ratio(a: f64, b: f64) -> f64 {
    if b == 0.0 { 0.0 } else { a / b }
}
