//! Bytes and text that wipe themselves when dropped, compare in constant time and cannot be printed.
//!
//! Reach for [`SecretBytes`] for keys and one-time-code secrets, [`SecretText`] for passphrases and URIs that
//! carry a secret, and [`Key`] for a 256-bit key. Leaving secrecy is always one of the named `expose…` calls,
//! so a search for `expose` finds every place that does. Values that are not secret (labels, codes meant for
//! the screen) want plain `String`s.
//!
//! All of them, and what [`SecretBuffer`] gathers, lie in memory that the system keeps out of its swap, as far as it lets
//! a program have such memory (RLIMIT_MEMLOCK, 8 MiB on most desktops); [`locked_memory`] says how far. Beyond that they
//! are kept and wiped as ever, and may be swapped.
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

    /// So many bytes, written in place: they never stand anywhere else.
    ///
    /// # Errors
    /// Whatever `fill` returns; what was half written is wiped.
    pub fn try_fill<E>(length: usize, fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let mut held = Held::zeroed(length);
        fill(held.bytes_mut())?;
        Ok(Self(held))
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
pub struct SecretText(Held);

impl SecretText {
    /// Takes ownership of `text`; it is wiped when the value is dropped.
    pub fn new(text: String) -> Self {
        Self(Held::new(text.into_bytes()))
    }

    /// The text itself, for parsing it or deriving a key from it. The caller leaves no copy behind.
    pub fn expose(&self) -> &str {
        // It was made from text.
        std::str::from_utf8(self.0.bytes()).unwrap_or_default()
    }

    /// The text for a person's eyes (a QR panel, a printed kit), who asked for it explicitly.
    pub fn expose_for_display(&self) -> &str {
        self.expose()
    }

    /// A second, equally secret value.
    pub fn duplicate(&self) -> Self {
        Self(Held::copied(self.0.bytes()))
    }

    /// Whether there is not a single character.
    pub fn is_empty(&self) -> bool {
        self.0.bytes().is_empty()
    }
}

impl Zeroize for SecretText {
    fn zeroize(&mut self) {
        self.0.wipe();
    }
}
impl ZeroizeOnDrop for SecretText {}

impl From<Zeroizing<String>> for SecretText {
    fn from(mut text: Zeroizing<String>) -> Self {
        Self::new(std::mem::take(&mut *text))
    }
}

impl PartialEq for SecretText {
    fn eq(&self, other: &Self) -> bool {
        self.0.bytes().ct_eq(other.0.bytes()).into()
    }
}
impl Eq for SecretText {}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

/// Secret bytes while they are written one after the other. What it outgrows is wiped.
pub struct SecretBuffer {
    held: Held,
    length: usize,
}

impl SecretBuffer {
    /// An empty one that takes `capacity` bytes before it grows.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { held: Held::zeroed(capacity), length: 0 }
    }

    /// How many bytes are in it.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there is not a single byte.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Writes behind what is there.
    pub fn push(&mut self, bytes: &[u8]) {
        self.more(bytes.len()).copy_from_slice(bytes);
    }

    /// So many further bytes, zero yet, to be written in place.
    pub fn more(&mut self, length: usize) -> &mut [u8] {
        let end = self.length + length;
        if self.held.bytes().len() < end {
            let mut larger = Held::zeroed(end * 2);
            larger.bytes_mut()[..self.length].copy_from_slice(&self.held.bytes()[..self.length]);
            self.held = larger;
        }
        let start = std::mem::replace(&mut self.length, end);
        &mut self.held.bytes_mut()[start..end]
    }

    /// The first `length` bytes of it; the others are wiped.
    pub fn finish(mut self, length: usize) -> SecretBytes {
        self.held.cut(self.length.min(length));
        SecretBytes(self.held)
    }
}

impl fmt::Debug for SecretBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBuffer(…)")
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
    fn a_buffer_gathers_grows_and_is_cut_off() {
        let mut buffer = SecretBuffer::with_capacity(4);
        for part in ["ab", "cdefgh", "", "ijklmnopqrstuvwxyz"] {
            buffer.push(part.as_bytes());
        }
        buffer.more(3).copy_from_slice(b"123");
        assert_eq!((buffer.len(), buffer.is_empty()), (29, false));
        assert_eq!(format!("{buffer:?}"), "SecretBuffer(…)");
        let more = buffer.more(10_000);
        assert!(more.iter().all(|byte| *byte == 0));
        assert_eq!(buffer.finish(28).expose(), b"abcdefghijklmnopqrstuvwxyz12");
        assert_eq!(SecretBuffer::with_capacity(9).finish(5).expose(), b"", "only what was written");
    }

    #[test]
    fn text_of_any_length_is_kept_as_it_is() {
        for text in ["", "äöü", &"ß".repeat(3_000)] {
            let secret = SecretText::new(text.to_owned());
            assert_eq!((secret.expose(), secret.duplicate().expose()), (text, text));
        }
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
