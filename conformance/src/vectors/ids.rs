//! Paths and names of streams, renditions as texts, addresses, and what a gateway pays at most.

use std::collections::BTreeMap;

use serde_json::Value;
use weir_market::price::{MaxPrice, ModelKey, Request};
use weir_types::Price;
use weir_wire::preset::{DEFAULTS, RenditionsError, all, presets, renditions};
use weir_wire::stream::{StreamId, without_prefix};
use weir_wire::url::Url;
use weir_wire::{ProfileText, host};

use super::read::{error_of, flag, maybe, price, same, text};
use super::sign::profile;
use super::{Miss, Outcome, Tally, rules};

pub(crate) fn ids_and_profiles(file: &Value, tally: &mut Tally<'_>) {
    tally.case("builtinProfiles", &file["builtinProfiles"], || {
        let mut ours: Vec<ProfileText> = all().collect();
        ours.sort_by(|a, b| a.name.cmp(&b.name));
        same("profiles", Some(ours), profiles(&file["builtinProfiles"])?)
    });
    tally.each("cases", file, |c| match text(c, "kind")? {
        "path" => path(c),
        "rtmp" => published(c),
        "presets" => {
            let names = c["presets"].as_array().into_iter().flatten().filter_map(Value::as_str);
            same("profiles", presets(names), profiles(&c["profiles"])?.unwrap_or_default())
        }
        "profilesJSON" => json(c),
        "httpAddr" => {
            let ours = host::listen(text(c, "addr")?);
            same("error", error_of(&ours), maybe(c, "error"))?;
            let (bind, tls) = ours.map_or((String::new(), false), |l| (l.bind, l.tls));
            same("address", bind.as_str(), text(c, "bind")?)?;
            same("TLS", tls, flag(c, "tls")?)
        }
        "remoteAddr" => {
            same("address", host::caller(text(c, "remote")?, text(c, "xForwardedFor")?), text(c, "result")?)
        }
        "maxPrice" => max_price(c),
        other => Err(format!("unknown kind {other}").into()),
    });
}

fn profiles(v: &Value) -> Outcome<Option<Vec<ProfileText>>> {
    v.as_array().map(|all| all.iter().map(profile).collect()).transpose()
}

fn path(c: &Value) -> Outcome {
    let given = text(c, "path")?;
    same("path", without_prefix(given).as_str(), text(c, "cleaned")?)?;
    let ours = StreamId::of_path(given);
    same("stream", ours.manifest.as_str(), text(c, "manifestID")?)?;
    same("rendition", ours.rendition.as_str(), text(c, "rendition")?)
}

/// What is made up there is empty here, and the caller's to make up.
fn published(c: &Value) -> Outcome {
    let url = Url::parse(text(c, "url")?).map_err(|e| e.to_string())?;
    let hook = &c["webhook"];
    let answer = hook.is_object().then(|| Ok::<_, Miss>((text(hook, "manifestID")?, text(hook, "streamKey")?)));
    let answer = answer.transpose()?;
    let mut ours = StreamId::published(&url.path, answer);
    for (part, made_up) in [(&mut ours.manifest, "RANDOM4"), (&mut ours.rendition, "RANDOM6")] {
        if part.is_empty() {
            made_up.clone_into(part);
        }
    }
    same("error", None, maybe(c, "error"))?;
    same("stream", ours.manifest.as_str(), text(c, "manifestID")?)?;
    same("key", ours.rendition.as_str(), text(c, "key")?)?;
    same("both", ours.to_string().as_str(), text(c, "streamID")?)?;
    let names = hook["presets"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let chosen = match hook["presets"].as_array().map_or(0, Vec::len) {
        0 => presets(DEFAULTS),
        _ => presets(names),
    };
    let chosen: Vec<&str> = chosen.iter().map(|p| p.name.as_str()).collect();
    same("profiles", chosen.join(",").as_str(), text(c, "profiles")?)
}

fn json(c: &Value) -> Outcome {
    let ours = renditions(text(c, "json")?);
    if let (Err(RenditionsError::GopSeconds(_) | RenditionsError::Range(_)), None) = (&ours, maybe(c, "error")) {
        return Err(Miss::LeftOut(&rules::BEYOND_ANY_STREAM));
    }
    same("error", error_of(&ours), maybe(c, "error"))?;
    same("profiles", ours.unwrap_or_default(), profiles(&c["profiles"])?.unwrap_or_default())
}

fn max_price(c: &Value) -> Outcome {
    let mut limit = MaxPrice::new(price(&c["base"])?.unwrap_or_else(Price::free));
    for (key, of) in c["perCapability"].as_object().into_iter().flatten() {
        let (capability, model) = key.split_once('/').ok_or_else(|| "no model".to_owned())?;
        let capability = capability.parse::<u32>().map_err(|e| e.to_string())?;
        limit.set_model(ModelKey::new(capability, model), price(of)?.unwrap_or_else(Price::free));
    }
    let mut request = Request::default();
    for (capability, models) in c["job"].as_object().into_iter().flatten().filter(|_| c["noCaps"] != true) {
        let capability = capability.parse::<u32>().map_err(|e| e.to_string())?;
        let models = models.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        request.capacities.insert(capability);
        request.models.extend(BTreeMap::from([(capability, models)]));
    }
    same("price", limit.of(&request), price(&c["maxPrice"])?)
}
