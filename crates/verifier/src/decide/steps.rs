//! Which time step or counter a typed code belongs to.

use crate::Timestamp;
use keyhaven_otp::{Account, CodeError, Kind, Neighbour};
use subtle::ConstantTimeEq;

/// Steps that are accepted around the expected one.
#[derive(Clone, Copy)]
pub(crate) struct Window {
    pub back: u8,
    pub ahead: u8,
}

/// What a typed code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// The code of a step that was not used yet, and its distance from the expected one.
    Fresh { step: u64, offset: i64 },
    /// The code of a step that was, or that lies before one that was.
    Used { step: u64 },
    /// No code of the window.
    Nothing,
}

/// Looks for a time-based code around `now`, shifted by the drift that is known. The offset is from `now`'s own step.
pub(crate) fn find_totp(
    account: &Account,
    typed: &str,
    now: Timestamp,
    drift: i64,
    window: Window,
    last_step: Option<u64>,
) -> Result<Found, CodeError> {
    let period = i64::from(account.kind.period().unwrap_or(30));
    let shift = drift.saturating_mul(period);
    let centre = now.unix_seconds().saturating_add_signed(shift);
    let candidates = account.codes_around(centre, u32::from(window.back.max(window.ahead)))?;
    let expected = account.counter_at(now.unix_seconds());
    // Of two steps with the same code the later one counts: the earlier is used up with it, so that a code is good once.
    Ok(match find(candidates.into_iter().rev(), typed, window, last_step) {
        Found::Fresh { step, .. } => Found::Fresh { step, offset: step as i64 - expected as i64 },
        other => other,
    })
}

/// Looks for a counter-based code from the expected counter on (RFC 4226 §7.4); a code of one of the counters before
/// it is a used one.
pub(crate) fn find_hotp(
    account: &Account,
    typed: &str,
    look_ahead: u8,
    last: Option<u64>,
) -> Result<Found, CodeError> {
    let mut account = account.duplicate();
    if let Kind::Hotp { counter, .. } = &mut account.kind {
        *counter = last.map_or(0, |last| last.saturating_add(1));
    }
    let candidates = account.codes_around(0, u32::from(look_ahead.max(1)))?;
    // Of two counters with the same code the earlier one counts: a token must not be left behind.
    Ok(find(candidates.into_iter(), typed, Window { back: look_ahead.max(1), ahead: look_ahead }, last))
}

/// The first fresh candidate with this code, or a used one. A window has two once in a million: a used one hides no fresh
/// one.
fn find(
    candidates: impl Iterator<Item = Neighbour>,
    typed: &str,
    window: Window,
    last_step: Option<u64>,
) -> Found {
    let mut found = Found::Nothing;
    for candidate in candidates {
        let within =
            -i64::from(window.back) <= candidate.offset && candidate.offset <= i64::from(window.ahead);
        // Every candidate is compared, whatever was found before: time tells nothing about which one matched.
        let same = bool::from(candidate.code.text.as_bytes().ct_eq(typed.as_bytes()));
        let (step, offset) = (candidate.code.counter, candidate.offset);
        if !same || !within {
            continue;
        }
        let fresh = last_step.is_none_or(|last| last < step);
        found = match (found, fresh) {
            (Found::Fresh { .. }, _) => found,
            (_, true) => Found::Fresh { step, offset },
            (_, false) => Found::Used { step },
        };
    }
    found
}

/// Looks for two codes of two neighbouring steps, `steps` to either side of `now` (counters: ahead of `last`); the later
/// step and its distance from `now`'s own step after the first. Two codes in a row are 40 bits, so a wide window is
/// no easy guess (RFC 4226 §7.4).
pub(crate) fn find_pair(
    account: &Account,
    first: &str,
    second: &str,
    now: Timestamp,
    steps: u32,
    last_step: Option<u64>,
) -> Result<Option<(u64, i64)>, CodeError> {
    let mut account = account.duplicate();
    if let Kind::Hotp { counter, .. } = &mut account.kind {
        *counter = last_step.map_or(0, |last| last.saturating_add(1));
    }
    let candidates = account.codes_around(now.unix_seconds(), steps)?;
    let mut found = None;
    for pair in candidates.windows(2) {
        let [a, b] = pair else { continue };
        let same =
            a.code.text.as_bytes().ct_eq(first.as_bytes()) & b.code.text.as_bytes().ct_eq(second.as_bytes());
        if bool::from(same) && last_step.is_none_or(|last| last < a.code.counter) {
            found = Some((b.code.counter, b.offset));
        }
    }
    Ok(found)
}

/// The drift that brings an offset found at confirmation back into the window of every later code.
pub(crate) fn drift_learnt(offset: i64, window: Window) -> i64 {
    (offset - i64::from(window.ahead)).max(0) + (offset + i64::from(window.back)).min(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyhaven_otp::Algorithm;
    use keyhaven_secret::SecretBytes;
    use proptest::prelude::*;

    const STRICT: Window = Window { back: 1, ahead: 0 };

    fn account(kind: Kind) -> Account {
        Account::new("", "", SecretBytes::new(b"12345678901234567890".to_vec()), kind)
    }

    fn totp(digits: u8) -> Account {
        account(Kind::Totp { algorithm: Algorithm::Sha1, digits, period: 30 })
    }

    #[test]
    fn rfc_6238_appendix_b() {
        for (now, code) in [(59, "94287082"), (1_111_111_109, "07081804"), (20_000_000_000, "65353130")] {
            let found = find_totp(&totp(8), code, now.into(), 0, STRICT, None).unwrap();
            assert_eq!(found, Found::Fresh { step: now / 30, offset: 0 }, "{now}");
        }
    }

    #[test]
    fn rfc_4226_appendix_d() {
        let hotp = account(Kind::Hotp { algorithm: Algorithm::Sha1, digits: 6, counter: 0 });
        let fresh = |step, offset| Found::Fresh { step, offset };
        assert_eq!(find_hotp(&hotp, "755224", 5, None).unwrap(), fresh(0, 0));
        assert_eq!(find_hotp(&hotp, "755224", 5, Some(0)).unwrap(), Found::Used { step: 0 });
        assert_eq!(find_hotp(&hotp, "254676", 5, Some(0)).unwrap(), fresh(5, 4));
        assert_eq!(find_hotp(&hotp, "520489", 5, Some(0)).unwrap(), Found::Nothing);
        assert_eq!(find_hotp(&hotp, "287082", 0, Some(0)).unwrap(), fresh(1, 0));
        assert_eq!(find_hotp(&hotp, "359152", 0, Some(0)).unwrap(), Found::Nothing);
    }

    /// A code of one digit comes up twice in most windows. totp-rs' `check` names the lowest step that matches, and a
    /// right code is then taken for a used one.
    #[test]
    fn a_used_step_with_the_same_code_hides_no_fresh_one() {
        let account = totp(5);
        let codes = account.codes_around(30 * 1_000_000, 1_000).unwrap();
        // Among 2,001 codes of five digits some pair is equal; its window is made wide enough to hold both.
        let (earlier, later) = codes
            .iter()
            .enumerate()
            .find_map(|(index, a)| {
                let b = codes[index + 1..]
                    .iter()
                    .find(|b| b.code.text == a.code.text && b.offset - a.offset < 250)?;
                Some((a, b))
            })
            .expect("2,001 five-digit codes of this key have equal neighbours");
        let now = Timestamp::from_unix_seconds(later.code.counter * 30);
        let window = Window { back: 250, ahead: 0 };
        let found =
            find_totp(&account, &later.code.text, now, 0, window, Some(earlier.code.counter)).unwrap();
        assert_eq!(found, Found::Fresh { step: later.code.counter, offset: 0 });
        // While neither was used, the later one is used up, and the earlier one with it.
        let found = find_totp(&account, &later.code.text, now, 0, window, None).unwrap();
        assert_eq!(found, Found::Fresh { step: later.code.counter, offset: 0 });
        let again = find_totp(&account, &later.code.text, now, 0, window, Some(later.code.counter)).unwrap();
        assert!(matches!(again, Found::Used { .. }), "{again:?}");
    }

    proptest! {
        /// Whatever the clock of the authenticator, a code is found exactly in the window, and never a second time.
        #[test]
        fn exactly_the_window_is_accepted(
            now in 1_000_u64..4_000_000_000, away in -4_i64..=4, back in 0_u8..=3, ahead in 0_u8..=3, drift in -2_i64..=2,
        ) {
            let account = totp(8);
            let theirs = now.saturating_add_signed(away * 30);
            let code = account.code_at(theirs).unwrap();
            let window = Window { back, ahead };
            // Once in ten million cases another step near by has the same eight digits: that is another property.
            let near = account.codes_around(now, 8).unwrap();
            prop_assume!(near.iter().filter(|other| other.code.text == code.text).count() == 1);
            let found = find_totp(&account, &code.text, now.into(), drift, window, None).unwrap();
            let inside = (-i64::from(back)..=i64::from(ahead)).contains(&(away - drift));
            prop_assert_eq!(found, if inside { Found::Fresh { step: code.counter, offset: away } } else { Found::Nothing });
            let again = find_totp(&account, &code.text, now.into(), drift, window, Some(code.counter)).unwrap();
            let fresh = matches!(again, Found::Fresh { .. });
            prop_assert!(!fresh);
        }

        /// What confirmed an enrolment is, with the drift learnt from it, inside the window afterwards.
        #[test]
        fn learnt_drift_brings_the_offset_into_the_window(offset in -10_i64..=10, back in 0_u8..=3, ahead in 0_u8..=3) {
            let window = Window { back, ahead };
            let seen = offset - drift_learnt(offset, window);
            prop_assert!((-i64::from(back)..=i64::from(ahead)).contains(&seen));
        }
    }
}
