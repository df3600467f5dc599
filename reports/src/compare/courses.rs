//! A figure round by round, all runs in one chart.

use super::read::{Course, LETTERS, Runs};
use crate::figure::{Figure, Shape, split};
use crate::kpi::Kpi;
use crate::numbers::Numbers;
use crate::plot::{Axis, LABEL, Look, Plot, legend};
use crate::svg::{Align, Area, Canvas};
use crate::text;

struct Overlay {
    kpi: Kpi,
    adds: bool,
    labels: Vec<String>,
    lines: Vec<Vec<(u64, f64)>>,
}

pub(super) fn figure(runs: &Runs, course: &Course) -> Option<Figure> {
    let longest = course.lines.iter().map(Vec::len).max()?;
    if longest < 2 {
        return None;
    }
    let overlay = Overlay {
        kpi: course.kpi.clone(),
        adds: course.adds,
        labels: (0..runs.runs.len()).map(|i| runs.label(i)).collect(),
        lines: course.lines.clone(),
    };
    let title = overlay.title();
    let each = if course.adds { " in each round" } else { ", round by round" };
    let shows = format!("{}{each}, counted from the first of each run.", text::capital(&course.kpi.label));
    let (_, body, numbers) = split(Ok(overlay), |_| None, Overlay::draw, Overlay::numbers);
    Some(Figure {
        id: format!("course-{}", course.kpi.name),
        title,
        shows,
        finding: None,
        tables: course.tables,
        shape: Shape::Half,
        body,
        numbers,
    })
}

impl Overlay {
    /// What a run comes to: the sum of its rounds, or the last of them.
    fn comes_to(&self, line: &[(u64, f64)]) -> f64 {
        if self.adds { line.iter().map(|p| p.1).sum() } else { line.last().map_or(0.0, |p| p.1) }
    }

    fn title(&self) -> String {
        let label = text::capital(&self.kpi.label);
        let with = |i: &usize| !self.lines[*i].is_empty();
        let ends: Vec<(usize, f64)> =
            (0..self.lines.len()).filter(with).map(|i| (i, self.comes_to(&self.lines[i]))).collect();
        let verb = if self.adds { ":".to_owned() } else { format!(" {} at", self.kpi.verb("ends")) };
        let shown = |v: f64| match self.kpi.unit {
            "" => self.kpi.show(v),
            unit => format!("{}\u{a0}{unit}", self.kpi.cell(v)),
        };
        if ends.windows(2).all(|w| w[0].1 == w[1].1) {
            let all = if ends.len() == 2 { "both runs" } else { "all runs" };
            let same = self.lines.windows(2).all(|w| w[0] == w[1]);
            let course = if same { ", with the same course" } else { "" };
            return format!("{label}{verb} {} in {all}{course}", shown(ends.first().map_or(0.0, |e| e.1)));
        }
        let each: Vec<String> = ends.iter().map(|(i, v)| format!("{} in {}", shown(*v), LETTERS[*i])).collect();
        format!("{label}{verb} {}", text::list(&each))
    }

    fn numbers(&self) -> Numbers {
        let mut n = Numbers::new(["run", "round", self.kpi.name.as_str()]);
        for (label, line) in self.labels.iter().zip(&self.lines) {
            for (round, v) in line {
                n.row([label.into(), (*round).into(), (*v).into()]);
            }
        }
        n
    }

    fn draw(&self, c: &mut Canvas<'_>, area: Area) {
        let f = self.kpi.factor;
        let signs: Vec<_> = self.labels.iter().enumerate().map(|(i, l)| (Look::of(i).sign(), l.as_str())).collect();
        let area = legend(c, area, &signs);
        let all = || self.lines.iter().flatten();
        let last = all().map(|p| p.0).max().unwrap_or(1);
        let lo = all().map(|p| p.1 * f).fold(f64::INFINITY, f64::min);
        let hi = all().map(|p| p.1 * f).fold(f64::NEG_INFINITY, f64::max);
        let x = Axis::rounds(last);
        let plot = Plot::frame(c, area.inset(0.0, 0.0, 14.0, 0.0), x, Axis::spanning(lo, hi, 4, self.kpi.axis()));
        let mut ends: Vec<((f64, f64), usize)> = Vec::new();
        for (i, line) in self.lines.iter().enumerate() {
            let look = Look::of(i);
            let points: Vec<_> = line.iter().map(|p| plot.at(p.0 as f64, p.1 * f)).collect();
            c.path(&points, look.color, 2.0, look.pattern);
            // Marks on every line would hide long ones.
            if points.len() <= 24 {
                points.iter().for_each(|p| look.mark.draw(c, *p, 3.0, look.color));
            }
            ends.extend(points.last().map(|end| (*end, i)));
        }
        // Letters at the ends, none over another.
        ends.sort_by(|a, b| a.0.1.total_cmp(&b.0.1));
        let mut free = f64::NEG_INFINITY;
        for ((x, y), i) in ends {
            let y = y.max(free);
            c.text(LETTERS[i], (x + 8.0, y), LABEL, Look::of(i).color, Align::Left);
            free = y + 12.0;
        }
    }
}
