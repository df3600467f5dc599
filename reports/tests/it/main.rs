//! Reports of folders that no simulator made: sound ones, poor ones and broken ones.

mod support;
mod sweeps;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use expect_test::{Expect, expect};
use support::{Column, Plan, table};
use tempfile::TempDir;
use weir_report::write;

/// A folder made to a plan, and its page.
fn report(plan: &Plan) -> (TempDir, String) {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    plan.write(dir.path());
    let page = page(dir.path());
    (dir, page)
}

fn page(dir: &Path) -> String {
    let path = write(dir).expect("the report can be made");
    assert_eq!(path, dir.join("report.html"));
    fs::read_to_string(path).expect("the page can be read")
}

/// What stands between two marks, each time.
fn between<'a>(text: &'a str, from: &str, to: &str) -> Vec<&'a str> {
    text.split(from).skip(1).filter_map(|rest| rest.split_once(to).map(|(found, _)| found)).collect()
}

/// The page as a reader has it, without tags.
fn plain(html: &str) -> String {
    let mut out = String::new();
    for piece in html.split('<') {
        out.push_str(piece.split_once('>').map_or(piece, |(_, text)| text));
        out.push(' ');
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn every_chart(dir: &Path) -> BTreeMap<String, String> {
    let files = fs::read_dir(dir.join("charts")).expect("there is a folder of charts");
    files
        .map(|f| {
            let path = f.expect("the folder can be read").path();
            let name = path.file_name().expect("it has a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(path).expect("a chart is text"))
        })
        .collect()
}

fn check(got: &str, want: &Expect) {
    want.assert_eq(got);
}

#[test]
fn each_chart_says_what_it_shows() {
    let (dir, page) = report(&Plan::default());
    let captions: Vec<String> = between(&page, "<figcaption>\n", "</figcaption>")
        .iter()
        .map(|c| c.lines().map(plain).filter(|l| !l.is_empty()).collect::<Vec<_>>().join("\n"))
        .collect();
    check(
        &captions.join("\n\n"),
        &expect![[r#"
            Stake by orchestrator
            Stake behind each orchestrator at the end of the run, its own and its delegators’, largest first.
            The largest three orchestrators hold 52 % of the stake, and half of it lies with the largest three.

            Income by source
            What orchestrators and delegators took in per round, as fees for work and as newly minted LPT, at 0.001 ETH for one LPT.
            Fees were 67 % of the income: 2.24 ETH beside 1.12 ETH in rewards.

            Tickets: luck against expectation
            Winning tickets per round beside the number that the odds let expect; in 19 of 20 rounds luck stays within the band of two standard deviations.
            Of 1,396,911 tickets 250 won, where 279 ± 33.4 were expected; 247 were redeemed.

            Paid against earned
            Each dot is an orchestrator: the expected value of the tickets it was sent, and the fees that winning ones brought it; on the diagonal both are equal.
            Gateways paid 2.79 ETH in expected value and orchestrators earned 2.47 ETH, 88 % of it.

            Segment latency
            Time from a segment’s arrival at its gateway to its renditions’ return, over all served segments, and the parts that it is made of.
            Half of the segments were back within 789 ms, 95 % within 1.43 s, 99 % within 1.77 s; transcoding took 73 % of the time.

            Who got the work
            Segments that each orchestrator of the active set served, by its stake and by how its price compares; gateways select by both.
            The cheapest third served 51 % of the segments and the dearest 22 %; nobody went without.

            What the chain cost
            Gas paid after the set-up for each kind of transaction, named as the contracts name it, and how many there were.
            222 transactions cost 0.00398 ETH, 53 % of it for redeemWinningTicket."#]],
    );
    let charts: Vec<String> = every_chart(dir.path()).into_keys().collect();
    check(
        &charts.join(" "),
        &expect![
            "gas.csv gas.svg income.csv income.svg latency.csv latency.svg overview.svg stake.csv stake.svg tickets.csv tickets.svg value.csv value.svg work.csv work.svg"
        ],
    );
}

#[test]
fn key_figures_and_facts_are_told() {
    let (_dir, page) = report(&Plan::default());
    let tiles = between(&page, "<dl class=\"tiles\">", "</dl>")[0];
    let tiles: Vec<String> = tiles.lines().map(plain).filter(|l| !l.is_empty()).collect();
    check(
        &tiles.join("\n"),
        &expect![[r#"
            segments served 392 98.0 % of 400
            streams 31 1 change of orchestrator
            median latency 812 ms 99 % within 2.21 s
            tickets won 118 122 expected of 250,000 sent
            fees earned 1.18 ETH 1.22 ETH paid in expected value
            minted as rewards 96,000 LPT 33 reward calls
            paid for gas 0.0042 ETH 222 transactions
            of all LPT is staked 50 % 8,000,000 LPT at work"#]],
    );
    let facts: Vec<String> = between(&page, "<dl class=\"facts\">", "</dl>").iter().map(|f| plain(f)).collect();
    check(
        &facts.join("\n"),
        &expect![[r#"
            State complete: all rounds passed Seed 7 Weir 0.1.0 Protocol D26, with the upgrades after March 2024 Simulated time 60 min Time it took 96 s on linux x86_64 Events 123,456 Transactions 789, with the set-up’s Trace hash 5f1d
            Traffic segment : every segment is a message through the role machines Chain embedded : the contracts’ real bytecode in an EVM in process Signatures real : secp256k1 on every ticket and message Media model : sizes and times from a work model; a real stream is transcoded besides"#]],
    );
}

#[test]
fn every_version_of_the_contracts_is_named() {
    let (dir, _) = report(&Plan::default());
    let file = dir.path().join("run.json");
    let run = fs::read_to_string(&file).expect("the run's file");
    let upgraded = r#""protocol": "D24+a", "upgrades": [{"round": 2, "protocol": "D26"}]"#;
    fs::write(&file, run.replace(r#""protocol": "D26""#, upgraded)).expect("the folder can be written");
    let told = plain(&page(dir.path()));
    assert!(told.contains("Protocol D24+a; from round 2 on D26, with the upgrades after March 2024"), "{told}");
}

#[test]
fn invariants_are_listed_and_what_broke_stands_out() {
    let broken = ("lpt_supply", "1 + 1 minted is not 3".to_owned());
    let plan = Plan {
        invariants: vec![("eth_conserved", "ok".to_owned()), broken, ("new_rule", "ok".to_owned())],
        ..Plan::default()
    };
    let (_dir, page) = report(&plan);
    let section = between(&page, "<h2 id=\"invariants\">", "</section>")[0];
    let lines: Vec<String> = section.lines().map(plain).filter(|l| !l.is_empty()).collect();
    check(
        &lines.join("\n"),
        &expect![[r#"
        What must hold
        One invariant is broken.
        Invariant What it says Verdict
        eth_ conserved Every wei of the start is with an actor, in a contract, or paid for gas. ✓ ok
        lpt_ supply The supply of LPT grew by what rewards minted and by nothing else. ✗ broken: 1 + 1 minted is not 3
        new_ rule ✓ ok"#]],
    );
    assert_eq!(between(section, "<td class=\"bad\">", "</td>").len(), 1);
    assert_eq!(between(section, "<td class=\"good\">", "</td>").len(), 2);
}

#[test]
fn the_page_needs_no_other_file() {
    let plan = Plan::default();
    let (dir, page) = report(&plan);
    for fetched in ["<script", "<link", "@import", "url(", "http://", "https://", "srcset", "<iframe"] {
        assert!(!page.contains(fetched), "the page has {fetched}");
    }
    let pictures = between(&page, "src=\"", "\"");
    assert_eq!(pictures.len(), 2 * plan.real as usize);
    for src in pictures {
        assert!(src.starts_with("data:image/jpeg;base64,/9j/"), "{src}");
    }
    let mut followed = 0;
    for href in between(&page, "href=\"", "\"") {
        match href.strip_prefix('#') {
            Some(id) => assert!(page.contains(&format!("id=\"{id}\"")), "nothing is called {id}"),
            None => assert!(dir.path().join(href).is_file(), "{href} leads nowhere"),
        }
        followed += 1;
    }
    assert!(followed > 20, "only {followed} links");
}

#[test]
fn what_comes_from_the_run_is_escaped() {
    let evil = "<script>alert('x')</script> & \"co\"";
    let plan = Plan {
        name: evil.to_owned(),
        description: evil.to_owned(),
        first: evil.to_owned(),
        invariants: vec![("lpt_supply", evil.to_owned())],
        ..Plan::default()
    };
    let (dir, page) = report(&plan);
    assert!(!page.contains("<script"), "the page runs what an orchestrator is called");
    let escaped = "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;co&quot;";
    for place in [
        format!("<h1>{escaped}</h1>"),
        format!("<p class=\"lead\">{escaped}</p>"),
        format!("made by {escaped}</span>"),
        format!("by {escaped}\" loading"),
        format!("</b> {escaped}</td>"),
    ] {
        assert!(page.contains(&place), "no {place}");
    }
    for (name, svg) in every_chart(dir.path()).into_iter().filter(|(name, _)| name.ends_with(".svg")) {
        assert!(!svg.contains("<script"), "{name}");
    }
}

#[test]
fn the_same_folder_gives_the_same_bytes() {
    let (first, page) = report(&Plan::default());
    let charts = every_chart(first.path());
    assert_eq!(
        write(first.path()).map(|p| fs::read_to_string(p).expect("the page can be read")).ok(),
        Some(page.clone())
    );
    assert_eq!(every_chart(first.path()), charts);
    let (second, again) = report(&Plan::default());
    assert_eq!(again, page);
    assert_eq!(every_chart(second.path()), charts);
    let (_third, other) = report(&Plan { segments: 401, ..Plan::default() });
    assert_ne!(other, page);
}

#[test]
fn charts_are_whole_and_hold_numbers_only() {
    for (orchestrators, rounds, segments) in [(1, 1, 1), (2, 1, 3), (12, 3, 400), (150, 90, 2000)] {
        let (dir, _) = report(&Plan { orchestrators, rounds, segments, ..Plan::default() });
        for (name, svg) in every_chart(dir.path()) {
            if name.ends_with(".csv") {
                let wide: Vec<usize> = svg.lines().map(|l| l.split(',').count()).collect();
                assert!(wide.len() > 1 && wide.iter().all(|n| *n == wide[0]), "{name} is ragged");
                continue;
            }
            assert!(name.ends_with(".svg"), "{name} stayed behind");
            assert!(svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>\n"), "{name} is cut");
            assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count(), "{name}");
            for wrong in ["NaN", "inf", "2147483647", "-2147483648"] {
                assert!(!svg.contains(wrong), "{name} of {orchestrators} orchestrators has {wrong}");
            }
        }
    }
}

#[test]
fn a_run_without_rows_has_sentences_in_place_of_charts() {
    let (_dir, page) = report(&Plan { orchestrators: 0, rounds: 0, segments: 0, real: 0, ..Plan::default() });
    let said: Vec<String> = between(&page, "<p class=\"nothing\">", "</p>").iter().map(|s| (*s).to_owned()).collect();
    check(
        &said.join("\n"),
        &expect![[r#"
        No orchestrators in this run.
        No rounds passed in this run.
        No tickets in this run.
        No tickets in this run.
        No segments in this run.
        No segments in this run.
        No stream was really transcoded in this run."#]],
    );
}

#[test]
fn a_run_that_plays_no_segments_has_no_empty_sections() {
    let (dir, _) = report(&Plan { segments: 0, real: 0, ..Plan::default() });
    let file = dir.path().join("run.json");
    let run = fs::read_to_string(&file).expect("the run's file");
    fs::write(&file, run.replace(r#""traffic": "segment""#, r#""traffic": "round""#)).expect("it can be written");
    let page = page(dir.path());
    assert!(!page.contains("class=\"nothing\"") && !page.contains("The real stream"), "{page}");
    for absent in ["median latency", "segments served", "id=\"latency\"", "id=\"work\""] {
        assert!(!page.contains(absent), "{absent}");
    }
    assert!(plain(&page).contains("Traffic round : the demand of a round is reckoned at once"));
    assert!(page.contains("id=\"stake\"") && page.contains("id=\"income\""));
}

#[test]
fn a_folder_without_tables_says_which_are_absent() {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    Plan { state: "running", ..Plan::default() }.write(dir.path());
    fs::remove_dir_all(dir.path().join("tables")).expect("tables can be removed");
    fs::remove_file(dir.path().join("summary.json")).expect("the summary can be removed");
    let page = page(dir.path());
    let said: Vec<String> = between(&page, "<p class=\"nothing\">", "</p>").iter().map(|s| (*s).to_owned()).collect();
    check(
        &said.join("\n"),
        &expect![[r#"
        This run ended before any figures were written.
        No invariants were checked: the run did not come to its end.
        This run folder has no table transcoders.
        This run folder has no table transcoders.
        This run folder has no table tickets.
        This run folder has no table tickets.
        This run folder has no table segments.
        This run folder has no table segments.
        This run folder has no table gas.
        This run folder has no table renditions."#]],
    );
    check(
        &plain(between(&page, "role=\"note\">", "</p>")[0]),
        &expect!["This is a partial run. It is under way or was killed, and left no summary."],
    );
}

#[test]
fn a_partial_run_says_so() {
    for (state, partial) in [("done", false), ("cancelled", true), ("running", true)] {
        let (dir, page) = report(&Plan { state, ..Plan::default() });
        assert_eq!(page.contains("This is a partial run."), partial, "{state}");
        let overview = fs::read_to_string(dir.path().join("charts/overview.svg")).expect("there is an overview");
        assert_eq!(overview.contains("partial run"), partial, "{state}");
    }
}

#[test]
fn a_run_without_winners_draws_its_tickets() {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    Plan::default().write(dir.path());
    let one = |v: f64| Column::Number(vec![v]);
    table(
        dir.path(),
        "tickets",
        vec![
            ("round", Column::Whole(vec![3])),
            ("orchestrator", Column::Text(vec!["orchestrator-01".to_owned()])),
            ("sent", Column::Whole(vec![10])),
            ("paid_ev_eth", one(1e-9)),
            ("expected_wins", one(0.002)),
            ("won", Column::Whole(vec![0])),
            ("redeemed", Column::Whole(vec![0])),
            ("redeemed_eth", one(0.0)),
        ],
    );
    let page = page(dir.path());
    let findings: Vec<String> = between(&page, "<p class=\"finding\">", "</p>").iter().map(|s| plain(s)).collect();
    let told: Vec<String> = findings.into_iter().filter(|s| s.contains("redemptions")).collect();
    check(
        &told.join("\n"),
        &expect![[r#"
        Of 10 tickets 0 won, where 0.002 ± 0.0894 were expected; no redemptions in this run.
        Gateways paid 1 gwei in expected value; no redemptions in this run."#]],
    );
}

#[test]
fn a_missing_thumbnail_and_one_outside_the_folder_are_blank() {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    Plan { thumbnail: b"not a picture".to_vec(), ..Plan::default() }.write(dir.path());
    fs::remove_file(dir.path().join("media/segment-000/240p.jpg")).expect("a thumbnail can be removed");
    let page = page(dir.path());
    assert_eq!(page.matches("<span class=\"blank\">no picture</span>").count(), 4);
    assert!(!page.contains("<img"));
}

/// Folders that are wrong in one way each, and what is said about them.
#[test]
fn a_wrong_folder_is_named_with_its_fault() {
    type Spoil = fn(&Path);
    let cases: [(&str, Spoil); 9] = [
        ("absent", |d| fs::remove_dir_all(d).expect("the folder can be removed")),
        ("no run.json", |d| fs::remove_file(d.join("run.json")).expect("it can be removed")),
        ("run.json is no JSON", |d| fs::write(d.join("run.json"), "{").expect("it can be written")),
        ("summary of other types", |d| {
            fs::write(d.join("summary.json"), r#"{"events": "many"}"#).expect("it can be written");
        }),
        ("corrupt table", |d| fs::write(d.join("tables/gas.parquet"), "PAR1 and so on").expect("it can be written")),
        ("empty file", |d| fs::write(d.join("tables/segments.parquet"), "").expect("it can be written")),
        ("no column", |d| table(d, "gas", vec![("kind", Column::Text(vec!["bond".to_owned()]))])),
        ("no number", |d| {
            let kind = ("kind", Column::Text(vec!["bond".to_owned()]));
            table(
                d,
                "gas",
                vec![kind, ("transactions", Column::Whole(vec![1])), ("fee_eth", Column::Number(vec![f64::NAN]))],
            );
        }),
        ("not writable", |d| fs::write(d.join("charts"), "a file").expect("it can be written")),
    ];
    let mut out = String::new();
    for (fault, spoil) in cases {
        let dir = tempfile::tempdir().expect("a temporary folder can be made");
        let run = dir.path().join("run");
        Plan::default().write(&run);
        spoil(&run);
        let error = write(&run).expect_err(fault).to_string();
        out.push_str(&format!("{fault}: {}\n", error.replace(&dir.path().display().to_string(), "")));
        assert!(!run.join("report.html").exists(), "{fault}");
    }
    check(
        &out,
        &expect![[r#"
        absent: /run is no run folder: it has no run.json
        no run.json: /run is no run folder: it has no run.json
        run.json is no JSON: /run/run.json is not what a run writes: EOF while parsing an object at line 1 column 1
        summary of other types: /run/summary.json is not what a run writes: invalid type: string "many", expected u64 at line 1 column 17
        corrupt table: cannot read the table /run/tables/gas.parquet: Parquet error: Invalid Parquet file. Corrupt footer
        empty file: cannot read the table /run/tables/segments.parquet: EOF: Parquet file too small. Size is 0 but need 8
        no column: cannot read the table /run/tables/gas.parquet: it has no column transactions
        no number: cannot read the table /run/tables/gas.parquet: fee_eth is NaN in row 0
        not writable: cannot write /run/charts: File exists (os error 17)
    "#]],
    );
}
