//! The desktop's portal (XDG Desktop Portal, interface `org.freedesktop.portal.Screenshot`): the desktop asks the person
//! and answers with a file, which is read and removed.
//!
//! Portals older than the autumn of 2026 refuse a process that is not dumpable everything, because they look into
//! `/proc/PID/root` to see whether it is a Flatpak (flatpak/xdg-desktop-portal issues 785, 1490, 2141). So a program that
//! keeps others out has itself started once more, without a secret, to ask.

use crate::protection::keeps_others_out;
use keyhaven_app::host::{CaptureError, ScreenPicture};
use keyhaven_secret::SecretBytes;
use std::collections::HashMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use zbus::blocking::{Connection, Proxy};
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};

const PORTAL: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";
/// Largest file of a portal's that is read.
const LARGEST: u64 = 256 << 20;

/// With this alone a program of Keyhaven's is started by another, or by itself: to ask the portal ([`answer_for_another`]).
const ASK: &str = "--ask-the-portal-for-a-picture";

pub(super) fn capture() -> Result<Vec<ScreenPicture>, CaptureError> {
    let uri = if keeps_others_out() { ask_by_another()? } else { ask()? };
    let file = path(&uri).ok_or_else(|| failed(&"its answer names no file"))?;
    let bytes = read_and_remove(&file).map_err(|error| failed(&error))?;
    Ok(vec![ScreenPicture::of_file("Screen", &bytes).map_err(|error| failed(&error))?])
}

fn failed(error: &dyn std::fmt::Display) -> CaptureError {
    CaptureError::Failed(format!("the desktop's portal: {error}"))
}

/// The URI of the portal's picture.
fn ask() -> Result<String, CaptureError> {
    let bus = Connection::session().map_err(|_| CaptureError::NoScreen)?;
    // The answer may come before the call returns, so it is listened for first, at the path that the portal will use.
    let token = format!("keyhaven{}", std::process::id());
    let sender = bus.unique_name().map(|name| name.trim_start_matches(':').replace('.', "_"));
    let expected = format!("{PATH}/request/{}/{token}", sender.unwrap_or_default());
    let answers = |path: String| -> Result<_, zbus::Error> {
        let request = Proxy::new(&bus, PORTAL, path, "org.freedesktop.portal.Request")?;
        request.receive_signal("Response")
    };
    let mut answer = answers(expected.clone()).map_err(|_| CaptureError::NoScreen)?;
    let portal = Proxy::new(&bus, PORTAL, PATH, "org.freedesktop.portal.Screenshot")
        .map_err(|_| CaptureError::NoScreen)?;
    let options: HashMap<&str, Value<'_>> =
        HashMap::from([("handle_token", Value::from(token.as_str())), ("interactive", false.into())]);
    let request: OwnedObjectPath =
        portal.call("Screenshot", &("", options)).map_err(|_| CaptureError::NoScreen)?;
    if request.as_str() != expected {
        // Portals before version 0.9 chose the path themselves.
        answer = answers(request.to_string()).map_err(|error| failed(&error))?;
    }
    let message = answer.next().ok_or_else(|| failed(&"it went away"))?;
    let (code, results): (u32, HashMap<String, OwnedValue>) =
        message.body().deserialize().map_err(|error| failed(&error))?;
    match code {
        0 => {}
        1 => return Err(CaptureError::Refused),
        _ => return Err(failed(&"it ended without a picture")),
    }
    let uri = results.get("uri").and_then(|value| value.downcast_ref::<String>().ok());
    uri.ok_or_else(|| failed(&"its answer names no file"))
}

/// The same, asked by a process of its own that has no secrets: many portals refuse those that nobody may look into
/// ([`crate::protect`]). It passes on where the picture is, never the picture.
fn ask_by_another() -> Result<String, CaptureError> {
    let mut asking = Command::new("/proc/self/exe");
    let asked = asking.arg(ASK).stdin(Stdio::null()).stderr(Stdio::null()).output();
    let answer = asked.map_err(|error| failed(&error))?.stdout;
    let answer = String::from_utf8_lossy(&answer);
    match answer.trim_end().split_once(' ') {
        Some((PICTURE, uri)) => Ok(uri.to_owned()),
        Some((FAILED, why)) => Err(CaptureError::Failed(why.to_owned())),
        _ if answer.trim_end() == REFUSED => Err(CaptureError::Refused),
        _ => Err(CaptureError::NoScreen),
    }
}

const PICTURE: &str = "picture";
const FAILED: &str = "failed";
const REFUSED: &str = "refused";

/// Both programs do this before anything else: `true` where this process was started to ask the portal only, which is
/// done now and answered on standard output.
pub(crate) fn answer_for_another() -> bool {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_none_or(|first| first != ASK) || arguments.next().is_some() {
        return false;
    }
    let answer = ask();
    let line = match &answer {
        Ok(uri) => format!("{PICTURE} {uri}"),
        Err(CaptureError::Failed(why)) => format!("{FAILED} {}", why.replace('\n', " ")),
        Err(CaptureError::Refused) => REFUSED.to_owned(),
        Err(_) => String::new(),
    };
    if writeln!(std::io::stdout(), "{line}").is_err()
        && let Ok(uri) = answer
        && let Some(file) = path(&uri)
    {
        // Nobody waits for it any more, and a picture of the screen stays nowhere.
        let _ = std::fs::remove_file(file);
    }
    true
}

fn read_and_remove(file: &std::path::Path) -> std::io::Result<SecretBytes> {
    let length = std::fs::metadata(file)?.len();
    let read =
        if length > LARGEST { Err(std::io::ErrorKind::FileTooLarge.into()) } else { std::fs::read(file) };
    // A picture of the screen stays nowhere, read or not.
    let removed = std::fs::remove_file(file);
    let bytes = SecretBytes::new(read?);
    removed.map(|()| bytes)
}

/// The path in a `file:` URI (RFC 8089).
fn path(uri: &str) -> Option<PathBuf> {
    let encoded = uri.strip_prefix("file://")?;
    let encoded = &encoded[encoded.find('/')?..];
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(rest.next())?, digit(rest.next())?);
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::path;
    use std::path::PathBuf;

    #[test]
    fn a_portals_uri_is_a_path() {
        let read = |uri: &str| path(uri);
        assert_eq!(read("file:///run/Bild%20%C3%A4.png"), Some(PathBuf::from("/run/Bild ä.png")));
        assert_eq!(read("file://localhost/run/x.png"), Some(PathBuf::from("/run/x.png")));
        for odd in ["", "/run/x", "http://x/y", "file://", "file:///%f", "file:///%zz", "file:///%ff"] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }
}
