//! Planes to texts: the order of attempts, and what counts as a text.

use crate::PictureError;
use crate::guard::{self, Deadline, Watched};
use crate::plane::Plane;
use keyhaven_secret::SecretText;
use zeroize::Zeroizing;

/// One QR code of a picture.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// What it says. Only what passed the code's own error correction (ISO/IEC 18004 §8.5).
    pub text: SecretText,
    /// Where it stands, in pixels from the picture's left top corner: the code's left top, right top, right bottom
    /// and left bottom corners, as x and y. A code at the edge may have corners outside the picture.
    pub corners: [[i32; 2]; 4],
}

/// Searches every plane in both polarities, the likeliest first. A later plane is looked at only as long as nothing
/// was found: they are other readings of the same pixels, and one reading is the right one.
pub(crate) fn all(planes: Vec<Plane>, deadline: &Deadline) -> Result<Vec<Found>, PictureError> {
    let mut found = Vec::new();
    for plane in planes {
        // Dark on light and light on dark may stand side by side on one page.
        let both = [search(&plane, deadline), search(&plane.inverted(), deadline)];
        for code in both.into_iter().flatten() {
            if !found.iter().any(|known: &Found| same(known, &code)) {
                found.push(code);
            }
        }
        if !found.is_empty() {
            return Ok(found);
        }
    }
    if deadline.passed() { Err(PictureError::DeadlinePassed) } else { Ok(found) }
}

/// The same text at the same place, seen twice. Equal texts at two places are two codes.
fn same(a: &Found, b: &Found) -> bool {
    let middle = |code: &Found| {
        let sum = |axis: usize| code.corners.iter().map(|corner| i64::from(corner[axis])).sum::<i64>() / 4;
        [sum(0), sum(1)]
    };
    let ([ax, ay], [bx, by]) = (middle(a), middle(b));
    let width = i64::from(a.corners[1][0]).abs_diff(i64::from(a.corners[3][0])).max(8);
    a.text == b.text && ax.abs_diff(bx) < width / 2 && ay.abs_diff(by) < width / 2
}

/// What rqrr finds in one plane, as it stands.
fn search(plane: &Plane, deadline: &Deadline) -> Vec<Found> {
    if plane.width == 0 || plane.height == 0 || deadline.passed() {
        return Vec::new();
    }
    let mut found = Vec::new();
    // What was read before a panic or the deadline stays.
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
                found.push(Found { text, corners: grid.bounds.map(|p| [p.x, p.y]) });
            }
        }
    });
    found
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

    fn at(text: &str, x: i32) -> Found {
        Found {
            text: SecretText::new(text.into()),
            corners: [[x, 0], [x + 100, 0], [x + 100, 100], [x, 100]],
        }
    }

    #[test]
    fn one_code_seen_twice_is_one_and_two_equal_codes_are_two() {
        assert!(same(&at("a", 0), &at("a", 3)));
        assert!(!same(&at("a", 0), &at("a", 150)));
        assert!(!same(&at("a", 0), &at("b", 0)));
    }
}
