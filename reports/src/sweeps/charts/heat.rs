//! A figure over the two axes that are varied.

use super::super::arms::{admissible, bounds};
use super::super::read::{Axis as Varied, Sweep};
use crate::figure::{Figure, Shape, split};
use crate::kpi::Kpi;
use crate::numbers::Numbers;
use crate::palette::{Color, HEAT};
use crate::plot::{Axis, LABEL, Plot};
use crate::stats::{groups, mean};
use crate::svg::{Align, Area, Canvas, text_width};
use crate::text;

/// Fields along an axis when there are too many values to show each.
const FIELDS: usize = 6;

struct Heat {
    kpi: Kpi,
    x: Side,
    y: Side,
    /// By x, then by y.
    fields: Vec<Field>,
    bounded: bool,
}

struct Side {
    title: String,
    label: String,
    names: Vec<String>,
}

struct Field {
    x: usize,
    y: usize,
    n: usize,
    mean: f64,
    keeps: bool,
}

pub(super) fn figure(sweep: &Sweep, kpi: &Kpi) -> Option<Figure> {
    let [a, b] = sweep.axes.as_slice() else { return None };
    let heat = Heat::of(sweep, kpi, a, b)?;
    let title = heat.title();
    let bounded = if heat.bounded { format!(" Crossed fields do not keep {}.", bounds(sweep)) } else { String::new() };
    let shows =
        format!("Mean of {} over all seeds, for each {} and {}.{bounded}", kpi.axis(), heat.x.label, heat.y.label);
    let (_, body, numbers) = split(Ok(heat), |_| None, Heat::draw, Heat::numbers);
    Some(Figure {
        id: format!("heat-{}", kpi.name),
        title,
        shows,
        finding: None,
        tables: &["cells"],
        shape: Shape::Half,
        body,
        numbers,
    })
}

/// Fields of an axis: their names, and the field of every cell.
fn side(axis: &Varied) -> Option<(Side, Vec<usize>)> {
    let side = |names| Side { title: axis.title(), label: axis.label.clone(), names };
    let levels = axis.levels();
    let numbers = axis.numbers.as_ref()?;
    if levels.len() <= 12 {
        let of = numbers.iter().map(|v| levels.partition_point(|l| l < v)).collect();
        return Some((side(text::ticks(&levels)), of));
    }
    let of = groups(numbers, FIELDS);
    let name = |g: usize| {
        let within: Vec<f64> = of.iter().zip(numbers).filter(|(o, _)| **o == g).map(|(_, v)| *v).collect();
        let lo = within.iter().copied().fold(f64::INFINITY, f64::min);
        let hi = within.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if within.is_empty() { String::new() } else { format!("{}–{}", text::decimal(lo), text::decimal(hi)) }
    };
    Some((side((0..FIELDS).map(name).collect()), of))
}

impl Heat {
    fn of(sweep: &Sweep, kpi: &Kpi, a: &Varied, b: &Varied) -> Option<Self> {
        let ((x, xs), (y, ys)) = (side(a)?, side(b)?);
        let values = sweep.figures.get(&kpi.name)?;
        let mut keeps = vec![true; values.len()];
        for arm in &sweep.arms {
            for row in &arm.rows {
                keeps[*row] = admissible(sweep, arm) != Some(false);
            }
        }
        let mut fields = Vec::new();
        for i in 0..x.names.len() {
            for j in 0..y.names.len() {
                let rows: Vec<usize> = (0..values.len()).filter(|r| xs[*r] == i && ys[*r] == j).collect();
                let of: Vec<f64> = rows.iter().filter_map(|r| values[*r]).collect();
                if !of.is_empty() {
                    let keeps = rows.iter().all(|r| keeps[*r]);
                    fields.push(Field { x: i, y: j, n: of.len(), mean: mean(&of), keeps });
                }
            }
        }
        let bounded = !sweep.constraints.is_empty();
        (fields.len() > 3).then(|| Self { kpi: kpi.clone(), x, y, fields, bounded })
    }

    fn ends(&self) -> Option<(&Field, &Field)> {
        let least = self.fields.iter().min_by(|a, b| a.mean.total_cmp(&b.mean))?;
        let most = self.fields.iter().max_by(|a, b| a.mean.total_cmp(&b.mean))?;
        Some((least, most))
    }

    fn title(&self) -> String {
        let label = text::capital(&self.kpi.label);
        let place = |f: &Field| {
            format!("{} = {} and {} = {}", self.x.label, self.x.names[f.x], self.y.label, self.y.names[f.y])
        };
        let Some((least, most)) = self.ends() else { return label };
        let kept = self.fields.iter().filter(|f| f.keeps).count();
        let bounded = if self.bounded {
            format!("; {kept} of {} fields keep all bounds", self.fields.len())
        } else {
            String::new()
        };
        format!(
            "{label} {} from {} at {} to {} at {}{bounded}",
            self.kpi.verb("goes"),
            self.kpi.show(least.mean),
            place(least),
            self.kpi.show(most.mean),
            place(most)
        )
    }

    fn numbers(&self) -> Numbers {
        let mut n = Numbers::new([self.x.label.as_str(), self.y.label.as_str(), "n", "mean", "keeps_bounds"]);
        for f in &self.fields {
            let keeps = if f.keeps { "true" } else { "false" };
            n.row([(&self.x.names[f.x]).into(), (&self.y.names[f.y]).into(), f.n.into(), f.mean.into(), keeps.into()]);
        }
        n
    }

    fn draw(&self, c: &mut Canvas<'_>, area: Area) {
        let Some((least, most)) = self.ends() else { return };
        let area = self.scale(c, area, least.mean, most.mean);
        let x = Axis::places(&self.x.names, self.x.title.clone());
        let plot = Plot::frame(c, area, x, Axis::places(&self.y.names, self.y.title.clone()));
        let (w, h) = (plot.place(), plot.area.h / self.y.names.len() as f64);
        for f in &self.fields {
            let share = (f.mean - least.mean) / (most.mean - least.mean).max(f64::MIN_POSITIVE);
            let step = ((share * f64::from(HEAT)) as u8).min(HEAT - 1);
            let (middle, centre) = plot.at(f.x as f64, f.y as f64);
            let field = Area::new(middle - w / 2.0 + 1.0, centre - h / 2.0 + 1.0, w - 2.0, h - 2.0);
            c.rect(field, Color::Heat(step));
            if !f.keeps {
                c.line((field.x, field.y), (field.right(), field.bottom()), Color::Red, 1.3);
                c.line((field.x, field.bottom()), (field.right(), field.y), Color::Red, 1.3);
            }
            let label = text::decimal(f.mean * self.kpi.factor);
            if text_width(&label, LABEL) < w && h > 13.0 {
                let ink = if step > HEAT / 2 { Color::Paper } else { Color::Ink };
                c.text(&label, (middle, centre), LABEL, ink, Align::Center);
            }
        }
    }

    /// The colours and what they stand for, along the top.
    fn scale(&self, c: &mut Canvas<'_>, area: Area, least: f64, most: f64) -> Area {
        let (from, to) = (self.kpi.show(least), self.kpi.show(most));
        c.text(&from, (area.x, area.y + 7.0), LABEL, Color::Muted, Align::Left);
        let mut x = area.x + text_width(&from, LABEL) + 8.0;
        for step in 0..HEAT {
            c.rect(Area::new(x, area.y + 1.0, 16.0, 12.0), Color::Heat(step));
            x += 16.0;
        }
        c.text(&to, (x + 8.0, area.y + 7.0), LABEL, Color::Muted, Align::Left);
        area.inset(0.0, 22.0, 0.0, 0.0)
    }
}
