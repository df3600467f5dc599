//! Figures in the form that other programs read: what, how much, beside what, on which machine.

use std::fmt;
use std::fs;
use std::path::Path;

use serde::Serialize;

/// Which way a figure is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
}

/// One thing that was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// What.
    pub name: &'static str,
    /// How much.
    pub value: f64,
    /// What the number counts.
    pub unit: &'static str,
    /// Which way it is better.
    pub better: Better,
    /// The same of what it is compared with, in the same unit.
    pub baseline: Option<f64>,
    /// How many times better than the baseline; below 1 where it is worse.
    pub ratio: Option<f64>,
}

impl Figure {
    /// A figure that is compared with nothing.
    #[must_use]
    pub const fn new(name: &'static str, value: f64, unit: &'static str, better: Better) -> Self {
        Self { name, value, unit, better, baseline: None, ratio: None }
    }

    /// The same beside another.
    #[must_use]
    pub fn beside(self, baseline: f64) -> Self {
        let ratio = match self.better {
            Better::Higher => self.value / baseline,
            Better::Lower => baseline / self.value,
        };
        Self { baseline: Some(baseline), ratio: Some(ratio), ..self }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:24} {:>14} {}", self.name, number(self.value), self.unit)?;
        match (self.baseline, self.ratio) {
            (Some(baseline), Some(ratio)) => write!(f, ", {ratio:.2} x as good as {}", number(baseline)),
            _ => Ok(()),
        }
    }
}

/// A number with as many places as it deserves.
fn number(v: f64) -> String {
    if v.abs() < 1_000.0 { format!("{v:.1}") } else { format!("{v:.0}") }
}

/// The machine that figures come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Host {
    /// Name of its processor; empty where the system does not tell.
    pub cpu: String,
    /// Cores that the process may use.
    pub cores: usize,
    /// Name of its graphics processor, where there is one that the system names.
    pub gpu: Option<String>,
}

impl Host {
    /// This machine.
    #[must_use]
    pub fn this() -> Self {
        let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        Self {
            cpu: after(&cpus, "model name").unwrap_or_default(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            gpu: gpu(Path::new("/proc/driver/nvidia/gpus")),
        }
    }
}

/// The first card that the driver lists.
fn gpu(cards: &Path) -> Option<String> {
    let mut cards: Vec<_> = fs::read_dir(cards).ok()?.flatten().map(|card| card.path()).collect();
    cards.sort();
    after(&fs::read_to_string(cards.first()?.join("information")).ok()?, "Model")
}

/// What stands behind the colon of a line that begins so.
fn after(text: &str, key: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(key))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}

/// All figures of a family.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// The family.
    pub bench: &'static str,
    /// Version of the project.
    pub version: &'static str,
    /// Where they were measured.
    pub host: Host,
    /// The figures.
    pub results: Vec<Figure>,
}

impl Figures {
    /// A family without figures, on this machine.
    #[must_use]
    pub fn new(bench: &'static str) -> Self {
        Self { bench, version: env!("CARGO_PKG_VERSION"), host: Host::this(), results: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::{Better, Figure, after};

    #[test]
    fn a_ratio_above_one_is_better_either_way() {
        let fast = Figure::new("rate", 30.0, "events/s", Better::Higher).beside(10.0);
        let short = Figure::new("time", 10.0, "ns", Better::Lower).beside(30.0);
        assert_eq!((fast.ratio, short.ratio), (Some(3.0), Some(3.0)));
    }

    #[test]
    fn figures_are_json_with_all_keys() {
        let text = serde_json::to_string(&Figure::new("rate", 30.0, "events/s", Better::Higher)).expect("JSON");
        let want = r#"{"name":"rate","value":30.0,"unit":"events/s","better":"higher","baseline":null,"ratio":null}"#;
        assert_eq!(text, want);
    }

    #[test]
    fn the_machine_is_named_as_its_system_names_it() {
        let text = "processor\t: 0\nmodel name\t: AMD EPYC: 7\nmodel name\t: other\n";
        assert_eq!(after(text, "model name").as_deref(), Some("AMD EPYC: 7"));
        assert_eq!(after(text, "Model"), None);
    }
}
