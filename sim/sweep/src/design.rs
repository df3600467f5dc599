//! From axes to arms: which values are tried together.

use std::collections::BTreeMap;

use toml::Value;
use weir_kernel::Streams;

use crate::file::{Axis, Design, Kind, Scale, SweepFile};
use crate::sobol;

/// One way in which the scenario is changed; it runs with every seed.
#[derive(Debug, Clone, PartialEq)]
pub struct Arm {
    /// Its name.
    pub name: String,
    /// Values by dotted key.
    pub set: BTreeMap<String, Value>,
}

/// The arms of a sweep, in order.
#[must_use]
pub fn arms(file: &SweepFile) -> Vec<Arm> {
    match file.design.kind {
        Kind::List => file.arms.iter().map(|a| Arm { name: a.name.clone(), set: a.set.clone() }).collect(),
        Kind::Grid => grid(&file.axes),
        Kind::Random | Kind::LatinHypercube | Kind::Sobol => sampled(file),
    }
}

/// All combinations; the last axis changes fastest.
fn grid(axes: &[Axis]) -> Vec<Arm> {
    let values: Vec<Vec<Value>> = axes.iter().map(ticks).collect();
    let mut rows: Vec<Vec<usize>> = vec![Vec::new()];
    for column in &values {
        let longer = |row: &Vec<usize>, i| row.iter().copied().chain([i]).collect();
        rows = rows.iter().flat_map(|row| (0..column.len()).map(move |i| longer(row, i))).collect();
    }
    let arm = |row: Vec<usize>| {
        let name: Vec<String> =
            axes.iter().zip(&values).zip(&row).map(|((axis, v), i)| word(label(axis), &v[*i], *i)).collect();
        let set = axes.iter().zip(&values).zip(&row).map(|((axis, v), i)| (axis.key.clone(), v[*i].clone()));
        Arm { name: name.join(","), set: set.collect() }
    };
    rows.into_iter().map(arm).collect()
}

/// What an axis calls itself.
fn label(axis: &Axis) -> &str {
    axis.label.as_deref().unwrap_or_else(|| axis.key.rsplit('.').next().unwrap_or(&axis.key))
}

fn word(label: &str, value: &Value, i: usize) -> String {
    match value {
        Value::String(text) => format!("{label}={text}"),
        Value::Table(_) | Value::Array(_) => format!("{label}#{}", i + 1),
        scalar => format!("{label}={scalar}"),
    }
}

/// The values of an axis on a grid.
fn ticks(axis: &Axis) -> Vec<Value> {
    if let Some(values) = &axis.values {
        return values.clone();
    }
    let steps = axis.steps.unwrap_or(2).max(2);
    let mut ticks: Vec<Value> =
        (0..steps).map(|i| on_range(axis, f64::from(i) / f64::from(steps - 1), false)).collect();
    // Whole numbers on a scale of ratios may fall together at its lower end.
    ticks.dedup();
    ticks
}

fn sampled(file: &SweepFile) -> Vec<Arm> {
    let n = file.design.samples.unwrap_or(0);
    let columns = unit_points(file.design, &file.axes, n);
    let digits = n.to_string().len();
    let arm = |i: usize| {
        let value = |(axis, column): (&Axis, &Vec<f64>)| (axis.key.clone(), at(axis, column[i]));
        Arm { name: format!("s{:0digits$}", i + 1), set: file.axes.iter().zip(&columns).map(value).collect() }
    };
    (0..n as usize).map(arm).collect()
}

/// Points of the unit cube, one vector per axis. What an axis draws depends on its own key alone.
fn unit_points(design: Design, axes: &[Axis], n: u32) -> Vec<Vec<f64>> {
    let streams = Streams::new(design.seed.unwrap_or(0));
    match design.kind {
        Kind::Sobol => {
            let shift = |axis: &Axis| match design.seed {
                None => 0,
                Some(_) => streams.stream(&axis.key, "sobol").below(1 << 32) as u32,
            };
            let shifts: Vec<u32> = axes.iter().map(shift).collect();
            sobol::sobol(&shifts, n)
        }
        Kind::LatinHypercube => axes.iter().map(|axis| strata(&streams, &axis.key, n)).collect(),
        _ => axes
            .iter()
            .map(|axis| {
                let mut rng = streams.stream(&axis.key, "random");
                (0..n).map(|_| rng.unit()).collect()
            })
            .collect(),
    }
}

/// One point in each of `n` equal parts of the unit interval, in random order.
fn strata(streams: &Streams, key: &str, n: u32) -> Vec<f64> {
    let mut rng = streams.stream(key, "latin_hypercube");
    let mut order: Vec<u32> = (0..n).collect();
    for i in (1..order.len()).rev() {
        let j = rng.below(i as u64 + 1) as usize;
        order.swap(i, j);
    }
    // Rounding must not lift a point over the edge of its part.
    let inside = |part: u32, u: f64| {
        let x = (f64::from(part) + u) / f64::from(n);
        x.min(libm::nextafter(f64::from(part + 1) / f64::from(n), 0.0))
    };
    order.into_iter().map(|part| inside(part, rng.unit())).collect()
}

/// The value of an axis at a point of the unit interval.
fn at(axis: &Axis, u: f64) -> Value {
    match &axis.values {
        Some(values) => values[((u * values.len() as f64) as usize).min(values.len() - 1)].clone(),
        None => on_range(axis, u, true),
    }
}

/// The number of a range at a share of its length. Where it is `drawn`, each whole number gets an equal part
/// of the range; by rounding, both ends would get but half of one.
fn on_range(axis: &Axis, u: f64, drawn: bool) -> Value {
    let (from, to) = (axis.from.unwrap_or(0.0), axis.to.unwrap_or(1.0));
    let between = |from: f64, to: f64| match axis.scale {
        Scale::Linear => from + u * (to - from),
        Scale::Log => libm::exp(libm::log(from) + u * (libm::log(to) - libm::log(from))),
    };
    if !axis.whole {
        // The ends are what was written, not what is left of them after a logarithm.
        return Value::Float(match u {
            0.0 => from,
            1.0 => to,
            _ => between(from, to).clamp(from, to),
        });
    }
    let x = match (drawn, axis.scale) {
        (true, Scale::Linear) => between(from, to + 1.0).floor(),
        _ => between(from, to).round(),
    };
    Value::Integer(x.clamp(from, to) as i64)
}
