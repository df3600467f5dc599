//! Stake by orchestrator.

use crate::charts::rows;
use crate::figure::{Figure, Shape, split};
use crate::numbers::Numbers;
use crate::palette::Color;
use crate::plot::{Axis, LABEL, Plot, Sign, legend};
use crate::read::Run;
use crate::svg::{Align, Area, Canvas, text_width};
use crate::text;

/// Orchestrators of the last round, largest first.
pub(super) struct Stake {
    ranked: Vec<Staked>,
}

struct Staked {
    name: String,
    lpt: f64,
    active: bool,
}

pub(super) fn figure(run: &Run) -> Figure {
    let (finding, body, numbers) = split(Stake::of(run), Stake::finding, Stake::draw, Stake::numbers);
    Figure {
        id: "stake".into(),
        title: "Stake by orchestrator".into(),
        shows: "Stake behind each orchestrator at the end of the run, its own and its delegators’, largest first."
            .into(),
        finding,
        tables: &["transcoders", "delegators"],
        shape: Shape::Half,
        body,
        numbers,
    }
}

impl Stake {
    pub(super) fn of(run: &Run) -> Result<Self, String> {
        rows(run.tables.transcoders.as_ref(), "transcoders", "No orchestrators in this run.")?;
        let mut ranked: Vec<Staked> = run
            .last_transcoders()
            .into_iter()
            .map(|t| Staked { name: t.name.clone(), lpt: t.stake_lpt, active: t.active })
            .collect();
        ranked.sort_by(|a, b| b.lpt.total_cmp(&a.lpt).then_with(|| a.name.cmp(&b.name)));
        Ok(Self { ranked })
    }

    fn finding(&self) -> Option<String> {
        let total: f64 = self.ranked.iter().map(|s| s.lpt).sum();
        if total <= 0.0 || self.ranked.len() < 4 {
            return None;
        }
        let top: f64 = self.ranked.iter().take(3).map(|s| s.lpt).sum();
        let mut sum = 0.0;
        let half = self.ranked.iter().take_while(|s| {
            let before = sum;
            sum += s.lpt;
            before < total / 2.0
        });
        Some(format!(
            "The largest three orchestrators hold {} of the stake, and half of it lies with the largest {}.",
            text::percent(top / total),
            text::words(half.count())
        ))
    }

    pub(super) fn numbers(&self) -> Numbers {
        let mut n = Numbers::new(["rank", "orchestrator", "stake_lpt", "active"]);
        for (i, s) in self.ranked.iter().enumerate() {
            n.row([(i + 1).into(), (&s.name).into(), s.lpt.into(), s.active.to_string().as_str().into()]);
        }
        n
    }

    pub(super) fn draw(&self, c: &mut Canvas<'_>, area: Area) {
        let waiting = self.ranked.iter().any(|s| !s.active);
        let mut signs = vec![(Sign::Box(Color::Blue), "in the active set")];
        if waiting {
            signs.push((Sign::Box(Color::Faint), "outside it, without work"));
        }
        let area = legend(c, area, &signs);
        let max = self.ranked.first().map_or(0.0, |s| s.lpt);
        let labels: Vec<String> = (1..=self.ranked.len()).map(|i| ranks(i, self.ranked.len())).collect();
        let x = Axis::places(&labels, "orchestrators by rank");
        let plot = Plot::frame(c, area, x, Axis::from_zero(max, 4, "stake (LPT)"));
        let width = (plot.place() * 0.72).min(48.0);
        for (i, s) in self.ranked.iter().enumerate() {
            let color = if s.active { Color::Blue } else { Color::Faint };
            plot.bar(c, plot.x(i as f64), width, s.lpt, color);
        }
        self.name_the_largest(c, &plot, width);
    }

    /// Names stand to the right of a bar, where the next one leaves room.
    fn name_the_largest(&self, c: &mut Canvas<'_>, plot: &Plot, width: f64) {
        for (i, pair) in self.ranked.windows(2).take(3).enumerate() {
            let (y, next) = (plot.y(pair[0].lpt), plot.y(pair[1].lpt));
            let x = plot.x(i as f64) + width / 2.0 + 5.0;
            let fits = x + text_width(&pair[0].name, LABEL) < plot.area.right();
            if next - y > 11.0 && fits {
                c.text(&pair[0].name, (x, y + 5.0), LABEL, Color::Ink, Align::Left);
            }
        }
    }
}

/// Label of a rank: the first and every tenth, or all when there are few.
fn ranks(i: usize, n: usize) -> String {
    let every = if n <= 12 { 1 } else { 10 * n.div_ceil(120) };
    if i == 1 || i.is_multiple_of(every) { i.to_string() } else { String::new() }
}
