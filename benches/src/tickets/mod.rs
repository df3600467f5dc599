//! Tickets and the market, beside the one thing that cannot be avoided: the recovery of a signature.

mod cases;
mod count;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use eyre::Result;
use serde::Serialize;

pub use count::Counting;

/// Turns of a figure, and how long each lasts.
const TURNS: usize = 15;
const TURN: Duration = Duration::from_millis(60);

/// One thing that was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// What the numbers count.
    unit: &'static str,
    /// The number.
    weir: f64,
    /// How many times the yardstick, where that means something.
    #[serde(skip_serializing_if = "Option::is_none")]
    yardsticks: Option<f64>,
}

/// Figures by name.
pub type Figures = BTreeMap<&'static str, Figure>;

/// Names of all figures.
pub const NAMES: [&str; 15] = [
    "recover",
    "create_ticket",
    "receive_ticket",
    "win_check",
    "recipient_rand",
    "ticket_params",
    "payment_1",
    "payment_10",
    "payment_100",
    "payment_100_per_ticket",
    "payment_overhead",
    "select_100",
    "select_1000",
    "paid_segment_step_lazy",
    "allocations_per_ticket",
];

/// Nanoseconds of one call: the best of some turns, as whatever else runs on the machine only adds.
fn time<T>(mut call: impl FnMut() -> T) -> f64 {
    let begin = Instant::now();
    let mut calls = 0_u64;
    while begin.elapsed() < TURN {
        black_box(call());
        calls += 1;
    }
    let mut best = f64::INFINITY;
    for _ in 0..TURNS {
        let begin = Instant::now();
        for _ in 0..calls {
            black_box(call());
        }
        best = best.min(begin.elapsed().as_nanos() as f64 / calls as f64);
    }
    best
}

/// Measures what is asked for by name; everything where nothing is.
pub fn measure(only: &[String]) -> Result<Figures> {
    let wants = |name: &str| only.is_empty() || only.iter().any(|only| only == name);
    let mut figures = Figures::new();
    const BESIDE: [&str; 5] = ["recover", "create_ticket", "receive_ticket", "payment_1", "payment_100_per_ticket"];
    let yardstick = if BESIDE.iter().any(|name| wants(name)) { time(cases::recover()) / 1_000.0 } else { f64::NAN };
    let mut note = |name: &'static str, unit, weir: f64, of_yardstick: bool| {
        if wants(name) {
            eprintln!("{name}: {weir:.3} {unit}");
            figures.insert(name, Figure { unit, weir, yardsticks: of_yardstick.then_some(weir / yardstick) });
        }
    };
    note("recover", "us", yardstick, true);
    if wants("create_ticket") {
        note("create_ticket", "us", time(cases::create()) / 1_000.0, true);
    }
    if wants("receive_ticket") {
        note("receive_ticket", "us", time(cases::receive()) / 1_000.0, true);
    }
    if wants("win_check") {
        note("win_check", "us", time(cases::win_check()) / 1_000.0, false);
    }
    if wants("recipient_rand") {
        note("recipient_rand", "us", time(cases::recipient_rand()) / 1_000.0, false);
    }
    if wants("ticket_params") {
        note("ticket_params", "us", time(cases::ticket_params()) / 1_000.0, false);
    }
    payments(&wants, &mut note);
    for (name, n) in [("select_100", 100), ("select_1000", 1_000)] {
        if wants(name) {
            note(name, "us", time(cases::select(n)) / 1_000.0, false);
        }
    }
    if wants("paid_segment_step_lazy") {
        note("paid_segment_step_lazy", "us", time(cases::paid_segment()) / 1_000.0, false);
    }
    if wants("allocations_per_ticket") {
        note("allocations_per_ticket", "allocations", cases::allocations_per_ticket(), false);
    }
    Ok(figures)
}

/// Payments of some tickets, and what a payment costs beside its tickets.
fn payments(wants: &impl Fn(&str) -> bool, note: &mut impl FnMut(&'static str, &'static str, f64, bool)) {
    const WANTED: [&str; 5] = ["payment_1", "payment_10", "payment_100", "payment_100_per_ticket", "payment_overhead"];
    if !WANTED.iter().any(|name| wants(name)) {
        return;
    }
    let [one, ten, hundred] = [1, 10, 100].map(|n| time(cases::payment(n)) / 1_000.0);
    note("payment_1", "us", one, true);
    note("payment_10", "us", ten, false);
    note("payment_100", "us", hundred, false);
    note("payment_100_per_ticket", "us", hundred / 100.0, true);
    // With signatures that cost nothing: what is left is the payment's own.
    note("payment_overhead", "us", time(cases::payment_overhead()) / 1_000.0, false);
}

/// A call to be measured.
pub type Call = Box<dyn FnMut()>;

/// The calls behind the figures, for another way of measuring them.
#[must_use]
pub fn calls() -> Vec<(&'static str, Call)> {
    fn call<T: 'static>(mut f: impl FnMut() -> T + 'static) -> Call {
        Box::new(move || {
            black_box(f());
        })
    }
    vec![
        ("recover", call(cases::recover())),
        ("create_ticket", call(cases::create())),
        ("receive_ticket", call(cases::receive())),
        ("win_check", call(cases::win_check())),
        ("recipient_rand", call(cases::recipient_rand())),
        ("ticket_params", call(cases::ticket_params())),
        ("payment_1", call(cases::payment(1))),
        ("payment_10", call(cases::payment(10))),
        ("payment_100", call(cases::payment(100))),
        ("payment_overhead", call(cases::payment_overhead())),
        ("select_100", call(cases::select(100))),
        ("select_1000", call(cases::select(1_000))),
        ("paid_segment_step_lazy", call(cases::paid_segment())),
    ]
}

/// The figures as lines for people.
pub fn text(figures: &Figures) -> String {
    let mut out = String::new();
    for name in NAMES {
        if let Some(f) = figures.get(name) {
            let beside = f.yardsticks.map(|n| format!(", {n:.2} x recover")).unwrap_or_default();
            let _ = writeln!(out, "{name:24} {:10.3} {}{beside}", f.weir, f.unit);
        }
    }
    out
}
