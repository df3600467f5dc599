//! From a TOML file to a [`Scenario`].

use std::fs;
use std::ops::Range;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::{Scenario, ScenarioError, check};

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
    let mut scenario: Scenario = toml::from_str(text).map_err(|e| from_toml(path, text, &e))?;
    scenario.base = path.parent().map(Path::to_owned).unwrap_or_default();
    if let Some(p) = scenario.read_scripts().or_else(|| check::check(&scenario)) {
        let span = DeTable::parse(text).ok().and_then(|doc| find(doc.get_ref(), &p.key).or_else(|| Some(doc.span())));
        return Err(ScenarioError::at(path, text, span, format!("{}: {}", p.key, p.message), p.help));
    }
    Ok(scenario)
}

fn from_toml(path: &Path, text: &str, e: &toml::de::Error) -> ScenarioError {
    let message = e.message().trim().to_owned();
    let at = |message: String, help: String| ScenarioError::at(path, text, e.span(), message, help);
    if let Some(rest) = message.strip_prefix("unknown field `") {
        let (key, known) = rest.split_once('`').unwrap_or((rest, ""));
        let names: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
        let help = match nearest(key, &names) {
            Some(n) => format!("did you mean `{n}`? Known keys here: {}", names.join(", ")),
            None => format!("remove it; known keys here: {}", names.join(", ")),
        };
        return at(format!("unknown key `{key}`"), help);
    }
    if let Some(rest) = message.strip_prefix("missing field `") {
        let key = rest.split('`').next().unwrap_or(rest);
        return at(
            format!("missing key `{key}`"),
            format!("add `{key} = …` to this table; docs/scenarios.md says what it means"),
        );
    }
    if let Some(key) = key_on_line(text, e.span()) {
        let message = message.replace("invalid value: integer `-", "must not be negative: `-");
        return at(
            format!("{key}: {message}"),
            "correct the value; docs/scenarios.md lists every key with its unit and range".to_owned(),
        );
    }
    at(message, "correct the line; docs/scenarios.md lists every key with its unit and range".to_owned())
}

/// The key that the value at a span belongs to.
fn key_on_line(text: &str, span: Option<Range<usize>>) -> Option<String> {
    let before = text.get(..span?.start)?;
    let line = before.rsplit('\n').next()?;
    let key = line.rsplit([',', '{']).next()?.split('=').next()?.trim();
    let plain = !key.is_empty() && line.contains('=') && key.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
    plain.then(|| key.to_owned())
}

fn nearest<'a>(key: &str, names: &[&'a str]) -> Option<&'a str> {
    names
        .iter()
        .map(|n| (strsim::damerau_levenshtein(key, n), *n))
        .min()
        .filter(|(d, n)| *d <= 1 + n.len() / 4)
        .map(|(_, n)| n)
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
