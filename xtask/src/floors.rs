//! Which crate may use which: a crate uses crates of lower floors only.

use std::collections::BTreeMap;

use cargo_metadata::{DependencyKind, MetadataCommand};
use eyre::{Context, Result};

/// Every crate of the workspace and its floor, as ARCHITECTURE.md draws them.
pub const FLOORS: [(&str, u8); 20] = [
    ("weir-types", 1),
    ("weir-anvil", 1),
    ("weir-wire", 2),
    ("weir-contracts", 2),
    ("weir-ticket", 3),
    ("weir-market", 3),
    ("weir-evm", 4),
    ("weir-roles", 4),
    ("weir-kernel", 5),
    ("weir-chain", 5),
    ("weir-media", 5),
    ("weir-store", 5),
    ("weir-behave", 6),
    ("weir-report", 6),
    ("weir-lab", 7),
    ("weir-sweep", 8),
    ("weir-benches", 9),
    ("weir-conformance", 9),
    ("weir", 9),
    ("xtask", 9),
];

/// Crates that no task runtime, socket or clock may reach, however many crates lie between.
pub const SANS_IO: [&str; 7] =
    ["weir-types", "weir-wire", "weir-ticket", "weir-market", "weir-roles", "weir-kernel", "weir-behave"];

/// What a crate with one of these below it could do, and must not.
pub const IO_CRATES: [&str; 8] = ["tokio", "async-std", "smol", "mio", "socket2", "hyper", "reqwest", "alloy-provider"];

/// Who uses whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Graph {
    /// Crates of the workspace and the crates of the workspace that each names in its manifest, for
    /// tests and build scripts too.
    pub members: BTreeMap<String, Vec<String>>,
    /// Crates that must stay free of I/O, and the crates of [`IO_CRATES`] that each reaches.
    pub reaches: BTreeMap<String, Vec<String>>,
}

/// Reads the graph with `cargo metadata`.
///
/// # Errors
/// When cargo cannot say.
pub fn read() -> Result<Graph> {
    let metadata = MetadataCommand::new().current_dir(crate::root()).exec().context("cargo metadata failed")?;
    let members = metadata.workspace_packages();
    let is_member = |name: &str| members.iter().any(|package| package.name == name);
    let mut graph = Graph::default();
    for package in &members {
        let names = package.dependencies.iter().filter(|d| is_member(&d.name)).map(|d| d.name.clone());
        graph.members.insert(package.name.to_string(), names.collect());
    }
    let names: BTreeMap<_, _> = metadata.packages.iter().map(|p| (&p.id, p.name.as_str())).collect();
    let nodes: BTreeMap<_, _> =
        metadata.resolve.iter().flat_map(|resolve| &resolve.nodes).map(|node| (&node.id, node)).collect();
    for package in members.iter().filter(|package| SANS_IO.contains(&package.name.as_str())) {
        let mut seen = vec![&package.id];
        let mut next = 0;
        while let Some(id) = seen.get(next).copied() {
            next += 1;
            for dependency in nodes.get(id).iter().flat_map(|node| &node.deps) {
                let linked = dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal);
                if linked && !seen.contains(&&dependency.pkg) {
                    seen.push(&dependency.pkg);
                }
            }
        }
        let reached = seen.iter().filter_map(|id| names.get(id)).filter(|name| IO_CRATES.contains(name));
        graph.reaches.insert(package.name.to_string(), reached.map(|name| (*name).to_owned()).collect());
    }
    Ok(graph)
}

/// What is wrong with a graph, one line each.
#[must_use]
pub fn check(graph: &Graph) -> Vec<String> {
    let floors = BTreeMap::from(FLOORS);
    let floor = |name: &str| floors.get(name).copied();
    let mut found = Vec::new();
    for (name, uses) in &graph.members {
        let Some(own) = floor(name) else {
            found.push(format!("{name} has no floor: add it to xtask/src/floors.rs and ARCHITECTURE.md"));
            continue;
        };
        for used in uses {
            match floor(used) {
                Some(below) if below < own => {}
                Some(level) => {
                    found.push(format!("{name} (floor {own}) uses {used} (floor {level}): imports go down only"));
                }
                None => {} // Reported under its own name.
            }
        }
    }
    for name in floors.keys().filter(|name| !graph.members.contains_key(**name)) {
        found.push(format!("{name} has a floor and is no crate of the workspace"));
    }
    for (name, reached) in &graph.reaches {
        for used in reached {
            found.push(format!("{name} reaches {used}: it takes time, randomness and I/O from outside"));
        }
    }
    found
}
