//! What gateways paid in expected value against what orchestrators earned.

use std::collections::BTreeMap;

use crate::charts::rows;
use crate::figure::{Figure, Shape, split};
use crate::numbers::Numbers;
use crate::palette::Color;
use crate::plot::{Axis, Plot, Sign, legend};
use crate::read::Run;
use crate::svg::{Area, Canvas};
use crate::text;

/// Money by orchestrator.
pub(super) struct Value {
    dots: Vec<Dot>,
    /// Mean value of a redeemed ticket, in ETH.
    face: f64,
}

#[derive(Default, Clone)]
struct Dot {
    name: String,
    paid: f64,
    earned: f64,
    redeemed: f64,
}

pub(super) fn figure(run: &Run) -> Figure {
    let (finding, body, numbers) = split(Value::of(run), Value::finding, Value::draw, Value::numbers);
    Figure {
        id: "value".into(),
        title: "Paid against earned".into(),
        shows: "Each dot is an orchestrator: the expected value of the tickets it was sent, and the fees that winning \
                ones brought it; on the diagonal both are equal."
            .into(),
        finding,
        tables: &["tickets"],
        shape: Shape::Half,
        body,
        numbers,
    }
}

impl Value {
    pub(super) fn of(run: &Run) -> Result<Self, String> {
        let rows = rows(run.tables.tickets.as_ref(), "tickets", "No tickets in this run.")?;
        let mut sums: BTreeMap<&str, Dot> = BTreeMap::new();
        for t in rows {
            let d = sums.entry(t.orchestrator.as_str()).or_default();
            d.name.clone_from(&t.orchestrator);
            d.paid += t.paid_ev_eth;
            d.earned += t.redeemed_eth;
            d.redeemed += t.redeemed;
        }
        let dots: Vec<Dot> = sums.into_values().collect();
        let earned: f64 = dots.iter().map(|d| d.earned).sum();
        let redeemed: f64 = dots.iter().map(|d| d.redeemed).sum();
        let face = if redeemed > 0.0 { earned / redeemed } else { 0.0 };
        Ok(Self { dots, face })
    }

    fn finding(&self) -> Option<String> {
        let paid: f64 = self.dots.iter().map(|d| d.paid).sum();
        let earned: f64 = self.dots.iter().map(|d| d.earned).sum();
        if paid <= 0.0 {
            return None;
        }
        if earned == 0.0 {
            return Some(format!("Gateways paid {} in expected value; no redemptions in this run.", text::eth(paid)));
        }
        Some(format!(
            "Gateways paid {} in expected value and orchestrators earned {}, {} of it.",
            text::eth(paid),
            text::eth(earned),
            text::percent(earned / paid)
        ))
    }

    /// How far two standard deviations reach after `paid`: each win is worth about the same.
    fn luck(&self, paid: f64) -> f64 {
        2.0 * (self.face * paid.max(0.0)).sqrt()
    }

    pub(super) fn numbers(&self) -> Numbers {
        let mut n = Numbers::new(["orchestrator", "paid_ev_eth", "earned_eth", "redeemed"]);
        for d in &self.dots {
            n.row([(&d.name).into(), d.paid.into(), d.earned.into(), d.redeemed.into()]);
        }
        n
    }

    pub(super) fn draw(&self, c: &mut Canvas<'_>, area: Area) {
        let area = legend(
            c,
            area,
            &[
                (Sign::Dot(Color::Blue), "orchestrator"),
                (Sign::Dashes(Color::Axis), "earned = paid"),
                (Sign::Box(Color::Pale), "± 2 σ of luck"),
            ],
        );
        let paid = self.dots.iter().map(|d| d.paid).fold(0.0, f64::max);
        let earned = self.dots.iter().map(|d| d.earned).fold(0.0, f64::max);
        let (factor, unit) = text::eth_unit(paid.max(earned));
        let top = paid.max(earned) * factor * 1.03;
        let x = Axis::root(top, format!("expected value received ({unit}, root scale)"));
        let y = Axis::root(top, format!("fees earned ({unit}, root scale)"));
        let end = x.top();
        let plot = Plot::frame(c, area, x, y);
        self.draw_band(c, &plot, end, factor);
        c.dashes(plot.at(0.0, 0.0), plot.at(end, end), Color::Axis, 1.5);
        for d in &self.dots {
            c.dot(plot.at(d.paid * factor, d.earned * factor), 3.6, Color::Paper);
            c.dot(plot.at(d.paid * factor, d.earned * factor), 3.0, Color::Blue);
        }
    }

    fn draw_band(&self, c: &mut Canvas<'_>, plot: &Plot, right: f64, factor: f64) {
        const STEPS: u32 = 60;
        let at = |i: u32| right * (f64::from(i) / f64::from(STEPS)).powi(2);
        let edge = |i: u32, sign: f64| plot.at(at(i), at(i) + sign * self.luck(at(i) / factor) * factor);
        let upper = (0..=STEPS).map(|i| edge(i, 1.0));
        let lower = (0..=STEPS).rev().map(|i| edge(i, -1.0));
        let shape: Vec<(f64, f64)> = upper.chain(lower).collect();
        c.polygon(&shape, Color::Pale);
    }
}
