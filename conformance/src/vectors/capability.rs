//! What jobs need and nodes can do.

use std::collections::BTreeMap;

use serde_json::Value;
use weir_market::capability::{
    Capacities, JobNeeds, PixelShape, Unfit, fits, is_legacy, runner_versions, satisfies, version_fits,
};
use weir_wire::capability::{DEFAULT, LEGACY, MANDATORY, OPTIONAL};
use weir_wire::net::{self, CapabilityConstraints, Constraints, ModelConstraint, VideoProfile};
use weir_wire::{Bits, Capability};

use super::read::{error_of, flag, list, maybe, same, text};
use super::{Miss, Outcome, Tally, rules};

/// Numbers of a list, without those below zero, which no bit string has.
fn numbers(v: &Value, key: &str) -> Outcome<Vec<Capability>> {
    let all = list(v, key)?.iter().filter_map(Value::as_i64);
    Ok(all.filter_map(|n| u32::try_from(n).ok()).map(Capability).collect())
}

fn set(v: &Value, key: &str) -> Outcome<Vec<u64>> {
    Ok(numbers(v, key)?.into_iter().collect::<Bits>().0)
}

fn words(v: &Value) -> Outcome<Vec<u64>> {
    let word = |w: &Value| w.as_str()?.parse().ok();
    let all = v.as_array().and_then(|all| all.iter().map(word).collect());
    Ok(all.ok_or_else(|| "no words".to_owned())?)
}

pub(crate) fn capabilities(file: &Value, tally: &mut Tally<'_>) {
    for (list, ours) in [
        ("default", &DEFAULT[..]),
        ("legacy", &LEGACY[..]),
        ("mandatoryForOrchestrators", &MANDATORY[..]),
        ("optional", &OPTIONAL[..]),
    ] {
        tally.case(list, &file[list], || same(list, ours.to_vec(), numbers(file, list)?));
    }
    tally.each("names", file, |row| {
        let Some(number) = row[0].as_i64().and_then(|n| u32::try_from(n).ok()) else {
            // Two have names and are no capabilities.
            return Err(Miss::LeftOut(&rules::BELOW_ZERO));
        };
        let ours = Capability(number).name();
        same("error", error_of(&ours).as_deref(), row[2].as_str())?;
        same("name", ours.unwrap_or_default(), row[1].as_str().unwrap_or_default())
    });
    tally.each("cases", file, |c| match text(c, "kind")? {
        "bits" => {
            let ours = net::Capabilities { bitstring: set(c, "set")?, ..Default::default() };
            same("words", &ours.bitstring, &words(&c["words"])?)?;
            same("legacy", is_legacy(&ours), flag(c, "legacyOnly")?)
        }
        "compat" => {
            let job = net::Capabilities { bitstring: set(c, "job")?, ..Default::default() };
            let node = net::Capabilities {
                bitstring: set(c, "orch")?,
                mandatories: set(c, "mandatory")?,
                ..Default::default()
            };
            same("compatible", fits(&job, &node).is_ok(), flag(c, "compatible")?)
        }
        // A job without capabilities is an empty one here.
        "nilJob" => Err(Miss::LeftOut(&rules::NIL)),
        other => Err(format!("unknown kind {other}").into()),
    });
}

/// Models of a case as constraints for one capability; none for none.
fn models(v: &Value) -> Option<Constraints> {
    let one = |(name, m): (&String, &Value)| {
        let constraint = ModelConstraint {
            warm: m["Warm"] == true,
            capacity: m["Capacity"].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
            runner_version: m["RunnerVersion"].as_str().unwrap_or_default().to_owned(),
            capacity_in_use: 0,
        };
        (name.clone(), constraint)
    };
    let models = v.as_object()?.iter().map(one).collect();
    let per_capability = BTreeMap::from([(Capability::TEXT_TO_IMAGE.0, CapabilityConstraints { models })]);
    Some(Constraints { per_capability, ..Default::default() })
}

pub(crate) fn constraints(file: &Value, tally: &mut Tally<'_>) {
    tally.each("cases", file, |c| match text(c, "kind")? {
        "model" => {
            let bitstring = Bits::from_iter([Capability::TEXT_TO_IMAGE]).0;
            let with = |v: &Value| net::Capabilities {
                bitstring: bitstring.clone(),
                constraints: models(v),
                ..Default::default()
            };
            same("compatible", fits(&with(&c["job"]), &with(&c["orch"])).is_ok(), flag(c, "compatible")?)
        }
        "version" => same("ok", satisfies(text(c, "min")?, text(c, "version")?), flag(c, "ok")?),
        "minVersion" => {
            let min_version = text(c, "min")?.to_owned();
            let constraints = Some(Constraints { min_version, ..Default::default() });
            let job = net::Capabilities { constraints, ..Default::default() };
            let node = net::Capabilities { version: text(c, "version")?.to_owned(), ..Default::default() };
            same("compatible", fits(&job, &node).is_ok(), flag(c, "compatible")?)?;
            let alone = version_fits(&job, &node);
            same("reason", matches!(alone, Err(Unfit::Version { .. })), alone.is_err())?;
            same("version alone", alone.is_ok(), flag(c, "versionOnly")?)
        }
        "runnerMin" => {
            // A text that is no such list sets nothing, there in silence and here with an error.
            let ours = runner_versions(text(c, "json")?).unwrap_or_default();
            let ours: BTreeMap<String, String> =
                ours.into_iter().map(|((cap, model), v)| (format!("{}/{model}", cap.0), v)).collect();
            let stored = c["stored"].as_object().ok_or_else(|| "no list".to_owned())?;
            let theirs = stored.iter().map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_owned())).collect();
            same("stored", ours, theirs)
        }
        other => Err(format!("unknown kind {other}").into()),
    });
}

fn counts(v: &Value) -> Outcome<BTreeMap<Capability, u32>> {
    let one = |(c, n): (&String, &Value)| Some((Capability(c.parse().ok()?), u32::try_from(n.as_u64()?).ok()?));
    let all = v.as_object().and_then(|all| all.iter().map(one).collect());
    Ok(all.ok_or_else(|| "no counts".to_owned())?)
}

pub(crate) fn capacity(file: &Value, tally: &mut Tally<'_>) {
    tally.each("cases", file, |c| {
        let mut sum = Capacities::default();
        for op in list(c, "ops")? {
            let worker = counts(&op["capacities"])?;
            match text(op, "op")? {
                "add" => sum.add(&worker),
                "remove" => sum.remove(&worker),
                other => return Err(format!("unknown step {other}").into()),
            }
            same("counts", sum.counts(), &counts(&op["after"])?)?;
            same("words", &sum.bits().0, &words(&op["words"])?)?;
        }
        Ok(())
    });
    let without = &file["netWithoutCapacities"];
    tally.case("netWithoutCapacities", without, || {
        let ours = Capacities::of(&net::Capabilities { bitstring: words(&without["words"])?, ..Default::default() });
        same("counts", ours.counts(), &counts(&without["capacities"])?)
    });
}

pub(crate) fn jobs(file: &Value, tally: &mut Tally<'_>) {
    tally.each("cases", file, |c| {
        let small = |v: &Value| v.as_i64().and_then(|n| i32::try_from(n).ok()).unwrap_or(0);
        let profile = |p: &Value| VideoProfile {
            // Text forms have one container more: none.
            format: (small(&p["format"]) - 1).max(if small(&p["format"]) < 0 { -1 } else { 0 }),
            profile: small(&p["profile"]),
            encoder: small(&p["encoder"]),
            gop: small(&p["gop"]),
            fps_den: u32::try_from(small(&p["fpsDen"])).unwrap_or(0),
            ..VideoProfile::default()
        };
        let profiles: Vec<VideoProfile> = c["profiles"].as_array().into_iter().flatten().map(profile).collect();
        let needs = JobNeeds {
            codec: small(&c["codec"]),
            pixels: PixelShape::named(text(c, "pixelFormatName")?),
            profiles: &profiles,
            verification: small(&c["verificationFreq"]) > 0,
            slicing: flag(c, "slice")?,
            storage: c["storage"].as_i64().map(|_| small(&c["storage"])),
        };
        let ours = needs.capabilities();
        same("error", error_of(&ours), maybe(c, "error"))?;
        match ours {
            Ok(ours) => same("capabilities", ours, numbers(c, "bits")?),
            Err(_) => Ok(()),
        }
    });
}
