//! Income of each orchestrator in each run.

use std::collections::BTreeMap;

use super::read::{LETTERS, Runs};
use crate::figure::{Figure, Shape, split};
use crate::numbers::Numbers;
use crate::palette::Color;
use crate::plot::{Axis, LABEL, Plot};
use crate::svg::{Align, Area, Canvas, fit, text_width};
use crate::text;

/// Orchestrators whose names are shown.
const NAMED: usize = 5;

struct Incomes {
    labels: Vec<String>,
    /// Name and income by run.
    rows: Vec<(String, Vec<f64>)>,
    /// Whether rewards are part of it.
    priced: bool,
}

pub(super) fn figure(runs: &Runs) -> Option<Figure> {
    let incomes = Incomes::of(runs)?;
    let title = incomes.title();
    let what = if incomes.priced {
        "fees, and new LPT at the scenario’s price"
    } else {
        "fees; without a price in every scenario, new LPT cannot stand beside them"
    };
    let shows = format!(
        "Income of each orchestrator that is in all runs ({what}). A line is an orchestrator; the {} whose income changes most are named.",
        text::words(NAMED.min(incomes.rows.len()))
    );
    let (_, body, numbers) = split(Ok(incomes), |_| None, Incomes::draw, Incomes::numbers);
    Some(Figure {
        id: "incomes".into(),
        title,
        shows,
        finding: None,
        tables: &["transcoders"],
        shape: Shape::Tall { wide: 420.0, narrow: 400.0 },
        body,
        numbers,
    })
}

impl Incomes {
    fn of(runs: &Runs) -> Option<Self> {
        let price = |i: usize| runs.runs[i].scenario_number("/token/lpt_price_eth");
        let priced = (0..runs.runs.len()).all(|i| price(i).is_some());
        let mut by: BTreeMap<&str, Vec<Option<f64>>> = BTreeMap::new();
        for (i, run) in runs.runs.iter().enumerate() {
            for t in run.tables.transcoders.as_deref().unwrap_or_default() {
                let sums = by.entry(&t.name).or_insert_with(|| vec![None; runs.runs.len()]);
                let rewards = if priced { t.rewards_lpt * price(i).unwrap_or(0.0) } else { 0.0 };
                *sums[i].get_or_insert(0.0) += t.fees_eth + rewards;
            }
        }
        let whole =
            |(name, sums): (&str, Vec<Option<f64>>)| Some((name.to_owned(), sums.into_iter().collect::<Option<_>>()?));
        let mut rows: Vec<(String, Vec<f64>)> = by.into_iter().filter_map(whole).collect();
        rows.sort_by(|a, b| change(&b.1).abs().total_cmp(&change(&a.1).abs()).then_with(|| a.0.cmp(&b.0)));
        let earned = rows.iter().any(|r| r.1.iter().any(|v| *v > 0.0));
        let labels = (0..runs.runs.len()).map(|i| runs.label(i)).collect();
        (rows.len() > 1 && earned).then_some(Self { labels, rows, priced })
    }

    fn title(&self) -> String {
        let more = self.rows.iter().filter(|r| change(&r.1) > 0.0).count();
        let less = self.rows.iter().filter(|r| change(&r.1) < 0.0).count();
        let Some((name, values)) = self.rows.first().filter(|r| change(&r.1) != 0.0) else {
            return "Every orchestrator earns the same in the first run and the last".to_owned();
        };
        let (from, to) = (values.first().copied().unwrap_or(0.0), values.last().copied().unwrap_or(0.0));
        format!(
            "{more} of {} orchestrators earn more in {} than in A and {less} less; {name} changes most, from {} to {}",
            self.rows.len(),
            LETTERS[self.labels.len() - 1],
            text::eth(from),
            text::eth(to)
        )
    }

    fn numbers(&self) -> Numbers {
        let mut n = Numbers::new(["orchestrator".to_owned()].into_iter().chain(self.labels.iter().cloned()));
        for (name, values) in &self.rows {
            n.row([name.into()].into_iter().chain(values.iter().map(|v| (*v).into())));
        }
        n
    }

    fn draw(&self, c: &mut Canvas<'_>, area: Area) {
        let max = self.rows.iter().flat_map(|r| r.1.iter().copied()).fold(0.0, f64::max);
        let (factor, unit) = text::eth_unit(max);
        let names = self.rows.iter().take(NAMED).map(|r| text_width(&r.0, LABEL)).fold(0.0, f64::max).min(130.0);
        let short: Vec<String> =
            self.labels.iter().map(|l| fit(l, (area.w - names) / self.labels.len() as f64 - 4.0, LABEL)).collect();
        let y = Axis::from_zero(max * factor, 5, format!("income ({unit})"));
        let plot = Plot::frame(c, area.inset(0.0, 0.0, names, 0.0), Axis::places(&short, ""), y);
        for i in 0..self.labels.len() {
            c.line((plot.x(i as f64), plot.area.y), (plot.x(i as f64), plot.area.bottom()), Color::Grid, 1.0);
        }
        for (rank, (_, values)) in self.rows.iter().enumerate().rev() {
            let told = rank < NAMED && change(values) != 0.0;
            let color = match change(values) {
                _ if !told => Color::Faint,
                d if d > 0.0 => Color::Blue,
                _ => Color::Red,
            };
            let pattern: &[f64] = if color == Color::Red { &[7.0, 4.0] } else { &[] };
            let points: Vec<_> = values.iter().enumerate().map(|(i, v)| plot.at(i as f64, v * factor)).collect();
            c.path(&points, color, if told { 2.0 } else { 1.2 }, pattern);
            points.iter().for_each(|p| c.dot(*p, if told { 3.5 } else { 2.5 }, color));
        }
        self.names(c, &plot, factor);
    }

    /// Names at the right ends, one below the other.
    fn names(&self, c: &mut Canvas<'_>, plot: &Plot, factor: f64) {
        let last = self.labels.len() as f64 - 1.0;
        let end = |values: &[f64]| plot.at(last, values.last().copied().unwrap_or(0.0) * factor);
        let mut told: Vec<&(String, Vec<f64>)> = self.rows.iter().take(NAMED).filter(|r| change(&r.1) != 0.0).collect();
        told.sort_by(|a, b| end(&a.1).1.total_cmp(&end(&b.1).1));
        let mut free = f64::NEG_INFINITY;
        for (name, values) in told {
            let (x, y) = end(values);
            let y = y.max(free);
            c.text(&fit(name, plot.place() / 2.0 + 120.0, LABEL), (x + 9.0, y), LABEL, Color::Ink, Align::Left);
            free = y + 13.0;
        }
    }
}

/// From the first run to the last.
fn change(values: &[f64]) -> f64 {
    values.last().copied().unwrap_or(0.0) - values.first().copied().unwrap_or(0.0)
}
