//! Files that people hand over: recovery codes, other programs' exports, pictures.

use super::accounts::samples;
use keyhaven_interchange::write::{Exported, Target, Work, write};
use keyhaven_interchange::{Request, read, recognise};
use keyhaven_qr::Limits;
use keyhaven_recovery::{Place, parse};
use keyhaven_secret::SecretText;
use std::ops::ControlFlow;
use std::time::Duration;

/// `data` as a recovery file: every line of it is in a code or in a document.
pub fn recovery(data: &[u8]) {
    let Ok(set) = parse(data, None) else {
        assert!(data.is_empty() || data.len() > keyhaven_recovery::SIZE_LIMIT);
        return;
    };
    let text = set.source.text.expose();
    let mut end = None;
    for line in &set.source.lines {
        assert_eq!(line.range.start, end.map_or(0, |end: usize| end + 1), "lines follow each other");
        end = Some(line.range.end);
        let content = &text[line.range.clone()];
        match &line.place {
            Place::Blank => assert!(!content.chars().any(char::is_alphanumeric), "not blank: {content:?}"),
            Place::Codes(codes) => {
                assert!(!codes.is_empty() && codes.iter().all(|code| *code < set.codes.len()), "{content:?}");
            }
            Place::Document(index, _) => {
                if let Some(kept) = &set.documents[*index].text {
                    assert!(kept.expose().contains(content.trim()), "not kept: {content:?}");
                }
            }
        }
    }
    assert_eq!(end.unwrap_or(0), text.len(), "lines reach the end");
}

/// How services write their codes: what stands before them, one line for each (`%n` its number), after.
const LAYOUTS: [(&str, &str, &str); 12] = [
    ("", "abcde-%n2345\n", ""),
    ("Your GitLab recovery codes are:\n\n", "0123456789abcde%n\n", "\nUse one of the codes above.\n"),
    ("SAVE YOUR BACKUP CODES\r\n", "%n. 1234 567%n\t\t", "\r\n(me@gmail.com)\r\n* g.co/2sv\r\n"),
    ("Discord backup codes\r\n\r\n", "* ab1%n-cd34 (used)\r\n", ""),
    (
        "Keep these recovery codes somewhere safe.\n\n",
        "%n: AB1C-2DE%n-F3GH\r\n",
        "\nGenerated on: March 4, 2025 at 2:07 PM GMT+1",
    ),
    ("Two-Factor Recovery Codes for https://example.org/\r\n\r\n", "%n. 1234567%n\r\n", ""),
    ("\u{feff}# Codes\n\n", "- [x] `ABCD-EFG%n` laptop\n- [ ] ~~ABCD-12%n~~\n", ""),
    ("Used:\n", "aBcDeFgH1%n-aBcDeFgH2%n\n", "Unused:\nzzzzz-99999\n"),
    ("Scratch token\n\n", "QGFKKPGSX%n", "\n"),
    ("[", "{\"code\": \"a1b2c3d%n\", \"used\": true},", "{}]"),
    (
        "Recovery key ID: 7F3A99C%n\nRecovery key:\n",
        "QXRD%n-ELTV2-DZMU3-F6CR4-9KWPB",
        "\nPhone: +49 30 1234567\nCreated: 2025-03-04\n",
    ),
    ("JBSWY3DPEHPK3PXPJBSWY3DPEH\n\" RATE_LIMIT 3 30 1709560000\n\" TOTP_AUTH\n", "4123456%n\n", ""),
];

/// A file in each of [`LAYOUTS`], and one of each other format.
pub(super) fn recovery_seeds() -> Vec<Vec<u8>> {
    let seeds: [&[u8]; 11] = [
        b"SAVE YOUR BACKUP CODES\n1. 1234 5678\t6. 8765 4321\n2. ALREADY USED\n(me@gmail.com)\n",
        b"\xff\xfeR\0e\0c\0o\0v\0e\0r\0y\0:\0\n\x001\x001\x000\x000\x000\x000\0-\0",
        b"<!DOCTYPE html><table><tr><td class='used'>abcde-12345</td><td>&#120;&check;</td></tr></table><!-- x -->",
        b"{\\rtf1\\ansi{\\fonttbl{\\f0 A;}}\\uc1 {\\strike abcde-12345}\\par \\u8211?\\'e4\\bin3 abc\\cell\\row}",
        b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
        b"letter advice cage absurd amount doctor acoustic avoid letter advice cage above\n",
        b"id,code,used\n1,abcde-12345,true\n| # | Code |\n|---|---|\n| 1 | ~~abcde-12346~~ |\n",
        b"%PDF-1.4\n1 0 obj<</Type/Page/Contents 2 0 R>>endobj\n2 0 obj<</Length 30>>stream\nBT (abcde-12345) Tj ET\nendstream endobj\ntrailer<</Root 1 0 R>>\n",
        b"Keyhaven emergency kit\nRecovery key\n0A1B2 C3D4E 5F6G7 H8J9K\nMNPQR STVWX YZ012\nVault\n0a1b2c3d-4e5f-4a7b-8c9d-0e1f2a3b4c5d\n",
        b"BitLocker\nIdentifier:\n5A1B2C3D-0000-1111-2222-333344445555\nRecovery Key:\n110000-220011-330022-440033-550044-660055-000011-720885\n",
        b"AGE-SECRET-KEY-1QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQPZRY9X8GF2TVDW0S3JN54KHC\nPuTTY-User-Key-File-3: a\nPrivate-MAC: 00\n",
    ];
    let layouts = LAYOUTS.iter().map(|(head, line, foot)| {
        let lines: String = (1..=6).map(|number| line.replace("%n", &number.to_string())).collect();
        format!("{head}{lines}{foot}").into_bytes()
    });
    layouts.chain(seeds.map(<[u8]>::to_vec)).collect()
}

/// `data` as another program's export, read up to where a key would be derived: every problem says which entry and why.
pub fn interchange(data: &[u8]) {
    let password = SecretText::new("password".into());
    let watch = |_| ControlFlow::Break(());
    for password in [None, Some(&password)] {
        let request = Request { format: None, password, watch: &watch, file_name: None };
        match read(data, &request) {
            Ok(import) => {
                let _ = format!("{import:?}");
                for problem in import.problems {
                    assert!(!problem.entry.is_empty() && !problem.reason.to_string().is_empty());
                }
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    let _ = recognise(data, Some("export.json"));
}

pub(super) fn interchange_seeds() -> Vec<Vec<u8>> {
    let accounts = samples();
    let tags = ["work".to_owned()];
    let exported: Vec<Exported<'_>> =
        accounts.iter().map(|account| Exported { account, note: None, tags: &tags, pinned: true }).collect();
    let plain = Target::ALL.iter().filter(|target| !target.is_encrypted());
    let written =
        plain.filter_map(|target| Some(write(*target, &exported, None, Work::Least).ok()?.expose().to_vec()));
    let others: [&[u8]; 4] = [
        br#"{"encrypted":true,"passwordProtected":true,"salt":"AAAA","kdfType":0,"kdfIterations":5000,"encKeyValidation_DO_NOT_EDIT":"2.a|b|c","data":"2.a|b|c"}"#,
        br"<?xml version='1.0' encoding='utf-8' standalone='yes' ?><map><string name='a:b'>{&quot;secret&quot;:[1,2,3],&quot;algo&quot;:&quot;SHA1&quot;,&quot;digits&quot;:6,&quot;type&quot;:&quot;TOTP&quot;}</string></map>",
        b"SQLite format 3\0\x10\0\x01\x01\0\x40\x20\x20",
        b"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5\0\0\x04\0\x02\x10\0\0\0",
    ];
    written.map(|text| steady(&text)).chain(others.map(<[u8]>::to_vec)).collect()
}

/// `text` with the first, second … UUID that it names, random in every export, replaced by one that is the same in
/// every run: what is tried on stable Rust must not depend on chance.
fn steady(text: &[u8]) -> Vec<u8> {
    const LENGTH: usize = 36;
    let is_uuid = |word: &[u8]| {
        word.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
    };
    let (mut steady, mut at, mut known) = (text.to_vec(), 0, Vec::new());
    while let Some(word) = text.get(at..at + LENGTH) {
        if !is_uuid(word) {
            at += 1;
            continue;
        }
        let number = known.iter().position(|named| *named == word).unwrap_or(known.len());
        if number == known.len() {
            known.push(word);
        }
        let uuid = format!("00000000-0000-4000-8000-{number:012x}");
        steady[at..at + LENGTH].copy_from_slice(uuid.as_bytes());
        at += LENGTH;
    }
    steady
}

/// `data` as a picture file, and as pixels of a square: no panic gets out, and corners are numbers.
pub fn qr(data: &[u8]) {
    // Small, because an input is tried thousands of times; the defaults differ in size only.
    let limits =
        Limits { side: 256, pixels: 256 * 256, time: Duration::from_millis(200), ..Limits::default() };
    let _ = keyhaven_qr::read(data, &limits);
    let side = (1..=64_u32).rev().find(|side| (side * side) as usize <= data.len());
    if let Some(side) = side {
        let pixels = &data[..(side * side) as usize];
        if let Ok(found) = keyhaven_qr::read_luma(side, side, pixels, &limits) {
            for code in found {
                let _ = code.text.expose().len();
            }
        }
    }
}

pub(super) fn qr_seeds() -> Vec<Vec<u8>> {
    let png = keyhaven_qr::write::png("otpauth://totp/a?secret=GEZDGNBVGY3TQOJQ", 3);
    let pixels = keyhaven_qr::write::modules("a").map(|modules| {
        let side = modules.side();
        let places = (0..side + 8).flat_map(|y| (0..side + 8).map(move |x| (x, y)));
        let dark = |x: usize, y: usize| {
            (4..side + 4).contains(&x) && (4..side + 4).contains(&y) && modules.dark(x - 4, y - 4)
        };
        places.map(|(x, y)| if dark(x, y) { 0 } else { 255 }).collect()
    });
    png.into_iter()
        .chain(pixels)
        .chain([
            b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;".to_vec()
        ])
        .collect()
}
