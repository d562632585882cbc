//! Whatever codes are written in a provider's layout are read back; whatever text it is, no line is lost.

use crate::support::{assert_no_line_lost, codes, read};
use keyhaven_recovery::parse;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::string::string_regex;
use std::collections::HashSet;

/// How a service writes codes: text before, one line for each code, text after.
struct Layout {
    provider: Option<&'static str>,
    head: &'static str,
    shape: &'static str,
    count: usize,
    line: fn(usize, &str, bool) -> String,
    foot: &'static str,
    marks_used: bool,
}

fn plain(_: usize, code: &str, _: bool) -> String {
    format!("{code}\n")
}

const LAYOUTS: &[Layout] = &[
    Layout {
        provider: Some("GitHub"),
        head: "",
        shape: "[0-9a-f]{5}-[0-9a-f]{5}",
        count: 16,
        line: plain,
        foot: "",
        marks_used: false,
    },
    Layout {
        provider: Some("GitLab"),
        head: "Your GitLab recovery codes are:\n\n",
        shape: "[0-9a-f]{16}",
        count: 10,
        line: plain,
        foot: "\nUse one of the codes above when prompted.\n",
        marks_used: false,
    },
    Layout {
        provider: Some("Google"),
        head: "SAVE YOUR BACKUP CODES\n",
        shape: "[0-9]{4} [0-9]{4}",
        count: 10,
        line: |n, code, _| format!("{}. {code}{}", n + 1, if n % 2 == 0 { "\t\t" } else { "\n" }),
        foot: "\n(me@gmail.com)\n* You can only use each backup code once.\n",
        marks_used: false,
    },
    Layout {
        provider: Some("Discord"),
        head: "Your Discord backup codes for me@example.org\r\n\r\n",
        shape: "[0-9a-z]{4}-[0-9a-z]{4}",
        count: 10,
        line: |_, code, used| format!("* {code} {}\r\n", if used { "(used)" } else { "" }),
        foot: "",
        marks_used: true,
    },
    Layout {
        provider: Some("Keycloak"),
        head: "Keep these recovery codes somewhere safe.\n\n",
        shape: "[A-NP-Z1-9]{4}-[A-NP-Z1-9]{4}-[A-NP-Z1-9]{4}",
        count: 12,
        line: |n, code, _| format!("{}: {code}\r\n", n + 1),
        foot: "\nThese codes were generated on: March 4, 2025 at 2:07 PM GMT+1",
        marks_used: false,
    },
    Layout {
        provider: Some("Nextcloud"),
        head: "",
        shape: "[a-km-z2-9][A-HJ-NP-Z][A-HJ-NP-Za-km-z2-9]{14}",
        count: 10,
        line: |_, code, _| format!("{code}\r\n"),
        foot: "",
        marks_used: false,
    },
    Layout {
        provider: Some("WordPress"),
        head: "Two-Factor Recovery Codes for https://example.org/\r\n\r\n",
        shape: "[0-9]{8}",
        count: 10,
        line: |n, code, _| format!("{}. {code}\r\n", n + 1),
        foot: "",
        marks_used: false,
    },
    Layout {
        provider: Some("Sentry"),
        head: "",
        shape: "[A-Z2-7]{4}-[A-Z2-7]{4}",
        count: 10,
        line: |_, code, _| format!("{code} \n"),
        foot: "",
        marks_used: false,
    },
    Layout {
        provider: Some("Laravel"),
        head: "",
        shape: "[a-z0-9][A-Z][A-Za-z0-9]{8}-[A-Za-z0-9]{10}",
        count: 8,
        line: plain,
        foot: "",
        marks_used: false,
    },
    Layout {
        provider: Some("ASP.NET Identity"),
        head: "",
        shape: "[2-9][B-DF-HJKMNP-RTV-Y]{4}-[2-9B-DF-HJKMNP-RTV-Y]{5}",
        count: 10,
        line: |n, code, _| format!("{code}{}", if n % 2 == 0 { " " } else { "\n" }),
        foot: "",
        marks_used: false,
    },
    Layout {
        provider: Some("Drupal"),
        head: "",
        shape: "[0-9]{3} [0-9]{3} [0-9]{3}",
        count: 10,
        line: plain,
        foot: "",
        marks_used: false,
    },
    Layout {
        provider: Some("privacyIDEA"),
        head: "",
        shape: "[0-9]{6}",
        count: 100,
        line: |n, code, _| format!("{n}\t{code}\n"),
        foot: "",
        marks_used: false,
    },
    Layout {
        provider: Some("Slack"),
        head: "Slack backup codes\n",
        shape: "[0-9]{6}",
        count: 10,
        line: plain,
        foot: "",
        marks_used: false,
    },
    Layout {
        provider: None,
        head: "# Example\n\n",
        shape: "[a-z]{3}[0-9]{2}-[a-z0-9]{5}",
        count: 6,
        line: |_, code, used| format!("- [{}] `{code}`\n", if used { "x" } else { " " }),
        foot: "",
        marks_used: true,
    },
    Layout {
        provider: None,
        head: "id,code,used,note\n",
        shape: "[A-Z0-9]{4}-[0-9]{4}-[A-Z0-9]{4}",
        count: 7,
        line: |n, code, used| format!("{n},{code},{used},a note\n"),
        foot: "",
        marks_used: true,
    },
    Layout {
        provider: None,
        head: "<!DOCTYPE html><title>Codes</title><ul>",
        shape: "[0-9]{2}[a-z0-9]{8}",
        count: 9,
        line: |_, code, used| {
            if used { format!("<li><del>{code}</del></li>") } else { format!("<li>{code}</li>") }
        },
        foot: "</ul>",
        marks_used: true,
    },
    Layout {
        provider: None,
        head: "{\\rtf1\\ansi Codes\\par ",
        shape: "[0-9]{2}[a-z0-9]{8}",
        count: 9,
        line: |_, code, used| {
            if used { format!("{{\\strike {code}}}\\par ") } else { format!("{code}\\par ") }
        },
        foot: "}",
        marks_used: true,
    },
];

/// What every line of the invented texts is made of.
const PIECES: &[&str] = &[
    "Recovery code:",
    "backup codes",
    "1.",
    "2)",
    "- ",
    "* ",
    "✓",
    "(used)",
    "[x]",
    "~~",
    "abcde-12345",
    "1234 5678",
    "12345678",
    "ABCD-EFGH",
    "JBSWY3DPEHPK3PXP",
    "me@example.org",
    "https://example.org/a",
    "2024-05-03",
    "+49 30 123456",
    "GitHub",
    "Key ID:",
    "0A1B2C3D-1111-2222-3333-444455556666",
    "\t",
    "  ",
    ",",
    "|",
    ";",
    "\"",
    ":",
    "<li>",
    "</s>",
    "&amp;",
    "code,used",
    "ALREADY USED",
    "-----BEGIN RSA PRIVATE KEY-----",
    "-----END RSA PRIVATE KEY-----",
    "letter advice cage absurd",
    "ß",
    "\u{336}",
    "\u{200b}",
    "é",
    "110000-220011-330022-440033-550044-660055-000011-720885",
    "\r",
    "\u{2028}",
    "{\\rtf",
    "otpauth://totp/x",
    "\" TOTP_AUTH",
    "x",
];

/// Few cases, since every build runs them; `PROPTEST_CASES` asks for more.
#[expect(clippy::disallowed_methods, reason = "a test's own setting")]
fn config() -> ProptestConfig {
    let asked = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { asked.cases } else { 40 };
    ProptestConfig { cases, failure_persistence: None, ..asked }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_written_in_a_layout_is_read_back(used in any::<u128>(), at in 0..LAYOUTS.len(), random in any::<[u8; 32]>()) {
        let layout = &LAYOUTS[at];
        let mut runner = proptest::test_runner::TestRunner::new_with_rng(
            ProptestConfig::default(),
            proptest::test_runner::TestRng::from_seed(proptest::test_runner::RngAlgorithm::ChaCha, &random),
        );
        let shape = string_regex(layout.shape).unwrap();
        let mut written: Vec<String> = Vec::new();
        let mut seen = HashSet::new();
        while written.len() < layout.count {
            let code = shape.new_tree(&mut runner).unwrap().current();
            if seen.insert(code.replace(['-', ' '], "")) {
                written.push(code);
            }
        }
        let is_used = |n: usize| layout.marks_used && used >> n & 1 == 1;
        let lines: String = written.iter().enumerate().map(|(n, code)| (layout.line)(n, code, is_used(n))).collect();
        let text = format!("{}{lines}{}", layout.head, layout.foot);
        let set = read(&text);
        let expected: Vec<String> =
            written.iter().enumerate().map(|(n, code)| format!("{}{code}", if is_used(n) { "+" } else { "" })).collect();
        prop_assert_eq!(codes(&set), expected, "{}", text);
        if layout.provider.is_some() {
            prop_assert_eq!(set.provider, layout.provider, "{}", text);
        }
        assert_no_line_lost(&set);
    }

    #[test]
    fn no_line_is_lost(lines in prop::collection::vec(prop::collection::vec(prop::sample::select(PIECES), 0..6), 1..30), blank in any::<bool>()) {
        let text: String = lines.iter().map(|line| line.join(if blank { " " } else { "" }) + "\n").collect();
        assert_no_line_lost(&read(&text));
    }

    #[test]
    fn no_line_of_any_text_is_lost(text in "\\PC{1,200}|[ -~\\n\\t]{1,400}") {
        assert_no_line_lost(&read(&text));
    }

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 1..400)) {
        assert_no_line_lost(&parse(&bytes, None).unwrap());
    }
}
