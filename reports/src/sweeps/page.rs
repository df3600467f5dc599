//! The page of a sweep.

use std::fmt::Write as _;

use super::arms::{Verdict, admissible, bounds, contrasts, sample};
use super::charts::Section;
use super::read::{Arm, Sweep};
use crate::glossary;
use crate::html::escape;
use crate::kpi::Kpi;
use crate::sheet::{self, Links};
use crate::stats::{Interval, LEVEL, RESAMPLES, SEED};
use crate::text;

/// Arms that a table has in full; of more, the ends.
const ARMS_MAX: usize = 24;

/// One page that needs no other file.
pub(crate) fn page(sweep: &Sweep, charts: &[Section], links: &Links) -> String {
    let mut out = sheet::head(&sweep.file.name);
    out.push_str(&title(sweep));
    out.push_str(&about(sweep));
    out.push_str(&faults(sweep));
    for section in charts {
        out.push_str(&sheet::figures(section.id, section.title, &section.figures, links));
    }
    out.push_str(&by_arm(sweep));
    out.push_str(&against(sweep));
    out.push_str(&methods(sweep));
    out.push_str(&footer(sweep));
    out.push_str(sheet::END);
    out
}

fn title(sweep: &Sweep) -> String {
    let file = &sweep.file;
    let seeds = text::count(file.seeds.count as f64, "seed", "seeds");
    let arms = text::count(sweep.arms.len() as f64, "arm", "arms");
    let missing = file.cells.saturating_sub(sweep.cells.len() as u64);
    let mut out = format!(
        "<header>\n<p class=\"brand\">Weir sweep report</p>\n<h1>{}</h1>\n<p class=\"lead\">{}</p>\n<p class=\"network\">{arms} × {seeds} · {} of {} runs finished</p>\n",
        escape(&file.name),
        escape(&file.description),
        text::whole(sweep.cells.len() as f64),
        text::whole(file.cells as f64)
    );
    if missing > 0 {
        let _ = writeln!(
            out,
            "<p class=\"warning\" role=\"note\"><b>This sweep is not complete.</b> {} of its runs left no result, and all \
             figures are of the others.</p>",
            text::whole(missing as f64)
        );
    }
    out.push_str("</header>\n");
    out
}

fn design(sweep: &Sweep) -> String {
    let d = &sweep.file.design;
    let samples = d.samples.map_or_else(String::new, |n| format!(" of {}", text::count(n as f64, "point", "points")));
    let drawn = d.seed.map_or_else(String::new, |s| format!(", drawn with seed {s}"));
    let kind = match d.kind.as_str() {
        "grid" => "grid: every value of an axis with every value of the others",
        "list" => "list of arms",
        "random" => "random points",
        "latin_hypercube" => "Latin hypercube",
        "sobol" => "Sobol sequence",
        other => other,
    };
    format!("{kind}{samples}{drawn}")
}

fn about(sweep: &Sweep) -> String {
    let file = &sweep.file;
    let text_at =
        |pointer: &str| file.scenario.pointer(pointer).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
    let seeds = match file.seeds.count {
        0 | 1 => file.seeds.first.to_string(),
        n => format!("{} to {}, the same in every arm", file.seeds.first, file.seeds.first.saturating_add(n - 1)),
    };
    let broken = sweep.count("broken");
    let state = match broken {
        0 => format!("{} finished, all invariants hold in each", text::whole(sweep.cells.len() as f64)),
        n => format!("{} finished, {n} of them with a broken invariant", text::whole(sweep.cells.len() as f64)),
    };
    let mut facts = vec![("Design", design(sweep)), ("Seeds", seeds), ("Runs", state), ("Weir", file.version.clone())];
    facts.push(("Scenario", format!("{}: {}", text_at("/name"), text_at("/description"))));
    facts.push(("Protocol", text_at("/chain/protocol")));
    for (layer, name) in [("traffic", "Traffic"), ("chain", "Chain"), ("signatures", "Signatures"), ("media", "Media")]
    {
        let level = text_at(&format!("/fidelity/{layer}"));
        let means = glossary::fidelity(layer, &level);
        if !level.is_empty() {
            facts.push((name, if means.is_empty() { level } else { format!("{level}: {means}") }));
        }
    }
    let mut out =
        String::from("<section class=\"about\" aria-label=\"About this sweep\">\n<div>\n<h2>The sweep</h2>\n");
    out.push_str(&sheet::facts(&facts));
    out.push_str("</div>\n<div>\n<h2>What was varied</h2>\n");
    out.push_str(&axes(sweep));
    out.push_str("</div>\n</section>\n");
    out
}

fn axes(sweep: &Sweep) -> String {
    if sweep.axes.is_empty() {
        return "<p class=\"muted\">Seeds alone.</p>\n".to_owned();
    }
    let row = |a: &super::read::Axis| {
        let levels = a.levels();
        let values = match (&a.numbers, levels.as_slice()) {
            (Some(_), [lo, .., hi]) if levels.len() > 8 => {
                format!("{} values from {} to {}", levels.len(), text::decimal(*lo), text::decimal(*hi))
            }
            (Some(_), levels) => levels.iter().map(|v| text::decimal(*v)).collect::<Vec<_>>().join(", "),
            _ => a.words().join(", "),
        };
        let unit = a.unit.as_ref().map_or_else(String::new, |u| format!(" {u}"));
        let untouched = if a.texts.iter().any(Option::is_none) { base(sweep, &a.key) } else { String::new() };
        let key = escape(&a.key).replace('.', ".<wbr>").replace('_', "_<wbr>");
        vec![format!("{}<br><code>{key}</code>", escape(&a.label)), escape(&format!("{values}{unit}{untouched}"))]
    };
    sheet::table(&["Axis", "Values"], &sweep.axes.iter().map(row).collect::<Vec<_>>())
}

/// The value of an axis in arms that do not set it.
fn base(sweep: &Sweep, key: &str) -> String {
    let at = sweep.file.scenario.pointer(&format!("/{}", key.replace('.', "/")));
    at.map_or_else(|| " or as the scenario has it".to_owned(), |v| format!(", or {v} as in the scenario"))
}

/// Cells that are not as they should be, and bounds that could not be read.
fn faults(sweep: &Sweep) -> String {
    let mut out = String::new();
    if !sweep.failures.is_empty() {
        let row = |f: &super::read::Failure| {
            vec![f.index.to_string(), escape(&f.arm), f.seed.to_string(), escape(&f.state), escape(&f.reason)]
        };
        let rows: Vec<Vec<String>> = sweep.failures.iter().take(20).map(row).collect();
        let more = sweep.failures.len() - rows.len();
        out.push_str("<section aria-labelledby=\"faults\">\n<h2 id=\"faults\">Runs that failed or broke</h2>\n");
        out.push_str(&sheet::table(&["Cell", "Arm", "Seed", "State", "Why"], &rows));
        if more > 0 {
            let _ = writeln!(out, "<p class=\"muted\">{more} more are in the folder <code>failed</code>.</p>");
        }
        out.push_str("</section>\n");
    }
    for why in &sweep.misread {
        let _ = writeln!(out, "<p class=\"warning\" role=\"note\"><b>A bound was left out.</b> {}</p>", escape(why));
    }
    out
}

/// The arms that a table shows: all, or those at the ends of a figure.
fn shown<'a>(sweep: &'a Sweep, kpi: &Kpi) -> (Vec<&'a Arm>, bool) {
    if sweep.arms.len() <= ARMS_MAX {
        return (sweep.arms.iter().collect(), false);
    }
    let mut arms: Vec<&Arm> = sweep.arms.iter().collect();
    arms.sort_by(|a, b| sample(sweep, kpi, b).mean.total_cmp(&sample(sweep, kpi, a).mean));
    let half = ARMS_MAX / 4;
    let tail = arms.split_off(arms.len() - half);
    arms.truncate(half);
    arms.extend(tail);
    (arms, true)
}

fn range(kpi: &Kpi, i: Option<Interval>) -> String {
    i.map_or_else(|| "–".to_owned(), |i| format!("{} to {}", kpi.cell(i.lo), kpi.cell(i.hi)))
}

/// The value of a figure that is the same in all runs.
fn constant(sweep: &Sweep, kpi: &Kpi) -> Option<f64> {
    if sweep.varies(&kpi.name) { None } else { sweep.figures.get(&kpi.name)?.iter().flatten().next().copied() }
}

fn by_arm(sweep: &Sweep) -> String {
    let mut out = String::from("<section aria-labelledby=\"arms\">\n<h2 id=\"arms\">Figures by arm</h2>\n");
    if !sweep.constraints.is_empty() {
        let kept: Vec<&str> =
            sweep.arms.iter().filter(|a| admissible(sweep, a) == Some(true)).map(|a| a.name.as_str()).collect();
        let _ = writeln!(
            out,
            "<p class=\"lead\">{} of {} arms keep {}{}.</p>",
            kept.len(),
            sweep.arms.len(),
            escape(&bounds(sweep)),
            if kept.is_empty() || kept.len() > 8 { String::new() } else { escape(&format!(": {}", kept.join(", "))) }
        );
    }
    for kpi in &sweep.lead {
        if let Some(v) = constant(sweep, kpi) {
            let _ =
                writeln!(out, "<p>{}: {} in every run.</p>", escape(&text::capital(&kpi.label)), escape(&kpi.show(v)));
            continue;
        }
        let (arms, ends) = shown(sweep, kpi);
        let skewed = arms.iter().any(|a| sample(sweep, kpi, a).skewed());
        let mut head = vec!["Arm", "Mean", "95\u{a0}% interval"];
        if skewed {
            head.push("resampled");
        }
        head.extend(["Median", "p5 to p95", "n"]);
        let row = |arm: &&Arm| {
            let s = sample(sweep, kpi, arm);
            let mut cells = vec![escape(&arm.name), kpi.cell(s.mean), range(kpi, s.t_interval())];
            if skewed {
                cells.push(range(kpi, s.bootstrap().filter(|_| s.skewed())));
            }
            cells.push(kpi.cell(s.quantile(0.5)));
            cells.push(format!("{} to {}", kpi.cell(s.quantile(0.05)), kpi.cell(s.quantile(0.95))));
            cells.push(s.n.to_string());
            cells
        };
        let _ = writeln!(out, "<h3 class=\"kpi\">{}</h3>", escape(&text::capital(&kpi.axis())));
        let rows: Vec<Vec<String>> = arms.iter().map(row).collect();
        out.push_str("<div class=\"figures\">\n");
        out.push_str(&sheet::table(&head, &rows));
        out.push_str("</div>\n");
        if ends {
            let _ = writeln!(
                out,
                "<p class=\"muted\">The {} highest and the {} lowest of {} arms; all are in the table of cells.</p>",
                text::words(arms.len() / 2),
                text::words(arms.len() / 2),
                sweep.arms.len()
            );
        }
    }
    out.push_str("</section>\n");
    out
}

/// Paired differences from the first arm.
fn against(sweep: &Sweep) -> String {
    let Some(first) = sweep.arms.first().filter(|_| sweep.arms.len() > 1 && !sweep.sampled()) else {
        return String::new();
    };
    let mut out = format!(
        "<section aria-labelledby=\"against\">\n<h2 id=\"against\">Against “{}”, seed by seed</h2>\n\
         <p class=\"muted\">What chance does to one arm it does to the other with the same seed, so that their \
         difference shows what was varied.</p>\n",
        escape(&first.name)
    );
    for kpi in sweep.lead.iter().filter(|k| sweep.varies(&k.name)) {
        let mut all = contrasts(sweep, kpi);
        let more = all.len().saturating_sub(ARMS_MAX);
        if more > 0 {
            all.sort_by(|a, b| b.mean.abs().total_cmp(&a.mean.abs()));
            all.truncate(ARMS_MAX);
        }
        let row = |c: &super::arms::Contrast| {
            let interval =
                c.interval.map_or_else(|| "–".to_owned(), |i| format!("{} to {}", kpi.change(i.lo), kpi.change(i.hi)));
            let clear = matches!(c.verdict, Verdict::Higher | Verdict::Lower);
            let says = if clear { format!("<b>{}</b>", escape(&c.says())) } else { escape(&c.says()) };
            vec![escape(&c.arm), kpi.change(c.mean), interval, c.pairs.to_string(), says]
        };
        let _ = writeln!(out, "<h3 class=\"kpi\">{}</h3>", escape(&text::capital(&kpi.label)));
        out.push_str("<div class=\"figures\">\n");
        let rows: Vec<Vec<String>> = all.iter().map(row).collect();
        out.push_str(&sheet::table(&["Arm", "Difference", "95\u{a0}% interval", "Pairs", "Verdict"], &rows));
        out.push_str("</div>\n");
        if more > 0 {
            let _ = writeln!(out, "<p class=\"muted\">{more} arms with smaller differences are left out.</p>");
        }
    }
    out.push_str("</section>\n");
    out
}

fn methods(sweep: &Sweep) -> String {
    let level = format!("{:.0}\u{a0}%", LEVEL * 100.0);
    let mut out = format!(
        "<section aria-labelledby=\"methods\">\n<h2 id=\"methods\">Methods</h2>\n<div class=\"prose\">\n<p>Every arm ran \
         with the same seeds. Intervals of means are {level} t intervals; where eight or more values are skewed beyond 1, \
         a percentile bootstrap of {} resamples with the fixed seed {SEED} stands beside them and is the one that verdicts \
         go by. Differences are taken seed by seed before they are averaged. An arm is called higher or lower when the \
         interval of its differences leaves out zero; intervals are not widened for their number, so that of twenty arms \
         that change nothing one would be expected to look as if it did. Two distributions are called different in shape \
         when Kolmogorov and Smirnov’s exact chance is below 0.01. Quantiles lie between the two nearest values in \
         proportion.</p>\n",
        text::whole(RESAMPLES as f64)
    );
    if sweep.axes.len() > 1 {
        out.push_str(
            "<p>Sobol’s indices are Saltelli’s (2010) of first order and Jansen’s total ones, where the arms are a \
             Saltelli design. Elsewhere the share explained is the correlation ratio η² of the arms’ means over groups \
             along an axis; the sign comes from standardised regression coefficients. Intervals are resampled over arms where \
             those were drawn, and over seeds where they were laid out.</p>\n",
        );
    }
    let first = sweep.cells.iter().map(|c| c.trace_hash.as_str()).next().unwrap_or_default();
    let _ = write!(
        out,
        "<p>Made from <code>merged/cells.parquet</code> and the tables beside it by Weir {}, report {}. Trace hashes of all \
         runs stand in that table; the first is <code class=\"hash\">{}</code>.</p>\n</div>\n</section>\n",
        escape(&sweep.file.version),
        env!("CARGO_PKG_VERSION"),
        escape(first)
    );
    out
}

fn footer(sweep: &Sweep) -> String {
    let dir = sweep.dir.file_name().map_or_else(|| "DIR".to_owned(), |n| n.to_string_lossy().into_owned());
    let dir = escape(&dir);
    format!(
        "<footer>\n<p>To make it again: <code>weir sim sweep run {dir} &amp;&amp; weir sim sweep merge {dir} &amp;&amp; weir report \
         {dir}</code></p>\n<p>Weir is not affiliated with Livepeer.</p>\n</footer>\n"
    )
}
