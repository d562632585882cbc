//! What the use-cases need from the computer they run on: this handful and nothing more.

use crate::recovery::view::TidyWay;
use crate::view::KeyringState;
use keyhaven_secret::SecretText;
use keyhaven_vault::Files;
use std::io;
use std::path::Path;
use std::time::Duration;

/// The computer, as narrow as the use-cases allow. The desktop program and the command line share the real one
/// (`keyhaven-platform`); tests have one whose clock and keyring they set.
pub trait Host: Send + Sync {
    /// Unix time in milliseconds.
    fn now(&self) -> u64;

    /// Runs `work` and tells how long it took; for calibrating the key derivation.
    fn measure(&self, work: &mut dyn FnMut()) -> Duration;

    /// The disk.
    fn files(&self) -> &dyn Files;

    /// The operating system's keyring.
    fn keyring(&self) -> &dyn Keyring;

    /// Puts a file into the system's bin, or overwrites and deletes it.
    ///
    /// # Errors
    /// Whatever the system answers; the file is still there then.
    fn tidy(&self, path: &Path, way: TidyWay) -> io::Result<()> {
        let _ = (path, way);
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// The operating system's keyring: one text for each vault.
///
/// Reading never creates anything, and an error is never "no entry" (promise 4).
pub trait Keyring: Send + Sync {
    /// The text kept for `vault_id`.
    ///
    /// # Errors
    /// In which way the keyring did not give it.
    fn read(&self, vault_id: &str) -> Result<SecretText, KeyringError>;

    /// Keeps `text` for `vault_id`, in the place of what was there.
    ///
    /// # Errors
    /// In which way the keyring did not take it.
    fn write(&self, vault_id: &str, text: &SecretText) -> Result<(), KeyringError>;

    /// Forgets the text of `vault_id`; that there was none is no error.
    ///
    /// # Errors
    /// In which way the keyring did not do it.
    fn remove(&self, vault_id: &str) -> Result<(), KeyringError>;

    /// Whether there is a keyring to talk to at all, without opening or unlocking anything.
    fn present(&self) -> bool;
}

/// Every way in which a keyring fails that a person can do something about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// Nobody answers: no D-Bus session, no Secret Service, no default keyring.
    #[error("this session has no keyring service: {0}")]
    Absent(String),
    /// The keyring is locked, and nobody unlocked it when asked.
    #[error("the keyring is locked")]
    Locked,
    /// The person or a policy said no.
    #[error("the request to the keyring was refused: {0}")]
    Refused(String),
    /// It answered: there is no entry of this vault.
    #[error("the keyring has no entry for this vault")]
    Missing,
    /// There are several entries for this vault.
    #[error("the keyring has several entries for this vault")]
    Ambiguous,
    /// The entry is not what Keyhaven writes.
    #[error("the keyring's entry for this vault is not a key of Keyhaven's")]
    Malformed,
    /// Anything else, in the system's own words.
    #[error("the keyring failed: {0}")]
    Failed(String),
}

impl KeyringError {
    /// The state that a screen shows for it.
    pub fn state(&self) -> KeyringState {
        match self {
            Self::Absent(_) => KeyringState::Absent,
            Self::Locked => KeyringState::Locked,
            Self::Refused(_) => KeyringState::Refused,
            Self::Missing => KeyringState::Missing,
            Self::Ambiguous => KeyringState::Ambiguous,
            Self::Malformed => KeyringState::Foreign,
            Self::Failed(_) => KeyringState::Failed,
        }
    }
}
