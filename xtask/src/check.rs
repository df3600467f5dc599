//! The tests and the lints, as everyone runs them.

use eyre::{Result, bail};
use xtask::packages::{self, Need};
use xtask::{circles, floors, stamp, tidy};

use crate::contracts;

/// Runs all tests and holds the contracts' artifacts against their sources, unless both passed on
/// exactly these files before.
pub(crate) fn test(force: bool) -> Result<()> {
    let file = crate::target_directory()?.join("tests-passed");
    // Without git there is no list of the files, and the tests simply run.
    let now = xtask::files().and_then(|files| stamp::of(&xtask::root(), &files, &stamp::toolchain()?)).ok();
    if let (false, Some(now)) = (force, &now)
        && stamp::matches(&file, now)
    {
        println!("nothing changed since the tests passed; ./dev test --force runs them again");
        return Ok(());
    }
    packages::ensure_installed(Need::Tests)?;
    // Anvil comes with the packages that compile the contracts. Without it the tests that want it are
    // passed over, which is no proof here.
    contracts::install()?;
    xtask::run_with("cargo", &["test", "--workspace"], &[("WEIR_REQUIRE_ANVIL", "1")])?;
    contracts::run(true)?;
    if let Some(before) = now {
        // A file that changed meanwhile may or may not have been in what was tested.
        let after = xtask::files().and_then(|files| stamp::of(&xtask::root(), &files, &stamp::toolchain()?))?;
        if before == after {
            stamp::write(&file, &before)?;
        }
    }
    println!("all tests passed");
    Ok(())
}

/// Random lives of the protocol that a night has time for.
const NIGHTLY_SEQUENCES: &str = "10000";

/// Seeds over which levels of fidelity are compared.
const NIGHTLY_SEEDS: &str = "200";

/// Runs the tests against the contracts' model for as many random lives as a night allows, from a first
/// seed of the day's own, and those of levels of fidelity over many seeds.
pub(crate) fn nightly(seed: Option<u64>) -> Result<()> {
    packages::ensure_installed(Need::Build)?;
    let days = std::time::UNIX_EPOCH.elapsed().map_or(0, |passed| passed.as_secs() / 86_400);
    let seed = seed.unwrap_or(days * 100_000).to_string();
    let variables = [("WEIR_SEQUENCES", NIGHTLY_SEQUENCES), ("WEIR_SEED", seed.as_str())];
    eprintln!("{NIGHTLY_SEQUENCES} sequences from seed {seed}");
    xtask::run_with("cargo", &["test", "--release", "--workspace", "--test", "it", "--", "model::"], &variables)?;
    eprintln!("levels of fidelity over {NIGHTLY_SEEDS} seeds");
    let levels = ["test", "--release", "-p", "weir-lab", "--test", "it", "--", "fidelity::"];
    xtask::run_with("cargo", &levels, &[("WEIR_SEEDS", NIGHTLY_SEEDS)])
}

/// Format, clippy, dependencies, floors, circles and tidiness.
pub(crate) fn lint() -> Result<()> {
    packages::ensure_installed(Need::Build)?;
    let mut failed = Vec::new();
    let mut note = |name: &str, result: Result<()>| {
        if let Err(error) = result {
            eprintln!("error: {error:#}");
            failed.push(name.to_owned());
        }
    };
    note("fmt", xtask::run("cargo", &["fmt", "--all", "--check"]));
    note("clippy", xtask::run("cargo", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]));
    if xtask::has("cargo", &["deny", "--version"]) {
        note("deny", xtask::run("cargo", &["deny", "check", "bans", "licenses", "sources"]));
    } else {
        eprintln!(
            "cargo-deny is not installed: licenses and sources are not checked (cargo install --locked cargo-deny)"
        );
    }
    note("floors", floors::read().and_then(|graph| complaints(&floors::check(&graph))));
    note("circles", circles::check().and_then(|found| complaints(&found)));
    note("tidy", tidy::check().and_then(|found| complaints(&found)));
    if failed.is_empty() {
        println!("all lints passed");
        return Ok(());
    }
    bail!("failed: {}", failed.join(", "))
}

fn complaints(found: &[String]) -> Result<()> {
    if found.is_empty() { Ok(()) } else { bail!("{}", found.join("\n")) }
}
