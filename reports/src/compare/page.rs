//! The page of several runs.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::differences::{Difference, differences};
use super::read::{LETTERS, Runs};
use crate::figure::Figure;
use crate::glossary;
use crate::html::escape;
use crate::kpi::Kpi;
use crate::sheet::{self, Links};
use crate::text;

/// Keys that are listed; a scenario that differs in more is another one.
const KEYS_MAX: usize = 60;

/// One page that needs no other file.
pub(crate) fn page(runs: &Runs, charts: &[Figure], links: &Links) -> String {
    let names: Vec<String> = (0..runs.runs.len()).map(|i| runs.label(i)).collect();
    let mut out = sheet::head(&names.join(" · "));
    out.push_str(&title(runs, &names));
    out.push_str(&about(runs));
    out.push_str(&scenarios(runs));
    out.push_str(&figures_of(runs));
    out.push_str(&sheet::figures("charts", "Round by round", charts, links));
    out.push_str(&invariants(runs));
    out.push_str(&footer(runs));
    out.push_str(sheet::END);
    out
}

fn title(runs: &Runs, names: &[String]) -> String {
    let mut out = format!(
        "<header>\n<p class=\"brand\">Weir comparison</p>\n<h1>{} runs</h1>\n<p class=\"lead\">{}</p>\n",
        text::capital(&text::words(runs.runs.len())),
        escape(&names.join(" · "))
    );
    for (i, run) in runs.runs.iter().enumerate() {
        if let Some(why) = run.cut_short() {
            let _ =
                writeln!(out, "<p class=\"warning\" role=\"note\"><b>{} is a partial run.</b> {why}</p>", LETTERS[i]);
        }
    }
    out.push_str("</header>\n");
    out
}

/// Names of the runs as heads of columns.
fn heads(first: &'static str, runs: &Runs) -> Vec<&'static str> {
    [first].into_iter().chain(LETTERS.into_iter().take(runs.runs.len())).collect()
}

fn about(runs: &Runs) -> String {
    let of = |get: &dyn Fn(&crate::read::Run) -> String| -> Vec<String> {
        runs.runs.iter().map(|r| escape(&get(r))).collect()
    };
    let text_at =
        |pointer: &'static str| move |r: &crate::read::Run| r.scenario_text(pointer).unwrap_or("–").to_owned();
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut row = |name: &str, values: Vec<String>| rows.push([name.to_owned()].into_iter().chain(values).collect());
    row("Scenario", of(&|r| r.name().to_owned()));
    row("What it is", of(&text_at("/description")));
    row("Seed", of(&|r| r.file.seed.map_or_else(|| "–".to_owned(), |s| s.to_string())));
    row("Weir", of(&|r| r.file.version.clone()));
    row("Protocol", of(&text_at("/chain/protocol")));
    for (layer, name) in [("traffic", "Traffic"), ("chain", "Chain"), ("signatures", "Signatures"), ("media", "Media")]
    {
        let level = |r: &crate::read::Run| {
            let level = r.scenario_text(&format!("/fidelity/{layer}")).unwrap_or("–").to_owned();
            let means = glossary::fidelity(layer, &level);
            if means.is_empty() { level } else { format!("{level}: {means}") }
        };
        row(name, of(&level));
    }
    let hashes = runs.runs.iter().map(|r| format!("<span class=\"hash\">{}</span>", escape(&r.file.trace_hash)));
    row("Trace hash", hashes.collect());
    let mut out = String::from("<section aria-labelledby=\"runs\">\n<h2 id=\"runs\">The runs</h2>\n");
    out.push_str(&sheet::table(&heads("", runs), &rows));
    out.push_str("</section>\n");
    out
}

fn scenarios(runs: &Runs) -> String {
    let all: Vec<_> = runs.runs.iter().map(|r| &r.file.scenario).collect();
    let found = differences(&all);
    let mut out =
        String::from("<section aria-labelledby=\"keys\">\n<h2 id=\"keys\">What differs in the scenarios</h2>\n");
    if found.is_empty() {
        out.push_str("<p class=\"lead\">Nothing: the scenarios are the same, key by key.</p>\n</section>\n");
        return out;
    }
    let _ = writeln!(out, "<p class=\"lead\">{}.</p>", text::capital(&text::count(found.len() as f64, "key", "keys")));
    let row = |d: &Difference| {
        let key = escape(&d.key).replace('.', ".<wbr>").replace('_', "_<wbr>");
        let value = |v: &Option<String>| {
            v.as_ref().map_or_else(|| "<span class=\"muted\">absent</span>".to_owned(), |v| escape(v))
        };
        [format!("<code>{key}</code>")].into_iter().chain(d.values.iter().map(value)).collect()
    };
    let rows: Vec<Vec<String>> = found.iter().take(KEYS_MAX).map(row).collect();
    out.push_str(&sheet::table(&heads("Key", runs), &rows));
    if found.len() > KEYS_MAX {
        let _ = writeln!(out, "<p class=\"muted\">{} more keys differ.</p>", found.len() - KEYS_MAX);
    }
    out.push_str("</section>\n");
    out
}

fn figures_of(runs: &Runs) -> String {
    let kpis = |r: &crate::read::Run| r.summary.as_ref().map(|s| s.kpis.clone()).unwrap_or_default();
    let names: BTreeSet<String> = runs.runs.iter().flat_map(|r| kpis(r).into_keys()).collect();
    let (mut rows, mut same) = (Vec::new(), Vec::new());
    for name in names {
        let kpi = Kpi::of(&name);
        let values: Vec<Option<f64>> = runs.runs.iter().map(|r| r.kpi(&name)).collect();
        if values.windows(2).all(|w| w[0] == w[1]) {
            same.extend(values[0].map(|v| format!("{} {}", kpi.label, kpi.show(v))));
            continue;
        }
        let label = text::capital(&kpi.axis());
        let mut row = vec![format!("{}<br><code>{}</code>", escape(&label), escape(&name).replace('_', "_<wbr>"))];
        row.extend(values.iter().map(|v| v.map_or_else(|| "–".to_owned(), |v| kpi.cell(v))));
        for other in &values[1..] {
            row.push(difference(&kpi, values[0], *other));
        }
        rows.push(row);
    }
    let mut out = String::from("<section aria-labelledby=\"figures\">\n<h2 id=\"figures\">Figures side by side</h2>\n");
    let against: Vec<String> = (1..runs.runs.len()).map(|i| format!("{} − A", LETTERS[i])).collect();
    let mut head = heads("Figure", runs);
    head.extend(against.iter().map(String::as_str));
    if rows.is_empty() {
        out.push_str("<p class=\"lead\">No figure differs.</p>\n");
    } else {
        out.push_str("<div class=\"figures\">\n");
        out.push_str(&sheet::table(&head, &rows));
        out.push_str("</div>\n");
    }
    if !same.is_empty() {
        let _ = writeln!(out, "<p class=\"muted\">The same in all: {}.</p>", escape(&same.join(", ")));
    }
    out.push_str("</section>\n");
    out
}

fn difference(kpi: &Kpi, from: Option<f64>, to: Option<f64>) -> String {
    match (from, to) {
        (Some(a), Some(b)) if a != 0.0 => {
            let share = (b - a) / a.abs();
            let sign = if share < 0.0 { "−" } else { "+" };
            escape(&format!("{} ({sign}{})", kpi.change(b - a), text::percent(share.abs())))
        }
        (Some(a), Some(b)) => escape(&kpi.change(b - a)),
        _ => "–".to_owned(),
    }
}

fn invariants(runs: &Runs) -> String {
    let of = |r: &crate::read::Run| r.summary.as_ref().map(|s| s.invariants.clone()).unwrap_or_default();
    let names: BTreeSet<String> = runs.runs.iter().flat_map(|r| of(r).into_keys()).collect();
    if names.is_empty() {
        return String::new();
    }
    let broken = runs.runs.iter().flat_map(|r| of(r).into_values()).filter(|v| v != "ok").count();
    let cell = |r: &crate::read::Run, name: &str| match of(r).get(name).map(String::as_str) {
        None => "–".to_owned(),
        Some("ok") => "<span class=\"good\">✓ ok</span>".to_owned(),
        Some(why) => format!("<span class=\"bad\"><b>✗ broken:</b> {}</span>", escape(why)),
    };
    let row = |name: &String| {
        let shown = format!("<code>{}</code>", escape(name).replace('_', "_<wbr>"));
        [shown].into_iter().chain(runs.runs.iter().map(|r| cell(r, name))).collect()
    };
    let rows: Vec<Vec<String>> = names.iter().map(row).collect();
    let verdict = match broken {
        0 => "All invariants hold in all runs.".to_owned(),
        n => format!("{} broken.", text::capital(&text::count(n as f64, "invariant is", "invariants are"))),
    };
    format!(
        "<section aria-labelledby=\"invariants\">\n<h2 id=\"invariants\">What must hold</h2>\n<p class=\"lead {}\">{verdict}</p>\n{}</section>\n",
        if broken == 0 { "good" } else { "bad" },
        sheet::table(&heads("Invariant", runs), &rows)
    )
}

fn footer(runs: &Runs) -> String {
    let name = |r: &crate::read::Run| {
        let name = r.dir.file_name().map_or_else(|| "DIR".to_owned(), |n| n.to_string_lossy().into_owned());
        escape(&name)
    };
    let dirs: Vec<String> = runs.runs.iter().map(name).collect();
    format!(
        "<section aria-labelledby=\"methods\">\n<h2 id=\"methods\">Methods</h2>\n<div class=\"prose\"><p>Figures are those of \
         each run’s <code>summary.json</code>, courses those of its tables; rounds are counted from the first of each \
         run. One run of each kind does not tell a difference from chance: a sweep over several seeds does \
         (<code>weir sim sweep</code>).</p></div>\n</section>\n<footer>\n<p>To make it again: <code>weir report {} --out FILE.html</code></p>\n<p>Weir is \
         not affiliated with Livepeer.</p>\n</footer>\n",
        dirs.join(" ")
    )
}
