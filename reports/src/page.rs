//! The page of a run.

use std::fmt::Write as _;

use serde_json::Value;

use crate::figure::Figure;
use crate::html::{escape, table_links};
use crate::read::Run;
use crate::sheet::{self, Links};
use crate::{figures, glossary, stream, text};

/// All tables of a run folder.
const TABLES: [&str; 12] = [
    "rounds",
    "transcoders",
    "broadcasters",
    "delegators",
    "tickets",
    "redemptions",
    "rewards",
    "sessions",
    "segments",
    "gas",
    "renditions",
    "market",
];

/// One page that needs no other file.
pub(crate) fn page(run: &Run, charts: &[Figure]) -> String {
    let mut out = sheet::head(run.name());
    out.push_str(&title(run));
    out.push_str(&key_figures(run));
    out.push_str(&about(run));
    out.push_str(&invariants(run));
    let links = Links { tables: Some("tables"), charts: "charts".to_owned() };
    out.push_str(&sheet::figures("charts", "What happened", charts, &links));
    out.push_str(&stream::section(run));
    out.push_str(&words());
    out.push_str(&footer(run));
    out.push_str(sheet::END);
    out
}

fn title(run: &Run) -> String {
    let mut out = format!(
        "<header>\n<p class=\"brand\">Weir run report</p>\n<h1>{}</h1>\n<p class=\"lead\">{}</p>\n<p class=\"network\">{}</p>\n",
        escape(run.name()),
        escape(run.scenario_text("/description").unwrap_or_default()),
        escape(&figures::network(run)),
    );
    if let Some(why) = run.cut_short() {
        let _ = writeln!(out, "<p class=\"warning\" role=\"note\"><b>This is a partial run.</b> {why}</p>");
    }
    out.push_str(
        "<p class=\"intro\">Livepeer is a market for video work. <b>Gateways</b> bring streams, \
         <b>orchestrators</b> transcode them and are paid with lottery tickets, <b>delegators</b> lend their stake to \
         orchestrators and share what those earn. This page is the record of a simulated network on the protocol’s \
         real contracts; <a href=\"#words\">the words are explained below</a>.</p>\n</header>\n",
    );
    out
}

fn key_figures(run: &Run) -> String {
    let tiles = figures::tiles(run);
    let mut out = String::from("<section aria-label=\"Key figures\">\n");
    if tiles.is_empty() {
        out.push_str("<p class=\"nothing\">This run ended before any figures were written.</p>\n");
    } else {
        out.push_str("<dl class=\"tiles\">\n");
        for t in tiles {
            let _ = writeln!(
                out,
                "<div><dt>{}</dt><dd class=\"value\">{}</dd><dd class=\"note\">{}</dd></div>",
                escape(&t.name),
                escape(&t.value),
                escape(&t.note)
            );
        }
        out.push_str("</dl>\n");
    }
    out.push_str("</section>\n");
    out
}

/// What was run and how true to life it is.
fn about(run: &Run) -> String {
    let mut facts: Vec<(&str, String)> = Vec::new();
    let state = match run.file.state.as_str() {
        "done" => "complete: all rounds passed".to_owned(),
        "cancelled" => "partial: cut short".to_owned(),
        "running" => "partial: under way, or killed".to_owned(),
        other => other.to_owned(),
    };
    facts.push(("State", state));
    facts.push(("Seed", run.file.seed.map_or_else(|| "unknown".to_owned(), |s| s.to_string())));
    facts.push(("Weir", run.file.version.clone()));
    facts.push(("Protocol", protocol(run)));
    if let Some(s) = &run.summary {
        facts.push(("Simulated time", text::duration(s.virtual_seconds)));
        let host = if run.file.host.is_empty() { String::new() } else { format!(" on {}", run.file.host) };
        facts.push(("Time it took", text::duration(s.wall_seconds) + &host));
        facts.push(("Events", text::whole(s.events as f64)));
        facts.push(("Transactions", format!("{}, with the set-up’s", text::whole(s.transactions as f64))));
    }
    let mut out = String::from(
        "<section class=\"about\" aria-label=\"About this run\">\n<div>\n<h2>The run</h2>\n<dl class=\"facts\">\n",
    );
    for (name, value) in facts {
        let _ = writeln!(out, "<dt>{name}</dt><dd>{}</dd>", escape(&value));
    }
    let hash = if run.file.trace_hash.is_empty() { "none yet" } else { &run.file.trace_hash };
    let _ = writeln!(out, "<dt>Trace hash</dt><dd class=\"hash\">{}</dd>\n</dl>\n</div>", escape(hash));
    out.push_str(&fidelity(run));
    out.push_str("</section>\n");
    out
}

fn protocol(run: &Run) -> String {
    let mut out = version(run.scenario_text("/chain/protocol").unwrap_or("unknown"));
    for upgrade in run.scenario_list("/chain/upgrades") {
        let to = upgrade.get("protocol").and_then(Value::as_str).unwrap_or("unknown");
        let round = upgrade.get("round").and_then(Value::as_u64).unwrap_or(0);
        let _ = write!(out, "; from round {round} on {}", version(to));
    }
    out
}

fn version(name: &str) -> String {
    match name {
        "D24" => "D24, the contracts of March 2024".to_owned(),
        "D26" => "D26, with the upgrades after March 2024".to_owned(),
        other => other.to_owned(),
    }
}

fn fidelity(run: &Run) -> String {
    let mut out = String::from("<div>\n<h2>How true to life</h2>\n<dl class=\"facts\">\n");
    for (layer, name) in [("traffic", "Traffic"), ("chain", "Chain"), ("signatures", "Signatures"), ("media", "Media")]
    {
        let level = run.scenario_text(&format!("/fidelity/{layer}")).unwrap_or("unknown");
        let means = glossary::fidelity(layer, level);
        let colon = if means.is_empty() { "" } else { ": " };
        let _ = writeln!(out, "<dt>{name}</dt><dd><b>{}</b>{colon}{means}</dd>", escape(level));
    }
    out.push_str("</dl>\n</div>\n");
    out
}

fn invariants(run: &Run) -> String {
    let mut out = String::from("<section aria-labelledby=\"invariants\">\n<h2 id=\"invariants\">What must hold</h2>\n");
    let Some(summary) = run.summary.as_ref().filter(|s| !s.invariants.is_empty()) else {
        out.push_str(
            "<p class=\"nothing\">No invariants were checked: the run did not come to its end.</p>\n</section>\n",
        );
        return out;
    };
    let broken = summary.invariants.values().filter(|v| *v != "ok").count();
    let verdict = match broken {
        0 => format!("All {} invariants hold.", text::words(summary.invariants.len())),
        1 => "One invariant is broken.".to_owned(),
        n => format!("{} invariants are broken.", text::capital(&text::words(n))),
    };
    let class = if broken == 0 { "good" } else { "bad" };
    let _ = writeln!(out, "<p class=\"lead {class}\">{verdict}</p>");
    out.push_str(
        "<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">Invariant</th><th scope=\"col\">What it says</th>\
         <th scope=\"col\">Verdict</th></tr></thead>\n<tbody>\n",
    );
    for (name, verdict) in &summary.invariants {
        let cell = match verdict.as_str() {
            "ok" => "<td class=\"good\">✓ ok</td>".to_owned(),
            why => format!("<td class=\"bad\"><b>✗ broken:</b> {}</td>", escape(why)),
        };
        let says = glossary::invariant(name);
        // On a phone a name may break after its underscores.
        let name = escape(name).replace('_', "_<wbr>");
        let _ = writeln!(out, "<tr><th scope=\"row\"><code>{name}</code></th><td>{says}</td>{cell}</tr>");
    }
    out.push_str("</tbody>\n</table></div>\n</section>\n");
    out
}

fn words() -> String {
    let mut out =
        String::from("<section aria-labelledby=\"words\">\n<h2 id=\"words\">Words</h2>\n<dl class=\"words\">\n");
    for (term, means) in glossary::TERMS {
        let _ = writeln!(out, "<div><dt>{}</dt><dd>{}</dd></div>", escape(term), escape(means));
    }
    out.push_str("</dl>\n</section>\n");
    out
}

fn footer(run: &Run) -> String {
    let is_there = |t: &&str| run.dir.join("tables").join(format!("{t}.parquet")).is_file();
    let there: Vec<&str> = TABLES.into_iter().filter(is_there).collect();
    let seed = run.file.seed.map_or_else(String::new, |s| format!(" with seed {s}"));
    format!(
        "<footer>\n<p>All tables: {}</p>\n<p>The same scenario{seed} makes the same run again, event by event; \
         <a href=\"run.json\">run.json</a> holds all that it takes, <a href=\"summary.json\">summary.json</a> the \
         figures for scripts. Weir is not affiliated with Livepeer.</p>\n</footer>\n",
        table_links("tables", &there)
    )
}
