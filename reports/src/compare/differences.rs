//! What differs between scenarios, key by key.

use std::collections::BTreeMap;

use serde_json::Value;

/// Longest value that is shown whole.
const LENGTH: usize = 90;

/// A key and its value in each scenario; nothing where it has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) key: String,
    pub(super) values: Vec<Option<String>>,
}

/// Keys whose values are not the same in all.
pub(super) fn differences(scenarios: &[&Value]) -> Vec<Difference> {
    let flat: Vec<BTreeMap<String, String>> = scenarios
        .iter()
        .map(|s| {
            let mut out = BTreeMap::new();
            flatten(s, "", &mut out);
            out
        })
        .collect();
    let mut keys: Vec<&String> = flat.iter().flat_map(BTreeMap::keys).collect();
    keys.sort();
    keys.dedup();
    let of = |key: &String| -> Vec<Option<String>> { flat.iter().map(|f| f.get(key).cloned()).collect() };
    keys.into_iter()
        .map(|key| Difference { key: key.clone(), values: of(key) })
        .filter(|d| d.values.windows(2).any(|w| w[0] != w[1]))
        .map(|d| Difference { values: d.values.into_iter().map(|v| v.map(short)).collect(), ..d })
        .collect()
}

fn flatten(value: &Value, key: &str, out: &mut BTreeMap<String, String>) {
    let below = |name: &str| if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
    match value {
        Value::Object(map) => map.iter().for_each(|(name, v)| flatten(v, &below(name), out)),
        // A list of numbers is one value; one of tables has keys in it.
        Value::Array(items) if items.iter().any(Value::is_object) => {
            items.iter().enumerate().for_each(|(i, v)| flatten(v, &below(&i.to_string()), out));
        }
        Value::String(text) => {
            out.insert(key.to_owned(), text.clone());
        }
        other => {
            out.insert(key.to_owned(), other.to_string());
        }
    }
}

fn short(text: String) -> String {
    match text.char_indices().nth(LENGTH) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_that_differ_are_told_and_others_not() {
        let a = json!({"name": "x", "t": {"a": 1, "b": [1, 2]}, "l": [{"ms": 5}, {"ms": 6}]});
        let b = json!({"name": "x", "t": {"a": 2, "b": [1, 2], "c": true}, "l": [{"ms": 5}, {"ms": 7}]});
        let got: Vec<String> = differences(&[&a, &b]).iter().map(|d| format!("{} {:?}", d.key, d.values)).collect();
        assert_eq!(
            got,
            ["l.1.ms [Some(\"6\"), Some(\"7\")]", "t.a [Some(\"1\"), Some(\"2\")]", "t.c [None, Some(\"true\")]"]
        );
    }
}
