//! Circles among modules are found, and the workspace has none.

use xtask::circles;

fn found(root: &str, files: &[(&str, &str)]) -> Vec<String> {
    let files: Vec<_> = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    circles::circles(&circles::uses(root, &files)).iter().map(|circle| circle.join(" ")).collect()
}

#[test]
fn a_circle_is_found_however_the_path_is_written() {
    let a = ("a", "use crate::b::B;\nfn f() {}");
    for b in [
        "use crate::a::A;",
        "use crate::{c::{D, E}, a::A};",
        "fn f() { crate::a::g(); }",
        "use crate::{Other, A};",
        "impl crate::A {}",
    ] {
        let root = "mod a;\nmod b;\nmod c;\npub use a::{A, G};\npub(crate) use c::Other;\n";
        assert_eq!(found(root, &[a, ("b", b), ("c", "")]), ["a b a"], "{b}");
    }
    let three = [("x", "use crate::y;"), ("y", "use crate::z;"), ("z", "use crate::x;"), ("w", "use crate::x;")];
    assert_eq!(found("", &three), ["x y z x"], "who uses a circle is in none");
}

#[test]
fn what_is_no_use_is_no_circle() {
    let a = ("a", "use crate::b::B;");
    for b in [
        "/// See [`crate::a::A`].\nstruct B; // crate::a",
        "use crate::b::inner;\nuse other_crate::a;",
        "struct B;\n#[cfg(test)]\nmod tests { use crate::a::A; }",
        "use crate::c::a;",
    ] {
        assert!(found("pub use a::A;", &[a, ("b", b), ("c", "")]).is_empty(), "{b}");
    }
}

#[test]
fn no_crate_of_the_workspace_has_one() {
    let found = circles::check().expect("the sources are read");
    assert!(found.is_empty(), "{}", found.join("\n"));
}
