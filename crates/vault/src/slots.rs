//! Adding, removing and changing the ways into an open vault.

use crate::{
    cost::{KdfCost, NoMemory},
    drop_in,
    header::{Header, MAX_PASSPHRASE_SLOTS, MAX_SLOTS, StoredSlot},
    ids::{SlotId, VaultId},
    json::Hex,
    keyring_key::KeyringKey,
    open::{OpenRecovery, OpenVault, RecoveryKeys},
    random::{self, NoRandomness},
    recovery_key::RecoveryKey,
    seal,
    slot::{self, Compartments, Opens, Slot, SlotFailure, SlotInfo, SlotKeySource, SlotKind, WrapFailure},
};
use keyhaven_secret::{Key, SecretText};

/// A slot to be made.
#[derive(Clone)]
pub struct NewSlot<'a> {
    /// What will open it.
    pub secret: SlotSecret<'a>,
    /// What its maker calls it, at most 100 characters. It stands in the file unencrypted.
    pub label: String,
    /// Which compartments it opens.
    pub opens: Opens,
}

/// What a new slot is opened with.
#[derive(Clone, Copy)]
pub enum SlotSecret<'a> {
    /// A passphrase, not empty, and what trying it shall cost.
    Passphrase(&'a SecretText, KdfCost),
    /// A key for the operating system's keyring.
    Keyring(&'a KeyringKey),
    /// An emergency kit's key.
    RecoveryKey(&'a RecoveryKey),
}

impl<'a> NewSlot<'a> {
    /// A passphrase that opens both compartments.
    pub fn passphrase(passphrase: &'a SecretText, cost: KdfCost) -> Self {
        let secret = SlotSecret::Passphrase(passphrase, cost);
        Self { secret, label: String::new(), opens: Opens::Both }
    }

    /// A keyring key that opens the accounts, and not the recovery compartment.
    pub fn keyring(key: &'a KeyringKey) -> Self {
        Self { secret: SlotSecret::Keyring(key), label: String::new(), opens: Opens::Accounts }
    }

    /// A recovery key that opens both compartments.
    pub fn recovery_key(key: &'a RecoveryKey) -> Self {
        Self { secret: SlotSecret::RecoveryKey(key), label: String::new(), opens: Opens::Both }
    }

    fn is_durable(&self) -> bool {
        !matches!(self.secret, SlotSecret::Keyring(_)) && self.opens.accounts()
    }
}

/// Why the slots could not be changed. They are as they were.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SlotError {
    /// The slot shall open the recovery compartment, or the keys shall be rotated, and the compartment is locked.
    #[error("the recovery compartment is locked")]
    RecoveryLocked,
    /// There is no such slot, or not one of the kind that was meant.
    #[error("the vault has no such slot")]
    NoSuchSlot,
    /// It is the last passphrase or recovery key that opens the accounts; the keyring alone may vanish.
    #[error("this is the last passphrase or recovery key that opens the vault")]
    LastDurable,
    /// It is the last passphrase or recovery key that opens the recovery compartment.
    #[error("this is the last passphrase or recovery key that opens the recovery compartment")]
    LastDurableForRecovery,
    /// The slot's current passphrase was another.
    #[error("the passphrase is not this slot's")]
    WrongPassphrase,
    /// The slot is not as it was made.
    #[error("the slot is damaged")]
    Damaged,
    /// A passphrase of no characters.
    #[error("an empty passphrase keeps nobody out")]
    EmptyPassphrase,
    /// The label has more than 100 characters.
    #[error("a slot's label has at most 100 characters")]
    LabelTooLong,
    /// So many slots no vault may have.
    #[error("a vault has at most {limit} slots of this kind")]
    TooMany {
        /// How many there may be.
        limit: usize,
    },
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

impl From<WrapFailure> for SlotError {
    fn from(failure: WrapFailure) -> Self {
        match failure {
            WrapFailure::NoRandomness(error) => Self::NoRandomness(error),
            WrapFailure::NoMemory(NoMemory { memory_kib }) => Self::NoMemory { memory_kib },
        }
    }
}

/// The vault's two keys, the second when it is at hand.
#[derive(Clone, Copy)]
pub(crate) struct VaultKeys<'a> {
    pub accounts: &'a Key,
    pub recovery: Option<&'a Key>,
}

fn check_label(label: &str) -> Result<(), SlotError> {
    if label.chars().count() > 100 { Err(SlotError::LabelTooLong) } else { Ok(()) }
}

/// A slot as [`NewSlot`] wants it. `now` is in milliseconds since 1970-01-01 UTC.
pub(crate) fn make(
    vault: VaultId,
    keys: VaultKeys<'_>,
    new: &NewSlot<'_>,
    now: u64,
) -> Result<Slot, SlotError> {
    check_label(&new.label)?;
    let source = match new.secret {
        SlotSecret::Passphrase(text, _) if text.is_empty() => return Err(SlotError::EmptyPassphrase),
        SlotSecret::Passphrase(text, cost) => SlotKeySource::Passphrase(text, cost, slot::salt()?),
        SlotSecret::Keyring(key) => SlotKeySource::Keyring(key),
        SlotSecret::RecoveryKey(key) => SlotKeySource::RecoveryKey(key),
    };
    let recovery = || keys.recovery.ok_or(SlotError::RecoveryLocked);
    let wrapped = match new.opens {
        Opens::Accounts => Compartments::Accounts(keys.accounts),
        Opens::Recovery => Compartments::Recovery(recovery()?),
        Opens::Both => Compartments::Both { accounts: keys.accounts, recovery: recovery()? },
    };
    Ok(Slot::wrap(vault, SlotId::random()?, source, wrapped, new.label.clone(), now)?)
}

impl OpenVault {
    /// Adds a way in; it counts from the next save on. `now` is in milliseconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// See [`SlotError`]; a slot that opens the recovery compartment needs that open.
    pub fn add_slot(&mut self, new: &NewSlot<'_>, now: u64) -> Result<SlotId, SlotError> {
        let slot = make(self.id(), self.keys(), new, now)?;
        check_counts(self.header.slots.iter().filter_map(StoredSlot::known).chain([&slot]))?;
        if self.header.slots.len() >= MAX_SLOTS {
            return Err(SlotError::TooMany { limit: MAX_SLOTS });
        }
        let id = slot.id();
        self.header.slots.push(StoredSlot::Known(Box::new(slot)));
        Ok(id)
    }

    /// Calls a slot otherwise. Its label stands in the file unencrypted.
    ///
    /// # Errors
    /// The label is too long, or there is no such slot of a kind that this version knows.
    pub fn label_slot(&mut self, id: SlotId, label: &str) -> Result<(), SlotError> {
        check_label(label)?;
        let known = self.header.slots.iter_mut().find_map(|slot| match slot {
            StoredSlot::Known(slot) if slot.id() == id => Some(slot),
            _ => None,
        });
        label.clone_into(&mut known.ok_or(SlotError::NoSuchSlot)?.label);
        Ok(())
    }

    /// The slot that this opens, if there is one: with a key of this computer's keyring, the slot made for it.
    pub fn slot_opened_by(&self, credential: crate::Credential<'_>) -> Option<SlotId> {
        let kind = credential.kind();
        let known = self.header.slots.iter().filter_map(StoredSlot::known);
        let mut opened = known.filter(|slot| slot.kind() == kind).filter(|slot| {
            credential.source(slot).is_some_and(|source| slot.unwrap(self.id(), source).is_ok())
        });
        opened.next().map(Slot::id)
    }

    /// Removes a way in; what was saved before, generations and backups among it, still opens with it.
    /// `now` is in milliseconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// The last durable slot is not removed.
    pub fn remove_slot(&mut self, id: SlotId, now: u64) -> Result<(), SlotError> {
        let all = self.slots();
        let Some(slot) = self.header.slots.iter().find(|slot| slot.info().id == id) else {
            return Err(SlotError::NoSuchSlot);
        };
        let opens_recovery = |slot: &&SlotInfo| slot.kind.durable() && slot.opens_recovery;
        let secret = slot.secret();
        let others = self.header.slots.iter().filter(|slot| slot.secret() != secret);
        let others: Vec<SlotInfo> = others.map(StoredSlot::info).collect();
        let mut left = others.iter();
        if !left.clone().any(SlotInfo::durable) {
            return Err(SlotError::LastDurable);
        }
        if all.iter().any(|slot| opens_recovery(&slot)) && !left.any(|slot| opens_recovery(&slot)) {
            return Err(SlotError::LastDurableForRecovery);
        }
        self.forget_secret(secret, now);
        Ok(())
    }

    /// Replaces a passphrase slot's passphrase, or only its cost when `new` is `current`. The slot opens what it
    /// opened, locked or not, and with the same passphrase it keeps its date. Returns the slot's new id. `now` is in milliseconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// See [`SlotError`]; the old passphrase still opens the vault then.
    pub fn change_passphrase(
        &mut self,
        id: SlotId,
        current: &SecretText,
        new: &SecretText,
        cost: KdfCost,
        now: u64,
    ) -> Result<SlotId, SlotError> {
        let old = self.header.slots.iter().filter_map(StoredSlot::known).find(|slot| slot.id() == id);
        let old = old.filter(|slot| slot.kind() == SlotKind::Passphrase).ok_or(SlotError::NoSuchSlot)?;
        let source = crate::Credential::Passphrase(current);
        let source = source.source(old).ok_or(SlotError::Damaged)?;
        let keys = old.unwrap(self.id(), source).map_err(|failure| match failure {
            SlotFailure::WrongKey => SlotError::WrongPassphrase,
            SlotFailure::Damaged => SlotError::Damaged,
            SlotFailure::NoMemory(NoMemory { memory_kib }) => SlotError::NoMemory { memory_kib },
        })?;
        let opens = match (&keys.accounts, &keys.recovery) {
            (Some(_), Some(_)) => Opens::Both,
            (None, Some(_)) => Opens::Recovery,
            _ => Opens::Accounts,
        };
        let slot = NewSlot { secret: SlotSecret::Passphrase(new, cost), label: old.label.clone(), opens };
        let keys = VaultKeys { accounts: &self.key, recovery: keys.recovery.as_ref() };
        // A way in that only costs more to guess is no newer one: whoever printed a kit since then has it.
        let since = if new == current { old.created_at } else { now };
        let mut slot = make(self.id(), keys, &slot, since)?;
        let (new_id, secret) = (slot.id(), old.secret());
        if new == current {
            slot.passphrase = Some(Hex(*secret.as_bytes()));
            self.forget_slot(id, now);
        } else {
            self.forget_secret(secret, now);
        }
        self.header.slots.push(StoredSlot::Known(Box::new(slot)));
        Ok(new_id)
    }

    /// Gives the vault new keys and exactly these slots: after a slot's secret became known to someone. What was
    /// saved before, generations and backups among it, keeps its old keys and slots and must be destroyed by
    /// whoever wants it closed. `now` is in milliseconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// The recovery compartment must be open, and a durable slot that opens the accounts and one that opens
    /// the recovery compartment among `slots`.
    pub fn rotate_keys(&mut self, slots: &[NewSlot<'_>], now: u64) -> Result<(), SlotError> {
        if self.recovery.open.is_none() {
            return Err(SlotError::RecoveryLocked);
        }
        let keys = NewKeys::make(self.id(), slots, now)?;
        for id in self.header.slots.iter().map(|slot| slot.info().id) {
            self.extras.removed_slots.insert(id, now);
        }
        let epoch = self.header.accounts.epoch.saturating_add(1);
        keys.write_into(&mut self.header, epoch);
        self.key = keys.accounts;
        if let Some(OpenRecovery { key, changed, .. }) = &mut self.recovery.open {
            *key = keys.recovery;
            *changed = true;
        }
        Ok(())
    }

    pub(crate) fn keys(&self) -> VaultKeys<'_> {
        VaultKeys { accounts: &self.key, recovery: self.recovery.open.as_ref().map(|open| &open.key) }
    }

    fn forget_slot(&mut self, id: SlotId, now: u64) {
        self.header.slots.retain(|slot| slot.info().id != id);
        self.extras.removed_slots.insert(id, now);
    }

    /// Removes every slot of a secret that is given up, those that other copies have or make from it as well.
    fn forget_secret(&mut self, secret: SlotId, now: u64) {
        let gone: Vec<SlotId> = self
            .header
            .slots
            .iter()
            .filter(|slot| slot.secret() == secret)
            .map(|slot| slot.info().id)
            .collect();
        for id in gone {
            self.forget_slot(id, now);
        }
        self.extras.removed_slots.insert(secret, now);
    }
}

/// Fresh keys with the slots around them.
pub(crate) struct NewKeys {
    pub accounts: Key,
    pub recovery: Key,
    slots: Vec<StoredSlot>,
    accounts_commitment: Key,
    recovery_commitment: Key,
    public_key: [u8; 32],
}

impl NewKeys {
    /// `now` is in milliseconds since 1970-01-01 UTC.
    pub fn make(vault: VaultId, slots: &[NewSlot<'_>], now: u64) -> Result<Self, SlotError> {
        if !slots.iter().any(NewSlot::is_durable) {
            return Err(SlotError::LastDurable);
        }
        let durable = |slot: &NewSlot<'_>| !matches!(slot.secret, SlotSecret::Keyring(_));
        if !slots.iter().any(|slot| durable(slot) && slot.opens.recovery()) {
            return Err(SlotError::LastDurableForRecovery);
        }
        if slots.len() > MAX_SLOTS {
            return Err(SlotError::TooMany { limit: MAX_SLOTS });
        }
        let (accounts, recovery) = (random::key()?, random::key()?);
        let keys = VaultKeys { accounts: &accounts, recovery: Some(&recovery) };
        let slots: Vec<Slot> =
            slots.iter().map(|slot| make(vault, keys, slot, now)).collect::<Result<_, _>>()?;
        check_counts(slots.iter())?;
        let [_, accounts_commitment] =
            seal::derive(accounts.expose(), vault.as_bytes(), b"keyhaven/1/accounts");
        let recovery_keys = RecoveryKeys::derive(vault, &recovery);
        Ok(Self {
            public_key: drop_in::public_key(&recovery_keys.agreement),
            recovery_commitment: recovery_keys.commitment,
            accounts_commitment,
            accounts,
            recovery,
            slots: slots.into_iter().map(|slot| StoredSlot::Known(Box::new(slot))).collect(),
        })
    }

    pub fn write_into(&self, header: &mut Header, epoch: u64) {
        header.slots.clone_from(&self.slots);
        header.accounts.epoch = epoch;
        header.accounts.commitment = Hex(*self.accounts_commitment.expose());
        header.recovery.commitment = Hex(*self.recovery_commitment.expose());
        header.recovery.public_key = Hex(self.public_key);
    }
}

fn check_counts<'a>(slots: impl Iterator<Item = &'a Slot>) -> Result<(), SlotError> {
    if slots.filter(|slot| slot.argon2id.is_some()).count() > MAX_PASSPHRASE_SLOTS {
        return Err(SlotError::TooMany { limit: MAX_PASSPHRASE_SLOTS });
    }
    Ok(())
}
