//! Faults of scripts in the words of their authors.

use rhai::{EvalAltResult, Map, ParseError, ParseErrorType, Position};

use crate::error::BehaveError;

/// A fault at a place.
pub(super) fn at(name: &str, position: Position, message: impl Into<String>, help: impl Into<String>) -> BehaveError {
    BehaveError::Script {
        name: name.to_owned(),
        line: position.line(),
        column: position.position(),
        message: message.into(),
        help: help.into(),
    }
}

/// A text that is no script.
pub(super) fn parsing(name: &str, error: &ParseError) -> BehaveError {
    let help = match error.err_type() {
        ParseErrorType::VariableUndefined(_) => {
            "declare it with `let` in the same function; functions see their parameters and `this` alone"
        }
        ParseErrorType::BadInput(_) | ParseErrorType::Reserved(_) => {
            "scripts have no clock, files, `eval` or `**`; docs/behaviours/scripts.md lists what they have"
        }
        _ => "correct the script at this place",
    };
    at(name, error.position(), error.err_type().to_string(), help)
}

/// A fault while a script runs. `view` is what it was given: names near to a wrong one come from there. What ends a
/// call as a whole (too many operations, too deep, too large) has no place of its own: it gets that of the function.
pub(super) fn running(name: &str, error: &EvalAltResult, function: Position, limit: u64, view: &Map) -> BehaveError {
    let inner = error.unwrap_inner();
    let places = [inner.position(), error.position(), function];
    let position = places.into_iter().find(|p| !p.is_none()).unwrap_or(function);
    let (message, help) = match inner {
        EvalAltResult::ErrorTooManyOperations(_) => (
            format!("took more than {limit} operations"),
            "end its loop earlier, or give it more with `max_operations`".to_owned(),
        ),
        EvalAltResult::ErrorStackOverflow(_) => {
            ("functions call one another too deeply".to_owned(), "use a loop instead".to_owned())
        }
        EvalAltResult::ErrorDataTooLarge(what, _) => (format!("{what} is too long"), "keep less in it".to_owned()),
        EvalAltResult::ErrorPropertyNotFound(key, _) => {
            let keys = keys(view);
            let help = nearest(key, keys.iter().map(String::as_str)).map_or_else(
                || "`\"name\" in map` asks whether there is one".to_owned(),
                |k| format!("did you mean `{k}`?"),
            );
            (format!("there is no `{key}`"), help)
        }
        EvalAltResult::ErrorFunctionNotFound(what, _) => {
            (format!("there is no function {what}"), "docs/behaviours/scripts.md lists what scripts have".to_owned())
        }
        other => {
            let mut other = other.to_string();
            if let Some(cut) = other.find(" (line ") {
                other.truncate(cut);
            }
            (other, "correct the script at this place".to_owned())
        }
    };
    at(name, position, message, help)
}

/// The known word nearest to a wrong one, if any is near.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|k| (strsim::damerau_levenshtein(word, k), k))
        .filter(|(distance, k)| *distance <= 1 + k.len() / 3)
        .min()
        .map(|(_, k)| k)
}

/// All keys of a view and of what it holds; of a list, those of its first element.
fn keys(map: &Map) -> Vec<String> {
    let mut all = Vec::new();
    for (key, value) in map {
        all.push(key.to_string());
        let first = value.as_array_ref().ok().and_then(|list| list.first().cloned());
        let inner = first.as_ref().unwrap_or(value).as_map_ref().ok().map(|m| keys(&m));
        all.extend(inner.into_iter().flatten());
    }
    all
}
