//! Fees beside inflation rewards, round by round.

use std::collections::BTreeMap;

use crate::charts::{Figure, rows, split};
use crate::palette::Color;
use crate::plot::{Axis, LABEL, Plot, Sign, legend};
use crate::read::Run;
use crate::svg::{Align, Area, Canvas, text_width};
use crate::text;

/// Income of all orchestrators and their delegators.
pub(super) struct Income {
    rounds: Vec<Round>,
    /// Whether rewards could be turned into ETH.
    priced: bool,
}

struct Round {
    label: String,
    fees: f64,
    rewards: f64,
}

pub(super) fn figure(run: &Run) -> Figure {
    let (finding, body) = split(Income::of(run), Income::finding, Income::draw);
    let price = match run.scenario_number("/token/lpt_price_eth") {
        Some(p) => format!(", at {} for one LPT", text::eth(p)),
        None => String::new(),
    };
    Figure {
        id: "income",
        title: "Income by source",
        shows: format!(
            "What orchestrators and delegators took in per round, as fees for work and as newly minted LPT{price}."
        ),
        finding,
        tables: &["transcoders", "rounds", "rewards"],
        broad: false,
        body,
    }
}

impl Income {
    fn of(run: &Run) -> Result<Self, String> {
        let rows = rows(run.tables.transcoders.as_ref(), "transcoders", "No rounds passed in this run.")?;
        let price = run.scenario_number("/token/lpt_price_eth");
        let mut sums: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
        for t in rows {
            let (fees, rewards) = sums.entry(t.round).or_default();
            *fees += t.fees_eth;
            *rewards += t.rewards_lpt * price.unwrap_or(0.0);
        }
        let rounds: Vec<Round> =
            sums.into_iter().map(|(r, (fees, rewards))| Round { label: r.to_string(), fees, rewards }).collect();
        if rounds.iter().all(|r| r.fees == 0.0 && r.rewards == 0.0) {
            return Err("Nobody took in fees or rewards in this run.".to_owned());
        }
        Ok(Self { rounds, priced: price.is_some() })
    }

    fn finding(&self) -> Option<String> {
        let fees: f64 = self.rounds.iter().map(|r| r.fees).sum();
        let rewards: f64 = self.rounds.iter().map(|r| r.rewards).sum();
        if !self.priced {
            return Some(format!(
                "Fees came to {}; the scenario names no price at which rewards could stand beside them.",
                text::eth(fees)
            ));
        }
        let share = text::percent(fees / (fees + rewards));
        Some(format!("Fees were {share} of the income: {} beside {} in rewards.", text::eth(fees), text::eth(rewards)))
    }

    pub(super) fn draw(&self, c: &mut Canvas<'_>, area: Area) {
        let mut signs = vec![(Sign::Box(Color::Blue), "fees")];
        if self.priced {
            signs.push((Sign::Box(Color::Orange), "rewards"));
        }
        let area = legend(c, area, &signs);
        let max = self.rounds.iter().map(|r| r.fees.max(r.rewards)).fold(0.0, f64::max);
        let (factor, unit) = text::eth_unit(max);
        let labels: Vec<String> = self.rounds.iter().map(|r| r.label.clone()).collect();
        // A little room above the tallest bar for its label.
        let y = Axis::from_zero(max * factor * 1.04, 4, format!("income per round ({unit})"));
        let plot = Plot::frame(c, area, Axis::places(&labels, "round"), y);
        let width = (plot.place() * 0.36).min(56.0);
        for (i, r) in self.rounds.iter().enumerate() {
            let middle = plot.x(i as f64);
            for (side, value, color) in [(-0.5, r.fees, Color::Blue), (0.5, r.rewards, Color::Orange)] {
                if color == Color::Orange && !self.priced {
                    continue;
                }
                let at = middle + side * (width + 2.0);
                plot.bar(c, at, width, value * factor, color);
                let label = text::decimal(value * factor);
                if text_width(&label, LABEL) < width + 6.0 {
                    c.text(&label, (at, plot.y(value * factor) - 8.0), LABEL, Color::Ink, Align::Center);
                }
            }
        }
    }
}
