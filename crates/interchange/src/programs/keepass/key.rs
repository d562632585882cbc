//! From the password to the key that header and body are under.

use super::broken;
use super::header::{Header, Kdf};
use crate::{ImportError, Request, crypto};
use aes::Aes256;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use keyhaven_secret::{Key, SecretText};
use zeroize::Zeroizing;

/// Rounds of AES-KDF between two looks at whether to go on.
const ROUNDS_BETWEEN_LOOKS: u64 = 1 << 20;

/// The composite key of a password alone, transformed as the header says.
pub(super) fn transform(
    header: &Header,
    password: &SecretText,
    request: &Request<'_>,
) -> Result<Key, ImportError> {
    let password_hash = crypto::sha256_key(&[password.expose().as_bytes()]);
    let composite = crypto::sha256_key(&[password_hash.expose()]);
    match &header.kdf {
        Kdf::Aes { seed, rounds } => {
            let cipher = Aes256::new_from_slice(seed)
                .map_err(|_| broken("the header", "the seed of its key derivation has not 32 bytes"))?;
            aes_kdf(&cipher, &composite, *rounds, request)
        }
        Kdf::Argon2 { id, version, salt, memory, passes, lanes } => {
            let variant = if *id { crypto::Argon2Variant::Id } else { crypto::Argon2Variant::D };
            let old = match version {
                0x10 => true,
                0x13 => false,
                _ => return Err(broken("the header", "its version of Argon2 is not known")),
            };
            let cost = crypto::Cost { memory: *memory, passes: *passes, lanes: *lanes };
            crypto::argon2(request, variant, old, composite.expose(), salt, cost)?
                .ok_or_else(|| broken("the header", "Argon2 takes no such numbers"))
        }
    }
}

/// Both halves of the key, encrypted again and again, then hashed.
fn aes_kdf(cipher: &Aes256, composite: &Key, rounds: u64, request: &Request<'_>) -> Result<Key, ImportError> {
    crypto::check_rounds(rounds)?;
    let mut halves = Zeroizing::new([[0; 16]; 2]);
    halves[0].copy_from_slice(&composite.expose()[..16]);
    halves[1].copy_from_slice(&composite.expose()[16..]);
    let mut done = 0;
    while done < rounds {
        crypto::report(request, done, rounds, 0)?;
        let until = rounds.min(done + ROUNDS_BETWEEN_LOOKS);
        for half in halves.iter_mut() {
            for _ in done..until {
                cipher.encrypt_block(half.into());
            }
        }
        done = until;
    }
    Ok(crypto::sha256_key(&[&halves[0], &halves[1]]))
}
