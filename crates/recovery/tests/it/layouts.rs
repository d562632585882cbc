//! One file of each kind, with invented codes: what it is read as.

use crate::support::{assert_no_line_lost, codes, problems, read};
use keyhaven_recovery::{Aside, DocumentKind, Format, Kind, ParseError, Place, SIZE_LIMIT, parse};

/// `count` codes of groups such as "hhhhh-hhhhh": h hexadecimal, d digit, a lower, A upper, x lower or digit,
/// X upper or digit, anything else itself. Always the same, and each code different.
fn invent(group: &str, count: usize) -> Vec<String> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut pick = |set: &str| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(set.as_bytes()[(state >> 33) as usize % set.len()])
    };
    let mut code = || {
        let of = |c| match c {
            'h' => pick("0123456789abcdef"),
            'd' => pick("0123456789"),
            'a' => pick("abcdefghijklmnopqrstuvwxyz"),
            'A' => pick("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
            'x' => pick("abcdefghijklmnopqrstuvwxyz0123456789"),
            'X' => pick("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"),
            'B' => pick("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
            'm' => pick("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"),
            other => other,
        };
        group.chars().map(of).collect::<String>()
    };
    (0..count).map(|_| code()).collect()
}

#[test]
fn github_alone_is_known_by_its_shape() {
    let written = invent("hhhhh-hhhhh", 16);
    let set = read(&(written.join("\n") + "\n"));
    assert_eq!((set.provider, set.kind, codes(&set)), (Some("GitHub"), Kind::Codes, written));
    assert!(set.problems.is_empty() && set.documents.is_empty());
}

#[test]
fn google_has_two_columns_and_hides_used_codes() {
    let written = invent("dddd dddd", 9);
    let mut text = String::from(
        "SAVE YOUR BACKUP CODES\r\nKeep these backup codes somewhere safe but accessible.\r\n\r\n",
    );
    for row in 0..5 {
        let right = if row == 4 { "ALREADY USED" } else { &written[row * 2 + 1] };
        text += &format!("{}. {}\t\t{:2}. {right}\r\n", row + 1, written[row * 2], row + 6);
    }
    text += "\r\n(someone@gmail.com)\r\n\r\n* You can only use each backup code once.\r\n* Need more? Visit https://g.co/2sv\r\n";
    let set = read(&text);
    assert_eq!((set.provider, codes(&set)), (Some("Google"), written));
    assert_eq!(problems(&set), ["used_code_hidden 8"]);
    assert_no_line_lost(&set);
}

#[test]
fn discord_marks_used_codes_in_any_language() {
    let written = invent("xxxx-xxxx", 10);
    let mut text =
        String::from("Hier sind die Backup-Codes für dein Discord-Konto someone@example.org.\r\n\r\n");
    for (at, code) in written.iter().enumerate() {
        text += &format!("* {code} {}\r\n", if at == 3 { "(used)" } else { "" });
    }
    let set = read(&text);
    let mut expected = written;
    expected[3].insert(0, '+');
    assert_eq!((set.provider, codes(&set)), (Some("Discord"), expected));
    assert!(set.problems.is_empty());
}

#[test]
fn keycloak_counts_its_lines_and_dates_them() {
    let written = invent("BBBB-BBBB-BBBB", 12);
    let mut text = String::from("Keep these recovery codes somewhere safe.\n\n");
    for (at, code) in written.iter().enumerate() {
        text += &format!("{}: {code}\r\n", at + 1);
    }
    text += "\nRecovery codes are single-use passcodes.\n\nThese codes were generated on March 4, 2025 at 2:07 PM GMT+1";
    let set = read(&text);
    assert_eq!((set.provider, codes(&set)), (Some("Keycloak"), written));
    assert_eq!(set.documents.len(), 1, "the text around");
}

#[test]
fn the_secret_of_libpam_is_no_code() {
    let written = invent("4ddddddd", 5);
    let secret = invent(&"B".repeat(26), 1).remove(0);
    let set = read(&format!(
        "{secret}\n\" RATE_LIMIT 3 30 1709560000\n\" WINDOW_SIZE 17\n\" TOTP_AUTH\n{}\n",
        written.join("\n")
    ));
    assert_eq!((set.provider, codes(&set)), (Some("google-authenticator-libpam"), written));
    assert_eq!(problems(&set), ["totp_secret 1"]);
    assert_eq!(set.source.lines[1].place, Place::Document(0, Aside::Setting));
}

#[test]
fn bitlocker_in_utf_16_keeps_the_key_and_not_the_identifier() {
    let key = "110000-220011-330022-440033-550044-660055-000011-720885";
    let text = format!(
        "BitLocker Drive Encryption recovery key \r\n\r\nIdentifier:\r\n\r\n\t0A1B2C3D-1111-2222-3333-444455556666\r\n\r\n\
         Recovery Key:\r\n\r\n\t{key}\r\n\r\nSee https://example.org/help\r\n"
    );
    let bytes: Vec<u8> = [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let set = parse(&bytes, None).unwrap();
    assert_eq!((set.provider, set.kind, codes(&set)), (Some("BitLocker"), Kind::Key, vec![key.to_owned()]));
    assert_eq!(problems(&set), [""; 0]);
    let slip = read(&text.replace("330022", "330023"));
    assert_eq!((codes(&slip).len(), problems(&slip)), (1, vec!["bitlocker_group 9".to_owned()]));
}

#[test]
fn a_single_keys_shape_says_at_most_whose_it_could_be() {
    for (group, perhaps) in [
        ("XXXX-XXXX-XXXX-XXXX-XXXX-XXXX", Some("FileVault")),
        ("XXXX-XXXX-XXXX-XXXX-XXXX-XXXX-XXXX", Some("Apple")),
        ("XXXXX-XXXXX-XXXXX-XXXXX-XXXXX", Some("Microsoft")),
        ("xxxx xxxx xxxx xxxx xxxx xxxx xxxx xxxx", Some("Bitwarden")),
        ("XXXXXXXX-XXXXXXXX-XXXXXXXX", None),
    ] {
        let written = invent(group, 1);
        for text in [
            written[0].clone(),
            format!("Your recovery key\n\n{}\n\nKeep it offline.\n", written[0]),
            format!("B3Networks recovery key: {}\n", written[0]),
        ] {
            let set = read(&text);
            assert_eq!((set.provider, set.kind, codes(&set)), (None, Kind::Key, written.clone()), "{text}");
            assert_eq!(set.candidates.first().copied(), perhaps, "{text}");
            assert!(set.problems.is_empty(), "{text}");
        }
        // What the line itself says, or the file's name, counts.
        let labelled = format!("Microsoft recovery code: {}\n", written[0]);
        assert_eq!(read(&labelled).provider, Some("Microsoft"));
        let file = parse(written[0].as_bytes(), Some("Microsoft-account.txt")).unwrap();
        assert_eq!((file.provider, codes(&file)), (Some("Microsoft"), written.clone()));
    }
}

#[test]
fn a_list_of_a_known_shape_under_another_name_is_nobodys_for_certain() {
    let written = invent("hhhhh-hhhhh", 16);
    let bare = written.join("\n") + "\n";
    for (text, name) in [
        (format!("B3Networks recovery codes\n\n{bare}"), None),
        (written.iter().map(|code| format!("B3Networks: {code}\n")).collect(), None),
        (bare.clone(), Some("b3-codes.txt")),
    ] {
        let set = parse(text.as_bytes(), name).unwrap();
        assert_eq!(
            (set.provider, set.candidates.clone(), codes(&set)),
            (None, vec!["GitHub"], written.clone()),
            "{text}"
        );
    }
    for name in ["github-recovery-codes.txt", "recovery codes (2).txt", "Clipboard", "Typed in"] {
        let set = parse(bare.as_bytes(), Some(name)).unwrap();
        assert_eq!(set.provider, Some("GitHub"), "{name}");
    }
}

#[test]
fn a_token_of_letters_alone_is_found_under_its_heading_and_a_word_is_none() {
    for text in
        ["Gitea scratch token\n\nQGFKKPGSXW\n", "Scratch token\nQGFKKPGSXW", "Scratch token: QGFKKPGSXW\n"]
    {
        assert_eq!(codes(&read(text)), ["QGFKKPGSXW"], "{text}");
    }
    let ends_like_a_label = ["3I5P-3Y7Y", "W2D2-KEY5", "A2CD-TEAM", "K64R-AAF5"];
    assert_eq!(codes(&read(&ends_like_a_label.join("\n"))), ends_like_a_label);
    for key in ["_m-g--bYSH_j-Mx-QRUI__", "fEQ_fU-C_L_j-hoxBu-__-"] {
        assert_eq!(codes(&read(&format!("MEGA recovery key\n\n{key}\n"))), [key]);
    }
    for text in ["Scratch token\n\nCONFIDENTIAL\n", "QGFKKPGSXW\n\nis no code by itself, says the letter\n"] {
        assert_eq!(codes(&read(text)), [""; 0], "{text}");
    }
    assert_eq!(
        codes(&read("Backup codes\nQGFKKPGSXW\n1234-5678\n")),
        ["1234-5678"],
        "beside a code it is a word"
    );
}

#[test]
fn a_key_in_a_sentence_or_behind_a_label() {
    let key = invent("XXXXX-XXXXX-XXXXX-XXXXX", 1).remove(0);
    for text in [
        format!("Partner portal\nYour recovery key: {key}\nKey ID: 7F3A99C1\nCreated: 2025-03-04\n"),
        format!("Your recovery key is {key}.\nAccount 48211077\n"),
        format!("Recovery key:\n{key}\nSerial number:\nC02XL0GZJGH5\n"),
        format!("| Recovery key | {key} |\n| Device | C02XL0GZJGH5 |\n"),
        format!("Recovery key\t{key}\nOrder\t11223344\n"),
    ] {
        let set = read(&text);
        assert_eq!((set.kind, codes(&set)), (Kind::Key, vec![key.clone()]), "{text}");
        assert_no_line_lost(&set);
    }
}

#[test]
fn six_codes_of_a_portal() {
    let written = invent("dddddd", 6);
    let mut text = String::from("Your six one-time codes\nAccount: user48211\nCreated 2025-03-04 14:07\n\n");
    for (at, code) in written.iter().enumerate() {
        text += &format!("{}) {code}\n", at + 1);
    }
    text += "\nCall +49 30 1234567 or write to help@example.org\n";
    let set = read(&text);
    assert_eq!((set.provider, set.kind, codes(&set)), (None, Kind::Codes, written));
    assert!(set.problems.is_empty());
}

#[test]
fn what_stands_beside_the_codes_is_no_code() {
    let written = invent("hhhhhhhhhh", 8);
    let text = format!(
        "Example backup codes\nGenerated: 04.03.2025\n{}\nTOTP secret: JBSWY3DPEHPK3PXP\notpauth://totp/x?secret=JBSWY3DPEHPK3PXP\n\
         Phone: 555-123-4567\nUser ID: 4821107733\n192.168.0.1\nhttps://example.org/codes/aaaa1111bb\n",
        written.join("\n")
    );
    let set = read(&text);
    assert_eq!(codes(&set), written);
    assert_eq!(problems(&set), ["totp_secret 11", "totp_secret 12"]);
    assert_no_line_lost(&set);
}

#[test]
fn what_may_be_something_else_is_asked_about() {
    assert_eq!(problems(&read(&invent(&"B".repeat(32), 1)[0])), ["perhaps_totp_secret 1"]);
    assert_eq!(problems(&read("123456")), ["perhaps_one_time_code 1"]);
    let mut lines = invent("xxxxx-xxxxx", 6);
    lines.push("ZZ99-11AA-22".to_owned());
    let set = read(&lines.join("\n"));
    assert_eq!((codes(&set), problems(&set)), (lines[..6].to_vec(), vec!["unclear_line 7".to_owned()]));
}

#[test]
fn a_code_counts_once() {
    let written = invent("xxxx-xxxx", 5);
    let again = written[2].replace('-', " ");
    let set = read(&format!("{}\n{} (used)\n", written.join("\n"), written[2]));
    assert_eq!(problems(&set), ["duplicate 6"]);
    assert_eq!(codes(&set)[2], format!("+{}", written[2]), "used in one place is used");
    assert_eq!(codes(&read(&format!("{}\n{again}\n", written.join("\n")))).len(), 5);
    let upper = written[2].to_uppercase();
    assert_eq!(codes(&read(&format!("{}\n{upper}\n", written.join("\n")))).len(), 6, "case counts");
}

#[test]
fn tables_lists_and_pages() {
    let written = invent("XXXXXXXX", 4);
    let [a, b, c, d] = &written[..] else { panic!() };
    let expected = [format!("+{a}"), b.clone(), c.clone(), d.clone()];
    for (text, format) in [
        (format!("id,code,used\n1,{a},true\n2,{b},false\n3,{c},false\n4,{d},false\n"), Format::Text),
        (format!("- [x] `{a}`\n- [ ] `{b}`\n- [ ] `{c}`\n- [ ] `{d}`\n"), Format::Text),
        (format!("# Codes\n\n1. ~~{a}~~\n2. {b}\n3. {c}\n4. {d}\n"), Format::Text),
        (format!("Used:\n{a}\n\nUnused:\n{b}\n{c}\n{d}\n"), Format::Text),
        (
            format!(
                "[{{\"code\":\"{a}\",\"used\":true}},{{\"code\":\"{b}\",\"used\":false}},{{\"code\":\"{c}\"}},{{\"code\":\"{d}\"}}]"
            ),
            Format::Text,
        ),
        (
            format!(
                "{{\n  \"code\": \"{a}\",\n  \"used\": true\n}},\n{{\n  \"code\": \"{b}\",\n  \"used\": false\n}},\n{{\n  \"code\": \"{c}\"\n}},\n{{\n  \"code\": \"{d}\"\n}}"
            ),
            Format::Text,
        ),
        (
            format!(
                "<!DOCTYPE html><h1>Codes</h1><ol><li><s>{a}</s><li>{b}<li>{c}<li>{d}</ol><script>x='ZZZZ9999'</script>"
            ),
            Format::Html,
        ),
        (
            format!(
                "<table><tr><th>Code<th>Used</tr><tr><td>{a}<td>yes</tr><tr><td>{b}<td></tr><tr><td>{c}<td></tr><tr><td>{d}<td></tr></table>"
            ),
            Format::Html,
        ),
        (
            format!("{{\\rtf1\\ansi Codes\\par {{\\strike {a}}}\\par {b}\\par {c}\\par {d}\\par}}"),
            Format::Rtf,
        ),
    ] {
        let set = read(&text);
        assert_eq!(codes(&set), expected, "{text}");
        assert_eq!(set.source.format, format, "{text}");
        assert_no_line_lost(&set);
    }
}

#[test]
fn remarks_stay_with_their_code() {
    let set = read("Codes\nabcde-12345 used for the laptop\nfghij-67890 (used 2024-05-03)\nklmno-13579\n");
    let remarks: Vec<Option<&str>> =
        set.codes.iter().map(|code| code.remark.as_ref().map(|text| text.expose())).collect();
    assert_eq!(codes(&set), ["+abcde-12345", "+fghij-67890", "klmno-13579"]);
    assert_eq!(remarks, [Some("for the laptop"), Some("2024-05-03"), None]);
}

#[test]
fn key_files_are_documents() {
    let key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\nBG5vbmUAAAAEbm9uZQ==\n-----END OPENSSH PRIVATE KEY-----";
    let set = read(&format!("for the server\n{key}\n"));
    assert_eq!((set.provider, set.kind, codes(&set).len()), (Some("SSH"), Kind::Document, 0));
    assert_eq!(set.documents[0].kind, DocumentKind::PrivateKey);
    assert_eq!(set.documents[0].text.as_ref().unwrap().expose(), key);
    assert_eq!(set.documents[1].text.as_ref().unwrap().expose(), "for the server");
    assert!(set.problems.is_empty());
    let cut = read(&key[..60]);
    assert_eq!(problems(&cut), ["block_without_end 1"]);
    let picture = parse(b"\x89PNG\r\n\x1a\n0000", Some("codes.png")).unwrap();
    assert_eq!((picture.kind, problems(&picture)), (Kind::Document, vec!["no_text".to_owned()]));
    for (bytes, format) in [
        (&b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic"[..], "HEIC"),
        (b"\0\0\0\x2cftypheix\0\0\0\0", "HEIC"),
        (b"\0\0\0\x1cftypavif\0\0\0\0", "AVIF"),
        (b"II*\0\x08\0\0\0", "TIFF"),
    ] {
        let picture = parse(bytes, Some("codes")).unwrap();
        assert_eq!(
            (picture.documents[0].kind, picture.source.format),
            (DocumentKind::Picture, Format::Picture)
        );
        assert_eq!(problems(&picture), ["no_text", "not_drawn"], "{format}");
        assert!(picture.problems[1].to_string().contains(format), "{}", picture.problems[1]);
    }
    let film = parse(b"\0\0\0\x1cftypisom\0\0\0\0", None).unwrap();
    assert_eq!(film.documents[0].kind, DocumentKind::Binary);
    let luks = parse(b"LUKS\xba\xbe\0\x02\0\0", None).unwrap();
    assert_eq!((luks.provider, luks.kind, luks.problems.len()), (Some("LUKS"), Kind::Document, 0));
}

/// Every service that Keyhaven says it knows, with what its file says and the shape of its codes. Where nothing of a
/// layout is confirmed by the service's own program, its name in the text is what tells, and the shape is a usual one.
#[test]
fn each_service_of_the_list_is_recognised_by_its_files_content() {
    for (provider, head, group, count) in [
        ("GitHub", "GitHub two-factor recovery codes", "hhhhh-hhhhh", 16),
        ("GitLab", "GitLab recovery codes", "hhhhhhhhhhhhhhhh", 10),
        ("Google", "SAVE YOUR BACKUP CODES", "dddd dddd", 10),
        ("Microsoft", "Your Microsoft account recovery code", "XXXXX-XXXXX-XXXXX-XXXXX-XXXXX", 1),
        ("Apple", "Apple Account recovery key", "XXXX-XXXX-XXXX-XXXX-XXXX-XXXX-XXXX", 1),
        ("Discord", "Here are your Discord backup codes", "xxxx-xxxx", 10),
        ("Dropbox", "Dropbox emergency backup codes", "xxxx xxxx", 10),
        ("Facebook", "Facebook recovery codes", "dddd dddd", 10),
        ("Slack", "Slack backup codes", "dddddd", 10),
        ("npm", "npm recovery codes", &"h".repeat(64), 5),
        ("PyPI", "PyPI recovery codes", "hhhhhhhhhhhhhhhh", 8),
        ("AWS", "AWS backup codes", "dddddd", 6),
        ("Cloudflare", "Cloudflare backup codes", "XXXXXXXX", 10),
        ("Atlassian", "Atlassian recovery key", "XXXXXXXX-XXXXXXXX-XXXXXXXX", 1),
        ("Stripe", "Stripe backup code", "xxxx-xxxx-xxxx-xxxx", 1),
        ("Proton", "Proton recovery codes", "hhhhhhhh", 16),
        ("Bitwarden", "Bitwarden two-step login recovery code", "xxxx xxxx xxxx xxxx xxxx xxxx xxxx xxxx", 1),
        ("Epic Games", "Epic Games backup codes", "XXXXXXXX", 10),
        ("Twitch", "Twitch backup codes", "xxxxxxxx", 10),
        ("Keycloak", "Keep these recovery codes somewhere safe.", "BBBB-BBBB-BBBB", 12),
        ("Nextcloud", "Nextcloud backup codes", "mmmmmmmmmmmmmmmm", 10),
        ("WordPress", "Two-Factor Recovery Codes for example.org", "dddddddd", 10),
        ("Mastodon", "Mastodon recovery codes", "hhhhhhhhhh", 10),
        ("Gitea/Forgejo", "Gitea scratch token", "7QGFKKPGS4", 1),
        ("Gitea/Forgejo", "Forgejo scratch token", "7QGFKKPGS4", 1),
        ("Discourse", "Discourse backup codes", &"h".repeat(32), 10),
        ("Sentry", "Sentry recovery codes", "BBBB-BBBB", 10),
        ("authentik", "authentik static tokens", "mmmmmmmmmmmm", 6),
        ("Laravel", "Laravel recovery codes", "mmmmmmmmmm-mmmmmmmmmm", 8),
        ("Django", "Django backup codes", "xxxxxxxx", 10),
        (
            "BitLocker",
            "BitLocker Drive Encryption recovery key",
            "110000-220011-330022-440033-550044-660055-000011-720885",
            1,
        ),
        ("FileVault", "FileVault recovery key", "XXXX-XXXX-XXXX-XXXX-XXXX-XXXX", 1),
        (
            "LUKS (systemd-cryptenroll)",
            "systemd-cryptenroll recovery key",
            "cbdefghi-jklnrtuv-cbdefghi-jklnrtuv-cbdefghi-jklnrtuv-cbdefghi-jklnrtuv",
            1,
        ),
    ] {
        let written = invent_literally(group, count);
        let text = format!("{head}\n\n{}\n", written.join("\n"));
        // Nothing is said by a name, and lines may end as they do elsewhere.
        for text in [text.clone(), text.replace('\n', "\r\n"), format!("\u{feff}{text}")] {
            let set = read(&text);
            assert_eq!((set.provider, codes(&set)), (Some(provider), written.clone()), "{provider}");
            assert_no_line_lost(&set);
        }
    }
}

/// As [`invent`]; a key in the letters of modhex stands for itself, some of which are wild there.
fn invent_literally(group: &str, count: usize) -> Vec<String> {
    if group.starts_with("cbde") { vec![group.to_owned(); count] } else { invent(group, count) }
}

/// Services whose codes another one's could be by their shape: their own words tell.
#[test]
fn services_that_name_themselves_are_recognised_and_their_codes_read() {
    let written = invent("dddddddd", 10);
    let set = read(&format!("allauth recovery codes\n\n{}\n", written.join("\n")));
    assert_eq!((set.provider, codes(&set)), (Some("django-allauth"), written));
    // Keys of programs, which are no lists of codes.
    let bech32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l".to_uppercase();
    let age = format!(
        "# created: 2025-03-04T14:07:00Z\n# public key: age1{0}{0}\nAGE-SECRET-KEY-1{bech32}{1}\n",
        bech32.to_lowercase(),
        &bech32[..26]
    );
    let set = read(&age);
    assert_eq!((set.provider, set.codes.len()), (Some("age"), 1), "{:?}", problems(&set));
    let armoured = "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlFgEZcWqYhYJKwYBBAHaRw8BAQdA\n=abcd\n-----END PGP PRIVATE KEY BLOCK-----\n";
    assert_eq!((read(armoured).provider, read(armoured).kind), (Some("OpenPGP"), Kind::Document));
}

#[test]
fn seed_phrases_stand_for_themselves() {
    // A public test vector of BIP39 (entropy of sixteen bytes 0x80).
    let words = "letter advice cage absurd amount doctor acoustic avoid letter advice cage above";
    let set = read(&format!("Proton recovery phrase\n\n{words}\n"));
    assert_eq!(
        (set.provider, set.kind, codes(&set)),
        (Some("Proton"), Kind::SeedPhrase, vec![words.to_owned()])
    );
    assert!(set.problems.is_empty());
    let set = read(&words.replace("above", "absurd"));
    assert_eq!((set.provider, problems(&set)), (Some("BIP39"), vec!["seed_checksum".to_owned()]));
}

#[test]
fn questions_and_other_texts_are_notes() {
    let set = read("Security questions\n\nWhat was your first pet?\nRex\n");
    assert_eq!((set.kind, set.problems.len(), set.documents.len()), (Kind::Notes, 0, 1));
    let set = read("Nothing of that kind.\n2024-01-01\n2024-01-02\n2024-01-03\n");
    assert_eq!((set.kind, problems(&set)), (Kind::Notes, vec!["nothing_found".to_owned()]));
    assert_no_line_lost(&set);
}

#[test]
fn sizes_have_limits() {
    assert_eq!(parse(b"", None).unwrap_err(), ParseError::Empty);
    assert_eq!(parse(&vec![b'a'; SIZE_LIMIT + 1], None).unwrap_err(), ParseError::TooLarge);
    assert_eq!(problems(&read(&"a\n".repeat(30_000))), ["too_many"]);
    assert_eq!(
        problems(&read(&(0..3000).map(|n| format!("{n:08x}-{n:08x}\n")).collect::<String>())),
        ["too_many"]
    );
}

#[test]
fn no_secret_is_ever_printed() {
    let written = invent("xxxxx-xxxxx", 4);
    let set = read(&format!("Codes\n{}\nTOTP secret: JBSWY3DPEHPK3PXP\nZZ99-11AA-22\n", written.join("\n")));
    let shown = format!("{set:?} {:?}", set.problems.iter().map(ToString::to_string).collect::<Vec<_>>());
    for secret in written.iter().map(String::as_str).chain(["JBSWY3DPEHPK3PXP", "ZZ99-11AA-22"]) {
        assert!(!shown.contains(secret));
    }
}

#[test]
fn the_groups_of_keyhavens_own_kit_are_one_key_and_the_vaults_number_is_none() {
    const KIT: &str = "Keyhaven emergency kit\n\nRecovery key\n1 2 3 4\n0A1B2 C3D4E 5F6G7 H8J9K\n5 6 7\n\
                       MNPQR STVWX YZ012\nVault\n0a1b2c3d-4e5f-4a7b-8c9d-0e1f2a3b4c5d\nMade on\n2026-11-22\n";
    let set = parse(KIT.as_bytes(), Some("kit.txt")).unwrap();
    assert_eq!((set.provider, set.kind), (Some("Keyhaven"), Kind::Key));
    assert_eq!(codes(&set), ["0A1B2-C3D4E-5F6G7-H8J9K-MNPQR-STVWX-YZ012"]);
    assert_eq!(set.problems.iter().map(|problem| problem.name()).collect::<Vec<_>>(), ["own_kit"]);
    assert_no_line_lost(&set);
    // Only where it says so, and only a whole key.
    for other in [KIT.replace("Keyhaven", "Other"), KIT.replace("YZ012", "")] {
        let set = parse(other.as_bytes(), None).unwrap();
        assert!(set.problems.iter().all(|problem| problem.name() != "own_kit"), "{:?}", set.problems);
    }
}

#[test]
fn a_note_beside_a_code_is_not_taken_for_the_code() {
    for text in [
        "a1b2c3d4e5f60718 - iPhone12",
        "a1b2c3d4e5f60718 - iPhone-12",
        "a1b2c3d4e5f60718: my-laptop-2",
        "a1b2c3d4e5f60718 - 20240503",
        "a1b2c3d4e5 - laptop1\nb2c3d4e5f6 - laptop2\nc3d4e5f6a7 - laptop3",
        "a1b2c3d4e5: laptop1\nb2c3d4e5f6: laptop2\nc3d4e5f6a7: laptop3",
        "a1b2c3d4e5 = laptop1\na1b2c3d4e5 = laptop2",
    ] {
        let set = read(text);
        let mut wanted: Vec<String> =
            text.lines().map(|line| line.split([' ', ':']).next().unwrap_or_default().to_owned()).collect();
        wanted.dedup();
        assert_eq!(codes(&set), wanted, "{text}");
        assert_no_line_lost(&set);
    }
    let set = read("a1b2c3d4e5f60718 - iPhone12\n");
    assert_eq!(set.codes[0].remark.as_ref().map(|text| text.expose()), Some("iPhone12"));
}

#[test]
fn a_name_with_a_digit_before_a_code_is_not_taken_for_the_code() {
    for (text, wanted) in [
        ("B3Networks: ABCD-1234-EFGH", &["ABCD-1234-EFGH"][..]),
        ("B3Networks: 0123456789abcdef", &["0123456789abcdef"]),
        ("GitHub2FA - 0123456789abcdef", &["0123456789abcdef"]),
        (
            "laptop1: a1b2c3d4e5\nlaptop2: b2c3d4e5f6\nlaptop3: c3d4e5f6a7",
            &["a1b2c3d4e5", "b2c3d4e5f6", "c3d4e5f6a7"],
        ),
        (
            "B3Networks: a1b2c3d4\nB3Networks: b2c3d4e5\nB3Networks: c3d4e5f6",
            &["a1b2c3d4", "b2c3d4e5", "c3d4e5f6"],
        ),
    ] {
        assert_eq!(codes(&read(text)), wanted, "{text}");
    }
}

#[test]
fn the_words_of_a_phrase_name_no_service() {
    let words = "apple winner thank matrix wave sausage worth useful legal element thank yellow";
    let numbered = |start: &str, end: &str| -> String {
        words.split(' ').enumerate().map(|(at, word)| format!("{start}{}. {word}{end}", at + 1)).collect()
    };
    for text in [
        words.to_owned(),
        words.replace(' ', "\n"),
        words.replace(' ', "\r\n\r\n"),
        words.replace(' ', "  "),
        words.replace(" wave", "\nwave").replace(" legal", "\nlegal"),
        numbered("", "\n"),
        numbered("", "  "),
        numbered("| ", " |\n"),
        format!("Seed phrase\n\n{}", numbered("", "\n")),
    ] {
        let set = read(&text);
        assert_eq!((set.kind, set.provider), (Kind::SeedPhrase, Some("BIP39")), "{text}");
        assert_eq!((codes(&set), set.candidates.len()), (vec![words.to_owned()], 0), "{text}");
    }
    let proton = read(&format!("Proton recovery phrase\n\n{}", words.replace(' ', "\n")));
    assert_eq!(proton.provider, Some("Proton"));
}
