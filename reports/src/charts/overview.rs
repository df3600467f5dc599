//! One picture of a run, for the top of a page about it.

use super::income::Income;
use super::latency::Latency;
use super::stake::Stake;
use super::tickets::Lottery;
use super::value::Value;
use crate::figure::{Paint, split};
use crate::figures;
use crate::palette::Color;
use crate::read::Run;
use crate::svg::{self, Align, Area, Canvas, Picture, fit};

const WIDTH: f64 = 1200.0;
const HEIGHT: f64 = 675.0;

/// The run's name, its key figures, and its four most telling charts.
pub(crate) fn overview(run: &Run) -> Picture {
    svg::draw(WIDTH, HEIGHT, |c, area| {
        c.rect(area, Color::Paper);
        c.rect(Area::new(0.0, 0.0, area.w, 5.0), Color::Blue);
        let area = area.inset(40.0, 30.0, 40.0, 22.0);
        head(c, run, area);
        tiles(c, run, area.inset(0.0, 70.0, 0.0, 0.0));
        charts(c, run, area.inset(0.0, 150.0, 0.0, 0.0));
    })
}

fn head(c: &mut Canvas<'_>, run: &Run, area: Area) {
    let name = fit(run.name(), area.w * 0.6, 30.0);
    c.bold(&name, (area.x, area.y + 12.0), 30.0, Color::Ink, Align::Left);
    let line = fit(&figures::network(run), area.w, 15.0);
    c.text(&line, (area.x, area.y + 44.0), 15.0, Color::Muted, Align::Left);
    let seed = run.file.seed.map_or_else(String::new, |s| format!("seed {s} · "));
    let made = format!("{seed}Weir {}", run.file.version);
    c.text(&made, (area.right(), area.y + 12.0), 15.0, Color::Muted, Align::Right);
    if run.partial() {
        c.bold("partial run", (area.right(), area.y + 44.0), 15.0, Color::Red, Align::Right);
    }
}

fn tiles(c: &mut Canvas<'_>, run: &Run, area: Area) {
    let tiles = figures::headline(run);
    let wide = area.w / tiles.len().max(1) as f64;
    c.line((area.x, area.y), (area.right(), area.y), Color::Grid, 1.0);
    for (i, tile) in tiles.iter().enumerate() {
        let x = area.x + i as f64 * wide;
        let color = if tile.bad { Color::Red } else { Color::Ink };
        c.bold(&tile.value, (x, area.y + 27.0), 23.0, color, Align::Left);
        c.text(&fit(&tile.name, wide - 8.0, 12.5), (x, area.y + 51.0), 12.5, Color::Muted, Align::Left);
    }
    c.line((area.x, area.y + 66.0), (area.right(), area.y + 66.0), Color::Grid, 1.0);
}

fn charts(c: &mut Canvas<'_>, run: &Run, area: Area) {
    let (wide, high) = ((area.w - 48.0) / 2.0, (area.h - 18.0) / 2.0);
    for (i, (title, paint)) in chosen(run).into_iter().enumerate() {
        let (column, row) = ((i % 2) as f64, (i / 2) as f64);
        let cell = Area::new(area.x + column * (wide + 48.0), area.y + row * (high + 18.0), wide, high);
        c.bold(title, (cell.x, cell.y + 7.0), 14.0, Color::Ink, Align::Left);
        let cell = cell.inset(0.0, 24.0, 0.0, 0.0);
        match paint {
            Ok(paint) => paint(c, cell),
            Err(why) => c.text(&fit(&why, wide, 13.0), (cell.x, cell.y + 40.0), 13.0, Color::Muted, Align::Left),
        }
    }
}

fn chosen(run: &Run) -> [(&'static str, Result<Paint, String>); 4] {
    let last = if run.plays_segments() {
        let latency = Latency::of(run);
        ("Latency of a segment", split(latency, |_| None, Latency::draw_histogram, Latency::numbers).1)
    } else {
        ("Income by source", split(Income::of(run), |_| None, Income::draw, Income::numbers).1)
    };
    [
        ("Stake by orchestrator", split(Stake::of(run), |_| None, Stake::draw, Stake::numbers).1),
        (
            "Winning tickets against expectation",
            split(Lottery::of(run), |_| None, Lottery::draw_won, Lottery::numbers).1,
        ),
        (
            "Paid in expected value against earned in fees",
            split(Value::of(run), |_| None, Value::draw, Value::numbers).1,
        ),
        last,
    ]
}
