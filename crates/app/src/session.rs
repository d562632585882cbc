//! An open vault as the use-cases see it: its records, and the accounts read from them.

use crate::App;
use crate::differences;
use crate::failure::fail;
use crate::kit::ShownKit;
use crate::looking::Looked;
use crate::offer::Pending;
use crate::stored::{KIND, Stored};
use crate::view::{Failure, FailureKind, KeyringState, OpenedWith};
use keyhaven_otp::{Account, Kind};
use keyhaven_vault::{KeyringKey, OpenVault, Record, RecordId, RefreshError, SaveError};
use std::collections::{BTreeMap, BTreeSet};

/// How often a save is tried anew after taking in what another program wrote meanwhile. Each time another one's save was
/// done, so as many programs that save at once all come to their end.
const SAVE_ATTEMPTS: u32 = 32;

pub(crate) struct Session {
    pub vault: OpenVault,
    /// Every record of kind "account" that this version understands.
    pub accounts: BTreeMap<RecordId, Stored>,
    /// Records of kind "account" that it does not; they stay in the vault as they are (promise 6).
    pub not_understood: BTreeSet<RecordId>,
    /// Accounts that were changed in two places at once, with versions that a person has to decide between.
    pub undecided: BTreeSet<RecordId>,
    /// Accounts deleted since the vault was opened, for "undo".
    pub deleted: BTreeMap<RecordId, Stored>,
    pub offers: Vec<Pending>,
    pub kit: Option<ShownKit>,
    /// The keyring's key of a new vault without a passphrase, which is not on disk before its kit was kept.
    pub waiting: Option<KeyringKey>,
    pub opened_with: OpenedWith,
    pub keyring: KeyringState,
    pub recovery: crate::recovery::Memory,
    /// The other state or copy of the vault that was last looked into.
    pub looked: Option<Looked>,
    /// The copies that were merged since the vault was opened, by the digests at their ends.
    pub merged: BTreeSet<[u8; 32]>,
    /// How long opening by passphrase took; gone once that was acted on.
    pub unlock_took: Option<std::time::Duration>,
    offers_made: u32,
    /// When accounts were used since the last save. "Recently used" alone is not worth a generation of the vault.
    used: BTreeMap<RecordId, u64>,
}

impl Session {
    pub fn new(vault: OpenVault, opened_with: OpenedWith, keyring: KeyringState) -> Self {
        let mut session = Self {
            vault,
            accounts: BTreeMap::new(),
            not_understood: BTreeSet::new(),
            undecided: BTreeSet::new(),
            deleted: BTreeMap::new(),
            offers: Vec::new(),
            kit: None,
            waiting: None,
            opened_with,
            keyring,
            recovery: crate::recovery::Memory::default(),
            looked: None,
            merged: BTreeSet::new(),
            unlock_took: None,
            offers_made: 0,
            used: BTreeMap::new(),
        };
        session.read_accounts();
        session
    }

    /// Reads all accounts from the vault's records.
    pub fn read_accounts(&mut self) {
        self.accounts.clear();
        self.not_understood.clear();
        self.undecided = undecided(&self.vault);
        let counters = highest_counters(&self.vault);
        for record in self.vault.accounts().iter().filter(|record| record.kind == KIND) {
            match Stored::read(&record.payload) {
                Ok(mut stored) => {
                    if let Some(counter) = counters.get(&record.id) {
                        stored.raise_counter(*counter);
                    }
                    let used = self.used.get(&record.id).copied();
                    stored.meta.used_at = stored.meta.used_at.max(used);
                    self.accounts.insert(record.id, stored);
                }
                Err(_) => drop(self.not_understood.insert(record.id)),
            }
        }
    }

    /// How many records were set aside: by the vault, and here.
    pub fn set_aside(&self) -> usize {
        let recovery = self.vault.recovery().map_or(0, |recovery| recovery.set_aside().len());
        self.vault.accounts().set_aside().len() + recovery + self.not_understood.len()
    }

    pub fn next_offer(&mut self) -> u32 {
        self.offers_made = self.offers_made.wrapping_add(1);
        self.offers_made
    }

    /// Forgets what was not saved.
    fn revert(&mut self) {
        // It fails only when memory itself is at fault; then the unsaved state stays, and the person was told.
        let _ = self.vault.revert();
        self.read_accounts();
    }

    /// Writes noted uses into their records, for the save that follows. A record that was changed in two places at
    /// once keeps both versions: a use alone does not decide between them.
    fn flush_used(&mut self, now: u64) {
        for id in self.used.keys().filter(|id| !self.undecided.contains(id)) {
            if let (Some(stored), Some(record)) = (self.accounts.get(id), self.vault.accounts().get(*id)) {
                let record = record.changed(now, stored.write());
                self.vault.accounts_mut().put(record);
            }
        }
    }

    /// Promise 3: the keyring is never the only way in to something that would be missed.
    fn may_save(&self) -> Result<(), Failure> {
        if self.waiting.is_none() {
            return Ok(());
        }
        Err(fail(
            FailureKind::KitNeeded,
            "this vault has no passphrase: write the emergency kit down and type two of its groups back first",
        ))
    }

    fn put(&mut self, id: RecordId, stored: &Stored, now: u64) {
        let payload = stored.write();
        let record = match self.vault.accounts().get(id) {
            Some(record) => record.changed(now, payload),
            None => Record::new(id, KIND, now, payload),
        };
        // Between versions a person decides, and by nothing else than by saying so.
        if self.undecided.contains(&id) {
            self.vault.accounts_mut().put_beside(record);
        } else {
            self.vault.accounts_mut().put(record);
        }
    }

    /// Notes a use; it goes to disk with the next change.
    pub fn used(&mut self, record: RecordId, now: u64) {
        if let Some(stored) = self.accounts.get_mut(&record) {
            stored.meta.used_at = Some(now);
            self.used.insert(record, now);
        }
    }
}

/// The accounts of which two copies say different things.
fn undecided(vault: &OpenVault) -> BTreeSet<RecordId> {
    let conflicts = vault.accounts().conflicts().filter(|conflict| {
        let [shown, others @ ..] = conflict.versions.as_slice() else { return false };
        others.iter().any(|other| differences::undecided(shown, other))
    });
    conflicts.map(|conflict| conflict.id).collect()
}

/// The highest counter among the versions of each account that was changed in two places at once: a code that either
/// place showed is not shown again (RFC 4226 §7.2).
pub(crate) fn highest_counters(vault: &OpenVault) -> BTreeMap<RecordId, u64> {
    let of_version = |version: &&Record| match Stored::read(&version.payload) {
        Ok(Stored { account: Account { kind: Kind::Hotp { counter, .. }, .. }, .. }) => Some(counter),
        _ => None,
    };
    let conflicts = vault.accounts().conflicts();
    conflicts.filter_map(|one| Some((one.id, one.versions.iter().filter_map(of_version).max()?))).collect()
}

impl App {
    /// Takes in what another program has saved since the vault was read; what is shown is then what the disk has.
    ///
    /// # Errors
    /// Locked, or the file cannot be taken in; the open vault is as it was.
    pub(crate) fn take_in(&mut self) -> Result<(), Failure> {
        let host = self.host.clone();
        let session = self.session_mut()?;
        if session.waiting.is_none() {
            session.vault.refresh(host.files()).map_err(not_taken_in)?;
            session.read_accounts();
        }
        Ok(())
    }

    /// Moves the counter of one record and saves, on exactly the state that the move was made for: `false`, and nothing
    /// changed, when another program saved in between.
    ///
    /// # Errors
    /// Locked, or not saved.
    pub(crate) fn put_alone(&mut self, id: RecordId, stored: Stored) -> Result<bool, Failure> {
        let now = self.now();
        let host = self.host.clone();
        let session = self.session_mut()?;
        session.may_save()?;
        session.flush_used(now);
        check_readable(&stored)?;
        session.put(id, &stored, now);
        match session.vault.save_move(host.files(), now) {
            Ok(saved) => {
                session.used.clear();
                session.accounts.insert(id, stored);
                if !saved.durable {
                    // A power cut could bring the counter back, and with it the code that would be shown now.
                    let why =
                        "the counter moved, and the disk did not confirm it: no code is shown for that move";
                    return Err(fail(FailureKind::NotSaved, why));
                }
                Ok(true)
            }
            Err(SaveError::ChangedOnDisk { .. }) => {
                session.revert();
                Ok(false)
            }
            Err(error) => {
                session.revert();
                Err(error.into())
            }
        }
    }

    /// Puts accounts into the vault and saves, all or none.
    ///
    /// # Errors
    /// Locked, or not saved: then vault and list are as before.
    pub(crate) fn put_all(&mut self, changed: Vec<(RecordId, Stored)>) -> Result<(), Failure> {
        let now = self.now();
        for (_, stored) in &changed {
            check_readable(stored)?;
        }
        let taken_in = self.save_with(|session| {
            for (id, stored) in &changed {
                session.put(*id, stored, now);
            }
        })?;
        let session = self.session_mut()?;
        if taken_in == TakenIn::Nothing {
            session.accounts.extend(changed);
        }
        Ok(())
    }

    /// Deletes an account and saves.
    ///
    /// # Errors
    /// Locked, or not saved: then it is still there.
    pub(crate) fn remove(&mut self, id: RecordId) -> Result<(), Failure> {
        let now = self.now();
        self.save_with(|session| {
            session.vault.accounts_mut().delete(id, now);
        })?;
        let session = self.session_mut()?;
        if let Some(stored) = session.accounts.remove(&id) {
            session.deleted.insert(id, stored);
        }
        Ok(())
    }

    /// Changes the open vault through `change` and brings it to disk, taking in what another program has saved
    /// meanwhile: nothing of its is overwritten, ours comes on top of it.
    ///
    /// # Errors
    /// Locked, or not saved: then the vault in memory is again what the disk has.
    pub(crate) fn save_with(&mut self, change: impl FnOnce(&mut Session)) -> Result<TakenIn, Failure> {
        self.save_if(|session| {
            change(session);
            Ok(())
        })
        .map(|((), taken_in)| taken_in)
    }

    /// The same with a change that may be refused: then nothing is written, since each write pushes a saved state
    /// towards its end.
    ///
    /// # Errors
    /// Locked, refused, or not saved: then the vault in memory is again what the disk has.
    pub(crate) fn save_if<T>(
        &mut self,
        change: impl FnOnce(&mut Session) -> Result<T, Failure>,
    ) -> Result<(T, TakenIn), Failure> {
        let now = self.now();
        let host = self.host.clone();
        let session = self.session_mut()?;
        session.may_save()?;
        session.flush_used(now);
        let made = match change(session) {
            Ok(made) => made,
            Err(refused) => {
                session.revert();
                return Err(refused);
            }
        };
        let mut taken_in = TakenIn::Nothing;
        for _ in 0..SAVE_ATTEMPTS {
            let failure = match session.vault.save(host.files(), now) {
                Ok(_) => {
                    session.used.clear();
                    if taken_in == TakenIn::Changes {
                        session.read_accounts();
                    }
                    return Ok((made, taken_in));
                }
                Err(SaveError::ChangedOnDisk { .. }) => match session.vault.refresh(host.files()) {
                    Ok(_) => {
                        taken_in = TakenIn::Changes;
                        continue;
                    }
                    // The file was cut off, damaged or removed while the vault was open, as synced folders do: this
                    // program has what was in it. Anything else there stays as it is.
                    Err(error @ RefreshError::Read(_)) => {
                        match session.vault.save_over_unreadable(host.files(), now) {
                            Ok(_) => {
                                session.used.clear();
                                return Ok((made, taken_in));
                            }
                            Err(_) => not_taken_in(error),
                        }
                    }
                    Err(error) => not_taken_in(error),
                },
                Err(error) => error.into(),
            };
            session.revert();
            return Err(failure);
        }
        session.revert();
        Err(fail(FailureKind::NotSaved, "another program keeps changing the vault file; try again"))
    }
}

/// Nothing is kept that could not be read again.
fn check_readable(stored: &Stored) -> Result<(), Failure> {
    Stored::read(&stored.write()).map(drop).map_err(|error| {
        let label = format!("{}:{}", stored.account.issuer, stored.account.name);
        let label: String = label.chars().take(80).collect();
        fail(FailureKind::BadInput, format!("{label} cannot be kept: {error}"))
    })
}

fn not_taken_in(error: RefreshError) -> Failure {
    fail(
        FailureKind::NotSaved,
        format!("another program changed the vault file, and it cannot be taken in: {error}"),
    )
}

/// Whether a save brought in what another program had written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum TakenIn {
    Nothing,
    Changes,
}
