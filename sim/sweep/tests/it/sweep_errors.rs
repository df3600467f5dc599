//! Wrong sweeps are answered with file, line and what to do.

use std::fs;

use weir_sweep::{Plan, Source, SweepError};

use crate::support::{SWEEP, source, tiny};

struct Case {
    from: &'static str,
    to: &'static str,
    /// Text whose line the error must name.
    on: &'static str,
    says: &'static str,
    help: &'static str,
}

const fn case(from: &'static str, to: &'static str, on: &'static str, says: &'static str, help: &'static str) -> Case {
    Case { from, to, on, says, help }
}

const VALUES: &str = "values = [0.45, 0.5]";
const GRID: &str = "kind = \"grid\"";

/// What a sweep file says wrong about itself.
const FILES: &[Case] = &[
    case("count = 2", "cuont = 2", "cuont", "unknown key `cuont`", "did you mean `count`"),
    case("first = 1\n", "", "[seeds]", "missing key `first`", "docs/sweeps.md"),
    case("name = \"small\"", "name = \"A b\"", "name =", "cannot name a folder", "lower-case"),
    case("count = 2", "count = 0", "count = 0", "no seed, no run", "1 or more"),
    case("first = 1", "first = 9_223_372_036_854_775_807", "first", "is too large", "below 2^63"),
    case("\"grid\"", "\"gird\"", "gird", "unknown variant `gird`", "docs/sweeps.md"),
    case("\"grid\"", "\"list\"", "\"list\"", "a list without arms", "[[arms]]"),
    case("\"grid\"", "\"sobol\"", "[design]", "how many points is not said", "samples"),
    case("\"grid\"", "\"sobol\"\nsamples = 0", "samples = 0", "no point, no run", "1 or more"),
    case(GRID, "kind = \"grid\"\nsamples = 3", "samples = 3", "say themselves", "remove it"),
    case(GRID, "kind = \"grid\"\nseed = 3", "seed = 3", "nothing is drawn", "[seeds]"),
    case("[measure]", "[[arms]]\nname = \"a\"\n[measure]", "[[arms]]", "only a list has arms", "remove"),
    case(VALUES, "", "key = ", "no values", "`from` and `to`"),
    case(VALUES, "values = []", "values", "no value, no run", "one or more"),
    case(VALUES, "values = [1, 2, 1]", "values", "1 twice", "remove one"),
    case(VALUES, "values = [1]\nfrom = 1\nto = 2", "values", "values or a range", "remove one"),
    case(VALUES, "from = 2\nto = 1\nsteps = 2", "from = 2", "2 is not below 1", "lower end first"),
    case(VALUES, "from = 0\nto = 1\nsteps = 2\nscale = \"log\"", "from = 0", "starts above 0", "linear"),
    case(VALUES, "from = 0.5\nto = 2\nsteps = 2\nwhole = true", "whole", "no whole numbers", "round them"),
    case(VALUES, "from = 0\nto = 1", "from = 0", "needs steps", "2 or more"),
    case(VALUES, "from = 0\nto = 1\nsteps = 3\nwhole = true", "steps = 3", "fewer than 3 whole", "fewer steps"),
    case("token.target_bonding_rate", "seed", "key = \"seed\"", "seeds are no axis", "[seeds]"),
    case("token.target_bonding_rate", "token..x", "key =", "is no key", "table.key"),
    case("\"target\"", "\"cell\"", "label", "cannot name a column", "another word"),
    case("\"minted_lpt\"", "\"minted_ltp\"", "kpis", "no figure `minted_ltp`", "did you mean `minted_lpt`"),
    case("\"rounds\"", "\"round\"", "tables", "no table `round`", "did you mean `rounds`"),
    case("count = 2", "count = 4_000_000_000", "count", "8000000000 cells", "fewer seeds"),
    case(
        "[measure]",
        "[[axes]]\nkey = \"token\" # again\nvalues = [1]\n[measure]",
        "key = \"token.target",
        "is set by axis `token` already",
        "one axis",
    ),
    case(
        "[measure]",
        "[[axes]]\nkey = \"token.inflation_ppb\"\nlabel = \"target\" # again\nvalues = [1]\n[measure]",
        "label = \"target\" # again",
        "two axes are called `target`",
        "another word",
    ),
];

/// What the scenarios that it makes have wrong.
const SCENARIOS: &[Case] = &[
    case(
        "token.target_bonding_rate",
        "token.tagret_bonding_rate",
        "key =",
        "axis `token.tagret_bonding_rate` at 0.45: unknown key `tagret_bonding_rate`",
        "did you mean `target_bonding_rate`",
    ),
    case("token.target", "tokn.target", "key =", "unknown key `tokn`", "did you mean `token`"),
    case("0.5]", "1.5]", "key =", "at 1.5: must be a share from 0 to 1", "docs/scenarios.md"),
    case("token.target_bonding_rate", "token.inflation_ppb", "key =", "floating point", "whole = true"),
    case("token.target_bonding_rate", "network.links.9.loss", "key =", "no element `9` in a list of 6", "from 0"),
    case("token.target_bonding_rate", "token.genesis_lpt.x", "key =", "which has no keys", "the whole key"),
    case("token.target_bonding_rate", "orchestrators.reward_cut.value", "key =", "unknown key `value`", "known keys"),
    case("tiny.toml", "tinny.toml", "scenario =", "there is no ", "relative to the sweep file"),
];

/// The first line on which a text stands.
fn line_of(text: &str, what: &str) -> usize {
    text.lines().position(|line| line.contains(what)).unwrap_or_else(|| panic!("`{what}` is in the text")) + 1
}

#[test]
fn wrong_files_are_named_by_line_with_help() {
    for Case { from, to, on, says, help } in FILES {
        assert!(SWEEP.contains(from), "{from}");
        let text = SWEEP.replacen(from, to, 1);
        let e = Source::parse("sweep.toml".as_ref(), text.clone()).expect_err(to);
        let shown = e.to_string();
        assert!(shown.starts_with(&format!("sweep.toml:{}:", line_of(&text, on))), "{to}: {shown}");
        assert!(shown.contains(says), "{to}: {shown}");
        assert!(e.help().contains(help), "{to}: {shown}");
    }
}

#[test]
fn wrong_scenarios_are_named_by_axis_with_help() {
    for Case { from, to, on, says, help } in SCENARIOS {
        let text = SWEEP.replacen(from, to, 1);
        let (_folder, source) = source(&text);
        let e = Plan::make(&source).expect_err(to).to_string();
        assert!(e.contains(&format!("sweep.toml:{}:", line_of(&text, on))), "{to}: {e}");
        assert!(e.contains(says), "{to}: {e}");
        assert!(e.split("help: ").nth(1).is_some_and(|h| h.contains(help)), "{to}: {e}");
    }
}

fn list(arms: &str) -> String {
    let (head, _) = SWEEP.split_once("[design]").expect("a design");
    format!("{head}[design]\nkind = \"list\"\n{arms}")
}

#[test]
fn an_arm_is_named_with_the_key_that_does_not_fit() {
    let text = list("[[arms]]\nname = \"a\"\n[[arms]]\nname = \"b\"\nset = { \"token.inflation_pbp\" = 5 }\n");
    let (_folder, source) = source(&text);
    let e = Plan::make(&source).expect_err("no such key").to_string();
    assert!(e.contains(&format!("sweep.toml:{}:", line_of(&text, "set = "))), "{e}");
    assert!(e.contains("arm `b`: token.inflation_pbp = 5: unknown key `inflation_pbp`"), "{e}");
    assert!(e.contains("did you mean `inflation_ppb`"), "{e}");
}

/// Each value is sound with the base, and they are not with each other: a gateway pays no ticket that is
/// worth more than its limit.
#[test]
fn values_that_do_not_go_together_are_named_by_arm() {
    let axes = "key = \"orchestrators.ticket_ev_wei\"\nvalues = [2_900_000_000_000]\nlabel = \"ev\"\n\n[[axes]]\n\
                key = \"gateways.max_ticket_ev_wei\"\nvalues = [3_000_000_000_000, 2_500_000_000_000]\nlabel = \"max\"\n";
    let (head, rest) = SWEEP.split_once("key = ").expect("an axis");
    let (_, tail) = rest.split_once("\n\n").expect("what follows");
    let (_folder, source) = source(&format!("{head}{axes}\n{tail}"));
    let e = Plan::make(&source).expect_err("they clash").to_string();
    assert!(e.contains("arm `ev=2900000000000,max=2500000000000`: gateways.max_ticket_ev_wei: "), "{e}");
}

#[test]
fn arms_and_axes_are_not_mixed_and_arms_have_names_of_their_own() {
    let twice = list("[[arms]]\nname = \"a\"\n[[arms]]\nname = \"a\" # again\n");
    let e = Source::parse("s.toml".as_ref(), twice.clone()).expect_err("twice").to_string();
    assert!(e.starts_with(&format!("s.toml:{}:", line_of(&twice, "# again"))), "{e}");
    let seed = list("[[arms]]\nname = \"a\"\nset = { seed = 1 }\n");
    let e = Source::parse("s.toml".as_ref(), seed).expect_err("a seed").to_string();
    assert!(e.contains("seeds are no axis"), "{e}");
    let both = list("[[arms]]\nname = \"a\"\n[[axes]]\nkey = \"a.b\"\nvalues = [1]\n");
    let e = Source::parse("s.toml".as_ref(), both).expect_err("both").to_string();
    assert!(e.contains("a list has arms, not axes"), "{e}");
    let none =
        SWEEP.replace("[[axes]]\nkey = \"token.target_bonding_rate\"\nvalues = [0.45, 0.5]\nlabel = \"target\"\n", "");
    let e = Source::parse("s.toml".as_ref(), none).expect_err("nothing").to_string();
    assert!(e.contains("nothing is varied"), "{e}");
    let many: String = (0..33).map(|i| format!("[[axes]]\nkey = \"a.k{i}\"\nfrom = 0\nto = 1\n")).collect();
    let (head, _) = SWEEP.split_once("[design]").expect("a design");
    let many = format!("{head}[design]\nkind = \"sobol\"\nsamples = 4\n{many}");
    let e = Source::parse("s.toml".as_ref(), many).expect_err("too many").to_string();
    assert!(e.contains("33 axes are too many") && e.contains("latin_hypercube"), "{e}");
}

#[test]
fn a_base_that_is_wrong_is_named_itself() {
    let (folder, source) = source(SWEEP);
    fs::write(folder.path().join("tiny.toml"), tiny().replace("active = 3", "actve = 3")).expect("writable");
    let e = Plan::make(&source).expect_err("the base is wrong");
    assert!(matches!(e, SweepError::File(_)));
    assert!(e.to_string().contains("tiny.toml:") && e.to_string().contains("`actve`"), "{e}");
}

#[test]
fn a_sweep_that_is_not_there_is_named() {
    let e = Source::load("nowhere.toml".as_ref()).expect_err("no file").to_string();
    assert!(e.starts_with("nowhere.toml: cannot read the sweep") && e.contains("help: "), "{e}");
}
