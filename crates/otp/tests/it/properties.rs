//! What holds for every input, tried on many.

use crate::support::account;
use keyhaven_otp::{Account, Algorithm, Kind, decode_base32, migration, parse_uri, verify};
use keyhaven_secret::{SecretBytes, SecretText};
use proptest::prelude::*;

fn algorithm() -> impl Strategy<Value = Algorithm> {
    prop_oneof![Just(Algorithm::Sha1), Just(Algorithm::Sha256), Just(Algorithm::Sha512)]
}

/// Names as hostile as they come, trimmed, since white space around names does not count.
fn name() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC{0,12}", "[ a-zA-Z:%+#?&=/@.]{0,12}", "(?s:.){0,8}"]
        .prop_map(|name| name.trim().to_owned())
}

/// Text of a PIN or an mOTP secret, which a program may write in either of two ways, unless it holds digits only.
fn digits() -> impl Strategy<Value = SecretText> {
    "[0-9]{0,16}".prop_map(SecretText::new)
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        (algorithm(), 5..=10_u8, 1..=86_400_u32).prop_map(|(algorithm, digits, period)| Kind::Totp {
            algorithm,
            digits,
            period
        }),
        (algorithm(), 5..=10_u8, any::<u64>()).prop_map(|(algorithm, digits, counter)| Kind::Hotp {
            algorithm,
            digits,
            counter
        }),
        Just(()).prop_map(|()| Kind::totp()),
        Just(()).prop_map(|()| Kind::Steam),
        (digits(), 5..=10_u8, 1..=86_400_u32).prop_map(|(pin, digits, period)| Kind::Motp {
            pin,
            digits,
            period
        }),
        digits().prop_map(|pin| Kind::Yandex { pin }),
    ]
}

prop_compose! {
    fn any_account()(
        kind in kind(),
        bytes in proptest::collection::vec(any::<u8>(), 1..70),
        text in "[!-~]{1,32}",
        issuer in name(),
        name in name(),
        other in proptest::option::of("[a-z]{1,6}"),
        unknown in proptest::collection::vec(("x[a-z %&=+]{0,6}", "(?s:.){0,8}"), 0..4),
    ) -> Account {
        let secret = SecretBytes::new(if matches!(kind, Kind::Motp { .. }) { text.into_bytes() } else { bytes });
        let label_issuer = other.filter(|other| *other != issuer && !issuer.is_empty());
        // "a" in the label of issuer "a:b" is that issuer's own beginning only if ":b" follows; avoid the overlap.
        let label_issuer = label_issuer.filter(|other| !format!("{other}:{name}").starts_with(&issuer));
        Account { label_issuer, unknown, ..Account::new(issuer, name, secret, kind) }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_is_written_is_read_back_equal(account in any_account()) {
        let uri = account.to_uri();
        prop_assert!(uri.expose().is_ascii());
        let parsed = parse_uri(uri.expose()).map_err(|error| TestCaseError::fail(format!("{}: {error}", uri.expose())))?;
        prop_assert_eq!(&parsed.account, &account, "{}", uri.expose());
        // And a canonical URI is written as it was read.
        let again = parsed.account.to_uri();
        prop_assert_eq!(again.expose(), uri.expose());
    }

    #[test]
    fn no_text_panics(text in "(?s:.){0,80}") {
        let _ = parse_uri(&text);
        let _ = migration::parse(&text);
        let _ = decode_base32(&text);
    }

    #[test]
    fn no_uri_panics_and_what_is_read_is_stable(
        kind in "totp|hotp|steam|motp|yaotp",
        label in "[ -~é%]{0,20}",
        query in "(secret=[A-Z2-7 =-]{1,40}|issuer=[ -~]{0,9}|digits=[0-9]{1,2}|period=[0-9]{1,5}|counter=[0-9]{1,20}|pin=[0-9]{1,6}|[ -~]{0,12}|&){1,9}",
    ) {
        if let Ok(parsed) = parse_uri(&format!("otpauth://{kind}/{label}?{query}")) {
            let uri = parsed.account.to_uri();
            let again = parse_uri(uri.expose()).map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!(again.account, parsed.account, "{}", uri.expose());
        }
    }

    #[test]
    fn no_export_panics(bytes in proptest::collection::vec(any::<u8>(), 0..60), entry in any::<bool>()) {
        let mut message = bytes;
        if entry {
            let length = u8::try_from(message.len()).unwrap();
            message.splice(0..0, [0x0a, length]);
        }
        let _ = migration::parse(&format!("otpauth-migration://offline?data={}", data_encoding::BASE64URL_NOPAD.encode(&message)));
    }

    #[test]
    fn an_export_is_read_back_equal(
        mut accounts in proptest::collection::vec(any_account(), 0..12),
        max_per_batch in 1..5_usize,
    ) {
        accounts.iter_mut().for_each(|account| account.unknown.clear());
        let written = migration::write(&accounts, max_per_batch);
        let left_out: Vec<_> = written.left_out.iter().map(|left_out| left_out.place).collect();
        let mut collector = migration::Collector::new();
        for uri in written.uris.iter().rev() {
            collector.add(migration::parse(uri.expose()).unwrap());
        }
        prop_assert_eq!(collector.is_complete(), accounts.len() > left_out.len());
        let read: Vec<_> = collector.into_entries().into_iter().map(|entry| entry.unwrap().account).collect();
        let kept = accounts.iter().enumerate().filter(|(place, _)| !left_out.contains(place)).map(|(_, a)| a);
        prop_assert_eq!(read.iter().collect::<Vec<_>>(), kept.collect::<Vec<_>>());
    }

    /// totp-rs has truncation and digits of its own: two roads to one code, as far as it goes (nine digits).
    #[test]
    fn totp_rs_agrees(
        key in proptest::collection::vec(any::<u8>(), 1..140),
        algorithm in algorithm(),
        digits in 5..=9_u8,
        period in 1..=86_400_u32,
        time in 0..=u64::from(u32::MAX) * 4,
    ) {
        let theirs = totp_rs::Builder::new()
            .with_algorithm(algorithm.name().parse().unwrap())
            .with_digits(digits)
            .with_step_duration(u64::from(period))
            .with_secret(key.as_slice())
            .build_noncompliant();
        let ours = Account::new("", "", SecretBytes::new(key.clone()), Kind::Totp { algorithm, digits, period });
        prop_assert_eq!(ours.code_at(time).unwrap().text, theirs.generate(time).to_string());
        let steam = totp_rs::Builder::new_steam().with_secret(key.as_slice()).build_noncompliant();
        let ours = Account::new("", "", SecretBytes::new(key), Kind::Steam);
        prop_assert_eq!(ours.code_at(time).unwrap().text, steam.generate(time).to_string());
    }

    #[test]
    fn every_account_verifies_its_own_codes(account in any_account(), time in any::<u64>()) {
        if let Ok(code) = account.code_at(time) {
            prop_assert_eq!(code.text.chars().count(), usize::from(account.kind.digits()));
            prop_assert_eq!(verify(&account, &code.text, time, 0), Ok(Some(0)));
            if let (Some(from), Some(until)) = (code.valid_from, code.valid_until) {
                prop_assert!(from <= time && (time < until || until == u64::MAX));
            }
        }
    }

    #[test]
    fn base32_is_read_back(bytes in proptest::collection::vec(any::<u8>(), 0..70)) {
        let account = Account::new("", "", SecretBytes::new(bytes), Kind::Steam);
        let decoded = decode_base32(account.secret_base32().expose()).unwrap();
        prop_assert_eq!(decoded.bytes, account.secret);
        prop_assert_eq!(decoded.leftover_bits, 0);
    }
}

/// Found by hand: an issuer that has a colon, and a name that begins like one.
#[test]
fn colons_in_names_survive() {
    for (issuer, name) in [("", "a:b"), ("a:b", "c"), ("a", "a:b"), ("a", ":b"), ("", ":"), ("a:", ":")] {
        let secret = SecretBytes::new(vec![1; 20]);
        let written = Account::new(issuer, name, secret, Kind::totp());
        assert_eq!(account(written.to_uri().expose()), written, "{issuer:?} {name:?}");
    }
}

/// Compile-time: a copy of a secret is always a named call.
#[test]
fn accounts_are_not_clone() {
    trait Unwanted<Marker> {
        fn check() {}
    }
    impl<T: ?Sized> Unwanted<()> for T {}
    struct IsClone;
    impl<T: Clone> Unwanted<IsClone> for T {}
    // Ambiguous, and therefore a compile error, as soon as one of them implements Clone.
    <Account as Unwanted<_>>::check();
    <Kind as Unwanted<_>>::check();
    <keyhaven_otp::Parsed as Unwanted<_>>::check();
    <migration::Batch as Unwanted<_>>::check();
}
