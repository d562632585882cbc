//! Copies of the vault that a synced folder leaves beside it, and merging with a preview.

use crate::App;
use crate::differences::between;
use crate::failure::{fail, other};
use crate::looking::{Looked, Opened};
use crate::safety_view::*;
use crate::view::{Failure, FailureKind, Proof};
use keyhaven_vault::{Location, LockedVault, MergeError, MergeReport, OpenVault, RecoveryMerge};
use std::path::Path;

/// What a copy's name gets behind it once it was merged and is kept.
const MERGED: &str = ".merged";

impl App {
    /// The copies of this vault beside its file, as programs that keep folders alike make them when two computers
    /// saved at once. What counts is the file's content; the name only says which program it was.
    pub fn copies(&self) -> Vec<VaultCopy> {
        let Some(ours) = self.sealed() else { return Vec::new() };
        let place = self.real_location();
        let Some(own) = file_name(place.file()) else { return Vec::new() };
        let files = self.host.files();
        let folder = place.folder();
        let mut names = files.list(folder).unwrap_or_default();
        names.sort();
        let copies = names.into_iter().filter(|name| is_beside(&own, name)).filter_map(|name| {
            let read = LockedVault::read(files, &Location::at(folder.join(&name)));
            let made_by = made_by(&own, &name);
            match read {
                Ok(copy) if copy.id() == ours.id() && copy.as_bytes() != ours.as_bytes() => Some(VaultCopy {
                    name,
                    made_by,
                    saved_at: Some(copy.saved_at()),
                    news: self.has_news(&copy),
                    problem: None,
                }),
                // Another vault, or the very same file.
                Ok(_) => None,
                // Of a file that only happens to be here nothing is known; of a named conflict it is told.
                Err(error) => made_by.is_some().then(|| VaultCopy {
                    name,
                    made_by,
                    saved_at: None,
                    news: None,
                    problem: Some(error.to_string()),
                }),
            }
        });
        copies.collect()
    }

    /// Whether merging a copy would change anything; `None` where that cannot be told without asking.
    fn has_news(&self, copy: &LockedVault) -> Option<bool> {
        let vault = &self.session().ok()?.vault;
        let (copy, mut ours) = (vault.open_copy(copy).ok()?, vault.open_copy(vault.sealed()).ok()?);
        let before = conflicts(&ours);
        let report = ours.merge(&copy).ok()?;
        Some(!changes_nothing(&report) || conflicts(&ours) != before)
    }

    /// What merging one of the [`App::copies`] would change.
    ///
    /// # Errors
    /// Locked, there is no such copy, it cannot be read or merged, or the proof does not open it.
    pub fn preview_copy(&mut self, name: &str, proof: Option<Proof>) -> Result<LookAnswer, Failure> {
        self.known_copy(name)?;
        let path = self.real_location().folder().join(name);
        self.preview_merge(&path, proof)
    }

    /// What merging another copy of this vault would change. Nothing is changed by looking.
    ///
    /// # Errors
    /// Locked, it cannot be read, is another vault's or cannot be merged, or the proof does not open it.
    pub fn preview_merge(&mut self, path: &Path, proof: Option<Proof>) -> Result<LookAnswer, Failure> {
        let looked = match self.open_other(path, proof)? {
            Opened::Locked(answer) => return Ok(answer),
            Opened::Open(looked) => *looked,
        };
        let mut merged = looked.ours.open_copy(looked.ours.sealed()).map_err(other)?;
        let report = merged.merge(&looked.theirs).map_err(merge_failure)?;
        let differences = between(&looked.ours, &merged);
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let effects = MergeEffects {
            slots_added: count(report.slots_added),
            slots_removed: count(report.slots_removed),
            keys_taken_over: report.keys_taken_over,
            recovery_waits: report.recovery == RecoveryMerge::Waiting,
            nothing: differences.is_empty() && changes_nothing(&report),
        };
        if effects.nothing {
            let mark = mark(looked.theirs.sealed());
            self.session_mut()?.merged.insert(mark);
        }
        self.keep_look(path, looked, differences, Some(effects)).map(LookAnswer::Opened)
    }

    /// Merges what was looked at with [`App::preview_merge`] into the vault. The other file stays as it is.
    ///
    /// # Errors
    /// Locked, not the last look any more, or not saved: then nothing changed.
    pub fn apply_merge(&mut self, look: u32) -> Result<(), Failure> {
        let Looked { theirs, ours, .. } = self.take_look(look)?;
        self.take_in_whole(ours, &theirs)?;
        self.session_mut()?.merged.insert(mark(theirs.sealed()));
        Ok(())
    }

    /// What becomes of a copy that was merged: it goes, or stays under a name that is no copy's any more.
    ///
    /// # Errors
    /// There is no such copy, one that shall go has something that the vault has not, or the disk refused.
    pub fn settle_copy(&self, name: &str, fate: CopyFate) -> Result<Vec<VaultCopy>, Failure> {
        self.known_copy(name)?;
        let place = self.real_location();
        let path = place.folder().join(name);
        if fate == CopyFate::Remove {
            self.is_taken_in(&path)?;
        }
        let files = self.host.files();
        let told = |path: &Path, error: &dyn std::fmt::Display| {
            fail(FailureKind::NotSaved, format!("{}: {error}", path.display()))
        };
        let taken = files.list(place.folder()).unwrap_or_default();
        let kept = (1..)
            .map(|n: u32| if n == 1 { format!("{name}{MERGED}") } else { format!("{name}{MERGED}.{n}") })
            .find(|kept| !taken.contains(kept));
        let kept = place.folder().join(kept.unwrap_or_default());
        files.rename(&path, &kept).map_err(|error| told(&path, &error))?;
        if fate == CopyFate::Remove {
            // The program that keeps the folder alike may have put another file there since. Under this name it puts
            // none, so what goes is what was compared.
            self.is_taken_in(&kept)?;
            files.remove(&kept).map_err(|error| told(&kept, &error))?;
        }
        Ok(self.copies())
    }

    /// Whether the open vault has all that a copy has.
    ///
    /// # Errors
    /// It has not, or that cannot be told.
    fn is_taken_in(&self, path: &Path) -> Result<(), Failure> {
        let copy = LockedVault::read(self.host.files(), &Location::at(path));
        let copy =
            copy.map_err(|error| fail(FailureKind::BadInput, format!("{}: {error}", path.display())))?;
        let merged = self.session().is_ok_and(|session| session.merged.contains(&mark(&copy)));
        if merged || self.has_news(&copy) == Some(false) {
            return Ok(());
        }
        let why = "it may have something that the vault has not; merge it first";
        Err(fail(FailureKind::BadInput, format!("{} stays: {why}", path.display())))
    }

    fn known_copy(&self, name: &str) -> Result<(), Failure> {
        if self.copies().iter().any(|copy| copy.name == name) {
            return Ok(());
        }
        Err(fail(FailureKind::BadInput, format!("there is no copy {name} beside the vault any more")))
    }
}

/// What tells a vault's file from every other: the digest at its end (docs/vault-format.md).
fn mark(vault: &LockedVault) -> [u8; 32] {
    vault.as_bytes().last_chunk().copied().unwrap_or_default()
}

/// What came along, beside new conflicts: a report names the old ones too.
fn changes_nothing(report: &MergeReport) -> bool {
    let MergeReport { added, changed, deleted, set_aside, slots_added, slots_removed, .. } = report;
    added + changed + deleted + set_aside + slots_added + slots_removed == 0
        && !report.keys_taken_over
        && report.recovery == RecoveryMerge::Unchanged
}

fn conflicts(vault: &OpenVault) -> usize {
    vault.accounts().conflicts().count()
}

fn merge_failure(error: MergeError) -> Failure {
    match error {
        MergeError::AnotherVault { .. } => fail(FailureKind::AnotherVault, error),
        MergeError::RecoveryLocked => fail(
            FailureKind::RecoveryLocked,
            "the keys were rotated in one of the two: the passphrase or recovery key is needed to merge them",
        ),
        error => other(error),
    }
}

fn file_name(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_str()?.to_owned())
}

/// Whether a file beside the vault may be a copy of it: `vault.keyhaven` and `vault…….keyhaven`, or the whole name with
/// something before or behind it.
fn is_beside(own: &str, name: &str) -> bool {
    let ending = format!(".{}", Location::EXTENSION);
    let stem = own.strip_suffix(&ending).unwrap_or(own);
    name != own && name.starts_with(stem) && name.ends_with(&ending) || around(own, name).is_some()
}

/// What a program put around the whole name, its ending included, that it gives another copy.
fn around<'a>(own: &str, name: &'a str) -> Option<&'a str> {
    let behind = name.strip_prefix(own).filter(|behind| {
        !behind.contains(MERGED) && (behind.starts_with(" (") || behind.starts_with(".sync-conflict-"))
    });
    behind.or_else(|| name.strip_suffix(own).filter(|before| *before == COPY_OF))
}

/// Google Drive's, before the name of a copy.
const COPY_OF: &str = "Copy of ";

/// The program that gives such names, as far as the name alone tells.
fn made_by(own: &str, name: &str) -> Option<CopyMaker> {
    let stem = own.split('.').next().unwrap_or(own);
    let between = || name.strip_prefix(stem)?.strip_suffix(Location::EXTENSION)?.strip_suffix('.');
    let middle = around(own, name).or_else(between)?;
    let inside = middle.strip_prefix(" (").and_then(|rest| rest.strip_suffix(')'));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    Some(match inside {
        _ if middle == COPY_OF => CopyMaker::GoogleDrive,
        _ if middle.starts_with(".sync-conflict-") => CopyMaker::Syncthing,
        _ if middle.starts_with("_conflict-") => CopyMaker::Nextcloud,
        // "conflicted copy 2026-11-22 091500": Nextcloud and ownCloud write the time behind the date, Dropbox a name
        // before "conflicted copy" or a number behind the date.
        Some(text) if text.starts_with("conflicted copy ") => {
            let time = text.rsplit(' ').next().unwrap_or_default();
            if time.len() == 6 && digits(time) { CopyMaker::Nextcloud } else { CopyMaker::Dropbox }
        }
        Some(text) if text.contains("conflicted copy") || text.contains("Case Conflict") => {
            CopyMaker::Dropbox
        }
        Some(number) if digits(number) => CopyMaker::GoogleDrive,
        None if middle.strip_prefix(' ').is_some_and(digits) => CopyMaker::ICloud,
        // The computer's name; other programs and people write so too, which the words allow for.
        None if middle.len() > 1 && middle.starts_with('-') => CopyMaker::OneDrive,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_which_program_made_a_copy() {
        let own = "vault.keyhaven";
        for (name, maker) in [
            ("vault (Robin's conflicted copy 2026-11-22).keyhaven", Some(CopyMaker::Dropbox)),
            ("vault (conflicted copy 2026-11-22).keyhaven", Some(CopyMaker::Dropbox)),
            ("vault (LAPTOP's conflicted copy 2026-11-22 (1)).keyhaven", Some(CopyMaker::Dropbox)),
            ("vault (Case Conflict).keyhaven", Some(CopyMaker::Dropbox)),
            ("vault.sync-conflict-20261122-091500-K4T2ABC.keyhaven", Some(CopyMaker::Syncthing)),
            ("vault (conflicted copy 2026-11-22 091500).keyhaven", Some(CopyMaker::Nextcloud)),
            ("vault_conflict-20261122-091500.keyhaven", Some(CopyMaker::Nextcloud)),
            ("vault-DESKTOP-4K2.keyhaven", Some(CopyMaker::OneDrive)),
            ("vault (1).keyhaven", Some(CopyMaker::GoogleDrive)),
            ("vault 2.keyhaven", Some(CopyMaker::ICloud)),
            ("vault of my sister.keyhaven", None),
            ("Copy of vault.keyhaven", Some(CopyMaker::GoogleDrive)),
            ("vault.keyhaven (conflicted copy 2026-11-22 091500)", Some(CopyMaker::Nextcloud)),
            ("vault.keyhaven.sync-conflict-20261122-091500-K4T2ABC", Some(CopyMaker::Syncthing)),
        ] {
            assert!(is_beside(own, name), "{name}");
            assert_eq!(made_by(own, name), maker, "{name}");
        }
        assert!(!is_beside(own, "vault.keyhaven.sync-conflict-20261122-091500-K4T2ABC.merged"));
        for name in [own, "vault.keyhaven.merged", ".vault.keyhaven.lock", "other.keyhaven", "vault (1).txt"]
        {
            assert!(!is_beside(own, name), "{name}");
        }
    }
}
