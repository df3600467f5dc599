//! Parameters of a deployment on the command line: a preset, and what differs from it.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use serde_json::value::RawValue;
use weir_contracts::{ProtocolParams, ProtocolVersion};
use weir_types::LptWei;

use crate::failure::Failure;

/// Values to start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Preset {
    /// Short rounds, a pool of 50, next to no inflation, a faucet.
    Devnet,
    /// The values of the live network.
    ArbitrumOne,
}

/// A preset and what differs from it.
#[derive(Debug, Args)]
pub(crate) struct ParamArguments {
    /// Values to start from.
    #[arg(long, value_enum, default_value = "devnet")]
    preset: Preset,
    /// Rules of the contracts: D24, D26, or one with changes added or left out as in D24+a+c or D26-f.
    #[arg(long, value_name = "VERSION")]
    protocol: Option<ProtocolVersion>,
    /// A parameter, for example round_length=100, governance.voting_period=3 or
    /// treasury_balance_ceiling=750000lpt. May be given several times.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl ParamArguments {
    /// The parameters, or what is wrong with them.
    pub(crate) fn resolve(&self) -> Result<ProtocolParams, Failure> {
        let base = match self.preset {
            Preset::Devnet => ProtocolParams::devnet(),
            Preset::ArbitrumOne => ProtocolParams::arbitrum_one(),
        };
        let version = self.protocol.unwrap_or(base.version);
        let mut params = ProtocolParams { version, ..base };
        for assignment in &self.set {
            params = assigned(&params, assignment)
                .map_err(|why| Failure::usage(format!("--set {assignment}: {why}")).help(keys(&params)))?;
        }
        Ok(params)
    }
}

/// Names of all parameters.
fn keys(params: &ProtocolParams) -> String {
    let text = serde_json::to_string(params).unwrap_or_default();
    let map: BTreeMap<String, Box<RawValue>> = serde_json::from_str(&text).unwrap_or_default();
    let names = map.iter().flat_map(|(key, value)| {
        let inner: BTreeMap<String, Box<RawValue>> = serde_json::from_str(value.get()).unwrap_or_default();
        match inner.is_empty() {
            true => vec![key.clone()],
            false => inner.keys().map(|name| format!("{key}.{name}")).collect(),
        }
    });
    format!("parameters are {}", names.collect::<Vec<_>>().join(", "))
}

fn assigned(params: &ProtocolParams, assignment: &str) -> Result<ProtocolParams, String> {
    let (key, value) = assignment.split_once('=').ok_or("no = in it")?;
    let text = serde_json::to_string(params).map_err(|e| e.to_string())?;
    let path: Vec<&str> = key.trim().split('.').collect();
    let text = replaced(&text, &path, &json(value.trim()))?;
    serde_json::from_str(&text).map_err(|e| plain(&e))
}

/// What the parser says, without places in a text that the user never saw.
fn plain(e: &serde_json::Error) -> String {
    let text = e.to_string();
    text.split_once(" at line ").map_or(text.clone(), |(message, _)| message.to_owned())
}

/// A value as JSON: as it is, as an amount of LPT, or as a text.
fn json(value: &str) -> String {
    let whole = value.to_ascii_lowercase().strip_suffix("lpt").and_then(|n| n.trim().parse::<u64>().ok());
    match whole {
        Some(whole) => format!("\"{}\"", LptWei::from_whole(whole).0),
        None if serde_json::from_str::<&RawValue>(value).is_ok() => value.to_owned(),
        None => serde_json::Value::from(value).to_string(),
    }
}

/// An object with the value at a path replaced. Numbers stay as they are written: some have more
/// digits than a JSON value in memory could hold.
fn replaced(object: &str, path: &[&str], value: &str) -> Result<String, String> {
    let Some((first, rest)) = path.split_first() else { return Ok(value.to_owned()) };
    let mut map: BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(object).map_err(|_| format!("there is no {first} in it"))?;
    let inner = map.get(*first).map_or("{}", |raw| raw.get());
    let new = replaced(inner, rest, value)?;
    map.insert((*first).to_owned(), RawValue::from_string(new).map_err(|e| e.to_string())?);
    serde_json::to_string(&map).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use weir_types::Perc27;

    use super::*;

    fn set(all: &[&str]) -> Result<ProtocolParams, Failure> {
        let set = all.iter().map(|s| (*s).to_owned()).collect();
        ParamArguments { preset: Preset::ArbitrumOne, protocol: None, set }.resolve()
    }

    #[test]
    fn single_parameters_can_be_set() {
        let params = set(&[
            "round_length=100",
            "governance.voting_period=3",
            "treasury_balance_ceiling=5lpt",
            "treasury_reward_cut=300000000000000000000000000",
            "owner=deployer",
            "version=D26-f",
            "faucet={\"supply\":\"7\",\"amount\":\"0x2\",\"wait_hours\":1}",
        ])
        .expect("all exist");
        assert_eq!(params.round_length, 100);
        assert_eq!(params.governance.voting_period, 3);
        assert_eq!(params.treasury_balance_ceiling, LptWei::from_whole(5));
        assert_eq!(params.treasury_reward_cut, Perc27(3 * Perc27::DIVISOR / 10));
        assert_eq!(params.owner, weir_contracts::Owner::Deployer);
        assert_eq!(params.version.to_string(), "D26-f");
        assert_eq!(params.faucet.map(|f| f.amount), Some(LptWei::new(2)));
        assert_eq!(params.unbonding_period, ProtocolParams::arbitrum_one().unbonding_period);
    }

    #[test]
    fn what_cannot_be_set_is_told_with_what_can() {
        for (wrong, says) in [
            ("round_length", "no = in it"),
            ("round_lenght=1", "unknown field `round_lenght`"),
            ("round_length=many", "invalid type"),
            ("round_length=-1", "invalid value"),
            ("governance.quorums=1", "unknown field `quorums`"),
            ("round_length.x=1", "there is no x in it"),
            ("version=D25", "no version of the protocol"),
        ] {
            let failure = set(&[wrong]).expect_err(wrong).to_string();
            assert!(failure.contains(says), "{wrong}: {failure}");
            assert!(failure.contains("governance.voting_delay") && failure.contains("round_length"), "{failure}");
        }
    }
}
