//! Where the program is.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::AnvilError;

/// The version that Weir is tested against.
pub const VERSION: &str = "1.7.1";

/// The folder for programs that Weir installs for a user: `$XDG_DATA_HOME/weir/tools`, or that in the home.
#[must_use]
pub fn tools_folder() -> Option<PathBuf> {
    let given = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let data = given("XDG_DATA_HOME").or_else(|| Some(given("HOME")?.join(".local/share")))?;
    Some(data.join("weir/tools"))
}

/// Name of the npm package that holds one of Foundry's programs for this machine.
#[must_use]
pub fn package(tool: &str) -> String {
    let os = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
    let cpu = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    format!("@foundry-rs/{tool}-{os}-{cpu}")
}

/// Where `./dev test` installs one of Foundry's programs for a checkout.
#[must_use]
pub fn in_checkout(tool: &str) -> PathBuf {
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts/node_modules");
    packages.join(package(tool)).join("bin").join(tool)
}

/// A place where the program may be, and how to call it in a message.
fn places() -> Vec<(String, PathBuf)> {
    let mut places = Vec::new();
    if let Some(folder) = tools_folder() {
        let path = folder.join("anvil");
        places.push((path.display().to_string(), path));
    }
    for folder in env::var_os("PATH").iter().flat_map(env::split_paths) {
        places.push(("PATH".to_owned(), folder.join("anvil")));
    }
    places.push(("the packages of the checkout".to_owned(), in_checkout("anvil")));
    places
}

/// Where Anvil is: at the path that is given, else at the one in `WEIR_ANVIL`, else where
/// `weir doctor --install anvil` puts it, on `PATH`, or among the packages of the checkout.
///
/// # Errors
/// It is at none of these places. One that is named is not looked for elsewhere.
pub fn find(named: Option<&Path>) -> Result<PathBuf, AnvilError> {
    let by_variable = env::var_os("WEIR_ANVIL").map(PathBuf::from);
    if let Some(path) = named.map(Path::to_path_buf).or(by_variable) {
        return if path.is_file() {
            Ok(path)
        } else {
            Err(AnvilError::NotFound { looked_at: vec![path.display().to_string()] })
        };
    }
    let places = places();
    let found = places.iter().find(|(_, path)| path.is_file());
    found.map(|(_, path)| path.clone()).ok_or_else(|| {
        let mut looked_at: Vec<String> = places.into_iter().map(|(name, _)| name).collect();
        looked_at.dedup();
        AnvilError::NotFound { looked_at }
    })
}

/// What a program says of its version, for instance `1.7.1`.
///
/// # Errors
/// It does not start, or is not Anvil.
pub fn version(program: &Path) -> Result<String, AnvilError> {
    let output = Command::new(program)
        .arg("--version")
        .output()
        .map_err(|source| AnvilError::Start { program: program.to_path_buf(), source })?;
    let said = String::from_utf8_lossy(&output.stdout);
    let version = said.lines().next().and_then(|line| {
        let line = line.strip_prefix("anvil").or_else(|| line.strip_prefix("Anvil"))?;
        let line = line.trim_start_matches(" Version:").trim();
        Some(line.split(['-', ' ']).next().unwrap_or(line).to_owned())
    });
    version.ok_or_else(|| AnvilError::NotAnvil { program: program.to_path_buf(), said: said.trim().to_owned() })
}

/// Whether there is an Anvil for a test that needs one. Without one the test is passed over, with a word,
/// unless `WEIR_ANVIL` or `WEIR_REQUIRE_ANVIL` asks for it: the tests run without a network too.
///
/// # Panics
/// It is asked for and not there.
#[must_use]
pub fn is_here() -> Option<PathBuf> {
    match find(None) {
        Ok(path) => Some(path),
        Err(error) => {
            let asked = ["WEIR_ANVIL", "WEIR_REQUIRE_ANVIL"].into_iter().any(|name| env::var_os(name).is_some());
            assert!(!asked, "{error}");
            eprintln!("passed over: {error}");
            None
        }
    }
}
