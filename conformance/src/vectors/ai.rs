//! What AI jobs cost, and the models that operators name.

use num_rational::BigRational;
use serde_json::Value;
use weir_market::models::{Model, ModelsError, of_json, of_option, steps};
use weir_market::units::{Job, UnitsError, latency_score};
use weir_types::{Millis, Pixels};
use weir_wire::Capability;
use weir_wire::image::{Size, size};

use super::read::{bytes, double, error_of, flag, holds, integer, maybe, number, same, same_texts, text};
use super::{Miss, Outcome, Tally, rules};

/// A file's header, which the original's media library takes for sound.
const WAV_HEADER: f64 = 44.0;
/// Bytes of a second of the cases' sound.
const WAV_SECOND: f64 = 32_000.0;

/// First bytes of a picture of a kind and size.
fn picture(kind: &str, size: Size) -> Vec<u8> {
    let (width, height) = (size.width.to_be_bytes(), size.height.to_be_bytes());
    match kind {
        "png" => [&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], &width, &height].concat(),
        "jpeg" => [&b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x11\x08"[..], &height[2..], &width[2..]].concat(),
        "gif" => [&b"GIF89a"[..], &[width[3], width[2], height[3], height[2]]].concat(),
        "empty" => Vec::new(),
        _ => b"this is a text".to_vec(),
    }
}

/// Characters of a text, of which each byte that is no part of one counts.
fn characters(text: &[u8]) -> u64 {
    text.utf8_chunks().map(|chunk| chunk.valid().chars().count() + chunk.invalid().len()).sum::<usize>() as u64
}

/// The job of a case, or why its body has none.
fn job(c: &Value) -> Outcome<Result<Job, String>> {
    let side = |key: &str| Ok::<_, Miss>(u32::try_from(number(c, key)?).map_err(|e| e.to_string())?);
    let image = || -> Outcome<Result<Size, String>> {
        let wanted = Size { width: side("imageWidth")?, height: side("imageHeight")? };
        let kind = maybe(c, "imageType").unwrap_or_else(|| if wanted.width == 0 { "text" } else { "png" }.to_owned());
        Ok(size(&picture(&kind, wanted)).map_err(|e| e.to_string()))
    };
    let (height, width, images) = (c["height"].as_i64(), c["width"].as_i64(), c["numImages"].as_i64());
    Ok(match text(c, "request")? {
        "text-to-image" => Ok(Job::TextToImage { height, width, images }),
        "image-to-image" => image()?.map(|image| Job::ImageToImage { image, images }),
        "image-to-video" => Ok(Job::ImageToVideo { height, width }),
        "upscale" => image()?.map(Job::Upscale),
        "segment-anything-2" => image()?.map(Job::SegmentAnything2),
        "image-to-text" => image()?.map(Job::ImageToText),
        "audio-to-text" => {
            // Another file than one of sound has no length.
            let seconds = if c["audio"].is_string() { 0.0 } else { double(c, "wavSeconds")? };
            let heard = if seconds > 0.0 { seconds + WAV_HEADER / WAV_SECOND } else { 0.0 };
            Ok(Job::AudioToText { seconds: heard as u64 })
        }
        "llm" => Ok(Job::Llm { max_tokens: c["maxTokens"].as_i64() }),
        "text-to-speech" => {
            let text = c["textHex"].as_str().map(bytes).transpose()?;
            Ok(Job::TextToSpeech { characters: text.map(|text| characters(&text)) })
        }
        other => return Err(format!("unknown request {other}").into()),
    })
}

pub(crate) fn debited(file: &Value, tally: &mut Tally<'_>) {
    tally.each("cases", file, |c| if c["kind"] == "latency" { latency(c) } else { debit(c) });
}

fn debit(c: &Value) -> Outcome {
    let job = match job(c)? {
        Ok(job) => job,
        Err(e) => return refused(c, &e),
    };
    let units = match job.debited() {
        Ok(units) => units,
        Err(UnitsError::BelowZero(_)) => {
            let below = ["height", "width", "numImages", "maxTokens"].iter().any(|key| c[*key].as_i64() < Some(0));
            holds("a number is below zero", below)?;
            return Err(Miss::LeftOut(&rules::BELOW_ZERO));
        }
        Err(UnitsError::TooMany) => return Err(Miss::LeftOut(&rules::BEYOND_64_BITS)),
        // Its orchestrator has another word for it than its gateway.
        Err(UnitsError::NoSound) => return refused(c, "Unable to calculate duration"),
        Err(e) => return refused(c, &e.to_string()),
    };
    same("status", 200, number(c, "status")?)?;
    same("units", units, Pixels(number(c, "units")?))?;
    same("pipeline", job.capability().pipeline().as_deref().ok(), c["pipeline"].as_str())?;
    let key = text(c, "balanceKey")?;
    let model = key.split_once('_').map_or("", |(_, model)| model);
    same("balance", job.balance_key(model).as_str(), key)
}

fn refused(c: &Value, ours: &str) -> Outcome {
    same("status", 400, number(c, "status")?)?;
    same("answer", format!("{ours}\n").as_str(), text(c, "response")?)
}

pub(crate) fn paid(file: &Value, tally: &mut Tally<'_>) {
    tally.each("cases", file, |c| {
        let ours = job(c)?.and_then(|job| job.paid().map_err(|e| e.to_string()));
        if let (Ok(ours), Some(text)) = (&ours, c["textHex"].as_str()) {
            let text = bytes(text)?;
            same("a thousand for each character", ours.0, 1_000 * characters(&text))?;
            let theirs = maybe(c, "units");
            if theirs != Some(format!("{}/1", ours.0)) {
                same("bytes", Some(format!("{}/1", text.len())), theirs)?;
                return Err(Miss::LeftOut(&rules::SPOKEN_BYTES));
            }
        }
        same("error", ours.as_ref().err().cloned(), maybe(c, "error"))?;
        same("units", ours.ok().map(|units| format!("{}/1", units.0)), maybe(c, "units"))
    });
}

fn latency(c: &Value) -> Outcome {
    // There are no units below zero, and none make no score.
    let units = u64::try_from(integer(c, "units")?).unwrap_or(0);
    let (took, model, steps) = (Millis(number(c, "tookMs")?), text(c, "model")?, c["steps"].as_i64());
    for (key, pipeline) in [
        ("textToImage", Capability::TEXT_TO_IMAGE),
        ("imageToImage", Capability::IMAGE_TO_IMAGE),
        ("imageToVideo", Capability::IMAGE_TO_VIDEO),
        ("upscale", Capability::UPSCALE),
        ("segment", Capability::SEGMENT_ANYTHING_2),
        ("imageToText", Capability::IMAGE_TO_TEXT),
        ("audioToText", Capability::AUDIO_TO_TEXT),
        ("textToSpeech", Capability::TEXT_TO_SPEECH),
        ("llm", Capability::LLM),
    ] {
        let theirs: f64 = text(c, key)?.parse().map_err(|_| format!("no number {key}"))?;
        same(key, latency_score(pipeline, took, units, model, steps), theirs)?;
    }
    Ok(())
}

pub(crate) fn models(file: &Value, tally: &mut Tally<'_>) {
    tally.each("model_default_steps", file, |row| {
        let (model, default) = (row[0].as_str().ok_or_else(|| "no model".to_owned())?, row[1].as_u64());
        same("steps", steps(model).or(default), row[2].as_u64())
    });
    tally.each("pipeline_capability_error", file, |row| {
        let name = row[0].as_str().ok_or_else(|| "no pipeline".to_owned())?;
        let (ours, theirs) = (Capability::of_pipeline(name), row[1].as_i64());
        if ours.is_none() && row[2].is_null() {
            holds("it is below zero", theirs < Some(0))?;
            return Err(Miss::LeftOut(&rules::BELOW_ZERO));
        }
        pipeline(ours, theirs, row[2].as_str())
    });
    tally.each("cases", file, |c| {
        let given = text(c, "text")?;
        let ours = if flag(c, "file")? { of_json(given) } else { of_option(given) };
        if let (Err(ModelsError::Price(_)), None) = (&ours, maybe(c, "error")) {
            return Err(Miss::LeftOut(&rules::BEYOND_64_BITS));
        }
        same("error", error_of(&ours), maybe(c, "error"))?;
        let (ours, theirs) = (ours.unwrap_or_default(), c["models"].as_array().map_or(&[][..], Vec::as_slice));
        same("models", ours.len(), theirs.len())?;
        ours.iter().zip(theirs).try_for_each(|(ours, theirs)| model(ours, theirs))
    });
}

fn pipeline(ours: Option<Capability>, number: Option<i64>, error: Option<&str>) -> Outcome {
    same("error", ours.is_none().then_some("pipeline not available"), error)?;
    same("capability", ours.map_or(-1, |c| i64::from(c.0)), number.unwrap_or(-1))
}

fn model(ours: &Model, theirs: &Value) -> Outcome {
    same_texts(
        theirs,
        [
            ("pipeline", &ours.pipeline),
            ("model_id", &ours.model),
            ("url", &ours.url),
            ("token", &ours.token),
            ("currency", &ours.currency),
            ("gateway", &ours.gateway),
        ],
    )?;
    let shown = |r: &Option<BigRational>| r.as_ref().map(|r| format!("{}/{}", r.numer(), r.denom()));
    same("price", shown(&ours.price_per_unit), maybe(theirs, "price_per_unit"))?;
    same("units", shown(&ours.pixels_per_unit), maybe(theirs, "pixels_per_unit"))?;
    same("warm", ours.warm, flag(theirs, "warm")?)?;
    same("capacity", Some(ours.capacity), theirs["capacity"].as_i64())?;
    let flags: serde_json::Map<String, Value> = ours
        .optimization_flags
        .0
        .iter()
        .map(|(key, value)| Ok((key.clone(), serde_json::from_str(&value.to_string()).map_err(|e| e.to_string())?)))
        .collect::<Result<_, String>>()?;
    same("flags", &flags, theirs["optimization_flags"].as_object().unwrap_or(&serde_json::Map::new()))?;
    let error = maybe(theirs, "capabilityError");
    pipeline(Capability::of_pipeline(&ours.pipeline), theirs["capability"].as_i64(), error.as_deref())
}
