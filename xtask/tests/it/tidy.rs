//! The sources are tidy, and the check would notice if they were not.

use xtask::tidy::{LINES_MAX, check, links, manifest, source, undocumented};

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

#[test]
fn a_link_to_nowhere_is_caught() {
    let exists = |path: &std::path::Path| path == std::path::Path::new("docs/there.md");
    let text = "[a](there.md) and [b](there.md#part) and [c](https://example.org)\n![d](gone.svg)\n[e](#here)\n";
    assert_eq!(links("docs/page.md", text, &exists), ["docs/page.md:2: there is no gone.svg"]);
}

#[test]
fn a_key_that_nobody_explains_is_caught() {
    let docs = "## `[chain]`\n`seconds`, `kind`, `name`\n";
    let scenario = "name = \"a\"\n[chain]\nseconds = { kind = \"fixed\", value = 1 }\n";
    let found = undocumented("a.toml", scenario, docs).expect("valid TOML");
    assert_eq!(found, ["a.toml: docs/scenarios.md does not explain `value`"]);
}
