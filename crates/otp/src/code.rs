//! Codes of an account at a moment, and whether a typed code is one of them.

use crate::compute::{Engine, Steps};
use crate::{Account, Kind};
use subtle::{Choice, ConstantTimeEq};

/// Most steps to either side that [`Account::codes_around`] and [`verify`] look at.
pub const MAX_STEPS: u32 = 1_000;

/// One code and when it holds.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Code {
    /// The code as it is typed, without grouping.
    pub text: String,
    /// The counter or time step it was computed for.
    pub counter: u64,
    /// First second it is valid (Unix time); `None` for HOTP.
    pub valid_from: Option<u64>,
    /// First second it is valid no more (Unix time); `None` for HOTP.
    pub valid_until: Option<u64>,
}

/// A code and its distance from the current one in steps.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Neighbour {
    /// Steps from the current code; negative is earlier.
    pub offset: i64,
    /// The code.
    #[serde(flatten)]
    pub code: Code,
}

/// Why there is no code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodeError {
    /// The secret has not a single byte.
    #[error("the account's secret is empty")]
    EmptySecret,
    /// Digits outside [`crate::DIGITS`].
    #[error("digits is {digits}; 5 to 10 are possible")]
    Digits {
        /// What the account asks for.
        digits: u8,
    },
    /// A period outside [`crate::PERIODS`].
    #[error("period is {period} s; 1 to 86400 s are possible")]
    Period {
        /// What the account asks for, in seconds.
        period: u32,
    },
    /// The account's kind computes with a PIN, which is not known.
    #[error("a {kind} code needs the account's PIN, which is not known")]
    PinMissing {
        /// [`Kind::name`] of the account.
        kind: &'static str,
    },
    /// More steps than [`MAX_STEPS`].
    #[error("{steps} steps asked for; at most {MAX_STEPS} are possible")]
    Steps {
        /// Steps asked for.
        steps: u32,
    },
}

impl Account {
    /// The code at a moment (Unix seconds). HOTP goes by the account's counter, which this does not move: whoever
    /// shows the code moves it first.
    ///
    /// # Errors
    /// An account whose parameters or secret give no code; the error says which.
    pub fn code_at(&self, unix_seconds: u64) -> Result<Code, CodeError> {
        let engine = Engine::new(self)?;
        let counter = self.counter_at(unix_seconds);
        Ok(self.code_of(engine.run(counter), counter))
    }

    /// The codes from `steps` before to `steps` after the moment, in order; those before the first counter or after
    /// the last one do not exist and are left out.
    ///
    /// # Errors
    /// As [`Account::code_at`]; also more than [`MAX_STEPS`].
    pub fn codes_around(&self, unix_seconds: u64, steps: u32) -> Result<Vec<Neighbour>, CodeError> {
        if steps > MAX_STEPS {
            return Err(CodeError::Steps { steps });
        }
        let engine = Engine::new(self)?;
        let now = self.counter_at(unix_seconds);
        let steps = i64::from(steps);
        Ok((-steps..=steps)
            .filter_map(|offset| {
                let counter = now.checked_add_signed(offset)?;
                Some(Neighbour { offset, code: self.code_of(engine.run(counter), counter) })
            })
            .collect())
    }

    /// The counter that a code is computed for at a moment (RFC 6238 §4.2); HOTP's own for HOTP. A period of zero,
    /// which no code allows, gives the counter of period one.
    pub fn counter_at(&self, unix_seconds: u64) -> u64 {
        match &self.kind {
            Kind::Hotp { counter, .. } => *counter,
            kind => unix_seconds / u64::from(kind.period().unwrap_or(1).max(1)),
        }
    }

    pub(crate) fn code_of(&self, steps: Steps, counter: u64) -> Code {
        let period = self.kind.period().map(u64::from);
        Code {
            text: steps.text,
            counter,
            // Saturating: the last step before the end of 64-bit time has no end of its own.
            valid_from: period.map(|period| counter.saturating_mul(period)),
            valid_until: period.map(|period| counter.saturating_add(1).saturating_mul(period)),
        }
    }
}

/// Whether `code` is the account's, at the moment or up to `skew` steps away; the step's offset if so, the nearest
/// first. HOTP looks ahead only (RFC 4226 §7.4): a counter that has passed is not taken again.
///
/// White space in the typed code does not count; nor does case where the alphabet has one case only. Each candidate
/// is compared in constant time and all are always compared.
///
/// # Errors
/// As [`Account::codes_around`].
pub fn verify(account: &Account, code: &str, unix_seconds: u64, skew: u32) -> Result<Option<i64>, CodeError> {
    let typed: String = code
        .chars()
        .filter(|character| !character.is_whitespace())
        .map(|character| match account.kind {
            Kind::Steam => character.to_ascii_uppercase(),
            Kind::Motp { .. } | Kind::Yandex { .. } => character.to_ascii_lowercase(),
            Kind::Totp { .. } | Kind::Hotp { .. } => character,
        })
        .collect();
    let mut candidates = account.codes_around(unix_seconds, skew)?;
    if matches!(account.kind, Kind::Hotp { .. }) {
        candidates.retain(|candidate| candidate.offset >= 0);
    }
    // Farthest first, so that the nearest match is the one that stays.
    candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.offset.unsigned_abs()));
    let (mut found, mut offset) = (Choice::from(0), 0);
    for candidate in candidates {
        let same = candidate.code.text.as_bytes().ct_eq(typed.as_bytes());
        offset =
            <i64 as subtle::ConditionallySelectable>::conditional_select(&offset, &candidate.offset, same);
        found |= same;
    }
    Ok(bool::from(found).then_some(offset))
}
