//! A chart and what is said about it.

use crate::numbers::Numbers;
use crate::palette::Color;
use crate::svg::{self, Align, Area, Canvas, Picture};

/// Draws a chart into an area.
pub(crate) type Paint = Box<dyn Fn(&mut Canvas<'_>, Area)>;

/// A chart and what is said about it.
pub(crate) struct Figure {
    /// Name of its files and of its place in the page.
    pub(crate) id: String,
    pub(crate) title: String,
    /// One sentence: what the chart shows.
    pub(crate) shows: String,
    /// One sentence reckoned from the data, where the title is not one already.
    pub(crate) finding: Option<String>,
    /// Tables it is made of.
    pub(crate) tables: &'static [&'static str],
    pub(crate) shape: Shape,
    /// The chart, or why there is none.
    pub(crate) body: Result<Paint, String>,
    /// The numbers that are drawn.
    pub(crate) numbers: Option<Numbers>,
}

/// How much room a chart takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Shape {
    /// Half of the page's width.
    Half,
    /// All of it.
    Broad,
    /// All of it, with a height of its own, and another one on a phone.
    Tall { wide: f64, narrow: f64 },
}

impl Shape {
    /// Whether it has the page's whole width.
    pub(crate) const fn is_broad(self) -> bool {
        !matches!(self, Self::Half)
    }

    /// Size on a wide page.
    pub(crate) const fn wide(self) -> (f64, f64) {
        match self {
            Self::Half => (540.0, 360.0),
            Self::Broad => (1100.0, 300.0),
            Self::Tall { wide, .. } => (1100.0, wide),
        }
    }

    /// Size on a phone.
    pub(crate) const fn narrow(self) -> (f64, f64) {
        match self {
            Self::Half | Self::Broad => (340.0, 330.0),
            Self::Tall { narrow, .. } => (340.0, narrow),
        }
    }

    const fn poster(self) -> (f64, f64) {
        match self {
            Self::Half | Self::Broad => (760.0, 470.0),
            Self::Tall { wide, .. } => (1000.0, wide + 110.0),
        }
    }
}

impl Figure {
    /// What a reader who cannot see it is told.
    pub(crate) fn label(&self) -> String {
        let finding = self.finding.as_deref().unwrap_or_default();
        let stop = if self.title.ends_with('.') { "" } else { "." };
        format!("{}{stop} {} {finding}", self.title, self.shows).trim_end().to_owned()
    }

    /// The chart alone, for the page.
    pub(crate) fn picture(&self, (w, h): (f64, f64)) -> Option<Picture> {
        let paint = self.body.as_ref().ok()?;
        Some(svg::draw(w, h, |c, area| paint(c, area)))
    }

    /// The chart with its title on an opaque ground, for a file of its own.
    pub(crate) fn poster(&self) -> Option<Picture> {
        let paint = self.body.as_ref().ok()?;
        let (w, h) = self.shape.poster();
        Some(svg::draw(w, h, |c, area| {
            c.rect(area, Color::Paper);
            let area = area.inset(24.0, 20.0, 24.0, 14.0);
            let mut y = area.y + 8.0;
            for line in svg::wrap(&self.title, area.w * 0.88, 17.0) {
                c.bold(&line, (area.x, y), 17.0, Color::Ink, Align::Left);
                y += 22.0;
            }
            for line in svg::wrap(&self.shows, area.w, 12.5) {
                c.text(&line, (area.x, y), 12.5, Color::Muted, Align::Left);
                y += 17.0;
            }
            paint(c, area.inset(0.0, y + 7.0 - area.y, 0.0, 0.0));
        }))
    }
}

/// The sentence of a figure, its chart and its numbers.
pub(crate) type Parts = (Option<String>, Result<Paint, String>, Option<Numbers>);

/// Parts of a figure that are all made of the same data.
pub(crate) fn split<T: 'static>(
    data: Result<T, String>,
    finding: impl Fn(&T) -> Option<String>,
    draw: impl Fn(&T, &mut Canvas<'_>, Area) + 'static,
    numbers: impl Fn(&T) -> Numbers,
) -> Parts {
    match data {
        Ok(data) => {
            let (said, table) = (finding(&data), numbers(&data));
            let paint: Paint = Box::new(move |c: &mut Canvas<'_>, area: Area| draw(&data, c, area));
            (said, Ok(paint), Some(table))
        }
        Err(why) => (None, Err(why), None),
    }
}
