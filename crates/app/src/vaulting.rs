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
    RecoveryKey, SlotId, SlotInfo, SlotKind,
};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What unlocking by passphrase shall take on this machine.
const UNLOCK_TIME: Duration = Duration::from_millis(700);

/// A question to the keyring, to be asked without holding the app.
pub struct KeyringQuestion {
    host: Arc<dyn Host>,
    vault_id: String,
}

impl KeyringQuestion {
    /// Asks it; this may take as long as a person takes.
    ///
    /// # Errors
    /// In which way the keyring did not answer.
    pub fn ask(&self) -> Result<SecretText, KeyringError> {
        self.host.keyring().read(&self.vault_id)
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
                keyring: if self.host.keyring().present() {
                    KeyringState::Ready
                } else {
                    KeyringState::Absent
                },
            },
            Phase::Locked { vault, keyring } => Status::Locked(self.locked_view(vault, *keyring)),
            Phase::Unreadable(error) => Status::Unreadable {
                path: self.location().file().display().to_string(),
                error: unreadable(error),
                generations: self.generations(),
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
            let strength = strength::estimate(passphrase);
            if !strength.acceptable {
                let why = strength.warning.unwrap_or_else(|| "it would be guessed too soon".into());
                return Err(fail(FailureKind::WeakPassphrase, why));
            }
        } else if !keyring {
            return Err(fail(FailureKind::BadInput, "a vault needs a passphrase or the keyring"));
        }
        let cost = KdfCost::calibrate(UNLOCK_TIME, |work| self.host.measure(work));
        self.create(passphrase.map(|passphrase| (passphrase, cost)), keyring)
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
            self.write_keyring(vault, key)?;
        }
        if let Err(error) = vault.save(self.host.files(), self.now()) {
            if keyring_key.is_some() {
                let _ = self.host.keyring().remove(&vault.id().to_string());
            }
            return Err(error.into());
        }
        Ok(())
    }

    /// What to ask the keyring for, and whom: asking may wait for a person at the keyring's own prompt, so it is done
    /// without holding the app. The answer goes to [`App::unlock_with_keyring_answer`].
    ///
    /// `None` when the vault is not locked.
    pub fn keyring_question(&self) -> Option<KeyringQuestion> {
        let Phase::Locked { vault, .. } = &self.phase else { return None };
        Some(KeyringQuestion { host: self.host.clone(), vault_id: vault.id().to_string() })
    }

    /// Unlocks with what the keyring answered; that stays in the status too.
    ///
    /// # Errors
    /// In which way the keyring did not give the key. Nothing is created or changed (promise 4).
    pub fn unlock_with_keyring_answer(
        &mut self,
        answer: Result<SecretText, KeyringError>,
    ) -> Result<(), Failure> {
        let Phase::Locked { vault, .. } = &self.phase else { return self.unlock_needless() };
        let key = answer.and_then(|text| KeyringKey::from_text(&text).map_err(|_| KeyringError::Malformed));
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
        self.unlock(Credential::Passphrase(passphrase), OpenedWith::Passphrase)
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
        self.look();
    }

    /// Gives the vault a slot for the keyring, or writes it anew; the passphrase and the kit stay.
    ///
    /// # Errors
    /// Locked, the keyring did not take the key, or not saved.
    pub fn enable_keyring(&mut self) -> Result<(), Failure> {
        let now = self.now();
        let key = KeyringKey::generate().map_err(other)?;
        let id = self.session()?.vault.id().to_string();
        let before = self.host.keyring().read(&id);
        self.write_keyring(&self.session()?.vault, &key)?;
        let mut added = Ok(());
        let saved = self.save_with(|session| {
            let old = slot_of(&session.vault.slots(), &SlotKind::Keyring);
            added = session.vault.add_slot(&NewSlot::keyring(&key), now).map(drop).map_err(other);
            if let (Ok(()), Some(old)) = (&added, old) {
                added = session.vault.remove_slot(old, now).map_err(other);
            }
        });
        if let Err(error) = saved.map(drop).and(added) {
            // The vault still counts on the old entry.
            if let Ok(text) = before {
                let _ = self.host.keyring().write(&id, &text);
            }
            return Err(error);
        }
        self.session_mut()?.keyring = KeyringState::Ready;
        Ok(())
    }

    /// Takes the keyring's slot and its entry away.
    ///
    /// # Errors
    /// Locked, the vault has neither passphrase nor kept kit, or not saved.
    pub fn disable_keyring(&mut self) -> Result<(), Failure> {
        let session = self.session()?;
        let has_passphrase = slot_of(&session.vault.slots(), &SlotKind::Passphrase).is_some();
        if !has_passphrase && kit_state(&session.vault) != KitState::Kept {
            return Err(fail(
                FailureKind::KitNeeded,
                "without the keyring only the emergency kit would open this vault, and it was never typed back",
            ));
        }
        let id = session.vault.id().to_string();
        let now = self.now();
        let mut result = Ok(());
        self.save_with(|session| {
            while let Some(slot) = slot_of(&session.vault.slots(), &SlotKind::Keyring) {
                result = session.vault.remove_slot(slot, now).map_err(other);
                if result.is_err() {
                    break;
                }
            }
        })?;
        result?;
        // The entry opens nothing any more: that it stays behind does no harm.
        let _ = self.host.keyring().remove(&id);
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
    /// It cannot be read, or there is a vault already where the copy would go: that one is not overwritten.
    pub fn use_vault(&mut self, path: &Path, copy: bool) -> Result<(), Failure> {
        let chosen =
            LockedVault::read(self.host.files(), &Location::at(path)).map_err(|error| unreadable(&error))?;
        if copy {
            self.home.set_own_vault();
            self.look();
            if !matches!(self.phase, Phase::Absent) {
                return Err(fail(
                    FailureKind::VaultExists,
                    format!(
                        "there is a vault already at {}; merge the backup into it instead",
                        self.location().file().display()
                    ),
                ));
            }
            crate::settings::replace(self.host.files(), self.location().file(), chosen.as_bytes())
                .map_err(|error| fail(FailureKind::NotSaved, format!("the copy was not written: {error}")))?;
        } else {
            self.home.set_vault(path);
            self.home.write_settings(self.host.files(), &self.settings)?;
        }
        self.look();
        Ok(())
    }

    /// Puts an earlier saved state in the place of the vault file; what was there is kept beside it.
    ///
    /// # Errors
    /// There is no such state, it cannot be read either, or the disk did not take it.
    pub fn restore_generation(&mut self, name: &str) -> Result<(), Failure> {
        let generations = LockedVault::generations(self.host.files(), self.location()).map_err(other)?;
        let chosen = generations.iter().find(|generation| generation_name(generation) == name);
        let chosen =
            chosen.ok_or_else(|| fail(FailureKind::BadInput, format!("there is no saved state {name}")))?;
        LockedVault::restore(self.host.files(), self.location(), &chosen.path).map_err(other)?;
        self.look();
        Ok(())
    }

    fn unlock(&mut self, credential: Credential<'_>, opened_with: OpenedWith) -> Result<(), Failure> {
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
    }

    fn write_keyring(&self, vault: &OpenVault, key: &KeyringKey) -> Result<(), Failure> {
        let id = vault.id().to_string();
        let text = key.to_text();
        self.host.keyring().write(&id, &text)?;
        // Some keyrings take a secret and give back another; better to know now than at the next start.
        let back = self.host.keyring().read(&id)?;
        if back != text {
            return Err(KeyringError::Malformed.into());
        }
        Ok(())
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

    pub(crate) fn generations(&self) -> Vec<GenerationView> {
        let list = LockedVault::generations(self.host.files(), self.location()).unwrap_or_default();
        list.iter()
            .filter(|generation| generation.readable.is_ok())
            .map(|generation| GenerationView {
                name: generation_name(generation),
                saved_at: generation.saved_at,
                size: generation.size,
            })
            .collect()
    }
}

fn generation_name(generation: &Generation) -> String {
    generation.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn slot_of(slots: &[SlotInfo], kind: &SlotKind) -> Option<SlotId> {
    slots.iter().find(|slot| slot.kind == *kind).map(|slot| slot.id)
}
