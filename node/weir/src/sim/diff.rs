//! `weir sim diff`: where two runs part.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use weir_lab::{Comparison, Differing, NamedEvent};

use super::{event, from_lab};
use crate::failure::Failure;
use crate::output;

/// What is compared.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Folder that `weir sim run` left.
    run_a: PathBuf,
    /// Another one.
    run_b: PathBuf,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

/// Compares two runs.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { run_a, run_b, json } = arguments;
    let comparison = weir_lab::compare(run_a, run_b).map_err(|error| from_lab(&error))?;
    if *json {
        let mut object = json!(comparison);
        object["equal"] = comparison.equal().into();
        output::result(&object.to_string());
    } else {
        show(&comparison, run_a, run_b);
    }
    match &comparison.fork {
        Some(fork) => {
            let (a, n) = (run_a.display(), fork.event);
            Err(Failure::broken(format!("the runs part at event {n}"))
                .help(format!("`weir sim replay {a} --until event:{n}` shows the world just before")))
        }
        None if !comparison.equal() => Err(Failure::broken("the same events, and other figures")
            .help("another version of weir made one of the runs, or its summary was changed")),
        None => Ok(()),
    }
}

fn show(c: &Comparison, a: &Path, b: &Path) {
    output::result(&format!("a           {}\nb           {}", a.display(), b.display()));
    output::result(&format!("in common   {} events", c.common_events));
    if let Some(fork) = &c.fork {
        if let Some(last) = &fork.last {
            output::result(&format!("the last    {}", event(last)));
        }
        output::result(&format!("a goes on   {}", lines(&fork.a)));
        output::result(&format!("b goes on   {}", lines(&fork.b)));
    }
    for (title, list) in [("settings", &c.settings), ("figures", &c.kpis)] {
        output::result(&format!("{title:12}{}", differing(list)));
    }
}

/// Events below each other.
fn lines(events: &[NamedEvent]) -> String {
    match events {
        [] => "no more: it ends here".to_owned(),
        all => all.iter().map(event).collect::<Vec<_>>().join("\n            "),
    }
}

fn differing(list: &[Differing]) -> String {
    let text = |v: &Value| if v.is_null() { "none".to_owned() } else { v.to_string() };
    let line = |d: &Differing| format!("\n  {}: {} in a, {} in b", d.key, text(&d.a), text(&d.b));
    match list {
        [] => "the same".to_owned(),
        all => format!("{} differ{}", all.len(), all.iter().map(line).collect::<String>()),
    }
}
