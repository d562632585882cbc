//! Keeping an open vault in step with its file: taking in what another writer saved, and dropping what was not saved.

use crate::{
    files::Files,
    header::ReadError,
    locked::{LockedVault, UnlockError},
    merge::{MergeError, MergeReport},
    open::OpenVault,
};

/// Why what stands on disk could not be taken in. The open vault is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RefreshError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The file does not open with this vault's keys: another vault stands there now, or its keys were rotated.
    #[error("the vault file there has other keys; lock and unlock to use it ({0})")]
    OtherKeys(#[source] UnlockError),
    /// The two cannot be merged.
    #[error(transparent)]
    Merge(#[from] MergeError),
}

impl OpenVault {
    /// Reads the file anew and merges this vault's unsaved changes into it, so that the next [`Self::save`] overwrites
    /// nothing that another program or computer wrote. The report says what changed in the file by that.
    ///
    /// # Errors
    /// See [`RefreshError`]; the open vault is as it was.
    pub fn refresh(&mut self, files: &dyn Files) -> Result<MergeReport, RefreshError> {
        let locked = LockedVault::read(files, &self.image.location)?;
        let mut there = self.opened_like_this(&locked).map_err(RefreshError::OtherKeys)?;
        let report = there.merge(self)?;
        *self = there;
        Ok(report)
    }

    /// Drops every change since the vault was read or saved; what is open stays open.
    ///
    /// # Errors
    /// The sealed image in memory does not open any more; the vault is as it was. That takes a fault of the memory.
    pub fn revert(&mut self) -> Result<(), UnlockError> {
        *self = self.opened_like_this(&self.image)?;
        Ok(())
    }

    /// Another copy of this vault, opened with this one's keys and as far as this one is open; for looking into it.
    ///
    /// # Errors
    /// It has other keys: another vault's, or a copy from before or after they were rotated.
    pub fn open_copy(&self, copy: &LockedVault) -> Result<Self, UnlockError> {
        self.opened_like_this(copy)
    }

    /// `locked` opened with this vault's keys, as far as this one is open: with those of the file as it was last read
    /// or written, else with the present ones, which a save that seemed to fail may have brought to the disk.
    pub(crate) fn opened_like_this(&self, locked: &LockedVault) -> Result<Self, UnlockError> {
        let mut open = Self::from_locked(locked, self.image_keys.accounts.duplicate())
            .or_else(|_| Self::from_locked(locked, self.key.duplicate()))?;
        if let Some(recovery) = &self.recovery.open {
            let known = self.image_keys.recovery.as_ref().unwrap_or(&recovery.key);
            open.open_recovery(known.duplicate())
                .or_else(|_| open.open_recovery(recovery.key.duplicate()))?;
        }
        Ok(open)
    }
}
