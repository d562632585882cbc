//! Moments: Unix seconds or RFC 3339 on the way in, RFC 3339 on the way out.

use jiff::Timestamp;
use keyhaven_app::host::Host;
use keyhaven_platform::SystemHost;

/// Reads `TIME` of the arguments to Unix seconds.
pub fn parse(text: &str) -> Result<u64, String> {
    if let Ok(seconds) = text.parse() {
        return Ok(seconds);
    }
    let looks_numeric = text.strip_prefix('-').unwrap_or(text).chars().all(|c| c.is_ascii_digit());
    if looks_numeric {
        return Err("Unix seconds go from 0 to 18446744073709551615".into());
    }
    let moment: Timestamp = text.parse().map_err(|_| {
        "neither Unix seconds (1111111109) nor RFC 3339 with an offset (2005-03-18T01:58:29Z)".to_string()
    })?;
    u64::try_from(moment.as_second()).map_err(|_| "a moment before 1970 has no code".into())
}

/// `--at`, else the clock.
pub fn given_or_now(at: Option<u64>) -> u64 {
    at.unwrap_or_else(|| SystemHost::default().now() / 1000)
}

/// Unix seconds as RFC 3339 in UTC; bare seconds beyond the year 9999.
pub fn shown(seconds: u64) -> String {
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .map_or_else(|| format!("{seconds} s"), |moment| moment.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_a_moment_are_read() {
        assert_eq!(parse("1111111109"), Ok(1_111_111_109));
        assert_eq!(parse("2005-03-18T01:58:29Z"), Ok(1_111_111_109));
        assert_eq!(parse("2005-03-18T02:58:29.9+01:00"), Ok(1_111_111_109));
        assert_eq!(parse("18446744073709551615"), Ok(u64::MAX));
    }

    #[test]
    fn anything_else_is_told_apart() {
        assert!(parse("18446744073709551616").unwrap_err().contains("go from 0"));
        assert!(parse("-1").unwrap_err().contains("go from 0"));
        assert!(parse("1969-12-31T23:59:59Z").unwrap_err().contains("before 1970"));
        for text in ["", "now", "2005-03-18", "2005-03-18T01:58:29", "1e9"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn moments_are_shown_in_utc() {
        assert_eq!(shown(59), "1970-01-01T00:00:59Z");
        assert_eq!(shown(u64::MAX), "18446744073709551615 s");
    }
}
