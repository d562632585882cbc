//! The keyring doctor: what is wrong with the keyring, told apart by what the system answers. It changes nothing; the
//! repair is [`App::enable_keyring`] once the vault was opened another way.

use crate::App;
use crate::host::{Host, KeyringError, KeyringProbe, KeyringStanding};
use crate::safety_view::{DoctorReport, Finding};
use crate::unfinished::replace_own;
use keyhaven_secret::SecretText;
use keyhaven_vault::{Credential, KeyringKey, Location, LockedVault, SlotId, SlotInfo, SlotKind};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// An entry longer than this is none of Keyhaven's, which are 44 characters; Windows takes 2,560 bytes.
const LARGEST_ENTRY: usize = 1_280;

const FILE: &str = "keyring.json";

/// More slots than a vault can have are not remembered.
const MOST_HELD: usize = 64;

/// Which program kept the key when it was stored. Nothing in it is secret.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Remembered {
    vault: String,
    provider: String,
    held: Vec<Held>,
}

/// A slot of the vault whose key a computer's keyring was given.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Held {
    slot: String,
    /// The computer's name, for a folder that several computers share.
    computer: String,
    /// The program that took the key: two desktops on one computer have a keyring each.
    provider: Option<String>,
}

/// What to ask the keyring; asked without holding the app, since a person may be asked for the keyring's password.
pub struct DoctorQuestion {
    host: Arc<dyn Host>,
    vault_id: Option<String>,
    unlock: bool,
}

/// What the keyring answered.
pub struct DoctorAnswer {
    probe: KeyringProbe,
    entry: Option<Result<SecretText, KeyringError>>,
}

impl DoctorQuestion {
    /// Asks it.
    pub fn ask(&self) -> DoctorAnswer {
        let probe = self.host.keyring().probe();
        let may_read = match probe.standing {
            KeyringStanding::Open => true,
            KeyringStanding::Locked => self.unlock,
            _ => false,
        };
        let entry = self.vault_id.as_ref().filter(|_| may_read).map(|id| self.host.keyring().read(id));
        DoctorAnswer { probe, entry }
    }
}

impl App {
    /// The doctor's question. `unlock` says that a locked keyring may ask the person for its password.
    pub fn doctor_question(&self, unlock: bool) -> DoctorQuestion {
        let vault = self.sealed().filter(|vault| has_slot(vault));
        DoctorQuestion {
            host: self.host.clone(),
            vault_id: vault.map(|vault| vault.id().to_string()),
            unlock,
        }
    }

    /// What the answer means.
    pub fn diagnose(&self, answer: DoctorAnswer) -> DoctorReport {
        let DoctorAnswer { probe, entry } = answer;
        let vault = self.sealed();
        let id = vault.map(|vault| vault.id().to_string());
        let stored_with = self.stored_with(id.as_deref()).filter(|was| Some(was) != probe.provider.as_ref());
        let mut words = probe.answer.clone();
        let finding = match (probe.standing, entry) {
            (KeyringStanding::NoBus, _) => Finding::NoBus,
            (KeyringStanding::NoService, _) => Finding::NoService,
            (KeyringStanding::NoCollection, _) => Finding::NoCollection,
            _ if !vault.is_some_and(has_slot) => Finding::NotUsed,
            (_, Some(entry)) => {
                if let Err(error) = &entry {
                    words = error.to_string();
                }
                self.judge(entry, stored_with.is_some() && probe.provider.is_some())
            }
            (_, None) => Finding::Locked,
        };
        let ours = |other: &&String| id.as_deref() != Some(other.as_str());
        DoctorReport {
            finding,
            stored_with: stored_with.filter(|_| finding == Finding::OtherProvider),
            other_vaults: u32::try_from(probe.vaults.iter().filter(ours).count()).unwrap_or(u32::MAX),
            provider: probe.provider,
            answer: words,
            repairable: matches!(
                finding,
                Finding::Missing
                    | Finding::OtherProvider
                    | Finding::AnotherVault
                    | Finding::Stale
                    | Finding::NotAKey
                    | Finding::TooLarge
            ),
            open: self.is_open(),
        }
    }

    /// What an entry, or its absence, means.
    fn judge(&self, entry: Result<SecretText, KeyringError>, other_provider: bool) -> Finding {
        let text = match entry {
            Ok(text) => text,
            Err(error) => {
                return match error {
                    KeyringError::Missing if other_provider => Finding::OtherProvider,
                    KeyringError::Missing => Finding::Missing,
                    // It was asked to unlock, or is open: that it stays locked is somebody's no.
                    KeyringError::Locked | KeyringError::Refused(_) => Finding::Refused,
                    KeyringError::NoCollection => Finding::NoCollection,
                    KeyringError::TooLarge(_) => Finding::TooLarge,
                    KeyringError::Malformed => Finding::NotAKey,
                    KeyringError::Ambiguous => Finding::Ambiguous,
                    KeyringError::Absent(_) => Finding::NoService,
                    KeyringError::Failed(_) => Finding::Failed,
                };
            }
        };
        if text.expose().len() > LARGEST_ENTRY {
            return Finding::TooLarge;
        }
        let Ok(key) = KeyringKey::from_text(&text) else { return Finding::NotAKey };
        let opens = |vault: &LockedVault| vault.unlock(Credential::Keyring(&key)).is_ok();
        match self.sealed() {
            Some(vault) if opens(vault) => Finding::Ready,
            Some(vault) if self.other_states(vault).iter().any(opens) => Finding::Stale,
            _ => Finding::AnotherVault,
        }
    }

    /// The saved states of this vault beside it.
    fn other_states(&self, vault: &LockedVault) -> Vec<LockedVault> {
        let files = self.host.files();
        let states = LockedVault::generations(files, self.location()).unwrap_or_default();
        let states =
            states.iter().filter_map(|state| LockedVault::read(files, &Location::at(&state.path)).ok());
        states.filter(|state| state.id() == vault.id()).collect()
    }

    /// Notes which program keeps the key of this vault, and the slot that the key opens, which takes the place of
    /// those before. Not knowing it later costs a plainer sentence, and that a slot stays whose key is gone.
    pub(crate) fn remember_keyring(&self, vault_id: &str, slot: Option<SlotId>) {
        let (computer, provider) = (self.computer(), self.host.keyring().probe().provider);
        let mut held = self.keyring_note(vault_id).map(|remembered| remembered.held).unwrap_or_default();
        if let Some(slot) = slot {
            held.retain(|held| held.computer != computer || held.provider != provider);
            held.push(Held { slot: slot.to_string(), computer, provider: provider.clone() });
            held.drain(..held.len().saturating_sub(MOST_HELD));
        }
        let provider = provider.unwrap_or_default();
        let remembered = Remembered { vault: vault_id.to_owned(), provider, held };
        if let Ok(text) = serde_json::to_vec(&remembered) {
            let _ = replace_own(self.host.files(), self.home.folder(), FILE, &text);
        }
    }

    /// The slots of the open vault whose keys this computer's keyring, the one that answers now, was given. A key that
    /// it no longer has is nowhere else: they may go where a new one takes their place. A computer without a name, and
    /// another one, are not this computer.
    pub(crate) fn held_slots(&self) -> Vec<SlotId> {
        let (computer, Ok(session)) = (self.computer(), self.session()) else { return Vec::new() };
        let provider = self.host.keyring().probe().provider;
        let held = self.keyring_note(&session.vault.id().to_string()).map(|remembered| remembered.held);
        let mine = |slot: &SlotInfo| {
            let (id, held) = (slot.id.to_string(), held.as_deref().unwrap_or_default());
            slot.kind == SlotKind::Keyring
                && held
                    .iter()
                    .any(|one| one.slot == id && one.computer == computer && one.provider == provider)
        };
        if computer.is_empty() {
            return Vec::new();
        }
        session.vault.slots().iter().filter(|slot| mine(slot)).map(|slot| slot.id).collect()
    }

    fn keyring_note(&self, vault_id: &str) -> Option<Remembered> {
        let bytes = self.host.files().read(&self.home.folder().join(FILE), 64 * 1024).ok()?;
        serde_json::from_slice(&bytes).ok().filter(|remembered: &Remembered| remembered.vault == vault_id)
    }

    fn stored_with(&self, vault_id: Option<&str>) -> Option<String> {
        let provider = self.keyring_note(vault_id?)?.provider;
        (!provider.is_empty()).then_some(provider)
    }
}

fn has_slot(vault: &LockedVault) -> bool {
    vault.slots().iter().any(|slot| slot.kind == SlotKind::Keyring)
}
