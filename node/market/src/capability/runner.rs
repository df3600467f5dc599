//! Lowest versions of what runs models, as operators give them.

use std::collections::BTreeMap;

use serde_json::Value;
use weir_wire::Capability;

use crate::MarketError;

/// Lowest versions by capability and model, from a JSON list of objects with `pipeline`, `model_id` and
/// `minVersion`. Names of keys may be in any case; entries without a model or of an unknown pipeline count for
/// nothing, and of two for one model the later one counts. An empty text is an empty list.
///
/// # Errors
/// It is no such list.
pub fn runner_versions(text: &str) -> Result<BTreeMap<(Capability, String), String>, MarketError> {
    if text.trim().is_empty() {
        return Ok(BTreeMap::new());
    }
    let all: Vec<BTreeMap<String, Value>> =
        serde_json::from_str(text).map_err(|e| MarketError::VersionList(e.to_string()))?;
    let mut out = BTreeMap::new();
    for entry in all {
        let get = |wanted: &str| {
            let exact = entry.get(wanted);
            let found = exact.or_else(|| entry.iter().find(|(k, _)| k.eq_ignore_ascii_case(wanted)).map(|(_, v)| v));
            found.and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let (model, version) = (get("model_id"), get("minVersion"));
        let Some(capability) = Capability::of_pipeline(&get("pipeline")) else { continue };
        if !model.is_empty() {
            out.insert((capability, model), version);
        }
    }
    Ok(out)
}
