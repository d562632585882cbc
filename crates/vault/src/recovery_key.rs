//! The recovery key of the emergency kit: 128 random bits, printed so that a slip of the pen is found.
//!
//! Seven groups of five characters of Crockford's base32. In each group four characters carry data and the
//! fifth checks the group and its place; the 140 data bits are the 128 of the key and 12 of its SHA-256.
//! One wrong or two swapped neighbouring characters are always noticed, and the group is named.

use crate::{random::NoRandomness, seal};
use keyhaven_secret::{SecretBytes, SecretText};
use zeroize::Zeroizing;

/// Crockford's alphabet: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const GROUPS: usize = 7;
const DATA: usize = 4;
const CHARACTERS: usize = GROUPS * (DATA + 1);
const BYTES: usize = 16;

/// A 128-bit key that a person keeps on paper. It needs no stretching: nobody searches 2¹²⁸ keys.
#[derive(PartialEq, Eq)]
pub struct RecoveryKey(SecretBytes);

/// Why a typed recovery key cannot be one; a well-formed key of another vault is not this error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRecoveryKey {
    /// A character that no recovery key has. `position` counts the characters of the input from 1.
    #[error("character {position} of the recovery key is none it can have")]
    Character {
        /// Which character of the input, counted from 1, spaces and dashes included.
        position: usize,
    },
    /// Too few or too many characters; spaces and dashes do not count.
    #[error("a recovery key has {expected} characters, this has {found}")]
    Length {
        /// How many characters were found.
        found: usize,
        /// How many there are in a recovery key.
        expected: usize,
    },
    /// A typing slip: the check characters do not fit. `groups` (from 1) are where it is, empty when every group
    /// fits by itself and only the whole does not.
    #[error("the recovery key has a typing error{}", in_groups(groups))]
    Checksum {
        /// The groups whose own check fails, counted from 1.
        groups: Vec<usize>,
    },
}

pub(crate) fn in_groups(groups: &[usize]) -> String {
    match groups {
        [] => String::new(),
        [one] => format!(" in group {one}"),
        [first @ .., last] => {
            let first: Vec<_> = first.iter().map(ToString::to_string).collect();
            format!(" in groups {} and {last}", first.join(", "))
        }
    }
}

impl RecoveryKey {
    /// A fresh key.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn generate() -> Result<Self, NoRandomness> {
        let mut bytes = vec![0; BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(SecretBytes::new(bytes)))
    }

    /// The key of these 16 bytes, put together from its shares.
    pub(crate) fn from_bytes(bytes: SecretBytes) -> Self {
        debug_assert_eq!(bytes.len(), BYTES);
        Self(bytes)
    }

    /// The key's 16 bytes, for deriving its slot's keys.
    pub(crate) fn expose(&self) -> &[u8] {
        self.0.expose()
    }

    /// The printed form: seven groups of five characters with dashes between.
    pub fn to_text(&self) -> SecretText {
        let mut text = Zeroizing::new(String::with_capacity(CHARACTERS + GROUPS));
        for (index, group) in self.groups().iter().enumerate() {
            if index > 0 {
                text.push('-');
            }
            text.push_str(group.expose());
        }
        text.into()
    }

    /// The seven groups of the printed form, for a kit that asks to type some of them back.
    pub fn groups(&self) -> Vec<SecretText> {
        let mut bits = u128::from_be_bytes(self.array());
        // The first 128 bits of 140, most significant first, then 12 bits of the digest.
        let mut values = Zeroizing::new([0u8; GROUPS * DATA]);
        let check = self.check_bits();
        for value in values.iter_mut().take(25) {
            *value = (bits >> 123) as u8;
            bits <<= 5;
        }
        // Three bits of the key are left, then the 12 check bits.
        values[25] = (bits >> 125) as u8 * 4 + (check >> 10) as u8;
        values[26] = (check >> 5) as u8 & 31;
        values[27] = check as u8 & 31;
        values.chunks(DATA).enumerate().map(|(group, data)| checked_group(group, data)).collect()
    }

    /// Reads a typed key: case, spaces and dashes do not matter, and O, I, L, U are read as the 0, 1, 1, V that
    /// they are mistaken for.
    ///
    /// # Errors
    /// A typing slip, told apart as finely as the check characters allow. That a key is well formed says
    /// nothing about which vault it opens.
    pub fn parse(text: &SecretText) -> Result<Self, InvalidRecoveryKey> {
        let values = values(text).map_err(|position| InvalidRecoveryKey::Character { position })?;
        if values.len() != CHARACTERS {
            return Err(InvalidRecoveryKey::Length { found: values.len(), expected: CHARACTERS });
        }
        let groups: Vec<usize> = values
            .chunks(DATA + 1)
            .enumerate()
            .filter(|(group, chunk)| check_value(*group, &chunk[..DATA]) != chunk[DATA])
            .map(|(group, _)| group + 1)
            .collect();
        if !groups.is_empty() {
            return Err(InvalidRecoveryKey::Checksum { groups });
        }
        let mut data = Zeroizing::new([0u8; GROUPS * DATA]);
        for (place, chunk) in data.chunks_mut(DATA).zip(values.chunks(DATA + 1)) {
            place.copy_from_slice(&chunk[..DATA]);
        }
        let mut bits = data[..25].iter().fold(0u128, |bits, value| bits << 5 | u128::from(*value));
        bits = bits << 3 | u128::from(data[25] >> 2);
        let check = u16::from(data[25] & 3) << 10 | u16::from(data[26]) << 5 | u16::from(data[27]);
        let key = Self(SecretBytes::new(bits.to_be_bytes().to_vec()));
        if key.check_bits() != check {
            return Err(InvalidRecoveryKey::Checksum { groups: Vec::new() });
        }
        Ok(key)
    }

    fn array(&self) -> [u8; BYTES] {
        let mut array = [0; BYTES];
        array.copy_from_slice(self.0.expose());
        array
    }

    /// The first 12 bits of the key's SHA-256.
    fn check_bits(&self) -> u16 {
        let digest = seal::digest(self.0.expose());
        u16::from_be_bytes([digest[0], digest[1]]) >> 4
    }
}

impl std::fmt::Debug for RecoveryKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecoveryKey(…)")
    }
}

/// A group as it is printed: its data and the character that checks them.
pub(crate) fn checked_group(group: usize, data: &[u8]) -> SecretText {
    let mut text = Zeroizing::new(String::with_capacity(DATA + 1));
    for value in data.iter().copied().chain([check_value(group, data)]) {
        text.push(char::from(ALPHABET[usize::from(value & 31)]));
    }
    text.into()
}

/// The five-bit values of typed characters, without spaces and dashes; the place of a character that is none, from 1.
pub(crate) fn values(text: &SecretText) -> Result<Zeroizing<Vec<u8>>, usize> {
    let mut values = Zeroizing::new(Vec::with_capacity(text.expose().len()));
    for (index, character) in text.expose().chars().enumerate() {
        if !(character.is_whitespace() || is_dash(character)) {
            values.push(value_of(character).ok_or(index + 1)?);
        }
    }
    Ok(values)
}

/// Σ 2^(i+1)·dᵢ in GF(2⁵) (x⁵ + x² + 1) plus the group's index. The weights differ and none is 0 or 1, so one wrong
/// character and two swapped ones, the check character among them, always change it.
pub(crate) fn check_value(group: usize, data: &[u8]) -> u8 {
    let sum = data.iter().rev().fold(0u8, |sum, value| double(sum ^ value));
    sum ^ (group as u8 + 1)
}

fn double(value: u8) -> u8 {
    let doubled = value << 1;
    if doubled & 32 == 0 { doubled } else { (doubled ^ 0b10_0101) & 31 }
}

fn value_of(character: char) -> Option<u8> {
    let character = match character.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        'U' => 'V',
        other => other,
    };
    let place = ALPHABET.iter().position(|letter| char::from(*letter) == character)?;
    u8::try_from(place).ok()
}

fn is_dash(character: char) -> bool {
    matches!(character, '-' | '\u{ad}' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '_' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(bytes: [u8; 16]) -> RecoveryKey {
        RecoveryKey(SecretBytes::new(bytes.to_vec()))
    }

    fn parse(text: &str) -> Result<RecoveryKey, InvalidRecoveryKey> {
        RecoveryKey::parse(&SecretText::new(text.into()))
    }

    proptest! {
        #[test]
        fn what_was_printed_is_read_back(bytes: [u8; 16]) {
            let key = key(bytes);
            let text = key.to_text();
            prop_assert_eq!(text.expose().len(), 41);
            prop_assert!(parse(text.expose()).unwrap() == key);
            let sloppy = text.expose().to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l").replace('v', "u");
            prop_assert!(parse(&sloppy).unwrap() == key);
        }

        #[test]
        fn one_wrong_character_is_found_in_its_group(bytes: [u8; 16], at in 0usize..35, change in 1u8..32) {
            let mut text: Vec<u8> = key(bytes).to_text().expose().bytes().filter(|b| *b != b'-').collect();
            let old = value_of(char::from(text[at])).unwrap();
            text[at] = ALPHABET[usize::from(old ^ change)];
            prop_assert_eq!(parse(std::str::from_utf8(&text).unwrap()).map(drop),
                Err(InvalidRecoveryKey::Checksum { groups: vec![at / 5 + 1] }));
        }

        #[test]
        fn two_swapped_neighbours_are_found(bytes: [u8; 16], at in 0usize..34) {
            let mut text: Vec<u8> = key(bytes).to_text().expose().bytes().filter(|b| *b != b'-').collect();
            if text[at] == text[at + 1] {
                return Ok(()); // nothing is swapped
            }
            text.swap(at, at + 1);
            let found = match parse(std::str::from_utf8(&text).unwrap()) {
                Err(InvalidRecoveryKey::Checksum { groups }) => groups.contains(&(at / 5 + 1)),
                _ => false,
            };
            prop_assert!(found);
        }

        #[test]
        fn two_swapped_groups_are_found(bytes: [u8; 16], first in 0usize..7, second in 0usize..7) {
            let text = key(bytes).to_text();
            let mut groups: Vec<&str> = text.expose().split('-').collect();
            if groups[first] == groups[second] {
                return Ok(());
            }
            groups.swap(first, second);
            prop_assert!(parse(&groups.join("-")).is_err());
        }

        #[test]
        fn any_text_is_an_answer(text: String) {
            let _ = parse(&text);
        }
    }

    #[test]
    fn the_slips_are_told_apart() {
        let text = key([0x5a; 16]).to_text();
        let text = text.expose();
        assert_eq!(parse(&text[1..]).map(drop), Err(InvalidRecoveryKey::Length { found: 34, expected: 35 }));
        assert_eq!(parse("").map(drop), Err(InvalidRecoveryKey::Length { found: 0, expected: 35 }));
        assert_eq!(parse("AB-é").map(drop), Err(InvalidRecoveryKey::Character { position: 4 }));
        assert_eq!(
            parse(&"0".repeat(1_000_000)).map(drop),
            Err(InvalidRecoveryKey::Length { found: 1_000_000, expected: 35 })
        );
        let slip = InvalidRecoveryKey::Checksum { groups: vec![2, 5] };
        assert_eq!(slip.to_string(), "the recovery key has a typing error in groups 2 and 5");
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", key([1; 16])), "RecoveryKey(…)");
    }
}
