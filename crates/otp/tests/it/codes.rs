use crate::support::{account, peer_file};
use keyhaven_otp::{Account, Algorithm, CodeError, Kind, decode_base32, explain, verify};
use keyhaven_secret::{SecretBytes, SecretText};

const RFC_KEY: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

fn totp(digits: u8, period: u32) -> Account {
    let secret = decode_base32(RFC_KEY).unwrap().bytes;
    Account::new("", "", secret, Kind::Totp { algorithm: Algorithm::Sha1, digits, period })
}

#[test]
fn a_uri_gives_the_code_of_rfc_6238() {
    let account = account(&format!("otpauth://totp/x?secret={RFC_KEY}&digits=8"));
    let code = account.code_at(59).unwrap();
    assert_eq!((code.text.as_str(), code.counter), ("94287082", 1));
    assert_eq!((code.valid_from, code.valid_until), (Some(30), Some(60)));
    assert_eq!(account.code_at(20_000_000_000).unwrap().text, "65353130");
}

#[test]
fn hotp_goes_by_its_counter_and_by_no_clock() {
    for (counter, code) in ["755224", "287082", "359152"].iter().enumerate() {
        let account = account(&format!("otpauth://hotp/x?secret={RFC_KEY}&counter={counter}"));
        let now = account.code_at(1_000_000).unwrap();
        assert_eq!(&now.text, code);
        assert_eq!((now.valid_from, now.valid_until), (None, None));
    }
}

/// Ten digits hold all 31 bits, and a leading zero or one, two is all that the first can be.
#[test]
fn five_nine_and_ten_digits_are_the_same_value_cut_shorter() {
    // RFC 4226 Appendix D, count 1: 1094287082.
    for (digits, code) in [(5, "87082"), (6, "287082"), (9, "094287082"), (10, "1094287082")] {
        assert_eq!(totp(digits, 30).code_at(59).unwrap().text, code);
    }
    // Count 7: 82162583, so that ten digits begin with zeros.
    assert_eq!(totp(10, 1).code_at(7).unwrap().text, "0082162583");
}

#[test]
fn the_extremes_of_time_neither_panic_nor_lie() {
    let last = totp(6, 1).code_at(u64::MAX).unwrap();
    assert_eq!((last.counter, last.valid_until), (u64::MAX, Some(u64::MAX)));
    assert_eq!(totp(6, 86_400).code_at(86_399).unwrap().counter, 0);
    let around: Vec<_> = totp(6, 30).codes_around(31, 2).unwrap().iter().map(|n| n.offset).collect();
    assert_eq!(around, [-1, 0, 1, 2], "there is nothing before step 0");
    let around: Vec<_> = totp(6, 1).codes_around(u64::MAX, 2).unwrap().iter().map(|n| n.offset).collect();
    assert_eq!(around, [-2, -1, 0], "there is nothing after the last step");
}

#[test]
fn parameters_without_a_code_are_named() {
    assert_eq!(totp(4, 30).code_at(0), Err(CodeError::Digits { digits: 4 }));
    assert_eq!(totp(11, 30).code_at(0), Err(CodeError::Digits { digits: 11 }));
    assert_eq!(totp(6, 0).code_at(0), Err(CodeError::Period { period: 0 }));
    assert_eq!(totp(6, 86_401).code_at(0), Err(CodeError::Period { period: 86_401 }));
    let empty = Account::new("", "", SecretBytes::new(Vec::new()), Kind::totp());
    assert_eq!(empty.code_at(0), Err(CodeError::EmptySecret));
    let no_pin = account("otpauth://yaotp/x?secret=LA2V6KMCGYMWWVEW64RNP3JA3I");
    assert_eq!(no_pin.code_at(0), Err(CodeError::PinMissing { kind: "yandex" }));
    assert_eq!(totp(6, 30).codes_around(0, 1_001), Err(CodeError::Steps { steps: 1_001 }));
}

#[test]
fn verify_finds_the_step_and_no_further() {
    let account = totp(6, 30);
    let code = |step: u64| account.code_at(step * 30).unwrap().text;
    for (step, offset) in [(99, Some(-1)), (100, Some(0)), (101, Some(1)), (98, None), (102, None)] {
        assert_eq!(verify(&account, &code(step), 3_015, 1), Ok(offset), "step {step}");
    }
    assert_eq!(verify(&account, &code(101), 3_015, 0), Ok(None));
    let spaced = format!(" {}\u{a0}{} ", &code(100)[..3], &code(100)[3..]);
    assert_eq!(verify(&account, &spaced, 3_015, 0), Ok(Some(0)));
    for wrong in ["", "12345", &format!("{}0", code(100)), &code(100)[1..]] {
        assert_eq!(verify(&account, wrong, 3_015, 0), Ok(None), "{wrong:?}");
    }
}

#[test]
fn verify_takes_the_nearest_of_two_equal_codes() {
    // Five digits repeat soon: find a step whose code also occurs within reach but farther away.
    let account = totp(5, 1);
    let codes: Vec<_> = account.codes_around(2_000, 1_000).unwrap();
    let (near, far) = codes
        .iter()
        .enumerate()
        .find_map(|(index, a)| codes[index + 1..].iter().find(|b| b.code.text == a.code.text).map(|b| (a, b)))
        .expect("2001 codes of five digits hold a pair");
    let now = near.code.counter + 1;
    assert!(far.code.counter - now > 1);
    assert_eq!(verify(&account, &near.code.text, now, 1_000), Ok(Some(-1)));
}

#[test]
fn verify_of_a_counter_looks_ahead_only() {
    let account = account(&format!("otpauth://hotp/x?secret={RFC_KEY}&counter=5"));
    assert_eq!(verify(&account, "254676", 0, 2), Ok(Some(0)));
    assert_eq!(verify(&account, "162583", 0, 2), Ok(Some(2)));
    assert_eq!(verify(&account, "338314", 0, 2), Ok(None), "counter 4 has passed");
}

/// Published: KeePassXC, tests/TestTotp.cpp (codes made with the real Steam app).
#[test]
fn steam_guard() {
    let account = account("otpauth://steam/Steam:me?secret=63BEDWCQZKTQWPESARIERL5DTTQFCJTK");
    assert_eq!(account.code_at(1_511_200_518).unwrap().text, "FR8RV");
    assert_eq!(account.code_at(1_511_200_714).unwrap().text, "9P3VP");
    assert_eq!(verify(&account, "fr8rv", 1_511_200_518, 0), Ok(Some(0)), "Steam's alphabet has one case");
}

/// Published: Aegis, MOTPTest.java.
#[test]
fn mobile_otp() {
    let motp = |secret: &str, pin: &str| {
        Account::new(
            "",
            "",
            SecretBytes::new(secret.into()),
            Kind::Motp { pin: SecretText::new(pin.into()), digits: 6, period: 10 },
        )
    };
    let (a, b) = (motp("e3152afee62599c8", "1234"), motp("bbb1912bb5c515be", "9999"));
    for (account, time, code) in [
        (&a, 165_892_298, "e7d8b6"),
        (&a, 123_456_789, "4ebfb2"),
        (&b, 1_659_540_020, "ced7b1"),
        (&b, 1_659_540_022, "ced7b1"),
        (&b, 1_659_539_878, "1a14f8"),
    ] {
        assert_eq!(account.code_at(time).unwrap().text, code);
    }
    assert_eq!(verify(&a, "E7D8B6", 165_892_298, 0), Ok(Some(0)));
}

/// Published: norblik/KeeYaOtp, YaotpTest.cs, and Aegis, YAOTPTest.java.
#[test]
fn yandex() {
    for (pin, secret, time, code) in [
        ("5239", "6SB2IKNM6OBZPAVBVTOHDKS4FAAAAAAADFUTQMBTRY", 1_641_559_648, "umozdicq"),
        ("7586", "LA2V6KMCGYMWWVEW64RNP3JA3IAAAAAAHTSG4HRZPI", 1_581_064_020, "oactmacq"),
        ("7586", "LA2V6KMCGYMWWVEW64RNP3JA3I", 1_581_090_810, "wemdwrix"),
        ("5210481216086702", "JBGSAU4G7IEZG6OY4UAXX62JU4AAAAAAHTSG4HXU3M", 1_581_091_469, "dfrpywob"),
        ("5210481216086702", "JBGSAU4G7IEZG6OY4UAXX62JU4AAAAAAHTSG4HXU3M", 1_581_093_059, "vunyprpd"),
    ] {
        let account = account(&format!("otpauth://yaotp/me?secret={secret}&pin={pin}"));
        assert_eq!(account.code_at(time).unwrap().text, code);
    }
}

/// Every vector that peers publish, where it stands.
#[test]
fn peers_vectors() {
    let Some(text) = peer_file("uri_vectors/code_vectors.json") else { return };
    let vectors: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut checked = 0;
    let text = |vector: &serde_json::Value, key: &str| vector[key].as_str().unwrap_or_default().to_owned();
    for (list, uri) in [
        ("steam", "otpauth://steam/x?secret={secret}"),
        ("motp", "motp://x?secret={secret_hex}&pin={pin}"),
        ("yandex", "otpauth://yaotp/x?secret={secret}&pin={pin}"),
    ] {
        for vector in vectors[list].as_array().unwrap() {
            let uri = ["secret", "secret_hex", "pin"]
                .iter()
                .fold(uri.to_owned(), |uri, key| uri.replace(&format!("{{{key}}}"), &text(vector, key)));
            let code = account(&uri).code_at(vector["time"].as_u64().unwrap()).unwrap();
            assert_eq!(code.text, text(vector, "code"), "{vector}");
            checked += 1;
        }
    }
    assert!(checked >= 14);
}

#[test]
fn explain_shows_every_step_of_rfc_6238s_first_vector() {
    let account = account(&format!("otpauth://totp/x?secret={RFC_KEY}&digits=8"));
    let shown = explain(&account, 59).unwrap();
    assert_eq!(shown.counter, 1);
    assert_eq!(shown.message, "0000000000000001");
    assert_eq!(shown.hmac, "75a48a19d4cbe100644e8ac1397eea747a2d33ab"); // RFC 4226 Appendix D, count 1
    assert_eq!((shown.offset, shown.selected.as_deref()), (Some(11), Some("c1397eea")));
    assert_eq!((shown.truncated, shown.modulus), (Some(1_094_287_082), Some(100_000_000)));
    assert_eq!((shown.code.as_str(), shown.seconds_left), ("94287082", Some(1)));
    let offsets: Vec<_> = shown.neighbours.iter().map(|neighbour| neighbour.offset).collect();
    assert_eq!(offsets, [-1, 0, 1, 2]);
    assert_eq!(explain(&account, 60).unwrap().seconds_left, Some(30));
    let json = serde_json::to_value(&shown).unwrap();
    assert_eq!(json["neighbours"][1]["text"], "94287082");
}

#[test]
fn explain_of_motp_shows_neither_secret_nor_pin() {
    let shown = explain(&account("motp://x?secret=e3152afee62599c8&pin=1234"), 165_892_298).unwrap();
    assert_eq!(shown.message, "3136353839323239"); // "16589229"
    assert_eq!(shown.hmac.len(), 32);
    assert!(shown.hmac.starts_with("e7d8b6"));
    assert_eq!((shown.offset, shown.truncated), (None, None));
}

#[test]
fn explain_of_yandex_selects_eight_bytes() {
    let uri = "otpauth://yaotp/me?secret=6SB2IKNM6OBZPAVBVTOHDKS4FA&pin=5239";
    let shown = explain(&account(uri), 1_641_559_648).unwrap();
    assert_eq!(shown.code, "umozdicq");
    let selected = u64::from_str_radix(shown.selected.as_deref().unwrap(), 16).unwrap();
    assert_eq!(shown.truncated, Some(selected & (u64::MAX >> 1)));
}

/// No published vector meets a key that begins with a zero byte, which Yandex drops (Aegis' YAOTP.java and KeeYaOtp
/// agree on that). This PIN makes one; the code is Python's (`hashlib`, `hmac`).
#[test]
fn a_leading_zero_byte_of_yandex_key_is_dropped() {
    let account = account("otpauth://yaotp/me?secret=LA2V6KMCGYMWWVEW64RNP3JA3I&pin=1180");
    assert_eq!(account.code_at(1_581_064_020).unwrap().text, "lhqybmhh");
}
