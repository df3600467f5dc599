//! JSON as others read and refuse it.

use proptest::prelude::*;
use weir_wire::json::{Json, JsonError, parse, quoted};
use weir_wire::preset::renditions;

fn error(text: &str) -> String {
    parse(text.as_bytes()).expect_err(text).to_string()
}

#[test]
fn values_are_read() {
    let text = br#" {"a": [1, -2.5e+3, true, false, null], "b": "\u00e9\ud83d\ude00\ud800\n\/", "a": 0} "#;
    let Ok(Json::Object(fields)) = parse(text) else { panic!("no object") };
    assert_eq!(fields.len(), 3, "both of a name");
    assert_eq!(fields[1].1, Json::Text("é😀\u{fffd}\n/".into()));
    let Json::List(list) = &fields[0].1 else { panic!("no list") };
    assert_eq!(list[1], Json::Number("-2.5e+3".into()));
    assert_eq!(parse(b"\"a\xff\xc3b\""), Ok(Json::Text("a\u{fffd}\u{fffd}b".into())));
}

#[test]
fn what_is_none_is_refused_in_known_words() {
    for (text, said) in [
        ("", "unexpected end of JSON input"),
        ("{", "unexpected end of JSON input"),
        ("\"a", "unexpected end of JSON input"),
        ("-", "unexpected end of JSON input"),
        ("[1,]", "invalid character ']' looking for beginning of value"),
        ("{,}", "invalid character ',' looking for beginning of object key string"),
        ("{\"a\" 1}", "invalid character '1' after object key"),
        ("{\"a\":1 2}", "invalid character '2' after object key:value pair"),
        ("[1 2]", "invalid character '2' after array element"),
        ("01", "invalid character '1' after top-level value"),
        ("tru3", "invalid character '3' in literal true (expecting 'e')"),
        ("1.x", "invalid character 'x' after decimal point in numeric literal"),
        ("1e+", "unexpected end of JSON input"),
        ("-a", "invalid character 'a' in numeric literal"),
        ("1ex", "invalid character 'x' in exponent of numeric literal"),
        ("\"\\q\"", "invalid character 'q' in string escape code"),
        ("\"\\u12g4\"", "invalid character 'g' in \\u hexadecimal character escape"),
        ("\"\n\"", "invalid character '\\n' in string literal"),
        ("\"\u{1}\"", "invalid character '\\x01' in string literal"),
        ("'a'", "invalid character '\\'' looking for beginning of value"),
        ("é", "invalid character 'Ã' looking for beginning of value"),
    ] {
        assert_eq!(error(text), said, "{text}");
    }
}

#[test]
fn lists_without_end_do_not_fill_the_stack() {
    assert_eq!(parse("[".repeat(1 << 20).as_bytes()), Err(JsonError::Depth));
    let fine = format!("{}{}", "[".repeat(200), "]".repeat(200));
    assert!(parse(fine.as_bytes()).is_ok());
}

#[test]
fn the_first_field_that_does_not_fit_is_told() {
    let said = |text: &str| renditions(text).expect_err(text).to_string();
    assert!(
        said(r#"[{"width": 1.5, "fps": "x"}]"#)
            .ends_with("number 1.5 into Go struct field JsonProfile.width of type int")
    );
    assert!(said(r#"[{"fps": -0}]"#).ends_with("number -0 into Go struct field JsonProfile.fps of type uint"));
    assert!(said(r#"[{"colorDepth": {}}]"#).ends_with("JsonProfile.colorDepth of type ffmpeg.ColorDepthBits"));
    assert!(said("[3]").ends_with("json: cannot unmarshal number into Go value of type ffmpeg.JsonProfile"));
    // A name as it is goes before one in other letters, the last of two counts, and null changes nothing.
    let read = renditions(r#"[{"width": 3, "WIDTH": 4, "height": 5, "height": null}, null]"#).expect("renditions");
    assert_eq!(read[0].resolution, "4x5");
    assert_eq!(read[1].name, "custom_0x0_0");
    assert_eq!(renditions("null"), Ok(Vec::new()));
}

#[test]
fn distances_of_keyframes_are_seconds_or_a_word() {
    let gop = |text: &str| renditions(&format!(r#"[{{"gop": "{text}"}}]"#)).map(|all| all[0].gop);
    assert_eq!(gop("1.5"), Ok(1_500_000_000));
    assert_eq!(gop("intra"), Ok(-1));
    for (text, said) in [
        ("nan", "invalid gop value \"nan\": it is no number of seconds"),
        ("1e30", "invalid gop value \"1e30\": it is no number of seconds"),
        ("-inf", "invalid gop value -Inf. Please set it to a positive value"),
        ("1e999", "strconv.ParseFloat: parsing \"1e999\": value out of range"),
        ("", ""),
    ] {
        assert!(gop(text).map_or_else(|e| e.to_string(), |_| String::new()).ends_with(said), "{text}");
    }
}

proptest! {
    #[test]
    fn no_bytes_stop_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn nor_do_texts_that_are_nearly_json(text in r#"[\[\]{}",:0-9eE+\-.\\u tfn]{0,60}"#) {
        let _ = parse(text.as_bytes());
        let _ = renditions(&text);
    }

    #[test]
    fn others_take_and_refuse_the_same(text in r#"[\[\]{}",:0-9e.\\a ]{0,12}"#) {
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        let ours = parse(text.as_bytes());
        // A number that fits nowhere is one all the same.
        let range = theirs.as_ref().is_err_and(|e| e.to_string().starts_with("number out of range"));
        prop_assert!(ours.is_ok() == theirs.is_ok() || range, "{:?} {:?}", ours, theirs);
    }
}

#[test]
fn texts_are_quoted_as_other_nodes_do() {
    for (text, quotes) in [
        ("", r#""""#),
        ("a/b é", r#""a/b é""#),
        ("\"\\\n\u{1}", r#""\"\\\n\u0001""#),
        ("1 < 2 > 0 & \u{2028}\u{2029}", r#""1 \u003c 2 \u003e 0 \u0026 \u2028\u2029""#),
    ] {
        assert_eq!(quoted(text), quotes);
        assert_eq!(parse(quotes.as_bytes()), Ok(Json::Text(text.to_owned())));
    }
}
