//! Imports go down, and the check would notice if they did not.

use xtask::floors::{FLOORS, Graph, check, read};

fn sound() -> Graph {
    let members = FLOORS.iter().map(|(name, _)| ((*name).to_owned(), Vec::new())).collect();
    Graph { members, ..Graph::default() }
}

#[test]
fn imports_go_down() {
    let graph = read().expect("cargo metadata answers");
    assert!(graph.members["weir-roles"].contains(&"weir-types".to_owned()), "the graph has edges");
    assert_eq!(check(&graph), Vec::<String>::new());
}

#[test]
fn a_made_up_import_that_goes_up_or_across_is_caught() {
    for (name, used) in [("weir-types", "weir-lab"), ("weir-ticket", "weir-market"), ("weir-lab", "weir-lab")] {
        let mut graph = sound();
        assert_eq!(check(&graph), Vec::<String>::new());
        graph.members.get_mut(name).expect("a member").push(used.to_owned());
        let found = check(&graph);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(name) && found[0].contains(used), "{found:?}");
    }
}

#[test]
fn a_crate_without_a_floor_and_a_floor_without_a_crate_are_caught() {
    let mut graph = sound();
    graph.members.insert("weir-cellar".to_owned(), vec!["weir-types".to_owned()]);
    graph.members.remove("weir-media");
    let found = check(&graph);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("weir-cellar has no floor"), "{found:?}");
    assert!(found[1].starts_with("weir-media has a floor"), "{found:?}");
}

#[test]
fn a_runtime_below_a_machine_is_caught() {
    let mut graph = sound();
    graph.reaches.insert("weir-roles".to_owned(), vec!["tokio".to_owned()]);
    let found = check(&graph);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("weir-roles reaches tokio"), "{found:?}");
}
