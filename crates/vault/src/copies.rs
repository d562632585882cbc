//! Copies of an open vault: one opened beside it to be looked into, and one sealed for keeping elsewhere under
//! another passphrase.

use crate::{
    header::StoredSlot,
    json::Hex,
    locked::{LockedVault, UnlockError},
    open::OpenVault,
    random::NoRandomness,
    slot::{Slot, SlotInfo},
    slots::{NewSlot, SlotError, make},
};
use keyhaven_secret::KEY_LENGTH;
use serde::{Deserialize, Serialize};

/// A slot that stands in no vault file yet: it is made once, with its passphrase at hand, and put into every copy
/// that [`OpenVault::sealed_for`] makes later, without it. Like every slot it is no secret.
#[derive(Clone, Serialize, Deserialize)]
pub struct DetachedSlot {
    /// The keys that it wraps, by their commitment: after a rotation it wraps keys that open nothing new.
    keys: Hex<KEY_LENGTH>,
    slot: Slot,
}

/// Why a copy could not be sealed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// The vault's keys were rotated after the slot was made.
    #[error("the slot wraps keys that this vault no longer has")]
    StaleSlot,
    /// The saved vault in memory does not open any more. That takes a fault of the memory.
    #[error(transparent)]
    Unlock(#[from] UnlockError),
    /// No random bytes.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

impl OpenVault {
    /// A slot for copies only; this vault does not open with it. `now` is in milliseconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// See [`SlotError`]; a slot that opens the recovery compartment needs that open.
    pub fn detached_slot(&self, new: &NewSlot<'_>, now: u64) -> Result<DetachedSlot, SlotError> {
        let slot = make(self.id(), self.keys(), new, now)?;
        Ok(DetachedSlot { keys: self.header.accounts.commitment, slot })
    }

    /// This vault as it was last saved, sealed anew with `slot` in the place of those that `keep` does not want.
    ///
    /// # Errors
    /// See [`CopyError`].
    pub fn sealed_for(
        &self,
        slot: &DetachedSlot,
        keep: impl Fn(&SlotInfo) -> bool,
    ) -> Result<LockedVault, CopyError> {
        if slot.keys.0 != self.header.accounts.commitment.0 {
            return Err(CopyError::StaleSlot);
        }
        let mut copy = self.opened_like_this(&self.image)?;
        copy.header.slots.retain(|slot| keep(&slot.info()));
        copy.header.slots.push(StoredSlot::Known(Box::new(slot.slot.clone())));
        let bytes = copy.seal(copy.header.generation, copy.header.saved_at, &copy.recovery.segments)?;
        LockedVault::parse(bytes, &self.image.location)
            .map_err(|_| UnlockError::Damaged(crate::DamagedPart::Header).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Credential, DiskFiles, KdfCost, Location, NewVault, Record, RecordId, RecoveryKey, SlotKind,
    };
    use keyhaven_secret::{SecretBytes, SecretText};

    fn text(text: &str) -> SecretText {
        SecretText::new(text.into())
    }

    #[test]
    fn a_copy_opens_with_its_own_passphrase_and_the_kit_and_with_nothing_else_of_the_vault() {
        let folder = tempfile::tempdir().unwrap();
        let cost = KdfCost::new(8, 1).unwrap();
        let (own, other, kit) = (text("own"), text("of the copy"), RecoveryKey::generate().unwrap());
        let mut vault = OpenVault::create(&NewVault {
            location: Location::in_folder(folder.path()),
            passphrase: Some((&own, cost)),
            keyring: None,
            recovery_key: Some(&kit),
            now: 1,
        })
        .unwrap();
        let id = RecordId::random().unwrap();
        vault.accounts_mut().put(Record::new(id, "account", 2, SecretBytes::new(b"one".to_vec())));
        vault.save(&DiskFiles, 2).unwrap();
        assert!(matches!(
            vault.detached_slot(&NewSlot::passphrase(&other, cost), 3),
            Err(SlotError::RecoveryLocked)
        ));
        vault.unlock_recovery(Credential::Passphrase(&own)).unwrap();
        let slot = vault.detached_slot(&NewSlot::passphrase(&other, cost), 3).unwrap();
        let slot: DetachedSlot = serde_json::from_str(&serde_json::to_string(&slot).unwrap()).unwrap();

        let copy = vault.sealed_for(&slot, |slot| slot.kind == SlotKind::RecoveryKey).unwrap();
        assert_eq!((copy.generation(), copy.saved_at()), (vault.generation(), vault.saved_at()));
        assert!(copy.unlock(Credential::Passphrase(&own)).is_err());
        let mut opened = copy.unlock(Credential::Passphrase(&other)).unwrap();
        opened.unlock_recovery(Credential::Passphrase(&other)).unwrap();
        assert_eq!(opened.accounts().get(id).unwrap().payload.expose(), b"one");
        assert!(copy.unlock(Credential::RecoveryKey(&kit)).is_ok());
        assert!(vault.open_copy(&copy).is_ok());
        assert!(vault.sealed().unlock(Credential::Passphrase(&other)).is_err(), "the vault itself does not");

        vault.rotate_keys(&[NewSlot::passphrase(&own, cost)], 4).unwrap();
        vault.save(&DiskFiles, 4).unwrap();
        assert!(matches!(vault.sealed_for(&slot, |_| true), Err(CopyError::StaleSlot)));
        assert!(vault.open_copy(&copy).is_err());
    }
}
