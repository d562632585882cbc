use crate::support::{account, parsed, peer_file};
use keyhaven_otp::{Algorithm, Base32Error, Kind, Oddity, UriError, decode_base32, parse_uri};

const KEY: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

fn error(parameters: &str) -> UriError {
    parse_uri(&format!("otpauth://totp/x?secret={KEY}{parameters}")).unwrap_err()
}

#[test]
fn what_a_method_fixes_is_dropped_as_often_as_it_is_said() {
    let uri = "otpauth://yaotp/me?secret=LA2V6KMCGYMWWVEW64RNP3JA3I&pin=1180&digits=8&digits=x&digits=8";
    let parsed = parse_uri(uri).unwrap();
    assert_eq!(parsed.account.unknown, [("digits".to_owned(), "x".to_owned())]);
    assert_eq!(parse_uri(parsed.account.to_uri().expose()).unwrap().account, parsed.account);
}

#[test]
fn a_plain_uri() {
    let parsed = parsed(&format!("otpauth://totp/Example:me%40example.org?secret={KEY}&issuer=Example"));
    assert_eq!((parsed.account.issuer.as_str(), parsed.account.name.as_str()), ("Example", "me@example.org"));
    assert_eq!(parsed.account.kind, Kind::Totp { algorithm: Algorithm::Sha1, digits: 6, period: 30 });
    assert_eq!(parsed.account.secret.len(), 20);
    assert_eq!(parsed.oddities, []);
}

#[test]
fn where_label_and_issuer_disagree_the_parameter_wins_and_the_other_is_kept_and_told() {
    let parsed = parsed(&format!("otpauth://totp/Old:me?secret={KEY}&issuer=New"));
    assert_eq!(parsed.account.issuer, "New");
    assert_eq!(parsed.account.label_issuer.as_deref(), Some("Old"));
    assert_eq!(parsed.oddities, [Oddity::DisagreeingIssuer { label: "Old".into(), parameter: "New".into() }]);
    assert_eq!(account(parsed.account.to_uri().expose()), parsed.account);
}

#[test]
fn plus_is_a_space_in_the_query_and_a_plus_in_the_label() {
    let account =
        account(&format!("otpauth://totp/Air%20Canada:me+codes@example.org?secret={KEY}&issuer=Air+Canada"));
    assert_eq!((account.issuer.as_str(), account.name.as_str()), ("Air Canada", "me+codes@example.org"));
    assert_eq!(account.label_issuer, None);
}

#[test]
fn a_hash_in_the_label_belongs_to_it() {
    let parsed =
        parsed(&format!("otpauth://totp/Microsoft:me_example.org#EXT#@corp?secret={KEY}&issuer=Microsoft"));
    assert_eq!(parsed.account.name, "me_example.org#EXT#@corp");
    assert_eq!(parsed.oddities, [Oddity::Unencoded { character: '#' }]);
}

#[test]
fn labels_as_they_come() {
    for (label, issuer, name) in [
        ("", "", ""),
        ("me", "", "me"),
        ("Corp:me", "Corp", "me"),
        ("Corp%3Ame", "Corp", "me"),
        ("Corp%3a%20me", "Corp", "me"),
        ("Corp:%20%20me", "Corp", "me"),
        ("Corp: me", "Corp", "me"),
        (":me", "", "me"),
        ("Corp:", "Corp", ""),
        ("Corp:a:b", "Corp", "a:b"),
        ("B%C3%BCro:%E6%97%A5%E6%9C%AC", "Büro", "日本"),
        ("Büro:日本", "Büro", "日本"),
        ("a/b", "", "a/b"),
        ("100%", "", "100%"),
    ] {
        let account = account(&format!("otpauth://totp/{label}?secret={KEY}"));
        assert_eq!((account.issuer.as_str(), account.name.as_str()), (issuer, name), "{label}");
    }
}

#[test]
fn bytes_that_are_not_utf8_are_told_and_lose_nothing() {
    let parsed = parsed(&format!("otpauth://totp/%FF%FE?secret={KEY}"));
    assert_eq!(parsed.account.name, "ÿþ");
    assert!(parsed.oddities.iter().any(|oddity| matches!(oddity, Oddity::NotUtf8 { .. })));
}

#[test]
fn base32_in_every_spelling_is_the_same_secret() {
    let want = decode_base32("JBSWY3DPEHPK3PXP").unwrap().bytes;
    for text in [
        "jbswy3dpehpk3pxp",
        "JBSW Y3DP EHPK 3PXP",
        "jbsw-y3dp-ehpk-3pxp",
        "JBSWY3DPEHPK3PXP====",
        "JBSW\u{200b}Y3DP\nEHPK3PXP",
    ] {
        assert_eq!(decode_base32(text).unwrap().bytes, want, "{text}");
    }
    let written = account("otpauth://totp/x?secret=jbsw%20y3dp+ehpk-3pxp%3D%3D").secret_base32();
    assert_eq!(written.expose(), "JBSWY3DPEHPK3PXP");
}

#[test]
fn base32_that_is_no_whole_byte_count_is_accepted_and_told() {
    // 3 characters are 15 bits: one byte, 7 left over.
    let decoded = decode_base32("MZX").unwrap();
    assert_eq!((decoded.bytes.expose(), decoded.leftover_bits), (&b"f"[..], 7));
    // "MY" is RFC 4648's "f"; "MZ" is the same byte with bits that ought to be zero.
    assert_eq!(decode_base32("MY").unwrap().leftover_bits, 0);
    let bent = decode_base32("MZ").unwrap();
    assert_eq!((bent.bytes.expose(), bent.leftover_bits), (&b"f"[..], 2));
    let parsed = parsed("otpauth://totp/x?secret=irnshxhxbxbxbbxbb");
    assert!(parsed.oddities.contains(&Oddity::LeftoverBits { bits: 5 }), "{:?}", parsed.oddities);
}

#[test]
fn a_character_outside_the_alphabet_is_shown_with_its_place() {
    assert_eq!(decode_base32("JBSW 0PK"), Err(Base32Error { position: 6, character: '0' }));
    assert_eq!(decode_base32("JB=SW"), Err(Base32Error { position: 3, character: '=' }));
    assert_eq!(decode_base32("é"), Err(Base32Error { position: 1, character: 'é' }));
    assert_eq!(
        parse_uri("otpauth://totp/x?secret=01189").unwrap_err().to_string(),
        "the parameter secret cannot be read: character 1 of the base32 text is '0'; it takes A–Z and 2–7 \
         (perhaps the letter O is meant)"
    );
}

#[test]
fn algorithm_spellings() {
    for (text, algorithm) in [
        ("SHA1", Algorithm::Sha1),
        ("sha256", Algorithm::Sha256),
        ("SHA-512", Algorithm::Sha512),
        ("HmacSHA1", Algorithm::Sha1),
        ("hmac-sha-256", Algorithm::Sha256),
        ("HMAC_SHA512", Algorithm::Sha512),
        ("null", Algorithm::Sha1),
        ("", Algorithm::Sha1),
    ] {
        for name in ["algorithm", "ALGORITHM", "algo"] {
            let account = account(&format!("otpauth://totp/x?secret={KEY}&{name}={text}"));
            assert_eq!(account.kind.algorithm(), Some(algorithm), "{name}={text}");
        }
    }
}

#[test]
fn numbers_out_of_range_name_the_parameter_and_the_range() {
    for (parameters, message) in [
        ("&digits=0", "the parameter digits is 0; it takes 5 to 10"),
        ("&digits=4", "the parameter digits is 4; it takes 5 to 10"),
        ("&digits=11", "the parameter digits is 11; it takes 5 to 10"),
        ("&digits=262", "the parameter digits is 262; it takes 5 to 10"),
        ("&digits=six", "the parameter digits is not a number; it takes 5 to 10"),
        ("&period=0", "the parameter period is 0; it takes 1 to 86400"),
        ("&period=-1", "the parameter period is -1; it takes 1 to 86400"),
        ("&period=86401", "the parameter period is 86401; it takes 1 to 86400"),
        ("&period=4294967296000", "the parameter period is 4294967296000; it takes 1 to 86400"),
        ("&period=30.0", "the parameter period is not a number; it takes 1 to 86400"),
        ("&algorithm=SHA3", "the parameter algorithm \"SHA3\" is not known; it takes SHA1, SHA256 or SHA512"),
        ("&digits=6&digits=8", "the parameter digits stands twice with different values"),
    ] {
        assert_eq!(error(parameters).to_string(), message);
    }
    let hotp = parse_uri(&format!("otpauth://hotp/x?secret={KEY}&counter=18446744073709551616")).unwrap_err();
    assert_eq!(
        hotp.to_string(),
        "the parameter counter is 18446744073709551616; it takes 0 to 18446744073709551615"
    );
    let most = account(&format!("otpauth://hotp/x?secret={KEY}&counter=18446744073709551615"));
    assert!(matches!(most.kind, Kind::Hotp { counter: u64::MAX, .. }));
    assert!(most.code_at(0).is_ok());
}

#[test]
fn the_edges_of_the_ranges_are_in() {
    for parameters in ["digits=5&period=1", "digits=10&period=86400"] {
        assert!(account(&format!("otpauth://totp/x?secret={KEY}&{parameters}")).code_at(0).is_ok());
    }
}

#[test]
fn what_is_no_account_says_why() {
    for (text, error) in [
        ("", UriError::Empty),
        (" \n", UriError::Empty),
        ("https://example.org", UriError::Scheme),
        ("JBSWY3DPEHPK3PXP", UriError::Scheme),
        ("otpauth:totp/x?secret=JBSWY3DPEHPK3PXP", UriError::Scheme),
        ("otpauth-migration://offline?data=XXXX", UriError::Migration),
        ("otpauth://totp/x", UriError::Missing { parameter: "secret" }),
        ("otpauth://totp/x?secret=", UriError::EmptySecret),
        ("otpauth://totp/x?secret=%20", UriError::EmptySecret),
        ("otpauth://totp/x?secret=A", UriError::EmptySecret),
        ("motp://x?secret=", UriError::EmptySecret),
        ("steam://", UriError::EmptySecret),
        ("otpauth://nope/x?secret=JBSWY3DPEHPK3PXP", UriError::Type { shown: Some("nope".into()) }),
        ("otpauth://JBSWY3DPEHPK3PXP", UriError::Type { shown: None }),
        ("otpauth://totp/x?secret=AAAA&secret=BBBB", UriError::Repeated { parameter: "secret" }),
    ] {
        assert_eq!(parse_uri(text).unwrap_err(), error, "{text:?}");
    }
    let long = format!("otpauth://totp/{}?secret={KEY}", "x".repeat(70_000));
    assert!(matches!(parse_uri(&long), Err(UriError::TooLong { .. })));
}

/// A secret pasted in place of something else must not come back in an error or in Debug.
#[test]
fn errors_and_debug_show_no_secret() {
    const SECRET: &str = "NBUWIZDFNYYTEMZU";
    for uri in [
        "otpauth://totp/x?secret=NBUWIZDFNYYTEMZU1".to_string(),
        format!("otpauth://totp/x?secret={SECRET}&digits={SECRET}"),
        format!("otpauth://totp/x?secret={SECRET}&algorithm={SECRET}"),
        format!("otpauth://{SECRET}"),
        format!("otpauth://totp/x?secret={SECRET}&secret=AAAA"),
        format!("otpauth://hotp/x?secret={SECRET}&counter={SECRET}"),
    ] {
        let error = parse_uri(&uri).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(&SECRET[..8]), "{error:?}");
    }
    let parsed = parsed(&format!("otpauth://yaotp/x?secret={SECRET}&pin=73519&other={SECRET}"));
    let shown = format!("{parsed:?}");
    let bytes = format!("{:?}", parsed.account.secret.expose());
    assert!(!shown.contains(&SECRET[..8]) && !shown.contains("73519") && !shown.contains(&bytes), "{shown}");
}

#[test]
fn unknown_and_unused_parameters_are_kept_in_order() {
    let uri = format!(
        "otpauth://hotp/x?secret={KEY}&counter=3&period=30&codeDisplay=%7B%22a%22%3A1%7D&lock&image=http%3A%2F%2Fx%2F%3Fa%26b"
    );
    let parsed = parsed(&uri);
    let kept: Vec<_> = parsed.account.unknown.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(
        kept,
        [("period", "30"), ("codeDisplay", "{\"a\":1}"), ("lock", ""), ("image", "http://x/?a&b")]
    );
    assert_eq!(account(parsed.account.to_uri().expose()), parsed.account);
}

#[test]
fn the_ways_to_say_steam() {
    for uri in [
        "otpauth://steam/Steam:me?secret=STEAMKEY",
        "otpauth://STEAM/Steam:me?secret=STEAMKEY&issuer=Steam&algorithm=SHA1&digits=5&period=30",
        "otpauth://totp/Steam:me?secret=STEAMKEY&issuer=Steam&encoder=steam&digits=5",
    ] {
        let account = account(uri);
        assert_eq!((account.name.as_str(), &account.kind), ("me", &Kind::Steam), "{uri}");
        assert_eq!(account.unknown, [], "{uri}");
        assert_eq!(account.code_at(1_742_298_622).unwrap().text, "NTK5M"); // Proton Pass' vector
    }
    let bare = account("steam://STEAMKEY");
    assert_eq!(
        (bare.issuer.as_str(), bare.code_at(1_742_298_622).unwrap().text.as_str()),
        ("Steam", "NTK5M")
    );
    assert_eq!(account(bare.to_uri().expose()), bare);
    // What Steam does not have is kept, not obeyed.
    assert_eq!(
        account("otpauth://steam/x?secret=STEAMKEY&digits=7").unknown,
        [("digits".into(), "7".into())]
    );
}

#[test]
fn motp_and_yandex_uris() {
    let motp = parsed("motp://MOTP:Username?secret=7ac61d4736f51a2b&pin=1234");
    assert_eq!((motp.account.issuer.as_str(), motp.account.name.as_str()), ("MOTP", "Username"));
    assert_eq!(motp.account.secret.expose(), b"7ac61d4736f51a2b");
    assert_eq!(
        motp.account.to_uri().expose(),
        "motp://MOTP:Username?secret=7ac61d4736f51a2b&issuer=MOTP&pin=1234"
    );
    let plain =
        account("otpauth://yaotp/Yandex%3Ame?secret=LA2V6KMCGYMWWVEW64RNP3JA3I&pin=5239&pin_length=4");
    let base32 =
        parsed("otpauth://yaotp/Yandex%3Ame?secret=LA2V6KMCGYMWWVEW64RNP3JA3I&pin=GUZDGOI&pin_length=4");
    assert_eq!(base32.account, plain, "Aegis and Ente write the PIN as base32");
    assert!(base32.oddities.contains(&Oddity::PinInBase32));
    assert_eq!(plain.unknown, [("pin_length".into(), "4".into())]);
}

/// norblik/KeeYaOtp and Aegis, YandexUtilsTest.java: one letter changed breaks the checksum.
#[test]
fn a_typing_slip_in_a_yandex_secret_is_told() {
    for (secret, oddity) in [
        ("LA2V6KMCGYMWWVEW64RNP3JA3IAAAAAAHTSG4HRZPI", None),
        ("WBVVBMPOBM4EW4RRW4JBJWIJXYAAAAAADFUTQMCVBE", None),
        ("LA2V6KMCGYMWWVEW64RNP3JA3I", None),
        ("AA2V6KMCGYMWWVEW64RNP3JA3IAAAAAAHTSG4HRZPI", Some(Oddity::YandexSecretChecksum)),
        ("AA2V6KMCGJA3IAAAAAAHTSG4HRZPI", Some(Oddity::YandexSecretLength)),
    ] {
        let oddities =
            parsed(&format!("otpauth://yaotp/Yandex:me?secret={secret}&issuer=Yandex&pin=1234")).oddities;
        assert_eq!(oddities.into_iter().find(|o| o.clause() == "Yandex ID, secret"), oddity, "{secret}");
    }
}

/// Every line of peers' exports is read, and written so that it is read the same.
#[test]
fn peers_lists() {
    let mut read = 0;
    for file in [
        "otpauth_uri_list/2fauth_plain_text.txt",
        "otpauth_uri_list/aegis_plain.txt",
        "otpauth_uri_list/gnome_plain.txt",
        "otpauth_uri_list/cotp_input_otp_uri.json",
        "google_migration_uri/scito_example_export.expected_urls.txt",
    ] {
        let Some(text) = peer_file(file) else { return };
        for start in text.match_indices("otpauth://").map(|(index, _)| index) {
            let uri = text[start..].split(['\n', '"']).next().unwrap();
            let first = account(uri);
            assert_eq!(account(first.to_uri().expose()), first, "{uri}");
            read += 1;
        }
    }
    assert_eq!(read, 24);
}

/// Found by fuzzing: the parameters stood twice in the URI that was written, which then could not be read.
#[test]
fn a_steam_address_with_parameters_is_written_so_that_it_reads_the_same() {
    let path = "steam://GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    let again = parse_uri(&format!("{path}?secret=JBSWY3DPEHPK3PXP"));
    assert!(matches!(again, Err(UriError::Repeated { parameter: "secret" })), "{again:?}");
    for query in ["", "?issuer=Valve", "?issuer=", "?digits=5&period=30", "?x=y"] {
        let parsed = parse_uri(&format!("{path}{query}")).unwrap().account;
        let uri = parsed.to_uri();
        assert_eq!(parse_uri(uri.expose()).unwrap().account, parsed, "{query}: {}", uri.expose());
    }
    assert_eq!(parse_uri(&format!("{path}?issuer=Valve")).unwrap().account.issuer, "Valve");
}
