//! Key derivation (HKDF-SHA-256), sealing (XChaCha20-Poly1305) and padding (Padmé).
//!
//! XChaCha20-Poly1305 does not commit to its key: one ciphertext can be made that opens under many keys, which
//! turns an unlock attempt into a test of many passphrases at once. So every key here derives a commitment
//! beside its sealing keys, which is stored and compared before anything is opened.

use chacha20poly1305::{
    Tag, XChaCha20Poly1305, XNonce,
    aead::{AeadInOut, KeyInit},
};
use hkdf::Hkdf;
use keyhaven_secret::{KEY_LENGTH, Key, SecretBytes};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

const NONCE: usize = 24;
const TAG: usize = 16;
/// What sealing adds to a plaintext: the nonce before it, the tag behind it.
pub(crate) const OVERHEAD: usize = NONCE + TAG;
/// Plaintexts are padded to at least this many bytes.
const LEAST_PADDED: usize = 1024;

/// `N` independent 256-bit keys from one (RFC 5869); `info` says what they are for.
pub(crate) fn derive<const N: usize>(key: &[u8; KEY_LENGTH], salt: &[u8], info: &[u8]) -> [Key; N] {
    let mut output = Zeroizing::new(vec![0; N * KEY_LENGTH]);
    Hkdf::<Sha256>::new(Some(salt), key)
        .expand(info, &mut output)
        .expect("three keys at most, and 255 × 32 bytes are possible (RFC 5869 §2.3)");
    std::array::from_fn(|index| {
        let place = index * KEY_LENGTH..(index + 1) * KEY_LENGTH;
        Key::from_slice(&output[place]).expect("the range is one key long")
    })
}

/// Whether `key`, derived as a commitment, is the one that was stored.
pub(crate) fn commits(key: &Key, stored: &[u8; KEY_LENGTH]) -> bool {
    key.expose().ct_eq(stored).into()
}

/// Nonce, ciphertext and tag. The nonce is random and used once; at 192 bits no counter is needed.
pub(crate) fn seal_with(key: &Key, nonce: [u8; NONCE], associated: &[u8], plain: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(plain.len() + OVERHEAD);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plain);
    let tag = XChaCha20Poly1305::new(key.expose().into())
        .encrypt_inout_detached(&XNonce::from(nonce), associated, (&mut sealed[NONCE..]).into())
        .expect("a vault is far below the cipher's 256 GiB (RFC 8439 §2.8)");
    sealed.extend_from_slice(&tag);
    sealed
}

/// The plaintext, or `None` when key, associated data or a single bit is another.
pub(crate) fn open(key: &Key, associated: &[u8], sealed: &[u8]) -> Option<SecretBytes> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE>()?;
    let (cipher, tag) = rest.split_last_chunk::<TAG>()?;
    let plain = SecretBytes::try_fill(cipher.len(), |plain| {
        plain.copy_from_slice(cipher);
        XChaCha20Poly1305::new(key.expose().into()).decrypt_inout_detached(
            &XNonce::from(*nonce),
            associated,
            plain.into(),
            &Tag::from(*tag),
        )
    });
    plain.ok()
}

/// SHA-256.
pub(crate) fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The padded length of `length` bytes (Padmé, Nikitin et al., PETS 2019 §4): at most 12 % more, and only
/// O(log log n) bits of the length show.
pub(crate) fn padded_length(length: usize) -> usize {
    let length = length.max(LEAST_PADDED);
    let exponent = length.ilog2();
    let kept_bits = exponent.ilog2() + 1;
    let mask = (1usize << (exponent - kept_bits)) - 1;
    (length + mask) & !mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hkdf_agrees_with_rfc_5869() {
        // RFC 5869 A.1 has an input key of 22 bytes, so the primitive is checked as this module calls it.
        let mut output = [0; 42];
        Hkdf::<Sha256>::new(Some(&(0..13).collect::<Vec<u8>>()), &[0x0b; 22])
            .expand(&(0xf0..0xfa).collect::<Vec<u8>>(), &mut output)
            .unwrap();
        assert_eq!(
            crate::ids::hex(&output),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
        );
    }

    #[test]
    fn xchacha20_poly1305_agrees_with_the_draft() {
        // draft-irtf-cfrg-xchacha-03 A.3.1
        let key = Key::from_slice(&(0x80..=0x9f).collect::<Vec<u8>>()).unwrap();
        let nonce: [u8; 24] = std::array::from_fn(|index| 0x40 + u8::try_from(index).unwrap());
        let associated = [0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7];
        let plain = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
        let sealed = seal_with(&key, nonce, &associated, plain);
        assert_eq!(crate::ids::hex(&sealed[24..40]), "bd6d179d3e83d43b9576579493c0e939");
        assert_eq!(crate::ids::hex(&sealed[sealed.len() - 16..]), "c0875924c1c7987947deafd8780acf49");
        assert_eq!(open(&key, &associated, &sealed).unwrap().expose(), plain);
    }

    #[test]
    fn nothing_opens_after_any_change() {
        let key = crate::random::key().unwrap();
        let sealed = seal_with(&key, [7; 24], b"context", b"plain");
        assert!(open(&key, b"context", &sealed).is_some());
        assert!(open(&key, b"other", &sealed).is_none());
        assert!(open(&crate::random::key().unwrap(), b"context", &sealed).is_none());
        for length in 0..sealed.len() {
            assert!(open(&key, b"context", &sealed[..length]).is_none(), "{length}");
        }
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(open(&key, b"context", &changed).is_none(), "{index}");
        }
    }

    #[test]
    fn padding_follows_padme() {
        assert_eq!(padded_length(0), 1024);
        assert_eq!(padded_length(1025), 1088);
        assert_eq!(padded_length(9 * 1024), 9 * 1024);
        // Nikitin et al.: one million bytes and a few more are one size.
        assert_eq!(padded_length(1_000_001), 1_015_808);
        for length in 1..100_000 {
            let padded = padded_length(length);
            assert!(padded >= length && padded == padded_length(padded), "{length}");
            assert!(length < 1024 || padded * 100 < length * 112, "{length} → {padded}");
        }
    }
}
