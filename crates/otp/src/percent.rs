//! Percent-encoding (RFC 3986 §2.1), kept out of ordinary `String`s as long as a value may be secret.

use zeroize::Zeroizing;

/// What a `+` stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plus {
    /// A space, as HTML forms write it.
    Space,
    /// Itself.
    Plus,
}

/// A decoded part of a URI.
pub(crate) struct Decoded {
    pub text: Zeroizing<String>,
    /// The bytes are not UTF-8; each was read as one Latin-1 character, which loses nothing.
    pub latin1: bool,
    /// A `%` without two hexadecimal digits was taken as it stands.
    pub stray_percent: bool,
}

pub(crate) fn decode(text: &str, plus: Plus) -> Decoded {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut stray_percent = false;
    let source = text.as_bytes();
    let mut index = 0;
    while let Some(&byte) = source.get(index) {
        let escaped = match (byte, source.get(index + 1), source.get(index + 2)) {
            (b'%', Some(&high), Some(&low)) => hex(high).zip(hex(low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                bytes.push(high << 4 | low);
                index += 3;
            }
            None => {
                stray_percent |= byte == b'%';
                bytes.push(if byte == b'+' && plus == Plus::Space { b' ' } else { byte });
                index += 1;
            }
        }
    }
    let utf8 = std::str::from_utf8(&bytes).ok().map(str::to_owned);
    let latin1 = utf8.is_none();
    let text = utf8.unwrap_or_else(|| {
        let mut text = String::with_capacity(bytes.len() * 2);
        text.extend(bytes.iter().map(|&byte| char::from(byte)));
        text
    });
    Decoded { text: Zeroizing::new(text), latin1, stray_percent }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

/// Appends `text`, leaving RFC 3986's unreserved characters and those in `also` as they are.
pub(crate) fn encode_into(out: &mut String, text: &[u8], also: &[u8]) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in text {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || also.contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}
