//! The charts of a report, each with the sentences that go with it.

mod gas;
mod income;
mod latency;
mod overview;
mod stake;
mod tickets;
mod value;
mod work;

pub(crate) use overview::overview;

use crate::palette::Color;
use crate::read::Run;
use crate::svg::{self, Align, Area, Canvas, Picture};

/// Draws a chart into an area.
pub(crate) type Paint = Box<dyn Fn(&mut Canvas<'_>, Area)>;

/// A chart and what is said about it.
pub(crate) struct Figure {
    /// Name of its file and of its place in the page.
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    /// One sentence: what the chart shows.
    pub(crate) shows: String,
    /// One sentence reckoned from the data.
    pub(crate) finding: Option<String>,
    /// Tables it is made of.
    pub(crate) tables: &'static [&'static str],
    /// Whether it has the page's whole width.
    pub(crate) broad: bool,
    /// The chart, or why there is none.
    pub(crate) body: Result<Paint, String>,
}

impl Figure {
    /// What a reader who cannot see it is told.
    pub(crate) fn label(&self) -> String {
        let finding = self.finding.as_deref().unwrap_or_default();
        format!("{}. {} {finding}", self.title, self.shows).trim_end().to_owned()
    }

    /// The chart alone, for the page.
    pub(crate) fn picture(&self, w: f64, h: f64) -> Option<Picture> {
        let paint = self.body.as_ref().ok()?;
        Some(svg::draw(w, h, |c, area| paint(c, area)))
    }

    /// The chart with its title on an opaque ground, for a file of its own.
    pub(crate) fn poster(&self) -> Option<Picture> {
        let paint = self.body.as_ref().ok()?;
        Some(svg::draw(760.0, 470.0, |c, area| {
            c.rect(area, Color::Paper);
            let area = area.inset(24.0, 20.0, 24.0, 14.0);
            c.bold(self.title, (area.x, area.y + 8.0), 17.0, Color::Ink, Align::Left);
            let lines = svg::wrap(&self.shows, area.w, 12.5);
            for (i, line) in lines.iter().enumerate() {
                c.text(line, (area.x, area.y + 30.0 + 17.0 * i as f64), 12.5, Color::Muted, Align::Left);
            }
            paint(c, area.inset(0.0, 37.0 + 17.0 * lines.len() as f64, 0.0, 0.0));
        }))
    }
}

/// All charts, in the order of the page.
pub(crate) fn figures(run: &Run) -> Vec<Figure> {
    vec![
        stake::figure(run),
        income::figure(run),
        tickets::figure(run),
        value::figure(run),
        latency::figure(run),
        work::figure(run),
        gas::figure(run),
    ]
}

/// Rows of a table, or a sentence that says why there are none.
fn rows<'a, T>(table: Option<&'a Vec<T>>, name: &str, nothing: &str) -> Result<&'a [T], String> {
    match table {
        None => Err(format!("This run folder has no table {name}.")),
        Some(rows) if rows.is_empty() => Err(nothing.to_owned()),
        Some(rows) => Ok(rows),
    }
}

/// Figure with a body made of data, which also gives its finding.
fn split<T: 'static>(
    data: Result<T, String>,
    finding: impl Fn(&T) -> Option<String>,
    draw: impl Fn(&T, &mut Canvas<'_>, Area) + 'static,
) -> (Option<String>, Result<Paint, String>) {
    match data {
        Ok(data) => {
            let said = finding(&data);
            let paint: Paint = Box::new(move |c: &mut Canvas<'_>, area: Area| draw(&data, c, area));
            (said, Ok(paint))
        }
        Err(why) => (None, Err(why)),
    }
}
