//! Codes per second, beside bare HMAC-SHA1 over the same key in the same run, so that the ratio says what everything
//! around the hash costs on any machine. Run with `cargo run --release -p keyhaven-otp --example bench_codes`.
#![allow(clippy::disallowed_methods, reason = "a benchmark measures")]
#![allow(clippy::print_stdout, reason = "a benchmark prints its result")]

use hmac::{Hmac, KeyInit, Mac};
use keyhaven_otp::{Account, Kind, decode_base32};
use sha1::Sha1;
use std::hint::black_box;
use std::time::Instant;

const CODES: u64 = 400_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let secret = decode_base32("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")?.bytes;
    let key = secret.duplicate();
    let account = Account::new("Example", "me@example.org", secret, Kind::totp());

    let codes = best_rate(|step| {
        black_box(account.code_at(black_box(step * 30)).ok());
    });
    let hmacs = best_rate(|step| {
        if let Ok(hmac) = Hmac::<Sha1>::new_from_slice(black_box(key.expose())) {
            black_box(hmac.chain_update(black_box(step).to_be_bytes()).finalize().into_bytes());
        }
    });
    println!(
        "otp: {codes:.0} codes/s (SHA-1, 20-byte key, one core; bare HMAC-SHA1 {hmacs:.0}/s, ratio {:.2})",
        codes / hmacs
    );
    Ok(())
}

/// Runs per second; the best of three, since other work on the machine only ever slows down.
fn best_rate(run: impl Fn(u64)) -> f64 {
    let rate = || {
        let start = Instant::now();
        (0..CODES).for_each(&run);
        CODES as f64 / start.elapsed().as_secs_f64()
    };
    (0..3).map(|_| rate()).fold(0.0, f64::max)
}
