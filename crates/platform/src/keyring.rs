//! The operating system's keyring through the `keyring` crate: Secret Service, Keychain, Credential Manager.

use keyhaven_app::host::{Keyring, KeyringError, KeyringProbe, KeyringStanding};
use keyhaven_secret::SecretText;
use keyring::v1::{Entry, Error};
use std::sync::mpsc;
use std::time::Duration;

/// Name under which entries appear in the system's own keyring program.
pub(crate) const SERVICE: &str = "Keyhaven";

/// How long an answer may take. A person may be typing the keyring's own password into a prompt meanwhile.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long a look that asks nobody may take.
const PROBE_PATIENCE: Duration = Duration::from_secs(5);

/// The keyring of the operating system; entries are named "Keyhaven" and the vault's id.
#[derive(Default)]
pub struct SystemKeyring;

impl Keyring for SystemKeyring {
    fn read(&self, vault_id: &str) -> Result<SecretText, KeyringError> {
        ask(vault_id, |entry| entry.get_password().map(SecretText::new))
    }

    fn write(&self, vault_id: &str, text: &SecretText) -> Result<(), KeyringError> {
        let text = text.duplicate();
        ask(vault_id, move |entry| entry.set_password(text.expose()))
    }

    fn remove(&self, vault_id: &str) -> Result<(), KeyringError> {
        match ask(vault_id, |entry| entry.delete_credential()) {
            Err(KeyringError::Missing) => Ok(()),
            other => other,
        }
    }

    fn probe(&self) -> KeyringProbe {
        let (answer, wait) = mpsc::sync_channel(1);
        let asked = std::thread::Builder::new().name("keyring-probe".into()).spawn(move || {
            let _ = answer.send(probe());
        });
        let told = asked.ok().and_then(|_| wait.recv_timeout(PROBE_PATIENCE).ok());
        told.unwrap_or_else(|| {
            let words = format!("no answer within {} seconds", PROBE_PATIENCE.as_secs());
            KeyringProbe::of(KeyringStanding::NoService, words)
        })
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
fn probe() -> KeyringProbe {
    crate::probe::probe()
}

/// Keychain and Credential Manager are parts of the system, and open with the session.
#[cfg(not(all(unix, not(target_os = "macos"))))]
fn probe() -> KeyringProbe {
    match Entry::store_status() {
        Ok(()) => KeyringProbe::of(KeyringStanding::Open, "the system's credential store answers"),
        Err(cause) => KeyringProbe::of(KeyringStanding::NoService, cause.to_string()),
    }
}

/// Asks on a thread of its own: a keyring that never answers must not hold the program.
fn ask<T: Send + 'static>(
    vault_id: &str,
    question: impl FnOnce(&Entry) -> keyring::v1::Result<T> + Send + 'static,
) -> Result<T, KeyringError> {
    let (answer, wait) = mpsc::sync_channel(1);
    let vault_id = vault_id.to_owned();
    let asked = std::thread::Builder::new().name("keyring".into()).spawn(move || {
        let result = entry(&vault_id).and_then(|entry| question(&entry).map_err(|error| named(&error)));
        // Nobody waits any longer: the answer is dropped, and wiped if it is a secret.
        let _ = answer.send(result);
    });
    if asked.is_err() {
        return Err(KeyringError::Failed("no thread could be started".into()));
    }
    match wait.recv_timeout(PATIENCE) {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Timeout) => {
            Err(KeyringError::Failed(format!("no answer within {} seconds", PATIENCE.as_secs())))
        }
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            Err(KeyringError::Failed("the request broke off".into()))
        }
    }
}

/// The entry, through a connection of its own: a keyring that came up, or was started anew, since the last question is
/// the one that answers.
#[cfg(all(unix, not(target_os = "macos")))]
fn entry(vault_id: &str) -> Result<Entry, KeyringError> {
    // Connecting asks nothing of a collection: whatever it fails with, there is nobody to ask.
    let store = zbus_secret_service_keyring_store::Store::new()
        .map_err(|error| KeyringError::Absent(error.to_string()))?;
    keyring_core::set_default_store(store);
    let inner = keyring_core::Entry::new(SERVICE, vault_id).map_err(|error| named(&error))?;
    Ok(Entry { inner })
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn entry(vault_id: &str) -> Result<Entry, KeyringError> {
    Entry::new(SERVICE, vault_id).map_err(|error| named(&error))
}

/// Gives the crate's error the name that a person can act on.
fn named(error: &Error) -> KeyringError {
    match error {
        Error::NoEntry => KeyringError::Missing,
        Error::NoDefaultStore => KeyringError::Absent(match Entry::store_status() {
            Err(cause) => cause.to_string(),
            Ok(()) => "no default keyring".into(),
        }),
        Error::NoStorageAccess(cause) => inaccessible(cause.as_ref()),
        Error::BadEncoding(_) | Error::BadDataFormat(..) => KeyringError::Malformed,
        Error::Ambiguous(_) => KeyringError::Ambiguous,
        Error::TooLong(what, most) => KeyringError::TooLarge(format!("{what}: {most} at most")),
        Error::PlatformFailure(cause) => unavailable(cause.as_ref()),
        other => KeyringError::Failed(other.to_string()),
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
fn inaccessible(cause: &(dyn std::error::Error + Send + Sync + 'static)) -> KeyringError {
    match cause.downcast_ref::<secret_service::Error>() {
        // The only prompt of the Secret Service that this program causes is the one for unlocking: closed, or with
        // nobody there to show it, it leaves the keyring locked.
        Some(secret_service::Error::NoResult) => KeyringError::NoCollection,
        _ => KeyringError::Locked,
    }
}

/// Credential Manager: the only access that it denies is that of a session which was never logged on
/// (`ERROR_NO_SUCH_LOGON_SESSION`), such as a service's.
#[cfg(windows)]
fn inaccessible(cause: &(dyn std::error::Error + Send + Sync + 'static)) -> KeyringError {
    KeyringError::Absent(cause.to_string())
}

#[cfg(target_os = "macos")]
fn inaccessible(cause: &(dyn std::error::Error + Send + Sync + 'static)) -> KeyringError {
    keychain(cause)
}

/// What the Keychain answered (`SecBase.h`).
#[cfg(target_os = "macos")]
fn keychain(cause: &(dyn std::error::Error + Send + Sync + 'static)) -> KeyringError {
    match cause.downcast_ref::<security_framework::base::Error>().map(|error| error.code()) {
        // errSecUserCanceled, errSecAuthFailed, and the two about rights to change
        Some(-128 | -25293 | -61 | -25244) => KeyringError::Refused(cause.to_string()),
        // errSecInteractionNotAllowed: it is locked, and nobody may be asked at this moment
        Some(-25308) => KeyringError::Locked,
        // errSecNotAvailable, errSecNoSuchKeychain, errSecInvalidKeychain
        Some(-25291 | -25294 | -25295) => KeyringError::Absent(cause.to_string()),
        _ => KeyringError::Failed(cause.to_string()),
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
fn unavailable(cause: &(dyn std::error::Error + Send + Sync + 'static)) -> KeyringError {
    match cause.downcast_ref::<secret_service::Error>() {
        Some(secret_service::Error::Unavailable) => KeyringError::Absent(cause.to_string()),
        _ => KeyringError::Failed(cause.to_string()),
    }
}

#[cfg(target_os = "macos")]
fn unavailable(cause: &(dyn std::error::Error + Send + Sync + 'static)) -> KeyringError {
    keychain(cause)
}

#[cfg(windows)]
fn unavailable(cause: &(dyn std::error::Error + Send + Sync + 'static)) -> KeyringError {
    KeyringError::Failed(cause.to_string())
}
