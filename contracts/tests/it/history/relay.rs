//! What governance contracts do to ours when they execute a decision.

use alloy::primitives::{Address, Bytes, U256};
use serde_json::Value;

use super::values::{Names, plain, unfold};

/// The calls of an executed decision: sender, target, ETH and calldata.
///
/// Those on governance contracts themselves are left out, as they change nothing of ours.
pub fn calls(names: &Names, line: &Value) -> Vec<(Address, Address, U256, Bytes)> {
    let a = &line["a"];
    let one = |v: &Value| vec![v.clone()];
    let many = |v: &Value| v.as_array().cloned().unwrap_or_default();
    let (sender, targets, values, payloads) = match (plain(&line["to"]).as_str(), plain(&line["fn"]).as_str()) {
        // The treasury governor decides, the Treasury acts.
        ("LG", "execute") | ("TR", "executeBatch") => ("TR", many(&a[0]), many(&a[1]), many(&a[2])),
        ("TR", "execute") => ("TR", one(&a[0]), one(&a[1]), one(&a[2])),
        ("GV", "execute") => ("GV", many(&a[0][0]), many(&a[0][1]), many(&a[0][2])),
        _ => return Vec::new(),
    };
    let sender = names.address(sender);
    targets
        .iter()
        .zip(&values)
        .zip(&payloads)
        .filter(|((target, _), _)| !matches!(plain(target).as_str(), "LG" | "TR" | "GV"))
        .map(|((target, value), payload)| {
            let value = plain(value).parse().expect("wei");
            (sender, names.address(&plain(target)), value, unfold(&plain(payload)))
        })
        .collect()
}
