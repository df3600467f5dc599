//! Pieces of HTML.

use std::fmt::Write as _;

/// A text that means nothing but itself, in content and in quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Not allowed in XML, and so in an SVG file, not even as a reference.
            c if c.is_control() && c != '\n' && c != '\t' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Links to tables of a folder, as a list in words.
pub(crate) fn table_links(folder: &str, names: &[&str]) -> String {
    let mut out = String::new();
    for (i, name) in names.iter().enumerate() {
        let separator = if i == 0 { "" } else { " · " };
        // Writing to a string cannot fail.
        let _ = write!(out, "{separator}<a href=\"{folder}/{name}.parquet\">{name}.parquet</a>");
    }
    out
}
