//! Tickets sent, won and redeemed against what was expected.

use std::collections::BTreeMap;

use crate::charts::rows;
use crate::figure::{Figure, Shape, split};
use crate::numbers::Numbers;
use crate::palette::Color;
use crate::plot::{Axis, LABEL, Plot, Sign, legend};
use crate::read::Run;
use crate::svg::{Align, Area, Canvas, text_width};
use crate::text;

/// Counts of all pairs by round.
pub(super) struct Lottery {
    rounds: Vec<Round>,
}

#[derive(Default)]
struct Round {
    label: String,
    sent: f64,
    expected: f64,
    won: f64,
    redeemed: f64,
}

impl Round {
    /// Winners are rare and independent, so their number has a variance equal to its mean.
    fn sigma(&self) -> f64 {
        self.expected.max(0.0).sqrt()
    }
}

pub(super) fn figure(run: &Run) -> Figure {
    let (finding, body, numbers) = split(Lottery::of(run), Lottery::finding, Lottery::draw, Lottery::numbers);
    Figure {
        id: "tickets".into(),
        title: "Tickets: luck against expectation".into(),
        shows: "Winning tickets per round beside the number that the odds let expect; \
                in 19 of 20 rounds luck stays within the band of two standard deviations."
            .into(),
        finding,
        tables: &["tickets", "redemptions"],
        shape: Shape::Half,
        body,
        numbers,
    }
}

impl Lottery {
    pub(super) fn of(run: &Run) -> Result<Self, String> {
        let rows = rows(run.tables.tickets.as_ref(), "tickets", "No tickets in this run.")?;
        let mut sums: BTreeMap<u64, Round> = BTreeMap::new();
        for t in rows {
            let r = sums.entry(t.round).or_default();
            r.label = t.round.to_string();
            r.sent += t.sent;
            r.expected += t.expected_wins;
            r.won += t.won;
            r.redeemed += t.redeemed;
        }
        Ok(Self { rounds: sums.into_values().collect() })
    }

    fn total(&self, f: impl Fn(&Round) -> f64) -> f64 {
        self.rounds.iter().map(f).sum()
    }

    fn finding(&self) -> Option<String> {
        let (sent, won, expected) = (self.total(|r| r.sent), self.total(|r| r.won), self.total(|r| r.expected));
        let redeemed = self.total(|r| r.redeemed);
        let paid = match redeemed {
            0.0 => "no redemptions in this run".to_owned(),
            r if r == won => "all of them were redeemed".to_owned(),
            r => format!("{} were redeemed", text::whole(r)),
        };
        Some(format!(
            "Of {} {} won, where {} ± {} were expected; {paid}.",
            text::count(sent, "ticket", "tickets"),
            text::whole(won),
            text::decimal(expected),
            text::decimal(2.0 * expected.max(0.0).sqrt())
        ))
    }

    pub(super) fn numbers(&self) -> Numbers {
        let mut n = Numbers::new(["round", "sent", "expected_wins", "sigma", "won", "redeemed"]);
        for r in &self.rounds {
            n.row([
                (&r.label).into(),
                r.sent.into(),
                r.expected.into(),
                r.sigma().into(),
                r.won.into(),
                r.redeemed.into(),
            ]);
        }
        n
    }

    /// Winners above, all that were sent below: those are so many more that they need a scale of their own.
    fn draw(&self, c: &mut Canvas<'_>, area: Area) {
        let (upper, lower) = area.split_rows(area.h * 0.66, 10.0);
        let (won, sent) = (self.won_axis(), self.sent_axis());
        let room = won.labels().max(sent.labels());
        self.winners(c, upper, won.with_room(room), "");
        let plot = Plot::frame(c, lower, self.rounds_axis("round"), sent.with_room(room));
        let width = (plot.place() * 0.5).min(72.0);
        for (i, r) in self.rounds.iter().enumerate() {
            plot.bar(c, plot.x(i as f64), width, r.sent, Color::Faint);
        }
    }

    /// Winners alone.
    pub(super) fn draw_won(&self, c: &mut Canvas<'_>, area: Area) {
        self.winners(c, area, self.won_axis(), "round");
    }

    fn rounds_axis(&self, title: &str) -> Axis {
        let labels: Vec<String> = self.rounds.iter().map(|r| r.label.clone()).collect();
        Axis::places(&labels, title)
    }

    fn won_axis(&self) -> Axis {
        let reach = |r: &Round| (r.expected + 2.0 * r.sigma()).max(r.won).max(r.redeemed);
        let max = self.rounds.iter().map(reach).fold(0.0, f64::max);
        Axis::counting(max * 1.05, 4, "winning tickets in the round")
    }

    fn sent_axis(&self) -> Axis {
        let max = self.rounds.iter().map(|r| r.sent).fold(0.0, f64::max);
        Axis::counting(max, 2, "tickets sent in the round")
    }

    fn winners(&self, c: &mut Canvas<'_>, area: Area, y: Axis, x_title: &str) {
        let area = legend(
            c,
            area,
            &[
                (Sign::Dot(Color::Blue), "won"),
                (Sign::Ring(Color::Red), "redeemed, often a round later"),
                (Sign::Line(Color::Axis), "expected"),
                (Sign::Box(Color::Pale), "± 2 σ"),
            ],
        );
        let plot = Plot::frame(c, area, self.rounds_axis(x_title), y);
        let width = (plot.place() * 0.5).min(72.0);
        let dot = (plot.place() * 0.3).clamp(1.5, 5.0);
        for (i, r) in self.rounds.iter().enumerate() {
            let x = plot.x(i as f64);
            let (low, high) = (plot.y(r.expected - 2.0 * r.sigma()), plot.y(r.expected + 2.0 * r.sigma()));
            c.rect(Area::new(x - width / 2.0, high, width, low - high), Color::Pale);
            let y = plot.y(r.expected);
            c.line((x - width / 2.0, y), (x + width / 2.0, y), Color::Axis, 2.0);
            c.dot((x, plot.y(r.won)), dot, Color::Blue);
            c.ring((x, plot.y(r.redeemed)), dot + 2.5, Color::Red, 1.5);
            let label = text::whole(r.won);
            if width / 2.0 + text_width(&label, LABEL) + 8.0 < plot.place() * 0.75 {
                c.text(&label, (x + width / 2.0 + 6.0, plot.y(r.won)), LABEL, Color::Ink, Align::Left);
            }
        }
    }
}
