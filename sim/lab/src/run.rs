//! Makes a run folder of a scenario.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant as Clock;

use serde::{Deserialize, Serialize};
use weir_kernel::TraceWriter;
use weir_types::Address;

use crate::books::Books;
use crate::clip::ClipInfo;
use crate::media::{Clip, RenditionRow, Studio};
use crate::results::{Results, Summary};
use crate::scenario::Scenario;
use crate::world::World;
use crate::{LabError, facts, invariants};

/// Events between two looks at the clock and the cancel flag.
const STRIDE: u64 = 512;

/// How a run is made.
pub struct RunOptions {
    /// Seed; the scenario's where there is none.
    pub seed: Option<u64>,
    /// Run folder; must be empty or absent.
    pub out: PathBuf,
    /// Whether every event is written to `trace.jsonl`; the hash over them is kept either way.
    pub trace: bool,
    /// Set from outside to end the run early.
    pub cancel: Arc<AtomicBool>,
    /// Called now and then.
    pub progress: Option<Box<dyn FnMut(Progress)>>,
}

/// What a run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Contracts, stake and deposits are brought in place.
    SetUp,
    /// Rounds pass.
    Running,
    /// The transcoder finishes what the real stream's segments became.
    Media,
    /// Tables are written.
    Writing,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// What it is doing.
    pub phase: Phase,
    /// Round, from 1.
    pub round: u64,
    /// Rounds in all.
    pub rounds: u64,
    /// Virtual time since the first round began.
    pub virtual_seconds: f64,
    /// Virtual time of the whole run.
    pub total_seconds: f64,
    /// Events so far.
    pub events: u64,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// It is under way, or was killed.
    Running,
    /// All rounds passed.
    Done,
    /// It was cut short.
    Cancelled,
}

/// What a run made.
#[derive(Debug, Clone)]
pub struct RunOutcome {
    /// The run folder.
    pub dir: PathBuf,
    /// Its figures.
    pub summary: Summary,
    /// How it ended.
    pub state: RunState,
}

/// `run.json`: all that makes the run again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunFile {
    /// Version of the program.
    pub version: String,
    /// Seed.
    pub seed: u64,
    /// How the run ended.
    pub state: RunState,
    /// The scenario as resolved.
    pub scenario: Scenario,
    /// The real stream's clip, where there is one.
    pub clip: Option<ClipInfo>,
    /// Hash over all events; empty while the run is under way.
    pub trace_hash: String,
    /// Virtual time.
    pub virtual_seconds: f64,
    /// Time it took.
    pub wall_seconds: f64,
    /// Operating system and architecture.
    pub host: String,
}

impl RunFile {
    /// Reads `run.json` of a run folder.
    ///
    /// # Errors
    /// [`LabError::Read`] where it is absent or not what this version wrote.
    pub fn read(dir: &Path) -> Result<Self, LabError> {
        let path = dir.join("run.json");
        let fail = |reason: String| LabError::Read { path: path.clone(), reason };
        let text = fs::read_to_string(&path).map_err(|e| fail(e.to_string()))?;
        serde_json::from_str(&text).map_err(|e| fail(e.to_string()))
    }

    fn write(&self, dir: &Path) -> Result<(), LabError> {
        write_json(&dir.join("run.json"), self)
    }
}

/// Makes a run folder of a scenario.
///
/// # Errors
/// [`LabError`] when the folder cannot be written, the clip cannot be used, or the set-up fails.
pub fn run(scenario: &Scenario, options: RunOptions) -> Result<RunOutcome, LabError> {
    let started = Clock::now();
    let RunOptions { seed, out: dir, trace, cancel, mut progress } = options;
    let seed = seed.unwrap_or(scenario.seed);
    prepare(&dir)?;
    let mut report = move |p: Progress| {
        if let Some(f) = &mut progress {
            f(p);
        }
    };
    report(at(None, scenario, Phase::SetUp));
    let clip = match scenario.clip() {
        Some(path) => {
            let clip = Clip::cut(&path, scenario.gateways.segment_seconds.0, &dir)?;
            shape(scenario, &path, &clip.info)?;
            Some(clip)
        }
        None => None,
    };
    let info = clip.as_ref().map(|c| c.info.clone());
    let mut file = RunFile {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        seed,
        state: RunState::Running,
        scenario: scenario.clone(),
        clip: info.clone(),
        trace_hash: String::new(),
        virtual_seconds: 0.0,
        wall_seconds: 0.0,
        host: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
    };
    file.write(&dir)?;
    let mut world = World::new(scenario, seed, info.as_ref())?;
    world.studio = clip.map(|c| Studio::open(c, scenario.profiles(), &dir));
    let state = record(&mut world, trace.then_some(dir.as_path()), &cancel, &mut report)?;
    world.close_round()?;
    report(at(Some(&world), scenario, Phase::Media));
    let (renditions, mismatches) = media(&mut world);
    report(at(Some(&world), scenario, Phase::Writing));
    file.state = state;
    file.trace_hash = world.kernel.trace_hash();
    file.virtual_seconds = virtual_seconds(&world);
    let summary = finish(&world, &dir, &mut file, &renditions, mismatches, started)?;
    Ok(RunOutcome { dir, summary, state })
}

/// Holds the clip's shape against the ladder's.
fn shape(scenario: &Scenario, path: &Path, clip: &ClipInfo) -> Result<(), LabError> {
    let size = (clip.width, clip.height);
    match scenario.ladder.iter().find(|step| !step.has_shape_of(size)) {
        None => Ok(()),
        Some(step) => Err(LabError::ClipShape {
            path: path.to_owned(),
            width: size.0,
            height: size.1,
            rendition: format!("{} of {}x{}", step.name, step.width.0, step.height.0),
        }),
    }
}

fn prepare(dir: &Path) -> Result<(), LabError> {
    let fail = |source| LabError::Write { path: dir.to_owned(), source };
    fs::create_dir_all(dir).map_err(fail)?;
    match fs::read_dir(dir).map_err(fail)?.next() {
        None => Ok(()),
        Some(_) => Err(LabError::NotEmpty { path: dir.to_owned() }),
    }
}

/// Lets the rounds pass, and writes every event down where there is a folder for it.
fn record(
    world: &mut World,
    dir: Option<&Path>,
    cancel: &AtomicBool,
    report: &mut dyn FnMut(Progress),
) -> Result<RunState, LabError> {
    let path = dir.map(|dir| dir.join("trace.jsonl")).unwrap_or_default();
    let fail = |source| LabError::Write { path: path.clone(), source };
    let open = |_| -> io::Result<_> {
        TraceWriter::new(BufWriter::new(File::create(&path)?), &world.scenario.name, world.kernel.seed())
    };
    let mut writer = dir.map(open).transpose().map_err(fail)?;
    let mut state = RunState::Done;
    while let Some(fired) = world.next() {
        if let Some(writer) = &mut writer {
            writer.event(&fired).map_err(fail)?;
        }
        world.step(fired)?;
        let n = world.kernel.processed();
        if n.is_multiple_of(STRIDE) {
            report(at(Some(world), &world.scenario, Phase::Running));
            if cancel.load(Ordering::Relaxed) {
                state = RunState::Cancelled;
                break;
            }
        }
    }
    if let Some(writer) = writer {
        writer.finish(world.kernel.processed(), &world.kernel.trace_hash()).map_err(fail)?;
    }
    Ok(state)
}

fn at(world: Option<&World>, scenario: &Scenario, phase: Phase) -> Progress {
    let rounds = u64::from(scenario.rounds.count.0);
    Progress {
        phase,
        round: world.map_or(1, |w| w.rounds_passed().min(rounds)),
        rounds,
        virtual_seconds: world.map_or(0.0, virtual_seconds),
        total_seconds: scenario.demand_seconds() as f64,
        events: world.map_or(0, |w| w.kernel.processed()),
    }
}

fn virtual_seconds(world: &World) -> f64 {
    world.kernel.now().min(world.end).as_secs_f64() - world.begin.as_secs_f64()
}

/// What the real stream became, and where that is not what the simulation assumed.
fn media(world: &mut World) -> (Vec<RenditionRow>, Vec<String>) {
    let Some(studio) = world.studio.take() else { return (Vec::new(), Vec::new()) };
    let made = studio.close();
    let mut rows = Vec::new();
    let mut mismatches = Vec::new();
    for ((seq, who), result) in made {
        match result {
            Err(e) => mismatches.push(format!("{who} could not transcode segment {seq}: {e}")),
            Ok(renditions) => {
                for (r, p) in renditions.iter().zip(&world.scenario.ladder) {
                    let wanted = (p.width.0, p.height.0, r.source_frames);
                    if p.fps == 0 && (r.width, r.height, r.frames) != wanted {
                        mismatches.push(format!(
                            "segment {seq} in {} by {who} has {}x{} and {} frames, not {}x{} and {}",
                            r.profile, r.width, r.height, r.frames, wanted.0, wanted.1, wanted.2
                        ));
                    }
                }
                if world.delivered.get(&seq).is_some_and(|d| *d == who) {
                    rows.extend(renditions);
                }
            }
        }
    }
    rows.sort_by_key(|r| r.seq);
    (rows, mismatches)
}

fn finish(
    world: &World,
    dir: &Path,
    file: &mut RunFile,
    renditions: &[RenditionRow],
    mismatches: Vec<String>,
    started: Clock,
) -> Result<Summary, LabError> {
    let stakers = facts::stakers(world)?;
    let results = results(world, &stakers, renditions);
    results.write_tables(&dir.join("tables"))?;
    file.wall_seconds = started.elapsed().as_secs_f64();
    let mut summary = summarise(world, &stakers, &results, mismatches)?;
    summary.wall_seconds = file.wall_seconds;
    summary.partial = file.state != RunState::Done;
    write_json(&dir.join("summary.json"), &summary)?;
    file.write(dir)?;
    Ok(summary)
}

fn results<'a>(world: &'a World, stakers: &'a facts::Stakers, renditions: &'a [RenditionRow]) -> Results<'a> {
    Results {
        rounds: &world.rounds,
        books: &world.books,
        names: &world.names,
        delegators: stakers,
        renditions,
        market: world.market_rows(),
        begin_seconds: world.begin.as_secs_f64(),
    }
}

/// Figures and verdicts of a world that has come to its end.
fn summarise(
    world: &World,
    stakers: &facts::Stakers,
    results: &Results<'_>,
    mismatches: Vec<String>,
) -> Result<Summary, LabError> {
    let facts = facts::read(world, stakers, mismatches)?;
    let verdicts = invariants::check(&facts, &world.books)
        .into_iter()
        .map(|(k, v)| (k.to_owned(), v.err().unwrap_or_else(|| "ok".to_owned())));
    Ok(Summary {
        name: world.scenario.name.clone(),
        seed: world.kernel.seed(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocol: world.scenario.chain.versions(),
        trace_hash: world.kernel.trace_hash(),
        virtual_seconds: virtual_seconds(world),
        wall_seconds: 0.0,
        events: world.kernel.processed(),
        transactions: world.transactions,
        rounds: world.rounds.len() as u64,
        partial: false,
        kpis: results.kpis(),
        invariants: verdicts.collect::<BTreeMap<_, _>>(),
    })
}

/// What a run without a folder leaves.
#[derive(Debug)]
pub struct Simulated {
    /// Its figures.
    pub summary: Summary,
    /// All that was counted.
    pub books: Books,
    /// Names of actors.
    pub names: BTreeMap<Address, String>,
    /// Time that the set-up took.
    pub setup_seconds: f64,
    /// Time from the first event to the last.
    pub run_seconds: f64,
}

/// Makes a run that leaves nothing on disk. A real stream is left out.
///
/// # Errors
/// [`LabError`] when the set-up fails.
pub fn simulate(scenario: &Scenario, seed: u64) -> Result<Simulated, LabError> {
    let started = Clock::now();
    let scenario = Scenario { real_stream: None, ..scenario.clone() };
    let mut world = World::new(&scenario, seed, None)?;
    let setup_seconds = started.elapsed().as_secs_f64();
    while let Some(fired) = world.next() {
        world.step(fired)?;
    }
    world.close_round()?;
    let run_seconds = started.elapsed().as_secs_f64() - setup_seconds;
    let stakers = facts::stakers(&world)?;
    let mut summary = summarise(&world, &stakers, &results(&world, &stakers, &[]), Vec::new())?;
    summary.wall_seconds = started.elapsed().as_secs_f64();
    Ok(Simulated { summary, names: world.names.map().clone(), books: world.books, setup_seconds, run_seconds })
}

/// Writes a file whole or not at all.
fn write_json(path: &Path, value: &impl Serialize) -> Result<(), LabError> {
    let fail = |source| LabError::Write { path: path.to_owned(), source };
    let part = path.with_extension("part");
    let mut text = serde_json::to_string_pretty(value).map_err(|e| fail(e.into()))?;
    text.push('\n');
    fs::write(&part, text).map_err(fail)?;
    fs::rename(&part, path).map_err(fail)
}
