//! Whether what was put into the recovery compartment is really on the disk: read anew, opened and compared.

use crate::{
    files::Files, header::ReadError, ids::RecordId, locked::LockedVault, locked::UnlockError, open::OpenVault,
};

/// Why the file on disk could not be compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// What was read does not open with this vault's keys.
    #[error(transparent)]
    NotOpening(#[from] UnlockError),
}

impl OpenVault {
    /// Reads the vault file anew and says whether it holds each of these recovery records as this vault has it: the
    /// same content where the compartment is open, the same sealed bytes where a record waits in a locked one (those
    /// were opened and compared when they were sealed).
    ///
    /// # Errors
    /// See [`VerifyError`].
    pub fn holds_on_disk(&self, files: &dyn Files, records: &[RecordId]) -> Result<bool, VerifyError> {
        let locked = LockedVault::read(files, &self.image.location)?;
        let mut there = Self::from_locked(&locked, self.key.duplicate())?;
        if let Some(recovery) = &self.recovery.open {
            there.open_recovery(recovery.key.duplicate())?;
        }
        Ok(records.iter().all(|id| match (self.recovery(), there.recovery()) {
            (Some(ours), Some(theirs)) => ours.get(*id).is_some_and(|record| theirs.get(*id) == Some(record)),
            _ => {
                let sealed = |vault: &Self| {
                    let mut drop_ins = vault.extras.drop_ins.iter();
                    drop_ins.find(|drop_in| drop_in.id == *id).map(|drop_in| drop_in.sealed.clone())
                };
                sealed(self).is_some_and(|ours| sealed(&there) == Some(ours))
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Credential, DiskFiles, KdfCost, Location, NewVault, Record};
    use keyhaven_secret::{SecretBytes, SecretText};

    #[test]
    fn only_what_is_on_the_disk_counts() {
        let folder = tempfile::tempdir().unwrap();
        let passphrase = SecretText::new("x".into());
        let mut vault = OpenVault::create(&NewVault {
            location: Location::in_folder(folder.path()),
            passphrase: Some((&passphrase, KdfCost::new(8, 1).unwrap())),
            keyring: None,
            recovery_key: None,
            now: 1,
        })
        .unwrap();
        vault.save(&DiskFiles, 1).unwrap();
        let put = |vault: &mut OpenVault| {
            let id = RecordId::random().unwrap();
            let record = Record::new(id, "codes", 1, SecretBytes::new(vec![7; 5000]));
            vault.drop_in_recovery(record).unwrap();
            id
        };
        let holds = |vault: &OpenVault, id| vault.holds_on_disk(&DiskFiles, &[id]).unwrap();
        let locked = put(&mut vault);
        assert!(!holds(&vault, locked), "not saved yet");
        vault.save(&DiskFiles, 2).unwrap();
        assert!(holds(&vault, locked));
        vault.unlock_recovery(Credential::Passphrase(&passphrase)).unwrap();
        assert!(holds(&vault, locked), "and once it was taken in");
        let open = put(&mut vault);
        assert!(!holds(&vault, open));
        vault.save(&DiskFiles, 3).unwrap();
        assert!(holds(&vault, open) && holds(&vault, locked));
        assert!(!holds(&vault, RecordId::random().unwrap()));
    }
}
