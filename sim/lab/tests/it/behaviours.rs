//! Actors that follow behaviours, and numbers that move: what is asked for is what the chain shows.

use std::fs;
use std::path::Path;

use weir_lab::scenario::{self, Scenario};
use weir_lab::{LabError, simulate};

use crate::support::{quickstart, small_text};

/// A small network on the coarse levels, with more text at the end of its tables.
fn text(tables: &[(&str, &str)], rounds: u32) -> String {
    let mut text = small_text("behaviours", &[])
        .replace("traffic = \"segment\"", "traffic = \"round\"")
        .replace("signatures = \"real\"", "signatures = \"lazy\"")
        .replacen("count = 2\n", &format!("count = {rounds}\n"), 1);
    for (before, more) in tables {
        assert!(text.contains(before), "no {before}");
        text = text.replacen(before, &format!("{more}\n{before}"), 1);
    }
    text
}

fn parse(text: &str) -> Scenario {
    scenario::parse(&quickstart(), text).unwrap_or_else(|e| panic!("{e}"))
}

fn error(text: &str) -> String {
    scenario::parse(&quickstart(), text).expect_err("the scenario is wrong").to_string()
}

#[test]
fn one_who_misses_rewards_mints_less() {
    let rules = "[orchestrators.behaviour]\nreward_calls = { kind = \"missing\", rate = 0.5, row = 1.0 }\n";
    let always = simulate(&parse(&text(&[], 6)), 3).expect("it runs").summary;
    let seldom = simulate(&parse(&text(&[("[gateways]", rules)], 6)), 3).expect("it runs").summary;
    assert!(seldom.broken().next().is_none(), "{:?}", seldom.invariants);
    let share = seldom.kpis["reward_calls"] / always.kpis["reward_calls"];
    assert!((0.1..0.9).contains(&share), "{share} of the calls were made");
}

#[test]
fn an_owner_who_leaves_takes_out_its_stake_and_serves_nobody() {
    let quit = "[[orchestrators.groups]]\nname = \"leavers\"\ncount = 2\nbehaviour = { exit = { kind = \"at_round\", round = 1 } }\n";
    let run = simulate(&parse(&text(&[("[gateways]", quit)], 4)), 3).expect("it runs").summary;
    assert!(run.broken().next().is_none(), "{:?}", run.invariants);
    let stay = simulate(&parse(&text(&[], 4)), 3).expect("it runs").summary;
    assert!(run.kpis["active_stake_lpt"] < stay.kpis["active_stake_lpt"] * 0.99);
}

#[test]
fn a_crowd_keeps_the_bonding_rate_where_a_process_has_it() {
    let rate = "[processes]\nbonding_rate = { kind = \"constant\", value = 0.62 }\n";
    let run = simulate(&parse(&text(&[("[[ladder]]", rate)], 6)), 1).expect("it runs").summary;
    assert!(run.broken().next().is_none(), "{:?}", run.invariants);
    // The figure is that of a round's end: the supply has grown since its stake was counted, by what the round minted.
    assert!((run.kpis["bonding_rate"] - 0.62).abs() < 1e-3, "{}", run.kpis["bonding_rate"]);
    // Above the target inflation falls by its step with each round; the first one makes good for that of the set-up, in
    // which nobody is bonded.
    assert_eq!(run.kpis["inflation_ppb"], 663_500.0 - 500.0 * 5.0);
}

#[test]
fn holders_who_extract_sell_into_the_pool() {
    let rules = "[delegators.behaviour]\nclass = { kind = \"extractor\", every_days = 0.01 }\n\n[market]\n";
    let run = simulate(&parse(&text(&[("[[ladder]]", rules)], 12)), 1).expect("it runs");
    assert!(run.summary.broken().next().is_none(), "{:?}", run.summary.invariants);
    let kinds: Vec<&str> = run.books.gas.keys().map(|(_, kind)| *kind).collect();
    assert!(kinds.contains(&"unbond") && kinds.contains(&"sell") && kinds.contains(&"proceeds"), "{kinds:?}");
}

#[test]
fn behaviours_are_the_same_for_the_same_seed_and_not_for_another() {
    let rules =
        "[orchestrators.behaviour]\npricing = { kind = \"utilisation\" }\nreliability = { kind = \"renewal\" }\n";
    let moves = "[processes]\ngas_gwei = { kind = \"spikes\" }\neth_usd = { kind = \"gbm\" }\n";
    let s = parse(&text(&[("[gateways]", rules), ("[[ladder]]", moves)], 4));
    let hash = |seed| simulate(&s, seed).expect("it runs").summary.trace_hash;
    assert_eq!(hash(1), hash(1));
    assert_ne!(hash(1), hash(2));
}

/// A scenario beside a script.
fn scripted(dir: &Path, script: &str) -> Result<Scenario, String> {
    fs::write(dir.join("mine.rhai"), script).expect("a file can be written");
    let rules = "[orchestrators.behaviour]\nscript = { file = \"mine.rhai\", max_operations = 20_000 }\n";
    scenario::parse(&dir.join("s.toml"), &text(&[("[gateways]", rules)], 3)).map_err(|e| e.to_string())
}

#[test]
fn a_script_sets_prices_and_is_part_of_the_run() {
    let dir = tempfile::tempdir().expect("a folder can be made");
    let script = "fn think(view) { [#{ act: \"set_price\", wei_per_pixel: 50.0 + view.network.round }] }";
    let s = scripted(dir.path(), script).expect("it is sound");
    assert_eq!(s.scripts["mine.rhai"], script);
    let run = simulate(&s, 1).expect("it runs").summary;
    assert!(run.broken().next().is_none(), "{:?}", run.invariants);
    let plain = simulate(&parse(&text(&[], 3)), 1).expect("it runs").summary;
    assert!(run.kpis["work_fees_eth"] < plain.kpis["work_fees_eth"], "cheaper work is paid less");
}

#[test]
fn a_script_that_loops_ends_with_an_error_that_says_so() {
    let dir = tempfile::tempdir().expect("a folder can be made");
    let s = scripted(dir.path(), "fn think(view) { loop { } }").expect("it can be read");
    let e = simulate(&s, 1).expect_err("it never ends");
    assert!(matches!(&e, LabError::Behaviour(why) if why.contains("operations") && why.contains("mine.rhai")), "{e}");
}

#[test]
fn what_is_wrong_with_behaviours_is_named_with_its_place() {
    let dir = tempfile::tempdir().expect("a folder can be made");
    let e = scripted(dir.path(), "fn think(view { }").expect_err("no script");
    assert!(e.contains("mine.rhai") && e.contains("help:"), "{e}");
    let missing = "[orchestrators.behaviour]\nscript = { file = \"none.rhai\" }\n";
    let e = error(&text(&[("[gateways]", missing)], 2));
    assert!(e.contains("orchestrators.behaviour.script.file: cannot read"), "{e}");
    let many = "[[orchestrators.groups]]\nname = \"a\"\ncount = 99\nbehaviour = {}\n";
    let e = error(&text(&[("[gateways]", many)], 2));
    assert!(e.contains("groups have 99 orchestrators, and there are 6"), "{e}");
    let strange = "[processes]\nweather = { kind = \"constant\" }\n";
    let e = error(&text(&[("[[ladder]]", strange)], 2));
    assert!(e.contains("`weather` is no number that a run knows") && e.contains("gas_gwei"), "{e}");
    let rate = "[processes]\nbonding_rate = { kind = \"constant\", value = 1.5 }\n";
    assert!(error(&text(&[("[[ladder]]", rate)], 2)).contains("a bonding rate lies between 0 and 1"));
    let bad = "[orchestrators.behaviour]\nreward_calls = { kind = \"missing\", rate = 1.5 }\n";
    assert!(error(&text(&[("[gateways]", bad)], 2)).contains("orchestrators.behaviour.reward_calls.rate"));
}
