//! A moment. The verifier reads no clock: whoever calls says what time it is.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A moment in whole Unix seconds, 0 to 2⁶³−1, so that every database can hold it. Arithmetic saturates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(from = "u64", into = "u64")]
pub struct Timestamp(u64);

impl Timestamp {
    /// The last moment that can be named.
    pub const MAX: Self = Self(i64::MAX as u64);

    /// The moment so many seconds after 1970-01-01T00:00:00Z; what lies beyond [`Timestamp::MAX`] becomes it.
    pub fn from_unix_seconds(seconds: u64) -> Self {
        Self(seconds.min(Self::MAX.0))
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub fn unix_seconds(self) -> u64 {
        self.0
    }

    /// The moment `seconds` later.
    #[must_use]
    pub fn plus(self, seconds: u64) -> Self {
        Self::from_unix_seconds(self.0.saturating_add(seconds))
    }

    /// Seconds from `earlier` to this moment, zero when it is not earlier: a clock that was set back is no age.
    pub fn seconds_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl From<u64> for Timestamp {
    fn from(seconds: u64) -> Self {
        Self::from_unix_seconds(seconds)
    }
}

impl From<Timestamp> for u64 {
    fn from(moment: Timestamp) -> Self {
        moment.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_kept_as_its_seconds() {
        let moment = Timestamp::from_unix_seconds(1_800_000_000);
        assert_eq!(serde_json::to_string(&moment).unwrap(), "1800000000");
        assert_eq!(serde_json::from_str::<Timestamp>("1800000000").unwrap(), moment);
        assert_eq!(serde_json::from_str::<Timestamp>("18446744073709551615").unwrap(), Timestamp::MAX);
    }
}
