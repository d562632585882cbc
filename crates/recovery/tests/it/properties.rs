//! Whatever codes are written in a provider's layout are read back; whatever text it is, no line is lost.

use crate::support::{assert_no_line_lost, codes, read};
use keyhaven_recovery::parse;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::string::string_regex;
use std::collections::HashSet;

/// How codes are written: text before, one line for each code, text after.
struct Layout {
    /// Who must be recognised.
    provider: Option<&'static str>,
    /// Who must at least be offered where the shape alone tells.
    perhaps: Option<&'static str>,
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

/// What a layout has where nothing else is said.
const BARE: Layout = Layout {
    provider: None,
    perhaps: None,
    head: "",
    shape: "",
    count: 1,
    line: plain,
    foot: "",
    marks_used: false,
};

const fn named(provider: &'static str, head: &'static str, shape: &'static str, count: usize) -> Layout {
    Layout { provider: Some(provider), head, shape, count, ..BARE }
}

const fn perhaps(provider: &'static str, shape: &'static str, count: usize) -> Layout {
    Layout { perhaps: Some(provider), shape, count, ..BARE }
}

#[rustfmt::skip] // a table
const LAYOUTS: &[Layout] = &[
    // As the services write them, with what they mark.
    Layout { provider: Some("GitHub"), shape: "[0-9a-f]{5}-[0-9a-f]{5}", count: 16, ..BARE },
    Layout { foot: "\nUse one of the codes above when prompted.\n", ..named("GitLab", "Your GitLab recovery codes are:\n\n", "[0-9a-f]{16}", 10) },
    Layout {
        line: |n, code, _| format!("{}. {code}{}", n + 1, if n % 2 == 0 { "\t\t" } else { "\n" }),
        foot: "\n(me@gmail.com)\n* You can only use each backup code once.\n",
        ..named("Google", "SAVE YOUR BACKUP CODES\n", "[0-9]{4} [0-9]{4}", 10)
    },
    Layout {
        line: |_, code, used| format!("* {code} {}\r\n", if used { "(used)" } else { "" }),
        marks_used: true,
        ..named("Discord", "Your Discord backup codes for me@example.org\r\n\r\n", "[0-9a-z]{4}-[0-9a-z]{4}", 10)
    },
    Layout {
        line: |n, code, _| format!("{}: {code}\r\n", n + 1),
        foot: "\nThese codes were generated on: March 4, 2025 at 2:07 PM GMT+1",
        ..named("Keycloak", "Keep these recovery codes somewhere safe.\n\n", "[A-NP-Z1-9]{4}-[A-NP-Z1-9]{4}-[A-NP-Z1-9]{4}", 12)
    },
    Layout { line: |_, code, _| format!("{code}\r\n"), ..named("Nextcloud", "", "[a-km-z2-9][A-HJ-NP-Z][A-HJ-NP-Za-km-z2-9]{14}", 10) },
    Layout {
        line: |n, code, _| format!("{}. {code}\r\n", n + 1),
        ..named("WordPress", "Two-Factor Recovery Codes for https://example.org/\r\n\r\n", "[0-9]{8}", 10)
    },
    Layout {
        line: |n, code, _| format!("{code}{}", if n % 2 == 0 { " " } else { "\n" }),
        ..named("ASP.NET Identity", "", "[2-9][B-DF-HJKMNP-RTV-Y]{4}-[2-9B-DF-HJKMNP-RTV-Y]{5}", 10)
    },
    // Every other layout of the table whose shape is known, headed as their pages are.
    named("Microsoft", "Your Microsoft account recovery code\n\n", "[A-Z0-9]{5}(-[A-Z0-9]{5}){4}", 1),
    named("Apple", "Apple Account recovery key\n\n", "[A-Z0-9]{4}(-[A-Z0-9]{4}){6}", 1),
    named("FileVault", "FileVault recovery key\n\n", "[A-Z0-9]{4}(-[A-Z0-9]{4}){5}", 1),
    named("LUKS (systemd-cryptenroll)", "A recovery key has been set:\n\n", "[cbdefghijklnrtuv]{8}(-[cbdefghijklnrtuv]{8}){7}", 1),
    named("Facebook", "Facebook recovery codes\n\n", "[0-9]{4} [0-9]{4}", 10),
    named("Instagram", "Instagram backup codes\n\n", "[0-9]{4} [0-9]{4}", 5),
    named("npm", "npm recovery codes\n\n", "[0-9a-f]{64}", 5),
    named("PyPI", "PyPI recovery codes\n\n", "[0-9a-f]{16}", 8),
    named("RubyGems", "RubyGems recovery codes\n\n", "[0-9a-f]{12}", 10),
    named("Proton", "Proton recovery codes\n\n", "[0-9a-f]{8}", 16),
    named("Bitwarden", "Bitwarden two-step login recovery code\n\n", "[a-z0-9]{4}( [a-z0-9]{4}){7}", 1),
    named("Vaultwarden", "Vaultwarden recovery code\n\n", "[A-Z2-7]{16}[2-7][A-Z2-7]{15}", 1),
    named("1Password", "1Password Emergency Kit\n\nSecret Key\n", "A3-[A-Z0-9]{6}-[A-Z0-9]{6}(-[A-Z0-9]{5}){4}", 1),
    named("Steam", "Steam Guard recovery code\n\n", "R[0-9]{5}", 1),
    named("Mastodon", "Mastodon recovery codes\n\n", "[0-9a-f]{10}", 10),
    named("Gitea/Forgejo", "Forgejo scratch token\n\n", "[A-HJ-NP-Z2-9]{10}", 1),
    named("Gitea/Forgejo", "Gitea scratch token\n\n", "[A-HJ-NP-Z]{10}", 1),
    named("Discourse", "Discourse backup codes\n\n", "[0-9a-f]{32}", 10),
    Layout { line: |_, code, _| format!("{code} \n"), ..named("Sentry", "Sentry recovery codes\n\n", "[A-Z2-7]{4}-[A-Z2-7]{4}", 10) },
    named("authentik", "authentik static tokens\n\n", "[A-Za-z0-9]{12}", 6),
    named("Laravel", "Laravel recovery codes\n\n", "[A-Za-z0-9]{10}-[A-Za-z0-9]{10}", 8),
    named("django-allauth", "allauth recovery codes\n\n", "[0-9]{8}", 10),
    named("django-two-factor-auth", "django-two-factor-auth backup tokens\n\n", "[a-z2-7]{8}", 10),
    Layout { provider: Some("google-authenticator-libpam"), head: "\" RATE_LIMIT 3 30\n\" TOTP_AUTH\n", shape: "[1-9][0-9]{7}", count: 5, ..BARE },
    named("Drupal", "Drupal recovery codes\n\n", "[0-9]{3} [0-9]{3} [0-9]{3}", 10),
    named("Mozilla", "Mozilla account backup authentication codes\n\n", "[0-9a-z]{10}", 8),
    Layout { line: |n, code, _| format!("{n}\t{code}\n"), ..named("privacyIDEA", "privacyIDEA paper token\n\n", "[0-9]{6}", 100) },
    named("Ory Kratos", "Ory Network recovery codes\n\n", "[a-z0-9]{8}", 12),
    named("Matrix", "Element secure backup: recovery key\n\n", "[1-9][1-9A-HJ-NP-Za-km-z]{3}( [1-9A-HJ-NP-Za-km-z]{4}){11}", 1),
    named("Signal", "Signal backup passphrase\n\n", "[0-9]{5}( [0-9]{5}){5}", 1),
    named("Signal", "Signal recovery key\n\n", "[a-z0-9]{64}", 1),
    named("MEGA", "MEGA recovery key\n\n", "[A-Za-z0-9_-]{10}[0-9][A-Za-z0-9_-]{11}", 1),
    named("Reddit", "Reddit backup codes\n\n", "[0-9]{6}", 10),
    named("Tuta", "Tuta recovery code\n\n", "[0-9a-f]{4}( [0-9a-f]{4}){15}", 1),
    named("Tuta", "Tuta recovery code\n\n", "[0-9a-f]{64}", 1),
    named("Slack", "Slack backup codes\n", "[0-9]{6}", 10),
    // Without a word: somebody is offered, nobody is named.
    perhaps("Discord", "[0-9a-z]{4}-[0-9a-z]{4}", 10),
    perhaps("Sentry", "[A-Z2-7]{4}-[A-Z2-7]{4}", 10),
    perhaps("Laravel", "[a-z0-9][A-Z][A-Za-z0-9]{8}-[A-Za-z0-9]{10}", 8),
    perhaps("Drupal", "[0-9]{3} [0-9]{3} [0-9]{3}", 10),
    Layout { line: |n, code, _| format!("{n}\t{code}\n"), ..perhaps("privacyIDEA", "[0-9]{6}", 100) },
    perhaps("Microsoft", "[A-Z0-9]{5}(-[A-Z0-9]{5}){4}", 1),
    // Nobody's.
    Layout {
        head: "# Example\n\n",
        shape: "[a-z]{3}[0-9]{2}-[a-z0-9]{5}",
        count: 6,
        line: |_, code, used| format!("- [{}] `{code}`\n", if used { "x" } else { " " }),
        marks_used: true,
        ..BARE
    },
    Layout {
        head: "id,code,used,note\n",
        shape: "[A-Z0-9]{4}-[0-9]{4}-[A-Z0-9]{4}",
        count: 7,
        line: |n, code, used| format!("{n},{code},{used},a note\n"),
        marks_used: true,
        ..BARE
    },
    Layout {
        head: "<!DOCTYPE html><title>Codes</title><ul>",
        shape: "[0-9]{2}[a-z0-9]{8}",
        count: 9,
        line: |_, code, used| {
            if used { format!("<li><del>{code}</del></li>") } else { format!("<li>{code}</li>") }
        },
        foot: "</ul>",
        marks_used: true,
        ..BARE
    },
    Layout {
        head: "{\\rtf1\\ansi Codes\\par ",
        shape: "[0-9]{2}[a-z0-9]{8}",
        count: 9,
        line: |_, code, used| {
            if used { format!("{{\\strike {code}}}\\par ") } else { format!("{code}\\par ") }
        },
        foot: "}",
        marks_used: true,
        ..BARE
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
        if let Some(perhaps) = layout.perhaps {
            prop_assert_eq!(set.provider, None, "{}", text);
            prop_assert!(set.candidates.contains(&perhaps), "{:?}: {}", set.candidates, text);
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
