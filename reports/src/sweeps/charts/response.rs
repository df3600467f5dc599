//! A figure along the one axis that is varied.

use super::super::read::{Axis as Varied, Sweep};
use crate::figure::{Figure, Shape, split};
use crate::kpi::Kpi;
use crate::numbers::Numbers;
use crate::palette::Color;
use crate::plot::{Axis, Plot, Sign, legend};
use crate::stats::{Interval, Sample, groups};
use crate::svg::{Area, Canvas};
use crate::text;

/// Places along the axis when there are too many to show each.
const PLACES: usize = 8;

struct Response {
    kpi: Kpi,
    axis: String,
    dots: Vec<(f64, f64)>,
    places: Vec<Place>,
}

struct Place {
    x: f64,
    sample: Sample,
    interval: Option<Interval>,
}

pub(super) fn figure(sweep: &Sweep, kpi: &Kpi) -> Option<Figure> {
    let [axis] = sweep.axes.as_slice() else { return None };
    let response = Response::of(sweep, kpi, axis)?;
    let title = response.title(axis);
    let shows = format!(
        "{} at each value of {}: the mean with its 95\u{a0}% interval, and the band in which nine tenths of the runs lie; a \
         dot is a run.",
        text::capital(&kpi.label),
        axis.label
    );
    let (_, body, numbers) = split(Ok(response), |_| None, Response::draw, Response::numbers);
    Some(Figure {
        id: format!("response-{}", kpi.name),
        title,
        shows,
        finding: None,
        tables: &["cells"],
        shape: Shape::Half,
        body,
        numbers,
    })
}

impl Response {
    fn of(sweep: &Sweep, kpi: &Kpi, axis: &Varied) -> Option<Self> {
        let (x, values) = (axis.numbers.as_ref()?, sweep.figures.get(&kpi.name)?);
        let dots: Vec<(f64, f64)> = x.iter().zip(values).filter_map(|(x, v)| Some((*x, (*v)?))).collect();
        let levels = axis.levels();
        let xs: Vec<f64> = dots.iter().map(|d| d.0).collect();
        let of: Vec<usize> = if levels.len() <= 4 * PLACES && levels.len() < dots.len() {
            xs.iter().map(|x| levels.partition_point(|l| l < x)).collect()
        } else {
            groups(&xs, PLACES)
        };
        let mut by: std::collections::BTreeMap<usize, (Vec<f64>, Vec<f64>)> = std::collections::BTreeMap::new();
        for (g, (x, v)) in of.iter().zip(&dots) {
            let (xs, vs) = by.entry(*g).or_default();
            xs.push(*x);
            vs.push(*v);
        }
        let place = |(xs, vs): &(Vec<f64>, Vec<f64>)| {
            let sample = Sample::new(vs);
            Place { x: Sample::new(xs).mean, interval: sample.interval(), sample }
        };
        let places: Vec<Place> = by.values().map(place).collect();
        (places.len() > 1).then(|| Self { kpi: kpi.clone(), axis: axis.title(), dots, places })
    }

    fn title(&self, axis: &Varied) -> String {
        let label = text::capital(&self.kpi.label);
        let at = |p: &Place| text::decimal(p.x);
        let unit = axis.unit.as_ref().map_or_else(String::new, |u| format!(" {u}"));
        let means: Vec<f64> = self.places.iter().map(|p| p.sample.mean).collect();
        let [first, .., last] = self.places.as_slice() else { return label };
        // Intervals that overlap from end to end tell of no direction.
        let apart = match (first.interval, last.interval) {
            (Some(a), Some(b)) => a.hi < b.lo || b.hi < a.lo,
            _ => first.sample.mean != last.sample.mean,
        };
        let falls = means.windows(2).all(|w| w[1] <= w[0]);
        let rises = means.windows(2).all(|w| w[1] >= w[0]);
        if apart && (falls || rises) {
            let way = self.kpi.verb(if falls { "falls" } else { "rises" });
            let (from, to) = (self.kpi.show(first.sample.mean), self.kpi.show(last.sample.mean));
            let (x0, x1) = (at(first), at(last));
            return format!("{label} {way} from {from} to {to} as “{}” goes from {x0} to {x1}{unit}", axis.label);
        }
        let best = self.places.iter().max_by(|a, b| a.sample.mean.total_cmp(&b.sample.mean));
        let worst = self.places.iter().min_by(|a, b| a.sample.mean.total_cmp(&b.sample.mean));
        match (best, worst) {
            (Some(b), Some(w)) if b.interval.zip(w.interval).is_none_or(|(b, w)| b.lo > w.hi) => format!(
                "{label} {} highest at “{}” = {} ({}) and lowest at {} ({})",
                self.kpi.verb("is"),
                axis.label,
                at(b),
                self.kpi.show(b.sample.mean),
                at(w),
                self.kpi.show(w.sample.mean)
            ),
            _ => format!("{label} {} not follow “{}” by more than chance", self.kpi.verb("does"), axis.label),
        }
    }

    fn numbers(&self) -> Numbers {
        let mut n = Numbers::new(["x", "n", "mean", "lo", "hi", "p5", "p50", "p95"]);
        for p in &self.places {
            n.row([
                p.x.into(),
                p.sample.n.into(),
                p.sample.mean.into(),
                p.interval.map(|i| i.lo).into(),
                p.interval.map(|i| i.hi).into(),
                p.sample.quantile(0.05).into(),
                p.sample.quantile(0.5).into(),
                p.sample.quantile(0.95).into(),
            ]);
        }
        n
    }

    fn draw(&self, c: &mut Canvas<'_>, area: Area) {
        let signs = [
            (Sign::Dot(Color::Blue), "mean, 95 % interval"),
            (Sign::Band(Color::Blue, 0.16), "nine tenths of the runs"),
            (Sign::Dot(Color::Faint), "a run"),
        ];
        let area = legend(c, area, &signs);
        let f = self.kpi.factor;
        let span = |get: fn(&(f64, f64)) -> f64| {
            self.dots.iter().map(get).fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)))
        };
        let (xs, ys) = (span(|d| d.0), span(|d| d.1));
        let margin = (xs.1 - xs.0) * 0.03;
        let x = Axis::exact(xs.0 - margin, xs.1 + margin, 5, self.axis.clone()).bare();
        let plot = Plot::frame(c, area, x, Axis::spanning(ys.0 * f, ys.1 * f, 4, self.kpi.axis()));
        let edge = |q: f64| self.places.iter().map(move |p| (p.x, p.sample.quantile(q) * f));
        let band: Vec<_> =
            edge(0.05).chain(edge(0.95).collect::<Vec<_>>().into_iter().rev()).map(|(x, y)| plot.at(x, y)).collect();
        c.veil(&band, Color::Blue, 0.16);
        for (x, y) in &self.dots {
            c.dot(plot.at(*x, y * f), 2.0, Color::Faint);
        }
        let line: Vec<_> = self.places.iter().map(|p| plot.at(p.x, p.sample.mean * f)).collect();
        c.path(&line, Color::Blue, 2.0, &[]);
        for p in &self.places {
            if let Some(i) = p.interval {
                let (low, high) = (plot.at(p.x, i.lo * f), plot.at(p.x, i.hi * f));
                c.line(low, high, Color::Blue, 1.8);
                for end in [low, high] {
                    c.line((end.0 - 3.5, end.1), (end.0 + 3.5, end.1), Color::Blue, 1.8);
                }
            }
            c.dot(plot.at(p.x, p.sample.mean * f), 3.5, Color::Blue);
        }
    }
}
