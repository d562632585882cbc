//! The vault file: slots, sealing, opaque records, atomic saves, generations and merge.
//!
//! Start with [`OpenVault::create`] for a new vault and [`LockedVault::read`] for one on disk;
//! [`LockedVault::unlock`] turns the second into the first. Locked and unlocked are different types:
//! whoever holds a [`LockedVault`] holds no key. What a record means is the caller's business; this crate
//! keeps `kind`, times and payload, and whatever fields a newer version may have added.
//!
//! Nothing here reads a clock (times are arguments, milliseconds since 1970-01-01 UTC), asks a person, or knows
//! about one-time passwords or the system's keyring. The disk is touched through [`Files`] only, which
//! [`DiskFiles`] implements and tests break on purpose. The format is specified in `docs/vault-format.md`.
#![forbid(unsafe_code)]

mod body;
mod check;
mod compartment;
mod copies;
mod cost;
mod create;
mod drop_in;
mod exact;
mod files;
mod generations;
mod header;
mod ids;
mod json;
mod keyring_key;
mod location;
mod locked;
mod merge;
mod open;
mod random;
mod record;
mod recovery_key;
mod refresh;
mod save;
mod seal;
mod share;
mod slot;
mod slots;
#[cfg(test)]
mod vector;
mod verify;

pub use check::{CheckReport, Problem};
pub use compartment::{Compartment, Conflict};
pub use copies::{CopyError, DetachedSlot};
pub use cost::{CostOutOfRange, KdfCost};
pub use create::{CreateError, NewVault};
pub use drop_in::DropInError;
pub use files::{DiskFiles, Files, Lock, NewFile};
pub use generations::{Generation, Later, RestoreError};
pub use header::{DamagedPart, Demand, ReadError};
pub use ids::{InvalidId, RecordId, SlotId, VaultId};
pub use keyring_key::{InvalidKeyringKey, KeyringKey};
pub use location::Location;
pub use locked::{Credential, LockedVault, UnlockError};
pub use merge::{MergeError, MergeReport, RecoveryMerge};
pub use open::OpenVault;
pub use random::NoRandomness;
pub use record::Record;
pub use recovery_key::{InvalidRecoveryKey, RecoveryKey};
pub use refresh::RefreshError;
pub use save::{DiskOperation, SaveError, Saved};
pub use share::{
    InvalidShare, JoinError, SetName, Share, SplitError, join as join_shares, split as split_key,
};
pub use slot::{Opens, SlotInfo, SlotKind};
pub use slots::{NewSlot, SlotError, SlotSecret};
pub use verify::VerifyError;
