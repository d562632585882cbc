//! One slot: a way in. It wraps the compartments' keys under a key made from what a person or a keyring holds.

use crate::{
    cost::{KdfCost, NoMemory},
    ids::{SlotId, VaultId},
    json::Hex,
    keyring_key::KeyringKey,
    random::{self, NoRandomness},
    recovery_key::RecoveryKey,
    seal,
};
use keyhaven_secret::{KEY_LENGTH, Key, SecretText};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

/// What opens a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SlotKind {
    /// A passphrase, through Argon2id.
    Passphrase,
    /// A random key that the operating system's keyring holds.
    Keyring,
    /// The printed key of an emergency kit.
    RecoveryKey,
    /// A kind that this version does not know, or a slot it cannot read; kept as it is.
    Unknown(String),
}

impl SlotKind {
    /// Whether the slot depends on nothing but what a person keeps: a keyring may vanish with its computer.
    pub const fn durable(&self) -> bool {
        matches!(self, Self::Passphrase | Self::RecoveryKey)
    }

    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Passphrase => "passphrase",
            Self::Keyring => "keyring",
            Self::RecoveryKey => "recovery-key",
            Self::Unknown(name) => name,
        }
    }

    fn of(name: &str) -> Self {
        [Self::Passphrase, Self::Keyring, Self::RecoveryKey]
            .into_iter()
            .find(|kind| kind.name() == name)
            .unwrap_or_else(|| Self::Unknown(name.to_owned()))
    }
}

/// Which compartments a slot opens; at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opens {
    /// The accounts only: what a keyring slot does by default.
    Accounts,
    /// The recovery compartment only: a second passphrase.
    Recovery,
    /// Both: what a passphrase and a recovery key do by default.
    Both,
}

impl Opens {
    /// Whether the accounts are among them.
    pub const fn accounts(self) -> bool {
        matches!(self, Self::Accounts | Self::Both)
    }

    /// Whether the recovery compartment is among them.
    pub const fn recovery(self) -> bool {
        matches!(self, Self::Recovery | Self::Both)
    }
}

/// What anyone can see of a slot without opening it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotInfo {
    /// The slot's name for [`crate::OpenVault::remove_slot`].
    pub id: SlotId,
    /// What opens it.
    pub kind: SlotKind,
    /// When it was made, in milliseconds since 1970-01-01 UTC.
    pub created_at: u64,
    /// What its maker called it; it stands in the file unencrypted.
    pub label: String,
    /// Whether it opens the accounts.
    pub opens_accounts: bool,
    /// Whether it opens the recovery compartment.
    pub opens_recovery: bool,
    /// What its passphrase costs; `None` for the other kinds.
    pub cost: Option<KdfCost>,
}

impl SlotInfo {
    /// Whether it opens the accounts with nothing but what a person keeps.
    pub fn durable(&self) -> bool {
        self.kind.durable() && self.opens_accounts
    }
}

/// A slot as the header has it (docs/vault-format.md, "Slots").
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Slot {
    pub id: Hex<16>,
    pub kind: String,
    pub created_at: u64,
    pub label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub argon2id: Option<Argon2id>,
    pub commitment: Hex<KEY_LENGTH>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accounts: Option<Hex<WRAPPED>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery: Option<Hex<WRAPPED>>,
    /// Whose passphrase it is, see [`Self::secret`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passphrase: Option<Hex<16>>,
    #[serde(flatten)]
    pub unknown: Map<String, Value>,
}

/// The cost and salt of a passphrase slot.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Argon2id {
    pub memory_kib: u32,
    pub passes: u32,
    pub salt: Hex<16>,
}

/// A wrapped key: nonce, ciphertext, tag.
const WRAPPED: usize = KEY_LENGTH + seal::OVERHEAD;

/// The two keys that a slot can wrap.
#[derive(Clone, Copy)]
pub(crate) enum Compartments<'a> {
    Accounts(&'a Key),
    Recovery(&'a Key),
    Both { accounts: &'a Key, recovery: &'a Key },
}

/// What opening a slot gave.
pub(crate) struct Unwrapped {
    pub accounts: Option<Key>,
    pub recovery: Option<Key>,
}

/// What a slot key is made from.
#[derive(Clone, Copy)]
pub(crate) enum SlotKeySource<'a> {
    Passphrase(&'a SecretText, KdfCost, [u8; 16]),
    Keyring(&'a KeyringKey),
    RecoveryKey(&'a RecoveryKey),
}

impl SlotKeySource<'_> {
    fn kind(&self) -> SlotKind {
        match self {
            Self::Passphrase(..) => SlotKind::Passphrase,
            Self::Keyring(_) => SlotKind::Keyring,
            Self::RecoveryKey(_) => SlotKind::RecoveryKey,
        }
    }

    fn slot_key(&self) -> Result<Key, NoMemory> {
        match self {
            Self::Passphrase(passphrase, cost, salt) => cost.stretch(passphrase, salt),
            Self::Keyring(key) => Ok(key.0.duplicate()),
            // HKDF takes any length; the 16 bytes stand in the first half of a key (docs/vault-format.md).
            Self::RecoveryKey(key) => {
                let mut padded = Zeroizing::new([0; KEY_LENGTH]);
                padded[..key.expose().len()].copy_from_slice(key.expose());
                Key::try_fill(|place| {
                    place.copy_from_slice(padded.as_slice());
                    Ok(())
                })
            }
        }
    }
}

/// Why a slot did not open.
pub(crate) enum SlotFailure {
    /// The key is not this slot's.
    WrongKey,
    /// The key is this slot's and the wrapped keys are not what they were.
    Damaged,
    NoMemory(NoMemory),
}

impl Slot {
    /// A new slot around `keys`.
    pub fn wrap(
        vault: VaultId,
        id: SlotId,
        source: SlotKeySource<'_>,
        keys: Compartments<'_>,
        label: String,
        created_at: u64,
    ) -> Result<Self, WrapFailure> {
        let nonces = [random::bytes()?, random::bytes()?];
        Ok(Self::wrap_with(vault, id, source, keys, label, created_at, nonces)?)
    }

    /// As [`Self::wrap`], with the nonces of the two wrapped keys given.
    pub fn wrap_with(
        vault: VaultId,
        id: SlotId,
        source: SlotKeySource<'_>,
        keys: Compartments<'_>,
        label: String,
        created_at: u64,
        [accounts_nonce, recovery_nonce]: [[u8; 24]; 2],
    ) -> Result<Self, NoMemory> {
        let kind = source.kind();
        let context = context(vault, id, kind.name());
        let [accounts_key, recovery_key, commitment] = derive(vault, &context, &source.slot_key()?);
        let (accounts, recovery) = match keys {
            Compartments::Accounts(key) => (Some(key), None),
            Compartments::Recovery(key) => (None, Some(key)),
            Compartments::Both { accounts, recovery } => (Some(accounts), Some(recovery)),
        };
        let seal = |with: &Key, nonce, key: Option<&Key>| {
            let sealed = key.map(|key| seal::seal_with(with, nonce, &context, key.expose()));
            // A sealed key has exactly this length.
            sealed.and_then(|sealed| sealed.try_into().ok()).map(Hex)
        };
        Ok(Self {
            id: Hex(*id.as_bytes()),
            kind: kind.name().to_owned(),
            created_at,
            label,
            argon2id: match source {
                SlotKeySource::Passphrase(_, cost, salt) => {
                    Some(Argon2id { memory_kib: cost.memory_kib(), passes: cost.passes(), salt: Hex(salt) })
                }
                _ => None,
            },
            commitment: Hex(*commitment.expose()),
            accounts: seal(&accounts_key, accounts_nonce, accounts),
            recovery: seal(&recovery_key, recovery_nonce, recovery),
            passphrase: None,
            unknown: Map::new(),
        })
    }

    /// Opens the slot. The commitment is compared before anything is decrypted.
    pub fn unwrap(&self, vault: VaultId, source: SlotKeySource<'_>) -> Result<Unwrapped, SlotFailure> {
        let context = context(vault, self.id(), &self.kind);
        let slot_key = source.slot_key().map_err(SlotFailure::NoMemory)?;
        let [accounts_key, recovery_key, commitment] = derive(vault, &context, &slot_key);
        if !seal::commits(&commitment, &self.commitment.0) {
            return Err(SlotFailure::WrongKey);
        }
        let open = |with: &Key, wrapped: &Option<Hex<WRAPPED>>| match wrapped {
            None => Ok(None),
            Some(wrapped) => seal::open(with, &context, &wrapped.0)
                .and_then(|key| Key::from_slice(key.expose()))
                .map(Some)
                .ok_or(SlotFailure::Damaged),
        };
        Ok(Unwrapped {
            accounts: open(&accounts_key, &self.accounts)?,
            recovery: open(&recovery_key, &self.recovery)?,
        })
    }

    pub fn id(&self) -> SlotId {
        SlotId::from_bytes(self.id.0)
    }

    /// The name of the secret behind the slot: the same for those that were made one after another from one passphrase,
    /// each at a higher cost. It stands among the removed slots when the secret itself is given up, so that none of
    /// them comes back from another copy.
    pub fn secret(&self) -> SlotId {
        self.passphrase.as_ref().map_or_else(|| secret_of(self.id()), |name| SlotId::from_bytes(name.0))
    }

    pub fn kind(&self) -> SlotKind {
        SlotKind::of(&self.kind)
    }

    pub fn cost(&self) -> Option<KdfCost> {
        self.argon2id.and_then(|demand| KdfCost::new(demand.memory_kib, demand.passes).ok())
    }

    pub fn info(&self) -> SlotInfo {
        SlotInfo {
            id: self.id(),
            kind: self.kind(),
            created_at: self.created_at,
            label: self.label.clone(),
            opens_accounts: self.accounts.is_some(),
            opens_recovery: self.recovery.is_some(),
            cost: self.cost(),
        }
    }
}

/// The name of the secret of a slot that says none.
pub(crate) fn secret_of(id: SlotId) -> SlotId {
    let [name @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] =
        seal::digest(&[b"keyhaven/1/passphrase".as_slice(), id.as_bytes()].concat());
    SlotId::from_bytes(name)
}

/// Why a slot could not be made.
pub(crate) enum WrapFailure {
    NoRandomness(NoRandomness),
    NoMemory(NoMemory),
}

impl From<NoRandomness> for WrapFailure {
    fn from(error: NoRandomness) -> Self {
        Self::NoRandomness(error)
    }
}

impl From<NoMemory> for WrapFailure {
    fn from(error: NoMemory) -> Self {
        Self::NoMemory(error)
    }
}

/// A fresh salt for a passphrase.
pub(crate) fn salt() -> Result<[u8; 16], NoRandomness> {
    random::bytes()
}

/// Names vault, slot and kind, so that a wrapped key carried to another slot or vault is worth nothing.
fn context(vault: VaultId, id: SlotId, kind: &str) -> Vec<u8> {
    [b"keyhaven/1/slot".as_slice(), vault.as_bytes(), id.as_bytes(), kind.as_bytes()].concat()
}

fn derive(vault: VaultId, context: &[u8], slot_key: &Key) -> [Key; 3] {
    seal::derive(slot_key.expose(), vault.as_bytes(), context)
}
