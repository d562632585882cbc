//! A record dropped into the recovery compartment while that is locked: sealed to its public key.
//!
//! A fresh X25519 key (RFC 7748) meets the compartment's public key; what both agree on seals this one record.
//! Only the compartment's own key opens it again, so whoever dropped it in cannot read it back.

use crate::{
    body,
    ids::{RecordId, VaultId},
    json::{Bytes, Hex},
    random::{self, NoRandomness},
    record::{Record, Version},
    seal,
};
use keyhaven_secret::{KEY_LENGTH, Key};
use serde::{Deserialize, Deserializer};
use x25519_dalek::{PublicKey, StaticSecret};

/// A sealed record among the accounts' body.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DropIn {
    pub id: RecordId,
    /// The fresh public key, then nonce, ciphertext and tag.
    pub sealed: Vec<u8>,
}

/// Why a record could not be dropped in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DropInError {
    /// No random bytes.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The compartment's public key is one that no compartment has (of low order): whoever wrote the file is up to
    /// something, and nothing is sealed to it.
    #[error("the recovery compartment's public key is not a usable one")]
    UnusableKey,
    /// What was sealed does not open to what went in: this machine's memory or processor is at fault.
    #[error("what was sealed does not open again")]
    NotVerified,
}

impl DropIn {
    pub fn seal(vault: VaultId, public: &[u8; KEY_LENGTH], record: Record) -> Result<Self, DropInError> {
        let id = record.id;
        let plain = body::write_record(&Version::of(record, &[]));
        Self::seal_with(vault, public, id, plain.expose(), &random::key()?, random::bytes()?)
    }

    /// As [`Self::seal`], with everything random given.
    pub fn seal_with(
        vault: VaultId,
        public: &[u8; KEY_LENGTH],
        id: RecordId,
        plain: &[u8],
        secret: &Key,
        nonce: [u8; 24],
    ) -> Result<Self, DropInError> {
        let secret = StaticSecret::from(*secret.expose());
        let ephemeral = PublicKey::from(&secret);
        let shared = secret.diffie_hellman(&PublicKey::from(*public));
        if !shared.was_contributory() {
            return Err(DropInError::UnusableKey);
        }
        let key = sealing_key(vault, shared.as_bytes(), ephemeral.as_bytes(), public);
        let mut sealed = ephemeral.to_bytes().to_vec();
        sealed.extend(seal::seal_with(&key, nonce, &associated(vault, id), plain));
        // Nobody here can open it later, and a download may be erased because it is sealed: so it is tried now.
        let again = seal::open(&key, &associated(vault, id), &sealed[KEY_LENGTH..]);
        if again.is_none_or(|again| again.expose() != plain) {
            return Err(DropInError::NotVerified);
        }
        Ok(Self { id, sealed })
    }

    /// The record, or `None` when it was not sealed to this key.
    pub fn open(&self, vault: VaultId, secret: &Key) -> Option<Version> {
        let (ephemeral, sealed) = self.sealed.split_first_chunk::<KEY_LENGTH>()?;
        let secret = StaticSecret::from(*secret.expose());
        let public = PublicKey::from(&secret);
        let shared = secret.diffie_hellman(&PublicKey::from(*ephemeral));
        if !shared.was_contributory() {
            return None;
        }
        let key = sealing_key(vault, shared.as_bytes(), ephemeral, public.as_bytes());
        let plain = seal::open(&key, &associated(vault, self.id), sealed)?;
        body::read_record(plain.expose()).filter(|version| version.record.id == self.id)
    }
}

/// The public key that belongs to the recovery compartment's X25519 key.
pub(crate) fn public_key(secret: &Key) -> [u8; KEY_LENGTH] {
    PublicKey::from(&StaticSecret::from(*secret.expose())).to_bytes()
}

fn sealing_key(
    vault: VaultId,
    shared: &[u8; KEY_LENGTH],
    ephemeral: &[u8; KEY_LENGTH],
    public: &[u8; KEY_LENGTH],
) -> Key {
    let info = [b"keyhaven/1/drop-in".as_slice(), ephemeral, public].concat();
    let [key] = seal::derive(shared, vault.as_bytes(), &info);
    key
}

fn associated(vault: VaultId, id: RecordId) -> Vec<u8> {
    [b"keyhaven/1/drop-in".as_slice(), vault.as_bytes(), id.as_bytes()].concat()
}

impl<'de> Deserialize<'de> for DropIn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)] // a drop-in of another shape is set aside, not cut down
        struct Fields {
            id: Hex<16>,
            sealed: Bytes,
        }
        let Fields { id, sealed } = Fields::deserialize(deserializer)?;
        Ok(Self { id: RecordId::from_bytes(id.0), sealed: sealed.0.expose().to_vec() })
    }
}
