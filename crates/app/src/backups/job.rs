//! One backup: write, read again, compare, then let the oldest go.

use super::plan::{Last, TroubleKind, VaultState};
use super::rotation::{self, BackupName};
use crate::failure::fail;
use crate::host::Host;
use crate::safety_view::BackupRotation;
use crate::settings::replace;
use crate::unfinished::{noting, temporary_of};
use crate::view::{Failure, FailureKind};
use keyhaven_vault::{Files, Location, LockedVault, SlotInfo};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// A backup to be made. It holds the sealed vault and no key, so it may outlive a lock.
pub struct BackupJob {
    pub(super) host: Arc<dyn Host>,
    pub(super) folder: PathBuf,
    pub(super) image: Image,
    pub(super) rotation: BackupRotation,
    /// The names of what this computer has written, see [`super::plan::Plan::written`]: nothing else is ever removed.
    pub(super) written: Vec<String>,
    /// Whether there must be earlier backups in the folder.
    pub(super) known: bool,
    /// Whether all that are in the folder are to be looked at.
    pub(super) look: bool,
    /// The folder of the vault itself.
    pub(super) home: PathBuf,
    /// Keyhaven's own folder, where it is noted what is being written.
    pub(super) notes: PathBuf,
    pub(super) now: u64,
}

/// What is to be written.
pub(super) struct Image {
    pub vault_id: String,
    pub state: VaultState,
    pub bytes: Vec<u8>,
    /// The ways into it.
    pub slots: Vec<SlotInfo>,
    /// Sealed for backups only: two of one state differ in their bytes.
    pub sealed_anew: bool,
}

/// How a backup went.
pub struct BackupDone {
    pub(super) folder: PathBuf,
    pub(super) result: Result<Whole, (TroubleKind, String)>,
    /// What a look at all backups found damaged, and when that was, Unix milliseconds.
    pub(super) damaged: Option<(Vec<String>, u64)>,
    /// Whether the folder is on the vault's own disk; `None` where the system does not tell.
    pub(super) same_disk: Option<bool>,
}

/// A backup that was found whole.
pub(super) struct Whole {
    pub last: Last,
    /// Whether this job wrote it; else it was there already.
    pub new: bool,
    /// The names of those that had their time, and are gone.
    pub gone: Vec<String>,
}

impl BackupDone {
    /// Why it failed, if so.
    pub fn failure(&self) -> Option<Failure> {
        self.result.as_ref().err().map(|(_, why)| fail(FailureKind::NotSaved, why))
    }
}

impl BackupJob {
    /// Does it; this may take as long as the folder takes to answer.
    pub fn run(self) -> BackupDone {
        let result = self.backup();
        let damaged = (self.look && result.is_ok()).then(|| {
            let damaged = super::damaged_in(self.host.files(), &self.folder, &self.image.vault_id);
            (damaged, self.now)
        });
        let same_disk = self.host.same_disk(&self.home, &self.folder);
        BackupDone { folder: self.folder, result, damaged, same_disk }
    }

    fn backup(&self) -> Result<Whole, (TroubleKind, String)> {
        let files = self.host.files();
        let names = files.list(&self.folder).map_err(|error| {
            let why = match error.kind() {
                io::ErrorKind::NotFound => "the folder is not there; is its drive or share connected?".into(),
                io::ErrorKind::PermissionDenied => "the folder may not be read".into(),
                _ => format!("the folder does not answer: {error}"),
            };
            (TroubleKind::Unreachable, self.told(&why))
        })?;
        let there = rotation::of_vault(&self.image.vault_id, &names);
        // The empty folder on which a drive is mounted is there while the drive is not.
        if self.known && there.is_empty() {
            let why = "the folder has none of the earlier backups; is its drive or share connected?";
            return Err((TroubleKind::Unreachable, self.told(why)));
        }
        if let Some(name) = there.iter().find(|name| name.may_hold(self.image.state) && self.holds(name)) {
            return Ok(Whole { last: self.found_whole(name.file.clone()), new: false, gone: Vec::new() });
        }
        let name = self.write(files)?;
        // Only now that the new one is known to be whole.
        let names = files.list(&self.folder).unwrap_or_default();
        self.clean_up(files, &names);
        let written: Vec<String> = self.written.iter().chain([&name]).cloned().collect();
        let there = self.to_rotate(rotation::own(&self.image.vault_id, &written, &names));
        // What cannot be removed now is removed after the next backup.
        let gone = rotation::superfluous(&there, &self.rotation)
            .filter(|old| old.file != name && files.remove(&self.folder.join(&old.file)).is_ok())
            .map(|old| old.file.clone())
            .collect();
        Ok(Whole { last: self.found_whole(name), new: true, gone })
    }

    fn write(&self, files: &dyn Files) -> Result<String, (TroubleKind, String)> {
        let failing = |why: String| (TroubleKind::Failing, self.told(&why));
        let name = self.free_name(files).ok_or_else(|| failing("no name for the backup is left".into()))?;
        let path = self.folder.join(&name);
        let written = noting(files, &self.notes, &path, || replace(files, &path, &self.image.bytes));
        written.map_err(|error| {
            failing(match error.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "no space is left".into(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    "the folder may not be written".into()
                }
                _ => format!("the backup was not written: {error}"),
            })
        })?;
        match LockedVault::read(files, &Location::at(&path)) {
            Ok(read) if read.as_bytes() == self.image.bytes => Ok(name),
            read => {
                let _ = files.remove(&path);
                let why = read.err().map_or_else(|| "it reads otherwise".into(), |error| error.to_string());
                Err(failing(format!("what was written does not read back: {why}")))
            }
        }
    }

    /// The backups that count and may go, the last that was in use first: those that are whole. One that is damaged
    /// takes no good one's place; it stays, and the person is told of it. All are read only where one is to go.
    fn to_rotate(&self, mut there: Vec<BackupName>) -> Vec<BackupName> {
        if rotation::superfluous(&there, &self.rotation).next().is_some() {
            let files = self.host.files();
            there
                .retain(|name| LockedVault::read(files, &Location::at(self.folder.join(&name.file))).is_ok());
        }
        there
    }

    /// Whether the backup of that name is whole and holds this state.
    fn holds(&self, name: &BackupName) -> bool {
        let path = self.folder.join(&name.file);
        LockedVault::read(self.host.files(), &Location::at(path)).is_ok_and(|read| {
            let same = read.id().to_string() == self.image.vault_id
                && super::state_of(&read) == self.image.state
                && read.slots() == self.image.slots;
            same && (self.image.sealed_anew || read.as_bytes() == self.image.bytes)
        })
    }

    /// Removes what a process that died while writing an earlier backup has left.
    fn clean_up(&self, files: &dyn Files, names: &[String]) {
        for name in names {
            let left = temporary_of(name).and_then(|whole| BackupName::parse(&self.image.vault_id, whole));
            if left.is_some_and(|left| left.state.generation < self.image.state.generation) {
                let _ = files.remove(&self.folder.join(name));
            }
        }
    }

    /// The first name that is free, or whose file is no whole vault: that one is replaced.
    fn free_name(&self, files: &dyn Files) -> Option<String> {
        (1..100).find_map(|number| {
            let name = BackupName::of(&self.image.vault_id, self.image.state, number);
            LockedVault::read(files, &Location::at(self.folder.join(&name))).is_err().then_some(name)
        })
    }

    fn found_whole(&self, name: String) -> Last {
        Last { at: self.now, name, state: self.image.state }
    }

    fn told(&self, why: &str) -> String {
        format!("{}: {why}", self.folder.display())
    }
}
