//! Names of vaults, slots and records: 128 random bits each.

use crate::random::{self, NoRandomness};
use std::{fmt, str::FromStr};

/// A text that is not 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is 32 hexadecimal digits")]
pub struct InvalidId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// A fresh random id.
            ///
            /// # Errors
            /// When the operating system gives no random bytes.
            pub fn random() -> Result<Self, NoRandomness> {
                random::bytes().map(Self)
            }

            /// The id made of exactly these bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The id's bytes.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), hex(&self.0))
            }
        }

        /// Reads 32 hexadecimal digits; dashes and upper case are accepted.
        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let digits: String = text.chars().filter(|c| *c != '-').collect();
                unhex(&digits).map(Self).ok_or(InvalidId)
            }
        }
    };
}

id! {
    /// Which vault a file belongs to; the same in every copy and every generation of it.
    VaultId
}
id! {
    /// Which slot of a vault.
    SlotId
}
id! {
    /// Which record; the same in every copy of the vault, whatever its content becomes.
    RecordId
}

/// Lower-case hexadecimal in groups of four, as a person compares it: `1a2b-3c4d-…`.
impl fmt::Display for VaultId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, pair) in self.0.chunks(2).enumerate() {
            write!(f, "{}{}", if index == 0 { "" } else { "-" }, hex(pair))?;
        }
        Ok(())
    }
}

/// 32 lower-case hexadecimal digits.
impl fmt::Display for SlotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// 32 lower-case hexadecimal digits.
impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

/// Exactly `N` bytes of hexadecimal, in either case.
pub(crate) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high << 4 | low).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_back_from_what_they_print() {
        let vault = VaultId::from_bytes(*b"\x00\x01\xfe\xff56789abcdefg");
        assert_eq!(vault.to_string(), "0001-feff-3536-3738-3961-6263-6465-6667");
        assert_eq!(vault.to_string().parse(), Ok(vault));
        let record = RecordId::random().unwrap();
        assert_eq!(record.to_string().to_uppercase().parse(), Ok(record));
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in ["", "00", "0001feff35363738396162636465666", "0001feff35363738396162636465666g"] {
            assert_eq!(text.parse::<RecordId>(), Err(InvalidId), "{text}");
        }
    }
}
