//! Whose codes they are: a table of layouts, and how to recognise one.
//!
//! The table follows the services' own programs where their source is public, and their help pages otherwise. What
//! a file calls itself and says around the codes counts before the codes' shape, which several services share: by its
//! shape alone a set is at most perhaps somebody's, but for a few lists that are like no other.

use crate::model::Kind;
use regex::Regex;
use std::sync::LazyLock;

/// What one service's codes look like.
pub(crate) struct Layout {
    pub name: &'static str,
    /// What the text around the codes says, in lower case; the more words, the more it weighs.
    phrases: &'static [&'static str],
    /// Parts of the file's name, in lower case.
    files: &'static [&'static str],
    /// The shape of one code; empty where it is not known.
    shape: &'static str,
    /// How many codes a fresh file holds; empty where it is not known.
    counts: &'static [usize],
    kind: Kind,
}

use Kind::{Codes, Key};

const fn layout(
    name: &'static str,
    phrases: &'static [&'static str],
    files: &'static [&'static str],
    shape: &'static str,
    counts: &'static [usize],
    kind: Kind,
) -> Layout {
    Layout { name, phrases, files, shape, counts, kind }
}

#[rustfmt::skip] // a table
pub(crate) const LAYOUTS: &[Layout] = &[
    layout("GitHub", &["github"], &["github"], r"[0-9a-f]{5}-[0-9a-f]{5}", &[16], Codes),
    layout("GitLab", &["gitlab"], &["gitlab"], r"[0-9a-z]{16}|[0-9a-f]{32}", &[10], Codes),
    layout("Google", &["google", "save your backup codes", "g.co/2sv"], &["backup-codes-", "google"], r"\d{4} ?\d{4}", &[10], Codes),
    layout("Microsoft", &["microsoft", "account.live.com"], &["microsoft"], r"[A-Z0-9]{5}(?:-[A-Z0-9]{5}){4}", &[1], Key),
    layout("Apple", &["apple", "apple account", "apple id", "icloud"], &["apple", "icloud"], r"[A-Z0-9]{4}(?:-[A-Z0-9]{4}){6}", &[1], Key),
    layout("FileVault", &["filevault", "file vault"], &["filevault"], r"[A-Z0-9]{4}(?:-[A-Z0-9]{4}){5}", &[1], Key),
    layout("BitLocker", &["bitlocker", "bitlocker drive encryption recovery key"], &["bitlocker"], r"\d{6}(?:-\d{6}){7}", &[1], Key),
    layout("LUKS (systemd-cryptenroll)", &["systemd-cryptenroll", "cryptenroll"], &["luks", "cryptenroll"], r"[cbdefghijklnrtuv]{8}(?:-[cbdefghijklnrtuv]{8}){7}", &[1], Key),
    layout("LUKS", &["luks", "cryptsetup"], &["luks", "cryptsetup"], "", &[1], Key),
    layout("Discord", &["discord"], &["discord"], r"[0-9a-z]{4}-[0-9a-z]{4}", &[10], Codes),
    layout("Dropbox", &["dropbox"], &["dropbox"], "", &[], Codes),
    layout("Facebook", &["facebook", "accounts center"], &["facebook", "meta-"], r"\d{4} ?\d{4}", &[10], Codes),
    layout("Instagram", &["instagram"], &["instagram"], r"\d{4} ?\d{4}", &[5], Codes),
    layout("Slack", &["slack", "slack.com"], &["slack"], "", &[10], Codes),
    layout("npm", &["npm", "npmjs.com", "npmjs"], &["npm"], r"[0-9a-f]{64}", &[5, 10], Codes),
    layout("PyPI", &["pypi", "pypi recovery codes", "pypi.org"], &["pypi"], r"[0-9a-f]{16}", &[8], Codes),
    layout("RubyGems", &["rubygems", "rubygems.org"], &["rubygems"], r"[0-9a-f]{12}", &[10], Codes),
    layout("AWS", &["aws", "amazon web services"], &["aws"], "", &[], Codes),
    layout("Amazon", &["amazon", "amazon.com"], &["amazon"], "", &[], Codes),
    layout("Cloudflare", &["cloudflare"], &["cloudflare"], "", &[], Codes),
    layout("Atlassian", &["atlassian", "bitbucket", "jira"], &["atlassian", "bitbucket"], "", &[], Codes),
    layout("Stripe", &["stripe", "stripe.com"], &["stripe"], "", &[], Codes),
    layout("Proton", &["proton", "protonmail", "proton account"], &["proton"], r"[0-9a-f]{8}", &[16], Codes),
    layout("Bitwarden", &["bitwarden", "bitwarden two-step login recovery code"], &["bitwarden"], r"(?:[a-z0-9]{4} ?){8}", &[1], Key),
    layout("Vaultwarden", &["vaultwarden"], &["vaultwarden"], r"[A-Z2-7]{32}", &[1], Key),
    layout("1Password", &["1password", "1password emergency kit"], &["1password"], r"A3-[A-Z0-9-]{30,}", &[1], Key),
    layout("LastPass", &["lastpass"], &["lastpass"], "", &[], Codes),
    layout("Dashlane", &["dashlane"], &["dashlane"], "", &[], Codes),
    layout("NordPass", &["nordpass"], &["nordpass"], "", &[1], Key),
    layout("Epic Games", &["epic games", "epicgames.com"], &["epic"], "", &[], Codes),
    layout("Twitch", &["twitch", "twitch.tv"], &["twitch"], "", &[], Codes),
    layout("Steam", &["steam", "steam guard"], &["steam"], r"[A-Z0-9]{6,7}|R\d{5}", &[30], Codes),
    layout("Keycloak", &["keycloak", "recovery codes are single-use passcodes", "keep these recovery codes somewhere safe"], &["kc-download", "keycloak"], r"[A-NP-Z1-9]{4}(?:-[A-NP-Z1-9]{4}){2}", &[12], Codes),
    layout("Nextcloud", &["nextcloud"], &["nextcloud"], r"[A-HJ-NP-Za-km-z2-9]{16}", &[10], Codes),
    layout("WordPress", &["wordpress", "two-factor recovery codes for"], &["two-factor-backup-codes", "wordpress"], r"\d{8}", &[10], Codes),
    layout("Mastodon", &["mastodon"], &["mastodon"], r"[0-9a-f]{10}|[0-9a-f]{16}|[0-9a-f]{32}", &[10], Codes),
    layout("Gitea/Forgejo", &["gitea", "forgejo", "codeberg"], &["gitea", "forgejo", "codeberg"], r"[A-HJ-NP-Z2-9]{10}", &[1], Codes),
    layout("Discourse", &["discourse"], &["discourse"], r"[0-9a-f]{32}", &[10], Codes),
    layout("Sentry", &["sentry", "sentry.io"], &["sentry"], r"[A-Z2-7]{4}-[A-Z2-7]{4}", &[10], Codes),
    layout("authentik", &["authentik"], &["authentik"], r"[A-Za-z0-9]{12}", &[6], Codes),
    layout("Laravel", &["laravel", "fortify", "jetstream"], &["laravel", "fortify"], r"[A-Za-z0-9]{10}-[A-Za-z0-9]{10}", &[8], Codes),
    layout("django-allauth", &["allauth"], &["allauth", "recovery_codes.txt"], r"\d{8}", &[10], Codes),
    layout("django-two-factor-auth", &["django-two-factor-auth", "django-otp"], &["django-two-factor", "django-otp"], r"[a-z2-7]{8}", &[10], Codes),
    layout("Django", &["django"], &["django"], "", &[], Codes),
    layout("google-authenticator-libpam", &["totp_auth", "hotp_counter", "disallow_reuse", "rate_limit"], &["google_authenticator", "libpam"], r"[1-9]\d{7}", &[5], Codes),
    layout("ASP.NET Identity", &["asp.net", "asp.net identity"], &["asp.net", "aspnet"], r"[2-9B-DF-HJKMNP-RTV-Y]{5}-[2-9B-DF-HJKMNP-RTV-Y]{5}", &[10], Codes),
    layout("Drupal", &["drupal"], &["drupal"], r"\d{3} \d{3} \d{3}", &[10], Codes),
    layout("Mozilla", &["mozilla", "firefox", "mozilla account"], &["backup authentication codes", "mozilla", "firefox"], r"[0-9a-z]{10}", &[8], Codes),
    layout("privacyIDEA", &["privacyidea"], &["privacyidea"], r"\d{6}", &[100], Codes),
    layout("Ory Kratos", &["kratos", "ory network"], &["kratos"], r"[a-z0-9]{8}", &[12], Codes),
    layout("Matrix", &["element", "matrix", "secure backup"], &["element-recovery", "security-key", "matrix"], r"(?:[1-9A-HJ-NP-Za-km-z]{4} ?){12}", &[1], Key),
    layout("Signal", &["signal"], &["signal"], r"\d{5}(?: \d{5}){5}|[a-z0-9]{64}", &[1], Key),
    layout("MEGA", &["mega.nz", "mega recovery key"], &["mega-recoverykey", "mega"], r"[A-Za-z0-9_-]{22}", &[1], Key),
    layout("LinkedIn", &["linkedin"], &["linkedin"], "", &[], Codes),
    layout("X (Twitter)", &["twitter", "x.com"], &["twitter"], "", &[1], Codes),
    layout("Reddit", &["reddit"], &["reddit"], r"\d{6}", &[10], Codes),
    layout("PayPal", &["paypal"], &["paypal"], "", &[], Codes),
    layout("Heroku", &["heroku"], &["heroku"], "", &[10], Codes),
    layout("DigitalOcean", &["digitalocean"], &["digitalocean"], "", &[], Codes),
    layout("Hetzner", &["hetzner"], &["hetzner"], "", &[], Codes),
    layout("Coinbase", &["coinbase"], &["coinbase"], "", &[], Codes),
    layout("Fastmail", &["fastmail"], &["fastmail"], "", &[], Codes),
    layout("Tuta", &["tuta", "tutanota"], &["tuta"], r"(?:[0-9a-f]{4} ?){16}|[0-9a-f]{64}", &[1], Key),
    layout("Okta", &["okta"], &["okta"], "", &[], Codes),
    layout("age", &["age-keygen"], &[], "", &[], Key),
    layout("SSH", &["openssh"], &["id_ed25519", "id_rsa", "id_ecdsa"], "", &[], Kind::Document),
    layout("OpenPGP", &["gnupg", "openpgp", "gpg"], &[], "", &[], Kind::Document),
];

/// The shapes, each for a whole code.
static SHAPES: LazyLock<Vec<Option<Regex>>> = LazyLock::new(|| {
    // Constant patterns, each compiled by a test.
    let compile = |shape: &str| Regex::new(&format!("^(?:{shape})$")).expect("a constant pattern");
    LAYOUTS.iter().map(|layout| (!layout.shape.is_empty()).then(|| compile(layout.shape))).collect()
});

/// The names of all providers that can be recognised, in no particular order.
pub fn names() -> impl Iterator<Item = &'static str> {
    LAYOUTS.iter().map(|layout| layout.name).chain(["BIP39", "Borg", "Keyhaven"])
}

/// Who it is, and who it could be where the shape alone allows several.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Recognised {
    pub provider: Option<&'static str>,
    pub candidates: Vec<&'static str>,
    /// The kind that the provider's codes are of.
    pub kind: Option<Kind>,
}

/// What a file says beside its codes.
#[derive(Debug, Default)]
pub(crate) struct Said<'a> {
    /// The lines without codes.
    pub around: &'a str,
    /// The lines with codes, without these.
    pub beside: &'a str,
    /// The file's name, or where the text came from.
    pub file_name: Option<&'a str>,
}

/// Recognises the provider by the file's name, by the words around the codes, and by the codes themselves.
pub(crate) fn recognise(said: &Said<'_>, codes: &[&str]) -> Recognised {
    let around = quiet(&said.around.to_lowercase());
    let beside = quiet(&said.beside.to_lowercase());
    let file = said.file_name.map(str::to_lowercase).unwrap_or_default();
    let mut scores: Vec<(u32, &Layout)> = LAYOUTS
        .iter()
        .zip(SHAPES.iter())
        .filter_map(|(layout, shape)| {
            let named =
                layout.files.iter().filter(|part| file.contains(*part)).map(|part| part.len() as u32).max();
            let words = |phrase: &&str| weight(&around, phrase, true).max(weight(&beside, phrase, false));
            let said = layout.phrases.iter().map(words).sum::<u32>();
            let evidence = named.map_or(0, |length| 40 + length) + said * 10;
            (evidence > 0).then(|| (evidence + 15 * u32::from(fits(shape.as_ref(), codes)), layout))
        })
        .collect();
    scores.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    match scores.as_slice() {
        [(first, _), (second, _), ..] if first == second => {
            let best = scores.iter().take_while(|(score, _)| score == first).map(|(_, layout)| layout.name);
            Recognised { candidates: best.collect(), ..Recognised::default() }
        }
        [(_, layout), ..] => Recognised::certain(layout),
        [] => by_shape(codes, is_generic(said.around) && is_generic(said.beside) && is_generic(&file)),
    }
}

impl Recognised {
    fn certain(layout: &Layout) -> Self {
        Self { provider: Some(layout.name), candidates: Vec::new(), kind: Some(layout.kind) }
    }
}

/// Layouts that no list of another service has but by chance: many codes of a number, a grouping and letters that were
/// found together in this one program alone. A single key never is: "five groups of five" is anybody's.
const PECULIAR: &[&str] = &["GitHub", "Keycloak", "Nextcloud", "ASP.NET Identity"];

/// Recognises by the codes alone. That is a guess for a person to confirm, and certain only for a whole list in a
/// [`PECULIAR`] layout of which nothing says that it is somebody else's (`generic`). With fewer codes than a fresh file
/// has, a fitting layout is a candidate as well.
fn by_shape(codes: &[&str], generic: bool) -> Recognised {
    let fitting: Vec<&Layout> = LAYOUTS
        .iter()
        .zip(SHAPES.iter())
        .filter(|(_, shape)| fits(shape.as_ref(), codes))
        .map(|(layout, _)| layout)
        .collect();
    let exact: Vec<&Layout> =
        fitting.iter().copied().filter(|layout| layout.counts.contains(&codes.len())).collect();
    match exact.as_slice() {
        [only] if generic && PECULIAR.contains(&only.name) => return Recognised::certain(only),
        [] => {}
        several => return Recognised { candidates: names_of(several), ..Recognised::default() },
    }
    let fewer = |layout: &&Layout| layout.counts.iter().any(|count| *count > codes.len());
    let fewer: Vec<&Layout> = fitting.into_iter().filter(fewer).collect();
    Recognised { candidates: names_of(&fewer), ..Recognised::default() }
}

/// Words that files of recovery codes have whoever made them. Any other word could be a service's name.
const GENERIC: &str = "2fa a access account again all already an and any anyone are as at authentication authenticator back backup \
    be been below can cannot clipboard code codes copy created csv date device do download each emergency \
    factor false file following for from generated have here html if in input into is it keep key keys list \
    log login lose lost md mfa my new no not note notes of offline old on once one only or page passcode \
    passcodes password pdf phone place please print recover recovery rescue rtf safe save scratch screen \
    secret secure security set share sign single somewhere standard status step store text the them these \
    they this time to token tokens true two txt typed untitled unused up use used verification when will \
    with yes you your";

/// Whether `text` has no word that could name anybody.
fn is_generic(text: &str) -> bool {
    let words = text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
    // "1", "04T14" and "z" are parts of numbers and moments.
    let is_number =
        |word: &str| word.trim_matches(|c: char| c.is_ascii_digit()).trim_matches(['t', 'z']).is_empty();
    words
        .filter(|word| word.chars().count() > 1 && !is_number(word))
        .all(|word| GENERIC.split(' ').any(|generic| generic == word))
}

fn names_of(layouts: &[&Layout]) -> Vec<&'static str> {
    layouts.iter().map(|layout| layout.name).collect()
}

fn fits(shape: Option<&Regex>, codes: &[&str]) -> bool {
    !codes.is_empty() && shape.is_some_and(|shape| codes.iter().all(|code| shape.is_match(code)))
}

/// Advice that names other companies' programs says nothing about whose codes these are.
fn quiet(text: &str) -> String {
    let mut text = text.to_owned();
    for advice in [
        "google authenticator",
        "microsoft authenticator",
        "google play",
        "app store",
        "apple store",
        "1password or",
        "google chrome",
        "microsoft word",
        "microsoft edge",
        "bitwarden or",
        "gmail.com",
        "icloud.com",
        "outlook.com",
    ] {
        if text.contains(advice) {
            text = text.replace(advice, " ");
        }
    }
    text
}

/// How much it weighs that `text` has `phrase` as words of its own: more for longer phrases and, where `headed`, at the
/// beginning.
fn weight(text: &str, phrase: &str, headed: bool) -> u32 {
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(phrase)).map(|at| at + from) {
        let end = at + phrase.len();
        let free = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
        if free(text[..at].chars().next_back()) && free(text[end..].chars().next()) {
            let words = phrase.split([' ', '.', '/', '_']).count().min(4) as u32;
            let early = headed && text[..at].lines().filter(|line| !line.trim().is_empty()).count() <= 2;
            return words + u32::from(early);
        }
        from = end;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_compiles_and_no_name_stands_twice() {
        assert_eq!(SHAPES.len(), LAYOUTS.len());
        let mut names: Vec<&str> = names().collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    fn in_text(around: &str, codes: &[&str]) -> Recognised {
        recognise(&Said { around, ..Said::default() }, codes)
    }

    fn in_file(name: &str, codes: &[&str]) -> Recognised {
        recognise(&Said { file_name: Some(name), ..Said::default() }, codes)
    }

    #[test]
    fn no_generic_word_names_anybody() {
        assert!(GENERIC.split(' ').is_sorted() && !GENERIC.contains("  "));
        assert!(PECULIAR.iter().all(|name| LAYOUTS.iter().any(|layout| layout.name == *name)));
        for layout in LAYOUTS {
            assert!(
                layout.phrases.iter().all(|phrase| GENERIC.split(' ').all(|word| word != *phrase)),
                "{}",
                layout.name
            );
        }
    }

    #[test]
    fn words_before_shape() {
        let hex: Vec<String> =
            (0..10).map(|n| format!("{:016x}", 0x1234_5678_9abc_def0_u64 + n * 77_777_777)).collect();
        let hex: Vec<&str> = hex.iter().map(String::as_str).collect();
        assert_eq!(in_text("PyPI recovery codes\n", &hex).provider, Some("PyPI"));
        assert_eq!(in_file("gitlab-recovery-codes.txt", &hex).provider, Some("GitLab"));
        let beside = Said { beside: "| PyPI recovery code |  |", ..Said::default() };
        assert_eq!(recognise(&beside, &hex[..1]).provider, Some("PyPI"));
        let several = Said { beside: "pypi:\ngitlab:", ..Said::default() };
        assert_eq!(recognise(&several, &hex[..2]).candidates, ["GitLab", "PyPI"]);
        let perhaps = in_text("", &hex[..8]);
        assert_eq!((perhaps.provider, perhaps.candidates), (None, vec!["PyPI"]));
        let unclear = in_text("", &hex);
        assert_eq!((unclear.provider, unclear.candidates), (None, vec!["GitLab", "Mastodon"]));
    }

    #[test]
    fn a_shape_is_certain_only_where_it_is_peculiar_and_nobody_is_named() {
        let codes: Vec<String> = (0..16).map(|n| format!("{:05x}-{:05x}", 0xabcde - n, n * 4_099)).collect();
        let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
        for generic in ["", "Your recovery codes\n\nUse each only once.", "Backup codes (2025-03-04)"] {
            assert_eq!(in_text(generic, &codes).provider, Some("GitHub"), "{generic}");
        }
        for name in ["recovery-codes (1).txt", "codes-2025-03-04T14_07_33Z.txt"] {
            assert_eq!(in_file(name, &codes).provider, Some("GitHub"), "{name}");
        }
        for named in ["B3Networks recovery codes", "Your codes for Hetzner Cloud", "Codes\nme@example.org"] {
            let perhaps = in_text(named, &codes);
            assert_ne!(perhaps.provider, Some("GitHub"), "{named}");
        }
        assert_eq!(in_file("b3-codes.txt", &codes).candidates, ["GitHub"]);
        let beside = Said { beside: "B3Networks:", ..Said::default() };
        assert_eq!(
            (recognise(&beside, &codes).provider, recognise(&beside, &codes).candidates),
            (None, vec!["GitHub"])
        );
        // One key, a list of anybody's shape: never more than perhaps.
        for (code, count, name) in [
            ("QXRD1-ELTV2-DZMU3-F6CR4-9KWPB", 1, "Microsoft"),
            ("QXRD-1ELT-V2DZ-MU3F-6CR4-9KWP", 1, "FileVault"),
            ("6nks 9i28 7x2h dab9 6nks 9i28 7x2h dab9", 1, "Bitwarden"),
            ("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", 1, "Vaultwarden"),
            ("ab12-cd34", 10, "Discord"),
            ("0123456789abcdef", 8, "PyPI"),
            ("aB3dEfGh1jKl", 6, "authentik"),
            ("ab3def7h", 12, "Ory Kratos"),
        ] {
            for around in ["", "B3Networks recovery key"] {
                let perhaps = in_text(around, &vec![code; count]);
                assert_eq!((perhaps.provider, perhaps.candidates.contains(&name)), (None, true), "{name}");
            }
        }
    }

    #[test]
    fn advice_is_no_evidence() {
        let text = "GitHub two-factor recovery codes\nUse an app such as Google Authenticator or 1Password.\nme@gmail.com";
        assert_eq!(in_text(text, &["abcde-12345"]).provider, Some("GitHub"));
        assert_eq!(in_text("a slacker's discordant notes", &["abcde-12345"]).provider, None);
    }
}
