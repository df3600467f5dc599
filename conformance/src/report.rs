//! What a comparison came to.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

/// Figures of one recorded file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// File name without folder.
    pub name: String,
    /// Compared lines.
    pub cases: usize,
    /// Lines without a difference.
    pub passed: usize,
    /// Lines with a difference, or that make no sense.
    pub failed: usize,
    /// Lines that a committed list leaves out, with reasons.
    pub left_out: usize,
    /// The differences, one line each.
    #[serde(skip)]
    pub differences: Vec<String>,
    /// How many cases a rule leaves out, by its name.
    #[serde(skip)]
    pub rules: BTreeMap<&'static str, usize>,
}

impl FileReport {
    pub(crate) fn count(&mut self, line: usize, what: &str, differences: Vec<String>) {
        self.cases += 1;
        if differences.is_empty() {
            self.passed += 1;
            return;
        }
        self.failed += 1;
        self.differences.extend(differences.into_iter().map(|text| format!("line {line}, {what}: {text}")));
    }
}

/// Figures of all files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// One entry per file, by name.
    pub files: Vec<FileReport>,
}

impl Report {
    /// Whether something was compared, and nothing differs.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.files.iter().any(|file| file.cases > 0) && self.files.iter().all(|file| file.failed == 0)
    }

    /// The figures as a table, each file's first `most` differences below.
    #[must_use]
    pub fn text(&self, most: usize) -> String {
        let width = self.files.iter().map(|file| file.name.len()).max().unwrap_or(0).max("file".len());
        let mut out = format!("{:width$} {:>7} {:>7} {:>7} {:>8}\n", "file", "cases", "passed", "failed", "left out");
        let mut row = |name: &str, file: &FileReport| {
            let _ = writeln!(
                out,
                "{name:width$} {:>7} {:>7} {:>7} {:>8}",
                file.cases, file.passed, file.failed, file.left_out
            );
        };
        let mut sum = FileReport::default();
        for file in &self.files {
            row(&file.name, file);
            sum.cases += file.cases;
            sum.passed += file.passed;
            sum.failed += file.failed;
            sum.left_out += file.left_out;
        }
        row("all", &sum);
        for file in self.files.iter().filter(|file| !file.rules.is_empty()) {
            let rules: Vec<String> =
                file.rules.iter().map(|(name, n)| format!("{} {n}", name.to_lowercase())).collect();
            let _ = writeln!(out, "{}: left out by rule: {}", file.name, rules.join(", "));
        }
        for file in self.files.iter().filter(|file| file.failed > 0) {
            let _ = writeln!(out, "\n{}:", file.name);
            file.differences.iter().take(most).for_each(|text| {
                let _ = writeln!(out, "  {text}");
            });
            if let Some(more) = file.differences.len().checked_sub(most).filter(|more| *more > 0) {
                let _ = writeln!(out, "  and {more} more");
            }
        }
        out
    }
}
