//! Fees beside inflation rewards, round by round.

use std::collections::BTreeMap;

use crate::charts::rows;
use crate::figure::{Figure, Shape, split};
use crate::numbers::Numbers;
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

/// Fees or rewards by round, in ETH.
struct Series {
    title: &'static str,
    color: Color,
    values: Vec<f64>,
}

impl Series {
    fn max(&self) -> f64 {
        self.values.iter().copied().fold(0.0, f64::max)
    }
}

/// Series whose maxima are further apart than this get a scale each: on one, the lesser would vanish.
const APART: f64 = 25.0;

pub(super) fn figure(run: &Run) -> Figure {
    let (finding, body, numbers) = split(Income::of(run), Income::finding, Income::draw, Income::numbers);
    let price = match run.scenario_number("/token/lpt_price_eth") {
        Some(p) => format!(", at {} for one LPT", text::eth(p)),
        None => String::new(),
    };
    Figure {
        id: "income".into(),
        title: "Income by source".into(),
        shows: format!(
            "What orchestrators and delegators took in per round, as fees for work and as newly minted LPT{price}."
        ),
        finding,
        tables: &["transcoders", "rounds", "rewards"],
        shape: Shape::Half,
        body,
        numbers,
    }
}

impl Income {
    pub(super) fn of(run: &Run) -> Result<Self, String> {
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

    pub(super) fn numbers(&self) -> Numbers {
        let mut n = Numbers::new(["round", "fees_eth", "rewards_eth"]);
        for r in &self.rounds {
            n.row([(&r.label).into(), r.fees.into(), Some(r.rewards).filter(|_| self.priced).into()]);
        }
        n
    }

    pub(super) fn draw(&self, c: &mut Canvas<'_>, area: Area) {
        let fees = Series { title: "fees", color: Color::Blue, values: self.rounds.iter().map(|r| r.fees).collect() };
        let rewards =
            Series { title: "rewards", color: Color::Orange, values: self.rounds.iter().map(|r| r.rewards).collect() };
        let (low, high) = (fees.max().min(rewards.max()), fees.max().max(rewards.max()));
        if !self.priced {
            self.panel(c, area, &[&fees], "round");
        } else if low > 0.0 && high > APART * low {
            let (upper, lower) = area.split_rows(area.h * 0.48, 6.0);
            self.panel(c, upper, &[&fees], "");
            self.panel(c, lower, &[&rewards], "round");
        } else {
            self.panel(c, area, &[&fees, &rewards], "round");
        }
    }

    /// Bars of all series side by side, on one scale.
    fn panel(&self, c: &mut Canvas<'_>, area: Area, series: &[&Series], x_title: &str) {
        let signs: Vec<(Sign, &str)> = series.iter().map(|s| (Sign::Box(s.color), s.title)).collect();
        // The axis says what a single series is.
        let area = if series.len() > 1 { legend(c, area, &signs) } else { area };
        let max = series.iter().map(|s| s.max()).fold(0.0, f64::max);
        let (factor, unit) = text::eth_unit(max);
        let labels: Vec<String> = self.rounds.iter().map(|r| r.label.clone()).collect();
        let what = if let [one] = series { one.title } else { "income" };
        // A little room above the tallest bar for its label.
        let y = Axis::from_zero(max * factor * 1.06, 4, format!("{what} per round ({unit})")).with_room(32.0);
        let plot = Plot::frame(c, area, Axis::places(&labels, x_title), y);
        let width = (plot.place() * 0.36).min(56.0);
        for (k, s) in series.iter().enumerate() {
            let side = (k as f64 - (series.len() as f64 - 1.0) / 2.0) * (width + 2.0);
            for (i, v) in s.values.iter().enumerate() {
                let (middle, value) = (plot.x(i as f64) + side, v * factor);
                plot.bar(c, middle, width, value, s.color);
                let label = text::decimal(value);
                if text_width(&label, LABEL) < width + 6.0 {
                    c.text(&label, (middle, plot.y(value) - 8.0), LABEL, Color::Ink, Align::Center);
                }
            }
        }
    }
}
