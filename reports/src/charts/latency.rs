//! How long segments took, and where their time went.

use crate::charts::rows;
use crate::figure::{Figure, Shape, split};
use crate::numbers::Numbers;
use crate::palette::Color;
use crate::plot::{Axis, LABEL, Plot, Sign, legend};
use crate::read::{Run, Segment};
use crate::svg::{Align, Area, Canvas, text_width};
use crate::text;

/// Times of served segments.
pub(super) struct Latency {
    /// In milliseconds, shortest first.
    sorted: Vec<f64>,
    all: Parts,
    slowest: Parts,
}

/// Mean time by part, in milliseconds.
#[derive(Debug, Default, Clone, Copy)]
struct Parts {
    upload: f64,
    transcode: f64,
    download: f64,
    /// Queues, retries and whatever else.
    other: f64,
}

pub(super) fn figure(run: &Run) -> Figure {
    let (finding, body, numbers) = split(Latency::of(run), Latency::finding, Latency::draw, Latency::numbers);
    Figure {
        id: "latency".into(),
        title: "Segment latency".into(),
        shows: "Time from a segment’s arrival at its gateway to its renditions’ return, over all served segments, and \
                the parts that it is made of."
            .into(),
        finding,
        tables: &["segments", "sessions"],
        shape: Shape::Broad,
        body,
        numbers,
    }
}

fn mean(rows: &[&Segment]) -> Parts {
    let n = rows.len().max(1) as f64;
    let of = |f: fn(&Segment) -> f64| rows.iter().map(|s| f(s)).sum::<f64>() / n;
    let (upload, transcode) = (of(|s| s.upload_ms), of(|s| s.transcode_ms));
    let (download, latency) = (of(|s| s.download_ms), of(|s| s.latency_ms));
    Parts { upload, transcode, download, other: (latency - upload - transcode - download).max(0.0) }
}

impl Parts {
    fn list(&self) -> [(f64, Color, &'static str); 4] {
        [
            (self.upload, Color::Sky, "upload"),
            (self.transcode, Color::Blue, "transcode"),
            (self.download, Color::Orange, "download"),
            (self.other, Color::Faint, "waiting and retries"),
        ]
    }

    fn total(&self) -> f64 {
        self.list().iter().map(|p| p.0).sum()
    }
}

impl Latency {
    pub(super) fn of(run: &Run) -> Result<Self, String> {
        let rows = rows(run.tables.segments.as_ref(), "segments", "No segments in this run.")?;
        let mut served: Vec<&Segment> = rows.iter().filter(|s| s.served).collect();
        if served.is_empty() {
            return Err("No segment was served in this run.".to_owned());
        }
        served.sort_by(|a, b| a.latency_ms.total_cmp(&b.latency_ms));
        let slowest = served.len() - served.len().div_ceil(20);
        Ok(Self {
            sorted: served.iter().map(|s| s.latency_ms).collect(),
            all: mean(&served),
            slowest: mean(&served[slowest..]),
        })
    }

    /// Time within which a share `q` was done; reckoned as the summary does.
    fn quantile(&self, q: f64) -> f64 {
        let at = (q * self.sorted.len().saturating_sub(1) as f64).round() as usize;
        self.sorted.get(at).copied().unwrap_or(0.0)
    }

    fn marks(&self) -> [(f64, &'static str); 3] {
        [(self.quantile(0.5), "p50"), (self.quantile(0.95), "p95"), (self.quantile(0.99), "p99")]
    }

    fn finding(&self) -> Option<String> {
        let [p50, p95, p99] = self.marks().map(|m| text::millis(m.0));
        let share = text::percent(self.all.transcode / self.all.total().max(f64::MIN_POSITIVE));
        Some(format!(
            "Half of the segments were back within {p50}, 95\u{a0}% within {p95}, 99\u{a0}% within {p99}; \
             transcoding took {share} of the time."
        ))
    }

    pub(super) fn numbers(&self) -> Numbers {
        let mut n = Numbers::new(["share_of_segments", "within_ms"]);
        for percent in 0..=100_u32 {
            let share = f64::from(percent) / 100.0;
            n.row([share.into(), self.quantile(share).into()]);
        }
        n
    }

    fn draw(&self, c: &mut Canvas<'_>, area: Area) {
        let (histogram, parts) = if area.w > 2.5 * area.h {
            area.split_columns(area.w * 0.56, 48.0)
        } else {
            area.split_rows(area.h * 0.6, 6.0)
        };
        self.draw_histogram(c, histogram);
        self.draw_parts(c, parts);
    }

    pub(super) fn draw_histogram(&self, c: &mut Canvas<'_>, area: Area) {
        const BINS: usize = 48;
        let max = self.sorted.last().copied().unwrap_or(0.0);
        // A few stragglers must not press all others into one bar.
        let end = max.min(self.quantile(0.99) * 1.3).max(1.0) * 1.001;
        let (factor, unit) = if end >= 2000.0 { (1e-3, "s") } else { (1.0, "ms") };
        let mut bins = [0.0_f64; BINS];
        let drawn = self.sorted.iter().take_while(|v| **v < end);
        for v in drawn {
            bins[((v.max(0.0) / end * BINS as f64) as usize).min(BINS - 1)] += 1.0;
        }
        let tallest = bins.iter().copied().fold(0.0, f64::max);
        let beyond = self.sorted.iter().filter(|v| **v >= end).count();
        let title = match beyond {
            0 => format!("latency ({unit})"),
            n => format!("latency ({unit}); {} slower not drawn", text::whole(n as f64)),
        };
        let x = Axis::from_zero(end * factor, 6, title).bare().ending_at(end * factor);
        // Room above the bars for the names of the marks.
        let plot = Plot::frame(c, area, x, Axis::counting(tallest * 1.18, 3, "segments"));
        let wide = plot.area.w / BINS as f64;
        for (i, n) in bins.iter().enumerate() {
            plot.bar(c, plot.area.x + (i as f64 + 0.5) * wide, wide * 0.9, *n, Color::Blue);
        }
        self.draw_marks(c, &plot, factor, end);
    }

    fn draw_marks(&self, c: &mut Canvas<'_>, plot: &Plot, factor: f64, end: f64) {
        let mut free = f64::NEG_INFINITY;
        let mut row = 0.0;
        for (v, name) in self.marks().into_iter().filter(|m| m.0 < end) {
            let x = plot.x(v * factor);
            let label = format!("{name} {}", text::millis(v));
            let wide = text_width(&label, LABEL) + 4.0;
            row = if x < free { row + 13.0 } else { 0.0 };
            c.dashes((x, plot.area.y + row), (x, plot.area.bottom()), Color::Red, 1.5);
            let (at, align) =
                if x + wide > plot.area.right() { (x - 4.0, Align::Right) } else { (x + 4.0, Align::Left) };
            c.text(&label, (at, plot.area.y + row + 5.0), LABEL, Color::Ink, align);
            free = at + wide + 4.0;
        }
    }

    fn draw_parts(&self, c: &mut Canvas<'_>, area: Area) {
        let signs = self.all.list().map(|(_, color, name)| (Sign::Box(color), name));
        let area = legend(c, area.inset(0.0, 4.0, 0.0, 0.0), &signs);
        let rows = [("slowest 5 %", self.slowest), ("all segments", self.all)];
        let max = self.slowest.total().max(self.all.total()).max(1.0);
        let (factor, unit) = if max >= 2000.0 { (1e-3, "s") } else { (1.0, "ms") };
        let labels = rows.map(|r| r.0.to_owned());
        let names = labels.iter().map(|l| text_width(l, LABEL)).fold(0.0, f64::max) + 6.0;
        let x = Axis::from_zero(max * factor, 5, format!("mean time ({unit})")).ending_at(max * factor);
        let plot = Plot::frame(c, area.inset(names, 0.0, 0.0, 0.0), x, Axis::places(&[], ""));
        let high = (plot.area.h / 2.0 * 0.62).min(44.0);
        for (i, (name, parts)) in rows.iter().enumerate() {
            let y = plot.area.bottom() - plot.area.h * (i as f64 + 0.5) / 2.0;
            c.text(name, (plot.area.x - 8.0, y), LABEL, Color::Ink, Align::Right);
            let mut from = 0.0;
            for (part, color, _) in parts.list() {
                let (left, right) = (plot.x(from * factor), plot.x((from + part) * factor));
                c.rect(Area::new(left, y - high / 2.0, right - left, high), color);
                from += part;
            }
        }
    }
}
