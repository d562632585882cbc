//! What the tests share: a vault in a folder of its own, with Argon2 as cheap as it gets.

use keyhaven_secret::{SecretBytes, SecretText};
use keyhaven_vault::{
    DiskFiles, Files, KdfCost, KeyringKey, Location, Lock, LockedVault, NewFile, NewVault, OpenVault, Record,
    RecordId, RecoveryKey,
};
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
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
        Self::in_folder(tempfile::tempdir().unwrap())
    }

    pub fn in_folder(folder: tempfile::TempDir) -> Self {
        let keys = Keys {
            passphrase: text("correct horse battery staple"),
            keyring: KeyringKey::generate().unwrap(),
            recovery_key: RecoveryKey::generate().unwrap(),
        };
        Self { folder, keys }
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

/// A disk in memory, for tests that save often.
#[derive(Clone, Default)]
pub struct MemoryFiles(Arc<Mutex<BTreeMap<PathBuf, Vec<u8>>>>);

impl MemoryFiles {
    fn map(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Vec<u8>>> {
        self.0.lock().unwrap()
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &Path, _: u64) -> io::Result<Vec<u8>> {
        self.map().get(path).cloned().ok_or(io::ErrorKind::NotFound.into())
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn NewFile>> {
        self.map().insert(path.to_owned(), Vec::new());
        Ok(Box::new(MemoryFile(self.clone(), path.to_owned())))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let bytes = self.map().remove(from).ok_or(io::ErrorKind::NotFound)?;
        self.map().insert(to.to_owned(), bytes);
        Ok(())
    }
    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let bytes = self.map().get(from).cloned().ok_or(io::ErrorKind::NotFound)?;
        if self.map().contains_key(to) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.map().insert(to.to_owned(), bytes);
        Ok(())
    }
    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.map().remove(path).map(drop).ok_or(io::ErrorKind::NotFound.into())
    }
    fn create_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let inside = |path: &&PathBuf| path.parent() == Some(folder);
        let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        Ok(self.map().keys().filter(inside).map(name).collect())
    }
    fn lock(&self, _: &Path) -> io::Result<Lock> {
        Ok(Lock::Held(Box::new(())))
    }
    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        let there = self.map().contains_key(path);
        if there { Ok(path.to_owned()) } else { Err(io::ErrorKind::NotFound.into()) }
    }
}

struct MemoryFile(MemoryFiles, PathBuf);

impl NewFile for MemoryFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.map().entry(self.1.clone()).or_default().extend(bytes);
        Ok(())
    }
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}
