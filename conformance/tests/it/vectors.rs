//! The committed cases pass, and a case that was altered does not.

use std::collections::BTreeMap;
use std::path::Path;

use weir_conformance::vectors::{self, RULES};
use weir_conformance::{FileReport, recording};

fn committed() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/vectors");
    let files = recording::folder(&folder, recording::JSON).expect("the committed cases");
    files.into_iter().map(|file| (file.name.clone(), file.read().expect("a committed file"))).collect()
}

fn figures(r: &FileReport) -> (usize, usize, usize) {
    (r.passed, r.failed, r.left_out)
}

#[test]
fn every_case_passes_or_is_left_out_by_a_rule() {
    let (mut passed, mut left_out, mut rules) = (0, 0, BTreeMap::new());
    for (name, text) in committed() {
        let report = vectors::run(&name, &text);
        assert_eq!(report.failed, 0, "{name}: {}", report.differences.join("\n"));
        passed += report.passed;
        left_out += report.left_out;
        for (rule, n) in report.rules {
            *rules.entry(rule).or_insert(0) += n;
        }
    }
    assert!(passed > 6_500, "{passed} passed");
    let pending = rules.get("WITH_THE_WIRE").copied().unwrap_or(0);
    assert!(left_out - pending < 190, "{left_out} left out, {pending} of them because they are about what is to come");
    let unused: Vec<&str> = RULES.iter().map(|r| r.name).filter(|name| !rules.contains_key(name)).collect();
    assert_eq!(unused, ["RECIPIENT_OF_PAYMENT", "TWICE_QUEUED"], "these stand behind another one");
}

/// In each file one recorded answer is altered.
#[test]
fn an_altered_answer_is_found() {
    let altered = [
        ("accounting", r#""balance": "0/1""#, r#""balance": "1/1""#),
        ("ai_gateway_units", r#""units":"62271/1""#, r#""units":"62272/1""#),
        ("ai_models", r#""capacity":0"#, r#""capacity":1"#),
        ("ai_units", r#""units":512,"#, r#""units":513,"#),
        ("amounts", r#""eth": "1.5 ETH""#, r#""eth": "1.6 ETH""#),
        ("auth_tokens", r#""token": "6"#, r#""token": "7"#),
        ("byoc", r#""minimumCovered":true"#, r#""minimumCovered":false"#),
        ("capabilities", r#""words": ["0", "0", "0", "3"]"#, r#""words": ["0", "0", "0", "1"]"#),
        ("capability_constraints", r#""ok": true"#, r#""ok": false"#),
        ("common", r#""result": "http://a/b""#, r#""result": "http://a/c""#),
        ("fees", r#""fee": "300/1""#, r#""fee": "301/1""#),
        ("ids_and_profiles", r#""rendition":"bar/1""#, r#""rendition":"bar""#),
        ("job_capabilities", r#""bits": [0, 12]"#, r#""bits": [0, 11]"#),
        ("payments", r#""header": "EhSdimL2Vq"#, r#""header": "EhSdimL2Vr"#),
        ("playlists", r#"#EXT-X-MEDIA-SEQUENCE:6"#, r#"#EXT-X-MEDIA-SEQUENCE:7"#),
        ("process_payment", r#""balance": ""#, r#""balance": "1"#),
        ("seg_creds", r#""sig": "a"#, r#""sig": "b"#),
        ("selection", r#""sizeAfter": 1"#, r#""sizeAfter": 7"#),
        ("sender_validate", r#""senderError": true"#, r#""senderError": false"#),
        ("signatures", r#""keccak": "9"#, r#""keccak": "8"#),
        ("storage_policy", r#""signature":"6"#, r#""signature":"7"#),
        ("ticket_queue", r#""submitted": [2, 3, 4]"#, r#""submitted": [2, 3]"#),
        ("trickle", r#""text":"1.0 KB""#, r#""text":"1.0 kB""#),
        ("winning", r#""draw": "f"#, r#""draw": "e"#),
    ];
    let files: BTreeMap<String, String> = committed().into_iter().collect();
    for (name, from, to) in altered {
        let text = &files[name];
        let from = [from.to_owned(), from.replace("\": ", "\":"), from.replace(", ", ",").replace("\": ", "\":")]
            .into_iter()
            .find(|from| text.contains(from))
            .unwrap_or_else(|| panic!("{name} has no {from}"));
        let sound = vectors::run(name, text);
        let report = vectors::run(name, &text.replacen(&from, to, 1));
        assert_eq!(report.failed, 1, "{name}: {:?} from {:?}", figures(&report), figures(&sound));
        assert_eq!(report.cases, sound.cases, "{name}");
    }
}

#[test]
fn what_is_no_case_is_counted_as_failed() {
    for (name, text, cases) in [
        ("tickets", "{", 1),
        ("tickets", "{}", 1),
        ("tickets", r#"{"cases": [{}, {"creationRound": "x"}, 3, null]}"#, 4),
        ("winning", r#"{"cases": [{"sig": "zz", "recipientRand": "1", "draw": "1", "winProb_wins": []}]}"#, 1),
        ("unheard_of", r#"{"cases": [{}, {}]}"#, 2),
        ("selection", r#"{"cases": [{"kind": "probs", "pool": 5}, {"kind": "new"}]}"#, 2),
    ] {
        let report = vectors::run(name, text);
        assert_eq!((report.cases, report.failed), (cases, cases), "{name} {text}: {:?}", report.differences);
    }
}

#[test]
fn rules_are_told_apart_and_explained() {
    let mut names: Vec<&str> = RULES.iter().map(|r| r.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), RULES.len());
    assert!(RULES.iter().all(|r| r.reason.ends_with('.') && r.ours.ends_with('.')));
    assert_eq!(vectors::rules_text().lines().count(), 3 * RULES.len());
}

#[test]
fn the_page_of_deviations_is_made_from_the_rules() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/deviations.md");
    let page = std::fs::read_to_string(&path).expect("the page");
    assert!(page == vectors::rules_page(), "make it anew: weir-conformance --page > docs/deviations.md");
}
