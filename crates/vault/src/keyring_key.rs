//! The key that the operating system's keyring holds.

use crate::random::{self, NoRandomness};
use base64::{Engine, engine::general_purpose::STANDARD};
use keyhaven_secret::{Key, SecretText};
use zeroize::Zeroizing;

/// A random 256-bit key for a keyring slot. The keyring stores its [`Self::to_text`]: 44 characters of Base64,
/// text because some keyrings damage raw bytes, and far below Windows' limit of 2,560 bytes.
#[derive(PartialEq, Eq)]
pub struct KeyringKey(pub(crate) Key);

/// What the keyring holds under our name is not a key of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the keyring's entry is not the Base64 of 32 bytes")]
pub struct InvalidKeyringKey;

impl KeyringKey {
    /// A fresh key.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn generate() -> Result<Self, NoRandomness> {
        random::key().map(Self)
    }

    /// The text to store in the keyring: Base64 with padding (RFC 4648 §4).
    pub fn to_text(&self) -> SecretText {
        SecretText::new(STANDARD.encode(self.0.expose()))
    }

    /// Reads [`Self::to_text`]; space around it is ignored.
    ///
    /// # Errors
    /// When the text is anything but the Base64 of 32 bytes.
    pub fn from_text(text: &SecretText) -> Result<Self, InvalidKeyringKey> {
        // One byte more than a key, so that a longer value is seen as such.
        let mut bytes = Zeroizing::new([0; 36]);
        let length = STANDARD
            .decode_slice(text.expose().trim(), bytes.as_mut_slice())
            .map_err(|_| InvalidKeyringKey)?;
        Key::from_slice(&bytes[..length]).map(Self).ok_or(InvalidKeyringKey)
    }
}

impl std::fmt::Debug for KeyringKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyringKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_back_and_hidden() {
        let key = KeyringKey::generate().unwrap();
        let text = key.to_text();
        assert_eq!(text.expose().len(), 44);
        assert!(KeyringKey::from_text(&text).unwrap() == key);
        assert!(KeyringKey::from_text(&SecretText::new(format!(" {}\n", text.expose()))).unwrap() == key);
        assert_eq!(format!("{key:?}"), "KeyringKey(…)");
    }

    #[test]
    fn anything_else_is_refused() {
        let long = STANDARD.encode([0; 33]);
        let short = STANDARD.encode([0; 31]);
        for text in
            ["", "error", &long, &short, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", &"A".repeat(10_000)]
        {
            let read = KeyringKey::from_text(&SecretText::new(text.into()));
            assert_eq!(read.map(drop), Err(InvalidKeyringKey), "{text}");
        }
    }
}
