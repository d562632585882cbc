//! A vault without its keys: what anyone sees who has the file.

use crate::{
    body::{self, Extras},
    compartment::Compartment,
    cost::NoMemory,
    files::Files,
    header::{self, DamagedPart, Demand, Header, MAX_FILE, Parsed, ReadError},
    ids::VaultId,
    keyring_key::KeyringKey,
    location::Location,
    open::OpenVault,
    recovery_key::RecoveryKey,
    seal,
    slot::{Slot, SlotFailure, SlotInfo, SlotKeySource, SlotKind},
};
use keyhaven_secret::{Key, SecretText};
use std::{fmt, io};

/// A vault file that was read and found whole. No key is in memory.
pub struct LockedVault {
    pub(crate) location: Location,
    pub(crate) bytes: Vec<u8>,
    pub(crate) parsed: Parsed,
    /// Whether `bytes` are what the file at `location` held; not so for a new vault that was never saved.
    pub(crate) on_disk: bool,
}

/// What someone has to open a vault with.
#[derive(Clone, Copy)]
pub enum Credential<'a> {
    /// A passphrase; every passphrase slot is tried.
    Passphrase(&'a SecretText),
    /// What the operating system's keyring holds.
    Keyring(&'a KeyringKey),
    /// The emergency kit's key.
    RecoveryKey(&'a RecoveryKey),
}

/// Why a vault, or its recovery compartment, did not open. The file was not touched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnlockError {
    /// The vault has no slot of this kind (that opens what was asked for).
    #[error("the vault has no {} slot for this", .0.name())]
    NoSuchSlot(SlotKind),
    /// No passphrase slot opens with it.
    #[error("the passphrase is not this vault's")]
    WrongPassphrase,
    /// The recovery key is free of typing errors and another vault's, or one that was replaced.
    #[error("the recovery key is not this vault's")]
    WrongRecoveryKey,
    /// The keyring's key is another vault's, or one that was replaced.
    #[error("the keyring's key is not this vault's")]
    ForeignKeyringKey,
    /// The key is right and what it opens is not what was sealed: the file was changed by someone who made its
    /// checksums fit again.
    #[error("the key is right, and the vault file was tampered with in its {0}")]
    Damaged(DamagedPart),
    /// The machine has not the memory that the passphrase needs.
    #[error("the passphrase needs {memory_kib} KiB of memory, which could not be had")]
    NoMemory {
        /// The memory, in KiB.
        memory_kib: u32,
    },
}

impl LockedVault {
    /// Reads the file at `location` and checks all that can be checked without a key.
    ///
    /// # Errors
    /// Each reason is its own: nothing there, cut short, not a vault, too new, asking too much, damaged, unreadable.
    pub fn read(files: &dyn Files, location: &Location) -> Result<Self, ReadError> {
        let bytes = files.read(location.file(), MAX_FILE).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ReadError::NotFound,
            io::ErrorKind::FileTooLarge => ReadError::TooDemanding(Demand::FileLength { limit: MAX_FILE }),
            _ => ReadError::Io(error),
        })?;
        let locked = Self::parse(bytes, location)?;
        Ok(Self { on_disk: true, ..locked })
    }

    /// The vault in these bytes, from wherever they came; saving it would make a new file at `location`.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn parse(bytes: Vec<u8>, location: &Location) -> Result<Self, ReadError> {
        let parsed = header::parse(&bytes)?;
        Ok(Self { location: location.clone(), bytes, parsed, on_disk: false })
    }

    /// Which vault this is.
    pub fn id(&self) -> VaultId {
        self.parsed.header.vault()
    }

    /// The ways in.
    pub fn slots(&self) -> Vec<SlotInfo> {
        self.parsed.header.slots.iter().map(header::StoredSlot::info).collect()
    }

    /// How often the vault was saved.
    pub fn generation(&self) -> u64 {
        self.parsed.header.generation
    }

    /// When it was saved, in milliseconds since 1970-01-01 UTC.
    pub fn saved_at(&self) -> u64 {
        self.parsed.header.saved_at
    }

    /// Where it was read from.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The sealed file as it is, for a copy elsewhere.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Opens the accounts; the recovery compartment stays locked until [`OpenVault::unlock_recovery`].
    ///
    /// # Errors
    /// See [`UnlockError`]; the locked vault is as it was.
    pub fn unlock(&self, credential: Credential<'_>) -> Result<OpenVault, UnlockError> {
        let key = self.parsed.header.unwrap(credential, Wanted::Accounts)?;
        OpenVault::from_locked(self, key)
    }

    /// Stands in for a vault's file until its first sealing.
    pub(crate) fn unsaved(location: &Location, header: &Header) -> Self {
        let parsed = Parsed { header: header.clone(), head: 0, digest: [0; header::DIGEST] };
        Self { location: location.clone(), bytes: Vec::new(), parsed, on_disk: false }
    }

    pub(crate) fn duplicate(&self) -> Self {
        Self {
            location: self.location.clone(),
            bytes: self.bytes.clone(),
            parsed: self.parsed.clone(),
            on_disk: self.on_disk,
        }
    }

    /// The accounts' records with the vault key.
    pub(crate) fn open_accounts(&self, key: &Key) -> Result<(Compartment, Extras), UnlockError> {
        let sealing_key = self.parsed.header.accounts_key(key)?;
        let (head, body) = self.bytes.split_at(self.parsed.head);
        let length = usize::try_from(self.parsed.header.accounts.length).unwrap_or(usize::MAX);
        let damaged = UnlockError::Damaged(DamagedPart::Body);
        let Some(sealed) = body.get(..length) else { return Err(damaged) };
        let Some(plain) = seal::open(&sealing_key, head, sealed) else { return Err(damaged) };
        body::read(plain.expose()).map_err(|_| damaged)
    }

    /// The sealed states of the recovery compartment, each compared with the header's digest of it.
    pub(crate) fn segments(&self) -> Result<Vec<Vec<u8>>, UnlockError> {
        let header = &self.parsed.header;
        let damaged = || UnlockError::Damaged(DamagedPart::Body);
        let mut at = self.parsed.head + usize::try_from(header.accounts.length).map_err(|_| damaged())?;
        let mut segments = Vec::new();
        for segment in &header.recovery.segments {
            let end = at + usize::try_from(segment.length).map_err(|_| damaged())?;
            let bytes = self.bytes.get(at..end).ok_or_else(damaged)?;
            if seal::digest(bytes) != segment.sha256.0 {
                return Err(damaged());
            }
            segments.push(bytes.to_vec());
            at = end;
        }
        Ok(segments)
    }
}

impl fmt::Debug for LockedVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LockedVault({}, generation {})", self.id(), self.generation())
    }
}

/// Which key of a slot is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Accounts,
    Recovery,
}

impl Header {
    /// The wanted key out of the first slot that `credential` opens.
    pub(crate) fn unwrap(&self, credential: Credential<'_>, wanted: Wanted) -> Result<Key, UnlockError> {
        let kind = credential.kind();
        let mut tried = false;
        for slot in self.slots.iter().filter_map(header::StoredSlot::known) {
            let wraps = match wanted {
                Wanted::Accounts => slot.accounts.is_some(),
                Wanted::Recovery => slot.recovery.is_some(),
            };
            if slot.kind() != kind || !wraps {
                continue;
            }
            let Some(source) = credential.source(slot) else { continue };
            tried = true;
            match slot.unwrap(self.vault(), source) {
                Ok(unwrapped) => {
                    let key = match wanted {
                        Wanted::Accounts => unwrapped.accounts,
                        Wanted::Recovery => unwrapped.recovery,
                    };
                    return key.ok_or(UnlockError::Damaged(DamagedPart::Header));
                }
                Err(SlotFailure::WrongKey) => {}
                Err(SlotFailure::Damaged) => return Err(UnlockError::Damaged(DamagedPart::Header)),
                Err(SlotFailure::NoMemory(NoMemory { memory_kib })) => {
                    return Err(UnlockError::NoMemory { memory_kib });
                }
            }
        }
        if !tried {
            return Err(UnlockError::NoSuchSlot(kind));
        }
        Err(match credential {
            Credential::Passphrase(_) => UnlockError::WrongPassphrase,
            Credential::Keyring(_) => UnlockError::ForeignKeyringKey,
            Credential::RecoveryKey(_) => UnlockError::WrongRecoveryKey,
        })
    }

    /// The accounts' sealing key, once the header commits to `key`.
    pub(crate) fn accounts_key(&self, key: &Key) -> Result<Key, UnlockError> {
        let [sealing, commitment] = seal::derive(key.expose(), &self.vault.0, b"keyhaven/1/accounts");
        if !seal::commits(&commitment, &self.accounts.commitment.0) {
            return Err(UnlockError::Damaged(DamagedPart::Header));
        }
        Ok(sealing)
    }
}

impl Credential<'_> {
    pub(crate) fn kind(&self) -> SlotKind {
        match self {
            Self::Passphrase(_) => SlotKind::Passphrase,
            Self::Keyring(_) => SlotKind::Keyring,
            Self::RecoveryKey(_) => SlotKind::RecoveryKey,
        }
    }

    /// What this credential makes of a slot; `None` when the slot lacks what its kind needs.
    pub(crate) fn source<'a>(&'a self, slot: &Slot) -> Option<SlotKeySource<'a>> {
        Some(match self {
            Self::Passphrase(text) => {
                SlotKeySource::Passphrase(text, slot.cost()?, slot.argon2id.map(|demand| demand.salt.0)?)
            }
            Self::Keyring(key) => SlotKeySource::Keyring(key),
            Self::RecoveryKey(key) => SlotKeySource::RecoveryKey(key),
        })
    }
}

impl fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential({})", self.kind().name())
    }
}
