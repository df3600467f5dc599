//! One axis of a grid at a time, with the others held in the middle.

use super::super::read::Sweep;
use crate::figure::{Figure, Shape, split};
use crate::kpi::Kpi;
use crate::numbers::Numbers;
use crate::palette::Color;
use crate::plot::{Axis, LABEL, Mark, Plot};
use crate::stats::mean;
use crate::svg::{Align, Area, Canvas, fit, text_width};

struct Tornado {
    kpi: Kpi,
    middle: f64,
    bars: Vec<Bar>,
}

struct Bar {
    axis: String,
    /// Value of the axis and mean of the figure, in the order of the axis.
    steps: Vec<(String, f64)>,
}

impl Bar {
    fn least(&self) -> &(String, f64) {
        self.steps.iter().min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or(&self.steps[0])
    }

    fn most(&self) -> &(String, f64) {
        self.steps.iter().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or(&self.steps[0])
    }

    fn width(&self) -> f64 {
        self.most().1 - self.least().1
    }
}

pub(super) fn figure(sweep: &Sweep, kpi: &Kpi) -> Option<Figure> {
    let (tornado, held) = Tornado::of(sweep, kpi)?;
    let title = tornado.title();
    let shows = format!(
        "Mean of {} when one axis goes through its values and the others stay in the middle ({held}).",
        kpi.label
    );
    let high = 66.0 + 40.0 * tornado.bars.len() as f64;
    let (_, body, numbers) = split(Ok(tornado), |_| None, Tornado::draw, Tornado::numbers);
    Some(Figure {
        id: format!("tornado-{}", kpi.name),
        title,
        shows,
        finding: None,
        tables: &["cells"],
        shape: Shape::Tall { wide: high, narrow: high },
        body,
        numbers,
    })
}

impl Tornado {
    fn of(sweep: &Sweep, kpi: &Kpi) -> Option<(Self, String)> {
        if sweep.file.design.kind != "grid" || sweep.axes.len() < 2 {
            return None;
        }
        let values = sweep.figures.get(&kpi.name)?;
        let words: Vec<Vec<&str>> = sweep.axes.iter().map(|a| a.words()).collect();
        let centre: Vec<&str> =
            words.iter().map(|w| w.get(w.len().saturating_sub(1) / 2).copied().unwrap_or("")).collect();
        let at = |point: &[&str]| {
            let here = |row: &usize| sweep.axes.iter().zip(point).all(|(a, w)| a.texts[*row].as_deref() == Some(*w));
            let of: Vec<f64> = (0..values.len()).filter(here).filter_map(|row| values[row]).collect();
            (!of.is_empty()).then(|| mean(&of))
        };
        let middle = at(&centre)?;
        let mut bars = Vec::new();
        for (i, axis) in sweep.axes.iter().enumerate() {
            let step = |word: &&str| {
                let mut point = centre.clone();
                point[i] = word;
                Some(((*word).to_owned(), at(&point)?))
            };
            let steps: Vec<(String, f64)> = words[i].iter().filter_map(step).collect();
            if steps.len() > 1 {
                bars.push(Bar { axis: axis.label.clone(), steps });
            }
        }
        bars.sort_by(|a, b| b.width().total_cmp(&a.width()));
        let held: Vec<String> = sweep.axes.iter().zip(&centre).map(|(a, w)| format!("{} = {w}", a.label)).collect();
        (bars.len() > 1).then(|| (Self { kpi: kpi.clone(), middle, bars }, held.join(", ")))
    }

    fn title(&self) -> String {
        let Some(first) = self.bars.first().filter(|b| b.width() > 0.0) else {
            return format!("No axis alone moves {}", self.kpi.label);
        };
        format!(
            "“{}” alone moves {} most: from {} at {} to {} at {}",
            first.axis,
            self.kpi.label,
            self.kpi.show(first.least().1),
            first.least().0,
            self.kpi.show(first.most().1),
            first.most().0
        )
    }

    fn numbers(&self) -> Numbers {
        let mut n = Numbers::new(["axis", "value", "mean"]);
        for b in &self.bars {
            for (value, mean) in &b.steps {
                n.row([(&b.axis).into(), value.into(), (*mean).into()]);
            }
        }
        n
    }

    fn draw(&self, c: &mut Canvas<'_>, area: Area) {
        let f = self.kpi.factor;
        let lo = self.bars.iter().map(|b| b.least().1 * f).fold(self.middle * f, f64::min);
        let hi = self.bars.iter().map(|b| b.most().1 * f).fold(self.middle * f, f64::max);
        let margin = (hi - lo) * 0.08;
        let lo = if lo >= 0.0 { (lo - margin).max(0.0) } else { lo - margin };
        let names = self.bars.iter().map(|b| text_width(&b.axis, LABEL)).fold(0.0, f64::max).min(area.w * 0.35);
        let n = if area.w > 700.0 { 8 } else { 4 };
        let x = Axis::spanning(lo, hi + margin, n, self.kpi.axis());
        let plot = Plot::frame(c, area.inset(names + 6.0, 0.0, 0.0, 0.0), x, Axis::places(&[], ""));
        let row = plot.area.h / self.bars.len() as f64;
        for (i, b) in self.bars.iter().enumerate() {
            let y = plot.area.y + (i as f64 + 0.5) * row;
            let (left, right) = (plot.x(b.least().1 * f), plot.x(b.most().1 * f));
            let high = (row * 0.4).min(16.0);
            c.rect(Area::new(left, y - high / 2.0, (right - left).max(1.0), high), Color::Pale);
            for (value, mean) in &b.steps {
                Mark::Dot.draw(c, (plot.x(mean * f), y), 3.0, Color::Blue);
                // The ends alone are named; what lies between is in the table.
                let (end, align, dx) = match mean {
                    m if *m == b.least().1 => (value == &b.least().0, Align::Right, -7.0),
                    _ => (value == &b.most().0, Align::Left, 7.0),
                };
                if end {
                    c.text(value, (plot.x(mean * f) + dx, y), LABEL, Color::Ink, align);
                }
            }
            c.text(&fit(&b.axis, names, LABEL), (plot.area.x - 9.0, y), LABEL, Color::Ink, Align::Right);
        }
        c.path(
            &[(plot.x(self.middle * f), plot.area.y), (plot.x(self.middle * f), plot.area.bottom())],
            Color::Red,
            1.3,
            &[5.0, 4.0],
        );
    }
}
