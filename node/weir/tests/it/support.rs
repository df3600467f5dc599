//! The program and a small network for it.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;

/// The program.
pub(crate) fn weir() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    // One that does not end fails its test.
    command.timeout(std::time::Duration::from_secs(300));
    command
}

/// The text of the quickstart scenario with each of the given lines put in the place of another, and
/// without the real stream.
pub(crate) fn scenario(changes: &[(&str, &str)]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/quickstart.toml");
    let mut text = fs::read_to_string(path).expect("the quickstart scenario is part of the project");
    let start = text.find("\n[real_stream]").expect("the quickstart has a real stream");
    let end = text[start..].find("\n[faults]").map(|at| start + at).expect("faults follow");
    text.replace_range(start..end, "");
    for (old, new) in changes {
        assert!(text.contains(old), "the quickstart has no `{old}`");
        text = text.replacen(old, new, 1);
    }
    text
}

/// A network that lives for a moment.
pub(crate) fn small() -> String {
    scenario(&[
        ("name = \"quickstart\"", "name = \"small\""),
        ("count = 60\n", "count = 6\n"),
        ("active = 50", "active = 5"),
        ("count = 25\n", "count = 3\n"),
        ("count = 1500", "count = 20"),
        ("count = 4\n", "count = 1\n"),
    ])
}

/// Writes a scenario into a folder.
pub(crate) fn save(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("scenario.toml");
    fs::write(&path, text).expect("writable");
    path
}

/// A network that lives for less than that.
fn tiny() -> String {
    scenario(&[
        ("name = \"quickstart\"", "name = \"tiny\""),
        ("count = 60\n", "count = 3\n"),
        ("active = 50", "active = 3"),
        ("count = 25\n", "count = 1\n"),
        ("count = 1500", "count = 3"),
        ("count = 4\n", "count = 1\n"),
        ("length_blocks = 75", "length_blocks = 54"),
        ("orchestrator_crashes = 2", "orchestrator_crashes = 0"),
        (
            "streams = { kind = \"ranked\", values = [1.2, 0.7, 0.5, 0.35], tail = 0.88 }",
            "streams = { kind = \"fixed\", value = 12 }",
        ),
    ])
}

/// A folder with a sweep, and with the scenario that it varies.
pub(crate) fn sweep_files(sweep: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("tiny.toml"), tiny()).expect("writable");
    fs::write(folder.path().join("sweep.toml"), sweep).expect("writable");
    folder
}

/// Sends a signal to a process.
#[cfg(unix)]
pub(crate) fn signal(pid: u32, name: &str) {
    let sent = std::process::Command::new("kill").args([name, &pid.to_string()]).status().expect("kill is there");
    assert!(sent.success());
}

/// Runs a command that has to end well.
#[cfg(unix)]
pub(crate) fn sh(command: &mut std::process::Command) {
    let output = command.output().expect("it starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}: {}{}", text(&output.stdout), text(&output.stderr));
}
