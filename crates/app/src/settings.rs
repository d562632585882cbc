//! Where things are, and the settings file: what must be known before a vault is open, and nothing secret.

use crate::failure::{fail, other};
use crate::unfinished::replace_own;
use crate::view::{Failure, FailureKind, Settings};
use keyhaven_vault::{Files, Location, RecordId};
use serde::Serialize;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

const SETTINGS_FILE: &str = "settings.json";
/// Where a settings file goes that could not be read, before another is written.
const DAMAGED_FILE: &str = "settings.json.damaged";
const VAULT_FILE: &str = "vault.keyhaven";
/// A settings file is a few hundred bytes; what is longer is not ours.
const LARGEST: u64 = 64 * 1024;

/// The folder of vault and settings, and the vault's place when the person chose another.
pub(crate) struct Home {
    folder: PathBuf,
    vault: Location,
    /// Why the settings file does not say where the vault is, though it is there.
    damaged: Option<String>,
}

#[derive(Serialize)]
struct Kept {
    /// A vault that is used where it is, outside Keyhaven's folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    vault: Option<PathBuf>,
    #[serde(flatten)]
    settings: Settings,
}

/// The settings that can be read of a file; a field of another version, or one that is out of its range, has its
/// default and takes no other along.
fn lenient(fields: &Map<String, Value>) -> Settings {
    let mut taken = Map::new();
    let mut settings = Settings::default();
    for (name, value) in fields {
        taken.insert(name.clone(), value.clone());
        match serde_json::from_value::<Settings>(Value::Object(taken.clone())) {
            Ok(read) if check(&read).is_ok() => settings = read,
            _ => drop(taken.remove(name)),
        }
    }
    settings
}

impl Home {
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_path_buf(), vault: Location::at(folder.join(VAULT_FILE)), damaged: None }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn vault(&self) -> &Location {
        &self.vault
    }

    /// Whether the vault is the one in Keyhaven's own folder.
    pub fn is_own_vault(&self) -> bool {
        *self.vault.file() == self.folder.join(VAULT_FILE)
    }

    /// Why nobody knows whether the person chose another place for the vault: the settings file is there, and damaged
    /// or not readable. A vault in Keyhaven's own folder is used; that there is none is then no first start.
    pub fn damaged(&self) -> Option<&str> {
        self.damaged.as_deref()
    }

    /// The settings, and from the same file the vault's place. A setting that cannot be read has its default: it is
    /// nothing that a person could not set again, and must not keep anyone from the codes.
    pub fn read_settings(&mut self, files: &dyn Files) -> Settings {
        let path = self.folder.join(SETTINGS_FILE);
        let read = match files.read(&path, LARGEST) {
            Ok(bytes) => {
                serde_json::from_slice::<Map<String, Value>>(&bytes).map_err(|error| error.to_string())
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Map::new()),
            Err(error) => Err(error.to_string()),
        };
        let mut fields = read.unwrap_or_else(|why| {
            self.damaged = Some(format!("{} cannot be read ({why})", path.display()));
            Map::new()
        });
        match fields.remove("vault") {
            Some(Value::String(place)) => self.vault = Location::at(place),
            Some(_) => self.damaged = Some(format!("{} names the vault's place by no text", path.display())),
            None => {}
        }
        lenient(&fields)
    }

    pub fn write_settings(&mut self, files: &dyn Files, settings: &Settings) -> Result<(), Failure> {
        if self.damaged.is_some() {
            // It may be all that says where the vault was.
            let path = self.folder.join(SETTINGS_FILE);
            files.rename(&path, &self.folder.join(DAMAGED_FILE)).map_err(|error| {
                let detail = format!("the damaged {} could not be put aside: {error}", path.display());
                fail(FailureKind::NotSaved, detail)
            })?;
            self.damaged = None;
        }
        let vault = (!self.is_own_vault()).then(|| self.vault.file().to_path_buf());
        let text = serde_json::to_vec_pretty(&Kept { vault, settings: settings.clone() }).map_err(other)?;
        let path = self.folder.join(SETTINGS_FILE);
        replace_own(files, &self.folder, SETTINGS_FILE, &text).map_err(|error| {
            fail(FailureKind::NotSaved, format!("the settings were not saved to {}: {error}", path.display()))
        })
    }

    /// Uses the vault at `path` from now on; answers the place that was used before.
    pub fn set_vault(&mut self, path: &Path) -> Location {
        std::mem::replace(&mut self.vault, Location::at(path.to_path_buf()))
    }

    /// Goes back to the vault in Keyhaven's own folder; answers the place that was used before.
    pub fn set_own_vault(&mut self) -> Location {
        std::mem::replace(&mut self.vault, Location::at(self.folder.join(VAULT_FILE)))
    }
}

/// Replaces a file whole: the old one or the new one, never half of either.
pub(crate) fn replace(files: &dyn Files, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    // The parent of a bare file name is the empty path, which no system knows.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    files.create_folder(folder)?;
    // A name that nobody else's file has.
    let random = RecordId::random().map_err(std::io::Error::other)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.{random}.tmp"));
    let mut file = files.create(&temporary)?;
    let written = file.write(bytes).and_then(|()| file.sync());
    drop(file);
    let replaced = written.and_then(|()| files.rename(&temporary, path));
    if replaced.is_err() {
        // It may hold half a recovery key.
        let _ = files.remove(&temporary);
    }
    replaced?;
    // The file has its name from here on, and "not written" would be untrue. Where the folder could not be brought to the
    // disk, a power cut may bring the old file back, whole.
    let _ = files.sync_folder(folder);
    Ok(())
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
