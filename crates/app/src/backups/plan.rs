//! When a backup is due, and what is remembered between two of them: decisions on plain values, given the time.

use super::job::Whole;
use crate::failure::{fail, other};
use crate::safety_view::{BackupRotation, BackupState};
use crate::unfinished::replace_own;
use crate::view::{Failure, FailureKind};
use keyhaven_vault::{DetachedSlot, Files};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// So long nothing must change before a changed vault is backed up, in milliseconds: several edits are one backup.
const QUIET: u64 = 60_000;
/// A vault that keeps changing is backed up after so long all the same.
const LONGEST_WAIT: u64 = 10 * 60_000;
/// An unchanged vault's last backup is looked at again after so long.
const DAILY: u64 = 24 * 60 * 60_000;
/// After so long without a backup that was found whole, the person is told.
const OVERDUE: u64 = 2 * DAILY;
/// After a failure the next attempt is made so much later.
const RETRY: u64 = 15 * 60_000;

const FILE: &str = "backups.json";
/// Where a plan goes that could not be read.
const DAMAGED: &str = "backups.json.damaged";
/// Folder, numbers, a slot, and some 65 bytes for each of at most [`REMEMBERED`] times 4,650 backups.
const LARGEST: u64 = 2 * 1024 * 1024;
/// Of more vaults the slots are not remembered.
const MOST_VAULTS: usize = 32;
/// A clock that is by more than this earlier than the last backup was set back, in milliseconds.
const SET_BACK: u64 = 60 * 60_000;
/// So many times the backups that stay are remembered: a folder may be one drive today and another tomorrow.
const REMEMBERED: usize = 4;

/// What the person wants, and how the last attempt went. Kept beside the settings; nothing in it is secret.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Plan {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// Whether the folder is on the vault's own disk, as far as the system told.
    pub same_disk: bool,
    /// Whether the person said that another computer keeps the folder alike.
    pub synced: bool,
    pub keep_newest: u32,
    pub keep_days: u32,
    /// Backups open with this slot instead of the vault's own passphrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slot: Option<DetachedSlot>,
    /// The slots of other vaults that were used here meanwhile, by their ids.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub other_slots: BTreeMap<String, DetachedSlot>,
    /// The vault that what follows, and the slot, are about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vault: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Last>,
    /// Backups in the folder that could not be read when all were looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub damaged: Vec<String>,
    /// When all were looked at, Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
    /// The names of the backups that this computer wrote, in the order in which their states were in use. Rotation
    /// removes of these alone: another computer's, and those that a lost installation wrote, are not its to remove.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub written: Vec<String>,
}

/// The last backup that was found whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Last {
    /// When it was written or looked at, Unix milliseconds.
    pub at: u64,
    /// Its file's name.
    pub name: String,
    pub state: VaultState,
}

/// Which state of the vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct VaultState {
    pub generation: u64,
    /// Unix milliseconds.
    pub saved_at: u64,
}

/// Attempts that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trouble {
    /// The first of them, Unix milliseconds.
    pub since: u64,
    /// The last of them, Unix milliseconds.
    pub at: u64,
    pub kind: TroubleKind,
    pub why: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TroubleKind {
    Unreachable,
    PassphraseStale,
    Failing,
}

/// When a state was first and last seen to wait for its backup, Unix milliseconds.
#[derive(Clone, Copy)]
pub(crate) struct Waiting {
    state: VaultState,
    first: u64,
    latest: u64,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            folder: None,
            same_disk: false,
            synced: false,
            keep_newest: 10,
            keep_days: 90,
            slot: None,
            other_slots: BTreeMap::new(),
            vault: None,
            last: None,
            damaged: Vec::new(),
            looked_at: None,
            trouble: None,
            written: Vec::new(),
        }
    }
}

impl Plan {
    /// The plan in `home`; where there is no file, that of somebody who chose nothing yet.
    ///
    /// # Errors
    /// The file is there and cannot be read, or says nothing that is understood: why.
    pub fn read(files: &dyn Files, home: &Path) -> Result<Self, String> {
        let path = home.join(FILE);
        let told = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
        let bytes = match files.read(&path, LARGEST) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(told(&error)),
        };
        let plan: Self = serde_json::from_slice(&bytes).map_err(|error| told(&error))?;
        let Self { keep_newest, keep_days, .. } = Self::default();
        Ok(if check(&plan.rotation()).is_ok() { plan } else { Self { keep_newest, keep_days, ..plan } })
    }

    /// Puts a file that could not be read aside, before another is written: it may be all that says where backups are.
    pub fn put_aside(files: &dyn Files, home: &Path) -> Result<(), Failure> {
        let path = home.join(FILE);
        files.rename(&path, &home.join(DAMAGED)).map_err(|error| {
            let what = format!("the damaged {} could not be put aside: {error}", path.display());
            fail(FailureKind::NotSaved, what)
        })
    }

    pub fn write(&self, files: &dyn Files, home: &Path) -> Result<(), Failure> {
        let text = serde_json::to_vec_pretty(self).map_err(other)?;
        let path = home.join(FILE);
        replace_own(files, home, FILE, &text).map_err(|error| {
            let what =
                format!("what is known about the backups was not saved to {}: {error}", path.display());
            fail(FailureKind::NotSaved, what)
        })
    }

    pub fn rotation(&self) -> BackupRotation {
        BackupRotation { keep_newest: self.keep_newest, keep_days: self.keep_days }
    }

    /// Forgets what was found out about another vault than this one. That vault's own passphrase for backups is kept
    /// for it: without it its next backup would open with another passphrase than the person chose.
    pub fn about(&mut self, vault: &str) {
        if self.vault.as_deref() == Some(vault) {
            return;
        }
        let before = std::mem::take(self);
        let mut other_slots = before.other_slots;
        if let (Some(vault), Some(slot)) = (before.vault, before.slot) {
            other_slots.insert(vault, slot);
        }
        let slot = other_slots.remove(vault);
        while other_slots.len() > MOST_VAULTS {
            other_slots.pop_first();
        }
        *self = Self {
            folder: before.folder,
            same_disk: before.same_disk,
            synced: before.synced,
            keep_newest: before.keep_newest,
            keep_days: before.keep_days,
            written: before.written,
            vault: Some(vault.to_owned()),
            slot,
            other_slots,
            ..Self::default()
        };
    }

    /// Uses another folder, or none; what was known about the old one is forgotten.
    pub fn move_to(&mut self, folder: Option<PathBuf>) {
        (self.folder, self.same_disk, self.synced) = (folder, false, false);
        (self.last, self.trouble, self.looked_at) = (None, None, None);
        self.damaged.clear();
    }

    /// Whether all backups in the folder are to be looked at, which is done once a day.
    pub fn wants_a_look(&self, now: u64) -> bool {
        self.looked_at.is_none_or(|at| at > now || now - at >= DAILY)
    }

    /// How the backups of a vault in this state go.
    pub fn state(&self, current: VaultState, now: u64) -> BackupState {
        match (&self.folder, &self.trouble, &self.last) {
            (None, ..) => BackupState::Off,
            (_, Some(trouble), _) => match trouble.kind {
                TroubleKind::Unreachable => BackupState::Unreachable,
                TroubleKind::PassphraseStale => BackupState::PassphraseStale,
                TroubleKind::Failing => BackupState::Failing,
            },
            (_, None, None) => BackupState::Pending,
            (_, None, Some(last)) if now.saturating_sub(last.at) > OVERDUE => BackupState::Overdue,
            // How old a backup is that was made in the future nobody knows.
            (_, None, Some(last)) if last.at.saturating_sub(now) > SET_BACK => BackupState::Overdue,
            (_, None, Some(last)) if last.state != current => BackupState::Pending,
            _ => BackupState::Good,
        }
    }

    /// Milliseconds until the next backup of a vault in this state; `None` when none is planned. A clock that was
    /// set back makes it due now rather than years later.
    pub fn due(&self, current: VaultState, waiting: &mut Option<Waiting>, now: u64) -> Option<u64> {
        self.folder.as_ref()?;
        let after = |since: u64, wait: u64| {
            if since > now { 0 } else { (since + wait).saturating_sub(now) }
        };
        let changed = self.last.as_ref().is_none_or(|last| last.state != current);
        let wait = if changed {
            let seen = waiting.get_or_insert(Waiting { state: current, first: now, latest: now });
            if seen.state != current {
                *seen = Waiting { state: current, latest: now, ..*seen };
            }
            if self.last.is_none() {
                0
            } else {
                after(seen.latest, QUIET).min(after(seen.first, LONGEST_WAIT))
            }
        } else {
            *waiting = None;
            self.last.as_ref().map_or(0, |last| after(last.at, DAILY))
        };
        let trouble = self.trouble.as_ref().map_or(0, |trouble| after(trouble.at, RETRY));
        Some(wait.max(trouble))
    }

    /// Notes what this computer wrote, and which of its backups is in use now.
    pub(super) fn noted(&mut self, whole: &Whole) {
        let (name, before) = (&whole.last.name, self.written.len());
        self.written.retain(|one| one != name);
        if whole.new || self.written.len() < before {
            self.written.push(name.clone());
        }
        self.written.retain(|one| !whole.gone.contains(one));
        let most = REMEMBERED * (self.keep_newest as usize + self.keep_days as usize);
        self.written.drain(..self.written.len().saturating_sub(most));
    }

    /// Notes a backup that was found whole.
    pub fn succeeded(&mut self, last: Last) {
        self.last = Some(last);
        self.trouble = None;
    }

    /// Notes an attempt that failed.
    pub fn failed(&mut self, kind: TroubleKind, why: String, now: u64) {
        let since = self.trouble.as_ref().map_or(now, |trouble| trouble.since.min(now));
        self.trouble = Some(Trouble { since, at: now, kind, why });
    }
}

/// Whether the numbers are in their ranges.
pub(crate) fn check(rotation: &BackupRotation) -> Result<(), Failure> {
    let range = |name: &str, value: u32, allowed: std::ops::RangeInclusive<u32>| {
        if allowed.contains(&value) {
            return Ok(());
        }
        let (low, high) = (allowed.start(), allowed.end());
        Err(fail(FailureKind::BadInput, format!("{name} is {value}; {low} to {high} is possible")))
    };
    range("the number of backups", rotation.keep_newest, 3..=1_000)?;
    range("the number of days", rotation.keep_days, 1..=3_650)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_790_000_000_000;
    const OLD: VaultState = VaultState { generation: 1, saved_at: 5 };
    const NEW: VaultState = VaultState { generation: 2, saved_at: 6 };
    const NEWER: VaultState = VaultState { generation: 3, saved_at: 7 };

    fn plan() -> Plan {
        let last = Last { at: NOW, name: "x".into(), state: OLD };
        Plan { folder: Some("f".into()), last: Some(last), ..Plan::default() }
    }

    #[test]
    fn the_first_backup_is_due_at_once_and_none_without_a_folder() {
        let fresh = Plan { last: None, ..plan() };
        assert_eq!(fresh.due(OLD, &mut None, NOW), Some(0));
        assert_eq!(Plan { folder: None, ..plan() }.due(NEW, &mut None, NOW), None);
    }

    #[test]
    fn edits_shortly_after_one_another_are_one_backup_and_endless_edits_do_not_put_it_off() {
        let (plan, mut waiting) = (plan(), None);
        assert_eq!(plan.due(NEW, &mut waiting, NOW), Some(QUIET));
        assert_eq!(plan.due(NEW, &mut waiting, NOW + 40_000), Some(QUIET - 40_000));
        assert_eq!(plan.due(NEWER, &mut waiting, NOW + 50_000), Some(QUIET), "a further edit");
        assert_eq!(plan.due(NEWER, &mut waiting, NOW + 50_000 + QUIET), Some(0));
        let mut state = NEWER;
        for edit in 0..1_000 {
            state.generation += 1;
            if plan.due(state, &mut waiting, NOW + edit * 30_000) == Some(0) {
                assert!(edit * 30_000 >= LONGEST_WAIT);
                return;
            }
        }
        panic!("it was put off for ever");
    }

    #[test]
    fn an_unchanged_vault_is_looked_after_daily_and_a_clock_set_back_waits_for_nothing() {
        let plan = plan();
        assert_eq!(plan.due(OLD, &mut None, NOW + 1_000), Some(DAILY - 1_000));
        assert_eq!(plan.due(OLD, &mut None, NOW + 2 * DAILY), Some(0));
        assert_eq!(plan.due(OLD, &mut None, NOW - 400 * DAILY), Some(0));
    }

    #[test]
    fn a_failure_is_tried_anew_later_and_remembers_since_when() {
        let mut plan = plan();
        plan.failed(TroubleKind::Unreachable, "gone".into(), NOW);
        assert_eq!(plan.due(NEW, &mut None, NOW + 61_000), Some(RETRY - 61_000));
        plan.failed(TroubleKind::Failing, "full".into(), NOW + RETRY);
        assert_eq!(plan.trouble.as_ref().map(|trouble| trouble.since), Some(NOW));
        assert_eq!(plan.state(NEW, NOW + RETRY), BackupState::Failing);
        plan.succeeded(Last { at: NOW + RETRY, name: "y".into(), state: NEW });
        assert_eq!(plan.state(NEW, NOW + RETRY), BackupState::Good);
        assert_eq!(plan.state(NEWER, NOW + RETRY), BackupState::Pending);
        assert_eq!(plan.state(NEW, NOW + RETRY + OVERDUE + 1), BackupState::Overdue);
    }

    #[test]
    fn a_backup_from_the_future_is_not_called_good() {
        let plan = plan();
        assert_eq!(
            plan.state(OLD, NOW - SET_BACK),
            BackupState::Good,
            "clocks are set right by some minutes"
        );
        assert_eq!(plan.state(OLD, NOW - SET_BACK - 1), BackupState::Overdue);
        assert_eq!(plan.due(OLD, &mut None, NOW - SET_BACK - 1), Some(0));
    }

    #[test]
    fn another_vault_starts_anew_and_keeps_only_what_the_person_chose() {
        let mut plan = plan();
        plan.about("a");
        assert!(plan.last.is_none() && plan.folder.is_some());
        plan.succeeded(Last { at: NOW, name: "x".into(), state: OLD });
        plan.about("a");
        assert!(plan.last.is_some());
    }
}
