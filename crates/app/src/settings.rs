//! Where things are, and the settings file: what must be known before a vault is open, and nothing secret.

use crate::failure::{fail, other};
use crate::view::{Failure, FailureKind, Settings};
use keyhaven_vault::{Files, Location};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

const SETTINGS_FILE: &str = "settings.json";
const VAULT_FILE: &str = "vault.keyhaven";
/// A settings file is a few hundred bytes; what is longer is not ours.
const LARGEST: u64 = 64 * 1024;

/// The folder of vault and settings, and the vault's place when the person chose another.
pub(crate) struct Home {
    folder: PathBuf,
    vault: Location,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    /// A vault that is used where it is, outside Keyhaven's folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    vault: Option<PathBuf>,
    #[serde(flatten)]
    settings: Settings,
}

impl Home {
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_path_buf(), vault: Location::at(folder.join(VAULT_FILE)) }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn vault(&self) -> &Location {
        &self.vault
    }

    /// The settings, and from the same file the vault's place. A file that cannot be read means the defaults: it
    /// holds nothing that a person could not set again, and must not keep anyone from the codes.
    pub fn read_settings(&mut self, files: &dyn Files) -> Settings {
        let read = files.read(&self.folder.join(SETTINGS_FILE), LARGEST).ok();
        let kept: Kept = read.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        if let Some(path) = kept.vault {
            self.vault = Location::at(path);
        }
        if check(&kept.settings).is_ok() { kept.settings } else { Settings::default() }
    }

    pub fn write_settings(&self, files: &dyn Files, settings: &Settings) -> Result<(), Failure> {
        let own = self.folder.join(VAULT_FILE);
        let vault = Some(self.vault.file().to_path_buf()).filter(|path| *path != own);
        let text = serde_json::to_vec_pretty(&Kept { vault, settings: settings.clone() }).map_err(other)?;
        let path = self.folder.join(SETTINGS_FILE);
        replace(files, &path, &text).map_err(|error| {
            fail(FailureKind::NotSaved, format!("the settings were not saved to {}: {error}", path.display()))
        })
    }

    /// Uses the vault at `path` from now on.
    pub fn set_vault(&mut self, path: &Path) {
        self.vault = Location::at(path.to_path_buf());
    }

    /// Goes back to the vault in Keyhaven's own folder.
    pub fn set_own_vault(&mut self) {
        self.vault = Location::at(self.folder.join(VAULT_FILE));
    }
}

/// Replaces a small file whole: the old one or the new one, never half of either.
pub(crate) fn replace(files: &dyn Files, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    // The parent of a bare file name is the empty path, which no system knows.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    files.create_folder(folder)?;
    let temporary = path.with_extension("new");
    // Left behind by a process that died in between.
    let _ = files.remove(&temporary);
    let mut file = files.create(&temporary)?;
    file.write(bytes)?;
    file.sync()?;
    drop(file);
    files.rename(&temporary, path)?;
    files.sync_folder(folder)
}

/// Whether every number is in its range.
pub(crate) fn check(settings: &Settings) -> Result<(), Failure> {
    let range = |name: &str, value: u32, allowed: std::ops::RangeInclusive<u32>| {
        if allowed.contains(&value) {
            return Ok(());
        }
        let (low, high) = (allowed.start(), allowed.end());
        Err(fail(FailureKind::BadInput, format!("{name} is {value}; {low} to {high} is possible")))
    };
    if settings.idle_seconds != 0 {
        range("the idle time in seconds", settings.idle_seconds, 15..=86_400)?;
    }
    range("the clipboard time in seconds", settings.clipboard_seconds, 5..=600)
}
