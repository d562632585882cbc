//! Making, opening, locking and choosing the vault, and its keyring slot.

use crate::failure::{fail, other, unreadable};
use crate::host::{Host, KeyringError};
use crate::kit::{ShownKit, kit_state};
use crate::session::Session;
use crate::view::*;
use crate::{App, Phase, strength};
use keyhaven_secret::SecretText;
use keyhaven_vault::{
    Credential, Generation, KdfCost, KeyringKey, Location, LockedVault, NewSlot, NewVault, OpenVault,
    ReadError, RecoveryKey, SlotId, SlotInfo, SlotKind,
};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What unlocking by passphrase shall take on this machine.
pub(crate) const UNLOCK_TIME: Duration = Duration::from_millis(700);

/// A question to the keyring, to be asked without holding the app.
pub struct KeyringQuestion {
    host: Arc<dyn Host>,
    vault_id: String,
    /// [`App::lock`]s and changes of the vault before it was asked.
    turn: u64,
}

/// The keyring's answer to a [`KeyringQuestion`].
pub struct KeyringAnswer {
    pub(crate) answer: Result<SecretText, KeyringError>,
    turn: u64,
}

impl KeyringQuestion {
    /// Asks it; this may take as long as a person takes.
    pub fn ask(&self) -> KeyringAnswer {
        KeyringAnswer { answer: self.host.keyring().read(&self.vault_id), turn: self.turn }
    }

    /// Removes the entry, which opens nothing any more: that it stays behind where it cannot be removed does no harm.
    pub fn forget(&self) {
        let _ = self.host.keyring().remove(&self.vault_id);
    }
}

/// A new key on its way into the keyring, written without holding the app.
pub struct KeyringEntry {
    host: Arc<dyn Host>,
    vault_id: String,
    key: KeyringKey,
    turn: u64,
}

/// What became of a [`KeyringEntry`].
pub struct KeyringWritten {
    entry: KeyringEntry,
    /// What the keyring held for this vault before.
    before: Option<SecretText>,
    result: Result<(), KeyringError>,
}

impl KeyringEntry {
    /// Writes it and reads it back; this may take as long as a person takes.
    pub fn write(self) -> KeyringWritten {
        let before = self.host.keyring().read(&self.vault_id).ok();
        let result = write_keyring(&*self.host, &self.vault_id, &self.key);
        KeyringWritten { entry: self, before, result }
    }
}

impl KeyringWritten {
    /// The vault still counts on the entry that was there.
    fn undo(&self) {
        let keyring = self.entry.host.keyring();
        let _ = match &self.before {
            Some(text) => keyring.write(&self.entry.vault_id, text),
            None => keyring.remove(&self.entry.vault_id),
        };
    }
}

/// Opens the vault of `--demo` again after it was locked; its screens say so.
const DEMO_PASSPHRASE: &str = "demo";

impl App {
    /// Where the program stands.
    pub fn status(&self) -> Status {
        match &self.phase {
            Phase::Absent => Status::Absent {
                folder: self.home.folder().display().to_string(),
                keyring: self.host.keyring().probe().standing.state(),
            },
            Phase::Locked { vault, keyring } => Status::Locked(self.locked_view(vault, *keyring)),
            Phase::Unreadable(error) => Status::Unreadable {
                path: self.location().file().display().to_string(),
                error: unreadable(error),
            },
            Phase::Open(session) => Status::Open(self.open_view(session)),
        }
    }

    /// Makes a new vault and opens it; answers the emergency kit that was made with it. A vault without a passphrase
    /// is only in memory until that kit was typed back.
    ///
    /// # Errors
    /// There is a vault already, the passphrase is too weak, neither passphrase nor keyring is given, the keyring
    /// did not take its key, or the vault could not be saved. Nothing is left behind then.
    pub fn create_vault(&mut self, passphrase: Option<SecretText>, keyring: bool) -> Result<Kit, Failure> {
        if let Some(passphrase) = &passphrase {
            strength::check(passphrase)?;
        } else if !keyring {
            return Err(fail(FailureKind::BadInput, "a vault needs a passphrase or the keyring"));
        }
        let cost = self.calibrated();
        self.create(passphrase.map(|passphrase| (passphrase, cost)), keyring)
    }

    /// What a slot for this computer's keyring is called. It stands in the file unencrypted.
    pub(crate) fn computer(&self) -> String {
        self.host.computer().trim().chars().take(60).collect()
    }

    /// What a passphrase of a new slot shall cost on this machine.
    pub(crate) fn calibrated(&self) -> KdfCost {
        KdfCost::calibrate(UNLOCK_TIME, |work| self.host.measure(work))
    }

    pub(crate) fn create_demo_vault(&mut self) -> Result<(), Failure> {
        let passphrase = SecretText::new(DEMO_PASSPHRASE.into());
        self.create(Some((passphrase, KdfCost::DEFAULT_MINIMUM)), false)?;
        self.close_kit();
        Ok(())
    }

    /// Makes a vault whose passphrase costs what the caller says; for tests and benchmarks.
    ///
    /// # Errors
    /// As [`App::create_vault`], without the check of strength.
    pub fn create(
        &mut self,
        passphrase: Option<(SecretText, KdfCost)>,
        keyring: bool,
    ) -> Result<Kit, Failure> {
        self.look();
        match &self.phase {
            Phase::Absent => {}
            // Whatever stands there, readable or not, is not overwritten (promise 4).
            _ => {
                return Err(fail(
                    FailureKind::VaultExists,
                    format!("there is a vault already at {}", self.location().file().display()),
                ));
            }
        }
        let now = self.now();
        let recovery_key = RecoveryKey::generate().map_err(other)?;
        let keyring_key = if keyring { Some(KeyringKey::generate().map_err(other)?) } else { None };
        let mut vault = OpenVault::create(&NewVault {
            passphrase: passphrase.as_ref().map(|(text, cost)| (text, *cost)),
            keyring: keyring_key.as_ref(),
            recovery_key: Some(&recovery_key),
            location: self.location().clone(),
            now,
        })
        .map_err(other)?;
        if let Some(slot) = slot_of(&vault.slots(), &SlotKind::Keyring) {
            vault.label_slot(slot, &self.computer()).map_err(other)?;
        }
        // Without a passphrase nothing is kept before the kit is (promise 3): see `confirm_kit`.
        let waits = passphrase.is_none();
        if !waits {
            self.settle(&mut vault, keyring_key.as_ref())?;
        }
        let opened_with = if passphrase.is_some() { OpenedWith::Passphrase } else { OpenedWith::Keyring };
        let state = if keyring { KeyringState::Ready } else { KeyringState::Unasked };
        let slot = slot_of(&vault.slots(), &SlotKind::RecoveryKey)
            .ok_or_else(|| other("the vault has no recovery slot"))?;
        let kit = ShownKit::new(recovery_key, slot, now);
        let view = kit.view(vault.id().to_string())?;
        let mut session = Session::new(vault, opened_with, state);
        session.kit = Some(kit);
        session.waiting = keyring_key.filter(|_| waits);
        self.phase = Phase::Open(Box::new(session));
        Ok(view)
    }

    /// Brings a new vault to keyring and disk, both or neither.
    pub(crate) fn settle(
        &self,
        vault: &mut OpenVault,
        keyring_key: Option<&KeyringKey>,
    ) -> Result<(), Failure> {
        if let Some(key) = keyring_key {
            // Before the file: a key without its vault is litter, a vault that counts on a missing key is a trap.
            write_keyring(&*self.host, &vault.id().to_string(), key)?;
        }
        if let Err(error) = vault.save(self.host.files(), self.now()) {
            if keyring_key.is_some() {
                let _ = self.host.keyring().remove(&vault.id().to_string());
            }
            return Err(error.into());
        }
        if let Some(key) = keyring_key {
            let slot = vault.slot_opened_by(Credential::Keyring(key));
            self.remember_keyring(&vault.id().to_string(), slot);
        }
        Ok(())
    }

    /// What to ask the keyring for, and whom: asking may wait for a person at the keyring's own prompt, so it is done
    /// without holding the app. The answer goes to [`App::unlock_with_keyring_answer`].
    ///
    /// `None` when the vault is not locked.
    pub fn keyring_question(&self) -> Option<KeyringQuestion> {
        let Phase::Locked { vault, .. } = &self.phase else { return None };
        Some(self.question_about(vault))
    }

    pub(crate) fn question_about(&self, vault: &LockedVault) -> KeyringQuestion {
        KeyringQuestion { host: self.host.clone(), vault_id: vault.id().to_string(), turn: self.turn }
    }

    /// Unlocks with what the keyring answered; that stays in the status too.
    ///
    /// # Errors
    /// In which way the keyring did not give the key. Nothing is created or changed (promise 4). An answer to what was
    /// asked before the last lock opens nothing: nobody waits for it any more.
    pub fn unlock_with_keyring_answer(&mut self, answer: KeyringAnswer) -> Result<(), Failure> {
        if answer.turn == self.turn {
            self.look_again();
        }
        let Phase::Locked { vault, .. } = &self.phase else { return self.unlock_needless() };
        if answer.turn != self.turn {
            return Err(late());
        }
        let key =
            answer.answer.and_then(|text| KeyringKey::from_text(&text).map_err(|_| KeyringError::Malformed));
        let (state, result) = match key {
            Ok(key) => match vault.unlock(Credential::Keyring(&key)) {
                Ok(open) => (KeyringState::Ready, Ok(open)),
                Err(error) => (KeyringState::Foreign, Err(Failure::from(error))),
            },
            Err(error) => (error.state(), Err(Failure::from(error))),
        };
        if let Phase::Locked { keyring, .. } = &mut self.phase {
            *keyring = state;
        }
        self.opened(result?, OpenedWith::Keyring);
        Ok(())
    }

    /// Asks the keyring and unlocks, for shells that have nothing else to do meanwhile.
    ///
    /// # Errors
    /// As [`App::unlock_with_keyring_answer`].
    pub fn unlock_with_keyring(&mut self) -> Result<(), Failure> {
        match self.keyring_question() {
            Some(question) => self.unlock_with_keyring_answer(question.ask()),
            None => self.unlock_needless(),
        }
    }

    /// Unlocks with the passphrase.
    ///
    /// # Errors
    /// The passphrase is wrong, or the file was changed; it was not touched.
    pub fn unlock_with_passphrase(&mut self, passphrase: &SecretText) -> Result<(), Failure> {
        // What another program saved since the last look is what opens.
        self.look_again();
        let Phase::Locked { vault, .. } = &self.phase else { return self.unlock_needless() };
        let mut open = Err(other("the passphrase was not tried"));
        let took = self.host.measure(&mut || {
            open = vault.unlock(Credential::Passphrase(passphrase)).map_err(Failure::from);
        });
        self.opened(open?, OpenedWith::Passphrase);
        self.session_mut()?.unlock_took = Some(took);
        Ok(())
    }

    /// Unlocks with the recovery key of the emergency kit.
    ///
    /// # Errors
    /// A typing slip is told from a wrong key; the file was not touched.
    pub fn unlock_with_recovery_key(&mut self, text: &SecretText) -> Result<(), Failure> {
        let key = RecoveryKey::parse(text)?;
        self.unlock(Credential::RecoveryKey(&key), OpenedWith::RecoveryKey)
    }

    /// Locks: every key and every decrypted record is wiped.
    pub fn lock(&mut self) {
        if let Phase::Open(session) = std::mem::replace(&mut self.phase, Phase::Absent) {
            drop(session);
        }
        self.turn += 1;
        self.look();
    }

    /// A new key for the keyring of this computer: write it without holding the app, then [`App::adopt_keyring`].
    ///
    /// # Errors
    /// Locked, or no random bytes.
    pub fn keyring_entry(&self) -> Result<KeyringEntry, Failure> {
        Ok(KeyringEntry {
            host: self.host.clone(),
            vault_id: self.session()?.vault.id().to_string(),
            key: KeyringKey::generate().map_err(other)?,
            turn: self.turn,
        })
    }

    /// Gives the vault the slot for a key that the keyring took, in the place of the slots for keys that it held
    /// before; the slots of other computers' keyrings, the passphrase and the kit stay.
    ///
    /// # Errors
    /// Locked meanwhile, the keyring did not take the key, or not saved. The keyring then holds again what it held.
    pub fn adopt_keyring(&mut self, written: KeyringWritten) -> Result<(), Failure> {
        let adopted = self.adopt(&written);
        if adopted.is_err() {
            written.undo();
        }
        adopted
    }

    fn adopt(&mut self, written: &KeyringWritten) -> Result<(), Failure> {
        if written.entry.turn != self.turn {
            return Err(late());
        }
        written.result.clone()?;
        let now = self.now();
        let before = written.before.as_ref().and_then(|text| KeyringKey::from_text(text).ok());
        let (label, mut old) = (self.computer(), self.held_slots());
        let (slot, _) = self.save_if(|session| {
            old.extend(before.and_then(|key| session.vault.slot_opened_by(Credential::Keyring(&key))));
            old.sort();
            old.dedup();
            // Before the new one is added: a vault that is full of slots has room then.
            for old in old {
                session.vault.remove_slot(old, now).map_err(other)?;
            }
            let new = NewSlot { label, ..NewSlot::keyring(&written.entry.key) };
            session.vault.add_slot(&new, now).map_err(other)
        })?;
        self.remember_keyring(&written.entry.vault_id, Some(slot));
        self.session_mut()?.keyring = KeyringState::Ready;
        Ok(())
    }

    /// Gives the vault a slot for the keyring, or writes it anew, for shells that have nothing else to do meanwhile.
    ///
    /// # Errors
    /// As [`App::adopt_keyring`].
    pub fn enable_keyring(&mut self) -> Result<(), Failure> {
        let written = self.keyring_entry()?.write();
        self.adopt_keyring(written)
    }

    /// Takes this computer's keyring slot away and answers the question whose answer says which one that is; the
    /// slots of other computers' keyrings stay.
    ///
    /// # Errors
    /// Locked, the vault has neither passphrase nor kept kit, or not saved.
    pub fn disable_keyring(&mut self) -> Result<(), Failure> {
        let question = self.keyring_to_disable()?;
        let answer = question.ask();
        self.disable_keyring_answered(answer)?;
        question.forget();
        Ok(())
    }

    /// What to ask the keyring before its slot is taken away.
    ///
    /// # Errors
    /// Locked, or the vault has neither passphrase nor kept kit.
    pub fn keyring_to_disable(&self) -> Result<KeyringQuestion, Failure> {
        let session = self.session()?;
        let has_passphrase = slot_of(&session.vault.slots(), &SlotKind::Passphrase).is_some();
        if !has_passphrase && kit_state(&session.vault) != KitState::Kept {
            return Err(fail(
                FailureKind::KitNeeded,
                "without the keyring only the emergency kit would open this vault, and it was never typed back",
            ));
        }
        let vault_id = session.vault.id().to_string();
        Ok(KeyringQuestion { host: self.host.clone(), vault_id, turn: self.turn })
    }

    /// Takes away the slot that the keyring's entry opens, and those whose keys it was given and has no more; where
    /// nothing is known of either, the only keyring slot.
    ///
    /// # Errors
    /// Locked meanwhile, not saved, or nobody knows which of several slots is this computer's.
    pub fn disable_keyring_answered(&mut self, answer: KeyringAnswer) -> Result<(), Failure> {
        if answer.turn != self.turn {
            return Err(late());
        }
        let vault = &self.session()?.vault;
        let key = answer.answer.ok().and_then(|text| KeyringKey::from_text(&text).ok());
        let opened = key.and_then(|key| vault.slot_opened_by(Credential::Keyring(&key)));
        let all: Vec<SlotId> =
            vault.slots().iter().filter(|slot| slot.kind == SlotKind::Keyring).map(|slot| slot.id).collect();
        let mut own = self.held_slots();
        own.extend(opened.filter(|slot| !own.contains(slot)));
        let own = match (own.as_slice(), all.as_slice()) {
            ([], []) => return Ok(()),
            ([], [slot]) => vec![*slot],
            ([], _) => {
                return Err(fail(
                    FailureKind::Keyring,
                    "the vault has several slots for keyrings, and nothing says which was this computer's: its entry is gone; remove the slot by hand",
                ));
            }
            _ => own,
        };
        let now = self.now();
        self.save_if(|session| {
            own.iter().try_for_each(|slot| session.vault.remove_slot(*slot, now).map_err(other))
        })?;
        self.session_mut()?.keyring = KeyringState::Unasked;
        Ok(())
    }

    /// What a vault file that the person chose is, before it is used.
    ///
    /// # Errors
    /// It is not a vault, or not one that can be read.
    pub fn choose(&self, path: &Path) -> Result<ChosenVault, Failure> {
        let vault =
            LockedVault::read(self.host.files(), &Location::at(path)).map_err(|error| unreadable(&error))?;
        let slots = vault.slots();
        Ok(ChosenVault {
            path: path.display().to_string(),
            vault_id: vault.id().to_string(),
            saved_at: vault.saved_at(),
            size: vault.as_bytes().len() as u64,
            has_passphrase: slot_of(&slots, &SlotKind::Passphrase).is_some(),
            has_recovery_key: slot_of(&slots, &SlotKind::RecoveryKey).is_some(),
        })
    }

    /// Uses the vault file at `path`: a copy of it in Keyhaven's own folder, or the file where it is. The chosen
    /// file itself is not changed by this.
    ///
    /// # Errors
    /// It cannot be read, or there is a vault already where the copy would go: that one is not overwritten. One that is
    /// damaged or cut off is kept among the saved states, and the copy takes its place.
    pub fn use_vault(&mut self, path: &Path, copy: bool) -> Result<(), Failure> {
        let chosen =
            LockedVault::read(self.host.files(), &Location::at(path)).map_err(|error| unreadable(&error))?;
        let before = if copy { self.home.set_own_vault() } else { self.home.set_vault(path) };
        let used = self.use_there(&chosen, copy);
        if used.is_err() {
            self.home.set_vault(before.file());
        }
        self.turn += 1;
        self.look();
        used
    }

    /// Makes the place that was just chosen hold the vault, and remembers it.
    fn use_there(&mut self, chosen: &LockedVault, copy: bool) -> Result<(), Failure> {
        if copy {
            self.look();
            self.put_in_place(chosen.location().file())?;
        }
        self.home.write_settings(self.host.files(), &self.settings)
    }

    /// Puts the file in the place of a vault that is not there or cannot be read; what stands there is kept.
    ///
    /// # Errors
    /// It is not written over what can be read, nor over what another program may read.
    pub(crate) fn put_in_place(&self, chosen: &Path) -> Result<(), Failure> {
        let not_written =
            |error: String| fail(FailureKind::NotSaved, format!("the copy was not written: {error}"));
        let (files, location) = (self.host.files(), self.location());
        match &self.phase {
            // A drive that is not there looks like a vault that is gone.
            Phase::Unreadable(ReadError::NotFound)
                if !self.home.is_own_vault()
                    && files.list(&self.real_location().generations_folder()).is_err() =>
            {
                let place = location.file().display();
                let why = format!(
                    "there is nothing at {place}: if its drive or share is not connected, connect it"
                );
                Err(fail(FailureKind::NotSaved, why))
            }
            // What is lost or damaged opens nothing: the backup takes its place, and what stands there is kept.
            Phase::Absent
            | Phase::Unreadable(
                ReadError::NotFound
                | ReadError::Truncated { .. }
                | ReadError::NotAVault
                | ReadError::Damaged(_),
            ) => {
                files.create_folder(location.folder()).map_err(|error| not_written(error.to_string()))?;
                LockedVault::restore(files, location, chosen)
                    .map_err(|error| not_written(error.to_string()))?;
                Ok(())
            }
            Phase::Unreadable(error) => {
                let place = location.file().display();
                let why = format!("nothing takes the place of the vault at {place}: {error}");
                Err(fail(unreadable(error).kind, why))
            }
            Phase::Locked { .. } | Phase::Open(_) => {
                let place = location.file().display();
                let chosen = LockedVault::read(files, &Location::at(chosen)).map(|chosen| chosen.id());
                let same = self.sealed().is_some_and(|vault| chosen.is_ok_and(|chosen| vault.id() == chosen));
                Err(fail(
                    FailureKind::VaultExists,
                    if same {
                        format!("there is a vault already at {place}; merge the backup into it instead")
                    } else {
                        format!("there is another vault already at {place}; both stay as they are")
                    },
                ))
            }
        }
    }

    /// Puts an earlier saved state in the place of the vault file; what was there is kept beside it.
    ///
    /// # Errors
    /// There is no such state, it cannot be read either, or the disk did not take it.
    pub fn restore_generation(&mut self, name: &str) -> Result<(), Failure> {
        if let Phase::Unreadable(error @ ReadError::NewerVersion { .. }) = &self.phase {
            // An older program does not put an old state in the place of a newer one's.
            return Err(unreadable(error));
        }
        let generations = LockedVault::generations(self.host.files(), self.location()).map_err(other)?;
        let chosen = generations.iter().find(|generation| generation_name(generation) == name);
        let chosen =
            chosen.ok_or_else(|| fail(FailureKind::BadInput, format!("there is no saved state {name}")))?;
        LockedVault::restore(self.host.files(), self.location(), &chosen.path).map_err(other)?;
        self.look();
        Ok(())
    }

    fn unlock(&mut self, credential: Credential<'_>, opened_with: OpenedWith) -> Result<(), Failure> {
        // What another program saved since the last look is what opens.
        self.look_again();
        let Phase::Locked { vault, .. } = &self.phase else { return self.unlock_needless() };
        let open = vault.unlock(credential)?;
        self.opened(open, opened_with);
        Ok(())
    }

    /// Unlocking an open vault is no failure; without a vault it is.
    fn unlock_needless(&self) -> Result<(), Failure> {
        self.session().map(drop)
    }

    fn opened(&mut self, vault: OpenVault, opened_with: OpenedWith) {
        let keyring =
            if let Phase::Locked { keyring, .. } = &self.phase { *keyring } else { KeyringState::Unasked };
        self.phase = Phase::Open(Box::new(Session::new(vault, opened_with, keyring)));
        self.catch_up();
    }

    fn locked_view(&self, vault: &LockedVault, keyring: KeyringState) -> LockedView {
        let slots = vault.slots();
        let has = |kind| slot_of(&slots, &kind).is_some();
        LockedView {
            vault_id: vault.id().to_string(),
            path: vault.location().file().display().to_string(),
            saved_at: vault.saved_at(),
            has_passphrase: has(SlotKind::Passphrase),
            has_recovery_key: has(SlotKind::RecoveryKey),
            has_keyring: has(SlotKind::Keyring),
            keyring,
            demo: self.demo,
        }
    }

    fn open_view(&self, session: &Session) -> OpenView {
        let slots = session.vault.slots();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        OpenView {
            vault_id: session.vault.id().to_string(),
            path: self.location().file().display().to_string(),
            accounts: count(session.accounts.len()),
            set_aside: count(session.set_aside()),
            kit: kit_state(&session.vault),
            opened_with: session.opened_with,
            keyring: session.keyring,
            has_keyring: slot_of(&slots, &SlotKind::Keyring).is_some(),
            has_passphrase: slot_of(&slots, &SlotKind::Passphrase).is_some(),
            settings: self.settings.clone(),
            demo: self.demo,
        }
    }
}

pub(crate) fn write_keyring(host: &dyn Host, vault_id: &str, key: &KeyringKey) -> Result<(), KeyringError> {
    let text = key.to_text();
    host.keyring().write(vault_id, &text)?;
    // Some keyrings take a secret and give back another; better to know now than at the next start.
    if host.keyring().read(vault_id)? == text { Ok(()) } else { Err(KeyringError::Malformed) }
}

fn late() -> Failure {
    fail(FailureKind::Keyring, "the vault was locked while the keyring was asked; try again")
}

fn generation_name(generation: &Generation) -> String {
    generation.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

pub(crate) fn slot_of(slots: &[SlotInfo], kind: &SlotKind) -> Option<SlotId> {
    slots.iter().find(|slot| slot.kind == *kind).map(|slot| slot.id)
}
