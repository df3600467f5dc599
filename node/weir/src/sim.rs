//! `weir sim`: check, run, replay, compare and sweep.

mod diff;
mod moment;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use weir_lab::scenario::{self, Scenario};
use weir_lab::{LabError, NamedEvent, Replay, RunOptions, RunOutcome, RunState, Summary, Until};

use crate::failure::Failure;
use crate::progress::Bar;
use crate::{interrupt, output, report, sweep};

/// What to do with a scenario or a run.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check a scenario without running it.
    Check {
        /// Scenario file.
        scenario: PathBuf,
    },
    /// Run a scenario and leave a run folder.
    Run(RunArguments),
    /// Make a run again and hold every event against its record.
    Replay(ReplayArguments),
    /// Find the first event at which two runs part, and in what else they differ.
    Diff(diff::Arguments),
    /// Run a scenario many times over: plan, run, look, merge, hand to other engines.
    Sweep {
        #[command(subcommand)]
        command: sweep::Command,
    },
    /// Pull cells of a sweep from a NATS server and run them.
    Worker(sweep::WorkerArguments),
}

/// What is made again, and how far.
#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    /// Folder that `weir sim run` left.
    run_dir: PathBuf,
    #[arg(long, value_name = "SECONDS|EVENT", help = UNTIL)]
    until: Option<Until>,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

const UNTIL: &str = "Stop so long after the first round began (1200s) or before an event (event:5000), and show the \
                     world as it is there";

/// What is run, and how.
#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// Scenario file.
    scenario: PathBuf,
    /// Seed of all that is random [default: the scenario's].
    #[arg(long)]
    seed: Option<u64>,
    /// Run folder, empty or new [default: runs/NAME-SEED].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Leave out charts and the page.
    #[arg(long)]
    no_report: bool,
    /// Write no events down: the run is quicker and smaller, and can be made again but not replayed event by event.
    #[arg(long)]
    no_trace: bool,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

/// Does it.
pub(crate) fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Check { scenario } => check(&scenario),
        Command::Run(arguments) => make(arguments),
        Command::Replay(arguments) => replay(&arguments),
        Command::Diff(arguments) => diff::run(&arguments),
        Command::Sweep { command } => sweep::run(command),
        Command::Worker(arguments) => sweep::work(&arguments),
    }
}

fn load(path: &Path) -> Result<Scenario, Failure> {
    scenario::load(path).map_err(|error| Failure::usage(error.to_string()))
}

fn check(path: &Path) -> Result<(), Failure> {
    let s = load(path)?;
    output::result(&format!(
        "{}: sound: {} orchestrators, {} gateways, {} delegators, {} rounds, seed {}",
        path.display(),
        s.orchestrators.count.0,
        s.gateways.count.0,
        s.delegators.count,
        s.rounds.count.0,
        s.seed,
    ));
    Ok(())
}

fn make(arguments: RunArguments) -> Result<(), Failure> {
    let scenario = load(&arguments.scenario)?;
    let seed = arguments.seed.unwrap_or(scenario.seed);
    let out = arguments.out.unwrap_or_else(|| Path::new("runs").join(format!("{}-{seed}", scenario.name)));
    let cancel = interrupt::flag()?;
    let bar = Bar::new();
    let options =
        RunOptions { seed: Some(seed), out, trace: !arguments.no_trace, cancel, progress: Some(bar.callback()) };
    let outcome = weir_lab::run(&scenario, options).map_err(|error| from_lab(&error))?;
    drop(bar);
    // A report that cannot be made takes nothing away from the run: its result is shown first.
    let page = if arguments.no_report { Ok(None) } else { report::write(&outcome.dir).map(Some) };
    show(&outcome, page.as_ref().ok().and_then(|page| page.as_deref()), arguments.json);
    verdict(&outcome)?;
    page.map(|_| ())
}

fn show(outcome: &RunOutcome, page: Option<&Path>, json: bool) {
    if json {
        let object = serde_json::json!({
            "dir": outcome.dir,
            "state": outcome.state,
            "report": page,
            "summary": outcome.summary,
        });
        output::result(&object.to_string());
        return;
    }
    let s = &outcome.summary;
    output::result(&format!("run         {}", outcome.dir.display()));
    output::result(&format!(
        "passed      {} rounds, {:.0} s of virtual time in {:.1} s, {} events, {} transactions",
        s.rounds, s.virtual_seconds, s.wall_seconds, s.events, s.transactions
    ));
    output::result(&format!("trace hash  {}", s.trace_hash));
    output::result(&format!("invariants  {}", invariants(s)));
    if let Some(page) = page {
        output::result(&format!("report      {}", page.display()));
    }
}

fn invariants(summary: &Summary) -> String {
    let broken: Vec<String> = summary.broken().map(|(name, reason)| format!("\n  {name}: {reason}")).collect();
    match broken.len() {
        0 => format!("all {} hold", summary.invariants.len()),
        n => format!("{n} of {} broken:{}", summary.invariants.len(), broken.concat()),
    }
}

fn verdict(outcome: &RunOutcome) -> Result<(), Failure> {
    // What was cut short may well be unbalanced; that is shown, and no verdict on the whole.
    if outcome.state != RunState::Done {
        return Err(Failure::Interrupted {
            message: "interrupted: the run folder holds what was done so far".to_owned(),
        });
    }
    let broken: Vec<&str> = outcome.summary.broken().map(|(name, _)| name.as_str()).collect();
    if broken.is_empty() {
        return Ok(());
    }
    let help = format!("`weir sim replay {}` makes the same run again", outcome.dir.display());
    Err(Failure::broken(format!("broken: {}", broken.join(", "))).help(help))
}

fn replay(arguments: &ReplayArguments) -> Result<(), Failure> {
    let ReplayArguments { run_dir, until, json } = arguments;
    let cancel = interrupt::flag()?;
    let made = match until {
        None => weir_lab::replay(run_dir, &cancel),
        Some(until) => weir_lab::replay_until(run_dir, *until, &cancel),
    };
    match made.map_err(|error| from_lab(&error))? {
        Replay::Confirmed { trace_hash, events } => {
            output::result(&if *json {
                serde_json::json!({ "events": events, "trace_hash": trace_hash }).to_string()
            } else {
                format!("confirmed   {events} events\ntrace hash  {trace_hash}")
            });
            Ok(())
        }
        Replay::Reached(world) => {
            if *json {
                output::result(&serde_json::json!(world).to_string());
            } else {
                moment::show(&world);
            }
            Ok(())
        }
        Replay::Differs { difference } => Err(Failure::broken(format!("the replay differs: {difference}"))
            .help("the folder was changed, or another version of weir made it: run.json names the version")),
        Replay::Cancelled { events } => {
            Err(Failure::Interrupted { message: format!("interrupted: the first {events} events agree") })
        }
    }
}

/// An event in a line.
fn event(e: &NamedEvent) -> String {
    let line = format!("event {:<8} {:>16.6} s  {:24} {:20} {}", e.seq, e.at_us as f64 / 1e6, e.name, e.kind, e.digest);
    line.trim_end().to_owned()
}

fn from_lab(error: &LabError) -> Failure {
    let message = error.to_string();
    match error {
        LabError::NotEmpty { .. } => Failure::usage(message).help("name another folder with --out, or remove this one"),
        LabError::Clip { .. } => {
            Failure::usage(message).help("`clip` in [real_stream] names a video file, relative to the scenario")
        }
        LabError::ClipShape { .. } => Failure::usage(message)
            .help("give the ladder the clip's shape, or name another clip; docs/scenarios.md says how sizes follow"),
        LabError::Stakes { .. } => {
            Failure::usage(message).help("raise token.genesis_lpt, or lower stake_lpt or the counts")
        }
        LabError::NotReached { .. } => Failure::usage(message).help("name an earlier time or event with --until"),
        LabError::Read { .. } => Failure::failed(message).help("name a folder that `weir sim run` left"),
        LabError::Write { .. } | LabError::Table { .. } => {
            Failure::failed(message).help("make room and check the folder's permissions, or name another with --out")
        }
        _ => Failure::failed(message),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::process::ExitCode;

    use serde_json::{Value, json};
    use weir_lab::{RunOutcome, RunState};

    use super::{invariants, verdict};
    use crate::failure::Failure;

    fn outcome(invariants: &Value, state: RunState) -> RunOutcome {
        let summary = json!({
            "name": "small", "seed": 1, "version": "0.1.0", "protocol": "D26", "trace_hash": "00", "virtual_seconds": 1.0,
            "wall_seconds": 1.0, "events": 1, "transactions": 1, "rounds": 1, "partial": false, "kpis": {},
            "invariants": invariants,
        });
        let summary = serde_json::from_value(summary).expect("the figures of a run");
        RunOutcome { dir: PathBuf::from("runs/small-1"), summary, state }
    }

    #[test]
    fn a_run_ends_well_only_when_all_invariants_hold() {
        let good = outcome(&json!({"supply": "ok", "escrow": "ok"}), RunState::Done);
        assert_eq!(verdict(&good), Ok(()));
        assert_eq!(invariants(&good.summary), "all 2 hold");

        let bad = outcome(&json!({"supply": "1 LPT is lost", "escrow": "ok"}), RunState::Done);
        assert_eq!(invariants(&bad.summary), "1 of 2 broken:\n  supply: 1 LPT is lost");
        let failure = verdict(&bad).expect_err("an invariant is broken");
        assert_eq!(failure.code(), ExitCode::from(3));
        assert_eq!(
            failure.to_string(),
            "error: broken: supply\nhelp: `weir sim replay runs/small-1` makes the same run again"
        );
    }

    #[test]
    fn a_run_that_was_cut_short_is_no_verdict() {
        let cut = outcome(&json!({"supply": "1 LPT is lost"}), RunState::Cancelled);
        assert!(matches!(verdict(&cut), Err(Failure::Interrupted { .. })));
    }
}
