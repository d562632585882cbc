//! Bytes and text that wipe themselves when dropped, compare in constant time and cannot be printed.
//!
//! Reach for [`SecretBytes`] for keys and one-time-code secrets, [`SecretText`] for passphrases and URIs that
//! carry a secret, and [`Key`] for a 256-bit key. Leaving secrecy is always one of the named `expose…` calls,
//! so a search for `expose` finds every place that does. Values that are not secret (labels, codes meant for
//! the screen) want plain `String`s.
//!
//! Keys and secret bytes lie in memory that the system keeps out of its swap, as far as it lets a program have such
//! memory; [`locked_memory`] says how far.
#![forbid(unsafe_code)]

mod shelf;

pub use shelf::{LockedMemory, locked_memory};

use shelf::Held;
use std::fmt;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Length of a [`Key`] in bytes (256 bits).
pub const KEY_LENGTH: usize = 32;

/// Secret bytes of any length. Neither `Clone` nor printable; `==` takes the same time wherever they differ.
pub struct SecretBytes(Held);

impl SecretBytes {
    /// Takes ownership of `bytes`; they are wiped when the value is dropped.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Held::new(bytes))
    }

    /// The bytes themselves, for computing with them or sealing them. The caller leaves no copy behind.
    pub fn expose(&self) -> &[u8] {
        self.0.bytes()
    }

    /// A second, equally secret value. Named, because every copy is one more thing to wipe.
    pub fn duplicate(&self) -> Self {
        Self(Held::copied(self.0.bytes()))
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.0.bytes().len()
    }

    /// Whether there is not a single byte.
    pub fn is_empty(&self) -> bool {
        self.0.bytes().is_empty()
    }
}

impl PartialEq for SecretBytes {
    fn eq(&self, other: &Self) -> bool {
        self.0.bytes().ct_eq(other.0.bytes()).into()
    }
}
impl Eq for SecretBytes {}

impl Zeroize for SecretBytes {
    fn zeroize(&mut self) {
        self.0.wipe();
    }
}
impl ZeroizeOnDrop for SecretBytes {}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(…)")
    }
}

/// Secret text: a passphrase, a printed recovery key, an otpauth URI. Same rules as [`SecretBytes`].
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct SecretText(String);

impl SecretText {
    /// Takes ownership of `text`; it is wiped when the value is dropped.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, for parsing it or deriving a key from it. The caller leaves no copy behind.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The text for a person's eyes (a QR panel, a printed kit), who asked for it explicitly.
    pub fn expose_for_display(&self) -> &str {
        &self.0
    }

    /// A second, equally secret value.
    pub fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }

    /// Whether there is not a single character.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Zeroizing<String>> for SecretText {
    fn from(mut text: Zeroizing<String>) -> Self {
        Self(std::mem::take(&mut *text))
    }
}

impl PartialEq for SecretText {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}
impl Eq for SecretText {}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

/// A 256-bit key in a place of its own, so that moving the value leaves no copy on the stack.
pub struct Key(Held);

impl Key {
    /// Builds a key by letting `fill` write it in place: it never stands anywhere else.
    ///
    /// # Errors
    /// Whatever `fill` returns; the half-written key is wiped.
    pub fn try_fill<E>(fill: impl FnOnce(&mut [u8; KEY_LENGTH]) -> Result<(), E>) -> Result<Self, E> {
        let mut key = Self(Held::copied(&[0; KEY_LENGTH]));
        if let Some(place) = key.0.bytes_mut().first_chunk_mut() {
            fill(place)?;
        }
        Ok(key)
    }

    /// Copies a key out of `bytes`, `None` when they are not exactly [`KEY_LENGTH`] long.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        (bytes.len() == KEY_LENGTH).then(|| Self(Held::copied(bytes)))
    }

    /// The key's bytes, for a cipher. The caller leaves no copy behind.
    pub fn expose(&self) -> &[u8; KEY_LENGTH] {
        // Shorter it is only after `zeroize`, and then it is no key any more.
        self.0.bytes().first_chunk().unwrap_or(&[0; KEY_LENGTH])
    }

    /// A second, equally secret value.
    pub fn duplicate(&self) -> Self {
        Self(Held::copied(self.0.bytes()))
    }
}

impl Zeroize for Key {
    fn zeroize(&mut self) {
        self.0.wipe();
    }
}
impl ZeroizeOnDrop for Key {}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.expose().ct_eq(other.expose()).into()
    }
}
impl Eq for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", SecretBytes::new(b"hunter2".to_vec())), "SecretBytes(…)");
        assert_eq!(format!("{:?}", SecretText::new("hunter2".into())), "SecretText(…)");
        assert_eq!(format!("{:?}", Key::from_slice(&[7; 32]).unwrap()), "Key(…)");
    }

    #[test]
    fn equality_is_by_value_and_length() {
        assert_eq!(SecretBytes::new(vec![1, 2]), SecretBytes::new(vec![1, 2]));
        assert_ne!(SecretBytes::new(vec![1, 2]), SecretBytes::new(vec![1, 2, 3]));
        assert_ne!(SecretText::new("a".into()), SecretText::new("b".into()));
        assert_ne!(Key::from_slice(&[1; 32]).unwrap(), Key::from_slice(&[2; 32]).unwrap());
    }

    #[test]
    fn a_key_has_exactly_32_bytes() {
        assert!(Key::from_slice(&[0; 31]).is_none());
        assert!(Key::from_slice(&[0; 33]).is_none());
        assert!(Key::try_fill(|_| Err::<(), _>("no randomness")).is_err());
    }

    #[test]
    fn zeroize_empties_the_value() {
        let mut secret = SecretBytes::new(vec![1, 2, 3]);
        secret.zeroize();
        assert!(secret.is_empty());
        let mut key = Key::from_slice(&[7; 32]).unwrap();
        key.zeroize();
        assert_eq!(key.expose(), &[0; 32]);
        let mut text = SecretText::new("abc".into());
        text.zeroize();
        assert!(text.is_empty());
    }

    /// Compile-time: none of the three may ever become `Clone` or printable through `Display`.
    #[test]
    fn secrets_are_neither_clone_nor_display() {
        trait Unwanted<Marker> {
            fn check() {}
        }
        impl<T: ?Sized> Unwanted<()> for T {}
        struct IsClone;
        impl<T: Clone> Unwanted<IsClone> for T {}
        struct IsDisplay;
        impl<T: fmt::Display> Unwanted<IsDisplay> for T {}
        // Ambiguous, and therefore a compile error, as soon as one of them implements Clone or Display.
        <SecretBytes as Unwanted<_>>::check();
        <SecretText as Unwanted<_>>::check();
        <Key as Unwanted<_>>::check();
    }
}
