//! Backups in a folder of the person's choice, beside the saved states that every save leaves next to the vault.
//!
//! A shell asks [`App::backup_wait`] how long nothing is due, then takes a [`BackupJob`] and runs it without holding
//! the app, since the folder may be a share that does not answer; [`App::end_backup`] takes note of what came of it.

mod job;
pub(crate) mod plan;
pub(crate) mod rotation;

pub use job::{BackupDone, BackupJob};

use crate::failure::{fail, folder_is_there, other};
use crate::host::Host;
use crate::kit::Proven;
use crate::safety_view::{BackupRotation, BackupState, BackupView};
use crate::vaulting::slot_of;
use crate::view::{Failure, FailureKind, Proof};
use crate::{App, Phase, strength};
use job::Image;
use keyhaven_secret::SecretText;
use keyhaven_vault::{CopyError, Files, KdfCost, Location, LockedVault, NewSlot, SlotKind};
use plan::{Plan, TroubleKind, VaultState, Waiting};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the slot of the backups' own passphrase is called in their files.
const BACKUP_LABEL: &str = "backups";

/// What the app knows about its backups.
pub(crate) struct Backups {
    pub plan: Plan,
    /// Why the plan on disk could not be read, the last time that it was looked at; `plan` is what was known before.
    unreadable: Option<String>,
    waiting: Option<Waiting>,
}

impl Backups {
    pub fn new(read: Result<Plan, String>) -> Self {
        let unreadable = read.as_ref().err().cloned();
        Self { plan: read.unwrap_or_default(), unreadable, waiting: None }
    }
}

/// See [`App::backup_look`].
pub struct BackupLook {
    host: Arc<dyn Host>,
    view: BackupView,
    folder: Option<PathBuf>,
    last: Option<String>,
    vault_id: Option<String>,
    /// The folder of the vault itself.
    home: PathBuf,
}

impl BackupLook {
    /// How the backups stand, with the folder and the last backup looked at; `all` looks at every one for damage.
    pub fn run(self, all: bool) -> BackupView {
        let Self { host, mut view, folder, last, vault_id, home } = self;
        let (Some(folder), Some(last), Some(vault_id)) = (folder, last, vault_id) else { return view };
        let files = host.files();
        if all {
            view.damaged = damaged_in(files, &folder, &vault_id);
        }
        view.same_disk = host.same_disk(&home, &folder).unwrap_or(view.same_disk);
        let place = folder.join(last);
        let (state, failure) = if files.list(&folder).is_err() {
            (BackupState::Unreachable, format!("{} is not there", folder.display()))
        } else {
            match LockedVault::read(files, &Location::at(&place)) {
                Ok(_) => return view,
                Err(error) => {
                    (BackupState::Failing, format!("the last backup, {}: {error}", place.display()))
                }
            }
        };
        view.state = state;
        view.failure = view.failure.or(Some(failure));
        view
    }
}

impl App {
    /// How the backups stand.
    pub fn backups(&self) -> BackupView {
        let plan = &self.backups.plan;
        let state = match self.sealed() {
            Some(_) if self.backups.unreadable.is_some() => BackupState::Failing,
            Some(vault) => plan.state(state_of(vault), self.now()),
            None => BackupState::Off,
        };
        let unreadable = self.backups.unreadable.as_ref().map(|why| {
            format!("what is known about the backups cannot be read ({why}); choose their folder anew")
        });
        BackupView {
            folder: plan.folder.as_ref().map(|folder| folder.display().to_string()),
            state,
            last_at: plan.last.as_ref().map(|last| last.at),
            last_name: plan.last.as_ref().map(|last| last.name.clone()),
            failure: unreadable.or_else(|| plan.trouble.as_ref().map(|trouble| trouble.why.clone())),
            failing_since: plan.trouble.as_ref().map(|trouble| trouble.since),
            keep_newest: plan.keep_newest,
            keep_days: plan.keep_days,
            own_passphrase: plan.slot.is_some(),
            kit_opens: self
                .sealed()
                .is_some_and(|vault| slot_of(&vault.slots(), &SlotKind::RecoveryKey).is_some()),
            same_disk: plan.folder.is_some() && plan.same_disk,
            synced: plan.synced,
            damaged: plan.damaged.clone(),
        }
    }

    /// The same after a look into the folder: a last backup that was removed there is told, and every one that is damaged.
    pub fn backups_looked_at(&self) -> BackupView {
        self.backup_look().run(true)
    }

    /// A look into the folder of backups, to be had without holding the app: it may be a share that takes its time.
    pub fn backup_look(&self) -> BackupLook {
        BackupLook {
            host: self.host.clone(),
            view: self.backups(),
            folder: self.backups.plan.folder.clone(),
            last: self.backups.plan.last.as_ref().map(|last| last.name.clone()),
            vault_id: self.sealed().map(|vault| vault.id().to_string()),
            home: self.location().folder().to_path_buf(),
        }
    }

    /// Keeps backups in `folder` from now on; the first one is due at once. The folder must be there: one that is
    /// made by mistake where a drive should be mounted would hold backups that nobody finds.
    ///
    /// # Errors
    /// There is no such folder, it is the vault's own, or the choice could not be kept.
    pub fn set_backup_folder(&mut self, folder: &Path) -> Result<BackupView, Failure> {
        if self.demo {
            return Err(fail(FailureKind::BadInput, "the demonstration vault keeps no backups"));
        }
        let files = self.host.files();
        let real = files.real_path(folder).and_then(|real| files.list(&real).map(|_| real));
        let real = real.map_err(|error| {
            let what = match error.kind() {
                std::io::ErrorKind::NotFound => "there is no such folder".into(),
                std::io::ErrorKind::NotADirectory => "this is a file".into(),
                std::io::ErrorKind::PermissionDenied => "this folder may not be read".into(),
                _ => error.to_string(),
            };
            fail(FailureKind::BadInput, format!("{}: {what}", folder.display()))
        })?;
        let own = files.real_path(self.real_location().folder());
        if own.is_ok_and(|own| real.starts_with(own)) {
            return Err(fail(
                FailureKind::BadInput,
                "this folder is the vault's own: what takes the vault would take its backups along",
            ));
        }
        let same_disk = self.host.same_disk(self.location().folder(), &real);
        self.change_plan(|plan| {
            plan.move_to(Some(real));
            plan.same_disk = same_disk == Some(true);
        })
    }

    /// Takes note of whether another program keeps the folder for backups alike on another computer. What is on the
    /// vault's own disk goes with it; a synced folder does not.
    ///
    /// # Errors
    /// There is no such folder, or it could not be kept.
    pub fn note_synced_folder(&mut self, synced: bool) -> Result<BackupView, Failure> {
        self.reload_plan();
        if self.backups.plan.folder.is_none() {
            return Err(fail(FailureKind::BadInput, "no folder was chosen for backups"));
        }
        self.change_plan(|plan| plan.synced = synced)
    }

    /// Keeps no more backups; those that are there stay.
    ///
    /// # Errors
    /// The choice could not be kept.
    pub fn stop_backups(&mut self) -> Result<BackupView, Failure> {
        self.change_plan(|plan| plan.move_to(None))
    }

    /// Changes how many backups stay; it counts from the next backup on.
    ///
    /// # Errors
    /// A number out of its range, or the choice could not be kept.
    pub fn set_backup_rotation(&mut self, rotation: BackupRotation) -> Result<BackupView, Failure> {
        plan::check(&rotation)?;
        self.change_plan(|plan| {
            plan.keep_newest = rotation.keep_newest;
            plan.keep_days = rotation.keep_days;
        })
    }

    /// Gives backups a passphrase of their own, or the vault's own again. With their own, the vault's passphrase and
    /// this computer's keyring open no backup; the emergency kit, where there is one, opens all of them.
    ///
    /// # Errors
    /// Locked, wrong proof, too weak, or the choice could not be kept.
    pub fn set_backup_passphrase(
        &mut self,
        proof: Proof,
        passphrase: Option<SecretText>,
    ) -> Result<BackupView, Failure> {
        let slot = match passphrase {
            None => {
                self.check_proof(proof)?;
                None
            }
            Some(passphrase) => {
                strength::check(&passphrase)?;
                let cost = self.calibrated();
                Some(self.backup_slot(proof, &passphrase, cost)?)
            }
        };
        self.change_plan(|plan| {
            plan.slot = slot;
            // The next backup is another file, though the vault is the same.
            plan.last = None;
            plan.trouble = None;
        })
    }

    fn backup_slot(
        &mut self,
        proof: Proof,
        passphrase: &SecretText,
        cost: KdfCost,
    ) -> Result<keyhaven_vault::DetachedSlot, Failure> {
        let proof = Proven::new(proof)?;
        let vault = &self.session()?.vault;
        // A copy is opened, so that the recovery compartment of the open vault stays as it is.
        let mut copy = vault.open_copy(vault.sealed()).map_err(other)?;
        copy.unlock_recovery(proof.credential())?;
        let slot = NewSlot { label: BACKUP_LABEL.into(), ..NewSlot::passphrase(passphrase, cost) };
        copy.detached_slot(&slot, self.now()).map_err(other)
    }

    /// Milliseconds until a backup is due; `None` when none is planned or none can be made now.
    pub fn backup_wait(&mut self) -> Option<u64> {
        if self.demo
            || self.backups.unreadable.is_some()
            || self.session().is_ok_and(|session| session.waiting.is_some())
        {
            return None;
        }
        if self.backups.plan.slot.is_some() && !self.is_open() {
            return None; // sealing under another passphrase takes the open vault
        }
        if self.backups.plan.folder.is_some() {
            self.take_in_changes();
        }
        let (now, current) = (self.now(), state_of(self.sealed()?));
        let Backups { plan, waiting, .. } = &mut self.backups;
        plan.due(current, waiting, now)
    }

    /// Takes in what another program has saved meanwhile: it is to be backed up as much as what this one saves. What
    /// cannot be taken in is told where somebody asks for something.
    fn take_in_changes(&mut self) {
        let Ok(session) = self.session() else { return self.look_again() };
        let there = LockedVault::read(self.host.files(), self.location());
        if there.is_ok_and(|there| there.as_bytes() != session.vault.sealed().as_bytes()) {
            let _ = self.take_in();
        }
    }

    /// What to write where. `asked` says that a person asked for it: then a folder without any of the earlier backups
    /// is taken for the right one.
    ///
    /// # Errors
    /// No folder was chosen, there is no vault, or it cannot be sealed under the backups' own passphrase; the last is
    /// remembered as [`App::end_backup`] does.
    pub fn begin_backup(&mut self, asked: bool) -> Result<BackupJob, Failure> {
        self.reload_plan();
        if let (Some(_), Some(failure)) = (&self.backups.unreadable, self.backups().failure) {
            return Err(fail(FailureKind::NotSaved, failure));
        }
        let plan = &self.backups.plan;
        let Some(folder) = plan.folder.clone() else {
            return Err(fail(FailureKind::BadInput, "no folder was chosen for backups"));
        };
        let image = match self.backup_image() {
            Ok(image) => image,
            Err(failure) => {
                // A vault that is merely locked is backed up once it is open; anything else is the person's to know.
                if failure.kind != FailureKind::Locked {
                    let kind = match failure.kind {
                        FailureKind::BackupPassphrase => TroubleKind::PassphraseStale,
                        _ => TroubleKind::Failing,
                    };
                    let (why, now) = (failure.detail.clone(), self.now());
                    self.note(|plan| plan.failed(kind, why, now));
                }
                return Err(failure);
            }
        };
        let plan = &self.backups.plan;
        Ok(BackupJob {
            host: self.host.clone(),
            folder,
            image,
            rotation: plan.rotation(),
            written: plan.written.clone(),
            known: !asked && plan.last.is_some(),
            look: asked || plan.wants_a_look(self.now()),
            home: self.location().folder().to_path_buf(),
            notes: self.home.folder().to_path_buf(),
            now: self.now(),
        })
    }

    /// The job that saves what the next backup would, so that a vault with unsaved backups can be locked at once.
    pub fn backup_before_lock(&mut self) -> Option<BackupJob> {
        let current = state_of(self.sealed()?);
        let plan = &self.backups.plan;
        let changed = plan.last.as_ref().is_some_and(|last| last.state != current);
        let wanted = self.is_open() && !self.demo && changed && plan.trouble.is_none();
        if wanted { self.begin_backup(false).ok() } else { None }
    }

    /// Takes note of how a backup went. That itself may fail to be kept; the next start then only does not know of it.
    pub fn end_backup(&mut self, done: BackupDone) -> BackupView {
        let now = self.now();
        self.note(|plan| {
            // A folder that was given up or changed meanwhile is not what this backup was about.
            if plan.folder.as_ref() != Some(&done.folder) {
                return;
            }
            match done.result {
                Ok(whole) => {
                    plan.noted(&whole);
                    plan.succeeded(whole.last);
                }
                Err((kind, why)) => plan.failed(kind, why, now),
            }
            if let Some((damaged, at)) = done.damaged {
                (plan.damaged, plan.looked_at) = (damaged, Some(at));
            }
            plan.same_disk = done.same_disk.unwrap_or(plan.same_disk);
        });
        self.backups()
    }

    /// Makes a backup now, for shells that have nothing else to do meanwhile.
    ///
    /// # Errors
    /// As [`App::begin_backup`], or it could not be written.
    pub fn back_up_now(&mut self) -> Result<BackupView, Failure> {
        let done = self.begin_backup(true)?.run();
        let failure = done.failure();
        let view = self.end_backup(done);
        failure.map_or(Ok(view), Err)
    }

    /// Writes the sealed vault, as it is, to a new file of the person's choice, and reads it again.
    ///
    /// # Errors
    /// There is no vault, a file is there already, or it could not be written or read again.
    pub fn back_up_to(&self, file: &Path) -> Result<(), Failure> {
        let vault = self.sealed().ok_or_else(|| crate::not_open(&self.phase))?;
        let place = Location::at(file);
        let told = |error: &dyn std::fmt::Display| {
            fail(FailureKind::NotSaved, format!("{}: {error}", file.display()))
        };
        folder_is_there(file)?;
        let written = self.noting(file, || vault.copy_to(self.host.files(), &place));
        written.map_err(|error| told(&error))?;
        // A backup that cannot be read is none.
        let read = LockedVault::read(self.host.files(), &place).map_err(|error| told(&error))?;
        if read.as_bytes() != vault.as_bytes() {
            return Err(told(&"what was written reads otherwise"));
        }
        Ok(())
    }

    /// The vault as it stands on disk, locked or open.
    pub(crate) fn sealed(&self) -> Option<&LockedVault> {
        match &self.phase {
            Phase::Locked { vault, .. } => Some(vault),
            Phase::Open(session) => Some(session.vault.sealed()),
            Phase::Absent | Phase::Unreadable(_) => None,
        }
    }

    fn backup_image(&self) -> Result<Image, Failure> {
        let vault = self.sealed().ok_or_else(|| crate::not_open(&self.phase))?;
        let state = state_of(vault);
        let id = vault.id().to_string();
        let Some(slot) = &self.backups.plan.slot else {
            let (bytes, slots) = (vault.as_bytes().to_vec(), vault.slots());
            return Ok(Image { vault_id: id, state, bytes, slots, sealed_anew: false });
        };
        let session = self.session()?;
        let copy = session.vault.sealed_for(slot, |slot| slot.kind == SlotKind::RecoveryKey);
        let copy = copy.map_err(|error| match error {
            CopyError::StaleSlot => fail(
                FailureKind::BackupPassphrase,
                "the vault's keys were rotated; the backups' own passphrase has to be set anew",
            ),
            error => other(error),
        })?;
        // What is to be trusted for years is opened once before it is written.
        let opened = session.vault.open_copy(&copy).map_err(other)?;
        if opened.accounts().len() != session.vault.accounts().len() {
            return Err(other("the sealed copy does not hold every account"));
        }
        let (bytes, slots) = (copy.as_bytes().to_vec(), copy.slots());
        Ok(Image { vault_id: id, state, bytes, slots, sealed_anew: true })
    }

    fn reload_plan(&mut self) {
        if !self.demo {
            match Plan::read(self.host.files(), self.home.folder()) {
                Ok(plan) => (self.backups.plan, self.backups.unreadable) = (plan, None),
                // What was known stays: it is better than nothing, and is not written over what cannot be read.
                Err(why) => self.backups.unreadable = Some(why),
            }
        }
        if let Some(id) = self.sealed().map(|vault| vault.id().to_string()) {
            self.backups.plan.about(&id);
        }
    }

    /// Changes the plan as it stands on disk: the window and the command line share it.
    fn change_plan(&mut self, change: impl FnOnce(&mut Plan)) -> Result<BackupView, Failure> {
        self.reload_plan();
        let before = self.backups.plan.clone();
        change(&mut self.backups.plan);
        if !self.demo {
            if self.backups.unreadable.is_some() {
                if let Err(failure) = Plan::put_aside(self.host.files(), self.home.folder()) {
                    self.backups.plan = before;
                    return Err(failure);
                }
                self.backups.unreadable = None;
            }
            let written = self.backups.plan.write(self.host.files(), self.home.folder());
            if let Err(failure) = written {
                self.backups.plan = before;
                return Err(failure);
            }
        }
        Ok(self.backups())
    }

    /// Notes how it went, at least for as long as this program runs: what cannot be kept is found out anew later.
    fn note(&mut self, change: impl FnOnce(&mut Plan)) {
        self.reload_plan();
        change(&mut self.backups.plan);
        if !self.demo && self.backups.unreadable.is_none() {
            let _ = self.backups.plan.write(self.host.files(), self.home.folder());
        }
    }

    /// Whether what lies there stays when this computer's disk is gone, as far as that is known.
    pub(crate) fn lies_elsewhere(&self, path: &Path) -> bool {
        let plan = &self.backups.plan;
        let real = self.host.files().real_path(path).unwrap_or_else(|_| path.to_path_buf());
        let synced = plan.synced && plan.folder.as_ref().is_some_and(|folder| real.starts_with(folder));
        synced || self.host.same_disk(self.location().folder(), path) != Some(true)
    }

    /// The folder of backups.
    pub(crate) fn backup_folder(&self) -> Option<PathBuf> {
        self.backups.plan.folder.clone()
    }
}

/// Files in a folder whose names say that they are this vault's backups and that cannot be read, newest first.
pub(crate) fn damaged_in(files: &dyn Files, folder: &Path, vault_id: &str) -> Vec<String> {
    let backups = rotation::of_vault(vault_id, &files.list(folder).unwrap_or_default());
    let damaged = |name: &rotation::BackupName| {
        LockedVault::read(files, &Location::at(folder.join(&name.file))).is_err()
    };
    backups.into_iter().filter(damaged).map(|name| name.file).collect()
}

pub(crate) fn state_of(vault: &LockedVault) -> VaultState {
    VaultState { generation: vault.generation(), saved_at: vault.saved_at() }
}
