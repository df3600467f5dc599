//! System packages: which are needed, which are missing, how they come in.

use std::fs;
use std::path::Path;
use std::process::Command;

use eyre::{Context, Result, bail, ensure};

/// Debian packages that the media crate is built and tested with.
const DEBIAN: [&str; 11] = [
    "clang",
    "libclang-dev",
    "pkg-config",
    "libavcodec-dev",
    "libavformat-dev",
    "libavutil-dev",
    "libavfilter-dev",
    "libavdevice-dev",
    "libswscale-dev",
    "libswresample-dev",
    "ffmpeg",
];

/// Debian packages of the programs that spread sweeps, each of which a test tries.
const ENGINES: [&str; 4] = ["parallel", "slurm-wlm", "munge", "nats-server"];

/// What `pkg-config` calls the libraries among them.
const LIBRARIES: [&str; 7] =
    ["libavcodec", "libavformat", "libavutil", "libavfilter", "libavdevice", "libswscale", "libswresample"];

/// What a task needs beyond a Rust toolchain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Build and run.
    Build,
    /// Build, run, and compile the contracts.
    BuildAndContracts,
    /// All that the tests use.
    Tests,
}

/// Installs what is missing on Debian and its kin; elsewhere says what is.
///
/// # Errors
/// When something is missing and cannot be installed here.
pub fn ensure_installed(need: Need) -> Result<()> {
    let nodejs = need != Need::Build && !(crate::has("node", &["--version"]) && crate::has("npm", &["--version"]));
    if Path::new("/usr/bin/dpkg-query").is_file() {
        let mut missing = missing_from(&DEBIAN, &dpkg_states(&DEBIAN)?);
        if need == Need::Tests {
            missing.extend(missing_from(&ENGINES, &dpkg_states(&ENGINES)?));
        }
        if nodejs {
            missing.extend(["nodejs", "npm"]);
        }
        return if missing.is_empty() { Ok(()) } else { apt_install(&missing) };
    }
    let mut missing: Vec<&str> = Vec::new();
    if !crate::has("clang", &["--version"]) {
        missing.push("clang with libclang");
    }
    if !crate::has("ffmpeg", &["-version"]) {
        missing.push("ffmpeg");
    }
    if crate::has("pkg-config", &["--version"]) {
        missing.extend(LIBRARIES.into_iter().filter(|name| !crate::has("pkg-config", &["--exists", name])));
    } else {
        missing.push("pkg-config, and the development files of FFmpeg's libraries");
    }
    if nodejs {
        missing.push("Node.js 18 or later with npm");
    }
    if need == Need::Tests {
        missing.extend(engines_missing());
    }
    if missing.is_empty() {
        return Ok(());
    }
    bail!("missing on this system: {}\nhelp: {}", missing.join(", "), hint())
}

/// Programs that spread sweeps and are not here. Slurm runs on Linux alone, and so does its test.
fn engines_missing() -> impl Iterator<Item = &'static str> {
    let engines = [
        ("parallel", "--version", "GNU parallel", true),
        ("nats-server", "--version", "nats-server", std::env::var_os("WEIR_NATS_SERVER").is_none()),
        ("sbatch", "--version", "Slurm", cfg!(target_os = "linux")),
        ("munge", "--version", "MUNGE", cfg!(target_os = "linux")),
    ];
    let missing = |(program, flag, _, needed): &(&str, &str, _, bool)| *needed && !crate::has(program, &[flag]);
    engines.into_iter().filter(missing).map(|(_, _, name, _)| name)
}

/// One command that brings everything in, by system.
fn hint() -> String {
    let system = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let named = |word: &str| system.lines().any(|line| line.starts_with("ID") && line.contains(word));
    if cfg!(target_os = "macos") {
        "brew install llvm pkg-config ffmpeg node, then run this again".to_owned()
    } else if named("fedora") || named("rhel") {
        "dnf install clang clang-devel pkgconf ffmpeg ffmpeg-devel nodejs npm (ffmpeg-devel is in RPM Fusion), then run this again".to_owned()
    } else if named("arch") {
        "pacman -S clang pkgconf ffmpeg nodejs npm, then run this again".to_owned()
    } else {
        "install them with your system's package manager and run this again".to_owned()
    }
}

fn dpkg_states(packages: &[&str]) -> Result<String> {
    // It ends with 1 as soon as one of the packages is unknown, and still lists the others.
    let output = Command::new("dpkg-query")
        .args(["--show", "--showformat=${Package} ${db:Status-Status}\\n"])
        .args(packages)
        .output()
        .context("dpkg-query did not start")?;
    String::from_utf8(output.stdout).context("dpkg-query printed no UTF-8")
}

fn missing_from(packages: &[&'static str], states: &str) -> Vec<&'static str> {
    packages
        .iter()
        .copied()
        .filter(|package| !states.lines().any(|line| line.split_once(' ') == Some((package, "installed"))))
        .collect()
}

fn apt_install(missing: &[&str]) -> Result<()> {
    let by_hand = format!("sudo apt-get update && sudo apt-get install {}", missing.join(" "));
    eprintln!("installing {}", missing.join(" "));
    let root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    ensure!(root || crate::has("sudo", &["--version"]), "no right to install packages\nhelp: run as root: {by_hand}");
    let apt = |arguments: &[&str]| {
        let mut command = if root { Command::new("env") } else { Command::new("sudo") };
        command.args(if root { &[][..] } else { &["env"][..] }).args([
            "DEBIAN_FRONTEND=noninteractive",
            "apt-get",
            "-q",
        ]);
        command.args(arguments).status().is_ok_and(|status| status.success())
    };
    let install: Vec<&str> =
        ["install", "--yes", "--no-install-recommends"].into_iter().chain(missing.iter().copied()).collect();
    // An outdated list is only a problem when the package cannot be had from it.
    if !apt(&["update"]) {
        eprintln!("the package lists could not be renewed; trying with those that are here");
    }
    ensure!(apt(&install), "apt-get could not install {}\nhelp: {by_hand}", missing.join(" "));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{DEBIAN, missing_from};

    #[test]
    fn only_installed_packages_count() {
        let all: String = DEBIAN.iter().map(|package| format!("{package} installed\n")).collect();
        assert_eq!(missing_from(&DEBIAN, &all), Vec::<&str>::new());
        assert_eq!(missing_from(&DEBIAN, &all.replace("ffmpeg installed", "ffmpeg config-files")), ["ffmpeg"]);
        assert_eq!(missing_from(&DEBIAN, ""), DEBIAN);
    }
}
