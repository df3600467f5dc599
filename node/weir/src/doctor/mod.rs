//! `weir doctor`: what this machine has for Weir, and what it lacks.

mod install;

use std::fmt::Write as _;

use clap::{Args, ValueEnum};
use serde::Serialize;
use weir_anvil::{AnvilError, VERSION, program};

use crate::failure::Failure;
use crate::output;

/// What to look at or to install.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Install a program for this user.
    #[arg(long, value_enum, value_name = "PROGRAM")]
    install: Option<Program>,
    /// Print what was found as one JSON object.
    #[arg(long)]
    json: bool,
}

/// Programs that Weir can use and does not bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Program {
    /// Foundry's development chain, which the embedded chain can be compared with.
    Anvil,
}

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// As it should be.
    Good,
    /// Not there, and not needed by everybody.
    Missing,
    /// There, and not as it should be.
    Bad,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    state: State,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

/// Looks, and installs what was asked for before.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.install == Some(Program::Anvil) {
        let path = install::anvil()?;
        output::talk(&format!("Anvil {VERSION} is at {}", path.display()));
    }
    let findings = [cores(), folder(), libav(), anvil()];
    if arguments.json {
        let by_name: std::collections::BTreeMap<&str, &Finding> = findings.iter().map(|f| (f.what, f)).collect();
        output::result(&serde_json::to_string_pretty(&by_name).map_err(eyre::Report::from)?);
    } else {
        output::result(text(&findings).trim_end());
    }
    match findings.iter().filter(|f| f.state == State::Bad).count() {
        0 => Ok(()),
        bad => Err(Failure::failed(format!("{bad} of {} things are not as they should be", findings.len()))),
    }
}

fn text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for f in findings {
        let state = match f.state {
            State::Good => "ok",
            State::Missing => "missing",
            State::Bad => "bad",
        };
        let _ = writeln!(text, "{:8} {:8} {}", f.what, state, f.found);
        if let Some(help) = &f.help {
            let _ = writeln!(text, "{:17} {help}", "");
        }
    }
    text
}

fn cores() -> Finding {
    let found = std::thread::available_parallelism().map_or_else(|e| e.to_string(), |n| format!("{n}"));
    Finding { what: "cores", state: State::Good, found, help: None }
}

/// Whether the folder for installed programs can be written.
fn folder() -> Finding {
    let Some(folder) = weir_anvil::tools_folder() else {
        let help = Some("set HOME or XDG_DATA_HOME".to_owned());
        return Finding { what: "tools", state: State::Bad, found: "no home for programs".into(), help };
    };
    let tried = std::fs::create_dir_all(&folder).and_then(|()| tempfile::tempfile_in(&folder).map(drop));
    let (state, found, help) = match tried {
        Ok(()) => (State::Good, folder.display().to_string(), None),
        Err(e) => {
            let help = "make it writable, or name another with XDG_DATA_HOME".to_owned();
            (State::Bad, format!("{}: {e}", folder.display()), Some(help))
        }
    };
    Finding { what: "tools", state, found, help }
}

fn libav() -> Finding {
    let found = format!("libavcodec {}", weir_media::libav_version());
    Finding { what: "libav", state: State::Good, found, help: None }
}

fn anvil() -> Finding {
    let what = "anvil";
    let install = Some("weir doctor --install anvil".to_owned());
    let path = match program::find(None) {
        Ok(path) => path,
        Err(AnvilError::NotFound { .. }) => {
            return Finding {
                what,
                state: State::Missing,
                found: "not needed but to compare chains".into(),
                help: install,
            };
        }
        Err(e) => return Finding { what, state: State::Bad, found: e.to_string(), help: install },
    };
    let (state, found, help) = match program::version(&path) {
        Ok(version) if version == VERSION => (State::Good, format!("{version} at {}", path.display()), None),
        Ok(version) => {
            let help = Some(format!("Weir is tested with {VERSION}: weir doctor --install anvil"));
            (State::Good, format!("{version} at {}", path.display()), help)
        }
        Err(e) => (State::Bad, e.to_string(), install),
    };
    Finding { what, state, found, help }
}
