//! A run folder as plain values.
//!
//! The structs here know only what the report shows; what else a run writes is ignored, so that a
//! report can be made of runs that are a little older or newer than this crate.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::ReportError;
use crate::table::Table;

/// All that a report is made of.
pub(crate) struct Run {
    pub(crate) dir: PathBuf,
    pub(crate) file: RunFile,
    /// Absent where the run was killed.
    pub(crate) summary: Option<Summary>,
    pub(crate) tables: Tables,
}

/// The parts of `run.json` that are shown.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RunFile {
    pub(crate) version: String,
    pub(crate) seed: Option<u64>,
    pub(crate) state: String,
    pub(crate) scenario: Value,
    pub(crate) trace_hash: String,
    pub(crate) host: String,
}

/// The parts of `summary.json` that are shown.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Summary {
    pub(crate) virtual_seconds: f64,
    pub(crate) wall_seconds: f64,
    pub(crate) events: u64,
    pub(crate) transactions: u64,
    pub(crate) rounds: u64,
    pub(crate) partial: bool,
    pub(crate) kpis: BTreeMap<String, f64>,
    pub(crate) invariants: BTreeMap<String, String>,
}

/// Tables; `None` where the folder lacks one.
#[derive(Default)]
pub(crate) struct Tables {
    pub(crate) transcoders: Option<Vec<Transcoder>>,
    pub(crate) tickets: Option<Vec<Tickets>>,
    pub(crate) segments: Option<Vec<Segment>>,
    pub(crate) gas: Option<Vec<Gas>>,
    pub(crate) renditions: Option<Vec<Rendition>>,
}

/// An orchestrator in a round.
#[derive(Debug, Clone)]
pub(crate) struct Transcoder {
    pub(crate) round: u64,
    pub(crate) name: String,
    pub(crate) active: bool,
    pub(crate) stake_lpt: f64,
    pub(crate) price: f64,
    pub(crate) fees_eth: f64,
    pub(crate) rewards_lpt: f64,
}

/// What passed between a gateway and an orchestrator in a round.
#[derive(Debug, Clone)]
pub(crate) struct Tickets {
    pub(crate) round: u64,
    pub(crate) orchestrator: String,
    pub(crate) sent: f64,
    pub(crate) paid_ev_eth: f64,
    pub(crate) expected_wins: f64,
    pub(crate) won: f64,
    pub(crate) redeemed: f64,
    pub(crate) redeemed_eth: f64,
}

/// A segment's end.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    pub(crate) orchestrator: String,
    pub(crate) upload_ms: f64,
    pub(crate) transcode_ms: f64,
    pub(crate) download_ms: f64,
    pub(crate) latency_ms: f64,
    pub(crate) served: bool,
}

/// Gas of a kind of transaction in a round.
#[derive(Debug, Clone)]
pub(crate) struct Gas {
    pub(crate) kind: String,
    pub(crate) transactions: f64,
    pub(crate) fee_eth: f64,
}

/// A rendition of the real stream.
#[derive(Debug, Clone)]
pub(crate) struct Rendition {
    pub(crate) seq: u64,
    pub(crate) profile: String,
    pub(crate) path: String,
    pub(crate) width: u64,
    pub(crate) height: u64,
    pub(crate) frames: u64,
    pub(crate) duration_seconds: f64,
    pub(crate) bytes: u64,
    pub(crate) thumbnail: String,
    pub(crate) orchestrator: String,
}

impl Run {
    /// Reads a run folder.
    pub(crate) fn read(dir: &Path) -> Result<Self, ReportError> {
        let file = json(&dir.join("run.json"))?.ok_or_else(|| ReportError::NotARun { path: dir.to_owned() })?;
        let summary = json(&dir.join("summary.json"))?;
        Ok(Self { dir: dir.to_owned(), file, summary, tables: Tables::read(&dir.join("tables"))? })
    }

    /// A text of the scenario, by its path of keys.
    pub(crate) fn scenario_text(&self, pointer: &str) -> Option<&str> {
        self.file.scenario.pointer(pointer).and_then(Value::as_str)
    }

    /// A list of the scenario, by its path of keys; empty where there is none.
    pub(crate) fn scenario_list(&self, pointer: &str) -> &[Value] {
        self.file.scenario.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// A positive number of the scenario, by its path of keys.
    pub(crate) fn scenario_number(&self, pointer: &str) -> Option<f64> {
        self.file.scenario.pointer(pointer).and_then(Value::as_f64).filter(|v| *v > 0.0)
    }

    /// Whether segments are played one by one, rather than a round at a time.
    pub(crate) fn plays_segments(&self) -> bool {
        self.scenario_text("/fidelity/traffic") != Some("round")
    }

    /// Name of the scenario.
    pub(crate) fn name(&self) -> &str {
        self.scenario_text("/name").unwrap_or("unnamed")
    }

    /// A figure of the summary.
    pub(crate) fn kpi(&self, name: &str) -> Option<f64> {
        self.summary.as_ref().and_then(|s| s.kpis.get(name)).copied().filter(|v| v.is_finite())
    }

    /// Whether the run did not come to its end.
    pub(crate) fn partial(&self) -> bool {
        self.file.state != "done" || self.summary.as_ref().is_none_or(|s| s.partial)
    }

    /// Why the figures tell less than the scenario says; nothing for a whole run.
    pub(crate) fn cut_short(&self) -> Option<&'static str> {
        self.partial().then_some(match (self.file.state.as_str(), &self.summary) {
            ("cancelled", _) => "It was cut short, and its figures end where it ended.",
            (_, None) => "It is under way or was killed, and left no summary.",
            _ => "Not all of its rounds passed.",
        })
    }

    /// Orchestrators as they were in the last round.
    pub(crate) fn last_transcoders(&self) -> Vec<&Transcoder> {
        let rows = self.tables.transcoders.as_deref().unwrap_or_default();
        let last = rows.iter().map(|t| t.round).max();
        rows.iter().filter(|t| Some(t.round) == last).collect()
    }
}

/// A JSON file; `None` when there is none.
pub(crate) fn json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, ReportError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(source) => return Err(ReportError::Read { path: path.to_owned(), source }),
    };
    serde_json::from_str(&text).map(Some).map_err(|source| ReportError::Json { path: path.to_owned(), source })
}

impl Tables {
    fn read(dir: &Path) -> Result<Self, ReportError> {
        Ok(Self {
            transcoders: rows(dir, "transcoders", transcoders)?,
            tickets: rows(dir, "tickets", tickets)?,
            segments: rows(dir, "segments", segments)?,
            gas: rows(dir, "gas", gas)?,
            renditions: rows(dir, "renditions", renditions)?,
        })
    }
}

fn rows<T>(
    dir: &Path,
    name: &str,
    read: impl FnOnce(&Table) -> Result<Vec<T>, ReportError>,
) -> Result<Option<Vec<T>>, ReportError> {
    Table::open(dir, name)?.as_ref().map(read).transpose()
}

fn transcoders(t: &Table) -> Result<Vec<Transcoder>, ReportError> {
    let (round, active, name) = (t.wholes("round")?, t.flags("active")?, t.texts("name")?);
    let (stake, price) = (t.numbers("stake_lpt")?, t.numbers("price_wei_per_pixel")?);
    let (fees, rewards) = (t.numbers("fees_eth")?, t.numbers("rewards_lpt")?);
    let row = |(i, name)| Transcoder {
        round: round[i],
        name,
        active: active[i],
        stake_lpt: stake[i],
        price: price[i],
        fees_eth: fees[i],
        rewards_lpt: rewards[i],
    };
    Ok(name.into_iter().enumerate().map(row).collect())
}

fn tickets(t: &Table) -> Result<Vec<Tickets>, ReportError> {
    let (round, orchestrator) = (t.wholes("round")?, t.texts("orchestrator")?);
    let (sent, paid, expected) = (t.numbers("sent")?, t.numbers("paid_ev_eth")?, t.numbers("expected_wins")?);
    let (won, redeemed, redeemed_eth) = (t.numbers("won")?, t.numbers("redeemed")?, t.numbers("redeemed_eth")?);
    let row = |(i, orchestrator)| Tickets {
        round: round[i],
        orchestrator,
        sent: sent[i],
        paid_ev_eth: paid[i],
        expected_wins: expected[i],
        won: won[i],
        redeemed: redeemed[i],
        redeemed_eth: redeemed_eth[i],
    };
    Ok(orchestrator.into_iter().enumerate().map(row).collect())
}

fn segments(t: &Table) -> Result<Vec<Segment>, ReportError> {
    let (orchestrator, status) = (t.texts("orchestrator")?, t.texts("status")?);
    let (upload, transcode) = (t.numbers("upload_ms")?, t.numbers("transcode_ms")?);
    let (download, latency) = (t.numbers("download_ms")?, t.numbers("latency_ms")?);
    let row = |(i, orchestrator)| Segment {
        orchestrator,
        upload_ms: upload[i],
        transcode_ms: transcode[i],
        download_ms: download[i],
        latency_ms: latency[i],
        served: status[i] == "ok",
    };
    Ok(orchestrator.into_iter().enumerate().map(row).collect())
}

fn gas(t: &Table) -> Result<Vec<Gas>, ReportError> {
    let (kind, transactions, fee) = (t.texts("kind")?, t.numbers("transactions")?, t.numbers("fee_eth")?);
    let row = |(i, kind)| Gas { kind, transactions: transactions[i], fee_eth: fee[i] };
    Ok(kind.into_iter().enumerate().map(row).collect())
}

fn renditions(t: &Table) -> Result<Vec<Rendition>, ReportError> {
    let (seq, width, height) = (t.wholes("seq")?, t.wholes("width")?, t.wholes("height")?);
    let (frames, bytes, duration) = (t.wholes("frames")?, t.wholes("bytes")?, t.numbers("duration_seconds")?);
    let (path, thumbnail) = (t.texts("path")?, t.texts("thumbnail")?);
    let (profile, orchestrator) = (t.texts("profile")?, t.texts("orchestrator")?);
    let row = |(i, profile): (usize, String)| Rendition {
        seq: seq[i],
        profile,
        path: path[i].clone(),
        width: width[i],
        height: height[i],
        frames: frames[i],
        duration_seconds: duration[i],
        bytes: bytes[i],
        thumbnail: thumbnail[i].clone(),
        orchestrator: orchestrator[i].clone(),
    };
    Ok(profile.into_iter().enumerate().map(row).collect())
}
