//! The first decoder: rqrr, with its own threshold.

use crate::Found;
use crate::find::Seen;
use crate::guard::{self, Deadline, Watched};
use crate::plane::Plane;
use keyhaven_secret::SecretText;
use zeroize::Zeroizing;

/// What rqrr finds in a plane. What was read before a panic or the deadline stays.
pub(crate) fn search(plane: &Plane, deadline: &Deadline) -> Seen {
    let mut seen = Seen::default();
    if deadline.passed() {
        return seen;
    }
    guard::catching(|| {
        let mut picture = rqrr::PreparedImage::prepare(Watched::new(plane, deadline));
        for grid in picture.detect_grids() {
            let text = guard::catching(|| {
                // Room for the longest text there is, so that growing leaves no copy behind.
                let mut bytes = Zeroizing::new(Vec::with_capacity(rqrr::MAX_PAYLOAD_SIZE));
                grid.decode_to(&mut *bytes).ok()?;
                text_of(&bytes)
            });
            if let Some(text) = text.flatten() {
                seen.codes.push(Found { text, corners: grid.bounds.map(|p| [p.x, p.y]) });
            }
        }
    });
    seen
}

/// UTF-8, as nearly every writer means it; else ISO 8859-1, the standard's default (ISO/IEC 18004:2015 §7.3.5),
/// unless bytes say otherwise that no Latin text has (Shift JIS): a wrong text is worse than none.
fn text_of(bytes: &[u8]) -> Option<SecretText> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(SecretText::new(text.to_owned())),
        Err(_) if bytes.iter().any(|b| (0x80..0xa0).contains(b)) => None,
        Err(_) => {
            let mut text = String::with_capacity(bytes.len() * 2);
            text.extend(bytes.iter().map(|b| char::from(*b)));
            Some(SecretText::new(text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_not_utf_8_are_latin_1_or_nothing() {
        assert_eq!(text_of("Zürich".as_bytes()).unwrap().expose(), "Zürich");
        assert_eq!(text_of(b"Z\xfcrich").unwrap().expose(), "Zürich");
        assert_eq!(text_of(b"\x93\xfa\x96\x7b"), None, "Shift JIS must not become mojibake");
    }
}
