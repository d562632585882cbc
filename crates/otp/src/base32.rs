//! Base32 as people type and paste it (RFC 4648 §6, read leniently, written strictly).

use keyhaven_secret::SecretBytes;

/// What base32 text holds, and how it was spelt.
#[derive(Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The bytes; empty when the text holds fewer than two characters of the alphabet.
    pub bytes: SecretBytes,
    /// Bits at the end that fill no byte and were dropped although they should not be there: a length that no
    /// whole number of bytes gives, or bits that RFC 4648 §3.5 wants to be zero. 0 when all is well.
    pub leftover_bits: u8,
    /// Whether lower-case letters occurred.
    pub lower_case: bool,
    /// Whether spaces or dashes occurred.
    pub separators: bool,
    /// Whether padding (`=`) occurred.
    pub padding: bool,
}

/// A character that base32 does not know, and its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("character {position} of the base32 text is {character:?}; it takes A–Z and 2–7{}", hint(*.character))]
pub struct Base32Error {
    /// The place in the text as given, counted in characters from 1, separators included.
    pub position: usize,
    /// The character there.
    pub character: char,
}

fn hint(character: char) -> &'static str {
    match character {
        '0' => " (perhaps the letter O is meant)",
        '1' => " (perhaps the letter I or L is meant)",
        '8' => " (perhaps the letter B is meant)",
        '=' => "; padding stands at the end only",
        _ => "",
    }
}

/// Decodes base32 in any case, with spaces, dashes and padding. A length that is no whole byte count is accepted:
/// the left-over bits are dropped and told in [`Decoded::leftover_bits`].
///
/// # Errors
/// A character outside the alphabet, with its place; also anything but padding and separators after padding.
pub fn decode_base32(text: &str) -> Result<Decoded, Base32Error> {
    // Reserved once: a growing vector would leave copies of the secret behind.
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8 + 1);
    let mut decoded = Decoded {
        bytes: SecretBytes::new(Vec::new()),
        leftover_bits: 0,
        lower_case: false,
        separators: false,
        padding: false,
    };
    let (mut buffer, mut bits): (u32, u8) = (0, 0);
    for (index, character) in text.chars().enumerate() {
        if is_separator(character) {
            decoded.separators = true;
            continue;
        }
        if character == '=' {
            decoded.padding = true;
            continue;
        }
        let value = match character {
            'A'..='Z' => character as u32 - 'A' as u32,
            'a'..='z' => {
                decoded.lower_case = true;
                character as u32 - 'a' as u32
            }
            '2'..='7' => character as u32 - '2' as u32 + 26,
            _ => return Err(wiped(bytes, Base32Error { position: index + 1, character })),
        };
        if decoded.padding {
            // Blame the padding: it is what stands in the wrong place.
            let position = text.chars().position(|c| c == '=').unwrap_or(index) + 1;
            return Err(wiped(bytes, Base32Error { position, character: '=' }));
        }
        buffer = buffer << 5 | value;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((buffer >> bits) as u8);
            buffer &= (1 << bits) - 1;
        }
    }
    // Canonical text leaves at most four bits, all zero (RFC 4648 §6).
    decoded.leftover_bits = if bits > 4 || buffer != 0 { bits } else { 0 };
    decoded.bytes = SecretBytes::new(bytes);
    Ok(decoded)
}

fn wiped(bytes: Vec<u8>, error: Base32Error) -> Base32Error {
    drop(SecretBytes::new(bytes));
    error
}

/// White space, dashes of any kind, and the invisible characters that copying from a page brings along.
fn is_separator(character: char) -> bool {
    character.is_whitespace()
        || matches!(character, '-' | '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2010}'..='\u{2015}' | '\u{feff}')
}
