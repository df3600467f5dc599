//! How much of a figure's variance each axis explains.

use super::super::arms::sample;
use super::super::read::Sweep;
use crate::figure::{Figure, Shape, split};
use crate::kpi::Kpi;
use crate::numbers::Numbers;
use crate::palette::Color;
use crate::plot::{Axis, LABEL, Plot, Sign, legend};
use crate::stats::{self, Indices, Interval, Noise, correlation_ratio, groups, indices, percentile, regression};
use crate::svg::{Align, Area, Canvas, fit, text_width};
use crate::text;

/// Points below which shares of variance are noise.
const POINTS_MIN: usize = 8;
/// Values of an axis up to which each is a group of its own.
const LEVELS_MAX: usize = 8;

struct Influence {
    kpi: Kpi,
    bars: Vec<Bar>,
    method: Method,
    points: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    /// Two matrices and their mixtures.
    Saltelli,
    /// Groups along each axis.
    Groups,
}

struct Bar {
    axis: String,
    first: f64,
    first_in: Interval,
    total: Option<(f64, Interval)>,
    /// Standardised regression coefficient.
    slope: Option<f64>,
    /// Share that an axis without influence would explain.
    chance: f64,
}

pub(super) fn figure(sweep: &Sweep, kpi: &Kpi) -> Option<Figure> {
    let influence = Influence::of(sweep, kpi)?;
    let title = influence.title();
    let shows = match influence.method {
        Method::Saltelli => format!(
            "Sobol’s indices of {} from {} of two matrices: the share of its variance that an axis explains alone, \
             and the share in which it has a part; with 95\u{a0}% intervals by resampling.",
            kpi.label,
            text::count(influence.points as f64, "point", "points")
        ),
        Method::Groups => format!(
            "Share of the variance of {} over {} that lies between groups along each axis (η²), with 95\u{a0}% \
             intervals by resampling. An axis without influence would reach the red mark by chance.",
            kpi.label,
            text::count(influence.points as f64, "arm", "arms")
        ),
    };
    let high = 78.0 + 44.0 * influence.bars.len() as f64;
    let (_, body, numbers) = split(Ok(influence), |_| None, Influence::draw, Influence::numbers);
    Some(Figure {
        id: format!("sensitivity-{}", kpi.name),
        title,
        shows,
        finding: None,
        tables: &["cells"],
        shape: Shape::Tall { wide: high, narrow: high + 20.0 },
        body,
        numbers,
    })
}

/// Blocks of a Saltelli design among numeric axes: the first matrix, it with a column of the second for each
/// axis, the second.
fn blocks(x: &[Vec<f64>]) -> Option<usize> {
    let (n, d) = (x.first()?.len(), x.len());
    let size = d + 2;
    if !n.is_multiple_of(size) || n / size < 4 {
        return None;
    }
    let fits = |block: usize| {
        let at = |column: &Vec<f64>, row: usize| column[block * size + row];
        (0..d).all(|mixed| {
            x.iter().enumerate().all(|(i, c)| at(c, mixed + 1) == at(c, if i == mixed { d + 1 } else { 0 }))
        })
    };
    (0..n / size).all(fits).then_some(size)
}

impl Influence {
    fn of(sweep: &Sweep, kpi: &Kpi) -> Option<Self> {
        if sweep.axes.len() < 2 || sweep.arms.len() < POINTS_MIN.max(2 * sweep.axes.len() + 2) {
            return None;
        }
        let samples: Vec<_> = sweep.arms.iter().map(|a| sample(sweep, kpi, a)).collect();
        if samples.iter().any(|s| s.n == 0) {
            return None;
        }
        let y: Vec<f64> = samples.iter().map(|s| s.mean).collect();
        let of_arms = |v: &Vec<f64>| sweep.arms.iter().map(|a| v[a.rows[0]]).collect::<Vec<f64>>();
        let x: Option<Vec<Vec<f64>>> = sweep.axes.iter().map(|a| a.numbers.as_ref().map(of_arms)).collect();
        let names: Vec<String> = sweep.axes.iter().map(|a| a.label.clone()).collect();
        let (mut bars, method) = match x.as_ref().and_then(|x| blocks(x)) {
            Some(size) => (saltelli(&names, &y, size), Method::Saltelli),
            None => (grouped(sweep, kpi, &names, &y), Method::Groups),
        };
        let slopes = x.as_ref().and_then(|x| regression(x, &y));
        for (i, bar) in bars.iter_mut().enumerate() {
            bar.slope = slopes.as_ref().map(|s| s.coefficients[i]);
        }
        bars.sort_by(|a, b| b.first.total_cmp(&a.first));
        (bars.len() > 1).then(|| Self { kpi: kpi.clone(), bars, method, points: y.len() })
    }

    fn title(&self) -> String {
        let [first, second, ..] = self.bars.as_slice() else { return self.kpi.label.clone() };
        let clear = first.first_in.lo > first.chance;
        if !clear {
            return format!("No axis explains {} by more than chance", self.kpi.label);
        }
        let way = match first.slope {
            Some(s) if s > 0.2 => ", which rises with it",
            Some(s) if s < -0.2 => ", which falls with it",
            _ => "",
        };
        format!(
            "“{}” explains {} of the variance of {}{way}; next is “{}” with {}",
            first.axis,
            text::percent(first.first.clamp(0.0, 1.0)),
            self.kpi.label,
            second.axis,
            text::percent(second.first.clamp(0.0, 1.0))
        )
    }

    fn numbers(&self) -> Numbers {
        let mut n =
            Numbers::new(["axis", "first", "first_lo", "first_hi", "total", "total_lo", "total_hi", "src", "chance"]);
        for b in &self.bars {
            n.row([
                (&b.axis).into(),
                b.first.into(),
                b.first_in.lo.into(),
                b.first_in.hi.into(),
                b.total.map(|t| t.0).into(),
                b.total.map(|t| t.1.lo).into(),
                b.total.map(|t| t.1.hi).into(),
                b.slope.into(),
                b.chance.into(),
            ]);
        }
        n
    }

    fn draw(&self, c: &mut Canvas<'_>, area: Area) {
        let total = self.method == Method::Saltelli;
        let signs: &[(Sign, &str)] = if total {
            &[(Sign::Box(Color::Blue), "alone"), (Sign::Box(Color::Pale), "with others")]
        } else {
            &[(Sign::Box(Color::Blue), "explained"), (Sign::Line(Color::Red), "by chance")]
        };
        let area = legend(c, area, signs);
        let names = self.bars.iter().map(|b| text_width(&b.axis, LABEL)).fold(0.0, f64::max).min(area.w * 0.35);
        let ends = |b: &Bar| b.first_in.hi.max(b.first).max(b.total.map_or(0.0, |t| t.1.hi.max(t.0)));
        let most = self.bars.iter().map(ends).fold(0.0, f64::max).clamp(0.1, 1.2);
        let room = if area.w > 700.0 { 130.0 } else { 50.0 };
        let x = Axis::from_zero(most * 100.0, 5, "share of the variance (%)");
        let plot = Plot::frame(c, area.inset(names + 6.0, 0.0, room, 0.0), x, Axis::places(&[], ""));
        let row = plot.area.h / self.bars.len() as f64;
        for (i, b) in self.bars.iter().enumerate() {
            let y = plot.area.y + (i as f64 + 0.5) * row;
            self.bar(c, &plot, b, y, row);
            c.text(&fit(&b.axis, names, LABEL), (plot.area.x - 9.0, y), LABEL, Color::Ink, Align::Right);
            let share = text::percent(b.first.clamp(0.0, 1.0));
            let words = match b.slope {
                Some(s) if room > 100.0 && s.abs() > 0.2 => {
                    format!("{share}, {}", if s > 0.0 { "rising" } else { "falling" })
                }
                _ => share,
            };
            c.text(&words, (plot.area.right() + 8.0, y), LABEL, Color::Muted, Align::Left);
        }
    }

    fn bar(&self, c: &mut Canvas<'_>, plot: &Plot, b: &Bar, y: f64, row: f64) {
        let draw = |c: &mut Canvas<'_>, value: f64, within: Interval, y: f64, high: f64, color| {
            let end = plot.x((value * 100.0).max(0.0));
            c.rect(Area::new(plot.area.x, y - high / 2.0, (end - plot.area.x).max(1.0), high), color);
            let (from, to) = (plot.x((within.lo * 100.0).max(0.0)), plot.x((within.hi * 100.0).max(0.0)));
            c.line((from, y), (to, y), Color::Ink, 1.3);
            for x in [from, to] {
                c.line((x, y - 4.0), (x, y + 4.0), Color::Ink, 1.3);
            }
        };
        match b.total {
            Some((total, within)) => {
                let high = (row * 0.34).min(15.0);
                draw(c, b.first, b.first_in, y - high * 0.6, high, Color::Blue);
                draw(c, total, within, y + high * 0.6, high, Color::Pale);
            }
            None => {
                let high = (row * 0.6).min(22.0);
                draw(c, b.first, b.first_in, y, high, Color::Blue);
                let x = plot.x(b.chance * 100.0);
                c.line((x, y - high * 0.75), (x, y + high * 0.75), Color::Red, 2.0);
            }
        }
    }
}

fn grouped(sweep: &Sweep, kpi: &Kpi, names: &[String], y: &[f64]) -> Vec<Bar> {
    let n = y.len();
    let many = ((n as f64).sqrt() as usize).clamp(3, LEVELS_MAX);
    let bar = |(i, name): (usize, &String)| {
        let axis = &sweep.axes[i];
        let words = axis.words();
        let of: Vec<usize> = match &axis.numbers {
            Some(v) if words.len() > LEVELS_MAX => {
                groups(&sweep.arms.iter().map(|a| v[a.rows[0]]).collect::<Vec<_>>(), many)
            }
            _ => {
                let word = |row: usize| axis.texts[row].as_deref().unwrap_or_default();
                let place = |row: usize| words.iter().position(|w| *w == word(row)).unwrap_or(words.len());
                sweep.arms.iter().map(|a| place(a.rows[0])).collect()
            }
        };
        let kinds = {
            let mut kinds = of.clone();
            kinds.sort_unstable();
            kinds.dedup();
            kinds.len()
        };
        let first = correlation_ratio(&of, y);
        let resampled = if sweep.sampled() { over_arms(&of, y) } else { over_seeds(sweep, kpi, &of) };
        let chance = (kinds.saturating_sub(1)) as f64 / (n as f64 - 1.0);
        Bar {
            axis: name.clone(),
            first,
            first_in: if resampled.is_empty() { Interval { lo: first, hi: first } } else { percentile(&resampled) },
            total: None,
            slope: None,
            chance,
        }
    };
    names.iter().enumerate().map(bar).collect()
}

/// Shares explained when other points might have been drawn.
fn over_arms(of: &[usize], y: &[f64]) -> Vec<f64> {
    let n = y.len();
    let mut noise = Noise::new(stats::SEED);
    let again = |_| {
        let (g, v): (Vec<usize>, Vec<f64>) = (0..n).map(|_| noise.below(n)).map(|i| (of[i], y[i])).unzip();
        correlation_ratio(&g, &v)
    };
    (0..stats::RESAMPLES).map(again).collect()
}

/// Shares explained when other seeds might have been taken: the arms of a grid are all there are. None
/// where a single seed leaves nothing to draw from, or where some runs are missing.
fn over_seeds(sweep: &Sweep, kpi: &Kpi, of: &[usize]) -> Vec<f64> {
    let arms: Vec<Vec<f64>> = sweep.arms.iter().map(|a| sweep.of_arm(&kpi.name, a)).collect();
    let seeds = arms.first().map_or(0, Vec::len);
    if seeds < 2 || arms.iter().any(|a| a.len() != seeds) {
        return Vec::new();
    }
    let mut noise = Noise::new(stats::SEED);
    let again = |_| {
        // The same seeds in every arm, as they were run.
        let drawn: Vec<usize> = (0..seeds).map(|_| noise.below(seeds)).collect();
        let y: Vec<f64> = arms.iter().map(|a| drawn.iter().map(|s| a[*s]).sum::<f64>() / seeds as f64).collect();
        correlation_ratio(of, &y)
    };
    (0..stats::RESAMPLES).map(again).collect()
}

fn saltelli(names: &[String], y: &[f64], size: usize) -> Vec<Bar> {
    let n = y.len() / size;
    let of = |rows: &[usize]| {
        let column = |at: usize| rows.iter().map(|b| y[b * size + at]).collect::<Vec<f64>>();
        let mixed: Vec<Vec<f64>> = (1..size - 1).map(column).collect();
        indices(&column(0), &column(size - 1), &mixed)
    };
    let all: Vec<usize> = (0..n).collect();
    let mut noise = Noise::new(stats::SEED);
    let resampled: Vec<Vec<Indices>> =
        (0..stats::RESAMPLES).map(|_| of(&(0..n).map(|_| noise.below(n)).collect::<Vec<_>>())).collect();
    let within =
        |i: usize, get: fn(&Indices) -> f64| percentile(&resampled.iter().map(|r| get(&r[i])).collect::<Vec<_>>());
    let bar = |(i, found): (usize, &Indices)| Bar {
        axis: names[i].clone(),
        first: found.first,
        first_in: within(i, |x| x.first),
        total: Some((found.total, within(i, |x| x.total))),
        slope: None,
        chance: 0.0,
    };
    of(&all).iter().enumerate().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saltelli_design_is_seen_in_its_points() {
        // Blocks of A, A with b's first, A with b's second, B.
        let block = |a: [f64; 2], b: [f64; 2]| [a, [b[0], a[1]], [a[0], b[1]], b];
        let rows: Vec<[f64; 2]> =
            (0..4).flat_map(|i| block([f64::from(i), 10.0 + f64::from(i)], [5.0 - f64::from(i), 20.0])).collect();
        let columns =
            |rows: &[[f64; 2]]| vec![rows.iter().map(|r| r[0]).collect(), rows.iter().map(|r| r[1]).collect()];
        let mut x = columns(&rows);
        assert_eq!(blocks(&x), Some(4));
        x[0][1] += 1.0;
        assert_eq!(blocks(&x), None);
        assert_eq!(blocks(&columns(&rows[..12])), None, "three blocks are too few");
        // y = 3 a + b over independent columns: the first axis explains nearly all.
        let y: Vec<f64> = rows.iter().map(|r| 3.0 * r[0]).collect();
        let bars = saltelli(&["a".to_owned(), "b".to_owned()], &y, 4);
        assert!(bars[0].total.is_some_and(|t| t.0 > 0.5), "{:?}", bars[0].total);
        assert_eq!((bars[1].first, bars[1].total.map(|t| t.0)), (0.0, Some(0.0)));
    }
}
