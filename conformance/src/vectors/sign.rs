//! Signatures, tokens, and what is signed for segments.

use serde_json::Value;
use weir_ticket::Signature;
use weir_ticket::sig::{prefixed, recover, recover_message, verify};
use weir_types::keccak256;
use weir_wire::net::{AuthToken, SegData, SegParameters, VideoProfile};
use weir_wire::segment::{NO_PROFILES, flatten};
use weir_wire::{ProfileError, ProfileText, header, signed, token::TokenKey};

use super::read::{
    address, bytes, double, error_of, flag, gateway_key, maybe, number, orchestrator_key, same, text, word,
};
use super::{Miss, Outcome, Tally, rules};

pub(crate) fn signatures(file: &Value, tally: &mut Tally<'_>) {
    tally.each("cases", file, |c| {
        let key = match text(c, "key")? {
            "gw" => gateway_key(),
            "orch" => orchestrator_key(),
            other => return Err(format!("unknown key {other}").into()),
        };
        let message = bytes(text(c, "message")?)?;
        let hash = match text(c, "kind")? {
            "info" => signed::request(key.address()),
            "ping" => signed::ping(&message),
            _ => keccak256(&message),
        };
        same("hash", hash, word(text(c, "keccak")?)?)?;
        same("digest", prefixed(hash), word(text(c, "prefixedDigest")?)?)?;
        let sig = key.sign(hash);
        same("signature", sig.to_string().as_str(), text(c, "sig")?)?;
        same("signer", recover(hash, &sig).ok(), Some(key.address()))
    });
    tally.each("verify", file, |c| {
        let hash = keccak256(bytes(text(c, "message")?)?);
        let (who, raw, valid) = (address(text(c, "address")?)?, bytes(text(c, "sig")?)?, flag(c, "valid")?);
        same("valid", recover_message(hash.as_slice(), &raw) == Ok(who), valid)?;
        match Signature::from_slice(&raw) {
            Ok(sig) => same("verified", verify(who, hash, &sig).is_ok(), valid),
            Err(_) => same("verified", false, valid),
        }
    });
}

pub(crate) fn ecrecover(file: &Value, tally: &mut Tally<'_>) {
    tally.each("cases", file, |c| {
        let got = recover_message(&bytes(text(c, "message")?)?, &bytes(text(c, "sig")?)?);
        same("error", error_of(&got), maybe(c, "error"))?;
        same("address", got.ok().map(|a| a.to_string()), maybe(c, "address"))
    });
}

pub(crate) fn auth_tokens(file: &Value, tally: &mut Tally<'_>) {
    tally.each("cases", file, |c| {
        let (secret, session) = (bytes(text(c, "secret")?)?, text(c, "sessionID")?);
        let expiration = c["expiration"].as_i64().ok_or_else(|| "no expiration".to_owned())?;
        let key = TokenKey::new(&secret);
        let ours = key.token(session, expiration);
        same("token", hex::encode(ours).as_str(), text(c, "token")?)?;
        same("it is known again", key.made(ours.as_slice(), session, expiration), true)?;
        same("another is not", key.made(&ours[1..], session, expiration), false)
    });
}

pub(crate) fn profile(p: &Value) -> Outcome<ProfileText> {
    let small = |key: &str| -> Outcome<i32> {
        let n = p[key].as_i64().and_then(|n| i32::try_from(n).ok());
        Ok(n.ok_or_else(|| format!("no number {key}"))?)
    };
    let whole = |key: &str| -> Outcome<u32> { Ok(u32::try_from(number(p, key)?).map_err(|e| e.to_string())?) };
    Ok(ProfileText {
        name: text(p, "name")?.to_owned(),
        bitrate: text(p, "bitrate")?.to_owned(),
        resolution: text(p, "resolution")?.to_owned(),
        fps: whole("fps")?,
        fps_den: whole("fpsDen")?,
        format: small("format")?,
        profile: small("profile")?,
        gop: p["gop"].as_i64().ok_or_else(|| "no gop".to_owned())?,
        encoder: small("encoder")?,
        color_depth: small("colorDepth")?,
        chroma: small("chroma")?,
        quality: whole("quality")?,
    })
}

pub(crate) fn seg_creds(file: &Value, tally: &mut Tally<'_>) {
    tally.each("cases", file, |c| {
        let texts = c["profiles"].as_array().into_iter().flatten().map(profile).collect::<Outcome<Vec<_>>>()?;
        let messages: Result<Vec<_>, _> = texts.iter().map(ProfileText::message).collect();
        if let (Err(ProfileError::Range(_)), None) = (&messages, maybe(c, "error")) {
            return Err(Miss::LeftOut(&rules::BEYOND_31_BITS));
        }
        same("error", error_of(&messages), maybe(c, "error"))?;
        match messages {
            Ok(profiles) => segment(c, &texts, profiles),
            Err(_) => Ok(()),
        }
    });
}

/// A segment as a gateway describes it.
fn segment(c: &Value, texts: &[ProfileText], profiles: Vec<VideoProfile>) -> Outcome {
    let recorded: SegData = header::decode(text(c, "header")?).map_err(|e| e.to_string())?;
    let mut ours = described(c, &recorded)?;
    ours.set_profiles(profiles);
    let differs = on_purpose(c, texts, &mut ours, &recorded)?;
    let field = match (&ours.full_profiles, &ours.full_profiles2, &ours.full_profiles3) {
        (one, ..) if !one.is_empty() => "fullProfiles",
        (_, two, _) if !two.is_empty() => "fullProfiles2",
        (.., three) if !three.is_empty() => "fullProfiles3",
        _ => "",
    };
    same("field of the profiles", field, text(c, "field")?)?;
    // Where the receiver refuses, nothing else is recorded.
    if let Some(flat) = maybe(c, "flatten") {
        same("signed bytes", hex::encode(ours.flatten()), flat)?;
    }
    if differs != Some(&rules::NAME_AFTER_SIGNATURE) {
        ours.sig = sign(&ours.flatten());
    }
    if let Some(sig) = maybe(c, "sig") {
        same("signature", hex::encode(&ours.sig), sig)?;
    }
    same("message", &ours, &recorded)?;
    same("length", maybe(c, "receiverError"), error_of(&ours.millis()))?;
    differs.map_or(Ok(()), |rule| Err(Miss::LeftOut(rule)))
}

fn sign(flat: &[u8]) -> Vec<u8> {
    gateway_key().sign(keccak256(flat)).as_bytes().to_vec()
}

/// The rule by which a segment differs, if one does. What differs is taken over from the record, so that the rest
/// compares.
fn on_purpose(
    c: &Value,
    texts: &[ProfileText],
    ours: &mut SegData,
    recorded: &SegData,
) -> Outcome<Option<&'static super::Rule>> {
    let millis = double(c, "duration")? * 1_000.0;
    let most = i64::from(i32::MAX);
    if millis.abs() > most as f64 || texts.iter().any(|p| p.gop / 1_000_000 > most) {
        ours.duration = recorded.duration;
        ours.set_profiles(recorded.video_profiles().to_vec());
        return Ok(Some(&rules::BEYOND_31_BITS));
    }
    if texts.iter().any(|p| (1..1_000_000).contains(&p.gop)) {
        same("no distance of keyframes", ours.video_profiles().iter().any(|p| p.gop != 0), false)?;
        (ours.full_profiles3, ours.full_profiles) = (std::mem::take(&mut ours.full_profiles), Vec::new());
        return Ok(Some(&rules::SHORT_GOP));
    }
    if texts.iter().any(|p| p.name.is_empty()) {
        // The original signs the names as they came.
        let names = texts.iter().map(|p| p.name.as_str());
        let theirs = flatten(&ours.manifest_id, ours.seq, keccak256(bytes(text(c, "data")?)?), names);
        same("signature over empty names", hex::encode(sign(&theirs)).as_str(), text(c, "sig")?)?;
        ours.sig.clone_from(&recorded.sig);
        return Ok(Some(&rules::NAME_AFTER_SIGNATURE));
    }
    Ok(None)
}

/// The description of a case's segment, but for its profiles and signature.
fn described(c: &Value, recorded: &SegData) -> Outcome<SegData> {
    let ns = |v: &Value| v.as_i64().unwrap_or(0);
    let parameters = &c["segmentParameters"];
    let clip = parameters.get("fromNs").map(|from| {
        let millis = |n: i64| (n / 1_000_000) as u64;
        SegParameters { from: millis(ns(from)), to: millis(ns(&parameters["toNs"])) }
    });
    Ok(SegData {
        manifest_id: text(c, "manifestID")?.as_bytes().to_vec(),
        seq: number(c, "seq")? as i64,
        hash: keccak256(bytes(text(c, "data")?)?).to_vec(),
        profiles: NO_PROFILES.to_vec(),
        duration: (double(c, "duration")? * 1_000.0) as i32,
        // What the job needs has a suite of its own, and stores are the caller's to describe.
        capabilities: recorded.capabilities.clone(),
        storage: recorded.storage.clone(),
        auth_token: match c["authToken"].as_object() {
            None => None,
            Some(_) => Some(AuthToken {
                token: bytes(text(&c["authToken"], "token")?)?,
                session_id: text(&c["authToken"], "sessionID")?.to_owned(),
                expiration: c["authToken"]["expiration"].as_i64().unwrap_or(0),
            }),
        },
        calc_perceptual_hash: flag(c, "calcPerceptualHash")?,
        segment_parameters: clip,
        force_session_reinit: parameters["forceSessionReinit"] == true,
        ..SegData::default()
    })
}
