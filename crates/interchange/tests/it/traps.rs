//! What other programs' files hold that is easily read as something else: each was read wrongly once.

use data_encoding::BASE32_NOPAD;
use keyhaven_interchange::write::{Exported, Lost, Target, Work, losses, write};
use keyhaven_interchange::{Format, Import, ImportError, Reason, Request, read, recognise};
use keyhaven_otp::{Account, Algorithm, Kind, Oddity};
use keyhaven_secret::{SecretBytes, SecretText};
use std::io::Write;
use std::ops::ControlFlow;

const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

fn import(text: &str) -> Import {
    read(text.as_bytes(), &Request::default()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn with_password(bytes: &[u8], password: &str) -> Result<Import, ImportError> {
    let password = SecretText::new(password.to_owned());
    read(bytes, &Request { password: Some(&password), ..Request::default() })
}

fn aegis(entry: &str) -> Import {
    import(&format!(
        r#"{{"version":1,"header":{{"slots":null,"params":null}},"db":{{"version":3,"entries":[{entry}],"groups":[{{"uuid":"g","name":"Work"}}]}}}}"#
    ))
}

/// Aegis keeps an mOTP secret's bytes in base32 and hashes their hexadecimal text; the base32 text was hashed here.
#[test]
fn an_motp_secret_of_aegis_is_the_bytes_behind_the_hashed_text() {
    const HASHED: &str = "e3152afee62599c8";
    let spelling = BASE32_NOPAD.encode(&data_encoding::HEXLOWER.decode(HASHED.as_bytes()).unwrap());
    let entry = |secret: &str| {
        format!(
            r#"{{"type":"motp","name":"me","issuer":"VPN","groups":["g","g"],"info":{{"secret":"{secret}","algo":"MD5","digits":6,"period":10,"pin":"1234"}}}}"#
        )
    };
    for secret in [spelling.as_str(), HASHED] {
        let import = aegis(&entry(secret));
        assert_eq!(import.problems, [], "{secret}");
        let found = &import.accounts[0];
        assert_eq!(found.account.secret.expose(), HASHED.as_bytes(), "{secret}");
        assert_eq!(found.secret_as_written().expose(), secret);
        assert_eq!(found.tags, ["Work"]);
        let exported = [Exported { account: &found.account, note: None, tags: &[], pinned: false }];
        let written = write(Target::Aegis, &exported, None, Work::Least).unwrap();
        let written: serde_json::Value = serde_json::from_slice(written.expose()).unwrap();
        assert_eq!(written["db"]["entries"][0]["info"]["secret"], spelling.as_str());
    }
    assert!(matches!(aegis(&entry("neither 0 nor 1")).problems[0].reason, Reason::Base32(_)));
}

#[test]
fn aegis_computes_with_sha1_where_md5_stands_beside_another_kind() {
    let import = aegis(&format!(
        r#"{{"type":"totp","name":"me","issuer":"X","info":{{"secret":"{SECRET}","algo":"MD5","digits":6,"period":30}}}}"#
    ));
    assert_eq!(import.accounts[0].account.kind, Kind::totp());
    assert!(import.accounts[0].oddities.iter().any(|o| matches!(o, Oddity::AlgorithmSpelling { .. })));
}

#[test]
fn a_counter_that_is_missing_is_told_and_one_that_is_none_is_a_problem() {
    let entry = |counter: &str| {
        format!(
            r#"{{"type":"hotp","name":"me","issuer":"X","info":{{"secret":"{SECRET}","algo":"SHA1","digits":6{counter}}}}}"#
        )
    };
    assert!(aegis(&entry("")).accounts[0].oddities.contains(&Oddity::NoCounter));
    assert!(!aegis(&entry(r#","counter":0"#)).accounts[0].oddities.contains(&Oddity::NoCounter));
    let token = |counter: &str| {
        import(&format!(
            r#"{{"tokenOrder":["a"],"tokens":[{{"algo":"SHA1","counter":{counter},"digits":6,"issuerExt":"X","label":"me","period":30,"secret":[1,2,3],"type":"HOTP"}}]}}"#
        ))
    };
    assert_eq!(token("-1").accounts[0].counter(), Some(0));
    assert_eq!(token("4").accounts[0].counter(), Some(5));
    for counter in ["-2", "9223372036854775807", "1.5", "\"x\""] {
        let import = token(counter);
        assert_eq!(import.problems[0].reason, Reason::NotANumber { parameter: "counter" }, "{counter}");
    }
}

fn freeotp_token(name: &str) -> String {
    format!(
        r#"<string name="{name}">{{"algo":"SHA1","counter":0,"digits":6,"issuerExt":"X","label":"{name}","period":30,"secret":[1,2,3],"type":"TOTP"}}</string>"#
    )
}

/// Android writes sets of texts into the same files, and their texts have no name: the whole file was refused.
#[test]
fn a_set_of_texts_among_the_preferences_is_passed_over() {
    let file = format!(
        r#"<?xml version='1.0' encoding='utf-8' standalone='yes' ?><map><set name="s"><string>one</string><string>two</string></set>{}</map>"#,
        freeotp_token("me").replace("{\"algo\"", "{\"issuerInt\":\"\",\"algo\"")
    );
    assert_eq!(import(&file).accounts.len(), 1);
}

#[test]
fn preferences_that_are_cut_off_between_two_entries_are_refused() {
    let whole = format!("<?xml version='1.0'?><map>{}{}</map>", freeotp_token("a"), freeotp_token("b"));
    assert_eq!(import(&whole).accounts.len(), 2);
    let cut = &whole[..whole.find("</string>").unwrap() + "</string>".len()];
    let refused = read(cut.as_bytes(), &Request::default());
    assert!(matches!(refused, Err(ImportError::Broken { .. })), "{refused:?}");
}

/// A map of texts as Java serialises it, its texts in modified UTF-8.
fn java_map(entries: &[(&str, String)]) -> Vec<u8> {
    let text = |text: &str| {
        let mut bytes = Vec::new();
        for unit in text.encode_utf16() {
            match unit {
                1..=0x7f => bytes.push(unit as u8),
                0 | 0x80..=0x7ff => bytes.extend([0xc0 | (unit >> 6) as u8, 0x80 | (unit & 0x3f) as u8]),
                _ => bytes.extend([
                    0xe0 | (unit >> 12) as u8,
                    0x80 | (unit >> 6 & 0x3f) as u8,
                    0x80 | (unit & 0x3f) as u8,
                ]),
            }
        }
        let mut framed = (bytes.len() as u16).to_be_bytes().to_vec();
        framed.extend(bytes);
        framed
    };
    let mut file = vec![0xac, 0xed, 0, 5, 0x73, 0x72];
    file.extend(text("java.util.HashMap"));
    file.extend([0; 9]);
    file.extend([0, 0, 0x78, 0x70, 0x77, 8, 0, 0, 0, 16]);
    file.extend((entries.len() as u32).to_be_bytes());
    for (name, value) in entries {
        file.push(0x74);
        file.extend(text(name));
        file.push(0x74);
        file.extend(text(value));
    }
    file
}

fn sealed(key: &[u8; 32], text: &[u8]) -> serde_json::Value {
    use aes_gcm::aead::{Aead, KeyInit, Payload};
    let cipher = aes_gcm::Aes256Gcm::new_from_slice(key).unwrap();
    let sealed = cipher.encrypt(&[7; 12].into(), Payload { msg: text, aad: b"AES" }).unwrap();
    let signed: Vec<i8> = sealed.iter().map(|byte| *byte as i8).collect();
    let parameters: Vec<i8> = [0x04, 12].into_iter().chain([7; 12]).collect();
    serde_json::json!({
        "mCipher": "AES/GCM/NoPadding", "mCipherText": signed, "mParameters": parameters, "mToken": "AES"
    })
}

/// An emoji in one account's name made the whole file no map; a secret whose token is missing was passed over.
#[test]
fn a_freeotp_2_backup_may_hold_emoji_and_a_secret_alone() {
    use hmac::{Hmac, KeyInit, Mac};
    let master = [9; 32];
    // One round of PBKDF2 and one block of it (RFC 8018 §5.2).
    let mut round = <Hmac<sha2::Sha512> as KeyInit>::new_from_slice(b"password").unwrap();
    round.update(&[1, 2, 3, 0, 0, 0, 1]);
    let key: [u8; 32] = round.finalize().into_bytes()[..32].try_into().unwrap();
    let master_key = serde_json::json!({
        "mAlgorithm": "PBKDF2withHmacSHA512", "mIterations": 1, "mSalt": [1, 2, 3], "mEncryptedKey": sealed(&key, &master)
    });
    let secret =
        serde_json::json!({ "key": sealed(&master, b"12345678901234567890").to_string() }).to_string();
    let token =
        r#"{"algo":"SHA1","digits":6,"issuerExt":"Dog 🐕","label":"me\u0000","period":30,"type":"TOTP"}"#;
    let file = java_map(&[
        ("masterKey", master_key.to_string()),
        ("one", secret.clone()),
        ("one-token", token.to_owned()),
        ("two", secret),
    ]);
    let import = with_password(&file, "password").unwrap();
    assert_eq!(import.accounts[0].account.issuer, "Dog 🐕");
    assert_eq!(import.accounts[0].account.secret.expose(), b"12345678901234567890");
    assert_eq!(import.problems.len(), 1);
    assert_eq!(import.problems[0].entry, "entry two");
}

#[test]
fn a_block_of_authme_without_its_last_line_is_told() {
    let text = format!(
        "Name:   a\nSecret: {SECRET}\nIssuer: X\n\nName:   b\nSecret: {SECRET}\nIssuer: Y\nType:   OTP_TOTP\n\nName:   c\nSecret: {SECRET}\n"
    );
    let import = import(&text);
    assert_eq!(import.accounts.len(), 1);
    let entries: Vec<_> = import.problems.iter().map(|problem| problem.entry.as_str()).collect();
    assert_eq!(entries, ["X: a", "c"]);
}

fn zip(members: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in members {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Only the first text file of an archive was read.
#[test]
fn every_text_file_of_an_archive_is_read() {
    let line = |name: &str| format!("otpauth://totp/X:{name}?secret={SECRET}&issuer=X\n");
    let file = zip(&[("a.txt", &line("a")), ("picture.png", ""), ("b.TXT", &line("b"))]);
    let import = read(&file, &Request::default()).unwrap();
    let names: Vec<_> = import.accounts.iter().map(|imported| imported.account.name.as_str()).collect();
    assert_eq!((import.format, names), (Format::WinAuth, vec!["a", "b"]));
}

/// Any file that is no text was taken for an encrypted andOTP backup, and lists of recovery codes for TOTP
/// Authenticator's: people were asked for passwords that do not exist.
#[test]
fn files_with_a_mark_of_their_own_and_lists_of_codes_are_no_encrypted_exports() {
    let marked: [&[u8]; 4] = [b"PK\x03\x04", b"SQLite format 3\0", b"bplist00", b"PK\x05\x06"];
    for mark in marked {
        let bytes = [mark, &[0xa5; 200]].concat();
        assert_eq!(recognise(&bytes, Some("x.bin")), [], "{mark:?}");
        assert_eq!(read(&bytes, &Request::default()).unwrap_err(), ImportError::NotRecognised);
    }
    assert_eq!(recognise(&zip(&[("word/document.xml", "<x/>")]), None), []);
    let hex = |length: usize| "0123456789abcdef".repeat(4)[..length].to_owned() + "\n";
    for (lines, length) in [(8, 16), (16, 8), (10, 32), (1, 64)] {
        assert_eq!(recognise(hex(length).repeat(lines).as_bytes(), None), [], "{lines} of {length}");
    }
    let mixed = "aB3/".repeat(80);
    let wrapped: String =
        mixed.as_bytes().chunks(76).flat_map(|line| [line, b"\n"].concat()).map(char::from).collect();
    for text in [mixed, wrapped] {
        assert_eq!(recognise(text.as_bytes(), None), [Format::TotpAuthenticator]);
    }
}

#[test]
fn a_named_format_that_has_nothing_in_the_file_is_said_to_be_another() {
    for format in
        [Format::Authy, Format::Cotp, Format::AuthenticatorExtension, Format::ProtonPass, Format::Steam]
    {
        let read = read(br#"{"something":"else"}"#, &Request { format: Some(format), ..Request::default() });
        assert!(matches!(read, Err(ImportError::NotThisFormat { .. })), "{format}: {read:?}");
    }
}

/// A damaged file was said to have another password.
#[test]
fn damage_and_a_wrong_password_are_told_apart_where_the_file_tells_them_apart() {
    let account = account("X", Kind::totp());
    let password = SecretText::new("password".into());
    let flipped = |target, field: &str| {
        let bytes = write(target, &[exported(&account)], Some(&password), Work::Least).unwrap();
        let mut bytes = bytes.expose().to_vec();
        let start = bytes.windows(field.len()).position(|window| window == field.as_bytes()).unwrap();
        let place = start + field.len() + 8;
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        bytes
    };
    let damaged = flipped(Target::TwoFasEncrypted, "\"servicesEncrypted\": \"");
    assert!(matches!(with_password(&damaged, "password"), Err(ImportError::Broken { .. })));
    let wrong = with_password(&damaged, "other");
    assert!(matches!(wrong, Err(ImportError::WrongPassword { certain: true, .. })), "{wrong:?}");
    let text = String::from_utf8(damaged).unwrap().replace("\"reference\"", "\"other\"");
    let either = with_password(text.as_bytes(), "password");
    assert!(matches!(either, Err(ImportError::WrongPassword { certain: false, .. })), "{either:?}");
    let damaged = flipped(Target::EnteEncrypted, "\"encryptedData\": \"");
    let either = with_password(&damaged, "password");
    assert!(matches!(either, Err(ImportError::WrongPassword { certain: false, .. })), "{either:?}");
    assert!(either.unwrap_err().to_string().contains("damaged"));
}

/// The vault keeps an account as a URI: what does not come back from it would be lost after the next start.
#[test]
fn an_account_that_could_not_be_kept_as_it_stands_is_a_problem() {
    let motp = |bytes: &[u8]| {
        let secret = BASE32_NOPAD.encode(bytes);
        import(&format!(
            r#"[{{"secret":"{secret}","issuer":"X","label":"me","digits":6,"type":"MOTP","algorithm":"SHA1","thumbnail":"Default","tags":[]}}]"#
        ))
    };
    assert_eq!(motp(b"text").accounts.len(), 1);
    assert_eq!(motp(&[0xff, 0xfe]).problems.len(), 1);
    let plus = "+".repeat(30_000);
    let list = import(&format!(
        "otpauth://totp/X:me?secret={SECRET}&image={plus}\notpauth://totp/X:me?secret={SECRET}"
    ));
    // A plus is a space there, and a space is three bytes once written: 90,000 in all.
    assert_eq!((list.accounts.len(), list.problems.len()), (1, 1));
}

#[test]
fn a_column_that_sqlite_would_compute_is_not_asked_for() {
    let mut connection = rusqlite::Connection::open_in_memory().unwrap();
    connection
        .execute_batch(&format!(
            "CREATE TABLE accounts (_id INTEGER PRIMARY KEY, email TEXT, secret TEXT, counter INTEGER, type INTEGER);
             INSERT INTO accounts (email, secret, counter, type) VALUES ('X:me', '{SECRET}', 0, 0);
             ALTER TABLE accounts ADD COLUMN bomb INTEGER AS (abs(-9223372036854775808)) VIRTUAL;"
        ))
        .unwrap();
    let bytes = connection.serialize("main").unwrap().to_vec();
    let import = read(&bytes, &Request::default()).unwrap();
    assert_eq!((import.format, import.accounts.len()), (Format::GoogleDatabase, 1));
}

#[test]
fn codes_in_the_sections_of_proton_pass_are_read() {
    let field = format!(r#"{{"fieldName":"code","type":"totp","data":{{"totpUri":"{SECRET}"}}}}"#);
    let import = import(&format!(
        r#"{{"vaults":{{"v":{{"name":"V","items":[{{"data":{{"metadata":{{"name":"X"}},"content":{{"sections":[{{"sectionName":"s","sectionFields":[{field}]}}]}}}}}}]}}}}}}"#
    ));
    assert_eq!((import.accounts.len(), import.accounts[0].account.issuer.as_str()), (1, "X"));
}

fn no_work(bytes: &[u8]) -> Result<Import, ImportError> {
    let password = SecretText::new("password".into());
    let watch = |_| -> ControlFlow<()> { panic!("work began") };
    read(bytes, &Request { password: Some(&password), watch: &watch, ..Request::default() })
}

/// Each key was within the limit, and nobody added them up.
#[test]
fn the_keys_of_one_file_are_limited_together() {
    let slot =
        r#"{"type":1,"n":1048576,"r":8,"p":8,"salt":"00","key":"00","key_params":{"nonce":"00","tag":"00"}}"#;
    let slots = vec![slot; 50].join(",");
    let aegis = format!(
        r#"{{"version":1,"header":{{"slots":[{slots}],"params":{{"nonce":"00","tag":"00"}}}},"db":"AAAA"}}"#
    );
    let token = r#"{"name":"me","encryptedSecret":"AAAAAAAAAAAAAAAAAAAAAA==","salt":"s","key_derivation_iterations":1000000}"#;
    let authy = format!("[{}]", vec![token; 101].join(","));
    for file in [aegis, authy] {
        let refused = no_work(file.as_bytes());
        assert!(matches!(refused, Err(ImportError::TooDemanding { .. })), "{refused:?}");
    }
}

#[test]
fn a_file_of_nothing_but_values_or_lines_is_refused() {
    let values = format!("[{}0]", "0,".repeat(17 << 20));
    let lines = format!("otpauth://totp/X:me?secret={SECRET}\n{}", "x\n".repeat(100_000));
    for file in [values, lines] {
        let refused = read(file.as_bytes(), &Request::default());
        assert!(matches!(refused, Err(ImportError::TooDemanding { .. })), "{:?}", refused.map(|_| ()));
    }
}

/// Cut off within a row, a table of comma-separated values lost that row.
#[test]
fn a_row_that_ends_too_early_is_told() {
    let heads = [
        "folder,favorite,type,name,notes,fields,login_uri,login_username,login_password,login_totp",
        "\"Group\",\"Title\",\"Username\",\"Password\",\"URL\",\"Notes\",\"TOTP\"",
    ];
    for head in heads {
        let import = import(&format!("{head}\nRoot,Bank,login,Bank,\"a note that is cut o"));
        assert_eq!((import.accounts.len(), import.problems.len()), (0, 1), "{head}");
    }
}

#[test]
fn the_name_that_a_person_gave_in_2fas_is_kept_beside_the_issuer() {
    let service = |name: &str| {
        let import = import(&format!(
            r#"{{"schemaVersion":4,"services":[{{"name":"{name}","secret":"{SECRET}","otp":{{"issuer":"GitHub","account":"me"}}}}]}}"#
        ));
        import.accounts[0].note.as_ref().map(|note| note.expose().to_owned())
    };
    assert_eq!(service("The work one").as_deref(), Some("The work one"));
    assert_eq!(service("github"), None);
}

/// Each part of an export may claim to be one of a thousand, for which room was made.
#[test]
fn parts_of_exports_have_an_end() {
    let account = account("X", Kind::totp());
    let whole = keyhaven_otp::migration::write([&account], 1).uris.remove(0);
    let file = format!("{}\n", whole.expose()).repeat(2_001);
    let import = import(&file);
    assert_eq!((import.accounts.len(), import.problems.len()), (1, 1));
}

fn account(issuer: &str, kind: Kind) -> Account {
    Account::new(issuer, "me", SecretBytes::new(b"1234567890123456".to_vec()), kind)
}

fn exported(account: &Account) -> Exported<'_> {
    Exported { account, note: None, tags: &[], pinned: false }
}

#[test]
fn what_a_program_would_refuse_or_change_is_told_before_it_is_written() {
    let told = |target, account: &Account, tags: &[String]| {
        let lost = losses(target, &[Exported { tags, ..exported(account) }]);
        lost.into_iter().map(|loss| loss.what).collect::<Vec<_>>()
    };
    let pin = || SecretText::new("1234".into());
    let motp = |secret: &str, digits, period| {
        let kind = Kind::Motp { pin: pin(), digits, period };
        Account::new("X", "me", SecretBytes::new(secret.as_bytes().to_vec()), kind)
    };
    assert_eq!(told(Target::Aegis, &motp("00ff", 6, 10), &[]), []);
    assert_eq!(told(Target::Aegis, &motp("00FF", 6, 10), &[]), [Lost::AccountForSecret]);
    assert_eq!(told(Target::Aegis, &motp("no hex", 6, 10), &[]), [Lost::AccountForSecret]);
    assert_eq!(told(Target::Aegis, &motp("00ff", 8, 10), &[]), [Lost::AccountForDigits]);
    assert_eq!(told(Target::Aegis, &motp("00ff", 6, 30), &[]), [Lost::AccountForPeriod]);
    let yandex = Account::new("X", "me", SecretBytes::new(vec![7; 20]), Kind::Yandex { pin: pin() });
    assert_eq!(told(Target::Aegis, &yandex, &[]), [Lost::AccountForSecret]);
    let counted = |counter| account("X", Kind::Hotp { algorithm: Algorithm::Sha1, digits: 6, counter });
    assert_eq!(told(Target::TwoFas, &counted(1 << 31), &[]), [Lost::AccountForCounter]);
    assert_eq!(told(Target::Aegis, &counted(1 << 31), &[]), []);
    assert_eq!(told(Target::Ente, &counted(1 << 63), &[]), [Lost::AccountForCounter]);
    let five = account("X", Kind::Totp { algorithm: Algorithm::Sha1, digits: 5, period: 30 });
    assert_eq!(told(Target::KeePassXcCsv, &five, &[]), [Lost::AccountForDigits]);
    let steam = account("Valve", Kind::Steam);
    assert_eq!(told(Target::Proton, &steam, &[]), [Lost::Issuer]);
    assert_eq!(told(Target::KeePassXcCsv, &steam, &["a/b".to_owned()]), [Lost::Tags]);
}
