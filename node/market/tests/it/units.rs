//! What AI jobs cost, and the models that are run.

use proptest::prelude::*;
use weir_market::models::{ModelsError, of_json, of_option, steps};
use weir_market::units::{Job, UnitsError, latency_score};
use weir_types::{Millis, Pixels};
use weir_wire::Capability;
use weir_wire::image::Size;

#[test]
fn sizes_that_nobody_gives_are_made_up() {
    let job = Job::TextToImage { height: None, width: None, images: None };
    assert_eq!(job.debited(), Ok(Pixels(512 * 512)));
    assert_eq!(Job::ImageToVideo { height: None, width: None }.debited(), Ok(Pixels(576 * 1024 * 25)));
    assert_eq!(Job::Llm { max_tokens: None }.paid(), Ok(Pixels(256)));
    assert_eq!(job.balance_key("m/sd"), "27_m/sd");
}

#[test]
fn what_is_below_zero_is_debited_to_nobody() {
    let job = Job::TextToImage { height: Some(-5), width: Some(0), images: Some(4) };
    assert_eq!(job.debited(), Err(UnitsError::BelowZero("height")));
    assert_eq!(job.paid(), Ok(Pixels(0)));
    let job = Job::ImageToImage { image: Size { width: 3, height: 2 }, images: Some(-2) };
    assert_eq!(job.debited(), Err(UnitsError::BelowZero("number of images")));
    assert_eq!(job.paid(), Ok(Pixels(6)), "one picture at least");
}

#[test]
fn more_than_can_be_counted_is_refused() {
    let job = Job::TextToImage { height: Some(i64::MAX), width: Some(2), images: Some(1) };
    assert_eq!((job.debited(), job.paid()), (Err(UnitsError::TooMany), Err(UnitsError::TooMany)));
    let job = Job::TextToImage { height: Some(i64::MAX), width: Some(2), images: Some(0) };
    assert_eq!(job.debited(), Ok(Pixels(0)));
    assert_eq!(Job::TextToSpeech { characters: Some(u64::MAX) }.debited(), Err(UnitsError::TooMany));
    assert_eq!(Job::AudioToText { seconds: 0 }.paid(), Err(UnitsError::NoSound));
    assert_eq!(Job::TextToSpeech { characters: None }.paid(), Err(UnitsError::NoText));
}

#[test]
fn the_slower_the_higher_the_score() {
    let score = |pipeline, units, model, steps| latency_score(pipeline, Millis(2_500), units, model, steps);
    assert_eq!(score(Capability::TEXT_TO_IMAGE, 0, "m", None), 0.0);
    assert_eq!(score(Capability::TEXT_TO_IMAGE, 1, "m", None), 0.05);
    assert_eq!(score(Capability::UPSCALE, 1, "ByteDance/SDXL-Lightning_2step", Some(-3)), 2.5);
    assert_eq!(score(Capability::IMAGE_TO_IMAGE, 1, "ByteDance/SDXL-Lightning_0step", Some(9)), 2.5);
    assert_eq!(score(Capability::LLM, 5, "m", Some(9)), 0.5);
}

#[test]
fn models_are_named_in_lists_and_in_options() {
    let models =
        of_json(r#"[{"pipeline": "llm", "Price_Per_Unit": 1e2, "optimization_flags": {"a": [1, "b", null]}}]"#);
    let models = models.expect("models");
    assert_eq!(models[0].optimization_flags.0[0].1.to_string(), r#"[1,"b",null]"#);
    assert_eq!(models[0].price_per_unit.as_ref().map(ToString::to_string).as_deref(), Some("100"));
    for (text, said) in [
        (r#"[{"warm": 1, "price_per_unit": [2, {"a": true}]}]"#, r#"value is not a number: [2,{"a":true}]"#),
        (r#"[{"price_per_unit": 1e99999}]"#, "value is not a number: 1e99999"),
        (
            r#"[{"optimization_flags": 1}]"#,
            "json: cannot unmarshal number into Go struct field \
             AIModelConfig.optimization_flags of type worker.OptimizationFlags",
        ),
    ] {
        assert_eq!(of_json(text).expect_err(text).to_string(), said);
    }
    assert_eq!(of_option("a:b:yes"), Err(ModelsError::Flag("yes".into())));
    assert_eq!(of_option("a:b:1,c"), Err(ModelsError::Parts));
    assert_eq!(
        (steps("a_x_12_3step"), steps("_99999999999999999999step_1step"), steps("_step")),
        (Some(3), None, None)
    );
}

proptest! {
    #[test]
    fn no_numbers_stop_the_reckoning(height: Option<i64>, width: Option<i64>, images: Option<i64>) {
        let job = Job::TextToImage { height, width, images };
        if let (Ok(debited), Ok(paid)) = (job.debited(), job.paid()) {
            prop_assert!(paid >= debited);
        }
    }

    #[test]
    fn no_text_stops_the_reader(text in ".{0,40}", json in r#"[\[\]{}":,a-z_0-9]{0,60}"#) {
        let _ = (of_json(&text), of_json(&json), of_option(&text), steps(&text));
    }
}
