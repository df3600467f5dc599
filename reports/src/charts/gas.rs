//! Gas by kind of transaction.

use std::collections::BTreeMap;

use crate::charts::rows;
use crate::figure::{Figure, Shape, split};
use crate::numbers::Numbers;
use crate::palette::Color;
use crate::plot::{Axis, LABEL, Plot};
use crate::read::Run;
use crate::svg::{Align, Area, Canvas, fit, text_width};
use crate::text;

/// Kinds of transactions, dearest first.
pub(super) struct Spent {
    kinds: Vec<Kind>,
}

#[derive(Default)]
struct Kind {
    name: String,
    transactions: f64,
    eth: f64,
}

pub(super) fn figure(run: &Run) -> Figure {
    let (finding, body, numbers) = split(Spent::of(run), Spent::finding, Spent::draw, Spent::numbers);
    Figure {
        id: "gas".into(),
        title: "What the chain cost".into(),
        shows: "Gas paid after the set-up for each kind of transaction, named as the contracts name it, and how many there were.".into(),
        finding,
        tables: &["gas"],
        shape: Shape::Half,
        body,
        numbers,
    }
}

impl Spent {
    fn of(run: &Run) -> Result<Self, String> {
        let rows = rows(run.tables.gas.as_ref(), "gas", "No transactions in this run.")?;
        let mut sums: BTreeMap<&str, Kind> = BTreeMap::new();
        for g in rows {
            let k = sums.entry(g.kind.as_str()).or_default();
            k.name.clone_from(&g.kind);
            k.transactions += g.transactions;
            k.eth += g.fee_eth;
        }
        let mut kinds: Vec<Kind> = sums.into_values().collect();
        kinds.sort_by(|a, b| b.eth.total_cmp(&a.eth).then_with(|| a.name.cmp(&b.name)));
        Ok(Self { kinds })
    }

    fn finding(&self) -> Option<String> {
        let all: f64 = self.kinds.iter().map(|k| k.eth).sum();
        let number: f64 = self.kinds.iter().map(|k| k.transactions).sum();
        let first = self.kinds.first().filter(|_| all > 0.0)?;
        Some(format!(
            "{} cost {}, {} of it for {}.",
            text::count(number, "transaction", "transactions"),
            text::eth(all),
            text::percent(first.eth / all),
            first.name
        ))
    }

    fn numbers(&self) -> Numbers {
        let mut n = Numbers::new(["kind", "transactions", "fee_eth"]);
        for k in &self.kinds {
            n.row([(&k.name).into(), k.transactions.into(), k.eth.into()]);
        }
        n
    }

    fn draw(&self, c: &mut Canvas<'_>, area: Area) {
        let max = self.kinds.iter().map(|k| k.eth).fold(0.0, f64::max);
        let (factor, unit) = text::eth_unit(max);
        let widest = self.kinds.iter().map(|k| text_width(&k.name, LABEL)).fold(0.0, f64::max);
        let names = widest.min(area.w * 0.4) + 10.0;
        let counts: Vec<String> = self.kinds.iter().map(|k| format!("{} tx", text::whole(k.transactions))).collect();
        let room = counts.iter().map(|t| text_width(t, LABEL)).fold(0.0, f64::max);
        let x = Axis::from_zero(max * factor, 4, format!("gas paid ({unit})"));
        let plot = Plot::frame(c, area.inset(names, 0.0, room, 0.0), x, Axis::places(&[], ""));
        let row = plot.area.h / self.kinds.len().max(1) as f64;
        for (i, (k, count)) in self.kinds.iter().zip(&counts).enumerate() {
            let y = plot.area.y + (i as f64 + 0.5) * row;
            let high = (row * 0.66).min(24.0);
            let end = plot.x(k.eth * factor).max(plot.area.x + 1.0);
            c.rect(Area::new(plot.area.x, y - high / 2.0, end - plot.area.x, high), Color::Blue);
            let name = fit(&k.name, names - 8.0, LABEL);
            c.text(&name, (plot.area.x - 8.0, y), LABEL, Color::Ink, Align::Right);
            c.text(count, (end + 6.0, y), LABEL, Color::Muted, Align::Left);
        }
    }
}
