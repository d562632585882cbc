//! A disk that fails at one chosen call.

use keyhaven_vault::{DiskFiles, Files, Lock, NewFile};
use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// What happens at the chosen call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// The call fails, the following ones work.
    Error(io::ErrorKind),
    /// The call fails and so does every later one: the process is gone.
    Killed,
    /// As [`Fault::Killed`], but the call itself was done.
    KilledAfter,
    /// The call is done and reported as failed, as some shares do.
    DoneButFailed,
    /// A write leaves half and reports a full disk.
    ShortWrite,
}

/// The disk, failing at the `at`th call, counted from 0.
#[derive(Clone)]
pub struct FailingFiles {
    at: usize,
    fault: Fault,
    calls: Arc<AtomicUsize>,
    /// Whether a file can have a second name there.
    links: bool,
    /// How often yet the lock is another's.
    held: Arc<AtomicUsize>,
    disk: Arc<dyn Files>,
}

impl FailingFiles {
    /// The computer's disk.
    pub fn new(at: usize, fault: Fault) -> Self {
        Self::on(Arc::new(DiskFiles), at, fault)
    }

    pub fn on(disk: Arc<dyn Files>, at: usize, fault: Fault) -> Self {
        Self { at, fault, calls: Arc::default(), links: true, held: Arc::default(), disk }
    }

    /// The same, and a file can have a second name there or cannot.
    pub fn with_links(self, links: bool) -> Self {
        Self { links, ..self }
    }

    /// The same, and the lock is another's so many times.
    pub fn held(self, times: usize) -> Self {
        Self { held: Arc::new(times.into()), ..self }
    }

    /// How many calls there were.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    fn call<T>(&self, run: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        match self.fault {
            Fault::Error(kind) if call == self.at => Err(kind.into()),
            Fault::ShortWrite if call == self.at => Err(io::ErrorKind::StorageFull.into()),
            Fault::DoneButFailed if call == self.at => run().and(Err(io::Error::other("done, but"))),
            Fault::Killed if call >= self.at => Err(io::Error::other("killed")),
            Fault::KilledAfter if call > self.at => Err(io::Error::other("killed")),
            _ => run(),
        }
    }
}

impl Files for FailingFiles {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        self.call(|| self.disk.read(path, limit))
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn NewFile>> {
        let file = self.call(|| self.disk.create(path))?;
        Ok(Box::new(FailingFile { file, files: self.clone() }))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call(|| self.disk.rename(from, to))
    }
    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call(
            || if self.links { self.disk.link(from, to) } else { Err(io::ErrorKind::Unsupported.into()) },
        )
    }
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.call(|| self.disk.sync_folder(folder))
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.call(|| self.disk.remove(path))
    }
    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        self.call(|| self.disk.create_folder(folder))
    }
    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.call(|| self.disk.list(folder))
    }
    fn lock(&self, path: &Path) -> io::Result<Lock> {
        let held = self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        match held {
            Ok(_) => Err(io::ErrorKind::WouldBlock.into()),
            Err(_) => self.call(|| self.disk.lock(path)),
        }
    }
    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        self.call(|| self.disk.real_path(path))
    }
}

struct FailingFile {
    file: Box<dyn NewFile>,
    files: FailingFiles,
}

impl NewFile for FailingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let short = self.files.fault == Fault::ShortWrite
            && self.files.calls.load(Ordering::Relaxed) == self.files.at;
        if short {
            self.file.write(&bytes[..bytes.len() / 2])?;
        }
        self.files.call(|| self.file.write(bytes))
    }
    fn sync(&mut self) -> io::Result<()> {
        self.files.call(|| self.file.sync())
    }
}
