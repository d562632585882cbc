//! The narrow file layer: everything that a vault asks of a disk, so that tests can break each call.

use std::{
    fmt,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

/// What a vault asks of a disk. Each call is one thing that can fail or be the last before the power goes.
pub trait Files: Send + Sync {
    /// The whole file.
    ///
    /// # Errors
    /// [`io::ErrorKind::FileTooLarge`], before any of it is read, when it has more than `limit` bytes.
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>>;

    /// Makes a new file that only its owner may read.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] when something of that name is there.
    fn create(&self, path: &Path) -> io::Result<Box<dyn NewFile>>;

    /// Gives a file another name in one step, in place of whatever had that name.
    ///
    /// # Errors
    /// Whatever the system answers.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives a file a second name, so that its content stays when the first name is given away.
    ///
    /// # Errors
    /// Whatever the system answers; a file system without this makes the caller write a copy.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Brings a folder's names to the disk. A system that has no such operation answers `Ok`.
    ///
    /// # Errors
    /// Whatever the system answers.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// Whatever the system answers.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes a folder that only its owner may enter, with all above it; one that is there already is fine.
    ///
    /// # Errors
    /// Whatever the system answers.
    fn create_folder(&self, folder: &Path) -> io::Result<()>;

    /// The names in a folder; those that are not Unicode are none of ours and are left out.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] when there is no such folder.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;

    /// Takes the advisory lock that a file of this name stands for, making the file if need be, without waiting.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when another process or instance holds it.
    fn lock(&self, path: &Path) -> io::Result<Lock>;

    /// The path with symbolic links followed: replacing a link's target must not replace the link.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] when nothing is there.
    fn real_path(&self, path: &Path) -> io::Result<PathBuf>;
}

/// A file that is being written.
pub trait NewFile: Send {
    /// Writes all the bytes.
    ///
    /// # Errors
    /// Whatever the system answers; part of the bytes may have been written.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Brings the bytes to the disk.
    ///
    /// # Errors
    /// Whatever the system answers; then nothing is known of what is on the disk.
    fn sync(&mut self) -> io::Result<()>;
}

/// The answer to [`Files::lock`].
pub enum Lock {
    /// Held until the value is dropped.
    Held(Box<dyn Send>),
    /// The file system has no locks (some network shares); the check of the file's content still stands.
    Unsupported,
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Held(_) => "Held",
            Self::Unsupported => "Unsupported",
        })
    }
}

/// The disk of this computer.
#[derive(Debug, Clone, Copy, Default)]
pub struct DiskFiles;

#[expect(clippy::disallowed_methods, reason = "this is the one place where the vault touches the disk")]
impl Files for DiskFiles {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        // Opening a pipe waits for somebody to write into it, for ever.
        let kind = fs::metadata(path)?.file_type();
        if !kind.is_file() && !kind.is_dir() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "this is a pipe or a device, not a file",
            ));
        }
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        if length > limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(usize::try_from(length).unwrap_or(usize::MAX))?;
        // A file that grows, or a device that reports no length, is cut off too.
        file.take(limit + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(bytes)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn NewFile>> {
        Ok(Box::new(owner_only(OpenOptions::new().write(true).create_new(true)).open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        if !cfg!(unix) {
            return Ok(());
        }
        as_folders_are_synced(File::open(folder)?.sync_all())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(folder)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    }

    fn lock(&self, path: &Path) -> io::Result<Lock> {
        let file = owner_only(OpenOptions::new().write(true).create(true).truncate(false)).open(path)?;
        let taken = file.try_lock();
        locked(taken, file)
    }

    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        fs::canonicalize(path)
    }
}

/// Shares and FUSE answer so who bring names to the disk by themselves, or do not say when: there is nothing to wait for.
/// That a disk failed is another error.
fn as_folders_are_synced(answer: io::Result<()>) -> io::Result<()> {
    answer.or_else(|error| match error.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported => Ok(()),
        _ => Err(error),
    })
}

/// What the answer to a wish for a lock comes to.
fn locked(answer: Result<(), TryLockError>, file: File) -> io::Result<Lock> {
    match answer {
        Ok(()) => Ok(Lock::Held(Box::new(HeldLock(file)))),
        Err(TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
        Err(TryLockError::Error(error)) if no_locks(&error) => Ok(Lock::Unsupported),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Gives the lock up by name. Closing the file alone would not: a process that is being started at this moment has the
/// file open too until its own program runs (flock(2)), and the next save would find the vault locked by nobody.
struct HeldLock(File);

impl Drop for HeldLock {
    fn drop(&mut self) {
        let _ = self.0.unlock(); // closing the file, which follows, is the other way
    }
}

/// ENOLCK is what an NFS share without a lock service answers; it has no kind of its own.
fn no_locks(error: &io::Error) -> bool {
    const ENOLCK: i32 = if cfg!(target_os = "linux") { 37 } else { 77 };
    error.kind() == io::ErrorKind::Unsupported || cfg!(unix) && error.raw_os_error() == Some(ENOLCK)
}

fn owner_only(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

impl NewFile for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Found by a test that starts processes while others save.
    #[cfg(unix)]
    #[test]
    fn a_pipe_is_refused_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("vault.keyhaven");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert_eq!(DiskFiles.read(&pipe, 100).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert!(DiskFiles.read(folder.path(), 100).is_err());
    }

    #[test]
    fn a_lock_ends_with_its_holder_even_while_a_starting_process_has_the_file_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let file = File::create(&path).unwrap();
        file.try_lock().unwrap();
        let of_the_starting_process = file.try_clone().unwrap();
        let held = HeldLock(file);
        assert!(matches!(DiskFiles.lock(&path), Err(error) if error.kind() == io::ErrorKind::WouldBlock));
        drop(held);
        assert!(matches!(DiskFiles.lock(&path), Ok(Lock::Held(_))));
        drop(of_the_starting_process);
    }

    /// A file of a system that says it has no bytes, as the files of /proc do, or one that grows meanwhile.
    #[cfg(target_os = "linux")]
    #[test]
    fn what_says_that_it_has_no_bytes_is_cut_off_at_the_limit() {
        let endless = Path::new("/proc/version");
        assert_eq!(fs::metadata(endless).unwrap().len(), 0);
        assert_eq!(DiskFiles.read(endless, 10).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert!(DiskFiles.read(endless, 1_000).unwrap().starts_with(b"Linux version"));
    }

    #[test]
    fn a_file_of_as_many_bytes_as_there_may_be_is_read_and_one_more_is_too_many() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ten");
        DiskFiles.create(&path).unwrap().write(b"0123456789").unwrap();
        assert_eq!(DiskFiles.read(&path, 10).unwrap(), b"0123456789");
        assert_eq!(DiskFiles.read(&path, 9).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_is_synced_if_it_is_there() {
        let folder = tempfile::tempdir().unwrap();
        DiskFiles.sync_folder(folder.path()).unwrap();
        let gone = DiskFiles.sync_folder(&folder.path().join("gone"));
        assert_eq!(gone.unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_folder_that_cannot_be_synced_is_no_failed_disk() {
        for kind in [io::ErrorKind::InvalidInput, io::ErrorKind::Unsupported] {
            as_folders_are_synced(Err(kind.into())).unwrap();
        }
        for kind in [io::ErrorKind::Other, io::ErrorKind::StorageFull, io::ErrorKind::PermissionDenied] {
            assert_eq!(as_folders_are_synced(Err(kind.into())).unwrap_err().kind(), kind);
        }
    }

    /// What does not go to a disk cannot be brought there.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_is_not_brought_to_the_disk_says_so() {
        let mut nowhere: Box<dyn NewFile> =
            Box::new(OpenOptions::new().write(true).open("/dev/null").unwrap());
        nowhere.write(b"1").unwrap();
        assert!(nowhere.sync().is_err());
    }

    #[test]
    fn a_share_without_locks_is_told_from_a_lock_that_fails() {
        let answer = |error| {
            let file = tempfile::tempfile().unwrap();
            locked(Err(error), file).map(|lock| format!("{lock:?}")).map_err(|error| error.kind())
        };
        let unsupported = TryLockError::Error(io::ErrorKind::Unsupported.into());
        assert_eq!(answer(unsupported), Ok("Unsupported".to_owned()));
        let denied = TryLockError::Error(io::ErrorKind::PermissionDenied.into());
        assert_eq!(answer(denied), Err(io::ErrorKind::PermissionDenied));
        assert_eq!(answer(TryLockError::WouldBlock), Err(io::ErrorKind::WouldBlock));
        // ENOLCK (37) is a share that has no lock service; EIO (5) is a disk that fails.
        #[cfg(target_os = "linux")]
        for (number, unsupported) in [(37, true), (5, false)] {
            let error = TryLockError::Error(io::Error::from_raw_os_error(number));
            assert_eq!(answer(error).is_ok(), unsupported, "{number}");
        }
        assert_eq!(format!("{:?}", locked(Ok(()), tempfile::tempfile().unwrap()).unwrap()), "Held");
    }
}
