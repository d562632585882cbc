//! The test vectors of RFC 4226 Appendix D and RFC 6238 Appendix B: as data, and computed now for comparison.

use crate::compute::Engine;
use crate::{Account, Algorithm, CodeError, Kind};
use data_encoding::HEXLOWER;
use keyhaven_secret::SecretBytes;

/// The published test key of RFC 4226 Appendix D; RFC 6238 uses it for SHA-1 and repeats it for longer keys.
pub const KEY: &[u8; 20] = b"12345678901234567890";

/// One row of RFC 4226 Appendix D (both its tables).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rfc4226 {
    /// The counter.
    pub count: u64,
    /// The intermediate HMAC-SHA-1 value, hexadecimal.
    pub hmac: &'static str,
    /// The truncated value, decimal.
    pub truncated: u64,
    /// The six-digit code.
    pub code: &'static str,
}

/// RFC 4226 Appendix D.
pub const RFC4226: [Rfc4226; 10] = [
    row(0, "cc93cf18508d94934c64b65d8ba7667fb7cde4b0", 1_284_755_224, "755224"),
    row(1, "75a48a19d4cbe100644e8ac1397eea747a2d33ab", 1_094_287_082, "287082"),
    row(2, "0bacb7fa082fef30782211938bc1c5e70416ff44", 137_359_152, "359152"),
    row(3, "66c28227d03a2d5529262ff016a1e6ef76557ece", 1_726_969_429, "969429"),
    row(4, "a904c900a64b35909874b33e61c5938a8e15ed1c", 1_640_338_314, "338314"),
    row(5, "a37e783d7b7233c083d4f62926c7a25f238d0316", 868_254_676, "254676"),
    row(6, "bc9cd28561042c83f219324d3c607256c03272ae", 1_918_287_922, "287922"),
    row(7, "a4fb960c0bc06e1eabb804e5b397cdc4b45596fa", 82_162_583, "162583"),
    row(8, "1b3c89f65e6c9e883012052823443f048b4332db", 673_399_871, "399871"),
    row(9, "1637409809a679dc698207310c8c7fc07290d9e5", 645_520_489, "520489"),
];

const fn row(count: u64, hmac: &'static str, truncated: u64, code: &'static str) -> Rfc4226 {
    Rfc4226 { count, hmac, truncated, code }
}

/// One row of RFC 6238 Appendix B: eight digits, 30 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rfc6238 {
    /// The moment (Unix seconds).
    pub time: u64,
    /// The time step `T`, hexadecimal.
    pub step: &'static str,
    /// The code with SHA-1.
    pub sha1: &'static str,
    /// The code with SHA-256 (32-byte key, RFC errata 2866).
    pub sha256: &'static str,
    /// The code with SHA-512 (64-byte key, RFC errata 2866).
    pub sha512: &'static str,
}

/// RFC 6238 Appendix B.
pub const RFC6238: [Rfc6238; 6] = [
    time(59, "0000000000000001", "94287082", "46119246", "90693936"),
    time(1_111_111_109, "00000000023523ec", "07081804", "68084774", "25091201"),
    time(1_111_111_111, "00000000023523ed", "14050471", "67062674", "99943326"),
    time(1_234_567_890, "000000000273ef07", "89005924", "91819424", "93441116"),
    time(2_000_000_000, "0000000003f940aa", "69279037", "90698825", "38618901"),
    time(20_000_000_000, "0000000027bc86aa", "65353130", "77737706", "47863826"),
];

const fn time(
    time: u64,
    step: &'static str,
    sha1: &'static str,
    sha256: &'static str,
    sha512: &'static str,
) -> Rfc6238 {
    Rfc6238 { time, step, sha1, sha256, sha512 }
}

/// One published value and the same value computed now.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Comparison {
    /// Where it is published: `RFC 4226 Appendix D` or `RFC 6238 Appendix B`.
    pub source: &'static str,
    /// The hash: `SHA1`, `SHA256`, `SHA512`.
    pub algorithm: Algorithm,
    /// The moment (Unix seconds); `None` in RFC 4226.
    pub time: Option<u64>,
    /// The counter or time step.
    pub counter: u64,
    /// Which value: `step`, `hmac`, `truncated` or `code`.
    pub value: &'static str,
    /// As published.
    pub expected: String,
    /// As computed now.
    pub computed: String,
    /// Whether they are the same.
    pub same: bool,
}

/// Computes every published value and compares.
///
/// # Errors
/// None in practice: the vectors' parameters are all in range.
pub fn compare() -> Result<Vec<Comparison>, CodeError> {
    let mut comparisons = Vec::new();
    let account = account(Algorithm::Sha1, 6, 30);
    let engine = Engine::new(&account)?;
    for row in &RFC4226 {
        let steps = engine.run(row.count);
        let mut push = |value, expected: &str, computed: String| {
            comparisons.push(Comparison {
                source: "RFC 4226 Appendix D",
                algorithm: Algorithm::Sha1,
                time: None,
                counter: row.count,
                value,
                expected: expected.into(),
                same: computed == expected,
                computed,
            });
        };
        push("hmac", row.hmac, HEXLOWER.encode(steps.mac()));
        push("truncated", &row.truncated.to_string(), steps.truncated.unwrap_or_default().to_string());
        push("code", row.code, steps.text);
    }
    for algorithm in [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512] {
        let account = self::account(algorithm, 8, 30);
        for row in &RFC6238 {
            let code = account.code_at(row.time)?;
            let published = match algorithm {
                Algorithm::Sha1 => row.sha1,
                Algorithm::Sha256 => row.sha256,
                Algorithm::Sha512 => row.sha512,
            };
            let step = format!("{:016x}", code.counter);
            for (value, expected, computed) in [("step", row.step, step), ("code", published, code.text)] {
                comparisons.push(Comparison {
                    source: "RFC 6238 Appendix B",
                    algorithm,
                    time: Some(row.time),
                    counter: code.counter,
                    value,
                    expected: expected.into(),
                    same: computed == expected,
                    computed,
                });
            }
        }
    }
    Ok(comparisons)
}

/// An account with the vectors' key in the length of the hash (RFC errata 2866).
fn account(algorithm: Algorithm, digits: u8, period: u32) -> Account {
    let length = match algorithm {
        Algorithm::Sha1 => 20,
        Algorithm::Sha256 => 32,
        Algorithm::Sha512 => 64,
    };
    let key = SecretBytes::new(KEY.iter().copied().cycle().take(length).collect());
    Account::new("", "", key, Kind::Totp { algorithm, digits, period })
}
