//! What all pages have in common: the frame, and figures in it.

use std::fmt::Write as _;

use crate::figure::Figure;
use crate::html::{escape, table_links};
use crate::palette::{Color, dark_rules};

/// Everything before the content.
pub(crate) fn head(title: &str) -> String {
    let mut colors = String::new();
    let mut dark = String::new();
    for (name, color) in [
        ("paper", Color::Paper),
        ("ink", Color::Ink),
        ("muted", Color::Muted),
        ("line", Color::Grid),
        ("blue", Color::Blue),
        ("good", Color::Green),
        ("bad", Color::Red),
    ] {
        // Writing to a string cannot fail, here and below.
        let _ = write!(colors, "--{name}:{};", color.light_hex());
        let _ = write!(dark, "--{name}:{};", color.dark_hex());
    }
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{} · Weir report</title>\n<style>\n\
         :root{{{colors}--ground:#F3F5F7}}\n{}\
         @media (prefers-color-scheme:dark){{\n:root{{{dark}--ground:#0D1116}}\n{}}}\n</style>\n</head>\n<body>\n<main>\n",
        escape(title),
        include_str!("page.css"),
        dark_rules()
    )
}

/// Everything after it.
pub(crate) const END: &str = "</main>\n</body>\n</html>\n";

/// Where a page finds what it links to.
pub(crate) struct Links {
    /// Folder of the tables, relative to the page; none where it has no single one.
    pub(crate) tables: Option<&'static str>,
    /// Folder of the charts, relative to the page.
    pub(crate) charts: String,
}

/// Figures of a section, if there are any.
pub(crate) fn figures(id: &str, title: &str, figures: &[Figure], links: &Links) -> String {
    if figures.is_empty() {
        return String::new();
    }
    let mut out = format!("<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{title}</h2>\n<div class=\"charts\">\n");
    for f in figures {
        out.push_str(&figure(f, links));
    }
    out.push_str("</div>\n</section>\n");
    out
}

/// A figure with all that is said about it.
fn figure(f: &Figure, links: &Links) -> String {
    let body = match (&f.body, f.picture(f.shape.wide()), f.picture(f.shape.narrow())) {
        (Ok(_), Some(wide), Some(narrow)) => {
            let label = f.label();
            // A style sheet shows one of the two; the other is hidden from readers of the screen too.
            format!("{}\n{}", wide.inline("wide", &label), narrow.inline("narrow", &label))
        }
        (Err(why), ..) => format!("<p class=\"nothing\">{}</p>", escape(why)),
        _ => String::new(),
    };
    let finding = f.finding.as_ref().map_or_else(String::new, |s| format!("<p class=\"finding\">{}</p>\n", escape(s)));
    let data = match links.tables {
        Some(folder) => table_links(folder, f.tables),
        None => f.tables.join(" · "),
    };
    format!(
        "<figure id=\"{}\" class=\"chart{}\">\n<figcaption>\n<h3>{}</h3>\n<p>{}</p>\n{finding}</figcaption>\n{body}\n\
         <p class=\"source\">Data: {data}{}</p>\n</figure>\n",
        f.id,
        if f.shape.is_broad() { " broad" } else { "" },
        escape(&f.title),
        escape(&f.shows),
        files(f, links)
    )
}

/// Links to a figure's own files.
fn files(f: &Figure, links: &Links) -> String {
    let mut out = String::new();
    for (there, kind) in [(f.body.is_ok(), "svg"), (f.numbers.is_some(), "csv")] {
        if there {
            let _ = write!(out, " · <a href=\"{}/{}.{kind}\">{}.{kind}</a>", links.charts, f.id, f.id);
        }
    }
    out
}

/// A list of facts.
pub(crate) fn facts(facts: &[(&str, String)]) -> String {
    let mut out = String::from("<dl class=\"facts\">\n");
    for (name, value) in facts {
        let _ = writeln!(out, "<dt>{}</dt><dd>{}</dd>", escape(name), escape(value));
    }
    out.push_str("</dl>\n");
    out
}

/// A table whose cells are HTML already; the first of a row names it.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut out = String::from("<div class=\"scroll\"><table>\n<thead><tr>");
    for name in head {
        let _ = write!(out, "<th scope=\"col\">{name}</th>");
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        let mut cells = row.iter();
        if let Some(first) = cells.next() {
            let _ = write!(out, "<tr><th scope=\"row\">{first}</th>");
        }
        for cell in cells {
            let _ = write!(out, "<td>{cell}</td>");
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table></div>\n");
    out
}
