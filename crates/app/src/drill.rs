//! The fire drill: in a clean temporary home, from the newest copy of the vault and what the person has on paper or
//! in mind, what would a new computer have?

use crate::backups::{damaged_in, rotation};
use crate::drilled_sets::{self, rows};
use crate::failure::{fail, other};
use crate::host::{Host, Keyring, KeyringError, KeyringProbe, KeyringStanding};
use crate::readiness::{Copy, sets_of_accounts};
use crate::readiness_view::*;
use crate::recovery::stored::put;
use crate::recovery::view::{SetStanding, TidyWay};
use crate::session::Session;
use crate::stored::same_codes;
use crate::view::{ChosenVault, Failure, FailureKind, Proof};
use crate::{App, stored::Stored};
use keyhaven_secret::{SecretBytes, SecretText};
use keyhaven_vault::{Compartment, Files, Location, LockedVault, RecordId, SlotKind, VaultId};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Kind of the records that remember a drill.
pub(crate) const KIND: &str = "drill";
/// Drills that are kept; older ones go.
const KEPT: usize = 10;

/// A drill that is to be run, without holding the app: opening the copy takes two key derivations.
pub struct DrillPlan {
    host: Arc<dyn Host>,
    copy: Copy,
    /// The folder that the copy was taken from as its newest, with the vault's id.
    folder: Option<(PathBuf, VaultId)>,
}

/// What a new computer would have: the copy, opened in a home of its own. Dropping it wipes it.
pub struct Drilled {
    copy: Copy,
    with_kit: bool,
    slots: Vec<keyhaven_vault::SlotId>,
    app: App,
    damaged: Vec<String>,
}

impl App {
    /// Plans a drill from `backup`, a file or a folder with backups, or from the newest copy of the vault that is known.
    ///
    /// # Errors
    /// The vault is locked, or there is no copy of it.
    pub fn plan_drill(&self, backup: Option<&Path>) -> Result<DrillPlan, Failure> {
        let id = self.session()?.vault.id();
        let files = self.host.files();
        let folder = match backup {
            Some(path) => files.list(path).is_ok().then(|| path.to_path_buf()),
            None => self.backup_folder(),
        };
        let chosen = match (backup, &folder) {
            (Some(path), None) => Some((path.to_path_buf(), 0)),
            (_, Some(folder)) => newest_in(files, folder, id),
            (None, None) => None,
        };
        let copy = match (chosen, backup) {
            (Some((path, saved_at)), _) => {
                let elsewhere = self.lies_elsewhere(&path);
                Copy { path, saved_at, elsewhere }
            }
            (None, Some(folder)) => {
                let damaged = damaged_in(files, folder, &id.to_string());
                let what = match &damaged[..] {
                    [] => "there is no backup of this vault in this folder".to_owned(),
                    names => format!("no backup in this folder can be read: {}", names.join(", ")),
                };
                return Err(fail(FailureKind::BadInput, format!("{}: {what}", folder.display())));
            }
            (None, None) => {
                self.newest_copy().ok_or_else(|| other("there is no copy of this vault that can be read"))?
            }
        };
        Ok(DrillPlan { host: self.host.clone(), copy, folder: folder.map(|folder| (folder, id)) })
    }

    /// What a copy is that the person chose for a drill.
    ///
    /// # Errors
    /// The vault is locked, the file is no vault that can be read, or it is another vault's.
    pub fn choose_drill_copy(&self, path: &Path) -> Result<ChosenVault, Failure> {
        let chosen = self.choose(path)?;
        if chosen.vault_id != self.session()?.vault.id().to_string() {
            let detail = format!("{} is another vault's", path.display());
            return Err(fail(FailureKind::AnotherVault, detail));
        }
        Ok(chosen)
    }

    /// Compares what a new computer would have with the open vault; the result is dated and kept.
    ///
    /// # Errors
    /// The vault is locked, the copy is another vault's, or the result was not saved.
    pub fn finish_drill(&mut self, drilled: Drilled) -> Result<DrillReport, Failure> {
        let now = self.now();
        let last = self.last_drill()?;
        let session = self.session()?;
        let there = drilled.app.session()?;
        if there.vault.id() != session.vault.id() {
            return Err(other(format!("{} is another vault's", drilled.copy.path.display())));
        }
        // The codes are compared one by one. Where they are locked here, the copy's own keys open this vault's file, too.
        let file = LockedVault::read(self.host.files(), self.location());
        let opened = file.ok().and_then(|file| there.vault.open_copy(&file).ok());
        let ours = session.vault.recovery().or_else(|| opened.as_ref()?.recovery());
        let report = compare(session, ours, &drilled, last.as_ref(), now)?;
        drop((drilled, opened));
        let payload = SecretBytes::new(serde_json::to_vec(&report).map_err(other)?);
        let id = RecordId::random().map_err(other)?;
        self.save_with(|session| {
            let mut old: Vec<(u64, RecordId)> = drills(session).map(|(id, drill)| (drill.at, id)).collect();
            old.sort_unstable();
            let surplus = (old.len() + 1).saturating_sub(KEPT);
            // However many drills of a local copy come after it, the last of a copy elsewhere is remembered.
            let elsewhere = drills(session).filter(|(_, drill)| drill.copy.elsewhere);
            let last_elsewhere = elsewhere.max_by_key(|(id, drill)| (drill.at, *id)).map(|(id, _)| id);
            for (_, id) in old.drain(..surplus).filter(|(_, id)| Some(*id) != last_elsewhere) {
                session.vault.accounts_mut().delete(id, now);
            }
            put(session.vault.accounts_mut(), id, KIND, now, payload);
        })?;
        Ok(report)
    }

    /// The last drill's result.
    ///
    /// # Errors
    /// The vault is locked.
    pub fn last_drill(&self) -> Result<Option<DrillReport>, Failure> {
        Ok(drills(self.session()?).map(|(_, drill)| drill).max_by_key(|drill| drill.at))
    }

    /// The result of the last drill of a copy that lies elsewhere: a drill of a local copy after it takes nothing away.
    pub(crate) fn last_drill_elsewhere(&self) -> Result<Option<DrillReport>, Failure> {
        let all = drills(self.session()?).map(|(_, drill)| drill);
        Ok(all.filter(|drill| drill.copy.elsewhere).max_by_key(|drill| drill.at))
    }
}

impl DrillPlan {
    /// The file that is opened.
    pub fn copy(&self) -> &Path {
        &self.copy.path
    }

    /// Opens the copy as a new computer would: in `home`, an empty folder, without this computer's keyring, with what
    /// the person typed.
    ///
    /// # Errors
    /// The copy cannot be read, or what was typed does not open it.
    pub fn run(self, home: &Path, proof: Proof) -> Result<Drilled, Failure> {
        let host = Arc::new(NewComputer(self.host));
        let mut app = App::open(host, home);
        app.use_vault(&self.copy.path, true)?;
        let with_kit = proof.passphrase.is_none();
        match (&proof.passphrase, &proof.recovery_key) {
            (Some(passphrase), _) => app.unlock_with_passphrase(&SecretText::new(passphrase.clone()))?,
            (None, Some(key)) => app.unlock_with_recovery_key(&SecretText::new(key.clone()))?,
            (None, None) => return Err(other("type the passphrase or the recovery key")),
        }
        app.unlock_recovery(proof)?;
        let locked = LockedVault::read(app.host.files(), &Location::at(&self.copy.path));
        let locked = locked.map_err(|error| crate::failure::unreadable(&error))?;
        let kits = locked.slots().into_iter().filter(|slot| slot.kind == SlotKind::RecoveryKey);
        let slots = kits.map(|slot| slot.id).collect();
        let copy = Copy { saved_at: locked.saved_at(), ..self.copy };
        let folder = self.folder.as_ref();
        let damaged = folder
            .map(|(folder, id)| damaged_in(app.host.files(), folder, &id.to_string()))
            .unwrap_or_default();
        Ok(Drilled { copy, with_kit, slots, app, damaged })
    }
}

/// The newest file in a folder that is this vault, and when it was saved. Names of backups tell which are the newest;
/// other vault files are copies that the person made.
fn newest_in(files: &dyn Files, folder: &Path, id: VaultId) -> Option<(PathBuf, u64)> {
    let names = files.list(folder).ok()?;
    let read = |name: &str| {
        let path = folder.join(name);
        let vault = LockedVault::read(files, &Location::at(&path)).ok().filter(|vault| vault.id() == id)?;
        Some(((vault.generation(), vault.saved_at()), path))
    };
    let backups = rotation::of_vault(&id.to_string(), &names);
    let backup = backups.iter().find_map(|backup| read(&backup.file));
    let named = |name: &&String| backups.iter().any(|backup| backup.file == **name);
    let others = names.iter().filter(|name| name.ends_with(".keyhaven") && !named(name));
    let newest = others.filter_map(|name| read(name)).chain(backup).max()?;
    Some((newest.1, newest.0.1))
}

fn drills(session: &Session) -> impl Iterator<Item = (RecordId, DrillReport)> {
    let records = session.vault.accounts().iter().filter(|record| record.kind == KIND);
    records.filter_map(|record| Some((record.id, serde_json::from_slice(record.payload.expose()).ok()?)))
}

fn compare(
    here: &Session,
    ours: Option<&Compartment>,
    drilled: &Drilled,
    last: Option<&DrillReport>,
    now: u64,
) -> Result<DrillReport, Failure> {
    let there = drilled.app.session()?;
    let mut accounts = Vec::new();
    let found = drilled_sets::compare(here, ours, there);
    let (mut lost, mut sets) = (found.lost, found.whole);
    for (id, ours) in &here.accounts {
        let loss = |why| Loss { name: label(ours), why, codes: 0 };
        match there.accounts.get(id) {
            None => lost.push(loss(LossReason::AccountMissing)),
            Some(theirs) if !same_code(ours, theirs, now) => lost.push(loss(LossReason::AccountDiffers)),
            Some(_) => accounts.push(id.to_string()),
        }
    }
    let sets_back = u32::try_from(sets.len()).unwrap_or(u32::MAX);
    // What an earlier drill found and is gone now without a newer set in its place stays named until there is one.
    let (sets_here, covered) = (rows(here), sets_of_accounts(here));
    for known in last.iter().flat_map(|last| &last.sets) {
        if sets_here.iter().any(|set| set.id == known.id) {
            continue;
        }
        let replaced =
            sets_here.iter().any(|set| set.standing != SetStanding::Superseded && set.name == known.name);
        let account_covered = known.account.as_ref().is_some_and(|account| covered.contains_key(account));
        if !replaced && !account_covered {
            lost.push(Loss {
                name: known.name.clone(),
                why: LossReason::SetDeleted,
                codes: known.codes_back,
            });
            sets.push(known.clone());
        }
    }
    lost.sort_by(|a, b| (a.why, &a.name).cmp(&(b.why, &b.name)));
    let kit_opens = here
        .vault
        .slots()
        .iter()
        .any(|slot| slot.kind == SlotKind::RecoveryKey && drilled.slots.contains(&slot.id));
    Ok(DrillReport {
        at: now,
        // What lies on this computer goes with it.
        ok: lost.is_empty() && drilled.copy.elsewhere,
        copy: CopyView {
            path: drilled.copy.path.display().to_string(),
            saved_at: drilled.copy.saved_at,
            elsewhere: drilled.copy.elsewhere,
            kit_opens,
        },
        with_kit: drilled.with_kit,
        accounts_back: u32::try_from(accounts.len()).unwrap_or(u32::MAX),
        sets_back,
        codes_back: found.codes_back,
        used_since: found.used_since,
        lost,
        accounts,
        sets,
        damaged: drilled.damaged.clone(),
    })
}

/// One code of each, compared; an account that makes none (its secret is odd) must be the same account.
fn same_code(ours: &Stored, theirs: &Stored, now: u64) -> bool {
    let code = |stored: &Stored| stored.account.code_at(now / 1_000).map(|code| code.text).ok();
    // A counter moves on after the copy was made; there the secret and the parameters decide.
    same_codes(&ours.account, &theirs.account)
        && (matches!(ours.account.kind, keyhaven_otp::Kind::Hotp { .. }) || code(ours) == code(theirs))
}

fn label(stored: &Stored) -> String {
    let parts = [stored.account.issuer.as_str(), stored.account.name.as_str()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// This computer without its keyring, as a new one is.
struct NewComputer(Arc<dyn Host>);

impl Host for NewComputer {
    fn now(&self) -> u64 {
        self.0.now()
    }

    fn measure(&self, work: &mut dyn FnMut()) -> Duration {
        self.0.measure(work)
    }

    fn files(&self) -> &dyn Files {
        self.0.files()
    }

    fn keyring(&self) -> &dyn Keyring {
        self
    }

    fn tidy(&self, _path: &Path, _way: TidyWay) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl Keyring for NewComputer {
    fn read(&self, _vault_id: &str) -> Result<SecretText, KeyringError> {
        Err(KeyringError::Missing)
    }

    fn write(&self, _vault_id: &str, _text: &SecretText) -> Result<(), KeyringError> {
        Err(KeyringError::Absent("a drill writes nothing".into()))
    }

    fn remove(&self, _vault_id: &str) -> Result<(), KeyringError> {
        Ok(())
    }

    fn probe(&self) -> KeyringProbe {
        KeyringProbe::of(KeyringStanding::NoService, "a new computer's keyring knows nothing of this vault")
    }
}
