//! What a saved state, a backup or a paper backup holds that is to become the vault, before it does. There is no vault
//! then to compare it with, so it is compared with the newest other state that can be read.

use crate::App;
use crate::backups::rotation;
use crate::booklet::join;
use crate::differences::between;
use crate::failure::{fail, unreadable};
use crate::kit::Proven;
use crate::safety_view::*;
use crate::vaulting::{KeyringAnswer, KeyringQuestion, slot_of};
use crate::view::{Failure, FailureKind, Proof};
use keyhaven_vault::{Credential, Generation, KeyringKey, Location, LockedVault, OpenVault, SlotKind};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What paper is called where a file has a name.
const PAPER: &str = "paper backup";

impl App {
    /// The backups and saved states of this vault that can be looked into, newest first. The backups' files are not read.
    /// Where the vault cannot be read, those of every vault that is known to have been here.
    ///
    /// # Errors
    /// There is no vault.
    pub fn restore_points(&self) -> Result<RestorePoints, Failure> {
        let states = LockedVault::generations(self.host.files(), self.location()).unwrap_or_default();
        let ids = match self.sealed() {
            Some(vault) => BTreeSet::from([vault.id().to_string()]),
            None => self.known_vaults(&states),
        };
        if ids.is_empty() {
            return Err(crate::not_open(&self.phase));
        }
        Ok(self.points_of(&ids, states))
    }

    /// The vaults whose saved states are here, and the one that was backed up.
    fn known_vaults(&self, states: &[Generation]) -> BTreeSet<String> {
        let saved = states.iter().filter_map(|state| Some(state.readable.as_ref().ok()?.to_string()));
        saved.chain(self.backups.plan.vault.clone()).collect()
    }

    fn points_of(&self, ids: &BTreeSet<String>, states: Vec<Generation>) -> RestorePoints {
        let (mut points, mut folder_failure) = (Vec::new(), None);
        if let Some(folder) = self.backup_folder() {
            match self.host.files().list(&folder) {
                Ok(names) => {
                    let backups = ids.iter().flat_map(|id| rotation::of_vault(id, &names));
                    points.extend(backups.map(|name| RestorePoint {
                        saved_at: name.state.saved_at,
                        generation: name.state.generation,
                        name: name.file,
                        place: PointPlace::Folder,
                    }));
                }
                Err(error) => folder_failure = Some(format!("{}: {error}", folder.display())),
            }
        }
        let ours = states
            .into_iter()
            .filter(|state| state.readable.as_ref().is_ok_and(|id| ids.contains(&id.to_string())));
        points.extend(ours.map(|state| RestorePoint {
            name: state.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            place: PointPlace::Saved,
            saved_at: state.saved_at,
            generation: state.number,
        }));
        // By history and not by the clock, which may have been wrong. A saved state and its backup stand side by side; the
        // backup's name knows seconds only.
        points.sort_by_key(|point| std::cmp::Reverse((point.generation, point.saved_at / 1_000)));
        RestorePoints { points, folder_failure }
    }

    /// Where one of the [`App::restore_points`] lies.
    ///
    /// # Errors
    /// There is no such point.
    pub(crate) fn point_path(&self, place: PointPlace, name: &str) -> Result<PathBuf, Failure> {
        let known =
            self.restore_points()?.points.into_iter().any(|one| one.place == place && one.name == name);
        let folder = match place {
            PointPlace::Folder => self.backup_folder(),
            PointPlace::Saved => Some(self.real_location().generations_folder()),
        };
        match folder {
            Some(folder) if known => Ok(folder.join(name)),
            _ => Err(fail(FailureKind::BadInput, format!("there is no saved state {name}"))),
        }
    }

    /// What to ask the keyring for, so that [`App::preview_restore`] need not ask a person; `None` where what is to become
    /// the vault has no slot for a keyring.
    ///
    /// # Errors
    /// It is not there, or cannot be read.
    pub fn preview_question(&self, source: &RestoreSource) -> Result<Option<KeyringQuestion>, Failure> {
        let (locked, _) = self.read_source(source)?;
        let asks = slot_of(&locked.slots(), &SlotKind::Keyring).is_some();
        Ok(asks.then(|| self.question_about(&locked)))
    }

    /// What would become the vault: its dates without any key; what it holds, and how that differs from the newest other
    /// state that can be read, where the proof or the keyring's answer opens it. Nothing is changed by looking.
    ///
    /// # Errors
    /// It is not there, cannot be read, or the proof does not open it.
    pub fn preview_restore(
        &self,
        source: &RestoreSource,
        proof: Option<Proof>,
        keyring: Option<KeyringAnswer>,
    ) -> Result<RestorePreview, Failure> {
        let proof = proof.map(Proven::new).transpose()?;
        let (locked, path) = self.read_source(source)?;
        let newest = self.newest_beside(&locked, path.as_deref());
        let opened = match (&proof, keyring) {
            (Some(proof), _) => {
                let mut open = locked.unlock(proof.credential())?;
                // Some slots open the accounts only, and the preview says so.
                let _ = open.unlock_recovery(proof.credential());
                Some(open)
            }
            (None, Some(answer)) => answer.opens(&locked),
            (None, None) => None,
        };
        let slots = locked.slots();
        let order = |generation: u64, saved_at: u64| (generation, saved_at / 1_000);
        let newer = newest.as_ref().filter(|(point, _)| {
            order(point.generation, point.saved_at) > order(locked.generation(), locked.saved_at())
        });
        Ok(RestorePreview {
            name: name_of(path.as_deref()),
            vault_id: locked.id().to_string(),
            saved_at: locked.saved_at(),
            generation: locked.generation(),
            size: locked.as_bytes().len() as u64,
            has_passphrase: slot_of(&slots, &SlotKind::Passphrase).is_some(),
            has_recovery_key: slot_of(&slots, &SlotKind::RecoveryKey).is_some(),
            newer: newer.map(|(point, _)| point.clone()),
            holds: opened
                .map(|open| holdings(&open, newest.as_ref().map(|(_, there)| there), proof.as_ref())),
        })
    }

    /// Puts one of the [`App::restore_points`] in the place of the vault; what is there is kept beside it.
    ///
    /// # Errors
    /// There is no such point, it cannot be read, a backup would take the place of a vault that can be read or of a newer
    /// program's, or the disk did not take it.
    pub fn restore_point(&mut self, place: PointPlace, name: &str) -> Result<(), Failure> {
        let path = self.point_path(place, name)?;
        // While a person looked at what is in it, the vault may have come back.
        self.look_again();
        self.put_in_place(&path)?;
        self.look();
        Ok(())
    }

    fn read_source(&self, source: &RestoreSource) -> Result<(LockedVault, Option<PathBuf>), Failure> {
        let path = match source {
            RestoreSource::Point { place, name } => self.point_path(*place, name)?,
            RestoreSource::File { path } => PathBuf::from(path),
            RestoreSource::Pages => {
                let bytes = join(&self.pages).map_err(|error| fail(FailureKind::BadInput, error))?;
                let locked = LockedVault::parse(bytes, &Location::at(PAPER));
                return Ok((locked.map_err(|error| unreadable(&error))?, None));
            }
        };
        let locked = LockedVault::read(self.host.files(), &Location::at(&path));
        let locked =
            locked.map_err(|error| fail(unreadable(&error).kind, format!("{}: {error}", path.display())))?;
        Ok((locked, Some(path)))
    }

    /// The newest other state of the same vault that can be read.
    fn newest_beside(&self, locked: &LockedVault, own: Option<&Path>) -> Option<(RestorePoint, LockedVault)> {
        let files = self.host.files();
        let states = LockedVault::generations(files, self.location()).unwrap_or_default();
        let points = self.points_of(&BTreeSet::from([locked.id().to_string()]), states).points;
        points.into_iter().find_map(|point| {
            let folder = match point.place {
                PointPlace::Folder => self.backup_folder()?,
                PointPlace::Saved => self.real_location().generations_folder(),
            };
            let path = folder.join(&point.name);
            let there = LockedVault::read(files, &Location::at(&path)).ok()?;
            let other = Some(path.as_path()) != own && there.as_bytes() != locked.as_bytes();
            (other && there.id() == locked.id()).then_some((point, there))
        })
    }
}

impl KeyringAnswer {
    /// The vault, where the keyring's key opens it.
    fn opens(self, locked: &LockedVault) -> Option<OpenVault> {
        let key = KeyringKey::from_text(&self.answer.ok()?).ok()?;
        locked.unlock(Credential::Keyring(&key)).ok()
    }
}

fn name_of(path: Option<&Path>) -> String {
    path.map_or(PAPER.into(), |path| path.file_name().unwrap_or_default().to_string_lossy().into_owned())
}

/// What is in it, and what would be otherwise than in the newest other state.
fn holdings(open: &OpenVault, newest: Option<&LockedVault>, proof: Option<&Proven>) -> Holdings {
    let newest = newest.and_then(|there| {
        let mut there = match (open.open_copy(there), proof) {
            (Ok(there), _) => there,
            (Err(_), Some(proof)) => there.unlock(proof.credential()).ok()?,
            (Err(_), None) => return None,
        };
        if let (None, Some(proof)) = (there.recovery(), proof) {
            let _ = there.unlock_recovery(proof.credential()); // what stays closed is not compared
        }
        Some(there)
    });
    let differences = newest.as_ref().map(|newest| {
        let mut differences = between(newest, open);
        if newest.recovery().is_none() || open.recovery().is_none() {
            differences.retain(|one| one.record != RecordName::Recovery);
        }
        differences
    });
    Holdings {
        accounts: accounts(open),
        recovery: open.recovery().map(|recovery| count(recovery.len())),
        set_aside: count(
            open.accounts().set_aside().len()
                + open.recovery().map_or(0, |recovery| recovery.set_aside().len()),
        ),
        compared_with: newest
            .as_ref()
            .map(|newest| Compared { saved_at: newest.saved_at(), accounts: accounts(newest) }),
        differences: differences.unwrap_or_default(),
    }
}

fn accounts(vault: &OpenVault) -> u32 {
    count(vault.accounts().iter().filter(|record| record.kind == crate::stored::KIND).count())
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
