//! The ways into the vault: seen, added, changed and removed, and the keys behind them renewed.

use crate::App;
use crate::failure::{fail, other};
use crate::host::KeyringStanding;
use crate::kit::{Proven, ShownKit, kit_state};
use crate::safety_view::{PointPlace, RotationFate, SlotName, SlotView};
use crate::session::Session;
use crate::strength;
use crate::vaulting::{UNLOCK_TIME, slot_of, write_keyring};
use crate::view::{Failure, FailureKind, KeyringState, Kit, KitState, Proof};
use keyhaven_secret::SecretText;
use keyhaven_vault::{
    Credential, KdfCost, KeyringKey, NewSlot, RecoveryKey, SlotError, SlotId, SlotInfo, SlotKind,
};

impl App {
    /// The ways in, in the order in which they were made. The vault may be locked.
    ///
    /// # Errors
    /// There is no vault.
    pub fn slots(&self) -> Result<Vec<SlotView>, Failure> {
        let slots = match self.session() {
            Ok(session) => session.vault.slots(),
            Err(failure) => self.sealed().ok_or(failure)?.slots(),
        };
        Ok(slots.iter().map(|slot| slot_view(slot, &slots)).collect())
    }

    /// The way in that this proof is; none where it opens nothing.
    ///
    /// # Errors
    /// Locked, or nothing was given.
    pub fn slot_of_proof(&self, proof: Proof) -> Result<Option<String>, Failure> {
        let proof = Proven::new(proof)?;
        Ok(self.session()?.vault.slot_opened_by(proof.credential()).map(|id| id.to_string()))
    }

    /// Adds a passphrase that opens everything.
    ///
    /// # Errors
    /// Locked, wrong proof, too weak, one that opens the vault already, too many, or not saved.
    pub fn add_passphrase(
        &mut self,
        proof: Proof,
        passphrase: &SecretText,
        label: &str,
    ) -> Result<Vec<SlotView>, Failure> {
        strength::check(passphrase)?;
        let cost = self.calibrated();
        self.add_passphrase_at(proof, passphrase, label, cost)
    }

    /// The same at a cost that the caller says, without the check of strength; for tests.
    ///
    /// # Errors
    /// As [`App::add_passphrase`].
    pub fn add_passphrase_at(
        &mut self,
        proof: Proof,
        passphrase: &SecretText,
        label: &str,
        cost: KdfCost,
    ) -> Result<Vec<SlotView>, Failure> {
        let proof = Proven::new(proof)?;
        self.is_no_way_in_yet(passphrase)?;
        let now = self.now();
        let slot = NewSlot { label: label.trim().to_owned(), ..NewSlot::passphrase(passphrase, cost) };
        self.with_recovery_open(&proof, |session| session.vault.add_slot(&slot, now).map(drop))?;
        self.slots()
    }

    fn is_no_way_in_yet(&self, passphrase: &SecretText) -> Result<(), Failure> {
        match self.session()?.vault.slot_opened_by(Credential::Passphrase(passphrase)) {
            Some(_) => Err(fail(FailureKind::BadInput, "this passphrase opens the vault already")),
            None => Ok(()),
        }
    }

    /// Removes a way in. Saved states and backups from before still open with it.
    ///
    /// # Errors
    /// Locked, wrong proof, no such slot, the last one that does not depend on this computer, or not saved.
    pub fn remove_slot(&mut self, id: &str, proof: Proof) -> Result<Vec<SlotView>, Failure> {
        self.check_proof(proof)?;
        let id = slot_id(id)?;
        let now = self.now();
        let vault = &self.session()?.vault;
        let slots = vault.slots();
        let slot = slots.iter().find(|slot| slot.id == id).ok_or_else(|| no_such_slot(id))?;
        // Whose entry it is, while it can still be told. One that is locked stays: it opens nothing any more.
        let own = slot.kind == SlotKind::Keyring && self.opens_with_entry(id);
        if slot.kind == SlotKind::Keyring {
            drop(self.keyring_to_disable()?);
        }
        let passphrases_left = slots
            .iter()
            .filter(|other| other.id != id && other.kind == SlotKind::Passphrase && other.durable());
        // A recovery key that nobody has proved to have is not a way in that one can count on.
        if passphrases_left.count() == 0
            && slot.kind == SlotKind::Passphrase
            && kit_state(vault) != KitState::Kept
        {
            return Err(fail(
                FailureKind::LastWayIn,
                "without this passphrase only the emergency kit would be left, and it was never typed back",
            ));
        }
        self.save_if(|session| session.vault.remove_slot(id, now).map_err(slot_failure))?;
        if own {
            let session = self.session_mut()?;
            session.keyring = KeyringState::Unasked;
            let id = session.vault.id().to_string();
            let _ = self.host.keyring().remove(&id);
        }
        self.slots()
    }

    /// Whether this computer's keyring entry opens that slot; nobody is asked for the keyring's password.
    fn opens_with_entry(&self, slot: SlotId) -> bool {
        let (keyring, Ok(session)) = (self.host.keyring(), self.session()) else { return false };
        if keyring.probe().standing != KeyringStanding::Open {
            return false;
        }
        let key = keyring.read(&session.vault.id().to_string()).ok();
        let key = key.and_then(|text| KeyringKey::from_text(&text).ok());
        key.is_some_and(|key| session.vault.slot_opened_by(Credential::Keyring(&key)) == Some(slot))
    }

    /// Replaces a passphrase; what it opens stays.
    ///
    /// # Errors
    /// Locked, the current one is wrong, the new one too weak or one that opens the vault already, or not saved.
    pub fn change_passphrase(
        &mut self,
        id: &str,
        current: &SecretText,
        new: &SecretText,
    ) -> Result<Vec<SlotView>, Failure> {
        strength::check(new)?;
        self.is_no_way_in_yet(new)?;
        let id = slot_id(id)?;
        let slot = self.session()?.vault.slots().into_iter().find(|slot| slot.id == id);
        // A cost that was once found right is never lowered, however busy the machine is now.
        let cost = at_least(self.calibrated(), slot.and_then(|slot| slot.cost));
        let now = self.now();
        self.save_if(|session| {
            session.vault.change_passphrase(id, current, new, cost, now).map_err(slot_failure)
        })?;
        self.slots()
    }

    /// Raises what guessing the passphrase costs, when it opened the vault in far less time than it should take (the
    /// machine is a faster one, or was busy when the vault was made) or the least cost has risen since. Says whether
    /// it did. For shells to call after an unlock by passphrase, with nobody waiting for it.
    ///
    /// # Errors
    /// Locked, or not saved; the passphrase opens the vault as before.
    pub fn strengthen(&mut self, passphrase: &SecretText) -> Result<bool, Failure> {
        let session = self.session()?;
        let fast = session.unlock_took.is_some_and(|took| took < UNLOCK_TIME / 2);
        let cheap: Vec<SlotInfo> = session
            .vault
            .slots()
            .into_iter()
            .filter(|slot| slot.cost.is_some_and(|cost| fast || work(cost) < work(KdfCost::DEFAULT_MINIMUM)))
            .collect();
        if cheap.is_empty() {
            return Ok(false);
        }
        let calibrated = self.calibrated();
        let now = self.now();
        for slot in cheap {
            let Some(old) = slot.cost else { continue };
            let cost = at_least(calibrated, Some(old));
            // A quarter more is within what two measurements differ by.
            if work(cost) < work(old) + work(old) / 4 {
                continue;
            }
            let raised = self.save_if(|session| {
                let vault = &mut session.vault;
                vault.change_passphrase(slot.id, passphrase, passphrase, cost, now).map_err(slot_failure)
            });
            match raised {
                // Another passphrase's slot: it is raised when that one is typed.
                Err(failure) if failure.kind == FailureKind::WrongPassphrase => {}
                Err(failure) => return Err(failure),
                Ok(_) => {
                    self.session_mut()?.unlock_took = None;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// What becomes of everything that has the old keys, when [`App::rotate_keys`] renews them.
    ///
    /// # Errors
    /// Locked.
    pub fn rotation_fate(&self) -> Result<RotationFate, Failure> {
        let slots = self.session()?.vault.slots();
        let count =
            |kind| u32::try_from(slots.iter().filter(|slot| slot.kind == kind).count()).unwrap_or(u32::MAX);
        let points = self.restore_points()?;
        let of = |place| points.points.iter().filter(|point| point.place == place).count();
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Ok(RotationFate {
            saved_states: number(of(PointPlace::Saved)),
            backups: number(of(PointPlace::Folder)),
            folder_failure: points.folder_failure,
            own_backup_passphrase: self.backups.plan.slot.is_some(),
            other_passphrases: count(SlotKind::Passphrase).saturating_sub(1),
            keyring: count(SlotKind::Keyring) > 0,
            possible: count(SlotKind::Passphrase) > 0,
        })
    }

    /// Gives the vault new keys, and around them this passphrase, this computer's keyring where it was used, and a new
    /// emergency kit, which is answered. Everything else that opened the vault opens it no more; saved states and
    /// backups from before keep their old keys and ways in.
    ///
    /// # Errors
    /// Locked, the vault has no passphrase, it is wrong, the keyring did not take its key, or not saved: then the old
    /// keys stand.
    pub fn rotate_keys(&mut self, passphrase: &SecretText) -> Result<Kit, Failure> {
        let session = self.session()?;
        let slots = session.vault.slots();
        let Some(old) =
            slots.iter().filter(|slot| slot.kind == SlotKind::Passphrase).find_map(|slot| slot.cost)
        else {
            return Err(fail(FailureKind::BadInput, "give the vault a passphrase first"));
        };
        session.vault.sealed().unlock(Credential::Passphrase(passphrase))?;
        let cost = at_least(self.calibrated(), Some(old));
        let (now, id) = (self.now(), session.vault.id().to_string());
        let recovery_key = RecoveryKey::generate().map_err(other)?;
        let keyring = slot_of(&slots, &SlotKind::Keyring).map(|_| KeyringKey::generate()).transpose();
        let keyring = keyring.map_err(other)?;
        let before = keyring.is_some().then(|| self.host.keyring().read(&id));
        if let Some(key) = &keyring {
            write_keyring(&*self.host, &id, key)?;
        }
        let mut new = vec![NewSlot::passphrase(passphrase, cost), NewSlot::recovery_key(&recovery_key)];
        let label = self.computer();
        new.extend(keyring.as_ref().map(|key| NewSlot { label, ..NewSlot::keyring(key) }));
        let proof = Proven::Passphrase(passphrase.duplicate());
        let done = self.with_recovery_open(&proof, |session| session.vault.rotate_keys(&new, now));
        if let Err(failure) = done {
            // The vault still counts on the old entry.
            if let Some(Ok(text)) = before {
                let _ = self.host.keyring().write(&id, &text);
            }
            return Err(failure);
        }
        if let Some(key) = &keyring {
            let slot = self.session()?.vault.slot_opened_by(Credential::Keyring(key));
            self.remember_keyring(&id, slot);
        }
        let session = self.session_mut()?;
        let slot = slot_of(&session.vault.slots(), &SlotKind::RecoveryKey)
            .ok_or_else(|| other("the vault has no recovery slot"))?;
        let kit = ShownKit::new(recovery_key, slot, now);
        let view = kit.view(id)?;
        session.kit = Some(kit);
        Ok(view)
    }

    /// Changes the vault with its recovery compartment open and saves; the compartment is left as it was.
    fn with_recovery_open(
        &mut self,
        proof: &Proven,
        change: impl FnOnce(&mut Session) -> Result<(), SlotError>,
    ) -> Result<(), Failure> {
        let session = self.session_mut()?;
        let was_open = session.vault.recovery().is_some();
        if !was_open {
            session.vault.unlock_recovery(proof.credential())?;
        }
        let saved = self.save_if(|session| change(session).map_err(slot_failure));
        if !was_open {
            self.session_mut()?.vault.lock_recovery().map_err(other)?;
        }
        saved.map(drop)
    }
}

fn slot_view(slot: &SlotInfo, all: &[SlotInfo]) -> SlotView {
    let durable_left = all.iter().any(|other| other.id != slot.id && other.durable());
    SlotView {
        id: slot.id.to_string(),
        kind: match &slot.kind {
            SlotKind::Passphrase => SlotName::Passphrase,
            SlotKind::Keyring => SlotName::Keyring,
            SlotKind::RecoveryKey => SlotName::RecoveryKey,
            _ => SlotName::Unknown,
        },
        label: slot.label.clone(),
        created_at: slot.created_at,
        opens_accounts: slot.opens_accounts,
        opens_recovery: slot.opens_recovery,
        memory_kib: slot.cost.map(KdfCost::memory_kib),
        passes: slot.cost.map(KdfCost::passes),
        removable: durable_left,
    }
}

/// Memory times passes: what Argon2's time and an attacker's bill are proportional to.
fn work(cost: KdfCost) -> u64 {
    u64::from(cost.memory_kib()) * u64::from(cost.passes())
}

/// `cost`, in neither memory nor passes below `old`.
fn at_least(cost: KdfCost, old: Option<KdfCost>) -> KdfCost {
    let Some(old) = old else { return cost };
    let (memory, passes) = (cost.memory_kib().max(old.memory_kib()), cost.passes().max(old.passes()));
    // Each comes from a cost that was allowed, so both are.
    KdfCost::new(memory, passes).unwrap_or(old)
}

fn slot_id(text: &str) -> Result<SlotId, Failure> {
    text.parse().map_err(|_| no_such_slot(text))
}

fn no_such_slot(id: impl std::fmt::Display) -> Failure {
    fail(FailureKind::BadInput, format!("the vault has no slot {id}"))
}

fn slot_failure(error: SlotError) -> Failure {
    let kind = match error {
        SlotError::LastDurable | SlotError::LastDurableForRecovery => FailureKind::LastWayIn,
        SlotError::WrongPassphrase => FailureKind::WrongPassphrase,
        SlotError::RecoveryLocked => FailureKind::RecoveryLocked,
        SlotError::NoSuchSlot | SlotError::LabelTooLong | SlotError::EmptyPassphrase => FailureKind::BadInput,
        _ => FailureKind::Other,
    };
    fail(kind, error)
}
