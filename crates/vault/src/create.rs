//! Making a new vault.

use crate::{
    body::Extras,
    compartment::Compartment,
    cost::KdfCost,
    header::{AccountsHeader, Header, RecoveryHeader},
    ids::VaultId,
    json::Hex,
    keyring_key::KeyringKey,
    location::Location,
    locked::LockedVault,
    open::{ImageKeys, OpenRecovery, OpenVault, Recovery},
    random::NoRandomness,
    recovery_key::RecoveryKey,
    slots::{NewKeys, NewSlot, SlotError},
};
use keyhaven_secret::SecretText;
use serde_json::Map;

/// What a new vault is made of. A passphrase or a recovery key must be among it.
pub struct NewVault<'a> {
    /// Where [`OpenVault::save`] will put it.
    pub location: Location,
    /// A passphrase that opens both compartments, and what trying it shall cost.
    pub passphrase: Option<(&'a SecretText, KdfCost)>,
    /// A keyring key that opens the accounts.
    pub keyring: Option<&'a KeyringKey>,
    /// A recovery key that opens both compartments.
    pub recovery_key: Option<&'a RecoveryKey>,
    /// The time, in milliseconds since 1970-01-01 UTC.
    pub now: u64,
}

/// Why a vault could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// A keyring alone may vanish with its computer.
    #[error("a vault needs a passphrase or a recovery key")]
    NoDurableSlot,
    /// A passphrase of no characters.
    #[error("an empty passphrase keeps nobody out")]
    EmptyPassphrase,
    /// The machine has not the memory that the passphrase needs.
    #[error("the passphrase needs {memory_kib} KiB of memory, which could not be had")]
    NoMemory {
        /// The memory, in KiB.
        memory_kib: u32,
    },
    /// No random bytes.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

impl OpenVault {
    /// A new, empty vault; its recovery compartment is locked. Nothing is on disk before [`Self::save`], which
    /// refuses when a file is there already: a new vault never takes an old one's place.
    ///
    /// # Errors
    /// See [`CreateError`].
    pub fn create(new: &NewVault<'_>) -> Result<Self, CreateError> {
        let passphrase = new.passphrase.map(|(text, cost)| NewSlot::passphrase(text, cost));
        let keyring = new.keyring.map(NewSlot::keyring);
        let recovery_key = new.recovery_key.map(NewSlot::recovery_key);
        let slots: Vec<_> = [passphrase, keyring, recovery_key].into_iter().flatten().collect();
        let vault = VaultId::random()?;
        let keys = NewKeys::make(vault, &slots, new.now).map_err(|error| match error {
            SlotError::EmptyPassphrase => CreateError::EmptyPassphrase,
            SlotError::NoMemory { memory_kib } => CreateError::NoMemory { memory_kib },
            SlotError::NoRandomness(error) => CreateError::NoRandomness(error),
            // The remaining errors of making keys are about which slots there are.
            _ => CreateError::NoDurableSlot,
        })?;
        let mut header = Header {
            vault: Hex(*vault.as_bytes()),
            generation: 0,
            saved_at: new.now,
            accounts: AccountsHeader { epoch: 0, commitment: Hex([0; 32]), length: 0, unknown: Map::new() },
            recovery: RecoveryHeader {
                commitment: Hex([0; 32]),
                public_key: Hex([0; 32]),
                segments: Vec::new(),
                unknown: Map::new(),
            },
            slots: Vec::new(),
            unknown: Map::new(),
        };
        keys.write_into(&mut header, 1);
        let mut vault = Self {
            image: LockedVault::unsaved(&new.location, &header),
            image_keys: ImageKeys { accounts: keys.accounts.duplicate(), recovery: None },
            header,
            key: keys.accounts,
            accounts: Compartment::default(),
            extras: Extras::default(),
            recovery: Recovery {
                segments: Vec::new(),
                open: Some(OpenRecovery {
                    key: keys.recovery,
                    compartment: Compartment::default(),
                    changed: true,
                }),
            },
        };
        vault.lock_recovery()?;
        let bytes = vault.seal(0, new.now, &vault.recovery.segments)?;
        if let Ok(image) = LockedVault::parse(bytes, &new.location) {
            vault.image = image;
        }
        Ok(vault)
    }
}
