//! How strong a passphrase is, estimated by zxcvbn.

use crate::failure::fail;
use crate::view::{Failure, FailureKind, Strength};
use keyhaven_secret::SecretText;
use zxcvbn::{Score, time_estimates::CrackTimeSeconds, zxcvbn};

/// Shortest passphrase that is accepted, in characters (NIST SP 800-63B §3.1.1.2 asks for at least 8).
pub const MINIMUM_LENGTH: usize = 8;

/// zxcvbn's time grows with the square of the length; what comes after this many characters only adds strength.
const LONGEST_ESTIMATED: usize = 100;

/// Estimates `passphrase`.
///
/// The time reckons with 10,000 guesses a second, which for Argon2id at Keyhaven's cost is a large, dedicated machine.
pub fn estimate(passphrase: &SecretText) -> Strength {
    let text = passphrase.expose();
    let start: String = text.chars().take(LONGEST_ESTIMATED).collect();
    let start = SecretText::new(start);
    let entropy = zxcvbn(start.expose(), &["keyhaven"]);
    let feedback = entropy.feedback();
    let long_enough = text.chars().count() >= MINIMUM_LENGTH;
    Strength {
        score: u8::from(entropy.score()),
        guess_time: in_words(entropy.crack_times().offline_slow_hashing_1e4_per_second()),
        warning: feedback.and_then(|feedback| feedback.warning()).map(|warning| warning.to_string()),
        suggestions: feedback
            .map(|feedback| feedback.suggestions().iter().map(ToString::to_string).collect())
            .unwrap_or_default(),
        acceptable: long_enough && entropy.score() >= Score::Two,
    }
}

/// Refuses a passphrase that would be guessed too soon.
///
/// # Errors
/// It is not [`Strength::acceptable`].
pub(crate) fn check(passphrase: &SecretText) -> Result<(), Failure> {
    let strength = estimate(passphrase);
    if strength.acceptable {
        return Ok(());
    }
    let why = strength.warning.unwrap_or_else(|| "it would be guessed too soon".into());
    Err(fail(FailureKind::WeakPassphrase, why))
}

/// A duration as a person would say it.
fn in_words(time: CrackTimeSeconds) -> String {
    const UNITS: [(f64, &str); 6] =
        [(60.0, "second"), (60.0, "minute"), (24.0, "hour"), (30.4, "day"), (12.0, "month"), (100.0, "year")];
    let mut amount = match time {
        CrackTimeSeconds::Integer(seconds) => seconds as f64,
        CrackTimeSeconds::Float(seconds) => seconds,
    };
    if amount < 1.0 {
        return "less than a second".into();
    }
    for (size, name) in UNITS {
        if amount < size {
            let whole = amount.floor().max(1.0);
            let plural = if whole >= 2.0 { "s" } else { "" };
            return format!("{whole} {name}{plural}");
        }
        amount /= size;
    }
    "centuries".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Strength {
        estimate(&SecretText::new(text.into()))
    }

    #[test]
    fn common_and_short_ones_are_refused() {
        for weak in ["", "password", "keyhaven", "12345678", "x7$Kq2!"] {
            assert!(!of(weak).acceptable, "{weak}");
        }
        assert!(!of("password").suggestions.is_empty() || of("password").warning.is_some());
    }

    #[test]
    fn several_unrelated_words_are_very_strong() {
        let strength = of("glass otter parade umbrella");
        assert_eq!(strength.score, 4);
        assert!(strength.acceptable);
        assert_eq!(strength.guess_time, "centuries");
    }

    #[test]
    fn a_very_long_one_is_answered_and_accepted() {
        assert!(of(&"correct horse battery staple ".repeat(2_000)).acceptable);
    }

    #[test]
    fn durations_are_said_in_words() {
        assert_eq!(in_words(CrackTimeSeconds::Float(0.3)), "less than a second");
        assert_eq!(in_words(CrackTimeSeconds::Integer(1)), "1 second");
        assert_eq!(in_words(CrackTimeSeconds::Integer(7_300)), "2 hours");
        assert_eq!(in_words(CrackTimeSeconds::Integer(86_400 * 400)), "1 year");
        assert_eq!(in_words(CrackTimeSeconds::Integer(u64::MAX)), "centuries");
    }
}
