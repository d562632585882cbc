//! The desktop's portal (XDG Desktop Portal, interface `org.freedesktop.portal.Screenshot`): the desktop asks the person
//! and answers with a file, which is read and removed.

use keyhaven_app::host::{CaptureError, ScreenPicture};
use keyhaven_secret::SecretBytes;
use std::collections::HashMap;
use std::path::PathBuf;
use zbus::blocking::{Connection, Proxy};
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};

const PORTAL: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";
/// Largest file of a portal's that is read.
const LARGEST: u64 = 256 << 20;

pub(super) fn capture() -> Result<Vec<ScreenPicture>, CaptureError> {
    let failed =
        |error: &dyn std::fmt::Display| CaptureError::Failed(format!("the desktop's portal: {error}"));
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
    let file = uri.as_deref().and_then(path).ok_or_else(|| failed(&"its answer names no file"))?;
    let bytes = read_and_remove(&file).map_err(|error| failed(&error))?;
    Ok(vec![ScreenPicture::of_file("Screen", &bytes).map_err(|error| failed(&error))?])
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
