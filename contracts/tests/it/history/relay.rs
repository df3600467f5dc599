//! What governance contracts do to ours when they execute a decision.

use alloy::primitives::{Address, Bytes, U256};
use alloy::sol_types::SolCall;
use serde_json::Value;

use super::values::{Names, plain, unfold};

alloy::sol! {
    function relay(address target, uint256 value, bytes data);
}

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
        .filter_map(|((target, value), payload)| {
            let payload = unfold(&plain(payload));
            match plain(target).as_str() {
                "LG" => relayed(names.address("LG"), &payload),
                "TR" | "GV" | "MS" | "PC" => None,
                other => Some((sender, names.address(other), plain(value).parse().expect("wei"), payload)),
            }
        })
        .collect()
}

/// What the treasury governor is asked to call itself.
fn relayed(governor: Address, payload: &[u8]) -> Option<(Address, Address, U256, Bytes)> {
    let call = relayCall::abi_decode(payload).ok()?;
    Some((governor, call.target, call.value, call.data))
}
