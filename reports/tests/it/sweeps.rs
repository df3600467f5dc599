//! Pages of sweeps and comparisons: their numbers, their words, and what is wrong with wrong folders.

use std::fs;
use std::path::Path;

use expect_test::expect;
use tempfile::TempDir;
use weir_report::{Kind, kind, write_comparison, write_sweep};

use crate::support::{Column, Plan, table_at};
use crate::{between, check, plain};

/// A sweep whose figures are known: `fees_eth` is 1 + a + the seed's luck, `gas_eth` is 10 b.
struct Sweep {
    kind: &'static str,
    /// Points of the two axes.
    points: Vec<(f64, f64)>,
    seeds: u64,
    measure: &'static str,
    name: String,
}

impl Sweep {
    fn grid() -> Self {
        let points = [0.0, 1.0, 2.0].iter().flat_map(|a| [1.0, 2.0].map(|b| (*a, b))).collect();
        Self { kind: "grid", points, seeds: 4, measure: r#"{"kpis": ["fees_eth", "gas_eth"]}"#, name: "known".into() }
    }

    fn write(&self) -> TempDir {
        let dir = tempfile::tempdir().expect("a temporary folder can be made");
        fs::create_dir_all(dir.path().join("merged")).expect("the folder can be made");
        let cells = self.points.len() as u64 * self.seeds;
        let text = format!(
            r#"{{"format": 1, "version": "0.1.0", "name": {:?}, "description": "what is known", "folder": "/x",
            "scenario": {{"name": "s", "description": "d", "fidelity": {{"traffic": "segment"}}}},
            "design": {{"kind": "{}"}}, "columns": [{{"key": "t.a", "label": "a", "unit": "%"}}, {{"key": "t.b", "label": "b"}}],
            "arms": {}, "seeds": {{"first": 1, "count": {}}}, "measure": {}, "cells": {cells}}}"#,
            self.name,
            self.kind,
            self.points.len(),
            self.seeds,
            self.measure
        );
        fs::write(dir.path().join("sweep.json"), text).expect("the folder can be written");
        self.tables(dir.path());
        dir
    }

    fn tables(&self, dir: &Path) {
        let rows: Vec<(usize, u64)> =
            (0..self.points.len()).flat_map(|arm| (1..=self.seeds).map(move |seed| (arm, seed))).collect();
        let name = |arm: usize| format!("a={},b={}", self.points[arm].0, self.points[arm].1);
        let text = |f: &dyn Fn(usize, u64) -> String| Column::Text(rows.iter().map(|(a, s)| f(*a, *s)).collect());
        let number = |f: &dyn Fn(usize, u64) -> f64| Column::Number(rows.iter().map(|(a, s)| f(*a, *s)).collect());
        let columns = vec![
            ("index", Column::Whole((0..rows.len() as u64).collect())),
            ("cell", text(&|a, s| format!("{a}-{s}"))),
            ("arm", text(&|a, _| name(a))),
            ("a", number(&|a, _| self.points[a].0)),
            ("b", number(&|a, _| self.points[a].1)),
            ("seed", Column::Whole(rows.iter().map(|r| r.1).collect())),
            ("state", text(&|_, _| "done".to_owned())),
            ("trace_hash", text(&|a, s| format!("h{a}{s}"))),
            // Luck is the same for a seed in every arm, but for a hair.
            ("fees_eth", number(&|a, s| 1.0 + self.points[a].0 + 10.0 * s as f64 + 0.01 * ((a as u64 * s) % 3) as f64)),
            ("gas_eth", number(&|a, _| 10.0 * self.points[a].1)),
        ];
        table_at(&dir.join("merged/cells.parquet"), columns);
        let long: Vec<(usize, u64, u64)> =
            rows.iter().flat_map(|(a, s)| (101..=104).map(move |r| (*a, *s, r))).collect();
        let columns = vec![
            ("cell", Column::Text(long.iter().map(|(a, s, _)| format!("{a}-{s}")).collect())),
            ("arm", Column::Text(long.iter().map(|(a, ..)| name(*a)).collect())),
            ("round", Column::Whole(long.iter().map(|r| r.2).collect())),
            (
                "inflation_ppb",
                Column::Whole(
                    long.iter().map(|(a, s, r)| 1_000_000 - (r - 101) * 1000 * (*a as u64 + 1) + s).collect(),
                ),
            ),
        ];
        table_at(&dir.join("merged/rounds.parquet"), columns);
    }
}

fn page(dir: &Path) -> String {
    let path = write_sweep(dir, None).expect("the report can be made");
    fs::read_to_string(path).expect("the page can be read")
}

fn csv(dir: &Path, name: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(dir.join("charts").join(name)).expect(name);
    // Names of arms have commas, and so quotes.
    let cells = |line: &str| {
        let mut quoted = false;
        let split = |c: char| {
            quoted ^= c == '"';
            c == ',' && !quoted
        };
        line.split(split).map(|c| c.trim_matches('"').to_owned()).collect()
    };
    text.lines().map(cells).collect()
}

#[test]
fn titles_say_what_the_numbers_say() {
    let dir = Sweep::grid().write();
    let page = page(dir.path());
    let titles: Vec<String> = between(&page, "<figcaption>\n<h3>", "</h3>").iter().map(|t| plain(t)).collect();
    check(
        &titles.join("\n"),
        &expect![[r#"
        Fees earned: 7.7 % higher with “a=2,b=2” than with “a=0,b=1”; 4 of 5 arms differ by more than chance
        Paid for gas: 100 % higher with “a=0,b=2” than with “a=0,b=1”; 3 of 5 arms differ by more than chance
        Fees earned go from 26 ETH at a = 0 and b = 1 to 28 ETH at a = 2 and b = 2
        Paid for gas goes from 10 ETH at a = 0 and b = 1 to 20 ETH at a = 2 and b = 2
        Two of 6 arms are not beaten in both fees earned and paid for gas: “a=2,b=1” and “a=2,b=2”
        “a” alone moves fees earned most: from 26 ETH at 0 to 28 ETH at 2
        “b” alone moves paid for gas most: from 10 ETH at 1 to 20 ETH at 2
        Inflation per round falls in 24 of 24 runs and ends between 0.09820 % (“a=2,b=2”) and 0.09970 % (“a=0,b=1”) in the median run"#]],
    );
}

#[test]
fn pairs_are_taken_seed_by_seed() {
    let dir = Sweep::grid().write();
    let page = page(dir.path());
    let rows = csv(dir.path(), "effects-fees_eth.csv");
    let (head, third) = (&rows[0], &rows[3]);
    let at = |name: &str| -> f64 {
        let i = head.iter().position(|h| h == name).expect(name);
        third[i].parse().expect("a number")
    };
    // Arm 2 is (1, 1); its hairs over seeds 1 to 4 are 2, 1, 0 and 2 hundredths, the first arm's none.
    assert_eq!(third[0], "a=1,b=1");
    assert!((at("difference") - 1.0125).abs() < 1e-9);
    assert!((at("mean") - 27.0125).abs() < 1e-9);
    assert_eq!(at("pairs"), 4.0);
    // Its spread over seeds hides the difference from whoever does not pair.
    assert!(at("welch_p") > 0.8 && at("difference_lo") > 0.99, "{third:?}");
    let section = between(&page, "<h2 id=\"against\">", "</section>")[0];
    let lines: Vec<String> = section.lines().map(plain).filter(|l| l.contains("a=1,b=1")).collect();
    check(
        &lines.join("\n"),
        &expect![[r#"
        a=1,b=1 +1.01 ETH +0.997 ETH to +1.03 ETH 4 higher by 3.9 %
        a=1,b=1 0 ETH 0 ETH to 0 ETH 4 the same with every seed"#]],
    );
}

#[test]
fn fans_have_the_quantiles_of_all_runs() {
    let dir = Sweep::grid().write();
    page(dir.path());
    let rows = csv(dir.path(), "rounds-inflation_ppb.csv");
    assert_eq!(rows[0], ["arm", "runs", "round", "p5", "p25", "p50", "p75", "p95"]);
    // Seeds 1 to 4 lie one apart: the median is 2.5 above the level.
    assert_eq!(rows[1], ["a=0,b=1", "4", "101", "1000001.15", "1000001.75", "1000002.5", "1000003.25", "1000003.85"]);
    assert_eq!(rows.len(), 1 + 6 * 4);
}

#[test]
fn bounds_mark_what_is_admissible() {
    let measure =
        r#"{"kpis": ["fees_eth", "gas_eth"], "constraints": ["gas_eth <= 15", "fees_eth_p95 < 41", "nonsense"]}"#;
    let dir = Sweep { measure, ..Sweep::grid() }.write();
    let page = page(dir.path());
    assert!(page.contains("2 of 6 arms keep gas_eth &lt;= 15, fees_eth_p95 &lt; 41: a=0,b=1, a=1,b=1."), "{page}");
    assert!(page.contains("nonsense: it has none of"));
    let kept = csv(dir.path(), "heat-gas_eth.csv").iter().filter(|r| r[4] == "true").count();
    assert_eq!(kept, 2);
    let best: Vec<String> =
        csv(dir.path(), "frontier.csv").into_iter().filter(|r| r[3] == "true").map(|r| r[0].clone()).collect();
    assert_eq!(best, ["a=1,b=1"], "more fees and no more gas, within the bounds");
}

#[test]
fn drawn_points_show_what_matters() {
    // A lattice over the unit square: each axis takes every value once.
    let points = (0..25).map(|i| (f64::from(i) / 25.0, f64::from(i * 7 % 25) / 25.0)).collect();
    let dir = Sweep { kind: "latin_hypercube", points, seeds: 1, ..Sweep::grid() }.write();
    page(dir.path());
    let rows = csv(dir.path(), "sensitivity-gas_eth.csv");
    assert_eq!((rows[1][0].as_str(), rows[2][0].as_str()), ("b", "a"));
    let first: f64 = rows[1][1].parse().expect("a number");
    let slope: f64 = rows[1][7].parse().expect("a number");
    // Five groups of a straight line leave one part in 25 within them.
    assert!((first - 0.9615).abs() < 1e-3, "{first}");
    assert!((slope - 1.0).abs() < 1e-9, "{slope}");
    assert!(!dir.path().join("charts/effects-gas_eth.svg").exists(), "drawn points have no first arm");
}

#[test]
fn a_page_of_a_sweep_stands_alone_and_is_escaped() {
    let evil = "<script>alert('x')</script>";
    let dir = Sweep { name: evil.to_owned(), ..Sweep::grid() }.write();
    let first = page(dir.path());
    for fetched in ["<script", "<link", "@import", "url(", "http://", "https://", "srcset", "<iframe", "NaN"] {
        assert!(!first.contains(fetched), "the page has {fetched}");
    }
    for href in between(&first, "href=\"", "\"") {
        assert!(href.starts_with('#') || dir.path().join(href).is_file(), "{href} leads nowhere");
    }
    assert_eq!(page(dir.path()), first, "the same folder gives the same bytes");
    let out = dir.path().join("other.html");
    write_sweep(dir.path(), Some(&out)).expect("it can be made");
    assert!(dir.path().join("charts/other/frontier.svg").is_file());
}

#[test]
fn runs_are_compared() {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let (a, b, out) = (dir.path().join("a"), dir.path().join("b"), dir.path().join("c.html"));
    Plan::default().write(&a);
    Plan { rounds: 4, orchestrators: 10, ..Plan::default() }.write(&b);
    write_comparison(&[a.clone(), b], &out).expect("the page can be made");
    let page = fs::read_to_string(&out).expect("the page can be read");
    let titles: Vec<String> = between(&page, "<figcaption>\n<h3>", "</h3>").iter().map(|t| plain(t)).collect();
    let keys = between(&page, "<h2 id=\"keys\">", "</section>")[0];
    check(
        &format!("{}\n{}", titles.join("\n"), plain(keys)),
        &expect![[r#"
        Fees earned: 2.235 ETH in A and 3.571 ETH in B
        10 of 10 orchestrators earn more in B than in A and 0 less; orchestrator-01 changes most, from 0.72 ETH to 1.12 ETH
        What differs in the scenarios 1 key. Key A B orchestrators. count 12 10"#]],
    );
    let one = write_comparison(&[a], &out).expect_err("one run is none to compare").to_string();
    check(&one, &expect!["1 runs cannot be compared: two at least, and 6 at most"]);
}

#[test]
fn wrong_folders_are_told_apart() {
    let dir = Sweep::grid().write();
    assert_eq!(kind(dir.path()).ok(), Some(Kind::Sweep));
    fs::remove_dir_all(dir.path().join("merged")).expect("it can be removed");
    let unmerged = write_sweep(dir.path(), None).expect_err("nothing is merged").to_string();
    fs::remove_file(dir.path().join("sweep.json")).expect("it can be removed");
    let neither = kind(dir.path()).expect_err("nothing is there").to_string();
    let told = format!("{unmerged}\n{neither}").replace(&dir.path().display().to_string(), "DIR");
    check(
        &told,
        &expect![[r#"
        DIR has no merged cells
        DIR is neither a run folder nor a sweep folder: it has no run.json and no sweep.json"#]],
    );
}
