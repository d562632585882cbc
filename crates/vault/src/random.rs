//! Randomness from the operating system, and the one way it can fail.

use keyhaven_secret::Key;

/// The operating system gave no random bytes; without them nothing can be sealed.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes: {0}")]
pub struct NoRandomness(#[from] getrandom::Error);

/// `N` fresh random bytes, for values that are not secret (ids, salts, nonces).
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// A fresh random 256-bit key.
pub(crate) fn key() -> Result<Key, NoRandomness> {
    Key::try_fill(|place| Ok(getrandom::fill(place)?))
}
