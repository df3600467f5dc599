//! Two run folders side by side: where their events part, and in what else they differ.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;
use weir_kernel::parting::{Side, part};
use weir_kernel::{Difference, RecordedEvent};

use crate::LabError;
use crate::replay::open;
use crate::run::{RunFile, RunState};
use crate::world::{NamedEvent, names, unnamed};

/// Events of each run that are told where they part.
const AHEAD: usize = 5;

/// Something that two runs have different values of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Differing {
    /// Its name; that of a key in a table with the tables' names before it.
    pub key: String,
    /// Value of the first run; null where it has none.
    pub a: Value,
    /// Value of the second run.
    pub b: Value,
}

/// The first event that is not the same, and how each run goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fork {
    /// Number of the event.
    pub event: u64,
    /// The last event in common.
    pub last: Option<NamedEvent>,
    /// The first run from there on; nothing where it ends.
    pub a: Vec<NamedEvent>,
    /// The second run.
    pub b: Vec<NamedEvent>,
}

/// Two runs side by side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Events in common, from the first on.
    pub common_events: u64,
    /// Where the runs part, if they do.
    pub fork: Option<Fork>,
    /// Seed, version and keys of the scenario.
    pub settings: Vec<Differing>,
    /// Figures of `summary.json`.
    pub kpis: Vec<Differing>,
}

impl Comparison {
    /// Whether the same happened, with the same result. How the runs were asked for may differ.
    #[must_use]
    pub const fn equal(&self) -> bool {
        self.fork.is_none() && self.kpis.is_empty()
    }
}

/// Compares two run folders.
///
/// # Errors
/// [`LabError::Read`] for a folder without `run.json` or a readable `trace.jsonl`.
pub fn compare(a: &Path, b: &Path) -> Result<Comparison, LabError> {
    let (run_a, run_b) = (Run::read(a)?, Run::read(b)?);
    let unreadable =
        |dir: &Path, d: &Difference| LabError::Read { path: dir.join("trace.jsonl"), reason: d.to_string() };
    let trace_a = open(a, run_a.state)?.map_err(|d| unreadable(a, &d))?;
    let trace_b = open(b, run_b.state)?.map_err(|d| unreadable(b, &d))?;
    let parted =
        part(trace_a, trace_b, AHEAD).map_err(|(side, d)| unreadable(if side == Side::A { a } else { b }, &d))?;
    let (common_events, fork) = match parted {
        Ok(events) => (events, None),
        Err(p) => {
            let (from_a, from_b) = (run_a.named(p.a), run_b.named(p.b));
            let last = p.last.map(|e| run_a.name(e));
            (p.common, Some(Fork { event: p.common, last, a: from_a, b: from_b }))
        }
    };
    Ok(Comparison {
        common_events,
        fork,
        settings: differing(&run_a.settings, &run_b.settings),
        kpis: differing(&run_a.kpis, &run_b.kpis),
    })
}

/// What is compared of a run beside its events.
struct Run {
    state: RunState,
    settings: BTreeMap<String, Value>,
    kpis: BTreeMap<String, Value>,
    /// Names of actors by number; none where another version made the run.
    names: Vec<String>,
}

impl Run {
    fn read(dir: &Path) -> Result<Self, LabError> {
        let file = json(dir, "run.json")?;
        let mut settings = BTreeMap::new();
        for key in ["seed", "version"] {
            flatten(key, &file[key], &mut settings);
        }
        flatten("", &file["scenario"], &mut settings);
        let mut kpis = BTreeMap::new();
        // A run that was killed has no summary.
        if dir.join("summary.json").exists() {
            flatten("", &json(dir, "summary.json")?["kpis"], &mut kpis);
        }
        // Keys can be compared whatever version wrote them; names are drawn as this one does it.
        let known = RunFile::read(dir).ok().filter(|f| f.version == env!("CARGO_PKG_VERSION"));
        Ok(Self {
            state: serde_json::from_value(file["state"].clone()).unwrap_or(RunState::Running),
            settings,
            kpis,
            names: known.map(|f| names(&f.scenario, f.seed)).unwrap_or_default(),
        })
    }

    fn named(&self, events: Vec<RecordedEvent>) -> Vec<NamedEvent> {
        events.into_iter().map(|e| self.name(e)).collect()
    }

    fn name(&self, e: RecordedEvent) -> NamedEvent {
        // The sequencer is number 0 and has no name among the others.
        let known = (e.actor as usize).checked_sub(1).and_then(|i| self.names.get(i));
        let name = known.cloned().unwrap_or_else(|| unnamed(e.actor));
        NamedEvent { seq: e.seq, at_us: e.at_us, actor: e.actor, name, kind: e.kind, digest: e.digest }
    }
}

fn json(dir: &Path, name: &str) -> Result<Value, LabError> {
    let path = dir.join(name);
    let fail = |reason: String| LabError::Read { path: path.clone(), reason };
    let text = fs::read_to_string(&path).map_err(|e| fail(e.to_string()))?;
    serde_json::from_str(&text).map_err(|e| fail(e.to_string()))
}

/// Values by their whole names: `gateways.count`, `ladder.0.name`.
fn flatten(name: &str, value: &Value, out: &mut BTreeMap<String, Value>) {
    let below = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, v)| flatten(&below(key), v, out)),
        Value::Array(list) if list.iter().any(|v| v.is_object() || v.is_array()) => {
            list.iter().enumerate().for_each(|(i, v)| flatten(&below(&i.to_string()), v, out));
        }
        _ => {
            out.insert(name.to_owned(), value.clone());
        }
    }
}

fn differing(a: &BTreeMap<String, Value>, b: &BTreeMap<String, Value>) -> Vec<Differing> {
    let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let of = |side: &BTreeMap<String, Value>, key| side.get(key).cloned().unwrap_or_default();
    let all = keys.into_iter().map(|key| Differing { key: key.clone(), a: of(a, key), b: of(b, key) });
    all.filter(|d| d.a != d.b).collect()
}
