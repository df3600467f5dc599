//! Recorded histories of the protocol, sent again to these contracts.

mod relay;
mod replay;
mod snapshot;
mod values;

use replay::{Tally, replay};

fn recording(name: &str) -> String {
    let path = format!("{}/tests/data/{name}.jsonl.zst", env!("CARGO_MANIFEST_DIR"));
    let packed = std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let bytes = zstd::decode_all(packed.as_slice()).unwrap_or_else(|e| panic!("{path}: {e}"));
    String::from_utf8(bytes).expect("JSON lines are UTF-8")
}

/// Replays it, and checks that no more than `left_out` of its transactions were not for us.
fn check(name: &str, left_out: usize) {
    let tally = replay(&recording(name));
    println!("{name}: {tally:?}");
    let Tally { creations, transactions, failed_as_recorded, events, snapshots, storages, .. } = tally;
    assert_eq!(creations, 16, "contracts created");
    assert!(transactions > 100 && failed_as_recorded > 20 && events > 200, "{tally:?}");
    assert!(snapshots > 1 && storages == 15, "{tally:?}");
    assert_eq!(tally.left_out, left_out, "transactions for contracts that are not ours");
}

macro_rules! histories {
    ($($test:ident: $file:literal, $left_out:literal;)+) => {
        $(#[test]
        fn $test() {
            check($file, $left_out);
        })+
    };
}

histories! {
    general: "01-general", 15;
    pool: "02-pool", 29;
    gaps: "03-gaps", 25;
    tickets: "04-tickets", 13;
    treasury: "05-treasury", 436;
    rounds: "06-rounds", 179;
    bonds: "07-bonds", 25;
    small: "09-small", 6;
    later_general: "21-general-d26", 18;
    later_pool: "22-pool-d26", 28;
    later_treasury: "25-treasury-d26", 374;
}

/// The recordings tell the two sets of rules apart.
#[test]
#[should_panic(expected = "block")]
fn a_history_under_other_rules_is_noticed() {
    let earlier = recording("01-general");
    replay(&earlier.replacen("\"k\":\"setup\"", "\"k\":\"setup\",\"version\":\"D26\"", 1));
}
