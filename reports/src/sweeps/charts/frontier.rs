//! The two lead figures against each other, and which arms no other beats in both.

use super::super::arms::{admissible, bounds, sample};
use super::super::read::Sweep;
use crate::figure::{Figure, Shape, split};
use crate::kpi::{Better, Kpi};
use crate::numbers::Numbers;
use crate::palette::Color;
use crate::plot::{Axis, LABEL, Mark, Plot, Sign, legend};
use crate::svg::{Align, Area, Canvas, fit, text_width};
use crate::text;

struct Frontier {
    x: Kpi,
    y: Kpi,
    points: Vec<Point>,
    bounded: bool,
}

struct Point {
    arm: String,
    x: f64,
    y: f64,
    keeps: bool,
    best: bool,
}

pub(super) fn figure(sweep: &Sweep) -> Option<Figure> {
    let lead = sweep.charted();
    let [x, y, ..] = lead.as_slice() else { return None };
    let frontier = Frontier::of(sweep, x, y)?;
    let title = frontier.title();
    let bounded =
        if frontier.bounded { format!(" Arms with a cross do not keep {}.", bounds(sweep)) } else { String::new() };
    let shows = format!(
        "Each point is the mean of an arm. Those on the stepped line are beaten by none: {} {} is taken for better, and {} {}.{bounded}",
        way(x),
        x.label,
        way(y),
        y.label
    );
    let (_, body, numbers) = split(Ok(frontier), |_| None, Frontier::draw, Frontier::numbers);
    Some(Figure {
        id: "frontier".into(),
        title,
        shows,
        finding: None,
        tables: &["cells"],
        shape: Shape::Tall { wide: 420.0, narrow: 360.0 },
        body,
        numbers,
    })
}

fn way(kpi: &Kpi) -> &'static str {
    match kpi.better() {
        Better::Higher => "more",
        Better::Lower => "less",
    }
}

/// The figure turned so that more is better.
fn good(kpi: &Kpi, v: f64) -> f64 {
    match kpi.better() {
        Better::Higher => v,
        Better::Lower => -v,
    }
}

impl Frontier {
    fn of(sweep: &Sweep, x: &Kpi, y: &Kpi) -> Option<Self> {
        let bounded = !sweep.constraints.is_empty();
        let point = |arm: &super::super::read::Arm| {
            let (a, b) = (sample(sweep, x, arm), sample(sweep, y, arm));
            let keeps = admissible(sweep, arm) != Some(false);
            (a.n > 0 && b.n > 0).then(|| Point { arm: arm.name.clone(), x: a.mean, y: b.mean, keeps, best: false })
        };
        let mut points: Vec<Point> = sweep.arms.iter().filter_map(point).collect();
        let one = |get: &dyn Fn(&Point) -> f64| points.iter().all(|p| get(p) == get(&points[0]));
        // Where one of the two is the same everywhere, nothing is bought with it.
        if points.len() < 3 || one(&|p| p.x) || one(&|p| p.y) {
            return None;
        }
        let turned: Vec<(f64, f64, bool)> = points.iter().map(|p| (good(x, p.x), good(y, p.y), p.keeps)).collect();
        for (i, p) in points.iter_mut().enumerate() {
            let (a, b, keeps) = turned[i];
            // Only what is admissible counts.
            p.best = keeps && !turned.iter().any(|(c, d, k)| *k && *c >= a && *d >= b && (*c > a || *d > b));
        }
        Some(Self { x: x.clone(), y: y.clone(), points, bounded })
    }

    fn title(&self) -> String {
        let mut best: Vec<&Point> = self.points.iter().filter(|p| p.best).collect();
        best.sort_by(|a, b| a.x.total_cmp(&b.x));
        let all = self.points.len();
        let names = |points: &[&Point]| points.iter().map(|p| format!("“{}”", p.arm)).collect::<Vec<_>>();
        match best.as_slice() {
            [] => format!("No arm of {all} keeps the bounds"),
            [one] => format!("“{}” is best in both {} and {}", one.arm, self.x.label, self.y.label),
            some if some.len() <= 4 => format!(
                "{} of {all} arms are not beaten in both {} and {}: {}",
                text::capital(&text::words(some.len())),
                self.x.label,
                self.y.label,
                text::list(&names(some))
            ),
            some => {
                format!("{} of {all} arms are not beaten in both {} and {}", some.len(), self.x.label, self.y.label)
            }
        }
    }

    fn numbers(&self) -> Numbers {
        let mut n = Numbers::new(["arm", &self.x.name, &self.y.name, "on_frontier", "keeps_bounds"]);
        for p in &self.points {
            let flag = |f: bool| if f { "true" } else { "false" };
            n.row([(&p.arm).into(), p.x.into(), p.y.into(), flag(p.best).into(), flag(p.keeps).into()]);
        }
        n
    }

    fn draw(&self, c: &mut Canvas<'_>, area: Area) {
        let mut signs =
            vec![(Sign::Dot(Color::Blue), "not beaten"), (Sign::Ring(Color::Muted), "beaten by another arm")];
        if self.bounded {
            signs.push((Sign::Series(Color::Red, &[0.1, 99.0], Mark::Cross), "outside the bounds"));
        }
        let area = legend(c, area, &signs);
        let span = |f: &dyn Fn(&Point) -> f64| {
            self.points.iter().map(f).fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)))
        };
        let (xs, ys) = (span(&|p| p.x * self.x.factor), span(&|p| p.y * self.y.factor));
        let titled = |k: &Kpi| format!("{}; {} is better", k.axis(), way(k));
        let n = if area.w > 700.0 { 8 } else { 4 };
        let x = Axis::spanning(xs.0, xs.1, n, titled(&self.x));
        let plot = Plot::frame(c, area, x, Axis::spanning(ys.0, ys.1, 5, titled(&self.y)));
        let at = |p: &Point| plot.at(p.x * self.x.factor, p.y * self.y.factor);
        let mut best: Vec<&Point> = self.points.iter().filter(|p| p.best).collect();
        best.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
        let mut steps = Vec::new();
        for pair in best.windows(2) {
            let ((x0, y0), (x1, y1)) = (at(pair[0]), at(pair[1]));
            // The corner lies on the worse side: nothing is known to be reached beyond it.
            let corner = if (self.x.better() == Better::Higher) == (x1 > x0) { (x0, y1) } else { (x1, y0) };
            steps.extend([(x0, y0), corner, (x1, y1)]);
        }
        c.path(&steps, Color::Blue, 1.5, &[6.0, 4.0]);
        for p in self.points.iter().filter(|p| !p.best) {
            let (color, mark) = if p.keeps { (Color::Muted, Mark::Ring) } else { (Color::Red, Mark::Cross) };
            mark.draw(c, at(p), 4.0, color);
        }
        self.label(c, &plot, &best);
    }

    /// Dots of the frontier, and their names where they fit.
    fn label(&self, c: &mut Canvas<'_>, plot: &Plot, best: &[&Point]) {
        let mut free = f64::NEG_INFINITY;
        for p in best {
            let at = plot.at(p.x * self.x.factor, p.y * self.y.factor);
            c.dot(at, 5.0, Color::Blue);
            let name = fit(&p.arm, 170.0, LABEL);
            let wide = text_width(&name, LABEL);
            let (x, align) = if at.0 + wide + 10.0 > plot.area.right() {
                (at.0 - 9.0, Align::Right)
            } else {
                (at.0 + 9.0, Align::Left)
            };
            let left = if align == Align::Right { x - wide } else { x };
            if left > free {
                let y = (at.1 - 9.0).max(plot.area.y + 6.0);
                c.text(&name, (x, y), LABEL, Color::Ink, align);
                free = left + wide + 6.0;
            }
        }
    }
}
