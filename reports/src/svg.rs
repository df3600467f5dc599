//! A drawing surface: plotters' SVG backend in fractions of a pixel.
//!
//! The backend takes whole pixels only. Everything is drawn [`SCALE`] times as large as it is shown,
//! so that sixty bars in five hundred pixels are equally wide.

use plotters::prelude::{DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, FontDesc, FontFamily, FontStyle, ShapeStyle, TextStyle};

use crate::html::escape;
use crate::palette::Color;

/// Units of the backend in a pixel.
const SCALE: f64 = 8.0;
/// The backend writes sizes of fonts divided by this.
const FONT: f64 = 1.24;

/// A rectangle to draw in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Area {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) w: f64,
    pub(crate) h: f64,
}

impl Area {
    pub(crate) const fn new(x: f64, y: f64, w: f64, h: f64) -> Self {
        Self { x, y, w, h }
    }

    pub(crate) fn right(&self) -> f64 {
        self.x + self.w
    }

    pub(crate) fn bottom(&self) -> f64 {
        self.y + self.h
    }

    /// What is left within margins.
    pub(crate) fn inset(&self, left: f64, top: f64, right: f64, bottom: f64) -> Self {
        Self::new(self.x + left, self.y + top, (self.w - left - right).max(1.0), (self.h - top - bottom).max(1.0))
    }

    /// Two areas, side by side, with a gap between.
    pub(crate) fn split_columns(&self, left: f64, gap: f64) -> (Self, Self) {
        (self.inset(0.0, 0.0, self.w - left, 0.0), self.inset(left + gap, 0.0, 0.0, 0.0))
    }

    /// Two areas, one above the other, with a gap between.
    pub(crate) fn split_rows(&self, upper: f64, gap: f64) -> (Self, Self) {
        (self.inset(0.0, 0.0, 0.0, self.h - upper), self.inset(0.0, upper + gap, 0.0, 0.0))
    }
}

/// Where a text stands relative to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Center,
    Right,
}

/// A picture that is being drawn.
pub(crate) struct Canvas<'a> {
    backend: SVGBackend<'a>,
}

/// A drawn picture.
pub(crate) struct Picture {
    body: String,
    w: f64,
    h: f64,
}

/// Draws a picture.
pub(crate) fn draw(w: f64, h: f64, paint: impl FnOnce(&mut Canvas<'_>, Area)) -> Picture {
    let mut text = String::new();
    let mut canvas = Canvas { backend: SVGBackend::with_string(&mut text, ((w * SCALE) as u32, (h * SCALE) as u32)) };
    paint(&mut canvas, Area::new(0.0, 0.0, w, h));
    Canvas::done(canvas.backend.present());
    drop(canvas);
    Picture { body: tidy(&text), w, h }
}

/// The elements alone, without the backend's frame and needless bytes.
fn tidy(text: &str) -> String {
    let start = text.find('\n').map_or(0, |i| i + 1);
    let body = text[start..].trim_end().trim_end_matches("</svg>");
    body.replace(" opacity=\"1\"", "").replace(" stroke=\"none\"", "").replace("\n</text>", "</text>")
}

impl Picture {
    /// For a page: sized by the style sheet, fonts from the page.
    pub(crate) fn inline(&self, class: &str, label: &str) -> String {
        format!(
            "<svg class=\"{class}\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\" stroke-linejoin=\"round\">\n{}</svg>",
            self.w * SCALE,
            self.h * SCALE,
            escape(label),
            self.body
        )
    }

    /// For a file of its own.
    pub(crate) fn file(&self, label: &str) -> String {
        let (w, h, label, body) = (self.w, self.h, escape(label), &self.body);
        let (vw, vh) = (w * SCALE, h * SCALE);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {vw} {vh}\" \
             role=\"img\" aria-label=\"{label}\" stroke-linejoin=\"round\">\n<title>{label}</title>\n{body}</svg>\n"
        )
    }
}

fn unit(v: f64) -> i32 {
    (v * SCALE).round() as i32
}

fn point((x, y): (f64, f64)) -> (i32, i32) {
    (unit(x), unit(y))
}

fn stroke(color: Color, width: f64) -> ShapeStyle {
    ShapeStyle { color: color.light().to_rgba(), filled: false, stroke_width: unit(width).max(1).unsigned_abs() }
}

fn fill(color: Color) -> ShapeStyle {
    ShapeStyle { color: color.light().to_rgba(), filled: true, stroke_width: 0 }
}

impl Canvas<'_> {
    /// Drawing into a string cannot fail: the backend's results are for files.
    fn done<T, E>(result: Result<T, E>) {
        drop(result);
    }

    /// A filled rectangle.
    pub(crate) fn rect(&mut self, a: Area, color: Color) {
        let to = (unit(a.right()), unit(a.bottom()));
        Self::done(self.backend.draw_rect(point((a.x, a.y)), to, &fill(color), true));
    }

    /// A straight line.
    pub(crate) fn line(&mut self, from: (f64, f64), to: (f64, f64), color: Color, width: f64) {
        Self::done(self.backend.draw_line(point(from), point(to), &stroke(color, width)));
    }

    /// A dashed line.
    pub(crate) fn dashes(&mut self, from: (f64, f64), to: (f64, f64), color: Color, width: f64) {
        const DASH: f64 = 5.0;
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let steps = (dx.hypot(dy) / DASH).ceil().clamp(1.0, 1000.0);
        let at = |i: f64| (from.0 + dx * (i / steps).min(1.0), from.1 + dy * (i / steps).min(1.0));
        for i in (0..steps as u32).step_by(2) {
            self.line(at(f64::from(i)), at(f64::from(i + 1)), color, width);
        }
    }

    /// A line through points, in a pattern that tells it from others without its colour.
    pub(crate) fn path(&mut self, points: &[(f64, f64)], color: Color, width: f64, pattern: &[f64]) {
        if pattern.is_empty() {
            let style = stroke(color, width);
            Self::done(self.backend.draw_path(points.iter().copied().map(point), &style));
            return;
        }
        // The pattern goes on around corners.
        let (mut at, mut left) = (0, pattern[0]);
        for pair in points.windows(2) {
            let (dx, dy) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
            let length = dx.hypot(dy);
            let place = |d: f64| (pair[0].0 + dx * d / length, pair[0].1 + dy * d / length);
            let mut done = 0.0;
            while done < length {
                let step = left.min(length - done);
                if at % 2 == 0 {
                    self.line(place(done), place(done + step), color, width);
                }
                done += step;
                left -= step;
                if left <= 1e-9 {
                    at = (at + 1) % pattern.len();
                    left = pattern[at];
                }
            }
        }
    }

    /// A shape that lets through what is below it.
    pub(crate) fn veil(&mut self, points: &[(f64, f64)], color: Color, opacity: f64) {
        let style = ShapeStyle { color: color.light().mix(opacity), filled: true, stroke_width: 0 };
        Self::done(self.backend.fill_polygon(points.iter().copied().map(point), &style));
    }

    /// A filled shape.
    pub(crate) fn polygon(&mut self, points: &[(f64, f64)], color: Color) {
        Self::done(self.backend.fill_polygon(points.iter().copied().map(point), &fill(color)));
    }

    /// A filled dot.
    pub(crate) fn dot(&mut self, at: (f64, f64), radius: f64, color: Color) {
        Self::done(self.backend.draw_circle(point(at), unit(radius).unsigned_abs(), &fill(color), true));
    }

    /// An empty circle.
    pub(crate) fn ring(&mut self, at: (f64, f64), radius: f64, color: Color, width: f64) {
        Self::done(self.backend.draw_circle(point(at), unit(radius).unsigned_abs(), &stroke(color, width), false));
    }

    /// A text whose middle line is at the point's height.
    pub(crate) fn text(&mut self, text: &str, at: (f64, f64), size: f64, color: Color, align: Align) {
        self.write(text, at, size, color, align, FontStyle::Normal);
    }

    /// The same in bold.
    pub(crate) fn bold(&mut self, text: &str, at: (f64, f64), size: f64, color: Color, align: Align) {
        self.write(text, at, size, color, align, FontStyle::Bold);
    }

    fn write(&mut self, text: &str, at: (f64, f64), size: f64, color: Color, align: Align, style: FontStyle) {
        let h_pos = match align {
            Align::Left => HPos::Left,
            Align::Center => HPos::Center,
            Align::Right => HPos::Right,
        };
        let font = FontDesc::new(FontFamily::SansSerif, size * SCALE * FONT, style);
        let style = TextStyle { font, color: color.light().to_backend_color(), pos: Pos::new(h_pos, VPos::Center) };
        let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        Self::done(self.backend.draw_text(&line, &style, point(at)));
    }
}

/// About how wide a text is; on the safe side, as fonts differ.
pub(crate) fn text_width(text: &str, size: f64) -> f64 {
    let em = |c: char| match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | '\'' | '|' | ' ' | 'f' | 't' => 0.32,
        'm' | 'w' | 'M' | 'W' | '%' => 0.9,
        '=' | '+' | '<' | '>' | '−' => 0.85,
        'A'..='Z' => 0.7,
        '0'..='9' => 0.64,
        _ => 0.59,
    };
    text.chars().map(em).sum::<f64>() * size
}

/// The text, cut with an ellipsis to about a width.
pub(crate) fn fit(text: &str, width: f64, size: f64) -> String {
    if text_width(text, size) <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        if text_width(&out, size) + 1.6 * size > width {
            break;
        }
        out.push(c);
    }
    out.trim_end().to_owned() + "…"
}

/// The text in lines of about a width, broken between words.
pub(crate) fn wrap(text: &str, width: f64, size: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if text_width(line, size) + text_width(word, size) + 0.32 * size <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
