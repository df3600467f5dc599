//! Who holds stake at the start, and who comes later.

use std::collections::BTreeMap;

use weir_kernel::dist;
use weir_types::Entropy;

use super::class::{Class, Compounder, Exiter, Extractor, Inert, Ordinary, Passive, Whale};
use super::rules::DelegatorRules;
use crate::data::{self, BANDS, Band};
use crate::draw;
use crate::setting::{ABOVE_ZERO, ANY, COUNT, NOT_NEGATIVE, Problem, SHARE, between, choice, params};

params! {
    /// A group of wallets that behave alike.
    pub struct Group {
        /// Share of the wallets of its sizes, in any unit.
        weight: f64 = 1.0 => NOT_NEGATIVE,
        /// Smallest stake in LPT.
        from_lpt: f64 = 0.0 => NOT_NEGATIVE,
        /// Stake in LPT from which it is another group's.
        to_lpt: f64 = 1e12 => ABOVE_ZERO,
        /// How they behave.
        rules: DelegatorRules = DelegatorRules::default() => ANY,
    }
}

/// The groups of today's network: dust below 1 LPT, and above it many that do nothing; with the dust they are the half
/// of wallets that does nothing in a year. The others claim, extract, leave, or, from 100,000 LPT, jump. Their weights
/// are chosen so that all together claim, withdraw and move stake as often as the network did: a test plays it.
fn today() -> BTreeMap<String, Group> {
    let group = |weight, from_lpt, to_lpt, class| Group {
        weight,
        from_lpt,
        to_lpt,
        rules: DelegatorRules { class, ..DelegatorRules::default() },
    };
    let knee = data::TAIL_KNEE_LPT;
    let all = [
        ("dust", group(1.0, 0.0, 1.0, Class::Inert(Inert::default()))),
        ("passive", group(0.38, 1.0, knee, Class::Passive(Passive::default()))),
        ("ordinary", group(0.15, 1.0, knee, Class::Ordinary(Ordinary { claims: 0.03, ..Ordinary::default() }))),
        ("compounders", group(0.17, 1.0, knee, Class::Compounder(Compounder::default()))),
        ("extractors", group(0.25, 1.0, knee, Class::Extractor(Extractor::default()))),
        ("exiters", group(0.05, 1.0, knee, Class::Exiter(Exiter::default()))),
        ("whales", group(0.8, knee, 1e12, Class::Whale(Whale::default()))),
        ("large_extractors", group(0.2, knee, 1e12, Class::Extractor(Extractor::default()))),
    ];
    all.into_iter().map(|(name, group)| (name.to_owned(), group)).collect()
}

params! {
    /// Wallets by size as on 19 January 2026: the count of each band is exact, and so is its stake. Inside a band
    /// stakes follow a power law whose exponent is found from the band's mean. The band above 10,000 LPT has three parts
    /// of known count and stake, and ends at 2 million.
    pub struct ByBands {
        /// Wallets. Fewer than 3,222 keep the shares of the bands.
        wallets: u32 = 3222 => between(1.0, 1_000_000.0),
        /// Factor on all stakes.
        scale: f64 = 1.0 => ABOVE_ZERO,
        /// Share of the stake that is rewards not yet claimed.
        unclaimed: f64 = data::UNCLAIMED_SHARE => between(0.0, 0.99),
    }
}

params! {
    /// A wallet.
    pub struct Wallet {
        /// Its stake in LPT, with unclaimed rewards.
        stake_lpt: f64 = 1000.0 => NOT_NEGATIVE,
        /// Share of it that is rewards not yet claimed.
        unclaimed: f64 = 0.0 => between(0.0, 0.99),
        /// How many such wallets.
        count: u32 = 1 => COUNT,
        /// Its group; by its size where left out.
        group: Option<String> = None => ANY,
        /// Number of the orchestrator that holds the stake; drawn where left out.
        delegate: Option<u64> = None => NOT_NEGATIVE,
    }
}

params! {
    /// Wallets one by one.
    pub struct ByList {
        /// The wallets.
        wallets: Vec<Wallet> = Vec::new() => ANY,
    }
}

choice! {
    /// Who holds stake at the start.
    pub enum Start {
        Bands(ByBands) = "bands",
        List(ByList) = "list",
    }
}

params! {
    /// Wallets that come later: 1.2 a round in 2025, after 6.1, 3.6 and 1.7 in the years before. Their sizes are those
    /// that new bonders of 2025 reached.
    pub struct Arrivals {
        /// New wallets per round, on average (Poisson).
        per_round: f64 = 0.0 => between(0.0, 10_000.0),
        /// Factor on their stakes.
        scale: f64 = 1.0 => ABOVE_ZERO,
        /// Chance of a round with a rush.
        rush_chance: f64 = 0.0 => SHARE,
        /// New wallets of a rush over those of another round.
        rush_factor: f64 = 10.0 => NOT_NEGATIVE,
    }
}

params! {
    /// All delegators.
    pub struct Population {
        /// Who holds stake at the start.
        start: Start = Start::default() => ANY,
        /// Groups by name. The default groups are `dust`, `passive`, `ordinary`, `compounders`, `extractors`,
        /// `exiters`, `whales` and `large_extractors`, by size; groups that are given take the place of all of them.
        groups: BTreeMap<String, Group> = today() => ANY,
        /// Who comes later.
        arrivals: Arrivals = Arrivals::default() => ANY,
    }
    and |p| p.stray()
}

/// A wallet with stake.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Stake in LPT, with unclaimed rewards.
    pub stake_lpt: f64,
    /// Rewards not yet claimed.
    pub unclaimed_lpt: f64,
    /// Its group's name.
    pub group: String,
    /// Number of the orchestrator that holds the stake, where that is fixed.
    pub delegate: Option<u64>,
}

impl Population {
    /// A wallet of no group, or of one that is not there.
    fn stray(&self) -> Option<Problem> {
        if let Start::List(list) = &self.start {
            let named = list.wallets.iter().enumerate().filter_map(|(i, w)| Some((i, w.group.as_ref()?)));
            for (i, name) in named {
                if !self.groups.contains_key(name) {
                    let known = self.groups.keys().cloned().collect::<Vec<_>>().join(", ");
                    let message = format!("there is no group `{name}`");
                    return Some(Problem::new(
                        format!("start.wallets.{}.group", i + 1),
                        message,
                        format!("known: {known}"),
                    ));
                }
            }
        }
        let (name, _) = self.groups.iter().find(|(_, g)| g.from_lpt >= g.to_lpt)?;
        Some(Problem::new(format!("groups.{name}.from_lpt"), "is not below to_lpt", "exchange them"))
    }

    /// The wallets of the start, largest first.
    pub fn members(&self, rng: &mut Entropy) -> Vec<Member> {
        let mut all = match &self.start {
            Start::Bands(p) => {
                let principals = stakes(p.wallets, rng);
                let make = |lpt: f64| {
                    let stake_lpt = lpt * p.scale / (1.0 - p.unclaimed);
                    (stake_lpt, stake_lpt * p.unclaimed, None, None)
                };
                principals.into_iter().map(make).collect::<Vec<_>>()
            }
            Start::List(p) => {
                let copies = |w: &Wallet| {
                    let one = (w.stake_lpt, w.stake_lpt * w.unclaimed, w.group.clone(), w.delegate);
                    std::iter::repeat_n(one, w.count as usize)
                };
                p.wallets.iter().flat_map(copies).collect()
            }
        };
        all.sort_by(|a, b| b.0.total_cmp(&a.0));
        let member = |(stake_lpt, unclaimed_lpt, group, delegate): (f64, f64, Option<String>, Option<u64>)| {
            let group = group.unwrap_or_else(|| self.group_of(stake_lpt - unclaimed_lpt, rng));
            Member { stake_lpt, unclaimed_lpt, group, delegate }
        };
        all.into_iter().map(member).collect()
    }

    /// Wallets that come in a round.
    pub fn arrivals(&self, rng: &mut Entropy) -> Vec<Member> {
        let p = &self.arrivals;
        let rush = draw::chance(rng, p.rush_chance);
        let count = draw::poisson(rng, p.per_round * if rush { p.rush_factor } else { 1.0 });
        let weights = BANDS.map(|b| f64::from(b.arrivals_2025));
        let mut one = || {
            let band = &BANDS[dist::weighted(rng, &weights)];
            let stake_lpt = draw::pareto_between(rng, band.from, band.to, exponent_of(band)) * p.scale;
            Member { stake_lpt, unclaimed_lpt: 0.0, group: self.group_of(stake_lpt, rng), delegate: None }
        };
        (0..count).map(|_| one()).collect()
    }

    /// The rules of a group; those of a delegator that does nothing where there is no such group.
    #[must_use]
    pub fn rules(&self, group: &str) -> DelegatorRules {
        self.groups.get(group).map(|g| g.rules.clone()).unwrap_or_default()
    }

    fn group_of(&self, lpt: f64, rng: &mut Entropy) -> String {
        let fit: Vec<(&String, &Group)> =
            self.groups.iter().filter(|(_, g)| lpt >= g.from_lpt && lpt < g.to_lpt).collect();
        let weights: Vec<f64> = fit.iter().map(|(_, g)| g.weight).collect();
        fit.get(dist::weighted(rng, &weights)).map(|(name, _)| (*name).clone()).unwrap_or_default()
    }
}

/// A delegate for each member: large ones first, each by the stake that a delegate still lacks. `targets` are the
/// delegates' numbers and the stakes that they should have.
pub fn assign(members: &[Member], targets: &[(u64, f64)], rng: &mut Entropy) -> Vec<u64> {
    let mut lacking: Vec<f64> = targets.iter().map(|(_, lpt)| *lpt).collect();
    let fixed = members.iter().filter_map(|m| Some((m.delegate?, m.stake_lpt)));
    for (id, lpt) in fixed {
        if let Some(at) = targets.iter().position(|(t, _)| *t == id) {
            lacking[at] -= lpt;
        }
    }
    let place = |m: &Member| {
        if let Some(id) = m.delegate {
            return id;
        }
        // One for which there is room, by that room; the roomiest where there is none.
        let room: Vec<f64> = lacking.iter().map(|l| if *l >= m.stake_lpt { *l } else { 0.0 }).collect();
        let at = if room.iter().any(|r| *r > 0.0) {
            dist::weighted(rng, &room)
        } else {
            let most = lacking.iter().copied().fold(f64::MIN, f64::max);
            lacking.iter().position(|l| *l >= most).unwrap_or(0)
        };
        if let Some(l) = lacking.get_mut(at) {
            *l -= m.stake_lpt;
        }
        targets.get(at).map_or(0, |(id, _)| *id)
    };
    members.iter().map(place).collect()
}

/// Stakes of so many delegates as on 19 January 2026, largest first, summing to a total: the largest 25 as measured,
/// the rest falling so that the largest 50 and 100 have their measured shares.
#[must_use]
pub fn delegate_stakes(count: usize, total_lpt: f64) -> Vec<f64> {
    let top: f64 = data::TOP_DELEGATES.iter().sum();
    let mut all = data::TOP_DELEGATES.to_vec();
    let mut below = (data::TOP_DELEGATES.len(), top / data::PRINCIPAL_LPT);
    let ends = data::DELEGATE_SHARES.iter().copied().chain([(data::DELEGATES, 1.0)]);
    for (rank, share) in ends {
        let ranks = rank - below.0;
        let sum = (share - below.1) * data::PRINCIPAL_LPT;
        all.extend(falling(*all.last().unwrap_or(&1.0), ranks, sum));
        below = (rank, share);
    }
    all.truncate(count);
    let last = all.last().copied().unwrap_or(1.0);
    all.resize(count, last * 0.5);
    let sum: f64 = all.iter().sum();
    all.iter().map(|lpt| lpt * total_lpt / sum).collect()
}

/// So many values, each the same part of the one before, from a first one downward, with a sum.
fn falling(first: f64, count: usize, sum: f64) -> Vec<f64> {
    let values = |ratio: f64| -> Vec<f64> { (1..=count).map(|i| first * libm::pow(ratio, i as f64)).collect() };
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = low + (high - low) / 2.0;
        if values(middle).iter().sum::<f64>() < sum { low = middle } else { high = middle }
    }
    values(low)
}

/// Principals of so many wallets: counts by band, and in each band stakes with the band's mean.
fn stakes(wallets: u32, rng: &mut Entropy) -> Vec<f64> {
    let total: u32 = BANDS.iter().map(|b| b.wallets).sum();
    let counts = apportion(wallets, &BANDS.map(|b| f64::from(b.wallets) / f64::from(total)));
    let mut all = Vec::with_capacity(wallets as usize);
    for (band, count) in BANDS.iter().zip(counts) {
        if band.to <= 10_000.0 {
            all.extend(spread(band.from, band.to, count, band.mean_lpt, rng));
            continue;
        }
        let shares = data::TAIL.map(|(.., wallets, _)| f64::from(wallets) / f64::from(band.wallets));
        for ((from, to, wallets, lpt), count) in data::TAIL.iter().zip(apportion(count, &shares)) {
            all.extend(spread(*from, *to, count, lpt / f64::from(*wallets), rng));
        }
    }
    all
}

/// Whole numbers in proportion to shares, by largest remainder.
fn apportion(count: u32, shares: &[f64]) -> Vec<u32> {
    let exact: Vec<f64> = shares.iter().map(|s| s * f64::from(count)).collect();
    let mut whole: Vec<u32> = exact.iter().map(|e| *e as u32).collect();
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by(|a, b| (exact[*b] - f64::from(whole[*b])).total_cmp(&(exact[*a] - f64::from(whole[*a]))));
    let missing = count.saturating_sub(whole.iter().sum());
    for at in order.iter().cycle().take(missing as usize) {
        whole[*at] += 1;
    }
    whole
}

/// So many stakes between two ends with a mean: one in each of as many equal parts of a power law, whose exponent is
/// searched for.
fn spread(from: f64, to: f64, count: u32, mean: f64, rng: &mut Entropy) -> Vec<f64> {
    let places: Vec<f64> = (0..count).map(|i| (f64::from(i) + rng.unit()) / f64::from(count)).collect();
    let at = |exponent: f64| -> Vec<f64> { places.iter().map(|p| power(from, to, exponent, *p)).collect() };
    at(exponent(|e| at(e).iter().sum::<f64>() / f64::from(count.max(1)), mean))
}

/// The value of a power law between two ends at a probability.
fn power(from: f64, to: f64, exponent: f64, probability: f64) -> f64 {
    if exponent.abs() < 1e-9 {
        return from * libm::pow(to / from, probability);
    }
    let kept = 1.0 - libm::pow(from / to, exponent);
    from / libm::pow(1.0 - probability * kept, 1.0 / exponent)
}

/// The exponent at which a mean is met. The larger the exponent, the smaller the mean.
fn exponent(mean_at: impl Fn(f64) -> f64, mean: f64) -> f64 {
    let (mut low, mut high) = (-8.0, 8.0);
    for _ in 0..60 {
        let middle = low + (high - low) / 2.0;
        if mean_at(middle) > mean { low = middle } else { high = middle }
    }
    low
}

/// The exponent of a band's wallets, for single draws.
fn exponent_of(band: &Band) -> f64 {
    exponent(|e| power_mean(band.from, band.to, e), band.mean_lpt)
}

/// The mean of a power law between two ends.
fn power_mean(from: f64, to: f64, exponent: f64) -> f64 {
    // At 0 and at 1 the formula is a limit; near it, it is as good.
    let near = |e: f64, at: f64| if (e - at).abs() < 1e-5 { at + 1e-5 } else { e };
    let e = near(near(exponent, 0.0), 1.0);
    let kept = 1.0 - libm::pow(from / to, e);
    e / (1.0 - e) * from * (libm::pow(to / from, 1.0 - e) - 1.0) / kept
}
