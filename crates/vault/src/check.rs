//! Everything about a vault that can be checked, for `keyhaven vault check`.

use crate::{
    cost::KdfCost,
    files::Files,
    header::ReadError,
    ids::SlotId,
    locked::{LockedVault, UnlockError},
    open::{OpenVault, RecoveryKeys},
    slot::SlotInfo,
};
use std::path::PathBuf;

/// What a check found.
#[derive(Debug)]
pub struct CheckReport {
    /// Accounts that are not deleted.
    pub accounts: usize,
    /// Recovery records that are not deleted; `None` while the compartment is locked.
    pub recovery: Option<usize>,
    /// Records dropped into the locked recovery compartment.
    pub waiting_drop_ins: usize,
    /// Generations that open with this vault's key.
    pub generations: usize,
    /// What is wrong or wants attention; empty when all is well.
    pub problems: Vec<Problem>,
}

/// Something wrong with a vault, or wanting attention.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The vault file cannot be read.
    #[error("{0}")]
    File(ReadError),
    /// The vault file does not open with the key that the open vault has.
    #[error("{0}")]
    NotOpening(UnlockError),
    /// The vault file is not the one that was read.
    #[error("the vault file was changed by another program")]
    ChangedOnDisk,
    /// Records that could not be understood.
    #[error("{count} records could not be understood and are set aside")]
    SetAside {
        /// How many, in both compartments as far as they are open.
        count: usize,
    },
    /// Records that were changed in two copies.
    #[error("{count} records were changed in two copies at once; both versions are kept")]
    Conflicts {
        /// How many, in both compartments as far as they are open.
        count: usize,
    },
    /// Drop-ins that the recovery compartment's key does not open.
    #[error("{count} records dropped into the recovery compartment do not open")]
    UnreadableDropIns {
        /// How many.
        count: usize,
    },
    /// A generation that cannot be read.
    #[error("the saved state {} cannot be read: {error}", path.display())]
    UnreadableGeneration {
        /// Its file.
        path: PathBuf,
        /// Why.
        error: ReadError,
    },
    /// A generation of this vault that was sealed with other keys, from before a rotation.
    #[error("the saved state {} was sealed with other keys", path.display())]
    GenerationOfOtherKeys {
        /// Its file.
        path: PathBuf,
    },
    /// The generations cannot be listed.
    #[error("the saved states cannot be listed: {0}")]
    Generations(ReadError),
    /// There is neither a passphrase nor a recovery key.
    #[error("the vault has no passphrase and no recovery key")]
    NoDurableSlot,
    /// A passphrase slot that costs less than [`KdfCost::DEFAULT_MINIMUM`].
    #[error("the passphrase slot {slot} is cheaper to attack than it should be")]
    CheapPassphrase {
        /// Which slot.
        slot: SlotId,
    },
}

impl OpenVault {
    /// Reads the vault file and its generations again and opens all that this vault's keys open. Changes nothing.
    pub fn check(&self, files: &dyn Files) -> CheckReport {
        let mut problems = Vec::new();
        self.check_file(files, &mut problems);
        self.check_slots(&mut problems);
        self.check_records(&mut problems);
        let generations = self.check_generations(files, &mut problems);
        CheckReport {
            accounts: self.accounts.len(),
            recovery: self.recovery().map(crate::Compartment::len),
            waiting_drop_ins: self.waiting_drop_ins(),
            generations,
            problems,
        }
    }

    fn check_file(&self, files: &dyn Files, problems: &mut Vec<Problem>) {
        let locked = match LockedVault::read(files, &self.image.location) {
            Ok(locked) => locked,
            Err(error) => return problems.push(Problem::File(error)),
        };
        if locked.bytes != self.image.bytes {
            problems.push(Problem::ChangedOnDisk);
        }
        let opened = locked.open_accounts(&self.key).and_then(|_| {
            let segments = locked.segments()?;
            let Some(open) = &self.recovery.open else { return Ok(()) };
            let keys = RecoveryKeys::derive(self.id(), &open.key);
            keys.check(&locked.parsed.header)?;
            segments.iter().try_for_each(|segment| keys.open_segment(self.id(), segment).map(drop))
        });
        problems.extend(opened.err().map(Problem::NotOpening));
    }

    fn check_slots(&self, problems: &mut Vec<Problem>) {
        let slots = self.slots();
        if !slots.iter().any(SlotInfo::durable) {
            problems.push(Problem::NoDurableSlot);
        }
        let minimum = KdfCost::DEFAULT_MINIMUM;
        let cheap = |cost: KdfCost| {
            u64::from(cost.memory_kib()) * u64::from(cost.passes())
                < u64::from(minimum.memory_kib()) * u64::from(minimum.passes())
        };
        let cheap = slots.iter().filter(|slot| slot.cost.is_some_and(cheap));
        problems.extend(cheap.map(|slot| Problem::CheapPassphrase { slot: slot.id }));
    }

    fn check_records(&self, problems: &mut Vec<Problem>) {
        let compartments = || [Some(self.accounts()), self.recovery()].into_iter().flatten();
        let count = compartments().map(|compartment| compartment.set_aside().len()).sum();
        if count > 0 {
            problems.push(Problem::SetAside { count });
        }
        let count = compartments().map(|compartment| compartment.conflicts().count()).sum();
        if count > 0 {
            problems.push(Problem::Conflicts { count });
        }
        let count = self.waiting_drop_ins();
        if self.recovery.open.is_some() && count > 0 {
            problems.push(Problem::UnreadableDropIns { count });
        }
    }

    /// How many generations open.
    fn check_generations(&self, files: &dyn Files, problems: &mut Vec<Problem>) -> usize {
        let generations = match LockedVault::generations(files, &self.image.location) {
            Ok(generations) => generations,
            Err(error) => {
                problems.push(Problem::Generations(error));
                return 0;
            }
        };
        let mut opening = 0;
        for generation in generations {
            let opens = self.opens(files, &generation);
            match generation.readable {
                Err(error) => problems.push(Problem::UnreadableGeneration { path: generation.path, error }),
                Ok(_) if opens => opening += 1,
                Ok(id) if id == self.id() => {
                    problems.push(Problem::GenerationOfOtherKeys { path: generation.path });
                }
                Ok(_) => {} // another vault of the same name
            }
        }
        opening
    }
}
