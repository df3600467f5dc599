//! A figure round by round: where the middle half and nine tenths of all runs are.

use std::collections::BTreeMap;

use super::super::read::{Series, Sweep};
use crate::figure::{Figure, Shape, split};
use crate::kpi::Kpi;
use crate::numbers::Numbers;
use crate::palette::Color;
use crate::plot::{Axis, LABEL, Plot, Sign, legend};
use crate::stats::Sample;
use crate::svg::{Align, Area, Canvas, fit};
use crate::text;

/// More arms than this share one panel.
const PANELS_MAX: usize = 12;

struct Fans {
    kpi: Kpi,
    panels: Vec<Panel>,
    /// Runs whose value at the end is below that at the start, and all of them.
    falling: (usize, usize),
    rising: usize,
}

struct Panel {
    name: String,
    runs: usize,
    /// By round: 5, 25, 50, 75 and 95 of a hundred runs are below.
    rounds: Vec<(u64, [f64; 5])>,
}

const SHARES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

pub(super) fn figure(sweep: &Sweep, series: &Series) -> Option<Figure> {
    let fans = Fans::of(sweep, series)?;
    let title = fans.title();
    let many = fans.panels.len() > 1;
    let rows = |columns: usize| fans.panels.len().div_ceil(columns) as f64;
    let shape = Shape::Tall {
        wide: 60.0 + rows(columns(1100.0, fans.panels.len())) * if many { 200.0 } else { 260.0 },
        narrow: 60.0 + rows(columns(340.0, fans.panels.len())) * 190.0,
    };
    let panels = match (many, fans.panels.first().is_some_and(|p| p.name.is_empty())) {
        (true, _) => ", by arm; all panels have the same scale",
        (false, true) => " over all arms together",
        (false, false) => "",
    };
    let shows = format!(
        "{} in each round{panels}: the median run, the middle half of the runs, and nine tenths of them.",
        text::capital(&fans.kpi.label)
    );
    let (_, body, numbers) = split(Ok(fans), |_| None, Fans::draw, Fans::numbers);
    Some(Figure {
        id: format!("rounds-{}", series.kpi.name),
        title,
        shows,
        finding: None,
        tables: &["rounds"],
        shape,
        body,
        numbers,
    })
}

fn columns(width: f64, panels: usize) -> usize {
    let fit = if width > 700.0 { 3 } else { 1 };
    let fit = if width > 700.0 && panels == 4 { 4 } else { fit };
    let fit = if width <= 700.0 && panels > 3 { 2 } else { fit };
    fit.min(panels).max(1)
}

impl Fans {
    fn of(sweep: &Sweep, series: &Series) -> Option<Self> {
        let together = sweep.arms.len() > PANELS_MAX || sweep.sampled();
        let mut by: BTreeMap<usize, BTreeMap<u64, Vec<f64>>> = BTreeMap::new();
        let mut runs: BTreeMap<(usize, &str), (f64, f64)> = BTreeMap::new();
        for (arm, cell, round, v) in &series.points {
            by.entry(if together { 0 } else { *arm }).or_default().entry(*round).or_default().push(*v);
            runs.entry((*arm, cell)).or_insert((*v, *v)).1 = *v;
        }
        let longest = by.values().map(BTreeMap::len).max()?;
        let constant = series.points.iter().all(|p| p.3 == series.points[0].3);
        // A single round is no course, and what never changes no finding.
        if longest < 2 || constant {
            return None;
        }
        let panel = |(arm, rounds): (usize, BTreeMap<u64, Vec<f64>>)| {
            let runs = rounds.values().map(Vec::len).max().unwrap_or(0);
            let name = if together { String::new() } else { sweep.arms[arm].name.clone() };
            let of = |values: &Vec<f64>| {
                let s = Sample::new(values);
                SHARES.map(|q| s.quantile(q))
            };
            Panel { name, runs, rounds: rounds.iter().map(|(r, v)| (*r, of(v))).collect() }
        };
        let falling = runs.values().filter(|(first, last)| last < first).count();
        let rising = runs.values().filter(|(first, last)| last > first).count();
        let panels = by.into_iter().map(panel).collect();
        Some(Self { kpi: series.kpi.clone(), panels, falling: (falling, runs.len()), rising })
    }

    fn title(&self) -> String {
        let label = text::capital(&self.kpi.label);
        let (falling, all) = self.falling;
        let course = match (falling, self.rising) {
            (f, _) if f * 2 >= all => {
                format!("{} in {f} of {} and", self.kpi.verb("falls"), text::count(all as f64, "run", "runs"))
            }
            (_, r) if r * 2 >= all => {
                format!("{} in {r} of {} and", self.kpi.verb("rises"), text::count(all as f64, "run", "runs"))
            }
            _ => String::new(),
        };
        let ends = self.kpi.verb("ends");
        let end = |p: &Panel| p.rounds.last().map_or(0.0, |r| r.1[2]);
        let shown = |v: f64| match self.kpi.unit {
            "" => self.kpi.cell(v),
            unit => format!("{}\u{a0}{unit}", self.kpi.cell(v)),
        };
        let least = self.panels.iter().min_by(|a, b| end(a).total_cmp(&end(b)));
        let most = self.panels.iter().max_by(|a, b| end(a).total_cmp(&end(b)));
        match (least, most) {
            (Some(a), Some(b)) if shown(end(a)) != shown(end(b)) => format!(
                "{label} {course} {ends} between {} (“{}”) and {} (“{}”) in the median run",
                shown(end(a)),
                a.name,
                shown(end(b)),
                b.name
            ),
            (Some(a), _) => {
                let last = a.rounds.last().map_or([0.0; 5], |r| r.1);
                format!(
                    "{label} {course} {ends} at {} in the median run, between {} and {} in nine tenths of them",
                    shown(last[2]),
                    shown(last[0]),
                    shown(last[4])
                )
            }
            _ => label,
        }
        .replace("  ", " ")
    }

    fn numbers(&self) -> Numbers {
        let mut n = Numbers::new(["arm", "runs", "round", "p5", "p25", "p50", "p75", "p95"]);
        for p in &self.panels {
            for (round, q) in &p.rounds {
                let head = [(&p.name).into(), p.runs.into(), (*round).into()];
                n.row(head.into_iter().chain(q.iter().map(|v| (*v).into())));
            }
        }
        n
    }

    fn draw(&self, c: &mut Canvas<'_>, area: Area) {
        let mut signs = vec![
            (Sign::Line(Color::Blue), "median run"),
            (Sign::Band(Color::Blue, 0.38), "middle half"),
            (Sign::Band(Color::Blue, 0.16), "nine tenths"),
        ];
        if self.panels.len() > 1 {
            signs.push((Sign::Dashes(Color::Red), "median of the first arm"));
        }
        let area = legend(c, area, &signs);
        let columns = columns(area.w, self.panels.len());
        let rows = self.panels.len().div_ceil(columns);
        let (w, h) = (area.w / columns as f64, area.h / rows as f64);
        for (i, p) in self.panels.iter().enumerate() {
            let (x, y) = ((i % columns) as f64 * w, (i / columns) as f64 * h);
            let gap = if columns > 1 { 10.0 } else { 0.0 };
            let cell = Area::new(area.x + x, area.y + y, w - gap, h - 4.0);
            let first = (i > 0).then(|| &self.panels[0]);
            self.panel(c, cell, p, first);
        }
    }

    fn panel(&self, c: &mut Canvas<'_>, area: Area, p: &Panel, first: Option<&Panel>) {
        let f = self.kpi.factor;
        let all = || self.panels.iter().flat_map(|p| p.rounds.iter());
        let lo = all().map(|r| r.1[0] * f).fold(f64::INFINITY, f64::min);
        let hi = all().map(|r| r.1[4] * f).fold(f64::NEG_INFINITY, f64::max);
        let (from, to) = all().fold((u64::MAX, 0), |(a, b), r| (a.min(r.0), b.max(r.0)));
        let y = if p.name.is_empty() { self.kpi.axis() } else { String::new() };
        let area = if p.name.is_empty() {
            area
        } else {
            c.bold(&fit(&p.name, area.w, 12.5), (area.x, area.y + 8.0), 12.5, Color::Ink, Align::Left);
            c.text(&self.kpi.axis(), (area.x, area.y + 23.0), LABEL, Color::Muted, Align::Left);
            area.inset(0.0, 30.0, 0.0, 0.0)
        };
        let x = Axis::rounds(to.saturating_sub(from) + 1);
        let plot = Plot::frame(c, area, x, Axis::spanning(lo, hi, 4, y));
        let at = |r: &(u64, [f64; 5]), i: usize| plot.at((r.0 - from + 1) as f64, r.1[i] * f);
        for (lower, upper, opacity) in [(0, 4, 0.16), (1, 3, 0.26)] {
            let shape: Vec<_> =
                p.rounds.iter().map(|r| at(r, lower)).chain(p.rounds.iter().rev().map(|r| at(r, upper))).collect();
            c.veil(&shape, Color::Blue, opacity);
        }
        let line: Vec<_> = p.rounds.iter().map(|r| at(r, 2)).collect();
        c.path(&line, Color::Blue, 2.0, &[]);
        if let Some(first) = first {
            let line: Vec<_> = first.rounds.iter().map(|r| at(r, 2)).collect();
            c.path(&line, Color::Red, 1.5, &[5.0, 4.0]);
        }
    }
}
