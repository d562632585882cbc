//! Files that somebody broke: nothing panics, nothing takes long, every error says something.

use crate::peers;
use keyhaven_interchange::{Format, ImportError, MAX_FILE, Request, read, recognise};
use keyhaven_secret::SecretText;
use std::ops::ControlFlow;

/// A small generator of its own, so that a failure can be run again (xorshift64*, Vigna 2016).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// One to four changes: a byte, a cut, a piece twice, a piece gone, a number made large.
pub fn broken(bytes: &[u8], random: &mut u64) -> Vec<u8> {
    let mut generator = Random(*random | 1);
    let mut broken = bytes.to_vec();
    for _ in 0..=generator.below(4) {
        let place = generator.below(broken.len());
        match generator.below(7) {
            0 => broken.truncate(place),
            1 => {
                let end = (place + generator.below(64)).min(broken.len());
                let piece = broken[place..end].to_vec();
                broken.splice(place..place, piece);
            }
            2 => {
                let end = (place + generator.below(64)).min(broken.len());
                broken.drain(place..end);
            }
            3 => {
                let digit = broken.iter().skip(place).position(u8::is_ascii_digit);
                if let Some(digit) = digit {
                    broken.splice(place + digit..place + digit, *b"99999999999");
                }
            }
            4 => {
                for byte in broken.iter_mut().skip(place).take(4) {
                    *byte = 0xff;
                }
            }
            _ => {
                if let Some(byte) = broken.get_mut(place) {
                    *byte ^= 1 << generator.below(8);
                }
            }
        }
    }
    *random = generator.next();
    broken
}

/// Reads without deriving keys: the watch stops the work there, so that thousands of files take seconds.
pub fn read_quickly(bytes: &[u8], password: Option<&SecretText>, format: Option<Format>) {
    let watch = |_| ControlFlow::Break(());
    let import = read(bytes, &Request { format, password, watch: &watch, file_name: None });
    match import {
        Ok(import) => {
            let _ = format!("{import:?}");
            for problem in import.problems {
                assert!(!problem.entry.is_empty() && !problem.reason.to_string().is_empty());
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

#[test]
fn broken_peer_files_never_panic() {
    let mut random = 0x5eed;
    for (file, bytes) in peers::files() {
        let password = peers::password(&file);
        // Large databases cost too much to break often.
        let rounds = if bytes.len() > 100_000 { 3 } else { 60 };
        for _ in 0..rounds {
            read_quickly(&broken(&bytes, &mut random), password.as_ref(), None);
        }
    }
}

#[test]
fn every_format_refuses_every_other_kind_of_bytes_without_a_panic() {
    let password = SecretText::new("password".into());
    let long = vec![b'{'; 4096];
    let nested = "[".repeat(100_000);
    let samples: [&[u8]; 16] = [
        b"",
        b"\0",
        b"{",
        b"{}",
        b"[]",
        b"[[]]",
        b"null",
        b"<map></map>",
        b"<?xml version='1.0'?><map><string name='a'>&lt;",
        b"PK\x03\x04",
        b"SQLite format 3\0",
        b"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5\0\0\x04\0",
        b"\xac\xed\0\x05sr",
        b"AUTHENTICATORPRO",
        &long,
        nested.as_bytes(),
    ];
    for format in Format::ALL {
        for sample in samples {
            read_quickly(sample, Some(&password), Some(*format));
            read_quickly(sample, None, Some(*format));
        }
    }
    for sample in samples {
        read_quickly(sample, Some(&password), None);
    }
}

#[test]
fn a_file_larger_than_the_limit_is_refused() {
    let large = vec![b' '; MAX_FILE + 1];
    assert!(recognise(&large, None).is_empty());
    let refused = read(&large, &Request::default());
    assert!(matches!(refused, Err(ImportError::TooLong { bytes, .. }) if bytes == large.len() as u64));
}

#[test]
fn costs_beyond_reason_are_refused_before_work() {
    let password = SecretText::new("password".into());
    let watch = |_| -> ControlFlow<()> { panic!("work began") };
    let request = Request { password: Some(&password), watch: &watch, ..Request::default() };
    let salt = "AAAAAAAAAAAAAAAAAAAAAA==";
    let nonce = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let files = [
        format!(
            r#"{{"version":1,"kdfParams":{{"memLimit":2147483648,"opsLimit":4,"salt":"{salt}"}},"encryptedData":"{salt}","encryptionNonce":"{nonce}"}}"#
        ),
        format!(
            r#"{{"encrypted":true,"passwordProtected":true,"salt":"{salt}","kdfType":0,"kdfIterations":4000000000,"encKeyValidation_DO_NOT_EDIT":"2.a|b|c","data":"2.a|b|c"}}"#
        ),
        r#"{"version":1,"header":{"slots":[{"type":1,"n":1099511627776,"r":8,"p":1,"salt":"00","key":"00","key_params":{"nonce":"00","tag":"00"}}],"params":{"nonce":"00","tag":"00"}},"db":"AAAA"}"#.to_owned(),
    ];
    for file in files {
        let refused = read(file.as_bytes(), &request);
        assert!(matches!(refused, Err(ImportError::TooDemanding { .. })), "{refused:?}");
    }
}

#[test]
fn errors_and_debug_output_hold_no_secret() {
    const SECRET: &str = "JBSWY3DPEHPK3PXPJBSWY3DP";
    let files = [
        format!(
            r#"[{{"accountType":"OtpAccount","name":"me","otpGenerator":{{"otpSecret":"{SECRET}189"}}}}]"#
        ),
        format!("otpauth://totp/me?secret={SECRET}&digits={SECRET}\notpauth://{SECRET}/x?secret={SECRET}"),
        format!(
            r#"{{"version":1,"header":{{}},"db":{{"entries":[{{"type":"totp","name":"a","info":{{"secret":"{SECRET}"}}}}]}}}}"#
        ),
        format!("folder,name,login_username,login_totp\n,a,b,{SECRET}\n,c,d,{SECRET}9"),
    ];
    for file in files {
        let import = read(file.as_bytes(), &Request::default()).unwrap();
        let told: Vec<_> = import.problems.iter().map(|problem| problem.reason.to_string()).collect();
        let shown = format!("{import:?} {told:?}");
        assert!(!shown.contains(&SECRET[..16]), "{shown}");
    }
}

/// Found when every picture was taken for an encrypted andOTP backup, which has no mark of its own.
#[test]
fn pictures_and_other_known_files_are_no_encrypted_exports() {
    let rest = [0xa5; 200];
    let heads: [(&[u8], ImportError); 5] = [
        (b"\x89PNG\r\n\x1a\n", ImportError::Picture),
        (b"\xff\xd8\xff\xe0", ImportError::Picture),
        (b"GIF89a", ImportError::Picture),
        (b"\x1f\x8b\x08\x08", ImportError::NotRecognised),
        (b"%PDF-1.7\n", ImportError::NotRecognised),
    ];
    for (head, expected) in heads {
        let bytes = [head, &rest].concat();
        assert!(recognise(&bytes, None).is_empty());
        assert_eq!(read(&bytes, &Request::default()).unwrap_err(), expected);
    }
    assert_eq!(recognise(&[&[0, 2, 0x49, 0xf0][..], &rest].concat(), None).first(), Some(&Format::AndOtp));
}
