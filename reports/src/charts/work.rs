//! Who got the work, by stake and price.

use std::collections::BTreeMap;

use crate::charts::rows;
use crate::figure::{Figure, Shape, split};
use crate::numbers::Numbers;
use crate::palette::Color;
use crate::plot::{Axis, Plot, Sign, legend};
use crate::read::Run;
use crate::svg::{Area, Canvas};
use crate::text;

/// Orchestrators of the active set.
pub(super) struct Work {
    dots: Vec<Dot>,
}

struct Dot {
    stake: f64,
    price: f64,
    segments: f64,
    /// 0 for the cheapest third, 2 for the dearest.
    third: usize,
}

/// Cheap, middling, dear.
const SIGNS: [(Sign, &str); 3] = [
    (Sign::Dot(Color::Blue), "cheapest third"),
    (Sign::Square(Color::Axis), "middle third"),
    (Sign::Triangle(Color::Red), "dearest third"),
];

pub(super) fn figure(run: &Run) -> Figure {
    let (finding, body, numbers) = split(Work::of(run), Work::finding, Work::draw, Work::numbers);
    Figure {
        id: "work".into(),
        title: "Who got the work".into(),
        shows: "Segments that each orchestrator of the active set served, by its stake and by how its price compares; \
                gateways select by both."
            .into(),
        finding,
        tables: &["segments", "transcoders"],
        shape: Shape::Half,
        body,
        numbers,
    }
}

impl Work {
    fn of(run: &Run) -> Result<Self, String> {
        let segments = rows(run.tables.segments.as_ref(), "segments", "No segments in this run.")?;
        rows(run.tables.transcoders.as_ref(), "transcoders", "No orchestrators in this run.")?;
        let mut served: BTreeMap<&str, f64> = BTreeMap::new();
        for s in segments.iter().filter(|s| s.served) {
            *served.entry(s.orchestrator.as_str()).or_default() += 1.0;
        }
        let mut dots: Vec<Dot> = run
            .last_transcoders()
            .into_iter()
            .filter(|t| t.active && t.stake_lpt > 0.0)
            .map(|t| {
                let segments = served.get(t.name.as_str()).copied().unwrap_or(0.0);
                Dot { stake: t.stake_lpt, price: t.price, segments, third: 0 }
            })
            .collect();
        if dots.iter().all(|d| d.segments == 0.0) {
            return Err("No orchestrator of the active set served a segment in this run.".to_owned());
        }
        dots.sort_by(|a, b| a.price.total_cmp(&b.price).then(a.stake.total_cmp(&b.stake)));
        let n = dots.len();
        for (i, d) in dots.iter_mut().enumerate() {
            d.third = i * 3 / n;
        }
        Ok(Self { dots })
    }

    fn finding(&self) -> Option<String> {
        let all: f64 = self.dots.iter().map(|d| d.segments).sum();
        let of = |third: usize| -> f64 { self.dots.iter().filter(|d| d.third == third).map(|d| d.segments).sum() };
        let idle = self.dots.iter().filter(|d| d.segments == 0.0).count();
        let idle = match idle {
            0 => "nobody went without".to_owned(),
            n => format!("{} of {} got none", text::words(n), text::words(self.dots.len())),
        };
        (self.dots.len() >= 3).then(|| {
            format!(
                "The cheapest third served {} of the segments and the dearest {}; {idle}.",
                text::percent(of(0) / all),
                text::percent(of(2) / all)
            )
        })
    }

    fn numbers(&self) -> Numbers {
        let mut n = Numbers::new(["stake_lpt", "price_wei_per_pixel", "segments"]);
        for d in &self.dots {
            n.row([d.stake.into(), d.price.into(), d.segments.into()]);
        }
        n
    }

    pub(super) fn draw(&self, c: &mut Canvas<'_>, area: Area) {
        let area = legend(c, area, &SIGNS);
        let least = self.dots.iter().map(|d| d.stake).fold(f64::INFINITY, f64::min);
        let most = self.dots.iter().map(|d| d.stake).fold(0.0, f64::max);
        let max = self.dots.iter().map(|d| d.segments).fold(0.0, f64::max);
        let x = Axis::log(least, most, "stake (LPT, each step ten times the one before)");
        let plot = Plot::frame(c, area, x, Axis::counting(max * 1.03, 4, "segments served"));
        for d in &self.dots {
            SIGNS[d.third].0.draw(c, plot.at(d.stake, d.segments), 4.0);
        }
    }
}
