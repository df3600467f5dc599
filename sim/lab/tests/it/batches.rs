//! Tickets redeemed together.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use arrow::array::{StringArray, UInt64Array};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tempfile::tempdir;
use weir_lab::RunOutcome;
use weir_lab::scenario::{Count, Dist, Scenario};

use crate::support::{make, rounds};

/// A network in which one ticket in a hundred wins, whatever gas costs, so that several are due at once.
fn many_winners(batch: u32) -> Scenario {
    let mut scenario = rounds(false, 1);
    scenario.chain.gas_price_gwei = Dist::Fixed { value: 0.000_01 };
    scenario.rounds.l1_block_seconds = Count(24);
    scenario.faults.orchestrator_crashes = 2;
    scenario.orchestrators.redeem_batch = Count(batch);
    scenario
}

fn figure(run: &RunOutcome, key: &str) -> f64 {
    run.summary.kpis.get(key).copied().unwrap_or_else(|| panic!("no figure {key}: {:?}", run.summary.kpis))
}

/// Transactions of a run by kind.
fn kinds(run: &Path) -> BTreeMap<String, u64> {
    let file = fs::File::open(run.join("tables/gas.parquet")).expect("a run has its tables");
    let rows = ParquetRecordBatchReaderBuilder::try_new(file).and_then(|b| b.build()).expect("a Parquet file");
    let mut out = BTreeMap::new();
    for row in rows {
        let row = row.expect("a whole table");
        let kinds = row.column_by_name("kind").and_then(|c| c.as_any().downcast_ref::<StringArray>()).expect("texts");
        let counts = row.column_by_name("transactions").and_then(|c| c.as_any().downcast_ref::<UInt64Array>());
        for (kind, n) in kinds.iter().flatten().zip(counts.expect("whole numbers").values()) {
            *out.entry(kind.to_owned()).or_default() += n;
        }
    }
    out
}

#[test]
fn batches_redeem_the_same_worth_with_fewer_transactions() {
    let tmp = tempdir().expect("a temporary folder");
    let made = |batch: u32| {
        let dir = tmp.path().join(batch.to_string());
        let run = make(&many_winners(batch), &dir, 7);
        assert_eq!(run.summary.broken().collect::<Vec<_>>(), [], "{batch}");
        (run, kinds(&dir))
    };
    let (single, alone) = made(1);
    let (batched, together) = made(10);
    for key in ["tickets_won", "tickets_redeemed", "fees_eth", "segments_served"] {
        assert_eq!(figure(&single, key), figure(&batched, key), "{key}");
    }
    assert_eq!(figure(&single, "tickets_won"), figure(&single, "tickets_redeemed"));
    let redemptions = |kinds: &BTreeMap<String, u64>| {
        let of = |kind: &str| kinds.get(kind).copied().unwrap_or_default();
        (of("redeemWinningTicket"), of("batchRedeemWinningTickets"))
    };
    let ((each, none), (some, batches)) = (redemptions(&alone), redemptions(&together));
    assert_eq!((each as f64, none), (figure(&single, "tickets_redeemed"), 0));
    assert!(batches > 0 && some + batches < each, "{some} and {batches} for {each}");
    assert!(figure(&batched, "gas_eth") < figure(&single, "gas_eth"));
}
