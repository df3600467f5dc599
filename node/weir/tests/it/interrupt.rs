//! Ctrl-C stops a run in good order.

#[cfg(unix)]
#[test]
fn an_interrupted_run_keeps_what_it_has() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    use crate::support::{save, scenario, weir};

    let folder = tempfile::tempdir().expect("a temporary folder");
    // Far more rounds than pass before the signal comes.
    let text = scenario(&[
        ("count = 60\n", "count = 6\n"),
        ("active = 50", "active = 5"),
        ("count = 25\n", "count = 3\n"),
        ("count = 1500", "count = 20"),
        ("count = 4\n", "count = 500\n"),
    ]);
    let path = save(folder.path(), &text);
    let out = folder.path().join("out");
    let child = Command::new(env!("CARGO_BIN_EXE_weir"))
        .args(["sim", "run", "--no-report", "--out"])
        .arg(&out)
        .arg(&path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // Events are on disk: the run is under way and Ctrl-C is listened for.
    let under_way = || out.join("trace.jsonl").metadata().is_ok_and(|file| file.len() > 100_000);
    let limit = Instant::now() + Duration::from_secs(120);
    while !under_way() && Instant::now() < limit {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(under_way(), "the run did not start within two minutes");
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill is there");
    assert!(sent.success());
    let output = child.wait_with_output().expect("the program ends");
    let talk = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{talk}");
    assert!(talk.contains("stopping") && talk.contains("interrupted"), "{talk}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("trace hash"), "what was done is summed up");
    let run = std::fs::read_to_string(out.join("run.json")).expect("a run says how it ended");
    assert!(run.contains("\"cancelled\""), "{run}");
    weir().args(["sim", "replay"]).arg(&out).assert().code(0);
}
