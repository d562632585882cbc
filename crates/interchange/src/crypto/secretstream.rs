//! libsodium's `crypto_secretstream_xchacha20poly1305`, for streams of exactly one message, which is all Ente writes.
//!
//! Layout and quirks: libsodium, `crypto_secretstream_xchacha20poly1305.c`.

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher, StreamCipherSeek};
use keyhaven_secret::{Key, SecretBytes};
use poly1305::Poly1305;
use poly1305::universal_hash::KeyInit;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Bytes that the one message is longer than its text: a tag byte and the MAC.
const OVERHEAD: usize = 17;
/// `TAG_MESSAGE` and `TAG_FINAL`: the two that a single message may carry.
const TAGS: [u8; 2] = [0, 3];

/// Opens the stream's only message. `None` when key, header or bytes are not right.
pub(crate) fn open_single(key: &Key, header: &[u8], sealed: &[u8]) -> Option<SecretBytes> {
    let header: &[u8; 24] = header.try_into().ok()?;
    let length = sealed.len().checked_sub(OVERHEAD)?;
    let (message, mac) = sealed.split_at(1 + length);

    // The subkey from the header's first 16 bytes (draft-irtf-cfrg-xchacha-03 §2.2); the nonce is the message counter,
    // which begins at 1, and the header's last 8 bytes.
    let mut subkey = chacha20::hchacha::<chacha20::R20>(key.expose().into(), header[..16].try_into().ok()?);
    let mut nonce = [0; 12];
    nonce[0] = 1;
    nonce[4..].copy_from_slice(&header[16..]);
    let mut stream = ChaCha20::new(&subkey, &nonce.into());
    zeroize::Zeroize::zeroize(subkey.as_mut_slice());

    let mut block = Zeroizing::new([0; 64]);
    stream.apply_keystream(&mut block[..]);
    let poly = Poly1305::new(block[..32].try_into().ok()?);

    // The tag byte stands at the head of a whole block of its own.
    *block = [0; 64];
    block[0] = message[0];
    stream.try_seek(64u64).ok()?;
    stream.apply_keystream(&mut block[..]);
    let tag = block[0];
    block[0] = message[0];

    // libsodium pads by `length & 15` zeros (not to a multiple of 16): a quirk that is now the format.
    let mut authenticated = Vec::with_capacity(64 + length + 32);
    authenticated.extend_from_slice(&block[..]);
    authenticated.extend_from_slice(&message[1..]);
    authenticated.resize(authenticated.len() + (length & 15), 0);
    authenticated.extend_from_slice(&0u64.to_le_bytes());
    authenticated.extend_from_slice(&(64 + length as u64).to_le_bytes());
    // The last block is not padded (RFC 8439 §2.5).
    let computed = poly.compute_unpadded(&authenticated);
    if !bool::from(computed.as_slice().ct_eq(mac)) || !TAGS.contains(&tag) {
        return None;
    }
    let mut text = message[1..].to_vec();
    stream.try_seek(128u64).ok()?;
    stream.apply_keystream(&mut text);
    Some(SecretBytes::new(text))
}
