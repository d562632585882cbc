//! One-time codes: what an `otpauth` URI says, the code it gives at a moment, and every step of the way there.
//!
//! Reach for [`parse_uri`] to get an [`Account`] (and what is odd about its URI), [`Account::code_at`] for a code,
//! [`verify`] to check one, [`explain()`] for the intermediate values and [`migration`] for what Google
//! Authenticator's export shows. Time is always an argument (Unix seconds); nothing here reads a clock or a file.
//! A server that has to decide about a login wants more than [`verify`] (counting, used steps): not this crate.
//!
//! ```
//! let uri = "otpauth://totp/Example:me?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example&digits=8";
//! let parsed = keyhaven_otp::parse_uri(uri)?;
//! assert_eq!(parsed.account.code_at(59)?.text, "94287082"); // RFC 6238 Appendix B
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod account;
pub mod base32;
mod code;
mod compute;
mod explain;
mod label;
pub mod migration;
mod percent;
mod uri;
pub mod vectors;

pub use account::{Account, Algorithm, Kind};
pub use base32::{Base32Error, Decoded, decode_base32};
pub use code::{Code, CodeError, MAX_STEPS, Neighbour, verify};
pub use explain::{Explanation, explain};
pub use uri::{MAX_URI_LENGTH, Oddity, Parsed, Part, UriError, parse_uri};

/// Digits that a code may have: RFC 4226 §5.3 has 6 to 8; 5, 9 and 10 occur (the 31-bit value fills ten).
pub const DIGITS: std::ops::RangeInclusive<u8> = 5..=10;

/// Seconds that a period may last, from one second to one day (RFC 6238 §4 sets no limit).
pub const PERIODS: std::ops::RangeInclusive<u32> = 1..=86_400;
