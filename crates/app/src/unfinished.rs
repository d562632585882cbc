//! What a program that died while it wrote a file has left: the file's beginning under a temporary name. It may hold
//! a recovery key or secrets that a person asked to see written down, so the next start removes it, wherever it lies.

use crate::App;
use crate::settings::replace;
use keyhaven_vault::{Files, RecordId};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The files outside Keyhaven's folder that are being written; there is none at other times.
const NOTE: &str = "unfinished.json";
/// Who writes has this lock, so that a start beside it takes nothing out of its hands.
const LOCK: &str = ".unfinished.lock";
const LARGEST: u64 = 1024 * 1024;

impl App {
    /// Replaces a file of the person's choice whole. Should this program die meanwhile, the next start knows where to
    /// clean up.
    pub(crate) fn write_out(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        let files = self.host.files();
        self.noting(path, || replace(files, path, bytes))
    }

    /// As [`noting`]; the demonstration vault leaves no notes.
    pub(crate) fn noting<T>(&self, path: &Path, write: impl FnOnce() -> T) -> T {
        if self.demo { write() } else { noting(self.host.files(), self.home.folder(), path, write) }
    }
}

/// Notes in `home` that the file at `path` is being written, for as long as `write` takes: should this program die
/// meanwhile, the next start removes what is left beside it.
pub(crate) fn noting<T>(files: &dyn Files, home: &Path, path: &Path, write: impl FnOnce() -> T) -> T {
    // Where it cannot be noted, because another program writes at this moment or the disk is full, the file is
    // worth more than the note.
    let lock = files.create_folder(home).and_then(|()| files.lock(&home.join(LOCK)));
    let place = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let noted = lock.is_ok()
        && files.real_path(place).is_ok_and(|folder| {
            let mut all = noted(files, home);
            all.insert(folder.join(path.file_name().unwrap_or_default()));
            note(files, home, &all).is_ok()
        });
    let written = write();
    if noted {
        clean_noted(files, home);
    }
    written
}

/// Replaces one of the files in Keyhaven's own folder whole.
pub(crate) fn replace_own(files: &dyn Files, home: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    files.create_folder(home)?;
    // Without it the worst is that a start at this very moment makes the write fail.
    let _lock = files.lock(&home.join(LOCK));
    replace(files, &home.join(name), bytes)
}

/// For a program's start: removes what dead writers left. Nothing is made where nothing was left.
pub(crate) fn clean_up(files: &dyn Files, home: &Path) {
    let Ok(names) = files.list(home) else { return };
    let left: Vec<_> = names.iter().filter(|name| temporary_of(name).is_some_and(is_own)).collect();
    let noted = names.iter().any(|name| name == NOTE);
    if left.is_empty() && !noted {
        return;
    }
    let Ok(_lock) = files.lock(&home.join(LOCK)) else { return };
    for name in left {
        // What cannot be removed now is removed at the next start.
        let _ = files.remove(&home.join(name));
    }
    if noted {
        clean_noted(files, home);
    }
}

/// The small files of Keyhaven's folder, this note among them.
fn is_own(name: &str) -> bool {
    ["settings.json", "backups.json", "keyring.json", NOTE].contains(&name)
}

/// The file that [`replace`] would have made of one of that name: `.NAME.RANDOM.tmp`. A copy of the vault has half as
/// many random digits in it.
pub(crate) fn temporary_of(name: &str) -> Option<&str> {
    let (name, random) = name.strip_prefix('.')?.strip_suffix(".tmp")?.rsplit_once('.')?;
    let is_random = |random: &str| random.len() == 32 && random.parse::<RecordId>().is_ok();
    (is_random(random) || is_random(&random.repeat(2))).then_some(name)
}

fn noted(files: &dyn Files, home: &Path) -> BTreeSet<PathBuf> {
    let bytes = files.read(&home.join(NOTE), LARGEST).ok();
    bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

fn note(files: &dyn Files, home: &Path, all: &BTreeSet<PathBuf>) -> std::io::Result<()> {
    replace(files, &home.join(NOTE), &serde_json::to_vec(all)?)
}

/// Removes what is left beside each noted file. One whose folder is not there stays noted: it may be on a drive.
fn clean_noted(files: &dyn Files, home: &Path) {
    let before = noted(files, home);
    let mut all = before.clone();
    all.retain(|path| {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return false };
        let Ok(names) = files.list(folder) else { return true };
        let left = names.iter().filter(|left| temporary_of(left).is_some_and(|of| *of == *name));
        left.map(|left| files.remove(&folder.join(left)).is_err()).fold(false, |any, stays| any | stays)
    });
    if all.is_empty() {
        let _ = files.remove(&home.join(NOTE));
    } else if all != before {
        let _ = note(files, home, &all);
    }
}
