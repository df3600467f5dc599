//! The sources are tidy, and the check would notice if they were not.

use xtask::tidy::{LINES_MAX, check, manifest, source};

#[test]
fn the_sources_are_tidy() {
    assert_eq!(check().expect("readable sources"), Vec::<String>::new());
}

#[test]
fn what_is_not_tidy_is_caught() {
    let line = |text: &str| source("a.rs", &format!("fn f() {{}}\n{text}\n"));
    assert_eq!(line("fn g() {}"), Vec::<String>::new());
    for word in [format!("#[{}]", "ignore"), format!("#[{} = \"slow\"]", "ignore"), format!("    {}!()", "todo")] {
        let found = line(&word);
        assert_eq!(found.len(), 1, "{word}: {found:?}");
        assert!(found[0].starts_with("a.rs:2: "), "{found:?}");
    }
    let long = "\n".repeat(LINES_MAX + 1);
    assert_eq!(source("a.rs", &long).len(), 1);
    assert_eq!(source("a.sol", &long).len(), 1);
    assert_eq!(source("a.rs", &long[1..]), Vec::<String>::new());
}

#[test]
fn a_manifest_without_the_lints_of_the_workspace_is_caught() {
    let good = "[package]\ndescription = \"x\"\n\n[lints]\nworkspace = true\n";
    assert_eq!(manifest("a/Cargo.toml", good), Vec::<String>::new());
    assert_eq!(manifest("a/Cargo.toml", &good.replace("[lints]", "[lints.rust]")).len(), 1);
    assert_eq!(manifest("a/Cargo.toml", &good.replace("description", "# description")).len(), 1);
}
