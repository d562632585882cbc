//! What would be back if this computer were gone today, and what to do next.

use crate::backups::rotation;
use crate::failure::other;
use crate::kit::{kit_record_time, kit_state};
use crate::readiness_view::*;
use crate::recovery::stored::{Summary, put, summaries};
use crate::recovery::view::{SetKind, SetStanding};
use crate::safety_view::BackupView;
use crate::session::Session;
use crate::stored::{Stored, same_codes};
use crate::view::{Failure, KitState};
use crate::{App, recovery};
use keyhaven_secret::SecretBytes;
use keyhaven_vault::{Location, LockedVault, RecordId, SlotKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Kind of the records that note ways back which are not recovery codes.
pub(crate) const WAYS_KIND: &str = "ways-back";
/// A set nobody has looked at for this long may be void or forgotten, in milliseconds.
const STALE: u64 = 365 * 24 * 60 * 60 * 1_000;

/// Ways back into an account that the person noted.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Ways {
    account: String,
    second_device: bool,
    admin_reset: bool,
    #[serde(flatten)]
    unknown: serde_json::Map<String, serde_json::Value>,
}

/// The most copies of the vault that are looked into at once.
const COPIES: usize = 12;

/// The newest copy of the vault that a new computer could start from.
pub(crate) struct Copy {
    pub path: PathBuf,
    pub saved_at: u64,
    /// Whether it stays when this computer's disk is gone, as far as that is known.
    pub elsewhere: bool,
}

impl App {
    /// For every account which ways back exist without this computer; what to do next, most dangerous first.
    ///
    /// # Errors
    /// The vault is locked.
    pub fn readiness(&self) -> Result<Readiness, Failure> {
        let session = self.session()?;
        let now = self.now();
        let copy = self.newest_copy();
        let there = copy.as_ref().and_then(|copy| self.look_into(copy));
        let (older, not_looked) = self.older_copies(copy.as_ref());
        let has = |there: &Inside, id: &RecordId, stored: &Stored| {
            there.accounts.get(id).is_some_and(|copy| same_codes(&copy.account, &stored.account))
        };
        let last = self.last_drill()?;
        let sets = sets_of_accounts(session);
        let noted = ways_noted(session);
        // What lies on this computer goes with it: only a copy elsewhere, or the one of the last drill, brings back.
        let elsewhere = self.last_drill_elsewhere()?;
        let drilled = elsewhere.as_ref();
        let mut accounts: Vec<ReadyAccount> = session
            .accounts
            .iter()
            .map(|(id, stored)| {
                let in_copy = there.as_ref().is_some_and(|there| has(there, id, stored));
                let all = there.iter().chain(older.iter().map(|(_, inside)| inside));
                let its_sets = sets.get(&id.to_string()).map_or(&[][..], Vec::as_slice);
                let (mut copies, mut without_sets) = (Vec::new(), Vec::new());
                for (at, inside) in (0u32..).zip(all).filter(|(_, inside)| has(inside, id, stored)) {
                    copies.push(at);
                    if !its_sets.iter().all(|(id, set)| inside.sets.get(id) == Some(&set.total)) {
                        without_sets.push(at);
                    }
                }
                let noted = noted.get(&id.to_string()).map(|(_, ways)| ways.clone()).unwrap_or_default();
                let ways = ways(its_sets, &noted);
                let way = ways.first().copied().unwrap_or(WayBack::Nothing);
                ReadyAccount {
                    id: id.to_string(),
                    issuer: stored.account.issuer.clone(),
                    name: stored.account.name.clone(),
                    way,
                    ways,
                    left: codes_left(its_sets),
                    second_device: noted.second_device,
                    admin_reset: noted.admin_reset,
                    in_copy,
                    copies,
                    without_sets,
                    advice: advice(way, its_sets, now),
                    drilled_at: drilled
                        .filter(|last| last.would_be_back(&id.to_string()))
                        .map(|last| last.at),
                }
            })
            .collect();
        accounts.sort_by(|a, b| {
            (a.advice, &a.issuer, &a.name, &a.id).cmp(&(b.advice, &b.issuer, &b.name, &b.id))
        });
        let kit = kit_state(&session.vault);
        let count = |wanted: fn(&ReadyAccount) -> bool| {
            u32::try_from(accounts.iter().filter(|account| wanted(account)).count()).unwrap_or(u32::MAX)
        };
        let kit_opens = there.as_ref().is_some_and(|there| there.kit_opens && kit == KitState::Kept);
        let slots = session.vault.slots();
        let durable = |kind: &SlotKind| slots.iter().any(|slot| slot.kind == *kind);
        let lies_elsewhere = copy.as_ref().is_some_and(|copy| copy.elsewhere);
        let back = accounts.iter().filter(|account| {
            lies_elsewhere && account.in_copy || drilled.is_some_and(|last| last.would_be_back(&account.id))
        });
        let back = u32::try_from(back.count()).unwrap_or(u32::MAX);
        let view = |copy: &Copy, kit_opens: bool| CopyView {
            path: copy.path.display().to_string(),
            saved_at: copy.saved_at,
            elsewhere: copy.elsewhere,
            kit_opens,
        };
        let here = copy.as_ref().map(|copy| view(copy, kit_opens));
        let kept = kit == KitState::Kept;
        let newest = here.iter().filter(|_| there.is_some()).cloned();
        let older = older.iter().map(|(copy, inside)| view(copy, inside.kit_opens && kept));
        let copies: Vec<CopyView> = newest.chain(older).collect();
        let copy = if lies_elsewhere { here } else { drilled.map(|last| last.copy.clone()).or(here) };
        let mut readiness = Readiness {
            total: u32::try_from(accounts.len()).unwrap_or(u32::MAX),
            back,
            with_way: count(|account| account.way != WayBack::Nothing),
            copies,
            older: not_looked,
            copy,
            kit,
            kit_at: kit_record_time(&session.vault),
            has_passphrase: durable(&SlotKind::Passphrase),
            has_keyring: durable(&SlotKind::Keyring),
            reminders: Vec::new(),
            drill: last,
            accounts,
        };
        readiness.reminders = reminders(session, &readiness, drilled, &self.backups(), now);
        Ok(readiness)
    }

    /// Notes which other ways back into an account there are.
    ///
    /// # Errors
    /// Locked, no such account, or not saved.
    pub fn note_ways(
        &mut self,
        account: &str,
        second_device: bool,
        admin_reset: bool,
    ) -> Result<Readiness, Failure> {
        let account = self.find(account)?.to_string();
        let now = self.now();
        let (id, mut noted) = match ways_noted(self.session()?).remove(&account) {
            Some(known) => known,
            None => (RecordId::random().map_err(other)?, Ways { account, ..Ways::default() }),
        };
        (noted.second_device, noted.admin_reset) = (second_device, admin_reset);
        let payload = SecretBytes::new(serde_json::to_vec(&noted).map_err(other)?);
        self.save_with(|session| put(session.vault.accounts_mut(), id, WAYS_KIND, now, payload))?;
        self.readiness()
    }

    /// The newest copy of this vault: the last backup in the folder of the person's choice, or where there is none the
    /// vault file itself.
    pub(crate) fn newest_copy(&self) -> Option<Copy> {
        self.last_backup().or_else(|| self.vault_itself())
    }

    fn last_backup(&self) -> Option<Copy> {
        let path = self.backup_folder()?.join(&self.backups.plan.last.as_ref()?.name);
        let vault = LockedVault::read(self.host.files(), &Location::at(&path)).ok()?;
        let saved_at = vault.saved_at();
        let elsewhere = self.lies_elsewhere(&path);
        (vault.id() == self.session().ok()?.vault.id()).then_some(Copy { path, saved_at, elsewhere })
    }

    /// The backups in the folder beside the newest copy that can be looked into, newest first, and how many more there
    /// are. One that cannot be read is told elsewhere, with the state of the backups.
    fn older_copies(&self, newest: Option<&Copy>) -> (Vec<(Copy, Inside)>, u32) {
        let known = self.backup_folder().zip(self.sealed().map(|vault| vault.id().to_string()));
        let Some((folder, id)) = known else { return (Vec::new(), 0) };
        let names = rotation::of_vault(&id, &self.host.files().list(&folder).unwrap_or_default());
        let paths = names.iter().map(|name| folder.join(&name.file));
        let paths: Vec<_> = paths.filter(|path| newest.is_none_or(|newest| newest.path != *path)).collect();
        let looked = paths.iter().take(COPIES - 1).filter_map(|path| {
            let saved_at = LockedVault::read(self.host.files(), &Location::at(path)).ok()?.saved_at();
            let copy = Copy { path: path.clone(), saved_at, elsewhere: self.lies_elsewhere(path) };
            let inside = self.look_into(&copy)?;
            Some((copy, inside))
        });
        let left = paths.len().saturating_sub(COPIES - 1);
        (looked.collect(), u32::try_from(left).unwrap_or(u32::MAX))
    }

    fn vault_itself(&self) -> Option<Copy> {
        let files = self.host.files();
        let location = self.location();
        LockedVault::read(files, location).ok().map(|vault| Copy {
            path: location.file().to_path_buf(),
            saved_at: vault.saved_at(),
            elsewhere: false,
        })
    }

    /// The accounts of a copy, opened with the keys of the open vault.
    fn look_into(&self, copy: &Copy) -> Option<Inside> {
        let locked = LockedVault::read(self.host.files(), &Location::at(&copy.path)).ok()?;
        let vault = self.session().ok()?.vault.open_copy(&locked).ok()?;
        let ours: Vec<_> = self.session().ok()?.vault.slots();
        let kit_opens = locked
            .slots()
            .iter()
            .any(|slot| slot.kind == SlotKind::RecoveryKey && ours.iter().any(|known| known.id == slot.id));
        let sets = summaries(vault.accounts()).map(|(id, summary)| (id, summary.total)).collect();
        let mut inside = Inside { accounts: BTreeMap::new(), sets, kit_opens };
        for record in vault.accounts().iter().filter(|record| record.kind == crate::stored::KIND) {
            if let Ok(stored) = Stored::read(&record.payload) {
                inside.accounts.insert(record.id, stored);
            }
        }
        Some(inside)
    }
}

struct Inside {
    accounts: BTreeMap<RecordId, Stored>,
    /// Its recovery sets, and how many codes each has in all.
    sets: BTreeMap<RecordId, u32>,
    kit_opens: bool,
}

type Sets = Vec<(RecordId, Summary)>;

/// The recovery sets in use of each account.
pub(crate) fn sets_of_accounts(session: &Session) -> BTreeMap<String, Sets> {
    let mut sets: BTreeMap<String, Sets> = BTreeMap::new();
    let in_use = summaries(session.vault.accounts()).filter(|(_, summary)| summary.superseded_at.is_none());
    for (id, summary) in in_use {
        let Some(account) = summary.account.clone() else { continue };
        sets.entry(account).or_default().push((id, summary));
    }
    sets
}

fn ways_noted(session: &Session) -> BTreeMap<String, (RecordId, Ways)> {
    let records = session.vault.accounts().iter().filter(|record| record.kind == WAYS_KIND);
    let read = records.filter_map(|record| {
        let ways: Ways = serde_json::from_slice(record.payload.expose()).ok()?;
        Some((ways.account.clone(), (record.id, ways)))
    });
    read.collect()
}

/// Every way back, the best first. Notes are none: what they say is known to the person alone.
fn ways(sets: &[(RecordId, Summary)], noted: &Ways) -> Vec<WayBack> {
    let any = |wanted: &dyn Fn(&Summary) -> bool| sets.iter().any(|(_, set)| wanted(set));
    let is_key = |set: &Summary| matches!(set.kind, SetKind::Key | SetKind::SeedPhrase);
    [
        (WayBack::RecoveryCodes, codes_left(sets) > 0),
        (WayBack::RecoveryKey, any(&|set| is_key(set) && set.left() > 0)),
        (WayBack::Document, any(&|set| set.kind == SetKind::Document)),
        (WayBack::SecondDevice, noted.second_device),
        (WayBack::AdminReset, noted.admin_reset),
    ]
    .into_iter()
    .filter_map(|(way, is_there)| is_there.then_some(way))
    .collect()
}

fn codes_left(sets: &[(RecordId, Summary)]) -> u32 {
    sets.iter().filter(|(_, set)| set.kind == SetKind::Codes).map(|(_, set)| set.left()).sum()
}

/// What to do about an account whose best way back is `way`.
fn advice(way: WayBack, sets: &[(RecordId, Summary)], now: u64) -> Advice {
    let standings = || sets.iter().map(|(_, set)| recovery::standing(set));
    let spent = standings().any(|standing| standing == SetStanding::Empty);
    match way {
        WayBack::Nothing if spent => Advice::Replace,
        WayBack::Nothing => Advice::AddCodes,
        WayBack::AdminReset => Advice::AskSecondDevice,
        _ => {
            // One good list is enough, however many others are spent.
            let good = |set: &Summary| set.total > 0 && recovery::standing(set) == SetStanding::Good;
            let low = standings().any(|standing| matches!(standing, SetStanding::Low | SetStanding::Empty));
            let stale = |set: &Summary| now.saturating_sub(set.seen_at.unwrap_or(set.added_at)) > STALE;
            if low && !sets.iter().any(|(_, set)| good(set)) {
                Advice::ReplaceSoon
            } else if sets.iter().any(|(_, set)| stale(set)) {
                Advice::LookAt
            } else {
                Advice::Nothing
            }
        }
    }
}

/// What is not about one account.
fn reminders(
    session: &Session,
    readiness: &Readiness,
    drilled: Option<&DrillReport>,
    backups: &BackupView,
    now: u64,
) -> Vec<Reminder> {
    let mut reminders = Vec::new();
    if readiness.kit != KitState::Kept {
        reminders.push(Reminder::KeepKit);
    }
    if readiness.copy.as_ref().is_none_or(|copy| !copy.elsewhere) {
        reminders.push(match &backups.folder {
            Some(folder) if backups.same_disk && !backups.synced && backups.last_at.is_some() => {
                Reminder::BackupsOnThisDisk { folder: folder.clone() }
            }
            _ => Reminder::NoBackupElsewhere,
        });
    }
    if !backups.damaged.is_empty() {
        reminders.push(Reminder::BackupsDamaged { names: backups.damaged.clone() });
    }
    let kit_slot = session.vault.slots().into_iter().filter(|slot| slot.kind == SlotKind::RecoveryKey);
    let newest = session.vault.slots().iter().map(|slot| slot.created_at).max();
    if let (Some(kit), Some(newest)) = (kit_slot.map(|slot| slot.created_at).max(), newest)
        && newest > kit
    {
        reminders.push(Reminder::KitOlderThanSlots);
    }
    let failed = |drill: Option<&DrillReport>| drill.is_some_and(|drill| !drill.lost.is_empty());
    match drilled {
        _ if failed(readiness.drill.as_ref()) || failed(drilled) => reminders.push(Reminder::DrillFailed),
        Some(drill) if now.saturating_sub(drill.at) > STALE / 2 => reminders.push(Reminder::DrillOld),
        Some(_) => {}
        // A copy that goes with this computer is no way back that was tried.
        _ if readiness.total > 0 => reminders.push(Reminder::NeverDrilled),
        _ => {}
    }
    // Sets that belong to no account want looking at too.
    let loose = summaries(session.vault.accounts()).map(|(_, summary)| summary);
    for set in loose.filter(|set| set.superseded_at.is_none() && set.account.is_none()) {
        match recovery::standing(&set) {
            SetStanding::Low | SetStanding::Empty => {
                reminders.push(Reminder::SetLow { name: recovery::name(&set) })
            }
            _ if now.saturating_sub(set.seen_at.unwrap_or(set.added_at)) > STALE => {
                reminders.push(Reminder::SetStale { name: recovery::name(&set) });
            }
            _ => {}
        }
    }
    reminders
}
