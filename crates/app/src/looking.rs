//! Looking into a backup or another saved state before anything is changed, and bringing single records back from it.

use crate::App;
use crate::booklet::join;
use crate::differences::{account, between};
use crate::failure::{fail, other, unreadable};
use crate::kit::Proven;
use crate::recovery::stored;
use crate::safety_view::*;
use crate::session::Session;
use crate::view::{Failure, FailureKind, Proof};
use keyhaven_otp::Kind;
use keyhaven_secret::SecretBytes;
use keyhaven_vault::{Location, LockedVault, OpenVault, Record, RecordId};
use std::path::Path;

/// Another state or copy of the vault, opened, and what the vault was when it was compared with it.
pub(crate) struct Looked {
    pub number: u32,
    pub theirs: OpenVault,
    /// A copy of the open vault, its recovery compartment open when that could be had.
    pub ours: OpenVault,
}

impl App {
    /// Looks into one of the [`App::restore_points`].
    ///
    /// # Errors
    /// Locked, there is no such point, it cannot be read, or the proof does not open it.
    pub fn look_into_point(
        &mut self,
        place: PointPlace,
        name: &str,
        proof: Option<Proof>,
    ) -> Result<LookAnswer, Failure> {
        let path = self.point_path(place, name)?;
        self.look_into_file(&path, proof)
    }

    /// Looks into any backup of this vault, wherever it lies.
    ///
    /// # Errors
    /// Locked, it cannot be read, it is another vault's, or the proof does not open it.
    pub fn look_into_file(&mut self, path: &Path, proof: Option<Proof>) -> Result<LookAnswer, Failure> {
        let looked = match self.open_other(path, proof)? {
            Opened::Locked(answer) => return Ok(answer),
            Opened::Open(looked) => *looked,
        };
        let mut differences = between(&looked.ours, &looked.theirs);
        if looked.ours.recovery().is_none() || looked.theirs.recovery().is_none() {
            // A set would come back, or go, without its codes.
            differences.retain(|one| one.record != RecordName::Recovery);
        }
        self.keep_look(path, looked, differences, None).map(LookAnswer::Opened)
    }

    /// Looks into the paper backup whose pages were gathered. It is a vault of its own with some of this vault's records:
    /// what is not in it is no difference.
    ///
    /// # Errors
    /// Locked, pages are missing, what they hold is no vault, or the proof does not open it.
    pub fn look_into_pages(&mut self, proof: Option<Proof>) -> Result<LookAnswer, Failure> {
        let proof = proof.map(Proven::new).transpose()?;
        let path = Path::new("paper backup");
        let bytes = join(&self.pages).map_err(|error| fail(FailureKind::BadInput, error))?;
        let locked = LockedVault::parse(bytes, &Location::at(path)).map_err(|error| unreadable(&error))?;
        self.session()?;
        let Some(proof) = proof else { return Ok(locked_answer(&locked)) };
        let theirs = locked.unlock(proof.credential())?;
        let looked = self.beside(theirs, Some(&proof))?;
        let mut differences = between(&looked.ours, &looked.theirs);
        let recovery = looked.ours.recovery().is_some() && looked.theirs.recovery().is_some();
        differences
            .retain(|one| one.effect != Effect::Removed && (recovery || one.record != RecordName::Recovery));
        self.keep_look(path, looked, differences, None).map(LookAnswer::Opened)
    }

    /// Makes the chosen records what they are in the state that was looked into: brings back what is missing, changes
    /// what differs, deletes what was added since. A counter never goes back: codes that were used stay used.
    /// Answers how many records that were.
    ///
    /// # Errors
    /// Locked, not the last look any more, or not saved: then nothing changed.
    pub fn restore_records(&mut self, look: u32, ids: &[String]) -> Result<u32, Failure> {
        let now = self.now();
        let Looked { theirs, mut ours, .. } = self.take_look(look)?;
        let mut count = 0;
        for id in ids {
            let id: RecordId =
                id.parse().map_err(|_| fail(FailureKind::BadInput, format!("there is no record {id}")))?;
            let mut done = make_alike(ours.accounts_mut(), Some(theirs.accounts()), id, now);
            // A recovery set is in both compartments, and its original file is a record of its own.
            if let Some(recovery) = ours.recovery_mut() {
                done |= make_alike(recovery, theirs.recovery(), id, now);
                let set = theirs.recovery().and_then(|codes| stored::set(codes, id));
                if let Some(file) = set.and_then(|set| set.file.parse().ok())
                    && recovery.get(file).is_none()
                {
                    make_alike(recovery, theirs.recovery(), file, now);
                }
            }
            count += u32::from(done);
        }
        self.take_in_other(&ours)?;
        Ok(count)
    }

    /// Where an earlier state was put in the vault's place, its counters go on from where they were in the states that
    /// were saved after it: a code that was shown is not shown again (promise 8). Where the last state itself is lost
    /// and it moved a counter, each counter goes one further: which of them it was is not known, and a code that is
    /// left out does no harm (RFC 4226 §7.4, the look-ahead window).
    pub(crate) fn catch_up(&mut self) {
        let (host, now) = (self.host.clone(), self.now());
        let Ok(session) = self.session_mut() else { return };
        let mut moved = false;
        for later in session.vault.later_generations(host.files()) {
            let step = u64::from(later.moved);
            for later in later.state.accounts().iter() {
                let accounts = session.vault.accounts_mut();
                let Some(here) = accounts.get(later.id) else { continue };
                if let Some(payload) = ahead(later, step, here) {
                    let record = here.changed(now, payload);
                    accounts.put(record);
                    moved = true;
                }
            }
        }
        if moved {
            // Where the disk takes nothing no code of a counter is shown either, and the next unlock tries again.
            let _ = self.save_with(|_| ());
            let _ = self.session_mut().map(Session::read_accounts);
        }
    }

    /// Forgets what was looked into.
    pub fn forget_look(&mut self) {
        if let Ok(session) = self.session_mut() {
            session.looked = None;
        }
    }

    /// Opens another state or copy of this vault: with this vault's own keys where they fit, else with the proof.
    pub(crate) fn open_other(&mut self, path: &Path, proof: Option<Proof>) -> Result<Opened, Failure> {
        let proof = proof.map(Proven::new).transpose()?;
        let locked = LockedVault::read(self.host.files(), &Location::at(path)).map_err(|error| {
            let kind = match unreadable(&error).kind {
                // Nothing is the matter with this vault.
                FailureKind::VaultUnreachable => FailureKind::BadInput,
                kind => kind,
            };
            fail(kind, format!("{}: {error}", path.display()))
        })?;
        let session = self.session_mut()?;
        let vault = &session.vault;
        if locked.id() != vault.id() {
            let what = format!("{} is vault {}, this is vault {}", path.display(), locked.id(), vault.id());
            return Err(fail(FailureKind::AnotherVault, what));
        }
        let theirs = match (vault.open_copy(&locked), &proof) {
            (Ok(theirs), _) => theirs,
            (Err(_), Some(proof)) => locked.unlock(proof.credential())?,
            (Err(_), None) => return Ok(Opened::Locked(locked_answer(&locked))),
        };
        Ok(Opened::Open(Box::new(self.beside(theirs, proof.as_ref())?)))
    }

    /// An opened state or copy beside a copy of the open vault.
    fn beside(&mut self, mut theirs: OpenVault, proof: Option<&Proven>) -> Result<Looked, Failure> {
        let session = self.session_mut()?;
        let vault = &session.vault;
        let mut ours = vault.open_copy(vault.sealed()).map_err(other)?;
        if let Some(proof) = proof {
            // Each may have another passphrase; what does not open stays closed, and the look says so.
            for vault in [&mut theirs, &mut ours] {
                if vault.recovery().is_none() {
                    let _ = vault.unlock_recovery(proof.credential());
                }
            }
        }
        let number = session.next_offer();
        Ok(Looked { number, theirs, ours })
    }

    /// Keeps a look for what is done with it, and answers what is shown of it.
    pub(crate) fn keep_look(
        &mut self,
        path: &Path,
        looked: Looked,
        differences: Vec<Difference>,
        merge: Option<MergeEffects>,
    ) -> Result<Look, Failure> {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let accounts = |vault: &OpenVault| {
            count(vault.accounts().iter().filter(|record| record.kind == crate::stored::KIND).count())
        };
        let theirs = &looked.theirs;
        let set_aside = theirs.accounts().set_aside().len()
            + theirs.recovery().map_or(0, |recovery| recovery.set_aside().len());
        let view = Look {
            look: looked.number,
            name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            saved_at: theirs.saved_at(),
            generation: theirs.generation(),
            accounts: accounts(theirs),
            accounts_now: accounts(&looked.ours),
            recovery: theirs.recovery().map(|recovery| count(recovery.len())),
            set_aside: count(set_aside),
            differences,
            merge,
        };
        self.session_mut()?.looked = Some(looked);
        Ok(view)
    }

    /// The last look, when it is the one meant.
    pub(crate) fn take_look(&mut self, number: u32) -> Result<Looked, Failure> {
        let session = self.session_mut()?;
        session.looked.take_if(|looked| looked.number == number).ok_or_else(|| {
            fail(FailureKind::BadInput, "this was looked at too long ago; look into it once more")
        })
    }

    /// Merges `other` into the open vault and saves.
    pub(crate) fn take_in_other(&mut self, other: &OpenVault) -> Result<(), Failure> {
        let saved = self.save_if(|session| session.vault.merge(other).map_err(crate::failure::other));
        self.session_mut()?.read_accounts();
        saved.map(drop)
    }

    /// The same with the recovery compartment open meanwhile, which `ours` has: after a rotation in one of two copies
    /// they merge no other way.
    pub(crate) fn take_in_whole(&mut self, ours: OpenVault, other: &OpenVault) -> Result<(), Failure> {
        let session = self.session_mut()?;
        let same = ours.sealed().as_bytes() == session.vault.sealed().as_bytes();
        if session.vault.recovery().is_some() || ours.recovery().is_none() || !same {
            return self.take_in_other(other);
        }
        // Nothing in the open vault waits to be saved: every change is on disk before it counts.
        session.vault = ours;
        let result = self.take_in_other(other);
        self.session_mut()?.vault.lock_recovery().map_err(crate::failure::other)?;
        result
    }
}

/// What [`App::open_other`] found.
pub(crate) enum Opened {
    Locked(LookAnswer),
    Open(Box<Looked>),
}

fn locked_answer(locked: &LockedVault) -> LookAnswer {
    let has = |kind| locked.slots().iter().any(|slot| slot.kind == kind);
    LookAnswer::Locked {
        has_passphrase: has(keyhaven_vault::SlotKind::Passphrase),
        has_recovery_key: has(keyhaven_vault::SlotKind::RecoveryKey),
    }
}

/// Makes one record in `ours` what it is in `theirs`; says whether there was something to do.
fn make_alike(
    ours: &mut keyhaven_vault::Compartment,
    theirs: Option<&keyhaven_vault::Compartment>,
    id: RecordId,
    now: u64,
) -> bool {
    let Some(theirs) = theirs else { return false };
    match (ours.get(id), theirs.get(id)) {
        (None, None) => false,
        (Some(_), None) => ours.delete(id, now),
        (here, Some(there)) => {
            let payload =
                here.and_then(|here| ahead(here, 0, there).or_else(|| stored::with_uses(here, there)));
            let payload = payload.unwrap_or_else(|| there.payload.duplicate());
            let record = there.changed(now, payload);
            ours.put(record);
            true
        }
    }
}

/// The payload of `there` with the counter of `here` and `step` on it, where that is further on with the same secret
/// (promise 8).
fn ahead(here: &Record, step: u64, there: &Record) -> Option<SecretBytes> {
    let (here, mut there) = (account(here)?, account(there)?);
    if here.account.secret != there.account.secret {
        return None;
    }
    let (Kind::Hotp { counter: here, .. }, Kind::Hotp { counter: there_now, .. }) =
        (&here.account.kind, &mut there.account.kind)
    else {
        return None;
    };
    let here = here.saturating_add(step);
    if here <= *there_now {
        return None;
    }
    *there_now = here;
    Some(there.write())
}
