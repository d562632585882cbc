//! Saving: the old vault or the new one is on the disk, whatever happens in between.
//!
//! Lock; compare the file with what was read; keep it as a generation; write the new one beside it; bring it to the
//! disk; read it back and open it; give it the vault's name; bring the folder to the disk.

use crate::{
    compartment::Compartment,
    files::{Files, Lock},
    generations::{self, Next},
    header::{self, Demand, MAX_FILE, MAX_HEADER, ReadError},
    location::Location,
    locked::LockedVault,
    open::{ImageKeys, OpenVault, RecoveryKeys},
    random::NoRandomness,
};
use std::{
    fmt, io,
    path::{Path, PathBuf},
    time::Duration,
};

/// What a save did beside saving.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// The vault's new generation.
    pub generation: u64,
    /// Whether the file system has locks; without them two writers at the very same moment are told apart only by
    /// what stands in the file just before.
    pub locked: bool,
    /// Whether the file's new name is known to survive a power cut. Where it is not (the folder could not be brought to
    /// the disk), a power cut may bring the state before back; the next save tries again.
    pub durable: bool,
    /// Earlier generations that should have been removed and could not be.
    pub not_thinned: Vec<PathBuf>,
}

/// Why a save did not happen. The file is the one that was there before, and the open vault has every change still.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SaveError {
    /// The file is not the one that was read: another program, another computer or a person put it there. Read it
    /// and [`OpenVault::merge`] it.
    #[error("the vault file was changed by another program{}", generation_of(.found))]
    ChangedOnDisk {
        /// The generation that the file has now, when it can be read.
        found: Option<u64>,
    },
    /// A new vault would take the place of a file.
    #[error("a file is there already")]
    AlreadyExists,
    /// Another program has been saving this vault for three seconds.
    #[error("another program is saving the vault at this moment; nothing was changed, try again")]
    LockedByAnother,
    /// The disk, or the quota, is full.
    #[error("no space left while {operation}")]
    NoSpace {
        /// What was being done.
        operation: DiskOperation,
        /// To which file or folder.
        path: PathBuf,
    },
    /// The file, its folder or the whole disk may not be written.
    #[error("not allowed: {operation}")]
    ReadOnly {
        /// What was being done.
        operation: DiskOperation,
        /// To which file or folder.
        path: PathBuf,
    },
    /// What was written did not read back as it was written: a failing disk or a lying share.
    #[error("what was written to the disk does not read back")]
    NotVerified,
    /// The vault would be larger than it could be read again.
    #[error("the vault would be too large: {0}")]
    TooLarge(Demand),
    /// The system refused something else.
    #[error("{operation} failed: {source}")]
    Io {
        /// What was being done.
        operation: DiskOperation,
        /// To which file or folder.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// No random bytes.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

fn generation_of(found: &Option<u64>) -> String {
    found.map_or(String::new(), |generation| format!(" (it has generation {generation})"))
}

/// One step of writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DiskOperation {
    /// Following symbolic links to the file.
    Resolve,
    /// Making the folder of the generations.
    CreateFolder,
    /// Taking the lock.
    Lock,
    /// Reading the file that is there.
    Read,
    /// Making a temporary file.
    Create,
    /// Writing it.
    Write,
    /// Bringing it to the disk.
    Sync,
    /// Reading it again.
    ReadBack,
    /// Giving it its name.
    Rename,
    /// Bringing the folder to the disk.
    SyncFolder,
}

impl fmt::Display for DiskOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "finding the file",
            Self::CreateFolder => "making a folder",
            Self::Lock => "locking the vault",
            Self::Read => "reading the file that is there",
            Self::Create => "making a temporary file",
            Self::Write => "writing a temporary file",
            Self::Sync => "bringing a file to the disk",
            Self::ReadBack => "reading a file again",
            Self::Rename => "renaming a file",
            Self::SyncFolder => "bringing a folder to the disk",
        })
    }
}

/// Names a failed step for [`Result::map_err`].
pub(crate) fn failed(operation: DiskOperation, path: &Path) -> impl FnOnce(io::Error) -> SaveError {
    let path = path.to_owned();
    move |source| match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => SaveError::NoSpace { operation, path },
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            SaveError::ReadOnly { operation, path }
        }
        _ => SaveError::Io { operation, path, source },
    }
}

impl OpenVault {
    /// Saves the vault where it was read from or made for. `now` is in milliseconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// See [`SaveError`]. The file on disk is the old one.
    pub fn save(&mut self, files: &dyn Files, now: u64) -> Result<Saved, SaveError> {
        self.save_after(files, now, Next::Changes)
    }

    /// Saves a change that leaves nothing of the state before worth coming back to, such as a counter's move: that
    /// state is kept until the next one is, and pushes no other out of the generations. `now` is in milliseconds since
    /// 1970-01-01 UTC.
    ///
    /// # Errors
    /// See [`SaveError`]. The file on disk is the old one.
    pub fn save_move(&mut self, files: &dyn Files, now: u64) -> Result<Saved, SaveError> {
        self.save_after(files, now, Next::Moves)
    }

    /// Whether something that the file has, as far as this vault is open, is gone.
    fn lacks_something_saved(&self) -> bool {
        let lacks = |now: &Compartment, before: &Compartment| {
            before.iter().any(|record| now.get(record.id).is_none())
                || before.set_aside.len() > now.set_aside.len()
                || before.conflicts().count() > now.conflicts().count()
        };
        // What cannot be opened any more cannot be compared either; it is kept as any other.
        self.image.on_disk
            && self.opened_like_this(&self.image).is_ok_and(|before| {
                lacks(&self.accounts, &before.accounts)
                    || self.recovery().zip(before.recovery()).is_some_and(|(now, before)| lacks(now, before))
            })
    }

    /// `next` is what the caller says of the change; that something went is seen whatever it says.
    fn save_after(&mut self, files: &dyn Files, now: u64, next: Next) -> Result<Saved, SaveError> {
        let location = &self.image.location;
        let location = location.real(files).map_err(failed(DiskOperation::Resolve, location.file()))?;
        let folder = location.folder();
        files.create_folder(folder).map_err(failed(DiskOperation::CreateFolder, folder))?;
        let lock = lock(files, &location)?;
        let before = self.check_unchanged(files, &location)?;
        let generation = generations::next(files, &location, self.header.generation);
        let (lacks, sealed) =
            side_by_side(|| self.lacks_something_saved(), || self.sealed_file(generation, now));
        let sealed = sealed?;
        if let Some(before) = before {
            generations::keep(files, &location, before, if lacks { Next::Lacks } else { next })?;
        }
        self.write(files, &location, sealed, &lock)
    }

    /// Saves the vault where its file was cut off, damaged or removed while it was open: this program may be the only
    /// one that still has what was in it. What stands there is kept among the generations. `now` is in milliseconds
    /// since 1970-01-01 UTC.
    ///
    /// # Errors
    /// See [`SaveError`]. [`SaveError::ChangedOnDisk`] when the file can be read or was written by a newer program, and
    /// when not even the generations are there any more, as after a stick was pulled out: then nothing is written.
    pub fn save_over_unreadable(&mut self, files: &dyn Files, now: u64) -> Result<Saved, SaveError> {
        let location = &self.image.location;
        let location = location.real(files).map_err(failed(DiskOperation::Resolve, location.file()))?;
        let generations = location.generations_folder();
        files.list(&generations).map_err(|_| SaveError::ChangedOnDisk { found: None })?;
        let lock = lock(files, &location)?;
        match LockedVault::read(files, &location) {
            Err(ReadError::NotFound) => {}
            Err(ReadError::Truncated { .. } | ReadError::NotAVault | ReadError::Damaged(_)) => {
                generations::keep_unreadable(files, &location)?;
            }
            Ok(there) => return Err(SaveError::ChangedOnDisk { found: Some(there.generation()) }),
            Err(_) => return Err(SaveError::ChangedOnDisk { found: None }),
        }
        let generation = generations::next(files, &location, self.header.generation);
        let sealed = self.sealed_file(generation, now)?;
        self.write(files, &location, sealed, &lock)
    }

    /// The whole file as it is to be written, and its recovery segments.
    fn sealed_file(&self, generation: u64, now: u64) -> Result<(Vec<u8>, Vec<Vec<u8>>), SaveError> {
        let segments = self.sealed_segments()?;
        let bytes = self.seal(generation, now, &segments)?;
        Self::check_readable(&bytes)?;
        Ok((bytes, segments))
    }

    /// Writes the vault in the place of what was compared or kept before, under the lock.
    fn write(
        &mut self,
        files: &dyn Files,
        location: &Location,
        (bytes, segments): (Vec<u8>, Vec<Vec<u8>>),
        lock: &Lock,
    ) -> Result<Saved, SaveError> {
        let folder = location.folder();
        let image = self.replace(files, location, bytes)?;
        self.adopt(LockedVault { location: self.image.location.clone(), ..image }, segments);
        // The new vault is in its place: that it was saved is true from here on, whatever the folder says.
        let durable = files.sync_folder(folder).is_ok();
        // Where a power cut could bring the state before back, its predecessors stay too.
        let not_thinned = if durable { generations::thin(files, location) } else { Vec::new() };
        Ok(Saved {
            generation: self.header.generation,
            locked: matches!(lock, Lock::Held(_)),
            durable,
            not_thinned,
        })
    }

    /// The file that is there, when it is the one that was read. A new vault finds none.
    fn check_unchanged(
        &self,
        files: &dyn Files,
        location: &Location,
    ) -> Result<Option<&LockedVault>, SaveError> {
        let path = location.file();
        let bytes = match files.read(path, MAX_FILE) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                return Err(SaveError::ChangedOnDisk { found: None });
            }
            Err(error) => return Err(failed(DiskOperation::Read, path)(error)),
        };
        match (bytes, self.image.on_disk) {
            (None, false) => Ok(None),
            (Some(_), false) => Err(SaveError::AlreadyExists),
            (Some(bytes), true) if bytes == self.image.bytes => Ok(Some(&self.image)),
            (bytes, true) => {
                let found = bytes.and_then(|bytes| header::parse(&bytes).ok());
                Err(SaveError::ChangedOnDisk { found: found.map(|parsed| parsed.header.generation) })
            }
        }
    }

    /// Nothing is written that [`LockedVault::read`] would refuse.
    fn check_readable(bytes: &[u8]) -> Result<(), SaveError> {
        if bytes.len() as u64 > MAX_FILE {
            return Err(SaveError::TooLarge(Demand::FileLength { limit: MAX_FILE }));
        }
        let header = bytes[10..14].iter().fold(0, |length, byte| length << 8 | u64::from(*byte));
        if header > MAX_HEADER as u64 {
            let demand = Demand::HeaderLength { found: header, limit: MAX_HEADER as u64 };
            return Err(SaveError::TooLarge(demand));
        }
        Ok(())
    }

    /// Writes the file beside the old one, reads it back, opens it, and puts it in the old one's place.
    fn replace(
        &self,
        files: &dyn Files,
        location: &Location,
        bytes: Vec<u8>,
    ) -> Result<LockedVault, SaveError> {
        // That the bytes open is seen while they go to the disk; that the disk has these very bytes, afterwards.
        let opens = || {
            let image = LockedVault::parse(bytes.clone(), location).ok()?;
            let (accounts, _) = image.open_accounts(&self.key).ok()?;
            if let Some(open) = &self.recovery.open {
                let keys = RecoveryKeys::derive(self.id(), &open.key);
                let segments = image.segments().ok()?;
                segments
                    .iter()
                    .try_for_each(|segment| keys.open_segment(self.id(), segment).map(drop))
                    .ok()?;
            }
            (accounts.len() == self.accounts.len()).then_some(image)
        };
        let (image, temporary) = side_by_side(opens, || write_beside(files, location.file(), &bytes));
        let temporary = temporary?;
        let discard = |error| {
            // Its name is random; what cannot be removed now is removed by the next save.
            let _ = files.remove(&temporary);
            error
        };
        let read_back = files
            .read(&temporary, MAX_FILE)
            .map_err(failed(DiskOperation::ReadBack, &temporary))
            .map_err(discard)?;
        let Some(image) = image.filter(|_| read_back == bytes) else {
            return Err(discard(SaveError::NotVerified));
        };
        if let Err(error) = files.rename(&temporary, location.file()) {
            // Some shares rename and report an error. What stands there decides, not the answer.
            if files.read(location.file(), MAX_FILE).is_ok_and(|there| there == bytes) {
                return Ok(LockedVault { on_disk: true, ..image });
            }
            return Err(discard(failed(DiskOperation::Rename, location.file())(error)));
        }
        Ok(LockedVault { on_disk: true, ..image })
    }

    fn adopt(&mut self, image: LockedVault, segments: Vec<Vec<u8>>) {
        self.header = image.parsed.header.clone();
        self.image = image;
        self.image_keys = ImageKeys {
            accounts: self.key.duplicate(),
            recovery: self.recovery.open.as_ref().map(|open| open.key.duplicate()),
        };
        self.recovery.segments = segments;
        if let Some(open) = &mut self.recovery.open {
            open.changed = false;
        }
    }
}

/// Runs both at once where the system has a thread for the first, else one after the other.
fn side_by_side<A: Send, B>(first: impl Fn() -> A + Sync, second: impl FnOnce() -> B) -> (A, B) {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().spawn_scoped(scope, &first).ok();
        let second = second();
        let first = match thread {
            Some(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            None => first(),
        };
        (first, second)
    })
}

/// A save takes some hundredths of a second, on a slow disk some tenths: whoever finds another one going on waits for
/// its end, and not much longer, for a program that hangs would be waited for in vain.
const LOCK_WAITS: u32 = 150;
const LOCK_WAIT: Duration = Duration::from_millis(20);

/// Takes the vault's lock, waiting for another writer to end, and, holding it, removes what writers that died have left.
pub(crate) fn lock(files: &dyn Files, location: &Location) -> Result<Lock, SaveError> {
    let path = location.lock_file();
    let mut waits = LOCK_WAITS;
    let lock = loop {
        match files.lock(&path) {
            Ok(lock) => break lock,
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => {
                return Err(failed(DiskOperation::Lock, &path)(error));
            }
            Err(_) if waits == 0 => return Err(SaveError::LockedByAnother),
            Err(_) => {
                waits -= 1;
                std::thread::sleep(LOCK_WAIT);
            }
        }
    };
    if matches!(lock, Lock::Held(_)) {
        clean_up(files, location);
    }
    Ok(lock)
}

impl LockedVault {
    /// Removes the temporary files that writers of the vault at `location` left when they died: for a program's start.
    /// While another program saves, nothing is done. On a share without locks nobody knows whether one does: there
    /// these files are removed too, and a save from elsewhere at this very moment fails, keeps what is there, and
    /// succeeds when it is tried again.
    ///
    /// Nothing is made where nothing was left, and what cannot be removed is left for the next time.
    pub fn clean_up(files: &dyn Files, location: &Location) {
        let Ok(location) = location.real(files) else { return };
        if leftovers(files, &location).next().is_some()
            && let Ok(_lock) = lock(files, &location)
        {
            clean_up(files, &location);
        }
    }
}

/// Removes temporary files; only a lock's holder knows that nobody writes them.
fn clean_up(files: &dyn Files, location: &Location) {
    for path in leftovers(files, location) {
        // A file that cannot be removed harms nobody; the next save tries again.
        let _ = files.remove(&path);
    }
}

/// Temporary files of this vault's writers.
fn leftovers(files: &dyn Files, location: &Location) -> impl Iterator<Item = PathBuf> {
    let folders = [location.folder().to_owned(), location.generations_folder()];
    folders.into_iter().flat_map(move |folder| {
        let names = files.list(&folder).unwrap_or_default();
        let left: Vec<_> = names
            .into_iter()
            .filter(|name| location.is_temporary(name))
            .map(|name| folder.join(name))
            .collect();
        left
    })
}

/// Writes a temporary file beside `target` and brings it to the disk. Its name is returned.
pub(crate) fn write_beside(files: &dyn Files, target: &Path, bytes: &[u8]) -> Result<PathBuf, SaveError> {
    let path = Location::temporary(target)?;
    let mut file = files.create(&path).map_err(failed(DiskOperation::Create, &path))?;
    let written = file
        .write(bytes)
        .map_err(failed(DiskOperation::Write, &path))
        .and_then(|()| file.sync().map_err(failed(DiskOperation::Sync, &path)));
    drop(file);
    if let Err(error) = written {
        let _ = files.remove(&path); // as in `replace`
        return Err(error);
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Credential, DiskFiles, Generation, KeyringKey, NewVault, Record, RecordId, RecoveryKey};
    use keyhaven_secret::SecretBytes;

    #[test]
    fn a_refusal_says_what_was_being_done_and_what_is_there() {
        let path = Path::new("vault.keyhaven");
        let said = |kind: io::ErrorKind| failed(DiskOperation::Sync, path)(kind.into()).to_string();
        assert_eq!(said(io::ErrorKind::StorageFull), "no space left while bringing a file to the disk");
        assert_eq!(said(io::ErrorKind::QuotaExceeded), said(io::ErrorKind::StorageFull));
        assert_eq!(said(io::ErrorKind::PermissionDenied), "not allowed: bringing a file to the disk");
        assert_eq!(said(io::ErrorKind::ReadOnlyFilesystem), said(io::ErrorKind::PermissionDenied));
        assert_eq!(said(io::ErrorKind::TimedOut), "bringing a file to the disk failed: timed out");
        let changed = |found| SaveError::ChangedOnDisk { found }.to_string();
        assert_eq!(changed(None), "the vault file was changed by another program");
        assert_eq!(changed(Some(7)), "the vault file was changed by another program (it has generation 7)");
    }

    /// Beginnings of files, as far as their lengths are looked at.
    #[test]
    fn what_no_program_would_read_is_not_written() {
        let file = |length: u64, header: usize| {
            let mut bytes = vec![0; usize::try_from(length).unwrap()];
            bytes[10..14].copy_from_slice(&u32::try_from(header).unwrap().to_be_bytes());
            OpenVault::check_readable(&bytes)
        };
        assert!(file(1_000, 0x1_02_03).is_ok() && file(1_000, MAX_HEADER).is_ok());
        match file(1_000, MAX_HEADER + 1) {
            Err(SaveError::TooLarge(Demand::HeaderLength { found, limit })) => {
                assert_eq!((found, limit), (MAX_HEADER as u64 + 1, MAX_HEADER as u64));
            }
            other => panic!("{other:?}"),
        }
        assert!(file(1_000, 0x0102_0304).is_err());
        assert!(file(MAX_FILE, 0).is_ok());
        assert!(matches!(file(MAX_FILE + 1, 0), Err(SaveError::TooLarge(Demand::FileLength { .. }))));
    }

    /// An open vault with an account that was changed in two copies, and something that was set aside.
    fn saved(folder: &Path) -> OpenVault {
        let key = KeyringKey::generate().unwrap();
        let mut vault = OpenVault::create(&NewVault {
            location: Location::in_folder(folder),
            passphrase: None,
            keyring: Some(&key),
            recovery_key: Some(&RecoveryKey::generate().unwrap()),
            now: 1,
        })
        .unwrap();
        vault.accounts.set_aside.push(SecretBytes::new(b"7".to_vec()));
        vault.save(&DiskFiles, 1).unwrap();
        let mut there = vault.sealed().unlock(Credential::Keyring(&key)).unwrap();
        vault.accounts.put(account("here"));
        there.accounts.put(account("there"));
        vault.merge(&there).unwrap();
        assert_eq!(vault.accounts.conflicts().count(), 1);
        vault.save(&DiskFiles, 2).unwrap();
        vault
    }

    fn account(payload: &str) -> Record {
        let payload = SecretBytes::new(payload.as_bytes().to_vec());
        Record::new(RecordId::from_bytes([1; 16]), "account", 1, payload)
    }

    #[test]
    fn a_state_before_something_was_set_right_stays_longer() {
        let folder = tempfile::tempdir().unwrap();
        let mut vault = saved(folder.path());
        let newest = |vault: &OpenVault| {
            let mut states = LockedVault::generations(&DiskFiles, &vault.image.location).unwrap();
            let Generation { path, .. } = states.remove(0);
            path.to_string_lossy().ends_with("-last.keyhaven")
        };
        vault.save(&DiskFiles, 3).unwrap();
        assert!(!newest(&vault), "nothing went");
        // One more of either is nothing that went.
        vault.accounts.set_aside.push(SecretBytes::new(b"8".to_vec()));
        vault.save(&DiskFiles, 4).unwrap();
        assert!(!newest(&vault));
        assert!(vault.accounts.discard_set_aside(&SecretBytes::new(b"7".to_vec())));
        vault.save(&DiskFiles, 5).unwrap();
        assert!(newest(&vault), "what was set aside and is gone");
        vault.accounts.put(account("decided"));
        vault.save(&DiskFiles, 6).unwrap();
        assert!(newest(&vault), "the version that was not chosen");
    }
}
