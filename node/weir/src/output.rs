//! The two channels of the program.

use std::io::{self, Write};

/// Writes a line of the result. A reader that went away, as `head` does, has seen what it wanted.
pub(crate) fn result(line: &str) {
    let _ = writeln!(io::stdout().lock(), "{line}");
}

/// Writes a line of talk.
pub(crate) fn talk(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
