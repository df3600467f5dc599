//! Differences from the first arm, with their intervals.

use super::super::arms::{Contrast, Verdict, contrasts, numbers};
use super::super::read::Sweep;
use crate::figure::{Figure, Shape, split};
use crate::kpi::Kpi;
use crate::palette::Color;
use crate::plot::{Axis, LABEL, Mark, Plot};
use crate::svg::{Align, Area, Canvas, fit, text_width};
use crate::text;

/// More arms than this are no list any more.
const ARMS_MAX: usize = 24;
const ROW: f64 = 24.0;
/// On a phone a name stands above its row.
const NARROW_ROW: f64 = 38.0;

struct Effects {
    kpi: Kpi,
    first: String,
    rows: Vec<Contrast>,
}

pub(super) fn figure(sweep: &Sweep, kpi: &Kpi) -> Option<Figure> {
    if sweep.arms.len() < 2 || sweep.arms.len() > ARMS_MAX || sweep.sampled() {
        return None;
    }
    let rows = contrasts(sweep, kpi);
    // Without a second seed there is no interval to draw, and without a difference no point.
    rows.iter().find(|c| c.interval.is_some() && c.verdict != Verdict::Same)?;
    let first = sweep.arms.first()?.name.clone();
    let effects = Effects { kpi: kpi.clone(), first, rows };
    let title = effects.title();
    let shows = format!(
        "Difference of {} from “{}”, seed by seed: the mean and its 95\u{a0}% interval. An interval that leaves out \
         the line at zero is more than chance.",
        kpi.label, effects.first
    );
    let rows_of = effects.rows.len() as f64;
    let high = 70.0 + ROW * rows_of;
    let shape = Shape::Tall { wide: high, narrow: 70.0 + NARROW_ROW * rows_of };
    let table = numbers(sweep, kpi);
    let (_, body, numbers) = split(Ok(effects), |_| None, Effects::draw, |_| table.clone());
    Some(Figure {
        id: format!("effects-{}", kpi.name),
        title,
        shows,
        finding: None,
        tables: &["cells"],
        shape,
        body,
        numbers,
    })
}

impl Effects {
    fn title(&self) -> String {
        let told = |c: &&Contrast| matches!(c.verdict, Verdict::Higher | Verdict::Lower);
        let mut clear: Vec<&Contrast> = self.rows.iter().filter(told).collect();
        clear.sort_by(|a, b| b.mean.abs().total_cmp(&a.mean.abs()));
        let label = text::capital(&self.kpi.label);
        let Some(most) = clear.first() else {
            return format!("{label}: no arm differs from “{}” by more than chance", self.first);
        };
        let way = if most.mean > 0.0 { "higher" } else { "lower" };
        let of = if self.rows.len() > 1 {
            format!("; {} of {} arms differ by more than chance", clear.len(), self.rows.len())
        } else {
            String::new()
        };
        let by = match most.relative {
            Some(r) => text::percent(r.abs()),
            None => self.kpi.show(most.mean.abs()),
        };
        format!("{label}: {by} {way} with “{}” than with “{}”{of}", most.arm, self.first)
    }

    fn draw(&self, c: &mut Canvas<'_>, area: Area) {
        let f = self.kpi.factor;
        let ends = self.rows.iter().flat_map(|r| match r.interval {
            Some(i) => [i.lo * f, i.hi * f],
            None => [r.mean * f, r.mean * f],
        });
        let (lo, hi) = ends.fold((0.0_f64, 0.0_f64), |(lo, hi), v| (lo.min(v), hi.max(v)));
        let unit = if self.kpi.unit.is_empty() { String::new() } else { format!(" ({})", self.kpi.unit) };
        let n = if area.w > 700.0 { 8 } else { 4 };
        let x = Axis::spanning(lo, hi, n, format!("difference of {}{unit}", self.kpi.label));
        let widest = self.rows.iter().map(|r| text_width(&r.arm, LABEL)).fold(0.0, f64::max);
        let names = widest.min(area.w * 0.4);
        let wide = area.w > 700.0;
        let says = if wide { 250.0 } else { 0.0 };
        let names = if wide { names + 6.0 } else { 0.0 };
        let plot = Plot::frame(c, area.inset(names, 0.0, says, 0.0), x, Axis::places(&[], ""));
        let row = plot.area.h / self.rows.len() as f64;
        c.line((plot.x(0.0), plot.area.y), (plot.x(0.0), plot.area.bottom()), Color::Ink, 1.3);
        for (i, r) in self.rows.iter().enumerate() {
            let y = plot.area.y + (i as f64 + if wide { 0.5 } else { 0.68 }) * row;
            let clear = matches!(r.verdict, Verdict::Higher | Verdict::Lower);
            let (color, mark) = if clear { (Color::Blue, Mark::Dot) } else { (Color::Muted, Mark::Ring) };
            if let Some(i) = r.interval {
                let (left, right) = (plot.x(i.lo * f), plot.x(i.hi * f));
                c.line((left, y), (right, y), color, 2.2);
                c.line((left, y - 4.0), (left, y + 4.0), color, 2.2);
                c.line((right, y - 4.0), (right, y + 4.0), color, 2.2);
            }
            mark.draw(c, (plot.x(r.mean * f), y), 4.5, color);
            if wide {
                c.text(&fit(&r.arm, names, LABEL), (plot.area.x - 10.0, y), LABEL, Color::Ink, Align::Right);
            } else {
                let name = fit(&r.arm, plot.area.w, LABEL);
                c.text(&name, (plot.area.x, y - 16.0), LABEL, Color::Ink, Align::Left);
            }
            if says > 0.0 {
                let words = fit(&r.says(), says - 14.0, LABEL);
                c.text(&words, (plot.area.right() + 14.0, y), LABEL, Color::Muted, Align::Left);
            }
        }
    }
}
