//! What this crate writes, it reads back: the same accounts, notes, tags; under the right password only.

use crate::hostile::{broken, read_quickly};
use keyhaven_interchange::write::{ExportError, Exported, Lost, Target, Work, losses, write};
use keyhaven_interchange::{Format, Import, ImportError, Request, read};
use keyhaven_otp::{Account, Algorithm, Kind};
use keyhaven_secret::{SecretBytes, SecretText};
use proptest::prelude::*;

/// An account with what is kept beside it.
#[derive(Debug)]
struct Entry {
    account: Account,
    note: SecretText,
    tags: Vec<String>,
    pinned: bool,
}

impl Entry {
    fn exported(&self) -> Exported<'_> {
        Exported { account: &self.account, note: Some(&self.note), tags: &self.tags, pinned: self.pinned }
    }
}

fn kind() -> impl Strategy<Value = Kind> {
    let algorithm = prop_oneof![Just(Algorithm::Sha1), Just(Algorithm::Sha256), Just(Algorithm::Sha512)];
    let digits = 5u8..=10;
    let pin = || "[0-9]{4,8}".prop_map(SecretText::new);
    prop_oneof![
        4 => (algorithm.clone(), digits.clone(), 1u32..=86_400)
            .prop_map(|(algorithm, digits, period)| Kind::Totp { algorithm, digits, period }),
        2 => (algorithm, digits, any::<u64>())
            .prop_map(|(algorithm, digits, counter)| Kind::Hotp { algorithm, digits, counter }),
        1 => Just(()).prop_map(|()| Kind::Steam),
        1 => (pin(), 5u8..=10, 1u32..=86_400).prop_map(|(pin, digits, period)| Kind::Motp { pin, digits, period }),
        1 => pin().prop_map(|pin| Kind::Motp { pin, digits: 6, period: 10 }),
        1 => pin().prop_map(|pin| Kind::Yandex { pin }),
    ]
}

/// A name without white space at its ends, which no format keeps.
fn name(least: usize) -> impl Strategy<Value = String> {
    proptest::string::string_regex(&format!(
        "[\\PC&&[^\\s\u{feff}\u{ad}]]{{{least},2}}[\\PC]{{0,10}}[\\PC&&[^\\s]]{{{least},1}}"
    ))
    .unwrap()
    .prop_map(|name| name.trim().to_owned())
    .prop_filter("long enough", move |name| name.len() >= least && name != "null")
}

fn entry(least: usize) -> impl Strategy<Value = Entry> {
    let tags = prop::collection::btree_set(name(1), 0..3);
    let secret = prop::collection::vec(any::<u8>(), 1..40);
    let note = prop_oneof![Just(String::new()), "[\\PC\n\"]{0,40}".prop_map(|note| note.trim().to_owned())];
    (name(least), name(least), secret, kind(), note, tags, any::<bool>()).prop_map(
        |(issuer, name, secret, kind, note, tags, pinned)| {
            let secret = match kind {
                Kind::Motp { .. } => data_encoding::HEXLOWER.encode(&secret).into_bytes(),
                Kind::Yandex { .. } => secret.into_iter().cycle().take(16).collect(),
                _ => secret,
            };
            Entry {
                account: Account::new(issuer, name, SecretBytes::new(secret), kind),
                note: SecretText::new(note),
                tags: tags.into_iter().collect(),
                pinned,
            }
        },
    )
}

fn read_back(bytes: &SecretBytes, password: Option<&SecretText>) -> Import {
    let import = read(bytes.expose(), &Request { password, ..Request::default() });
    import.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(bytes.expose())))
}

/// Writes, reads back, compares everything that [`losses`] does not name.
fn round_trip(target: Target, entries: &[Entry]) {
    let password = SecretText::new("correct horse".into());
    let exported: Vec<_> = entries.iter().map(Entry::exported).collect();
    let lost = losses(target, &exported);
    let loses = |place: usize, what: Lost| lost.iter().any(|loss| loss.place == place && loss.what == what);
    let bytes = write(target, &exported, Some(&password), Work::Least).unwrap();
    let kept: Vec<_> = entries
        .iter()
        .enumerate()
        .filter(|(place, _)| !lost.iter().any(|loss| loss.place == *place && loss.what.is_account()))
        .collect();
    if kept.is_empty() {
        return; // nothing by which an empty list could be known
    }
    let import = read_back(&bytes, Some(&password));
    assert_eq!(import.problems, []);
    assert_eq!(import.accounts.len(), kept.len());
    for (found, (place, entry)) in import.accounts.iter().zip(kept) {
        if !loses(place, Lost::EmptyIssuer) && !loses(place, Lost::Issuer) {
            assert_eq!(found.account, entry.account, "{target:?}");
        }
        assert_eq!(found.account.secret, entry.account.secret);
        assert_eq!(found.account.kind, entry.account.kind);
        if !loses(place, Lost::Note) {
            let note = found.note.as_ref().map(SecretText::expose).unwrap_or_default();
            assert_eq!(note, entry.note.expose(), "{target:?}");
        }
        if !loses(place, Lost::Tags) {
            assert_eq!(found.tags, entry.tags, "{target:?}");
        } else if target == Target::KeePassXcCsv {
            assert_eq!(found.tags.len(), 1);
        } else {
            assert!(found.tags.len() <= 1);
        }
        if !loses(place, Lost::Pin) {
            assert_eq!(found.pinned, entry.pinned, "{target:?}");
        }
    }
}

/// How much a program's own form of names costs: the shortest issuer and name that come back unchanged.
fn least_name(target: Target) -> usize {
    match target {
        // An empty field is filled from the item around it, or names nothing.
        Target::TwoFas
        | Target::TwoFasEncrypted
        | Target::Bitwarden
        | Target::KeePassXcCsv
        | Target::Proton => 1,
        _ => 0,
    }
}

/// Names that a program writes in a way that cannot be undone.
fn comes_back(target: Target, entry: &Entry) -> bool {
    let Account { issuer, name, .. } = &entry.account;
    match target {
        // An `Issuer:Name` in the name is taken apart.
        Target::TwoFas | Target::TwoFasEncrypted => !name.contains(':'),
        _ => !issuer.contains('\0'),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_target_gives_back_what_it_was_given(
        named in prop::collection::vec(entry(1), 1..5),
        any_names in prop::collection::vec(entry(0), 1..5),
    ) {
        for &target in Target::ALL {
            let entries = if least_name(target) == 1 { &named } else { &any_names };
            if entries.iter().all(|entry| comes_back(target, entry)) {
                round_trip(target, entries);
            }
        }
    }
}

fn account(issuer: &str, kind: Kind) -> Account {
    Account::new(issuer, "me", SecretBytes::new(b"12345678901234567890".to_vec()), kind)
}

fn exported(account: &Account) -> Exported<'_> {
    Exported { account, note: None, tags: &[], pinned: false }
}

#[test]
fn the_format_is_recognised_from_the_bytes() {
    let account = account("Example", Kind::totp());
    let password = SecretText::new("password".into());
    let expected = |target| match target {
        Target::OtpauthList => Format::OtpauthList,
        Target::Aegis | Target::AegisEncrypted => Format::Aegis,
        Target::TwoFas | Target::TwoFasEncrypted => Format::TwoFas,
        Target::Ente | Target::EnteEncrypted => Format::Ente,
        Target::Proton => Format::ProtonAuthenticator,
        Target::Bitwarden => Format::Bitwarden,
        Target::KeePassXcCsv => Format::KeePassXcCsv,
        target => panic!("{target:?} has no line here"),
    };
    for &target in Target::ALL {
        let bytes = write(target, &[exported(&account)], Some(&password), Work::Least).unwrap();
        let import = read_back(&bytes, Some(&password));
        assert_eq!((import.format, import.accounts.len()), (expected(target), 1));
        let shown = String::from_utf8(bytes.expose().to_vec()).unwrap();
        assert_eq!(shown.contains("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), !target.is_encrypted(), "{target:?}");
    }
}

#[test]
fn an_encrypted_export_needs_its_password_to_be_written_and_to_be_read() {
    let account = account("Example", Kind::totp());
    let (right, wrong) = (SecretText::new(" right ".into()), SecretText::new("right".into()));
    for &target in Target::ALL.iter().filter(|target| target.is_encrypted()) {
        let accounts = [exported(&account)];
        assert_eq!(write(target, &accounts, None, Work::Least).unwrap_err(), ExportError::PasswordNeeded);
        let empty = SecretText::new(String::new());
        assert_eq!(
            write(target, &accounts, Some(&empty), Work::Least).unwrap_err(),
            ExportError::PasswordNeeded
        );
        let bytes = write(target, &accounts, Some(&right), Work::Least).unwrap();
        let none = read(bytes.expose(), &Request::default());
        assert!(matches!(none, Err(ImportError::PasswordNeeded { .. })), "{target:?}: {none:?}");
        let refused = read(bytes.expose(), &Request { password: Some(&wrong), ..Request::default() });
        // Where one authentication code stands over everything, nothing tells a wrong password from damage.
        let told = target != Target::EnteEncrypted;
        assert!(
            matches!(refused, Err(ImportError::WrongPassword { certain, .. }) if certain == told),
            "{target:?}: {refused:?}"
        );
    }
}

#[test]
fn what_a_target_cannot_hold_is_told_and_the_rest_is_written() {
    let counted = account("Bank", Kind::Hotp { algorithm: Algorithm::Sha1, digits: 6, counter: 7 });
    let timed = account("", Kind::totp());
    let ten = account("Ten", Kind::Totp { algorithm: Algorithm::Sha1, digits: 10, period: 30 });
    let note = SecretText::new("a note".into());
    let tags = ["one".to_owned(), "two".to_owned()];
    let accounts = [
        exported(&counted),
        Exported { account: &timed, note: Some(&note), tags: &tags, pinned: true },
        exported(&ten),
    ];
    let told = |target| {
        losses(target, &accounts).into_iter().map(|loss| (loss.place, loss.what)).collect::<Vec<_>>()
    };
    assert_eq!(told(Target::Aegis), []);
    assert_eq!(told(Target::OtpauthList), [(1, Lost::Note), (1, Lost::Tags), (1, Lost::Pin)]);
    assert_eq!(told(Target::Bitwarden), [(0, Lost::Account), (1, Lost::Tags), (1, Lost::EmptyIssuer)]);
    assert_eq!(
        told(Target::TwoFas),
        [
            (1, Lost::Note),
            (1, Lost::Tags),
            (1, Lost::Pin),
            (1, Lost::EmptyIssuer),
            (2, Lost::AccountForDigits)
        ]
    );
    let bytes = write(Target::Bitwarden, &accounts, None, Work::Usual).unwrap();
    let import = read_back(&bytes, None);
    assert_eq!(import.accounts.len(), 2);
    assert_eq!(import.accounts[0].account.issuer, "me");
}

#[test]
fn broken_files_of_our_own_never_panic() {
    let accounts = [
        account("Example", Kind::totp()),
        account("Bank", Kind::Hotp { algorithm: Algorithm::Sha256, digits: 8, counter: 7 }),
        account("Steam", Kind::Steam),
    ];
    let password = SecretText::new("password".into());
    let mut random = 0xbad;
    for &target in Target::ALL {
        let exported: Vec<_> = accounts.iter().map(exported).collect();
        let bytes = write(target, &exported, Some(&password), Work::Least).unwrap();
        for _ in 0..300 {
            let broken = broken(bytes.expose(), &mut random);
            read_quickly(&broken, Some(&password), None);
        }
        // Cut off anywhere, an encrypted file gives an error and never fewer accounts.
        if target.is_encrypted() {
            for end in (0..bytes.len().saturating_sub(3)).step_by(23) {
                let cut = read(
                    &bytes.expose()[..end],
                    &Request { password: Some(&password), ..Request::default() },
                );
                assert!(cut.is_err(), "{target:?} cut at {end}");
            }
        }
    }
}

#[test]
fn a_changed_byte_of_sealed_contents_is_noticed() {
    let account = account("Example", Kind::totp());
    let password = SecretText::new("password".into());
    let request = Request { password: Some(&password), ..Request::default() };
    for (target, field) in [
        (Target::AegisEncrypted, "\"db\": \""),
        (Target::EnteEncrypted, "\"encryptedData\": \""),
        (Target::TwoFasEncrypted, "\"servicesEncrypted\": \""),
    ] {
        let bytes = write(target, &[exported(&account)], Some(&password), Work::Least).unwrap();
        let mut bytes = bytes.expose().to_vec();
        let start =
            bytes.windows(field.len()).position(|window| window == field.as_bytes()).unwrap() + field.len();
        for place in start..start + 40 {
            let original = bytes[place];
            bytes[place] = if original == b'A' { b'B' } else { b'A' };
            assert!(read(&bytes, &request).is_err(), "{target:?} at {}", place - start);
            bytes[place] = original;
        }
        assert!(read(&bytes, &request).is_ok());
    }
}
