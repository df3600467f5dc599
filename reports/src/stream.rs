//! The real stream: its segments, who made them, and pictures of what came out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Component, Path};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::html::{escape, table_links};
use crate::read::{Rendition, Run};
use crate::text;

/// Segments with pictures; a page with more of them would be too heavy to open.
const SEGMENTS_MAX: usize = 40;
/// A thumbnail has some ten kilobytes; what is much larger is none.
const PICTURE_BYTES_MAX: u64 = 400_000;

/// The section of the page.
pub(crate) fn section(run: &Run) -> String {
    let mut out = String::from("<section aria-labelledby=\"stream\">\n<h2 id=\"stream\">The real stream</h2>\n");
    let renditions = match &run.tables.renditions {
        Some(r) if r.is_empty() && !run.plays_segments() => return String::new(),
        None => return nothing(out, "This run folder has no table renditions."),
        Some(r) if r.is_empty() => return nothing(out, "No stream was really transcoded in this run."),
        Some(r) => r,
    };
    let mut segments: BTreeMap<(u64, &str), Vec<&Rendition>> = BTreeMap::new();
    for r in renditions {
        segments.entry((r.seq, r.orchestrator.as_str())).or_default().push(r);
    }
    let _ =
        writeln!(out, "<p class=\"lead\">{}</p>\n<ol class=\"segments\">", escape(&sentence(renditions, &segments)));
    for ((seq, who), renditions) in segments.iter().take(SEGMENTS_MAX) {
        let _ = writeln!(
            out,
            "<li class=\"segment\"><h3>Segment {seq} <span>made by {}</span></h3>\n<div class=\"film\">",
            escape(who)
        );
        for r in renditions {
            out.push_str(&rendition(run, r));
        }
        out.push_str("</div></li>\n");
    }
    out.push_str("</ol>\n");
    if segments.len() > SEGMENTS_MAX {
        let _ = writeln!(
            out,
            "<p class=\"muted\">The other {} segments are in the table.</p>",
            segments.len() - SEGMENTS_MAX
        );
    }
    let _ = writeln!(out, "<p class=\"source\">Data: {}</p>\n</section>", table_links("tables", &["renditions"]));
    out
}

fn nothing(mut out: String, why: &str) -> String {
    let _ = writeln!(out, "<p class=\"nothing\">{why}</p>\n</section>");
    out
}

fn sentence(renditions: &[Rendition], segments: &BTreeMap<(u64, &str), Vec<&Rendition>>) -> String {
    let makers: BTreeSet<&str> = renditions.iter().map(|r| r.orchestrator.as_str()).collect();
    let bytes: u64 = renditions.iter().fold(0, |sum, r| sum.saturating_add(r.bytes));
    format!(
        "One stream is not modelled but really transcoded: {} by {}, {} in {}.",
        text::count(segments.len() as f64, "segment", "segments"),
        text::count(makers.len() as f64, "orchestrator", "orchestrators"),
        text::count(renditions.len() as f64, "rendition", "renditions"),
        text::bytes(bytes)
    )
}

fn rendition(run: &Run, r: &Rendition) -> String {
    let label = format!("{} of segment {} by {}", r.profile, r.seq, r.orchestrator);
    let picture = match picture(&run.dir, &r.thumbnail) {
        Some(uri) => format!("<img src=\"{uri}\" alt=\"A frame of {}\" loading=\"lazy\">", escape(&label)),
        None => "<span class=\"blank\">no picture</span>".to_owned(),
    };
    let picture = match link(&r.path) {
        Some(href) => format!("<a href=\"{href}\" title=\"{}\">{picture}</a>", escape(&r.path)),
        None => picture,
    };
    format!(
        "<figure>{picture}<figcaption><b>{}</b> {} × {}<br>{} · {}\u{a0}s · {}</figcaption></figure>\n",
        escape(&r.profile),
        r.width,
        r.height,
        text::count(r.frames as f64, "frame", "frames"),
        text::decimal(r.duration_seconds),
        text::bytes(r.bytes)
    )
}

/// Whether a path that the run names stays within its folder.
fn within(path: &str) -> bool {
    !path.is_empty() && Path::new(path).components().all(|c| matches!(c, Component::Normal(_)))
}

/// A relative address of a file of the run.
fn link(path: &str) -> Option<String> {
    if !within(path) {
        return None;
    }
    let mut out = String::new();
    for b in path.bytes() {
        match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => out.push(char::from(b)),
            b => {
                let _ = write!(out, "%{b:02X}");
            }
        }
    }
    Some(out)
}

/// A picture as a data URI; nothing when there is none. A report does not fail for want of one.
fn picture(dir: &Path, path: &str) -> Option<String> {
    if !within(path) {
        return None;
    }
    let path = dir.join(path);
    if fs::metadata(&path).ok()?.len() > PICTURE_BYTES_MAX {
        return None;
    }
    let bytes = fs::read(&path).ok()?;
    let kind = match bytes.as_slice() {
        [0xff, 0xd8, 0xff, ..] => "jpeg",
        [0x89, b'P', b'N', b'G', ..] => "png",
        _ => return None,
    };
    Some(format!("data:image/{kind};base64,{}", STANDARD.encode(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_within_the_run_folder() {
        for (path, want) in [
            ("media/segment-000/a b.mp4", Some("media/segment-000/a%20b.mp4")),
            ("media/\"><script>", Some("media/%22%3E%3Cscript%3E")),
            ("javascript:alert(1)", Some("javascript%3Aalert%281%29")),
            ("../secret.jpg", None),
            ("/etc/passwd", None),
            ("media/../../secret.jpg", None),
            ("", None),
        ] {
            assert_eq!(link(path).as_deref(), want, "{path}");
        }
    }
}
