//! Axes: scales, ticks, and the frame of a chart.

use crate::palette::Color;
use crate::svg::{Align, Area, Canvas, text_width};
use crate::text;

/// Size of labels.
pub(crate) const LABEL: f64 = 11.5;

/// How values spread over an axis.
#[derive(Clone, Copy)]
enum Scale {
    Even,
    Log,
    Root,
}

/// An axis: its range, its ticks, what it measures.
pub(crate) struct Axis {
    lo: f64,
    hi: f64,
    scale: Scale,
    ticks: Vec<(f64, String)>,
    title: String,
    grid: bool,
    /// Least width of its labels.
    room: f64,
}

impl Axis {
    /// From zero to at least `max`, with about `n` ticks.
    pub(crate) fn from_zero(max: f64, n: usize, title: impl Into<String>) -> Self {
        let max = if max.is_finite() && max > 0.0 { max } else { 1.0 };
        let step = nice_step(max / n.max(1) as f64);
        let top = (max / step - 1e-9).ceil().max(1.0);
        let values: Vec<f64> = (0..=top as u32).map(|i| f64::from(i) * step).collect();
        let ticks = values.iter().copied().zip(text::ticks(&values)).collect();
        Self { lo: 0.0, hi: top * step, scale: Scale::Even, ticks, title: title.into(), grid: true, room: 0.0 }
    }

    /// The same, but with no tick at a part of a thing.
    pub(crate) fn counting(max: f64, n: usize, title: impl Into<String>) -> Self {
        Self::from_zero(max, n.min(max.max(1.0).ceil() as usize), title)
    }

    /// Ends where the data ends rather than at a tick.
    pub(crate) fn ending_at(mut self, hi: f64) -> Self {
        if hi > self.lo && hi.is_finite() {
            self.hi = hi;
            self.ticks.retain(|(v, _)| *v <= hi);
        }
        self
    }

    /// Around values that lie far from zero, from tick to tick; from zero where that costs little.
    pub(crate) fn spanning(lo: f64, hi: f64, n: usize, title: impl Into<String>) -> Self {
        let sound = lo.is_finite() && hi.is_finite() && lo <= hi;
        let (lo, hi) = if sound { (lo, hi) } else { (0.0, 1.0) };
        if lo >= 0.0 && lo < 0.35 * hi || lo == 0.0 && hi == 0.0 {
            return Self::from_zero(hi, n, title);
        }
        // What never changes still needs a range to stand in.
        let flat = (hi - lo).abs() <= 1e-9 * hi.abs().max(lo.abs());
        let (lo, hi) = if flat { (lo - lo.abs() * 0.05, hi + hi.abs() * 0.05) } else { (lo, hi) };
        let step = nice_step((hi - lo) / n.max(1) as f64);
        let (first, last) = ((lo / step + 1e-9).floor(), (hi / step - 1e-9).ceil());
        let values: Vec<f64> = (0..=(last - first) as u32).map(|i| (first + f64::from(i)) * step).collect();
        let ticks = values.iter().copied().zip(text::ticks(&values)).collect();
        let (lo, hi) = (first * step, last * step);
        Self { lo, hi, scale: Scale::Even, ticks, title: title.into(), grid: true, room: 0.0 }
    }

    /// Exactly from one end to the other, with ticks where they fall.
    pub(crate) fn exact(lo: f64, hi: f64, n: usize, title: impl Into<String>) -> Self {
        let wide = Self::spanning(lo, hi, n, title);
        if hi <= lo || lo.is_nan() || hi.is_nan() {
            return wide;
        }
        let margin = (hi - lo) * 1e-9;
        let ticks = wide.ticks.into_iter().filter(|(v, _)| *v >= lo - margin && *v <= hi + margin).collect();
        Self { lo, hi, ticks, ..wide }
    }

    /// Rounds of a run, from its first.
    pub(crate) fn rounds(last: u64) -> Self {
        let last = last.max(2);
        let step = if last <= 8 { 1 } else { nice_step(last as f64 / 6.0).ceil() as u64 };
        let ticks =
            (1..=last).filter(|r| *r == 1 || r.is_multiple_of(step)).map(|r| (r as f64, r.to_string())).collect();
        let title = "round of the run".to_owned();
        Self { lo: 1.0, hi: last as f64, scale: Scale::Even, ticks, title, grid: false, room: 0.0 }
    }

    /// Powers of ten around positive values.
    pub(crate) fn log(lo: f64, hi: f64, title: impl Into<String>) -> Self {
        let (lo, hi) = if lo > 0.0 && hi >= lo && hi.is_finite() { (lo, hi) } else { (1.0, 10.0) };
        let (lo, hi) = (lo * 0.75, hi * 1.35);
        let powers: Vec<f64> = (lo.log10().ceil() as i32..=hi.log10().floor() as i32).map(|e| 10_f64.powi(e)).collect();
        let values = if powers.len() >= 2 { powers } else { vec![lo, hi] };
        let ticks = values.iter().map(|v| (*v, text::power(*v))).collect();
        Self { lo, hi, scale: Scale::Log, ticks, title: title.into(), grid: true, room: 0.0 }
    }

    /// From zero, with small values spread out as their square roots. Luck in a sum of wins grows with
    /// the root of what was expected, so that it is equally wide all along such an axis.
    pub(crate) fn root(max: f64, title: impl Into<String>) -> Self {
        let even = Self::from_zero(max, 4, title);
        let values: Vec<f64> = [0.0, 0.05, 0.25, 0.5, 1.0].map(|share| share * even.hi).into();
        let ticks = values.iter().copied().zip(values.iter().map(|v| text::decimal(*v))).collect();
        Self { scale: Scale::Root, ticks, ..even }
    }

    /// A place for each of some labels, at 0, 1, 2 and so on.
    pub(crate) fn places(labels: &[String], title: impl Into<String>) -> Self {
        let ticks = labels.iter().enumerate().map(|(i, l)| (i as f64, l.clone())).collect();
        Self {
            lo: -0.5,
            hi: labels.len().max(1) as f64 - 0.5,
            scale: Scale::Even,
            ticks,
            title: title.into(),
            grid: false,
            room: 0.0,
        }
    }

    /// Without lines across the chart.
    pub(crate) const fn bare(mut self) -> Self {
        self.grid = false;
        self
    }

    /// Width of the widest label.
    pub(crate) fn labels(&self) -> f64 {
        self.ticks.iter().map(|(_, l)| text_width(l, LABEL)).fold(self.room, f64::max)
    }

    /// With room for labels of a width, so that charts above one another line up.
    pub(crate) const fn with_room(mut self, width: f64) -> Self {
        self.room = width;
        self
    }

    /// Upper end.
    pub(crate) const fn top(&self) -> f64 {
        self.hi
    }

    fn share(&self, v: f64) -> f64 {
        let even = (v - self.lo) / (self.hi - self.lo);
        let share = match self.scale {
            Scale::Even => even,
            Scale::Root => even.max(0.0).sqrt(),
            Scale::Log => (v.max(self.lo) / self.lo).ln() / (self.hi / self.lo).ln(),
        };
        share.clamp(0.0, 1.0)
    }
}

/// The next of 1, 2, 2.5, 5, 10 and so on.
fn nice_step(raw: f64) -> f64 {
    let power = 10_f64.powf(raw.log10().floor());
    let digit = [1.0, 2.0, 2.5, 5.0].into_iter().find(|d| raw <= d * power * 1.000_001).unwrap_or(10.0);
    digit * power
}

/// A frame with axes to draw in.
pub(crate) struct Plot {
    /// Within the axes.
    pub(crate) area: Area,
    x: Axis,
    y: Axis,
}

impl Plot {
    /// Draws axes, labels and grid; what is left is for the data.
    pub(crate) fn frame(c: &mut Canvas<'_>, area: Area, x: Axis, y: Axis) -> Self {
        let bottom = if x.title.is_empty() { 20.0 } else { 38.0 };
        let top = if y.title.is_empty() { 6.0 } else { 24.0 };
        // The first and the last label may stand around the very ends of their axis.
        let last = x.ticks.last().filter(|(v, _)| x.share(*v) > 0.97).map_or(0.0, |(_, l)| text_width(l, LABEL) / 2.0);
        let first =
            x.ticks.first().filter(|(v, _)| x.share(*v) < 0.03).map_or(0.0, |(_, l)| text_width(l, LABEL) / 2.0);
        let inner = area.inset((y.labels() + 8.0).max(first), top, last.max(12.0), bottom);
        let plot = Self { area: inner, x, y };
        if !plot.y.title.is_empty() {
            c.text(&plot.y.title, (area.x, area.y + 7.0), LABEL, Color::Muted, Align::Left);
        }
        plot.draw_y(c);
        plot.draw_x(c);
        if !plot.x.title.is_empty() {
            let at = (inner.x + inner.w / 2.0, area.bottom() - 7.0);
            c.text(&plot.x.title, at, LABEL, Color::Muted, Align::Center);
        }
        plot
    }

    fn draw_y(&self, c: &mut Canvas<'_>) {
        for (v, label) in &self.y.ticks {
            let y = self.y(*v);
            if self.y.grid {
                c.line((self.area.x, y), (self.area.right(), y), Color::Grid, 1.0);
            }
            c.text(label, (self.area.x - 7.0, y), LABEL, Color::Muted, Align::Right);
        }
    }

    fn draw_x(&self, c: &mut Canvas<'_>) {
        let (top, bottom) = (self.area.y, self.area.bottom());
        let mut free = f64::NEG_INFINITY;
        for (v, label) in &self.x.ticks {
            let x = self.x(*v);
            if self.x.grid {
                c.line((x, top), (x, bottom), Color::Grid, 1.0);
            }
            let half = text_width(label, LABEL) / 2.0;
            // A label that would touch the one before it is left out.
            if !label.is_empty() && x - half >= free {
                c.text(label, (x, bottom + 12.0), LABEL, Color::Muted, Align::Center);
                free = x + half + 6.0;
            }
        }
        c.line((self.area.x, bottom), (self.area.right(), bottom), Color::Axis, 1.0);
    }

    /// Place of a value on the x axis.
    pub(crate) fn x(&self, v: f64) -> f64 {
        self.area.x + self.area.w * self.x.share(v)
    }

    /// Place of a value on the y axis.
    pub(crate) fn y(&self, v: f64) -> f64 {
        self.area.bottom() - self.area.h * self.y.share(v)
    }

    /// Place of a point.
    pub(crate) fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (self.x(x), self.y(y))
    }

    /// Width of one of the x axis' places.
    pub(crate) fn place(&self) -> f64 {
        self.area.w / (self.x.hi - self.x.lo)
    }

    /// A bar from the x axis up, at least a hair high when it is not nothing.
    pub(crate) fn bar(&self, c: &mut Canvas<'_>, middle: f64, width: f64, value: f64, color: Color) {
        let base = self.area.bottom();
        let top = if value > 0.0 { self.y(value).min(base - 1.0) } else { base };
        if top < base {
            c.rect(Area::new(middle - width / 2.0, top, width, base - top), color);
        }
    }
}

/// A shape that marks a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Dot,
    Square,
    Triangle,
    Ring,
    Diamond,
    Cross,
}

impl Mark {
    /// Draws it around a point.
    pub(crate) fn draw(self, c: &mut Canvas<'_>, (x, y): (f64, f64), r: f64, color: Color) {
        match self {
            Self::Dot => Sign::Dot(color).draw(c, (x, y), r),
            Self::Square => Sign::Square(color).draw(c, (x, y), r),
            Self::Triangle => Sign::Triangle(color).draw(c, (x, y), r),
            Self::Ring => {
                c.dot((x, y), r, Color::Paper);
                c.ring((x, y), r, color, 1.6);
            }
            Self::Diamond => {
                let d = r * 1.3;
                c.polygon(&[(x, y - d), (x + d, y), (x, y + d), (x - d, y)], color);
            }
            Self::Cross => {
                c.line((x - r, y - r), (x + r, y + r), color, 2.0);
                c.line((x - r, y + r), (x + r, y - r), color, 2.0);
            }
        }
    }
}

/// How a series looks: colour, dashes and mark, each of which tells it from the others alone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    pub(crate) color: Color,
    pub(crate) pattern: &'static [f64],
    pub(crate) mark: Mark,
}

/// Looks of the first series, the second and so on.
const LOOKS: [Look; 6] = [
    Look { color: Color::Blue, pattern: &[], mark: Mark::Dot },
    Look { color: Color::Red, pattern: &[7.0, 4.0], mark: Mark::Square },
    Look { color: Color::Green, pattern: &[2.0, 3.0], mark: Mark::Triangle },
    Look { color: Color::Purple, pattern: &[9.0, 3.0, 2.0, 3.0], mark: Mark::Ring },
    Look { color: Color::Orange, pattern: &[14.0, 4.0], mark: Mark::Diamond },
    Look { color: Color::Ink, pattern: &[4.0, 2.0], mark: Mark::Cross },
];

impl Look {
    /// The look of the `i`-th series; from the seventh on they come again.
    pub(crate) const fn of(i: usize) -> Self {
        LOOKS[i % LOOKS.len()]
    }

    pub(crate) const fn sign(self) -> Sign {
        Sign::Series(self.color, self.pattern, self.mark)
    }
}

/// A sign in a legend.
#[derive(Clone, Copy)]
pub(crate) enum Sign {
    Series(Color, &'static [f64], Mark),
    Band(Color, f64),
    Box(Color),
    Dot(Color),
    Ring(Color),
    Line(Color),
    Dashes(Color),
    Square(Color),
    Triangle(Color),
}

impl Sign {
    /// Draws the sign around a point.
    pub(crate) fn draw(self, c: &mut Canvas<'_>, (x, y): (f64, f64), r: f64) {
        match self {
            Self::Series(k, pattern, mark) => {
                c.path(&[(x - 8.0, y), (x + 8.0, y)], k, 2.0, pattern);
                mark.draw(c, (x, y), 3.0, k);
            }
            Self::Band(k, opacity) => {
                let (left, right, top, low) = (x - 6.0, x + 6.0, y - 5.0, y + 5.0);
                c.veil(&[(left, top), (right, top), (right, low), (left, low)], k, opacity);
            }
            Self::Box(k) => c.rect(Area::new(x - 5.0, y - 5.0, 10.0, 10.0), k),
            Self::Dot(k) => c.dot((x, y), r, k),
            Self::Ring(k) => c.ring((x, y), r, k, 1.5),
            Self::Line(k) => c.line((x - 6.0, y), (x + 6.0, y), k, 2.0),
            Self::Dashes(k) => c.dashes((x - 7.0, y), (x + 7.0, y), k, 1.5),
            Self::Square(k) => c.rect(Area::new(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8), k),
            Self::Triangle(k) => {
                c.polygon(&[(x, y - r * 1.15), (x + r * 1.1, y + r * 0.85), (x - r * 1.1, y + r * 0.85)], k);
            }
        }
    }
}

/// Draws a legend along the top, in as many rows as it needs, and returns the area below.
pub(crate) fn legend(c: &mut Canvas<'_>, area: Area, items: &[(Sign, &str)]) -> Area {
    const ROW: f64 = 18.0;
    let (mut x, mut y) = (area.x, area.y + 7.0);
    for (sign, label) in items {
        let wide = 22.0 + text_width(label, LABEL);
        if x > area.x && x + wide > area.right() {
            (x, y) = (area.x, y + ROW);
        }
        sign.draw(c, (x + 7.0, y), 4.0);
        c.text(label, (x + 20.0, y), LABEL, Color::Ink, Align::Left);
        x += wide + 12.0;
    }
    area.inset(0.0, y - area.y + ROW - 3.0, 0.0, 0.0)
}
