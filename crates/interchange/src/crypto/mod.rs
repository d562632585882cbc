//! Keys from passwords, with limits on what a file may ask, and the ciphers that exports use.

mod kdf;
mod secretstream;

pub(crate) use kdf::{
    Argon2Variant, Cost, argon2, check_pbkdf2_rounds, check_rounds, check_work, pbkdf2_sha1, pbkdf2_sha256,
    pbkdf2_sha512, report, scrypt, scrypt_work,
};
pub(crate) use secretstream::{open_single as open_secretstream, seal_single as seal_secretstream};

use aes::Aes256;
use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use hmac::{Hmac, Mac};
use keyhaven_secret::{Key, SecretBytes};
use sha2::{Digest, Sha256};

/// Opens AES-256-GCM with a nonce of 12 bytes and the tag at the end (NIST SP 800-38D). `None` when it does not open.
pub(crate) fn open_aes_gcm(key: &Key, nonce: &[u8], aad: &[u8], sealed: &[u8]) -> Option<SecretBytes> {
    let nonce = nonce.try_into().ok()?;
    let cipher = Aes256Gcm::new_from_slice(key.expose()).ok()?;
    cipher.decrypt(&nonce, Payload { msg: sealed, aad }).ok().map(SecretBytes::new)
}

/// Seals with AES-256-GCM, the tag at the end. The caller never uses a nonce twice with one key. `None` for a text
/// longer than the cipher takes (64 GiB).
pub(crate) fn seal_aes_gcm(key: &Key, nonce: &[u8; 12], text: &[u8]) -> Option<Vec<u8>> {
    let cipher = Aes256Gcm::new_from_slice(key.expose()).ok()?;
    cipher.encrypt(&(*nonce).into(), text).ok()
}

/// Opens AES-256-CBC with PKCS #7 padding (NIST SP 800-38A). The padding is the only check there is.
pub(crate) fn open_aes_cbc(key: &Key, iv: &[u8], sealed: &[u8]) -> Option<SecretBytes> {
    let cipher = cbc::Decryptor::<Aes256>::new_from_slices(key.expose(), iv).ok()?;
    cipher.decrypt_padded_vec::<Pkcs7>(sealed).ok().map(SecretBytes::new)
}

/// SHA-256 as a key (FIPS 180-4): what formats without a key derivation function do.
pub(crate) fn sha256_key(parts: &[&[u8]]) -> Key {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
    }
    let mut digest = digest.finalize();
    let key = Key::try_fill(|key| {
        key.copy_from_slice(&digest);
        Ok::<_, std::convert::Infallible>(())
    });
    zeroize::Zeroize::zeroize(digest.as_mut_slice());
    match key {
        Ok(key) => key,
        Err(never) => match never {},
    }
}

/// Whether `mac` is the HMAC-SHA-256 (RFC 2104) of the parts, compared in constant time.
pub(crate) fn hmac_sha256_matches(key: &[u8], parts: &[&[u8]], mac: &[u8]) -> bool {
    let Ok(mut hmac) = <Hmac<Sha256> as KeyInit>::new_from_slice(key) else { return false };
    for part in parts {
        hmac.update(part);
    }
    hmac.verify_slice(mac).is_ok()
}
