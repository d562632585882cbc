//! The emergency kit: a recovery key on paper, and the proof that it was written down.

use crate::failure::{fail, folder_is_there, other};
use crate::sheet::{KitSheet, VaultPlace};
use crate::view::*;
use crate::{App, Phase};
use keyhaven_secret::SecretText;
use keyhaven_vault::{Credential, NewSlot, OpenVault, Record, RecordId, RecoveryKey, SlotId, SlotKind};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Kind of the record that remembers that a kit was kept.
pub(crate) const KIND: &str = "kit";

/// The kit on screen, kept here so that saving and comparing it need nothing from the page.
pub(crate) struct ShownKit {
    key: RecoveryKey,
    slot: SlotId,
    created_at: u64,
    challenge: [u8; 2],
}

#[derive(Serialize, Deserialize)]
struct Kept {
    /// The recovery slot whose key was typed back.
    slot: String,
}

impl ShownKit {
    /// A kit for the recovery slot that `key` opens.
    pub fn new(key: RecoveryKey, slot: SlotId, created_at: u64) -> Self {
        // Any two different groups do: taken from the slot's random id, so that they differ from kit to kit.
        let groups = u8::try_from(key.groups().len()).unwrap_or(u8::MAX).max(2);
        let [first, second, ..] = *slot.as_bytes();
        let first = first % groups;
        let second = (first + 1 + second % (groups - 1)) % groups;
        Self { key, slot, created_at, challenge: [first.min(second), first.max(second)] }
    }

    /// The key that is being shown.
    pub fn key(&self) -> &RecoveryKey {
        &self.key
    }

    /// What the page shows of it.
    pub fn view(&self, vault_id: String) -> Result<Kit, Failure> {
        let text = self.key.to_text();
        Ok(Kit {
            vault_id,
            groups: self.key.groups().iter().map(|group| group.expose_for_display().to_owned()).collect(),
            qr_svg: keyhaven_qr::write::svg(text.expose_for_display()).map_err(other)?,
            created_at: self.created_at,
            challenge: self.challenge,
        })
    }
}

impl App {
    /// Makes a new recovery key and shows its kit. The old kit opens the vault until the new one is kept
    /// ([`App::confirm_kit`]): whatever happens in between, there is a paper that works (promise 3).
    ///
    /// # Errors
    /// Locked, wrong proof, or not saved: then the old kit stands.
    pub fn renew_kit(&mut self, proof: Proof) -> Result<Kit, Failure> {
        let proof = Proven::new(proof)?;
        let now = self.now();
        let key = RecoveryKey::generate().map_err(other)?;
        // The new slot shall open both compartments, so both must be open while it is made.
        self.session_mut()?.vault.unlock_recovery(proof.credential())?;
        let saved =
            self.save_if(|session| session.vault.add_slot(&NewSlot::recovery_key(&key), now).map_err(other));
        let session = self.session_mut()?;
        session.vault.lock_recovery().map_err(other)?;
        let (slot, _) = saved?;
        let kit = ShownKit::new(key, slot, now);
        let view = kit.view(session.vault.id().to_string())?;
        session.kit = Some(kit);
        Ok(view)
    }

    /// Compares the two groups that were typed back; when they fit, the kit counts as kept, and every earlier one
    /// opens nothing any more.
    ///
    /// # Errors
    /// No kit is being shown, the groups do not fit, or not saved.
    pub fn confirm_kit(&mut self, typed: &[SecretText; 2]) -> Result<(), Failure> {
        let kit = self.session()?.kit.as_ref().ok_or_else(no_kit)?;
        let (groups, slot) = (kit.key.groups(), kit.slot);
        for (number, typed) in kit.challenge.iter().zip(typed) {
            let wanted = groups.get(usize::from(*number)).ok_or_else(no_kit)?;
            if normalised(typed) != normalised(wanted) {
                return Err(fail(
                    FailureKind::KitMismatch,
                    format!("group {} is not what the kit says", number + 1),
                ));
            }
        }
        self.settle_waiting()?;
        let payload = serde_json::to_vec(&Kept { slot: slot.to_string() }).map_err(other)?;
        let id = RecordId::random().map_err(other)?;
        let now = self.now();
        self.save_with(|session| {
            let old: Vec<RecordId> = kit_records(&session.vault).map(|record| record.id).collect();
            for record in old {
                session.vault.accounts_mut().delete(record, now);
            }
            session.vault.accounts_mut().put(Record::new(
                id,
                KIND,
                now,
                keyhaven_secret::SecretBytes::new(payload),
            ));
            for old in recovery_slots(&session.vault).into_iter().filter(|old| *old != slot) {
                // The kept slot is durable, so an earlier one is never the last.
                let _ = session.vault.remove_slot(old, now);
            }
        })?;
        self.close_kit();
        Ok(())
    }

    /// A new vault without a passphrase comes to keyring and disk now that its kit was typed back.
    fn settle_waiting(&mut self) -> Result<(), Failure> {
        let Phase::Open(mut session) = std::mem::replace(&mut self.phase, Phase::Absent) else {
            return Ok(());
        };
        let settled = match &session.waiting {
            Some(key) => self.settle(&mut session.vault, Some(key)),
            None => Ok(()),
        };
        if settled.is_ok() {
            session.waiting = None;
        }
        self.phase = Phase::Open(session);
        settled
    }

    /// Writes the kit that is being shown to a file that only its owner can read.
    ///
    /// # Errors
    /// No kit is being shown, or the file could not be written.
    pub fn save_kit(&self, format: KitFormat, path: &Path) -> Result<(), Failure> {
        folder_is_there(path)?;
        let session = self.session()?;
        let kit = session.kit.as_ref().ok_or_else(no_kit)?;
        let (groups, key) = (kit.key.groups(), kit.key.to_text());
        let vault = self.vault_place(session.vault.id().to_string());
        let date = day(kit.created_at);
        let sheet = KitSheet { groups: &groups, key: &key, vault, date: &date };
        let paper = self.settings().paper;
        let written = match format {
            KitFormat::Pdf => self.write_out(path, sheet.pdf(paper).map_err(other)?.expose()),
            KitFormat::Svg => self.write_out(path, sheet.svg(paper).map_err(other)?.expose().as_bytes()),
        };
        written.map_err(|error| {
            fail(FailureKind::NotSaved, format!("the kit was not saved to {}: {error}", path.display()))
        })
    }

    /// What the kit's page and its shares say of the vault of this number.
    pub(crate) fn vault_place(&self, id: String) -> VaultPlace {
        VaultPlace { id, file: self.location().file().display().to_string(), backups: self.backups().folder }
    }

    /// Forgets the kit that is being shown.
    pub fn close_kit(&mut self) {
        if let Ok(session) = self.session_mut() {
            session.kit = None;
        }
    }

    /// Whether the person at the keyboard may see secrets: the passphrase or the recovery key once more.
    ///
    /// # Errors
    /// Locked, nothing given, or wrong.
    pub(crate) fn check_proof(&self, proof: Proof) -> Result<(), Failure> {
        let proof = Proven::new(proof)?;
        self.session()?.vault.sealed().unlock(proof.credential()).map(drop).map_err(Failure::from)
    }
}

/// A proof in the vault's terms.
pub(crate) enum Proven {
    Passphrase(SecretText),
    RecoveryKey(RecoveryKey),
}

impl Proven {
    pub fn new(proof: Proof) -> Result<Self, Failure> {
        match (proof.passphrase.map(SecretText::new), proof.recovery_key.map(SecretText::new)) {
            (Some(passphrase), _) => Ok(Self::Passphrase(passphrase)),
            (None, Some(text)) => Ok(Self::RecoveryKey(RecoveryKey::parse(&text)?)),
            (None, None) => Err(fail(FailureKind::BadInput, "type the passphrase or the recovery key")),
        }
    }

    pub fn credential(&self) -> Credential<'_> {
        match self {
            Self::Passphrase(text) => Credential::Passphrase(text),
            Self::RecoveryKey(key) => Credential::RecoveryKey(key),
        }
    }
}

/// How far a vault's kit is.
pub(crate) fn kit_state(vault: &OpenVault) -> KitState {
    let slots = recovery_slots(vault);
    if slots.is_empty() {
        return KitState::None;
    }
    let kept = kit_records(vault).any(|record| {
        serde_json::from_slice::<Kept>(record.payload.expose())
            .is_ok_and(|kept| slots.iter().any(|slot| slot.to_string() == kept.slot))
    });
    if kept { KitState::Kept } else { KitState::Unconfirmed }
}

fn recovery_slots(vault: &OpenVault) -> Vec<SlotId> {
    vault.slots().into_iter().filter(|slot| slot.kind == SlotKind::RecoveryKey).map(|slot| slot.id).collect()
}

fn kit_records(vault: &OpenVault) -> impl Iterator<Item = &Record> {
    vault.accounts().iter().filter(|record| record.kind == KIND)
}

/// When the kit was confirmed as kept, Unix milliseconds.
pub(crate) fn kit_record_time(vault: &OpenVault) -> Option<u64> {
    kit_records(vault).map(|record| record.modified_at).max()
}

pub(crate) fn no_kit() -> Failure {
    fail(FailureKind::KitNeeded, "no emergency kit is being shown; make a new one")
}

/// What a person types for a group: case and stray spaces do not matter.
fn normalised(text: &SecretText) -> SecretText {
    let letters = text.expose().chars().filter(|character| character.is_ascii_alphanumeric());
    SecretText::new(letters.map(|character| character.to_ascii_uppercase()).collect())
}

/// A day as the kit writes it (RFC 3339 full-date, UTC).
pub(crate) fn day(unix_milliseconds: u64) -> String {
    i64::try_from(unix_milliseconds)
        .ok()
        .and_then(|milliseconds| jiff::Timestamp::from_millisecond(milliseconds).ok())
        .map(|time| time.to_zoned(jiff::tz::TimeZone::UTC).date().to_string())
        .unwrap_or_default()
}
