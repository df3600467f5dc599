//! From a TOML file to a [`Scenario`].

use std::fs;
use std::ops::Range;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::{Scenario, ScenarioError, check};

/// The page that explains the keys.
const DOCS: &str = "docs/scenarios.md";

/// Reads, parses and checks a scenario.
///
/// # Errors
/// The first thing wrong with it, with file, line and what to do.
pub fn load(path: &Path) -> Result<Scenario, ScenarioError> {
    let text = fs::read_to_string(path).map_err(|e| {
        ScenarioError::file(
            path,
            format!("cannot read the scenario: {e}"),
            "name an existing scenario file, for example scenarios/quickstart.toml",
        )
    })?;
    parse(path, &text)
}

/// Parses and checks the text of a scenario; `path` names it in errors and anchors its own paths.
///
/// # Errors
/// The first thing wrong with it, with file, line and what to do.
pub fn parse(path: &Path, text: &str) -> Result<Scenario, ScenarioError> {
    let mut scenario: Scenario = toml::from_str(text).map_err(|e| from_toml(path, text, &e, DOCS))?;
    scenario.base = path.parent().map(Path::to_owned).unwrap_or_default();
    if let Some(p) = scenario.read_scripts().or_else(|| check::check(&scenario)) {
        let span = span_of(text, &p.key);
        return Err(ScenarioError::at(path, text, span, format!("{}: {}", p.key, p.message), p.help));
    }
    Ok(scenario)
}

/// Says what a TOML parser has against a text, with its place; `docs` is the page that explains the keys.
#[must_use]
pub fn from_toml(path: &Path, text: &str, e: &toml::de::Error, docs: &str) -> ScenarioError {
    let at = |message: String, help: String| ScenarioError::at(path, text, e.span(), message, help);
    if let Some((message, help)) = misnamed(e.message(), docs) {
        return at(message, help);
    }
    let message = e.message().trim().to_owned();
    if let Some(key) = key_on_line(text, e.span()) {
        let message = message.replace("invalid value: integer `-", "must not be negative: `-");
        return at(
            format!("{key}: {message}"),
            format!("correct the value; {docs} lists every key with its unit and range"),
        );
    }
    at(message, format!("correct the line; {docs} lists every key with its unit and range"))
}

/// Message and help where a parser's complaint is a key that is unknown or missing.
#[must_use]
pub fn misnamed(message: &str, docs: &str) -> Option<(String, String)> {
    let message = message.trim();
    if let Some(rest) = message.strip_prefix("unknown field `") {
        let (key, known) = rest.split_once('`').unwrap_or((rest, ""));
        let names: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
        let help = match nearest(key, &names) {
            Some(n) => format!("did you mean `{n}`? Known keys here: {}", names.join(", ")),
            None => format!("remove it; known keys here: {}", names.join(", ")),
        };
        return Some((format!("unknown key `{key}`"), help));
    }
    let rest = message.strip_prefix("missing field `")?;
    let key = rest.split('`').next().unwrap_or(rest);
    Some((format!("missing key `{key}`"), format!("add `{key} = …` to this table; {docs} says what it means")))
}

/// The key that the value at a span belongs to.
fn key_on_line(text: &str, span: Option<Range<usize>>) -> Option<String> {
    let before = text.get(..span?.start)?;
    let line = before.rsplit('\n').next()?;
    let key = line.rsplit([',', '{']).next()?.split('=').next()?.trim();
    let plain = !key.is_empty() && line.contains('=') && key.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
    plain.then(|| key.to_owned())
}

/// The name that is meant, where one is near enough.
#[must_use]
pub fn nearest<'a>(key: &str, names: &[&'a str]) -> Option<&'a str> {
    names
        .iter()
        .map(|n| (strsim::damerau_levenshtein(key, n), *n))
        .min()
        .filter(|(d, n)| *d <= 1 + n.len() / 4)
        .map(|(_, n)| n)
}

/// Span of the value behind a dotted key in a TOML text; of what there is of the key where it does not exist.
#[must_use]
pub fn span_of(text: &str, key: &str) -> Option<Range<usize>> {
    let doc = DeTable::parse(text).ok()?;
    find(doc.get_ref(), key).or_else(|| Some(doc.span()))
}

/// Span of the value behind a dotted key; of the innermost table that exists where the key does not.
fn find(table: &DeTable<'_>, key: &str) -> Option<Range<usize>> {
    let (head, rest) = match key.split_once('.') {
        Some((h, r)) => (h, Some(r)),
        None => (key, None),
    };
    let (_, value) = table.iter().find(|(k, _)| k.get_ref().as_ref() == head)?;
    let own = Some(value.span());
    match (rest, value.get_ref()) {
        (None, _) => own,
        (Some(rest), DeValue::Table(t)) => find(t, rest).or(own),
        (Some(rest), DeValue::Array(a)) => {
            let (index, rest) = rest.split_once('.').unwrap_or((rest, ""));
            let item = a.get(index.parse::<usize>().ok()?)?;
            match item.get_ref() {
                DeValue::Table(t) if !rest.is_empty() => find(t, rest).or_else(|| Some(item.span())),
                _ => Some(item.span()),
            }
        }
        _ => own,
    }
}
