//! What comes from outside besides the arguments: standard input, files, a passphrase typed on a terminal.

use crate::error::Failure;
use keyhaven_otp::{Account, UriError};
use keyhaven_secret::SecretText;
use std::fs::File;
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use zeroize::Zeroizing;

/// Longest text read from standard input, in bytes: far more than any URI, far less than memory.
const TEXT_LIMIT: u64 = 1 << 20;

/// Whether an argument is a URI (a scheme, then `://`; RFC 3986 §3.1); anything else names an account.
pub fn is_uri(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    })
}

/// The argument, or standard input when it is `-`, without the line end.
pub fn text_or_stdin(argument: String) -> Result<SecretText, Failure> {
    if argument == "-" { stdin_text() } else { Ok(SecretText::new(argument)) }
}

/// All of standard input as text, without the white space around it.
pub fn stdin_text() -> Result<SecretText, Failure> {
    let mut bytes = Zeroizing::new(Vec::new());
    io::stdin()
        .lock()
        .take(TEXT_LIMIT + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::input(format_args!("standard input: {error}")))?;
    if bytes.len() as u64 > TEXT_LIMIT {
        return Err(Failure::input("standard input: more than 1 MiB of text"));
    }
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        Failure::input(format_args!("standard input: not UTF-8 at byte {}", error.valid_up_to()))
    })?;
    Ok(SecretText::new(text.trim().to_owned()))
}

/// Lines that were read from standard input so far.
static LINES: AtomicUsize = AtomicUsize::new(0);

/// The next line of standard input, which is `what`; what follows it stays there to be read.
pub fn stdin_line(what: &str) -> Result<SecretText, Failure> {
    let before = LINES.fetch_add(1, Ordering::Relaxed);
    let mut line = Zeroizing::new(String::with_capacity(1024));
    let read = io::stdin().lock().take(TEXT_LIMIT).read_line(&mut line);
    read.map_err(|error| Failure::input(format_args!("standard input: {error}")))?;
    let text = line.strip_suffix('\n').unwrap_or(&line);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        let place = ["first", "second", "third"].get(before).unwrap_or(&"next");
        return Err(Failure::input(format_args!("standard input: there is no {what} in its {place} line")));
    }
    Ok(SecretText::new(text.to_owned()))
}

/// Whether there is a terminal to ask on.
pub fn can_prompt() -> bool {
    io::stdin().is_terminal()
}

/// A line that a person types at the terminal, seen while it is typed; empty where the terminal was closed.
pub fn typed_line() -> Result<String, Failure> {
    let mut line = String::new();
    io::stdin()
        .lock()
        .take(TEXT_LIMIT)
        .read_line(&mut line)
        .map_err(|error| Failure::input(format_args!("the terminal: {error}")))?;
    Ok(line)
}

/// Says something to the person at the terminal, on standard error: standard output may go into a file.
pub fn say(text: impl std::fmt::Display) {
    let _ = write!(io::stderr(), "{text}");
}

/// Asks on the terminal without showing what is typed; `None` where there is no terminal.
pub fn prompt(question: &str) -> Result<Option<SecretText>, Failure> {
    if !can_prompt() {
        return Ok(None);
    }
    let typed = rpassword::prompt_password(question)
        .map_err(|error| Failure::input(format_args!("the terminal: {error}")))?;
    Ok(Some(SecretText::new(typed)))
}

/// A file's bytes, or standard input's when the name is `-`.
///
/// # Errors
/// [`io::ErrorKind::FileTooLarge`] for more than `limit` bytes, without all of it in memory.
pub fn bytes(name: &str, limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    let most = limit as u64 + 1;
    if name == "-" {
        io::stdin().lock().take(most).read_to_end(&mut bytes)?;
    } else {
        File::open(name)?.take(most).read_to_end(&mut bytes)?;
    }
    if bytes.len() > limit {
        let why = format!("it has more than {} MiB, which is the most that is read", limit >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    Ok(bytes)
}

/// What to do with a file in which codes are looked for and that is no picture of points, where that is known.
pub fn not_points(bytes: &[u8]) -> Option<&'static str> {
    let start = bytes.get(..bytes.len().min(1024)).unwrap_or_default();
    let start = String::from_utf8_lossy(start).to_lowercase();
    let start = start.trim_start_matches('\u{feff}').trim_start();
    if start.starts_with("<svg") || (start.starts_with("<?xml") && start.contains("<svg")) {
        return Some(
            "an SVG drawing is not looked into; save it as PNG, or take a picture of the screen with it",
        );
    }
    None
}

/// The account that `URI|NAME` names.
pub fn account(source: String) -> Result<Account, Failure> {
    let text = text_or_stdin(source)?;
    let parsed = keyhaven_otp::parse_uri(text.expose()).map_err(|error| {
        let failure = Failure::input(&error);
        match error {
            UriError::Migration => failure.advise("keyhaven inspect lists what is in it"),
            _ => failure,
        }
    })?;
    Ok(parsed.account)
}

/// A file's trouble in words that are the same on every system, where it is a common one.
pub fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".into(),
        io::ErrorKind::AlreadyExists => "there is such a file already".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        io::ErrorKind::NotADirectory => "a part of its path is a file".into(),
        io::ErrorKind::IsADirectory => "this is a folder".into(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawings_are_told_from_pictures_and_text() {
        for known in ["<svg xmlns=", "<?xml version=\"1.0\"?>\n<!-- x --><svg>", "\u{feff}<SVG>"] {
            assert!(not_points(known.as_bytes()).is_some(), "{known}");
        }
        for other in ["", "otpauth://totp/x", "<?xml version=\"1.0\"?><list/>", "%PDF-1.7\n", "\u{89}PNG"] {
            assert!(not_points(other.as_bytes()).is_none(), "{other}");
        }
    }

    #[test]
    fn a_scheme_makes_a_uri_and_a_colon_alone_does_not() {
        for uri in ["otpauth://totp/x", "https://example.org", "otpauth-migration://offline?data="] {
            assert!(is_uri(uri), "{uri}");
        }
        for name in ["", "GitHub", "GitHub:me", "://", "1a://b", "my account://x", "-"] {
            assert!(!is_uri(name), "{name}");
        }
    }
}
