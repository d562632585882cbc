//! Standard output: lines of text or values of JSON.

use crate::error::{Failure, tell};
use serde::Serialize;
use std::fmt::Display;
use std::io::{self, Write};

/// Prints `value` as JSON on one line.
pub fn json(value: &impl Serialize) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, value).map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(out.flush()?)
}

/// Prints `text` and ends the line.
pub fn line(text: impl Display) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Prints what was done. Where standard output does not take it, standard error does: nothing is done in silence.
pub fn done(text: impl Display) -> Result<(), Failure> {
    line(&text).inspect_err(|_| tell(&text))
}

/// The same for several lines, of which none is left out when one does not arrive.
pub fn all_done(lines: &[String]) -> Result<(), Failure> {
    for (at, text) in lines.iter().enumerate() {
        line(text).inspect_err(|_| lines[at..].iter().for_each(tell))?;
    }
    Ok(())
}

/// Prints `value` as JSON; `deed` is what standard error says where standard output does not take it.
pub fn json_done(value: &impl Serialize, deed: impl Display) -> Result<(), Failure> {
    json(value).inspect_err(|_| tell(deed))
}

/// Before something that is shown once: where standard output is closed, nobody would see it.
///
/// # Errors
/// It is closed; nothing was done yet.
pub fn reaches_somebody(what: &str) -> Result<(), Failure> {
    if closed() {
        return Err(Failure::input(format_args!(
            "standard output is closed, and {what} would be shown to nobody"
        ))
        .advise("nothing was changed"));
    }
    Ok(())
}

/// The runtime puts the null device in the place of a standard output that was closed, open for reading too, which
/// it is nowhere where somebody wrote `>/dev/null`.
#[cfg(unix)]
fn closed() -> bool {
    use std::io::Read as _;
    use std::os::fd::AsFd as _;
    use std::os::unix::fs::MetadataExt as _;
    let Ok(descriptor) = io::stdout().as_fd().try_clone_to_owned() else { return true };
    let mut output = std::fs::File::from(descriptor);
    let device = |found: std::fs::Metadata| found.rdev();
    let null = std::path::Path::new("/dev/null").metadata().map(device).ok();
    null.is_some() && output.metadata().map(device).ok() == null && output.read(&mut [0]).is_ok()
}

#[cfg(not(unix))]
fn closed() -> bool {
    false
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
