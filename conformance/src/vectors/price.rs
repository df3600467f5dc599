//! Prices and fees.

use std::collections::{BTreeMap, BTreeSet};

use num_rational::BigRational;
use serde_json::Value;
use weir_market::MarketError;
use weir_market::price::{
    Feed, ModelKey, PriceList, Request, Wire, check_increase, currency, fixed, fixed_to_price, options as texts,
    price_to_fixed, price_to_int64,
};
use weir_ticket::meter::Meter;
use weir_ticket::sender::fee_estimate;
use weir_ticket::{PriceError, PriceInfo};
use weir_types::{Address, Millis, Pixels, Profile};

use super::read::{
    credit, double, error_of, flag, holds, integer, list, maybe, maybe_ratio, number, price, same, text,
};
use super::{Miss, Outcome, Tally, rules};

const GATEWAY: Address = Address::repeat_byte(0x9d);

pub(crate) fn fees(file: &Value, tally: &mut Tally<'_>) {
    tally.each("cases", file, |c| match text(c, "kind")? {
        "estimate" => estimate(c),
        "live" => live(c),
        "priceCheck" => increase(c),
        "liveProcessor" => metered(c),
        other => Err(format!("unknown kind {other}").into()),
    });
}

fn profiles(c: &Value) -> Outcome<Option<Vec<Profile>>> {
    let one = |row: &Value| {
        let size: Vec<&str> = row[0].as_str()?.split('x').collect();
        let n = |i: usize| u32::try_from(row[i].as_u64()?).ok();
        Some(Profile {
            name: String::new(),
            width: size.first()?.parse().ok()?,
            height: size.get(1)?.parse().ok()?,
            bitrate: 0,
            fps: n(1)?,
            fps_den: n(2)?,
        })
    };
    Ok(list(c, "resolution_fps_den")?.iter().map(one).collect())
}

fn estimate(c: &Value) -> Outcome {
    let Some(profiles) = profiles(c)? else {
        holds("it is an error there", maybe(c, "error").is_some())?;
        return Err(Miss::LeftOut(&rules::TEXT_SIZES));
    };
    let Some(price) = price(&c["price"])? else {
        // Without a price nothing is reckoned.
        return same("fee", None, maybe(c, "fee"));
    };
    // A duration below zero counts as none in the original too.
    let ms = (double(c, "duration")?.max(0.0) * 1_000.0).round();
    let ours = fee_estimate(&profiles, Millis(ms as u64), &price).credit();
    let theirs = credit(text(c, "fee")?)?;
    if ours != theirs && wide(&profiles, ms) {
        holds("ours does not wrap", ours > theirs)?;
        return Err(Miss::LeftOut(&rules::BEYOND_64_BITS));
    }
    same("fee", ours, theirs)
}

/// Whether the pixels of some renditions are more than 63 bits count.
fn wide(profiles: &[Profile], ms: f64) -> bool {
    let seconds = (ms / 1_000.0).ceil();
    let pixels = profiles.iter().map(|p| f64::from(p.width) * f64::from(p.height) * f64::from(p.fps.max(1)) * seconds);
    pixels.sum::<f64>() >= i64::MAX as f64
}

fn message(v: &Value) -> Option<PriceInfo> {
    Some(PriceInfo { price_per_unit: v[0].as_i64()?, pixels_per_unit: v[1].as_i64()? })
}

fn live(c: &Value) -> Outcome {
    let Ok(units) = u64::try_from(integer(c, "units")?) else { return Err(Miss::LeftOut(&rules::BELOW_ZERO)) };
    let price = message(&c["price"]).and_then(|p| p.price().ok()).ok_or_else(|| "no price".to_owned())?;
    same("fee", price.fee(Pixels(units)), credit(text(c, "fee")?)?)?;
    same("fee of an AI job", price.fee(Pixels(units)), credit(text(c, "aiFee")?)?)
}

fn increase(c: &Value) -> Outcome {
    let Some(current) = message(&c["current"]) else {
        // A session of ours has a price.
        holds("it is an error there", maybe(c, "error").is_some())?;
        return Err(Miss::LeftOut(&rules::NIL));
    };
    let current = match current.price() {
        Err(PriceError::Negative { .. }) => return Err(Miss::LeftOut(&rules::BELOW_ZERO)),
        Err(e) => return same("error", Some(e.to_string()), maybe(c, "error")),
        Ok(current) => current,
    };
    // A first price that is none is compared with nothing.
    let first = message(&c["initial"]).and_then(|p| p.price().ok());
    let ours = first.map_or(Ok(()), |first| check_increase(&first, &current));
    same("error", error_of(&ours), maybe(c, "error"))
}

fn metered(c: &Value) -> Outcome {
    let mut meter = Meter::new(number(c, "unitsPerSecond")?, number(c, "intervalNs")?);
    for row in list(c, "time_units_lastProcessed")? {
        let now = row[0].as_u64().ok_or_else(|| "no time".to_owned())?;
        same("units", meter.due(now), row[1].as_u64())?;
        same("counted up to", Some(meter.counted_ns()), row[2].as_u64())?;
    }
    Ok(())
}

fn wire(v: &Value) -> Option<Wire> {
    Some(Wire { per_unit: v[0].as_i64()?, pixels_per_unit: v[1].as_i64()? })
}

pub(crate) fn fixed_point(file: &Value, tally: &mut Tally<'_>) {
    tally.each("cases", file, |c| match text(c, "kind")? {
        "priceToFixed" => {
            let Some(v) = maybe_ratio(&c["in"])? else { return Err(Miss::LeftOut(&rules::NIL)) };
            same("fixed point", Some(price_to_fixed(&v)), c["out"].as_i64())?;
            same("back", Some(fixed_to_price(price_to_fixed(&v))), maybe_ratio(&c["back"])?)?;
            let whole = price_to_int64(&v);
            same("error", error_of(&whole), maybe(c, "priceToInt64Error"))?;
            let theirs = maybe_ratio(&c["priceToInt64"])?;
            same("whole", whole.ok().map(|n| BigRational::from_integer(n.into())), theirs)
        }
        "token" => {
            if !c["in"].is_string() {
                return Err(Miss::LeftOut(&rules::NIL));
            }
            same("fixed point", Some(fixed::token_to_fixed(&integer(c, "in")?)), c["out"].as_i64())
        }
        "ratPriceInfo" => {
            let Some(w) = wire(&c["in"]) else { return Err(Miss::LeftOut(&rules::NIL)) };
            same("error", error_of(&w.ratio()), maybe(c, "error"))?;
            same("ratio", w.ratio().ok(), maybe_ratio(&c["out"])?)?;
            let negative = w.ratio().is_ok_and(|r| r < BigRational::from_integer(0.into()));
            same("no price below zero", matches!(w.price(), Err(MarketError::NegativePrice { .. })), negative)
        }
        "toInt64" => {
            // Ours says that it does not fit where the original gives the highest number.
            let ours = price_to_int64(&BigRational::from_integer(integer(c, "in")?));
            match ours {
                Ok(n) => same("number", Some(n), c["out"].as_i64()),
                Err(e) => {
                    same("reason", e, MarketError::PriceRange)?;
                    same("highest", Some(i64::MAX), c["out"].as_i64())
                }
            }
        }
        other => Err(format!("unknown kind {other}").into()),
    });
}

fn price_list(c: &Value) -> Outcome<PriceList> {
    let mut list = PriceList::new(price(&c["default"])?, flag(c, "autoAdjust")?);
    if let Some(p) = price(&c["sender"])? {
        list.set_gateway(GATEWAY, p);
    }
    for p in c["capPrices"].as_array().into_iter().flatten() {
        let capability = u32::try_from(number(p, "cap")?).map_err(|e| e.to_string())?;
        let of = price(&p["price"])?.ok_or_else(|| "no price".to_owned())?;
        list.set_model((p["who"] == "sender").then_some(GATEWAY), ModelKey::new(capability, text(p, "model")?), of);
    }
    Ok(list)
}

fn request(v: &Value) -> Request {
    let number = |s: &String| s.parse::<u32>().ok();
    let Some(caps) = v.as_object() else { return Request { capacities: BTreeSet::from([27]), ..Request::default() } };
    let models = |v: &Value| -> BTreeSet<String> {
        v.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let capacities = caps.get("capacities").and_then(Value::as_object).into_iter().flatten();
    let of_models = caps.get("models").and_then(Value::as_object).into_iter().flatten();
    Request {
        capacities: capacities.filter_map(|(k, _)| number(k)).collect(),
        models: of_models.filter_map(|(k, v)| Some((number(k)?, models(v)))).collect(),
    }
}

/// What the orchestrator answers: a message, or the text of an error.
fn answer(list: &PriceList, request: &Request, c: &Value) -> Result<Wire, String> {
    let ratio = maybe_ratio(&c["multiplier"]).ok().flatten();
    let multiplier = || ratio.clone().ok_or_else(|| maybe(c, "multiplierError").unwrap_or_default());
    let quote = list.quote(GATEWAY, request, None, multiplier)?;
    Wire::of(&quote).map_err(|e| e.to_string())
}

fn recorded(price: &Value, error: &Value) -> Result<Wire, String> {
    wire(price).ok_or_else(|| error.as_str().unwrap_or("neither price nor error").to_owned())
}

fn info_case(c: &Value) -> Outcome {
    let list = price_list(c)?;
    let ours = answer(&list, &Request::default(), c);
    let beyond = price(&c["default"])?.is_some_and(|p| Wire::of(&p).is_err()) && !flag(c, "autoAdjust")?;
    if beyond {
        same("it is refused", ours, Err(MarketError::PriceRange.to_string()))?;
        return Err(Miss::LeftOut(&rules::BEYOND_64_BITS));
    }
    same("price", ours.clone(), recorded(&c["price"], &c["error"]))?;
    if c.get("fixedPrice").is_some() {
        // A fixed price is kept only for a session that has a balance, and these have none.
        same("price of a session", ours.clone().ok(), wire(&c["withSession"]))?;
        same("price of another", ours.ok(), wire(&c["withOtherSession"]))?;
    }
    if c.get("caps").is_some() {
        let ours = answer(&list, &request(&c["caps"]), c);
        same("price for capabilities", ours, recorded(&c["forCaps"], &c["forCapsError"]))?;
        model_quotes(&list, c)?;
    }
    Ok(())
}

fn model_quotes(list: &PriceList, c: &Value) -> Outcome {
    let ours: BTreeMap<String, Wire> =
        list.model_quotes(GATEWAY).into_iter().map(|(k, w)| (format!("{}/{}", k.capability, k.model), w)).collect();
    let ours: Vec<String> =
        ours.into_iter().map(|(k, w)| format!("{k}={}/{}", w.per_unit, w.pixels_per_unit)).collect();
    let theirs: Vec<&str> =
        c["capabilitiesPrices"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    same("prices of models", ours.iter().map(String::as_str).collect(), theirs)
}

pub(crate) fn info(file: &Value, tally: &mut Tally<'_>) {
    tally.each("cases", file, info_case);
    tally.each("jobPrices", file, |c| {
        let ours = price_list(c)?.job_quote(GATEWAY).map_err(|e| e.to_string());
        same("price", ours, recorded(&c["price"], &c["error"]))
    });
    tally.each("currency", file, |c| {
        let name = text(c, "currency")?;
        if c["feed"].is_null() {
            same("without a feed", currency::wei_per_unit(name, None), Err(MarketError::NoFeed(name.to_owned())))?;
            return Err(Miss::LeftOut(&rules::NIL));
        }
        let (base, quote) = text(c, "feed")?.split_once('/').ok_or_else(|| "no two currencies".to_owned())?;
        let rate = maybe_ratio(&c["feedPrice"])?.ok_or_else(|| "no price of the feed".to_owned())?;
        let feed = Feed::new(base, quote, rate).map_err(|e| e.to_string())?;
        let ours = currency::wei_per_unit(name, Some(&feed));
        same("error", error_of(&ours), maybe(c, "error"))?;
        let base = maybe_ratio(&c["base"])?.unwrap_or_default();
        same("wei", ours.ok().map(|w| w * base), maybe_ratio(&c["wei"])?)
    });
}

type Rows = Option<Vec<Vec<Option<String>>>>;

fn rows(v: &Value) -> Rows {
    let row = |r: &Value| r.as_array().map(|r| r.iter().map(|cell| cell.as_str().map(str::to_owned)).collect());
    v.as_array()?.iter().map(row).collect()
}

pub(crate) fn options(file: &Value, tally: &mut Tally<'_>) {
    let shown = |r: &Option<BigRational>| r.as_ref().map(|r| format!("{}/{}", r.numer(), r.denom()));
    tally.each("cases", file, |c| match text(c, "kind")? {
        "perUnit" => {
            let ours = texts::price_with_currency(text(c, "text")?);
            same("error", error_of(&ours), maybe(c, "error"))?;
            let (number, currency) = ours.map_or((None, String::new()), |(n, c)| (Some(n), c));
            same("price", number, maybe_ratio(&c["price"])?)?;
            same("currency", currency.as_str(), text(c, "currency")?)
        }
        "gateways" => {
            let ours: Rows = texts::gateway_prices(text(c, "json")?).ok().map(|all| {
                let row = |g: texts::GatewayPrice| {
                    vec![Some(g.address), shown(&g.per_unit), shown(&g.pixels_per_unit), Some(g.currency)]
                };
                all.into_iter().map(row).collect()
            });
            same("prices", ours, rows(&c["address_price_pixels_currency"]))
        }
        "capabilities" => {
            let ours: Rows = texts::model_prices(text(c, "json")?).ok().map(|all| {
                let row = |m: texts::ModelPrice| {
                    let numbers = [shown(&m.per_unit), shown(&m.pixels_per_unit)];
                    [Some(m.pipeline), Some(m.model)].into_iter().chain(numbers).chain([Some(m.currency)]).collect()
                };
                all.into_iter().map(row).collect()
            });
            same("prices", ours, rows(&c["pipeline_model_price_pixels_currency"]))
        }
        other => Err(format!("unknown kind {other}").into()),
    });
}
