//! Standard output: lines of text or values of JSON.

use crate::error::Failure;
use serde::Serialize;
use std::io::{self, Write};

/// Prints `value` as JSON on one line.
pub fn json(value: &impl Serialize) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, value).map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(out.flush()?)
}

/// Prints `text` and ends the line.
pub fn line(text: impl std::fmt::Display) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Prints name and value pairs in two columns; an empty name continues the line above.
pub fn table(rows: &[(&str, String)]) -> Result<(), Failure> {
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut out = io::stdout().lock();
    for (name, value) in rows {
        writeln!(out, "{}", format!("{name:<width$}  {value}").trim_end())?;
    }
    Ok(out.flush()?)
}

/// What another program wrote, made safe for a terminal: control characters would move its cursor, and those that turn
/// the direction of writing (Unicode Standard Annex #9) would make one name look like another.
pub fn shown(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if c.is_control() || turns(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_that_is_shown_moves_the_cursor_or_turns_the_writing() {
        assert_eq!(super::shown("a\u{1b}[2Jb\u{202e}c\nd"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d");
        assert_eq!(super::shown("Größe 名 – ok"), "Größe 名 – ok");
    }
}
