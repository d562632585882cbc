//! A second writer of vault files, from docs/vault-format.md alone: whatever bodies and header fields a newer, a
//! broken or a hostile program might seal.
//!
//! Its keys are constants, so that an input means the same in every run. Nothing here is fit for real secrets.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use keyhaven_secret::SecretText;
use keyhaven_vault::KeyringKey;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

const VAULT: [u8; 16] = [0x4b; 16];
const ACCOUNTS_KEY: [u8; 32] = [1; 32];
const RECOVERY_KEY: [u8; 32] = [2; 32];
const KEYRING_KEY: [u8; 32] = [3; 32];
/// The 16 bytes of a printed key, and the 16 zero bytes that follow them ("Slots").
const PRINTED_KEY: [u8; 32] =
    [4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// What the header says of a vault whose bodies are given later, and the two sealing keys.
struct Fixed {
    accounts: [u8; 32],
    accounts_commitment: String,
    recovery: [u8; 32],
    recovery_commitment: String,
    public_key: String,
    slots: Value,
}

static FIXED: LazyLock<Fixed> = LazyLock::new(|| {
    let accounts: [u8; 64] = derive(&ACCOUNTS_KEY, b"keyhaven/1/accounts");
    let recovery: [u8; 96] = derive(&RECOVERY_KEY, b"keyhaven/1/recovery");
    let private: [u8; 32] = part(&recovery, 2);
    let public = x25519_dalek::PublicKey::from(&x25519_dalek::StaticSecret::from(private));
    Fixed {
        accounts: part(&accounts, 0),
        accounts_commitment: hex(&part(&accounts, 1)),
        recovery: part(&recovery, 0),
        recovery_commitment: hex(&part(&recovery, 1)),
        public_key: hex(public.as_bytes()),
        slots: json!([slot("keyring", 5, &KEYRING_KEY), slot("recovery-key", 6, &PRINTED_KEY)]),
    }
});

/// What opens both compartments of every forged vault.
///
/// # Panics
/// Never: the text is the Base64 of 32 bytes.
pub fn keyring() -> KeyringKey {
    let text = SecretText::new("AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=".into());
    KeyringKey::from_text(&text).expect("the Base64 of 32 bytes")
}

/// A vault file with these two bodies, sealed as they are.
pub fn vault(accounts: &[u8], recovery: &[u8]) -> Vec<u8> {
    vault_with(&Map::new(), accounts, recovery)
}

/// The same with further fields in its header; those that the format names keep their meaning.
pub fn vault_with(fields: &Map<String, Value>, accounts: &[u8], recovery: &[u8]) -> Vec<u8> {
    let fixed = &*FIXED;
    let associated = [b"keyhaven/1/recovery".as_slice(), &VAULT].concat();
    let segment = seal(&fixed.recovery, &associated, recovery);
    let mut header = fields.clone();
    let known = json!({
        "vault": hex(&VAULT), "generation": 7, "saved_at": 1_763_800_000_000_u64, "slots": fixed.slots,
        "accounts": {"epoch": 1, "commitment": fixed.accounts_commitment, "length": accounts.len() + OVERHEAD},
        "recovery": {"commitment": fixed.recovery_commitment, "public_key": fixed.public_key,
                     "segments": [{"length": segment.len(), "sha256": hex(&Sha256::digest(&segment))}]},
    });
    if let Value::Object(known) = known {
        header.extend(known);
    }
    let head = head(Value::Object(header).to_string().as_bytes());
    let accounts = seal(&fixed.accounts, &head, accounts);
    closed([head, accounts, segment].concat())
}

/// Magic, version, the length and the digest of `header`, and the header.
pub fn head(header: &[u8]) -> Vec<u8> {
    let mut head = b"\x89KHV\r\n\x1a\n\0\x01".to_vec();
    head.extend(u32::try_from(header.len()).unwrap_or(u32::MAX).to_be_bytes());
    head.extend(Sha256::digest(header));
    head.extend(header);
    head
}

/// `file` with the digest of all of it at its end.
pub fn closed(mut file: Vec<u8>) -> Vec<u8> {
    let digest = Sha256::digest(&file);
    file.extend(digest);
    file
}

const OVERHEAD: usize = 24 + 16;

/// A constant nonce: two plaintexts under one nonce give both away, which matters to nobody here.
fn seal(key: &[u8; 32], associated: &[u8], plain: &[u8]) -> Vec<u8> {
    let nonce = [9; 24];
    let cipher = XChaCha20Poly1305::new(key.into());
    let sealed = cipher.encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: associated });
    [&nonce[..], &sealed.unwrap_or_default()].concat()
}

fn slot(kind: &str, id: u8, slot_key: &[u8; 32]) -> Value {
    let id = [id; 16];
    let context = [b"keyhaven/1/slot".as_slice(), &VAULT, &id, kind.as_bytes()].concat();
    let keys: [u8; 96] = derive(slot_key, &context);
    json!({
        "id": hex(&id), "kind": kind, "created_at": 1, "label": "", "commitment": hex(&part(&keys, 2)),
        "accounts": hex(&seal(&part(&keys, 0), &context, &ACCOUNTS_KEY)),
        "recovery": hex(&seal(&part(&keys, 1), &context, &RECOVERY_KEY)),
    })
}

fn derive<const N: usize>(key: &[u8], info: &[u8]) -> [u8; N] {
    derive_for(&VAULT, key, info)
}

fn derive_for<const N: usize>(vault: &[u8], key: &[u8], info: &[u8]) -> [u8; N] {
    let mut output = [0; N];
    // Three keys at most, where 255 are possible (RFC 5869 §2.3).
    let _ = Hkdf::<Sha256>::new(Some(vault), key).expand(info, &mut output);
    output
}

/// The 128 bits of a printed recovery key: of each group of five characters the first four. `None` for any other text.
pub fn printed_key(text: &str) -> Option<u128> {
    const ALPHABET: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let data = text.split('-').flat_map(|group| group.chars().take(4));
    // 28 characters are 140 bits, of which the last 12 are the digest's; the 26th has three of the key.
    let values = data.take(26).map(|character| Some(ALPHABET.find(character)? as u128));
    let values: Vec<u128> = values.collect::<Option<_>>()?;
    let (last, first) = values.split_last().filter(|(_, first)| first.len() == 25)?;
    Some(first.iter().fold(0, |bits, value| bits << 5 | value) << 3 | last >> 2)
}

/// The keys of any vault's file, by what each is for: the accounts', the recovery compartment's, and those that seal the
/// two. `printed` is the key of the emergency kit; `None` where it opens nothing, or the file is none.
pub fn keys_of(file: &[u8], printed: u128) -> Option<Vec<(&'static str, [u8; 32])>> {
    let length: [u8; 4] = file.get(10..14)?.try_into().ok()?;
    let header = file.get(46..46 + usize::try_from(u32::from_be_bytes(length)).ok()?)?;
    let header: Value = serde_json::from_slice(header).ok()?;
    let vault = unhex(&header["vault"])?;
    let slot = header["slots"].as_array()?.iter().find(|slot| slot["kind"] == "recovery-key")?;
    let context = [b"keyhaven/1/slot".as_slice(), &vault, &unhex(&slot["id"])?, b"recovery-key"].concat();
    let slot_key = [printed.to_be_bytes(), [0; 16]].concat();
    let wrapping: [u8; 96] = derive_for(&vault, &slot_key, &context);
    let opened = |index: usize, name: &str| -> Option<[u8; 32]> {
        let sealed = unhex(&slot[name])?;
        let (nonce, sealed) = sealed.split_first_chunk::<24>()?;
        let cipher = XChaCha20Poly1305::new(&part(&wrapping, index).into());
        let payload = Payload { msg: sealed, aad: &context };
        cipher.decrypt(&XNonce::from(*nonce), payload).ok()?.try_into().ok()
    };
    let (accounts, recovery) = (opened(0, "accounts")?, opened(1, "recovery")?);
    let sealing = |key: &[u8; 32], info: &[u8]| part(&derive_for::<96>(&vault, key, info), 0);
    Some(vec![
        ("the key that seals the accounts", sealing(&accounts, b"keyhaven/1/accounts")),
        ("the key that seals the recovery codes", sealing(&recovery, b"keyhaven/1/recovery")),
        ("the accounts' key", accounts),
        ("the recovery compartment's key", recovery),
    ])
}

fn unhex(text: &Value) -> Option<Vec<u8>> {
    data_encoding::HEXLOWER.decode(text.as_str()?.as_bytes()).ok()
}

/// The `index`th key of what [`derive()`] gave.
fn part(keys: &[u8], index: usize) -> [u8; 32] {
    std::array::from_fn(|at| keys[index * 32 + at])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
