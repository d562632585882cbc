//! A disk in memory, so that a vault can be saved and read thousands of times a second.

use keyhaven_vault::{Files, Lock, NewFile};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Files in memory; clones are the same disk.
#[derive(Clone, Default)]
pub struct MemoryFiles(Arc<Mutex<BTreeMap<PathBuf, Vec<u8>>>>);

impl MemoryFiles {
    /// Puts a file there, as if another program had.
    pub fn put(&self, path: &Path, bytes: Vec<u8>) {
        self.map().insert(path.to_owned(), bytes);
    }

    fn map(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        let bytes = self.map().get(path).cloned().ok_or(io::ErrorKind::NotFound)?;
        if bytes.len() as u64 > limit { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn NewFile>> {
        self.map().insert(path.to_owned(), Vec::new());
        Ok(Box::new(MemoryFile(self.clone(), path.to_owned())))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let bytes = self.map().remove(from).ok_or(io::ErrorKind::NotFound)?;
        self.map().insert(to.to_owned(), bytes);
        Ok(())
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let bytes = self.map().get(from).cloned().ok_or(io::ErrorKind::NotFound)?;
        if self.map().contains_key(to) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.map().insert(to.to_owned(), bytes);
        Ok(())
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.map().remove(path).map(drop).ok_or(io::ErrorKind::NotFound.into())
    }

    fn create_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let map = self.map();
        let inside = map.keys().filter(|path| path.parent() == Some(folder));
        Ok(inside.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect())
    }

    fn lock(&self, _: &Path) -> io::Result<Lock> {
        Ok(Lock::Held(Box::new(())))
    }

    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.to_owned())
    }
}

struct MemoryFile(MemoryFiles, PathBuf);

impl NewFile for MemoryFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.map().entry(self.1.clone()).or_default().extend(bytes);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}
