//! What people scan and paste: otpauth URIs and Google Authenticator's export.

use keyhaven_otp::{Account, Kind, migration as export, parse_uri};
use keyhaven_secret::SecretBytes;

/// `data` as a URI: what is read is written as a URI that reads the same, and codes can be asked for.
pub fn otpauth(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match parse_uri(text) {
        Ok(parsed) => {
            reads_back(&parsed.account);
            let _ = parsed.account.code_at(u64::MAX);
            let _ = parsed.account.code_at(59);
            let said: String = parsed.oddities.iter().map(ToString::to_string).collect();
            hides(&parsed.account, &format!("{parsed:?} {said}"));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn reads_back(account: &Account) {
    let uri = account.to_uri();
    match parse_uri(uri.expose()) {
        Ok(again) => assert!(again.account == *account, "{} reads as another account", uri.expose()),
        // A name of many odd characters grows by being escaped.
        Err(error) => assert!(uri.expose().len() > keyhaven_otp::MAX_URI_LENGTH, "{}: {error}", uri.expose()),
    }
}

/// What is said about an account does not hold its secret.
fn hides(account: &Account, said: &str) {
    let secret = account.secret_base32();
    let elsewhere = [&account.issuer, &account.name]
        .into_iter()
        .chain(&account.label_issuer)
        .chain(account.unknown.iter().map(|(name, _)| name));
    if secret.expose().len() >= 16 && !elsewhere.into_iter().any(|text| text.contains(secret.expose())) {
        assert!(!said.contains(secret.expose()), "the secret is in {said}");
    }
}

/// `data` as the message of an export, and as a whole URI: every entry is an account or is kept with its bytes, and
/// the accounts are written as an export that reads the same.
pub fn migration(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = export::parse(text);
    }
    let base64 = data_encoding::BASE64URL_NOPAD.encode(data);
    let Ok(batch) = export::parse(&format!("otpauth-migration://offline?data={base64}")) else { return };
    assert!(!batch.entries.is_empty() && batch.index < batch.size);
    for rejected in batch.entries.iter().filter_map(|entry| entry.as_ref().err()) {
        assert!(!rejected.reason.to_string().is_empty());
    }
    let accounts: Vec<&Account> =
        batch.entries.iter().filter_map(|entry| Some(&entry.as_ref().ok()?.account)).collect();
    let written = export::write(accounts.iter().copied(), 5);
    let left_out: Vec<usize> = written.left_out.iter().map(|left_out| left_out.place).collect();
    let kept: Vec<&Account> = accounts
        .iter()
        .enumerate()
        .filter(|(place, _)| !left_out.contains(place))
        .map(|(_, account)| *account)
        .collect();
    let mut collector = export::Collector::new();
    for uri in &written.uris {
        match export::parse(uri.expose()) {
            Ok(batch) => drop(collector.add(batch)),
            Err(error) => {
                assert!(uri.expose().len() > keyhaven_otp::MAX_URI_LENGTH, "our own export: {error}");
                return;
            }
        }
    }
    let again: Vec<Account> =
        collector.into_entries().into_iter().map(|entry| entry.expect("our own entry").account).collect();
    assert_eq!(again.iter().collect::<Vec<_>>(), kept, "written and read again");
}

/// Accounts of every kind.
pub(super) fn samples() -> Vec<Account> {
    let secret = || SecretBytes::new(b"12345678901234567890".to_vec());
    let text = |text: &str| keyhaven_secret::SecretText::new(text.to_owned());
    vec![
        Account::new("Northwind", "robin", secret(), Kind::totp()),
        Account::new(
            "A:b & c",
            "é%?#",
            secret(),
            Kind::Hotp { algorithm: keyhaven_otp::Algorithm::Sha512, digits: 8, counter: u64::MAX },
        ),
        Account::new("Steam", "", secret(), Kind::Steam),
        Account::new("", "m", secret(), Kind::Motp { pin: text("1234"), digits: 6, period: 10 }),
        Account::new("Yandex", "y", secret(), Kind::Yandex { pin: text("5678") }),
    ]
}

pub(super) fn otpauth_seeds() -> Vec<Vec<u8>> {
    let own = samples().into_iter().map(|account| account.to_uri().expose().as_bytes().to_vec());
    let odd = [
        "steam://GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        " otpauth://totp/a%3Ab:c?secret=gezd-gnbv gy3tqojq&issuer=a&algorithm=HmacSHA1&digits=7&image=x&x=%zz ",
        "motp://x:y?secret=0123456789abcdef&pin=1",
        "otpauth://hotp/?secret=AA======&counter=18446744073709551615",
    ];
    own.chain(odd.map(|text| text.as_bytes().to_vec())).collect()
}

pub(super) fn migration_seeds() -> Vec<Vec<u8>> {
    let accounts = samples();
    let written = export::write(&accounts[..2], 1);
    let messages = written.uris.iter().filter_map(|uri| {
        let (_, data) = uri.expose().split_once("data=")?;
        data_encoding::BASE64
            .decode(data.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=").as_bytes())
            .ok()
    });
    let whole = written.uris.iter().map(|uri| uri.expose().as_bytes().to_vec());
    messages
        .chain(whole)
        .chain([b"\x0a\x04\x0a\x02ab\x10\x01\x18\x01\x20\x00\x28\xff\xff\xff\xff\x0f".to_vec()])
        .collect()
}
