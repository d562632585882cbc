use crate::support::{account, peer_file};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use keyhaven_otp::migration::{
    Added, Collector, EntryError, LeftOut, Loss, MigrationError, UNKNOWN_FIELDS, Unwritable, WireError,
    parse, write,
};
use keyhaven_otp::{Account, Algorithm, Kind, Oddity, Parsed};

const KEY: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

/// A field of wire type 0 or 2, small enough for one-byte numbers and lengths.
fn number(field: u8, value: u8) -> Vec<u8> {
    vec![field << 3, value]
}

fn bytes(field: u8, value: &[u8]) -> Vec<u8> {
    [&[field << 3 | 2, u8::try_from(value.len()).unwrap()], value].concat()
}

/// A batch of one entry with a 16-byte secret, a name, and `fields`.
fn one(fields: &[u8]) -> String {
    let entry = [bytes(1, b"0123456789abcdef"), bytes(2, b"me"), fields.to_vec()].concat();
    uri(&bytes(1, &entry))
}

fn uri(message: &[u8]) -> String {
    let data = BASE64.encode(message).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    format!("otpauth-migration://offline?data={data}")
}

fn entry(uri: &str) -> Result<Parsed, EntryError> {
    let mut batch = parse(uri).unwrap();
    assert_eq!(batch.entries.len(), 1);
    batch.entries.remove(0).map_err(|rejected| rejected.reason)
}

fn accounts(text: &str) -> Vec<Account> {
    parse(text).unwrap().entries.into_iter().map(|entry| entry.unwrap().account).collect()
}

#[test]
fn every_value_of_every_enumeration() {
    for (value, algorithm) in
        [(0, Algorithm::Sha1), (1, Algorithm::Sha1), (2, Algorithm::Sha256), (3, Algorithm::Sha512)]
    {
        assert_eq!(entry(&one(&number(4, value))).unwrap().account.kind.algorithm(), Some(algorithm));
    }
    assert_eq!(entry(&one(&number(4, 4))).unwrap_err(), EntryError::Md5);
    assert_eq!(entry(&one(&number(4, 5))).unwrap_err(), EntryError::Algorithm { value: 5 });
    for (value, digits) in [(0, 6), (1, 6), (2, 8)] {
        assert_eq!(entry(&one(&number(5, value))).unwrap().account.kind.digits(), digits);
    }
    assert_eq!(entry(&one(&number(5, 6))).unwrap_err(), EntryError::Digits { value: 6 });
    for (value, name) in [(0, "totp"), (1, "hotp"), (2, "totp")] {
        assert_eq!(entry(&one(&number(6, value))).unwrap().account.kind.name(), name);
    }
    assert_eq!(entry(&one(&number(6, 3))).unwrap_err(), EntryError::Type { value: 3 });
}

#[test]
fn counters() {
    let hotp = [number(6, 1), vec![7 << 3, 0xac, 0x02]].concat();
    assert!(matches!(entry(&one(&hotp)).unwrap().account.kind, Kind::Hotp { counter: 300, .. }));
    assert!(matches!(entry(&one(&number(6, 1))).unwrap().account.kind, Kind::Hotp { counter: 0, .. }));
    let negative = [number(6, 1), vec![7 << 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]].concat();
    assert_eq!(entry(&one(&negative)).unwrap_err(), EntryError::Counter { value: -1 });
}

#[test]
fn names_and_issuers() {
    for (name, issuer, want) in [
        ("Corp:me", "Corp", ("Corp", "me", None)),
        ("me", "Corp", ("Corp", "me", None)),
        ("Old:me", "Corp", ("Corp", "me", Some("Old"))),
        ("encoding: ¿äÄéÉ? (demo)", "", ("", "encoding: ¿äÄéÉ? (demo)", None)),
        ("", "Corp", ("Corp", "", None)),
    ] {
        let message = [bytes(1, b"0123456789abcdef"), bytes(2, name.as_bytes()), bytes(3, issuer.as_bytes())];
        let account = entry(&uri(&bytes(1, &message.concat()))).unwrap().account;
        assert_eq!((account.issuer.as_str(), account.name.as_str(), account.label_issuer.as_deref()), want);
        assert_eq!(accounts(write([&account], 10).uris[0].expose()), [account]);
    }
}

#[test]
fn one_bad_entry_blocks_nothing_and_keeps_its_bytes() {
    let good = [bytes(1, b"0123456789abcdef"), bytes(2, b"good")].concat();
    let bad = [bytes(2, b"bad"), bytes(3, b"Corp")].concat();
    let torn = [bytes(1, b"0123456789abcdef"), vec![0x12, 99]].concat();
    let batch = parse(&uri(&[bytes(1, &bad), bytes(1, &good), bytes(1, &torn)].concat())).unwrap();
    let rejected = batch.entries[0].as_ref().unwrap_err();
    assert_eq!((rejected.place, rejected.name.as_str(), rejected.issuer.as_str()), (1, "bad", "Corp"));
    assert_eq!((&rejected.reason, rejected.raw.expose()), (&EntryError::EmptySecret, &bad[..]));
    assert_eq!(batch.entries[1].as_ref().unwrap().account.name, "good");
    let rejected = batch.entries[2].as_ref().unwrap_err();
    assert_eq!((rejected.place, &rejected.reason), (3, &EntryError::Wire(WireError::Truncated)));
    assert!(!format!("{rejected:?}").contains("0123456789"));
}

/// A unique id (field 8 in newer versions), a field nobody knows, and a known number with an unknown wire type.
#[test]
fn unknown_fields_survive_export_and_vault() {
    let extra = [bytes(8, b"id-1"), number(15, 7), bytes(4, b"?"), vec![14 << 3 | 5, 1, 2, 3, 4]].concat();
    let parsed = entry(&one(&extra)).unwrap();
    assert_eq!(parsed.account.unknown[0].0, UNKNOWN_FIELDS);
    assert!(parsed.oddities.contains(&Oddity::UnknownParameter { parameter: "field 8".into() }));
    // Through a URI, as a vault may keep it, and out into an export again.
    let kept = account(parsed.account.to_uri().expose());
    let written = write([&kept], 10);
    assert_eq!(written.lost, []);
    let data = written.uris[0].expose().split_once("data=").unwrap().1;
    let message =
        BASE64.decode(data.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=").as_bytes()).unwrap();
    assert!(message.windows(extra.len()).any(|window| window == extra));
    assert_eq!(accounts(written.uris[0].expose()), [parsed.account]);
    // Of the batch itself.
    let batch = [bytes(1, &bytes(1, b"0123456789abcdef")), number(9, 1)].concat();
    assert_eq!(parse(&uri(&batch)).unwrap().unknown, number(9, 1));
}

#[test]
fn base64_as_it_comes() {
    // Bytes whose base64 holds both `+` and `/`.
    // (four bytes of tags and lengths come before them, so two more bring them into step with base64's groups of three).
    let secret = [0, 0, 0xfb, 0xef, 0xbe, 0xff, 0xff, 0xff, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17];
    let message = bytes(1, &bytes(1, &secret));
    let plain = BASE64.encode(&message);
    assert!(plain.contains('+') && plain.contains('/') && plain.contains('='));
    let url_safe = BASE64URL_NOPAD.encode(&message);
    for data in [
        &plain,
        &plain.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D"),
        &plain.replace('+', " "),
        &plain.replace('+', "%20"),
        plain.trim_end_matches('='),
        &url_safe,
        &format!("{}\n{}", &plain[..8], &plain[8..]),
    ] {
        let account = accounts(&format!(" otpauth-migration://offline?x=1&data={data}\n")).remove(0);
        assert_eq!(account.secret.expose(), secret, "{data}");
    }
}

#[test]
fn what_is_no_export_says_why() {
    let data = |data: &str| format!("otpauth-migration://offline?data={data}");
    for (text, error) in [
        (String::new(), MigrationError::Scheme),
        ("Lorem ipsum dolor sit amet".into(), MigrationError::Scheme),
        ("Lorem otpauth-migration://offline?data=CgA".into(), MigrationError::Scheme),
        ("otpauth://totp/x?secret=AA".into(), MigrationError::Scheme),
        ("otpauth-migration://offline".into(), MigrationError::NoData),
        (data(""), MigrationError::NoData),
        (data("XXXX"), MigrationError::Wire(WireError::Truncated)),
        (data("CiQK!"), MigrationError::Base64 { position: 5 }),
        (data("CiQKC"), MigrationError::Base64Length { length: 5 }),
        (data("EAE="), MigrationError::NoAccounts),
        (data(&"A".repeat(70_000)), MigrationError::TooLong { length: 70_033 }),
    ] {
        assert_eq!(parse(&text).unwrap_err(), error, "{text:.60}");
    }
    let entry = bytes(1, &bytes(1, b"0123456789abcdef"));
    for (size, index) in [(2, 2), (1, 1), (0, 1)] {
        let batch = uri(&[entry.clone(), number(3, size), number(4, index)].concat());
        assert_eq!(
            parse(&batch).unwrap_err(),
            MigrationError::Place { index: index.into(), size: size.into() }
        );
    }
    let huge = uri(&[entry, vec![3 << 3, 0xff, 0xff, 0xff, 0xff, 0x0f]].concat());
    assert_eq!(parse(&huge).unwrap_err(), MigrationError::Place { index: 0, size: u64::from(u32::MAX) });
}

fn five_batches() -> Vec<String> {
    let accounts: Vec<_> =
        (0..5).map(|n| account(&format!("otpauth://totp/Corp:me{n}?secret={KEY}"))).collect();
    write(&accounts, 1).uris.iter().map(|uri| uri.expose().to_owned()).collect()
}

#[test]
fn batches_come_in_any_order_and_the_missing_ones_are_named() {
    let uris = five_batches();
    let mut collector = Collector::new();
    assert!(!collector.is_complete());
    assert_eq!(collector.add(parse(&uris[1]).unwrap()), Added::New);
    assert_eq!(collector.add(parse(&uris[0]).unwrap()), Added::New);
    assert_eq!(collector.progress()[0].to_string(), "2 of 5 read, missing 3, 4, 5");
    assert_eq!(collector.add(parse(&uris[0]).unwrap()), Added::Again);
    for uri in [&uris[4], &uris[2]] {
        collector.add(parse(uri).unwrap());
    }
    assert_eq!(collector.progress()[0].missing, [4]);
    assert!(!collector.is_complete());
    collector.add(parse(&uris[3]).unwrap());
    assert!(collector.is_complete());
    assert_eq!(collector.progress()[0].to_string(), "5 of 5 read");
    let names: Vec<_> =
        collector.into_entries().into_iter().map(|entry| entry.unwrap().account.name).collect();
    assert_eq!(names, ["me0", "me1", "me2", "me3", "me4"]);
}

#[test]
fn exports_that_share_an_identifier_are_kept_apart() {
    let batch = |name: &[u8]| {
        parse(&uri(&bytes(1, &[bytes(1, b"0123456789abcdef"), bytes(2, name)].concat()))).unwrap()
    };
    let mut collector = Collector::new();
    assert_eq!(collector.add(batch(b"a")), Added::New);
    assert_eq!(collector.add(batch(b"b")), Added::New);
    assert_eq!(collector.add(batch(b"a")), Added::Again);
    assert_eq!(collector.add(batch(b"b")), Added::Again);
    assert_eq!((collector.progress().len(), collector.into_entries().len()), (2, 2));
}

#[test]
fn what_the_format_cannot_say_is_left_out_and_told() {
    let accounts: Vec<_> = [
        format!("otpauth://totp/a?secret={KEY}"),
        format!("otpauth://totp/b?secret={KEY}&period=60"),
        format!("otpauth://totp/c?secret={KEY}&digits=7"),
        format!("otpauth://steam/d?secret={KEY}"),
        format!("otpauth://hotp/e?secret={KEY}&counter=9223372036854775808"),
        format!(
            "otpauth://hotp/f?secret={KEY}&counter=9223372036854775807&algorithm=SHA512&digits=8&note=hi"
        ),
    ]
    .iter()
    .map(|uri| account(uri))
    .collect();
    let written = write(&accounts, 10);
    let left_out = |place, reason| LeftOut { place, reason };
    assert_eq!(
        written.left_out,
        [
            left_out(1, Unwritable::Period { period: 60 }),
            left_out(2, Unwritable::Digits { digits: 7 }),
            left_out(3, Unwritable::Kind { kind: "steam" }),
            left_out(4, Unwritable::Counter { counter: 9_223_372_036_854_775_808 }),
        ]
    );
    assert_eq!(written.lost, [Loss { place: 5, parameter: "note".into() }]);
    let read = self::accounts(written.uris[0].expose());
    assert_eq!((&read[0], &read[1].kind), (&accounts[0], &accounts[5].kind));
    assert_eq!(write([], 10).uris, []);
    assert_eq!(write(&accounts[..1], 0).uris.len(), 1);
}

#[test]
fn peers_exports() {
    let Some(text) = peer_file("google_migration_uri/scito_example_export.txt") else { return };
    let mut collector = Collector::new();
    let uris: Vec<_> = text.lines().filter(|line| line.starts_with("otpauth-migration")).collect();
    for uri in uris.iter().chain(&uris) {
        collector.add(parse(uri).unwrap());
    }
    assert!(collector.is_complete());
    let read: Vec<_> = collector.into_entries().into_iter().map(|entry| entry.unwrap().account).collect();
    let expected = peer_file("google_migration_uri/scito_example_export.expected_urls.txt").unwrap();
    assert_eq!(read.len(), 6);
    for (account, line) in read.iter().zip(expected.lines()) {
        let expected = crate::support::account(line);
        assert_eq!((&account.secret, &account.kind), (&expected.secret, &expected.kind), "{line}");
        assert_eq!(account.code_at(0), expected.code_at(0));
    }
    assert_eq!(read[5].name, "encoding: ¿äÄéÉ? (demo)");
    let two = accounts(&peer_file("google_migration_uri/2fauth_google_migration.txt").unwrap());
    let names: Vec<_> = two.iter().map(|account| (account.issuer.as_str(), account.name.as_str())).collect();
    assert_eq!(names, [("service", "account"), ("service_bis", "account_bis")]);
    let wrong = peer_file("google_migration_uri/scito_test_export_wrong_data.txt").unwrap();
    assert_eq!(parse(&wrong).unwrap_err(), MigrationError::Wire(WireError::Truncated));
}
