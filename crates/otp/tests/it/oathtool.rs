//! 10,000 random codes against oathtool (OATH Toolkit), which shares no line with us.

use keyhaven_otp::{Account, Algorithm, Kind};
use keyhaven_secret::SecretBytes;
use std::collections::HashSet;
use std::process::Command;

const CODES: usize = 10_000;
/// Codes from one run of oathtool: it takes one key at a time, and goes on from there by steps.
const CODES_PER_RUN: usize = 4;

/// SplitMix64: the same cases on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}

fn oathtool(arguments: &[String]) -> Vec<String> {
    let output = Command::new("oathtool").args(arguments).output().unwrap_or_else(|error| {
        panic!(
            "oathtool does not run ({error}): install the Debian package oathtool, or use `cargo xtask test`"
        )
    });
    assert!(output.status.success(), "oathtool {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "oathtool is a Linux package; the arithmetic is the same everywhere"
)]
fn ten_thousand_random_codes_are_oathtools() {
    let mut random = Random(6238);
    let mut seen = HashSet::new();
    while seen.len() < CODES {
        // Shorter and longer than a hash block, so that HMAC's padding and hashing of keys are both met.
        let length = random.of(&[1, 10, 16, 20, 20, 32, 35, 64, 65, 128, 129, 200]);
        let key: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
        let hex = data_encoding::HEXLOWER.encode(&key);
        let digits = random.of(&[6, 7, 8]); // what oathtool can
        let window = format!("--window={}", CODES_PER_RUN - 1);
        // Every tenth goes by a counter; oathtool computes those with SHA-1 only, as RFC 4226 does.
        if seen.len() / CODES_PER_RUN % 10 == 9 {
            let limit = random.of(&[10, 1 << 32, 1 << 62]);
            let first = random.below(limit);
            let theirs = oathtool(&[format!("--counter={first}"), format!("--digits={digits}"), window, hex]);
            for (counter, theirs) in (first..).zip(theirs) {
                let kind = Kind::Hotp { algorithm: Algorithm::Sha1, digits, counter };
                let ours = Account::new("", "", SecretBytes::new(key.clone()), kind).code_at(0).unwrap();
                assert_eq!(ours.text, theirs, "HOTP, key {key:02x?}, counter {counter}, {digits} digits");
                seen.insert((key.clone(), counter, digits, "HOTP"));
            }
            continue;
        }
        let algorithm = random.of(&[Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512]);
        let period = random.of(&[1, 10, 15, 30, 30, 30, 60, 77, 90, 300, 3_600, 86_400]);
        let limit = random.of(&[100, 1 << 31, 1 << 31, 1 << 35]);
        let first = random.below(limit);
        let kind = Kind::Totp { algorithm, digits, period };
        let account = Account::new("", "", SecretBytes::new(key.clone()), kind);
        let theirs = oathtool(&[
            format!("--totp={algorithm}"),
            format!("--digits={digits}"),
            format!("--now=@{first}"),
            format!("--time-step-size={period}s"),
            window,
            hex,
        ]);
        assert_eq!(theirs.len(), CODES_PER_RUN);
        for (time, theirs) in (first..).step_by(period as usize).zip(theirs) {
            let ours = account.code_at(time).unwrap();
            assert_eq!(
                ours.text, theirs,
                "{algorithm}, key {key:02x?}, time {time}, period {period}, {digits} digits"
            );
            seen.insert((key.clone(), time, digits, algorithm.name()));
        }
    }
}
