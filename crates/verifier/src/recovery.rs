//! Recovery codes: made, printed, and known again without being stored.
//!
//! A code is a selector of 20 bits, by which its row is found, and a verifier of 80 bits (140 for a single key) of
//! which the store has an Argon2id hash under the tenant's pepper. Finding by selector keeps it at one hash for each
//! answer, however many codes there are. NIST SP 800-63B-4 2pd §3.1.2.2 asks for 20 bits and hashing below 112,
//! ASVS 6.5.2 for 112 or a password hash: 80 bits and Argon2id it is.

use crate::{Failure, Unavailable, keys::TenantKeys, random};
use argon2::{Algorithm, Argon2, Params, Version};
use data_encoding::HEXLOWER;
use keyhaven_secret::{Key, SecretText};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Crockford's base32: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const SELECTOR: usize = 4;
const CODE: usize = SELECTOR + 16;
const SINGLE_KEY: usize = SELECTOR + 28;

/// What an Argon2id hash costs (RFC 9106). The default is OWASP's: 19 MiB, two passes, one lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HashCost {
    /// Memory in KiB, 8 to 1,048,576.
    pub memory: u32,
    /// Passes, 1 to 16.
    pub passes: u32,
}

impl Default for HashCost {
    fn default() -> Self {
        Self { memory: 19 * 1024, passes: 2 }
    }
}

impl HashCost {
    /// What nobody would use outside tests: the codes' 80 bits are then alone in protecting them.
    pub const LEAST: Self = Self { memory: 8, passes: 1 };
}

/// A hash as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredHash {
    /// The number of the tenant's key whose pepper it is under.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    key: u32,
    cost: HashCost,
    salt: String,
    hash: String,
}

fn first() -> u32 {
    1
}

fn is_first(key: &u32) -> bool {
    *key == 1
}

impl StoredHash {
    /// The number of the tenant's key that it needs.
    pub(crate) fn key(&self) -> u32 {
        self.key
    }
}

/// A fresh code: the part that is looked up and the whole.
pub(crate) struct Fresh {
    pub selector: String,
    pub code: Zeroizing<String>,
}

pub(crate) fn generate(single_key: bool) -> Result<Fresh, Unavailable> {
    let random = random::bytes::<SINGLE_KEY>()?;
    let length = if single_key { SINGLE_KEY } else { CODE };
    // 256 is a multiple of 32, so each letter is equally likely.
    let code: Zeroizing<String> = Zeroizing::new(
        random[..length].iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect(),
    );
    Ok(Fresh { selector: code[..SELECTOR].to_owned(), code })
}

/// The code in groups of four, as it is printed.
pub(crate) fn grouped(code: &str) -> SecretText {
    let mut text = String::with_capacity(code.len() + code.len() / 4);
    for (index, character) in code.chars().enumerate() {
        if index > 0 && index % 4 == 0 {
            text.push('-');
        }
        text.push(character);
    }
    SecretText::new(text)
}

/// A typed code, already in canonical letters, apart: selector and verifier. `None` when its length is of no code.
pub(crate) fn parts(code: &str) -> Option<(&str, &str)> {
    matches!(code.len(), CODE | SINGLE_KEY).then(|| code.split_at_checked(SELECTOR)).flatten()
}

fn argon2(pepper: &Key, cost: HashCost, salt: &[u8], verifier: &str) -> Result<Zeroizing<[u8; 32]>, Failure> {
    // A stored record may not ask for more than this machine should give.
    let params = (8..=1 << 20)
        .contains(&cost.memory)
        .then(|| Params::new(cost.memory, cost.passes.clamp(1, 16), 1, Some(32)).ok())
        .flatten()
        .ok_or(Failure::Sealed { what: "recovery code's cost" })?;
    let mut hash = Zeroizing::new([0; 32]);
    Argon2::new_with_secret(pepper.expose(), Algorithm::Argon2id, Version::V0x13, params)
        .and_then(|argon2| argon2.hash_password_into(verifier.as_bytes(), salt, hash.as_mut_slice()))
        .map_err(|_| Failure::Sealed { what: "recovery code" })?;
    Ok(hash)
}

pub(crate) fn hash(keys: &TenantKeys, cost: HashCost, verifier: &str) -> Result<StoredHash, Failure> {
    let salt = random::bytes::<16>()?;
    let (key, pepper) = keys.pepper();
    let hash = argon2(pepper, cost, salt.as_slice(), verifier)?;
    Ok(StoredHash {
        key,
        cost,
        salt: HEXLOWER.encode(salt.as_slice()),
        hash: HEXLOWER.encode(hash.as_slice()),
    })
}

/// Whether `verifier` is what was hashed. Without a stored hash the same work is done for nothing, so that an unknown
/// selector takes as long as a known one (ASVS 6.3.8).
pub(crate) fn matches(
    keys: &TenantKeys,
    cost: HashCost,
    stored: Option<&StoredHash>,
    verifier: &str,
) -> Result<bool, Failure> {
    let Some(stored) = stored else {
        argon2(keys.pepper().1, cost, &[0; 16], verifier)?;
        return Ok(false);
    };
    let decode =
        |text: &str| HEXLOWER.decode(text.as_bytes()).map_err(|_| Failure::Sealed { what: "recovery code" });
    let pepper = keys.pepper_of(stored.key).ok_or(Failure::Sealed { what: "recovery code" })?;
    let hash = argon2(pepper, stored.cost, &decode(&stored.salt)?, verifier)?;
    Ok(hash.as_slice().ct_eq(&decode(&stored.hash)?).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> TenantKeys {
        TenantKeys::first().unwrap().1
    }

    #[test]
    fn a_code_is_known_again_under_its_own_pepper_only() {
        let keys_here = keys();
        for single_key in [false, true] {
            let fresh = generate(single_key).unwrap();
            let (selector, verifier) = parts(&fresh.code).unwrap();
            assert_eq!(selector, fresh.selector);
            let stored = hash(&keys_here, HashCost::LEAST, verifier).unwrap();
            assert!(matches(&keys_here, HashCost::LEAST, Some(&stored), verifier).unwrap());
            assert!(!matches(&keys_here, HashCost::LEAST, Some(&stored), &verifier.to_lowercase()).unwrap());
            assert!(!matches(&keys(), HashCost::LEAST, Some(&stored), verifier).unwrap());
            assert!(!matches(&keys_here, HashCost::LEAST, None, verifier).unwrap());
        }
    }

    #[test]
    fn a_hash_names_its_key_unless_it_is_the_first() {
        let mut stored = hash(&keys(), HashCost::LEAST, "X").unwrap();
        let first = serde_json::to_string(&stored).unwrap();
        assert!(!first.contains("\"key\""), "{first}");
        assert_eq!(serde_json::from_str::<StoredHash>(&first).unwrap(), stored);
        stored.key = 2;
        let second = serde_json::to_string(&stored).unwrap();
        assert!(second.contains("\"key\":2"), "{second}");
        assert_eq!(serde_json::from_str::<StoredHash>(&second).unwrap().key(), 2);
    }

    #[test]
    fn what_is_printed_is_read_back() {
        let fresh = generate(false).unwrap();
        let printed = grouped(&fresh.code);
        assert_eq!(printed.expose().len(), 24);
        assert_eq!(crate::typed::recovery(printed.expose()).unwrap(), fresh.code);
    }

    #[test]
    fn a_stored_cost_cannot_exhaust_the_machine() {
        let mut stored = hash(&keys(), HashCost::LEAST, "X").unwrap();
        stored.cost.memory = u32::MAX;
        assert!(matches(&keys(), HashCost::LEAST, Some(&stored), "X").is_err());
    }
}
