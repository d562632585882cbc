//! Where a vault lies, and the names of the files beside it.

use crate::{
    files::Files,
    generations,
    ids::{hex, unhex},
    random::{self, NoRandomness},
};
use std::{
    io,
    path::{Path, PathBuf},
};

/// Where a vault's file is. Its generations lie beside it in the folder `generations`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    file: PathBuf,
}

impl Location {
    /// The vault file's usual name.
    pub const FILE_NAME: &'static str = "vault.keyhaven";
    /// The ending of every vault file.
    pub const EXTENSION: &'static str = "keyhaven";

    /// `vault.keyhaven` in this folder.
    pub fn in_folder(folder: impl AsRef<Path>) -> Self {
        Self { file: folder.as_ref().join(Self::FILE_NAME) }
    }

    /// Exactly this file: another name, a backup, one of the generations.
    pub fn at(file: impl Into<PathBuf>) -> Self {
        Self { file: file.into() }
    }

    /// The vault file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The folder with the vault file in it.
    pub fn folder(&self) -> &Path {
        match self.file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        }
    }

    /// The folder with the earlier generations.
    pub fn generations_folder(&self) -> PathBuf {
        self.folder().join("generations")
    }

    /// The same place with symbolic links followed, so that the file behind a link is replaced and not the link; where
    /// nothing is there, the place itself.
    ///
    /// # Errors
    /// Whatever the system answers while it follows them.
    pub fn real(&self, files: &dyn Files) -> io::Result<Self> {
        match files.real_path(&self.file) {
            Ok(file) => Ok(Self { file }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(self.clone()),
            Err(error) => Err(error),
        }
    }

    /// The file whose lock a writer holds. It is not the vault file, which every save replaces.
    pub(crate) fn lock_file(&self) -> PathBuf {
        self.folder().join(format!(".{}.lock", self.name()))
    }

    /// A fresh name for a file to write and then rename to `target`.
    pub(crate) fn temporary(target: &Path) -> Result<PathBuf, NoRandomness> {
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        Ok(target.with_file_name(format!(".{name}.{}.tmp", hex(&random::bytes::<8>()?))))
    }

    /// Whether a name in the vault's folder or its generations' is what [`Self::temporary`] gave a writer that died:
    /// one of this very vault, for another vault beside it has a lock of its own.
    pub(crate) fn is_temporary(&self, name: &str) -> bool {
        let inner = name.strip_prefix('.').and_then(|name| name.strip_suffix(".tmp"));
        inner.and_then(|name| name.rsplit_once('.')).is_some_and(|(target, random)| {
            let ours = target == self.name() || generations::is_name(self, target);
            ours && unhex::<8>(random).is_some()
        })
    }

    /// The file's name without its ending; generations begin with it.
    pub(crate) fn stem(&self) -> String {
        self.file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    fn name(&self) -> String {
        self.file.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}
