//! Key derivation under limits: costs come from the file, and a file may be hostile.

use crate::{ImportError, Progress, Request};
use hmac::{Hmac, KeyInit, Mac};
use keyhaven_secret::{Key, SecretBytes, SecretText};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use zeroize::Zeroizing;

/// Most rounds of PBKDF2, counted over all output blocks. The heaviest program known uses 600,000.
const PBKDF2_ROUNDS: u64 = 20_000_000;
/// Most memory, in KiB: 1 GiB, what Ente asks for on desktops.
const MEMORY: u64 = 1 << 20;
/// Most memory times passes, in KiB: 16 GiB, half a minute on a small machine.
const MEMORY_PASSES: u64 = 16 << 20;
/// Most rounds of any other function that goes step by step (AES-KDF).
const ROUNDS: u64 = 500_000_000;
/// Steps between two looks at whether to go on.
const STEPS_BETWEEN_LOOKS: u64 = 16 * 1024;

/// Tells progress and hears whether to stop.
pub(crate) fn report(request: &Request<'_>, done: u64, of: u64, memory: u64) -> Result<(), ImportError> {
    let progress = Progress::KeyDerivation { done, of: of.max(1), memory };
    if (request.watch)(progress).is_break() { Err(ImportError::Cancelled) } else { Ok(()) }
}

/// Refuses more rounds than any program asks for.
pub(crate) fn check_rounds(rounds: u64) -> Result<(), ImportError> {
    cap("rounds of key derivation", rounds, ROUNDS)
}

fn cap(what: &'static str, asked: u64, most: u64) -> Result<(), ImportError> {
    if asked > most { Err(ImportError::TooDemanding { what, asked, most }) } else { Ok(()) }
}

macro_rules! pbkdf2 {
    ($name:ident, $hash:ty, $block:literal) => {
        /// PBKDF2 (RFC 8018 §5.2) with this hash, stoppable. Written out here because a kept library's cannot be
        /// stopped half-way. Zero rounds count as one.
        pub(crate) fn $name(
            request: &Request<'_>,
            password: &[u8],
            salt: &[u8],
            rounds: u64,
            length: usize,
        ) -> Result<SecretBytes, ImportError> {
            let rounds = rounds.max(1);
            let blocks = length.div_ceil($block);
            let of = rounds.saturating_mul(blocks as u64);
            cap("rounds of PBKDF2", of, PBKDF2_ROUNDS)?;
            let mut key = Vec::with_capacity(blocks * $block);
            // An HMAC key may have any length (RFC 2104 §2), so this never fails.
            let Ok(keyed) = <Hmac<$hash> as KeyInit>::new_from_slice(password) else {
                return Ok(SecretBytes::new(key));
            };
            for block in 1..=blocks {
                let mut first = keyed.clone();
                first.update(salt);
                first.update(&(block as u32).to_be_bytes());
                let mut last = Zeroizing::new([0; $block]);
                last.copy_from_slice(&first.finalize().into_bytes());
                let mut sum = last.clone();
                for round in 1..rounds {
                    if round % STEPS_BETWEEN_LOOKS == 0 {
                        report(request, (block as u64 - 1) * rounds + round, of, 0)?;
                    }
                    let mut next = keyed.clone();
                    next.update(&last[..]);
                    last.copy_from_slice(&next.finalize().into_bytes());
                    for (sum, byte) in sum.iter_mut().zip(last.iter()) {
                        *sum ^= byte;
                    }
                }
                key.extend_from_slice(&sum[..]);
            }
            report(request, of, of, 0)?;
            key.truncate(length);
            Ok(SecretBytes::new(key))
        }
    };
}

pbkdf2!(pbkdf2_sha1, Sha1, 20);
pbkdf2!(pbkdf2_sha256, Sha256, 32);
pbkdf2!(pbkdf2_sha512, Sha512, 64);

/// Which Argon2 (RFC 9106 §1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Argon2Variant {
    D,
    Id,
}

/// What Argon2 is to cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// KiB.
    pub memory: u64,
    pub passes: u64,
    pub lanes: u64,
}

/// Argon2 (RFC 9106), version 1.3 unless `old` asks for 1.0, to a key of 32 bytes. `None` when the parameters are none
/// that Argon2 takes. It cannot be stopped half-way; the watch hears of it before and after.
pub(crate) fn argon2(
    request: &Request<'_>,
    variant: Argon2Variant,
    old: bool,
    password: &[u8],
    salt: &[u8],
    cost: Cost,
) -> Result<Option<Key>, ImportError> {
    cap("KiB of memory", cost.memory, MEMORY)?;
    cap("KiB of memory over all passes", cost.memory.max(1024).saturating_mul(cost.passes), MEMORY_PASSES)?;
    cap("lanes of Argon2", cost.lanes, 64)?;
    let numbers = [cost.memory, cost.passes, cost.lanes].map(u32::try_from);
    let [Ok(memory), Ok(passes), Ok(lanes)] = numbers else { return Ok(None) };
    let Ok(parameters) = argon2::Params::new(memory, passes, lanes, Some(32)) else { return Ok(None) };
    let algorithm = match variant {
        Argon2Variant::D => argon2::Algorithm::Argon2d,
        Argon2Variant::Id => argon2::Algorithm::Argon2id,
    };
    let version = if old { argon2::Version::V0x10 } else { argon2::Version::V0x13 };
    report(request, 0, 1, cost.memory)?;
    let argon2 = argon2::Argon2::new(algorithm, version, parameters);
    let key = Key::try_fill(|key| argon2.hash_password_into(password, salt, key));
    report(request, 1, 1, cost.memory)?;
    Ok(key.ok())
}

/// What scrypt costs: KiB of memory worked through, all `p` passes together, rounded up.
pub(crate) fn scrypt_work(n: u64, r: u64, p: u64) -> u64 {
    n.saturating_mul(r).saturating_mul(128).div_ceil(1024).saturating_mul(p)
}

/// Refuses more work with memory than any program asks for. For files that may ask for several keys.
pub(crate) fn check_work(work: u64) -> Result<(), ImportError> {
    cap("KiB of memory over all passes", work, MEMORY_PASSES)
}

/// Refuses more rounds of PBKDF2, over all the keys of a file, than any program asks for.
pub(crate) fn check_pbkdf2_rounds(rounds: u64) -> Result<(), ImportError> {
    cap("rounds of PBKDF2", rounds, 5 * PBKDF2_ROUNDS)
}

/// scrypt (RFC 7914) to a key of 32 bytes; `None` when the parameters are none that scrypt takes.
pub(crate) fn scrypt(
    request: &Request<'_>,
    password: &SecretText,
    salt: &[u8],
    n: u64,
    r: u64,
    p: u64,
) -> Result<Option<Key>, ImportError> {
    // The table of N blocks and, beside it, one block for each of the p passes (RFC 7914 §6).
    let memory = n.saturating_add(p).saturating_mul(r).saturating_mul(128).div_ceil(1024);
    cap("KiB of memory", memory, MEMORY)?;
    check_work(scrypt_work(n, r, p))?;
    if !n.is_power_of_two() || n < 2 {
        return Ok(None);
    }
    let (Ok(log_n), Ok(r), Ok(p)) = (u8::try_from(n.ilog2()), u32::try_from(r), u32::try_from(p)) else {
        return Ok(None);
    };
    let Ok(parameters) = scrypt::Params::new(log_n, r, p) else { return Ok(None) };
    report(request, 0, 1, memory)?;
    let key = Key::try_fill(|key| scrypt::scrypt(password.expose().as_bytes(), salt, &parameters, key));
    report(request, 1, 1, memory)?;
    Ok(key.ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ops::ControlFlow;

    fn hex(text: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
    }

    /// RFC 6070 §2, cases 1, 2, 3 and 5; RFC 7914 §11 for SHA-256.
    #[test]
    fn pbkdf2_gives_the_published_keys() {
        let request = Request::default();
        let sha1 = |password: &str, salt: &str, rounds, length| {
            let key = pbkdf2_sha1(&request, password.as_bytes(), salt.as_bytes(), rounds, length).unwrap();
            key.expose().to_vec()
        };
        assert_eq!(sha1("password", "salt", 1, 20), hex("0c60c80f961f0e71f3a9b524af6012062fe037a6"));
        assert_eq!(sha1("password", "salt", 2, 20), hex("ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"));
        assert_eq!(sha1("password", "salt", 4096, 20), hex("4b007901b765489abead49d926f721d065a429c1"));
        assert_eq!(
            sha1("passwordPASSWORDpassword", "saltSALTsaltSALTsaltSALTsaltSALTsalt", 4096, 25),
            hex("3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038")
        );
        let sha256 = pbkdf2_sha256(&request, b"passwd", b"salt", 1, 64).unwrap();
        assert_eq!(
            sha256.expose(),
            hex(concat!(
                "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc",
                "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783"
            ))
        );
    }

    #[test]
    fn a_demand_beyond_the_limit_is_refused_before_any_work() {
        let request = Request { watch: &|_| panic!("work began"), ..Request::default() };
        let many = pbkdf2_sha1(&request, b"", b"", u64::MAX, 20);
        assert!(matches!(many, Err(ImportError::TooDemanding { .. })), "{many:?}");
        let cost = Cost { memory: MEMORY + 1, passes: 1, lanes: 1 };
        let big = argon2(&request, Argon2Variant::Id, false, b"", &[0; 16], cost);
        assert!(matches!(big, Err(ImportError::TooDemanding { .. })), "{big:?}");
        let cost = Cost { memory: 64, passes: u64::MAX, lanes: 1 };
        let long = argon2(&request, Argon2Variant::Id, false, b"", &[0; 16], cost);
        assert!(matches!(long, Err(ImportError::TooDemanding { .. })), "{long:?}");
        // The last two asked for nothing by a reckoning that saw the table alone, and for 64 and 512 GiB of blocks.
        for (n, r, p) in [(1 << 40, 8, 1), (2, 1, 1 << 29), (2, 1 << 16, 1 << 16)] {
            let wide = scrypt(&request, &SecretText::new(String::new()), b"", n, r, p);
            assert!(matches!(wide, Err(ImportError::TooDemanding { .. })), "{n} {r} {p}: {wide:?}");
        }
    }

    #[test]
    fn pbkdf2_stops_when_told() {
        let request = Request { watch: &|_| ControlFlow::Break(()), ..Request::default() };
        let stopped = pbkdf2_sha256(&request, b"", b"", PBKDF2_ROUNDS, 32);
        assert_eq!(stopped.unwrap_err(), ImportError::Cancelled);
    }
}
