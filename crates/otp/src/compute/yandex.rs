//! Yandex ID codes. There is no official paper; the method is the one found by norblik/KeeYaOtp and checked here
//! against the vectors of its YaotpTest and of Aegis' YAOTPTest.java.

use keyhaven_secret::{SecretBytes, SecretText};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Bytes of a secret that are key.
const KEY_BYTES: usize = 16;
/// Bytes of a secret as a person types it: key, user number, checksum.
const TYPED_BYTES: usize = 26;
const LETTERS: u32 = 8;

/// The HMAC key: SHA-256 of PIN and secret, without its first byte if that is zero.
pub(super) fn key(secret: &SecretBytes, pin: &SecretText) -> SecretBytes {
    let secret = secret.expose();
    let digest: Zeroizing<[u8; 32]> = Zeroizing::new(
        Sha256::new()
            .chain_update(pin.expose())
            .chain_update(&secret[..secret.len().min(KEY_BYTES)])
            .finalize()
            .into(),
    );
    let start = usize::from(digest[0] == 0);
    SecretBytes::new(digest[start..].to_vec())
}

/// The value modulo 26^8 in base 26, written a–z, most significant first.
pub(super) fn letters(truncated: u64) -> String {
    (0..LETTERS).rev().map(|place| char::from(b'a' + (truncated / 26_u64.pow(place) % 26) as u8)).collect()
}

/// Why a secret does not look like one of Yandex'.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SecretProblem {
    /// Neither 16 bytes (from a QR code) nor 26 (typed).
    Length,
    /// The checksum at the end of a typed secret does not match: a typing slip.
    Checksum,
}

/// Checks length and, for a typed secret, the checksum: the remainder of the first 196 bits by the polynomial 0x18F3.
pub(crate) fn problem(secret: &SecretBytes) -> Option<SecretProblem> {
    let secret = secret.expose();
    match secret.len() {
        KEY_BYTES => None,
        TYPED_BYTES => {
            let bits = secret.iter().flat_map(|byte| (0..8).rev().map(move |bit| u16::from(byte >> bit & 1)));
            let remainder = bits.take(TYPED_BYTES * 8 - 12).fold(0_u16, |remainder, bit| {
                let shifted = remainder << 1 | bit;
                if shifted & 0x1000 == 0 { shifted } else { shifted ^ 0x18f3 }
            });
            let checksum = u16::from(secret[24] & 0x0f) << 8 | u16::from(secret[25]);
            (remainder != checksum).then_some(SecretProblem::Checksum)
        }
        _ => Some(SecretProblem::Length),
    }
}
