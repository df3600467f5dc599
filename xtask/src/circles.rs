//! Modules of a crate form a hierarchy too: none of them may use, around any corner, one that uses it.
//!
//! What counts is a top-level module with everything below it. A path that starts at the crate's root is
//! followed through what the root file re-exports. Tests inside a file may use what they like.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::MetadataCommand;
use eyre::{Context, Result};

/// How a path from the crate's root begins.
const ROOT: &str = "crate::";

/// Who uses whom among the top-level modules of one crate.
pub type Uses = BTreeMap<String, BTreeSet<String>>;

/// Circles in all crates of the workspace, one line each.
///
/// # Errors
/// When cargo cannot say what the crates are, or a file cannot be read.
pub fn check() -> Result<Vec<String>> {
    let metadata =
        MetadataCommand::new().no_deps().current_dir(crate::root()).exec().context("cargo metadata failed")?;
    let mut found = Vec::new();
    for package in metadata.workspace_packages() {
        for target in package.targets.iter().filter(|t| t.is_lib() || t.is_bin()) {
            let file = target.src_path.as_std_path();
            let all = files(file).with_context(|| format!("reading {}", file.display()))?;
            let root = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
            found.extend(
                circles(&uses(&root, &all)).iter().map(|circle| {
                    format!("{}: modules use each other in a circle: {}", target.name, circle.join(" -> "))
                }),
            );
        }
    }
    Ok(found)
}

/// Texts of all source files beside a root file, each with the name of its top-level module.
fn files(root: &Path) -> std::io::Result<Vec<(String, String)>> {
    let mut all = Vec::new();
    let folder = root.parent().unwrap_or(Path::new("."));
    let mut open: Vec<(Option<String>, PathBuf)> = vec![(None, folder.to_path_buf())];
    while let Some((above, folder)) = open.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
            let module = above.clone().unwrap_or_else(|| name.clone());
            if path.is_dir() {
                open.push((Some(module), path));
            } else if path.extension().is_some_and(|e| e == "rs") && !(above.is_none() && is_root(&name)) {
                all.push((module, fs::read_to_string(path)?));
            }
        }
    }
    Ok(all)
}

fn is_root(stem: &str) -> bool {
    stem == "lib" || stem == "main"
}

/// Who uses whom, by the text of the root file and those of the modules.
#[must_use]
pub fn uses(root: &str, files: &[(String, String)]) -> Uses {
    let modules: BTreeSet<&str> = files.iter().map(|(module, _)| module.as_str()).collect();
    let mut homes: BTreeMap<String, &str> = BTreeMap::new();
    for statement in code(root).split(';') {
        let Some((before, path)) = statement.split_once("use ") else { continue };
        let Some((module, names)) = path.trim_start_matches("crate::").split_once("::") else { continue };
        if let (true, Some(module)) = (before.trim_end().ends_with("pub"), modules.get(module)) {
            homes.extend(words(names).map(|name| (name.to_owned(), *module)));
        }
    }
    let mut uses = Uses::new();
    for (module, text) in files {
        let text = code(text);
        let at_root = |at: &usize| !text[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let paths = text.match_indices(ROOT).map(|(at, _)| at).filter(at_root);
        let used = paths.flat_map(|at| names_at(&text[at + ROOT.len()..]));
        let used = used.filter_map(|name| modules.get(name).or_else(|| homes.get(name)).copied());
        uses.entry(module.clone()).or_default().extend(used.filter(|used| used != module).map(str::to_owned));
    }
    uses
}

/// The text without comments and without the tests at its end.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// First names of the path, or of the paths in braces, that a text begins with.
fn names_at(text: &str) -> Vec<&str> {
    let Some(group) = text.strip_prefix('{') else { return words(text).take(1).collect() };
    let mut depth = 0_u32;
    let end = group.char_indices().find_map(|(at, c)| match c {
        '{' => {
            depth += 1;
            None
        }
        '}' if depth == 0 => Some(at),
        '}' => {
            depth -= 1;
            None
        }
        _ => None,
    });
    let group = &group[..end.unwrap_or(group.len())];
    let (mut names, mut rest) = (Vec::new(), group);
    while let Some(name) = words(rest).next() {
        names.push(name);
        let mut depth = 0_u32;
        let comma = rest.char_indices().find_map(|(at, c)| {
            match c {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                ',' if depth == 0 => return Some(at),
                _ => {}
            }
            None
        });
        let Some(comma) = comma else { break };
        rest = &rest[comma + 1..];
    }
    names
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// One circle for each set of modules that use each other, shortest way round, from the first by name.
#[must_use]
pub fn circles(uses: &Uses) -> Vec<Vec<String>> {
    let mut told: BTreeSet<String> = BTreeSet::new();
    let mut found = Vec::new();
    for module in uses.keys() {
        if !told.contains(module)
            && let Some(circle) = way_back(uses, module)
        {
            told.extend(circle.iter().cloned());
            found.push(circle);
        }
    }
    found
}

fn way_back(uses: &Uses, to: &str) -> Option<Vec<String>> {
    let mut ways = vec![vec![to.to_owned()]];
    let mut seen = BTreeSet::new();
    let mut next = 0;
    while let Some(way) = ways.get(next).cloned() {
        next += 1;
        for used in way.last().and_then(|last| uses.get(last)).into_iter().flatten() {
            let mut longer = way.clone();
            longer.push(used.clone());
            if used == to {
                return Some(longer);
            }
            if seen.insert(used.clone()) {
                ways.push(longer);
            }
        }
    }
    None
}
