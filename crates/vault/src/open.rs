//! A vault with its keys: the accounts, and the recovery compartment when that is open too.

use crate::{
    body::{self, Extras},
    compartment::Compartment,
    drop_in::{self, DropIn, DropInError},
    header::{DamagedPart, Header, SegmentHeader},
    ids::VaultId,
    json::Hex,
    locked::{Credential, LockedVault, UnlockError, Wanted},
    random::{self, NoRandomness},
    record::Record,
    seal,
    slot::SlotInfo,
};
use keyhaven_secret::Key;
use std::fmt;

/// An open vault. Dropping it wipes its keys and records; [`Self::lock`] does so and keeps the sealed file.
pub struct OpenVault {
    /// The file as it was last read or written.
    pub(crate) image: LockedVault,
    /// What opens `image`: other keys than those below after a rotation that was not saved.
    pub(crate) image_keys: ImageKeys,
    /// The header as it will be saved; lengths, digests, generation and time are filled in then.
    pub(crate) header: Header,
    pub(crate) key: Key,
    pub(crate) accounts: Compartment,
    pub(crate) extras: Extras,
    pub(crate) recovery: Recovery,
}

/// The keys that a file was sealed with, as far as they are known.
pub(crate) struct ImageKeys {
    pub accounts: Key,
    pub recovery: Option<Key>,
}

/// The recovery compartment's state.
pub(crate) struct Recovery {
    /// Its sealed states: one, and those merged in while it was locked.
    pub segments: Vec<Vec<u8>>,
    pub open: Option<OpenRecovery>,
}

pub(crate) struct OpenRecovery {
    pub key: Key,
    pub compartment: Compartment,
    /// Whether `segments` no longer say what `compartment` does.
    pub changed: bool,
}

impl OpenVault {
    pub(crate) fn from_locked(locked: &LockedVault, key: Key) -> Result<Self, UnlockError> {
        let (accounts, extras) = locked.open_accounts(&key)?;
        Ok(Self {
            recovery: Recovery { segments: locked.segments()?, open: None },
            image: locked.duplicate(),
            image_keys: ImageKeys { accounts: key.duplicate(), recovery: None },
            header: locked.parsed.header.clone(),
            key,
            accounts,
            extras,
        })
    }

    /// Which vault this is.
    pub fn id(&self) -> VaultId {
        self.header.vault()
    }

    /// How often it was saved.
    pub fn generation(&self) -> u64 {
        self.header.generation
    }

    /// When it was last saved, in milliseconds since 1970-01-01 UTC.
    pub fn saved_at(&self) -> u64 {
        self.header.saved_at
    }

    /// The ways in, as they will be saved.
    pub fn slots(&self) -> Vec<SlotInfo> {
        self.header.slots.iter().map(crate::header::StoredSlot::info).collect()
    }

    /// The file as it was last read or saved.
    pub fn sealed(&self) -> &LockedVault {
        &self.image
    }

    /// The accounts.
    pub fn accounts(&self) -> &Compartment {
        &self.accounts
    }

    /// The accounts, to change them. Nothing is on disk before [`Self::save`].
    pub fn accounts_mut(&mut self) -> &mut Compartment {
        &mut self.accounts
    }

    /// The recovery compartment, when it is open.
    pub fn recovery(&self) -> Option<&Compartment> {
        self.recovery.open.as_ref().map(|open| &open.compartment)
    }

    /// The recovery compartment, to change it, when it is open.
    pub fn recovery_mut(&mut self) -> Option<&mut Compartment> {
        self.recovery.open.as_mut().map(|open| {
            open.changed = true;
            &mut open.compartment
        })
    }

    /// Opens the recovery compartment and takes in what was dropped there or merged while it was locked.
    ///
    /// # Errors
    /// See [`UnlockError`]; the compartment stays locked.
    pub fn unlock_recovery(&mut self, credential: Credential<'_>) -> Result<(), UnlockError> {
        let key = self.header.unwrap(credential, Wanted::Recovery)?;
        self.open_recovery(key)
    }

    pub(crate) fn open_recovery(&mut self, key: Key) -> Result<(), UnlockError> {
        let keys = RecoveryKeys::derive(self.id(), &key);
        keys.check(&self.header)?;
        let mut compartment = Compartment::default();
        for segment in &self.recovery.segments {
            compartment.merge(&keys.open_segment(self.id(), segment)?);
        }
        if seal::commits(&keys.commitment, &self.image.parsed.header.recovery.commitment.0) {
            self.image_keys.recovery = Some(key.duplicate());
        }
        let changed = self.recovery.segments.len() > 1;
        self.recovery.open = Some(OpenRecovery { key, compartment, changed });
        self.absorb_drop_ins();
        Ok(())
    }

    /// Locks the recovery compartment again, what was changed in it sealed and waiting for the next save.
    ///
    /// # Errors
    /// When there is no randomness to seal with; it stays open then.
    pub fn lock_recovery(&mut self) -> Result<(), NoRandomness> {
        self.recovery.segments = self.sealed_segments()?;
        self.recovery.open = None;
        self.image_keys.recovery = None;
        Ok(())
    }

    /// Puts a record into the recovery compartment, open or locked. While it is locked the record is sealed to the
    /// compartment's public key and nobody can read it before that is opened.
    ///
    /// # Errors
    /// See [`DropInError`]; nothing was added.
    pub fn drop_in_recovery(&mut self, record: Record) -> Result<(), DropInError> {
        match self.recovery_mut() {
            Some(recovery) => recovery.put(record),
            None => {
                let drop_in = DropIn::seal(self.id(), &self.header.recovery.public_key.0, record)?;
                self.extras.drop_ins.push(drop_in);
                self.extras.drop_ins.sort();
            }
        }
        Ok(())
    }

    /// How many records were dropped in and wait until the compartment is opened. Those that remain when it is open
    /// could not be opened; they are kept.
    pub fn waiting_drop_ins(&self) -> usize {
        self.extras.drop_ins.len()
    }

    /// The whole vault as a file's bytes, sealed, for a copy that is printed or kept where no file is.
    ///
    /// # Errors
    /// When there is no randomness to seal with.
    pub fn to_bytes(&self) -> Result<Vec<u8>, NoRandomness> {
        self.seal(self.generation(), self.saved_at(), &self.sealed_segments()?)
    }

    /// Drops and wipes every key and record. What was not saved is lost.
    pub fn lock(self) -> LockedVault {
        self.image
    }

    /// Opens what was dropped in. What does not open stays.
    pub(crate) fn absorb_drop_ins(&mut self) {
        let vault = self.id();
        let Some(open) = &mut self.recovery.open else { return };
        let keys = RecoveryKeys::derive(vault, &open.key);
        let before = self.extras.drop_ins.len();
        self.extras.drop_ins.retain(|drop_in| match drop_in.open(vault, &keys.agreement) {
            Some(version) => {
                open.compartment.insert(version, []);
                false
            }
            None => true,
        });
        if self.extras.drop_ins.len() < before {
            open.changed = true;
            open.compartment.settle();
        }
    }

    /// The recovery compartment's segments as they are to be saved.
    pub(crate) fn sealed_segments(&self) -> Result<Vec<Vec<u8>>, NoRandomness> {
        match &self.recovery.open {
            Some(open) if open.changed => {
                let keys = RecoveryKeys::derive(self.id(), &open.key);
                Ok(vec![keys.seal_segment(self.id(), &open.compartment)?])
            }
            _ => Ok(self.recovery.segments.clone()),
        }
    }

    /// The whole file, the accounts sealed under a fresh nonce.
    pub(crate) fn seal(
        &self,
        generation: u64,
        saved_at: u64,
        segments: &[Vec<u8>],
    ) -> Result<Vec<u8>, NoRandomness> {
        Ok(self.seal_with(generation, saved_at, segments, random::bytes()?))
    }

    /// As [`Self::seal`], with the nonce given.
    pub(crate) fn seal_with(
        &self,
        generation: u64,
        saved_at: u64,
        segments: &[Vec<u8>],
        nonce: [u8; 24],
    ) -> Vec<u8> {
        let plain = body::write(&self.accounts, Some(&self.extras));
        let mut header = self.header.clone();
        header.generation = generation;
        header.saved_at = saved_at;
        header.accounts.length = (plain.len() + seal::OVERHEAD) as u64;
        header.recovery.segments = segments
            .iter()
            .map(|bytes| SegmentHeader { length: bytes.len() as u64, sha256: Hex(seal::digest(bytes)) })
            .collect();
        let head = header.to_bytes();
        let [sealing, _] = seal::derive(self.key.expose(), &self.header.vault.0, b"keyhaven/1/accounts");
        let sealed = seal::seal_with(&sealing, nonce, &head, plain.expose());
        let length = head.len() + sealed.len() + segments.iter().map(Vec::len).sum::<usize>();
        let mut file = Vec::with_capacity(length + 32);
        file.extend(head);
        file.extend(sealed);
        segments.iter().for_each(|segment| file.extend(segment));
        let digest = seal::digest(&file);
        file.extend(digest);
        file
    }
}

/// What the recovery compartment's key is used for.
pub(crate) struct RecoveryKeys {
    pub sealing: Key,
    pub commitment: Key,
    /// The X25519 key that drop-ins are sealed to.
    pub agreement: Key,
}

impl RecoveryKeys {
    pub fn derive(vault: VaultId, key: &Key) -> Self {
        let [sealing, commitment, agreement] =
            seal::derive(key.expose(), vault.as_bytes(), b"keyhaven/1/recovery");
        Self { sealing, commitment, agreement }
    }

    pub fn check(&self, header: &Header) -> Result<(), UnlockError> {
        let recovery = &header.recovery;
        if !seal::commits(&self.commitment, &recovery.commitment.0)
            || drop_in::public_key(&self.agreement) != recovery.public_key.0
        {
            return Err(UnlockError::Damaged(DamagedPart::Header));
        }
        Ok(())
    }

    pub fn open_segment(&self, vault: VaultId, segment: &[u8]) -> Result<Compartment, UnlockError> {
        let damaged = || UnlockError::Damaged(DamagedPart::Body);
        let plain = seal::open(&self.sealing, &associated(vault), segment).ok_or_else(damaged)?;
        body::read(plain.expose()).map(|(compartment, _)| compartment).map_err(|_| damaged())
    }

    pub fn seal_segment(&self, vault: VaultId, compartment: &Compartment) -> Result<Vec<u8>, NoRandomness> {
        Ok(self.seal_segment_with(vault, compartment, random::bytes()?))
    }

    /// As [`Self::seal_segment`], with the nonce given.
    pub fn seal_segment_with(&self, vault: VaultId, compartment: &Compartment, nonce: [u8; 24]) -> Vec<u8> {
        seal::seal_with(&self.sealing, nonce, &associated(vault), body::write(compartment, None).expose())
    }
}

fn associated(vault: VaultId) -> Vec<u8> {
    [b"keyhaven/1/recovery".as_slice(), vault.as_bytes()].concat()
}

impl fmt::Debug for OpenVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenVault({}, generation {})", self.id(), self.generation())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DiskFiles, KdfCost, KeyringKey, Location, NewVault, SlotKind};
    use keyhaven_secret::{SecretBytes, SecretText};
    use serde_json::json;

    /// What a newer version may have written: a slot kind, fields in every part of the header, records.
    #[test]
    fn what_a_newer_version_wrote_survives_saves_by_this_one() {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::in_folder(folder.path());
        let (passphrase, keyring) = (SecretText::new("x".into()), KeyringKey::generate().unwrap());
        let mut vault = OpenVault::create(&NewVault {
            location: location.clone(),
            passphrase: Some((&passphrase, KdfCost::new(8, 1).unwrap())),
            keyring: Some(&keyring),
            recovery_key: None,
            now: 1,
        })
        .unwrap();
        let slot = json!({"id": "00112233445566778899aabbccddeeff", "kind": "passkey", "created_at": 5, "label": "key", "blob": [1]});
        vault.header.slots.push(serde_json::from_value(slot.clone()).unwrap());
        vault.header.unknown.insert("future".into(), json!({"x": 1.5}));
        vault.header.accounts.unknown.insert("codec".into(), json!("new"));
        vault.header.recovery.unknown.insert("codec".into(), json!("newer"));
        let odd = SecretBytes::new(br#"{"id":7,"of":"the future"}"#.to_vec());
        vault.accounts.set_aside.push(odd.duplicate());
        for now in 1..4 {
            vault.save(&DiskFiles, now).unwrap();
            let locked = LockedVault::read(&DiskFiles, &location).unwrap();
            vault = locked.unlock(Credential::Keyring(&keyring)).unwrap();
        }
        let header = &vault.header;
        assert_eq!(vault.slots()[2].kind, SlotKind::Unknown("passkey".into()));
        assert_eq!(serde_json::to_value(&header.slots[2]).unwrap(), slot);
        assert_eq!(header.unknown["future"], json!({"x": 1.5}));
        assert_eq!(header.accounts.unknown["codec"], "new");
        assert_eq!(header.recovery.unknown["codec"], "newer");
        assert_eq!(vault.accounts().set_aside(), [odd.duplicate()]);
        assert!(matches!(
            vault.check(&DiskFiles).problems[..],
            [crate::Problem::CheapPassphrase { .. }, crate::Problem::SetAside { count: 1 }]
        ));
        assert!(vault.accounts_mut().discard_set_aside(&odd) && vault.accounts().set_aside().is_empty());
    }

    #[test]
    fn debug_shows_which_vault_and_nothing_else() {
        let passphrase = SecretText::new("x".into());
        let mut vault = OpenVault::create(&NewVault {
            location: Location::in_folder("nowhere"),
            passphrase: Some((&passphrase, KdfCost::new(8, 1).unwrap())),
            keyring: None,
            recovery_key: None,
            now: 1,
        })
        .unwrap();
        let payload = SecretBytes::new(b"hunter2".to_vec());
        vault.accounts_mut().put(Record::new(crate::RecordId::random().unwrap(), "account", 1, payload));
        assert_eq!(format!("{vault:?}"), format!("OpenVault({}, generation 0)", vault.id()));
        assert!(!format!("{:?}", vault.accounts().iter().next()).contains("hunter2"));
    }
}
