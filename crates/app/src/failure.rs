//! From each room's typed errors to the failures that a shell shows.

use crate::host::KeyringError;
use crate::view::{Failure, FailureKind};
use keyhaven_vault::{InvalidRecoveryKey, ReadError, SaveError, UnlockError};
use std::path::Path;

/// A failure with its detail.
pub(crate) fn fail(kind: FailureKind, detail: impl std::fmt::Display) -> Failure {
    Failure { kind, detail: detail.to_string() }
}

/// A failure that needs no name of its own.
pub(crate) fn other(detail: impl std::fmt::Display) -> Failure {
    fail(FailureKind::Other, detail)
}

/// A vault file that cannot be read.
pub(crate) fn unreadable(error: &ReadError) -> Failure {
    let kind = match error {
        ReadError::NotFound | ReadError::Io(_) => FailureKind::VaultUnreachable,
        ReadError::NewerVersion { .. } => FailureKind::NewerVault,
        _ => FailureKind::DamagedVault,
    };
    fail(kind, error)
}

impl From<KeyringError> for Failure {
    fn from(error: KeyringError) -> Self {
        fail(FailureKind::Keyring, error)
    }
}

impl From<SaveError> for Failure {
    fn from(error: SaveError) -> Self {
        fail(FailureKind::NotSaved, error)
    }
}

impl From<UnlockError> for Failure {
    fn from(error: UnlockError) -> Self {
        let kind = match error {
            UnlockError::WrongPassphrase => FailureKind::WrongPassphrase,
            UnlockError::WrongRecoveryKey => FailureKind::WrongRecoveryKey,
            UnlockError::ForeignKeyringKey => FailureKind::Keyring,
            UnlockError::NoSuchSlot(_) => FailureKind::BadInput,
            UnlockError::NoMemory { .. } => FailureKind::Other,
            _ => FailureKind::DamagedVault,
        };
        fail(kind, error)
    }
}

impl From<InvalidRecoveryKey> for Failure {
    fn from(error: InvalidRecoveryKey) -> Self {
        fail(FailureKind::MistypedRecoveryKey, error)
    }
}

/// A file that a person names goes into a folder that is there: one that is made for a slip of the hand, or where a
/// drive should be mounted, is found by nobody.
pub(crate) fn folder_is_there(file: &Path) -> Result<(), Failure> {
    let told = |what: String| Err(fail(FailureKind::NotSaved, format!("{}: {what}", file.display())));
    if file.is_dir() {
        return told("this is a folder; name a file in it".into());
    }
    // The folder of a bare name is the one we are in.
    match file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) if !folder.is_dir() => told(format!("there is no folder {}", folder.display())),
        _ => Ok(()),
    }
}
