//! Selection of orchestrators.

use std::collections::BTreeMap;

use serde_json::Value;
use weir_market::pool::Session;
use weir_market::selection::{MinLs, Offer, Probability, Rank, Ranked, Weights, select_live};
use weir_market::suspension::Suspender;
use weir_types::{Address, Instant, Millis, Price};

use super::read::{double, flag, holds, list, number, price, same, text};
use super::{Miss, Outcome, Tally, rules};

pub(crate) fn selection(file: &Value, tally: &mut Tally<'_>) {
    tally.each("cases", file, |c| match text(c, "kind")? {
        "probs" => probabilities(c),
        "suspender" => suspensions(c),
        "selector" => selector(c),
        "reuse" => reuse(c),
        other => Err(format!("unknown kind {other}").into()),
    });
}

/// An offer of a case.
struct Stub {
    uri: String,
    recipient: Option<Address>,
    price: Option<Price>,
    stake: u64,
    score: Option<f64>,
}

impl Offer for Stub {
    fn uri(&self) -> &str {
        &self.uri
    }
    fn recipient(&self) -> Option<Address> {
        self.recipient
    }
    fn price(&self) -> Option<&Price> {
        self.price.as_ref()
    }
    fn stake(&self) -> u64 {
        self.stake
    }
    fn performance(&self) -> Option<f64> {
        self.score
    }
}

fn stub(i: usize, price: Option<Price>, stake: u64, score: Option<f64>) -> Stub {
    let byte = u8::try_from(i + 1).unwrap_or(u8::MAX);
    Stub { uri: format!("o{i}"), recipient: Some(Address::repeat_byte(byte)), price, stake, score }
}

fn pool(c: &Value) -> Outcome<Vec<Stub>> {
    let entries = c["pool"].as_array().into_iter().flatten();
    let one = |(i, o): (usize, &Value)| {
        Ok(stub(i, price(&o["price"])?, o["stake"].as_u64().unwrap_or(0), o["score"].as_f64()))
    };
    entries.enumerate().map(one).collect()
}

fn rule(c: &Value) -> Outcome<Probability> {
    let weights: Vec<f64> = list(c, "weights_stake_price_rand")?.iter().filter_map(Value::as_f64).collect();
    let [stake, price_weight, random] = weights.as_slice() else { return Err("no three weights".to_owned().into()) };
    Ok(Probability {
        weights: Weights::new(*stake, *price_weight, *random).map_err(|e| e.to_string())?,
        price_factor: double(c, "priceExpFactor")?,
        min_performance: double(c, "minPerfScore")?,
        max_price: price(&c["maxPrice"])?,
        ignore_max_price: flag(c, "ignoreMaxPriceIfNeeded")?,
    })
}

fn probabilities(c: &Value) -> Outcome {
    let (offers, rule) = (pool(c)?, rule(c)?);
    let kept = rule.filter(&offers);
    let theirs: Vec<u64> = list(c, "kept")?.iter().filter_map(Value::as_u64).collect();
    same("kept", kept.iter().map(|i| *i as u64).collect(), theirs)?;
    let live = select_live(&offers, rule.max_price.as_ref()).map(|i| i as u64);
    same("pick for a live job", live, c["livePick"].as_u64())?;
    let chosen: Vec<&Stub> = kept.iter().filter_map(|i| offers.get(*i)).collect();
    let ours = rule.probabilities(&chosen);
    if c.get("panic").is_some() {
        holds("some have no price", chosen.iter().any(|o| o.price.is_none()))?;
        let none = |(o, p): (&&Stub, &f64)| p.is_finite() && (o.price.is_some() || *p == 0.0);
        holds("those are never drawn", chosen.iter().zip(&ours).all(none))?;
        return Err(Miss::LeftOut(&rules::UNPRICED));
    }
    let theirs: Vec<f64> = list(c, "probs")?.iter().filter_map(|p| p.as_str().and_then(|p| p.parse().ok())).collect();
    same("how many", ours.len(), theirs.len())?;
    for (p, q) in ours.iter().zip(&theirs) {
        // The exponential of another library may differ in the last bit.
        holds(&format!("probability: ours is {p}, recorded is {q}"), (p - q).abs() <= 4.0 * f64::EPSILON * q.abs())?;
    }
    Ok(())
}

fn suspensions(c: &Value) -> Outcome {
    let mut s = Suspender::new();
    for op in list(c, "ops")? {
        let who = op["o"].as_str().unwrap_or_default();
        match text(op, "op")? {
            "suspend" => s.suspend(who, number(op, "penalty")?),
            "refresh" => s.signal_refresh(),
            "suspended" => same("refreshes left", s.suspended(who), number(op, "result")?)?,
            other => return Err(format!("unknown step {other}").into()),
        }
    }
    Ok(())
}

/// The three selectors behind one face.
enum Any {
    Ranked(Ranked<String>),
    MinLs(MinLs<String>),
}

impl Any {
    fn new(name: &str) -> Outcome<Self> {
        Ok(match name {
            "latencyScore" => Self::Ranked(Ranked::new(Rank::Score)),
            "initialLatency" => Self::Ranked(Ranked::new(Rank::FirstLatency)),
            "minLS" => Self::MinLs(MinLs::new(1.0)),
            other => return Err(format!("unknown selector {other}").into()),
        })
    }

    fn len(&self) -> usize {
        match self {
            Self::Ranked(r) => r.len(),
            Self::MinLs(m) => m.len(),
        }
    }

    fn add(&mut self, key: &str, score: f64, latency: u64) {
        match self {
            Self::Ranked(r) => r.add(key.to_owned(), score, latency),
            Self::MinLs(m) => m.add([key.to_owned()]),
        }
    }

    fn complete(&mut self, key: &str, score: f64, latency: u64) {
        match self {
            Self::Ranked(r) => r.add(key.to_owned(), score, latency),
            Self::MinLs(m) => m.complete(key.to_owned(), score),
        }
    }

    fn select(&mut self) -> Option<String> {
        match self {
            Self::Ranked(r) => r.select(),
            Self::MinLs(m) => m.select(|unknown| (!unknown.is_empty()).then_some(0)),
        }
    }
}

fn selector(c: &Value) -> Outcome {
    let mut selector = Any::new(text(c, "selector")?)?;
    let mut latencies: BTreeMap<String, u64> = BTreeMap::new();
    for op in list(c, "ops")? {
        match text(op, "op")? {
            "add" => {
                for s in list(op, "name_score_latencyNs")? {
                    let (Some(name), Some(score), Some(latency)) = (s[0].as_str(), s[1].as_f64(), s[2].as_u64()) else {
                        return Err("no session".to_owned().into());
                    };
                    latencies.insert(name.to_owned(), latency / 1_000);
                    selector.add(name, score, latency / 1_000);
                }
            }
            "complete" => {
                let name = text(op, "o")?;
                selector.complete(name, double(op, "score")?, latencies.get(name).copied().unwrap_or(0));
            }
            "select" => {
                same("picked", selector.select().as_deref(), op["picked"].as_str())?;
                same("left", selector.len() as u64, number(op, "sizeAfter")?)?;
            }
            other => return Err(format!("unknown step {other}").into()),
        }
    }
    Ok(())
}

fn reuse(c: &Value) -> Outcome {
    let now = Instant::from_secs(100);
    let mut s = Session::new(stub(1, Price::new(100, 1), 1, None));
    s.set_score(double(c, "score")?);
    if let (Some(age), Some(duration)) = (c["inFlightMs"].as_u64(), c["segDurMs"].as_u64()) {
        s.sent(Instant::from_millis(now.as_millis().saturating_sub(age)), Millis(duration));
    }
    same("picked", s.reusable(now, number(c, "durMult")?, 1.0), flag(c, "picked")?)
}
