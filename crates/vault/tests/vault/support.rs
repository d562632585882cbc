//! What the tests share: a vault in a folder of its own, with Argon2 as cheap as it gets.

use keyhaven_secret::{SecretBytes, SecretText};
use keyhaven_vault::{
    DiskFiles, KdfCost, KeyringKey, Location, LockedVault, NewVault, OpenVault, Record, RecordId, RecoveryKey,
};

/// 2025-11-22, in milliseconds.
pub const NOW: u64 = 1_763_800_000_000;

pub fn cheap() -> KdfCost {
    KdfCost::new(8, 1).unwrap()
}

pub fn text(text: &str) -> SecretText {
    SecretText::new(text.into())
}

pub fn record(kind: &str, payload: &str) -> Record {
    let payload = SecretBytes::new(payload.as_bytes().to_vec());
    Record::new(RecordId::random().unwrap(), kind, NOW, payload)
}

/// Where the vault's keys are kept in a test.
pub struct Keys {
    pub passphrase: SecretText,
    pub keyring: KeyringKey,
    pub recovery_key: RecoveryKey,
}

pub struct Home {
    pub folder: tempfile::TempDir,
    pub keys: Keys,
}

impl Home {
    pub fn new() -> Self {
        let keys = Keys {
            passphrase: text("correct horse battery staple"),
            keyring: KeyringKey::generate().unwrap(),
            recovery_key: RecoveryKey::generate().unwrap(),
        };
        Self { folder: tempfile::tempdir().unwrap(), keys }
    }

    pub fn location(&self) -> Location {
        Location::in_folder(self.folder.path())
    }

    /// A new vault with all three kinds of slots, not yet saved.
    pub fn create(&self) -> OpenVault {
        OpenVault::create(&NewVault {
            location: self.location(),
            passphrase: Some((&self.keys.passphrase, cheap())),
            keyring: Some(&self.keys.keyring),
            recovery_key: Some(&self.keys.recovery_key),
            now: NOW,
        })
        .unwrap()
    }

    /// A saved vault with one account.
    pub fn saved(&self) -> OpenVault {
        let mut vault = self.create();
        vault.accounts_mut().put(record("account", "one"));
        vault.save(&DiskFiles, NOW).unwrap();
        vault
    }

    pub fn read(&self) -> LockedVault {
        LockedVault::read(&DiskFiles, &self.location()).unwrap()
    }

    pub fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.location().file()).unwrap()
    }

    /// Every name in the folder and the generations' folder.
    pub fn names(&self) -> Vec<String> {
        let list = |folder: &std::path::Path| -> Vec<String> {
            let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
        };
        let mut names = list(self.folder.path());
        names.extend(list(&self.location().generations_folder()));
        names.sort();
        names
    }
}

pub fn payloads<'a>(records: impl Iterator<Item = &'a Record>) -> Vec<String> {
    let mut payloads: Vec<_> =
        records.map(|record| String::from_utf8(record.payload.expose().to_vec()).unwrap()).collect();
    payloads.sort();
    payloads
}
