//! What a code looks like: how many groups of how many characters, parted by what, of which letters.

use crate::pattern;

/// Fewest and most letters and digits of one code.
const LENGTH: std::ops::RangeInclusive<usize> = 4..=512;
/// Longest group of a code that is parted by blanks for reading only: "6nks 9i28 …"; longer ones are codes each.
const BLANK_GROUP: usize = 5;

/// Group lengths and what stands between the groups: `5-5`, `4 4`, `16`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Shape {
    pub groups: Vec<usize>,
    pub separator: Option<char>,
}

/// Which characters a code's letters and digits are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Letters {
    Digits,
    Lower,
    Upper,
    Mixed,
}

/// A run of characters that could be one code.
#[derive(Debug, Clone)]
pub(crate) struct Candidate<'t> {
    pub text: &'t str,
    pub shape: Shape,
    pub letters: Letters,
    /// Could hardly be a word or a plain number: digits among letters, or even groups.
    pub strong: bool,
}

pattern! {
    GROUPED = r"^[A-Za-z0-9]+(?:[-_–][A-Za-z0-9]+)*$";
    // Base64 in either alphabet (RFC 4648 §4 and §5), long enough not to be a word.
    BASE64 = r"^[A-Za-z0-9+/_-]{16,}={0,2}$";
    // Names of commands and files; no service puts words into its codes that are about codes.
    WORDS = r"(?i)recover|backup|codes|factor|authen|download|password";
    GUID = r"^\{?[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}\}?$";
    BASE32 = r"^[A-Z2-7]{16,}={0,6}$|^[a-z2-7]{16,}={0,6}$";
}

/// A GUID (RFC 9562 §4): nearly always the name of a key, an account or a device.
pub(crate) fn is_guid(text: &str) -> bool {
    GUID.is_match(text)
}

/// What an authenticator's secret looks like: base32 (RFC 4648 §6) of 80 bits or more, blanks and dashes aside.
pub(crate) fn is_totp_secret(text: &str) -> bool {
    let joined = zeroize::Zeroizing::new(text.replace([' ', '-'], ""));
    BASE32.is_match(&joined) && !joined.bytes().all(|b| b.is_ascii_digit())
}

impl<'t> Candidate<'t> {
    /// `text` as one code without blanks.
    pub fn word(text: &'t str) -> Option<Self> {
        let (groups, separator) = if GROUPED.is_match(text) {
            let separator = text.chars().find(|c| !c.is_ascii_alphanumeric());
            (text.split(['-', '_', '–']).map(str::len).collect(), separator)
        } else if BASE64.is_match(text) {
            (vec![text.len()], None)
        } else {
            return None;
        };
        Self::new(text, Shape { groups, separator })
    }

    /// `text` as one code whose groups are parted by blanks; `words` are its groups.
    fn spaced(text: &'t str, words: &[&str]) -> Option<Self> {
        let first = words.first()?.len();
        let even = words.len() > 1 && (2..=BLANK_GROUP).contains(&first);
        let plain = |word: &&str| word.len() == first && word.bytes().all(|b| b.is_ascii_alphanumeric());
        if !even || !words.iter().all(plain) {
            return None;
        }
        Self::new(text, Shape { groups: vec![first; words.len()], separator: Some(' ') })
    }

    fn new(text: &'t str, shape: Shape) -> Option<Self> {
        let count = |is: fn(&u8) -> bool| text.bytes().filter(is).count();
        let digits = count(u8::is_ascii_digit);
        let (lower, upper) = (count(u8::is_ascii_lowercase), count(u8::is_ascii_uppercase));
        let length = digits + lower + upper;
        if !LENGTH.contains(&length) || WORDS.is_match(text) {
            return None;
        }
        let letters = match (lower, upper) {
            (0, 0) => Letters::Digits,
            (_, 0) => Letters::Lower,
            (0, _) => Letters::Upper,
            _ => Letters::Mixed,
        };
        let even = shape.groups.len() > 1 && shape.groups.iter().all(|group| *group == shape.groups[0]);
        let strong = match letters {
            Letters::Digits => length >= 8,
            _ if digits > 0 => length >= 6,
            // "ABCD-EFGH" and "abcd-efgh-ijkl", but neither "sign-in" nor "Your keys".
            Letters::Upper => even && length >= 8,
            _ => even && shape.separator == Some('-') && shape.groups.len() > 2 && length >= 12,
        };
        Some(Self { text, shape, letters, strong })
    }

    pub fn length(&self) -> usize {
        self.text.bytes().filter(u8::is_ascii_alphanumeric).count()
    }

    pub fn has_digit(&self) -> bool {
        self.text.bytes().any(|b| b.is_ascii_digit())
    }
}

/// The codes that `text` begins with, and what follows them.
pub(crate) fn leading_codes(text: &str) -> (Vec<Candidate<'_>>, &str) {
    let words: Vec<(usize, &str)> = words(text).collect();
    let end = |count: usize| words.get(count).map_or(text.len(), |(at, _)| *at);
    let plain: Vec<&str> = words.iter().map(|(_, word)| *word).collect();

    // Groups parted by blanks: the longest even run, unless its groups are dashed codes of their own.
    let run = plain.iter().take_while(|word| word.len() == plain[0].len()).count();
    for count in (2..=run).rev() {
        let all = count == plain.len();
        if let Some(code) = Candidate::spaced(text[..end(count)].trim_end(), &plain[..count]) {
            let digits = code.has_digit();
            if digits || (all && code.letters != Letters::Mixed) {
                return (vec![code], &text[end(count)..]);
            }
        }
    }

    let mut codes: Vec<Candidate<'_>> = Vec::new();
    for (_, word) in &words {
        let Some(code) = Candidate::word(trim_end(word)) else { break };
        let alike = codes.first().is_none_or(|first| first.shape == code.shape && code.length() >= 6);
        if !alike {
            break;
        }
        codes.push(code);
    }
    // "correct horse battery": several words of one length are words unless something says otherwise.
    if codes.len() > 1 && !codes.iter().any(|code| code.strong) {
        codes.clear();
    }
    let rest = &text[end(codes.len())..];
    (codes, rest)
}

/// A sentence's full stop and the like are no part of a code.
pub(crate) fn trim_end(word: &str) -> &str {
    word.trim_end_matches(['.', ',', ';', ':', '!'])
}

/// The words of `text` with their places.
pub(crate) fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let base = text.as_ptr() as usize;
    text.split_whitespace().map(move |word| (word.as_ptr() as usize - base, word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<&str>, &str) {
        let (codes, rest) = leading_codes(text);
        (codes.iter().map(|code| code.text).collect(), rest)
    }

    #[test]
    fn blanks_part_groups_or_codes() {
        assert_eq!(read("6nks 9i28 7x2h dab9"), (vec!["6nks 9i28 7x2h dab9"], ""));
        assert_eq!(read("123 456 789"), (vec!["123 456 789"], ""));
        assert_eq!(read("2BCDF-3BCDF 4BCDF-5BCDF"), (vec!["2BCDF-3BCDF", "4BCDF-5BCDF"], ""));
        assert_eq!(read("123456 654321"), (vec![], "123456 654321"));
        assert_eq!(read("12345678 87654321"), (vec!["12345678", "87654321"], ""));
        assert_eq!(read("abcde-12345 my laptop"), (vec!["abcde-12345"], "my laptop"));
        assert_eq!(read("1234 5678 my laptop"), (vec!["1234 5678"], "my laptop"));
    }

    #[test]
    fn words_are_not_strong() {
        for text in ["Discord", "sign-in", "two-factor", "Backup codes", "123456"] {
            let (codes, _) = leading_codes(text);
            assert!(codes.iter().all(|code| !code.strong), "{text}");
        }
        for text in ["a1b2c3", "ABCD-EFGH", "12345678", "QQ2-A", "T52QEJH2WZ"] {
            let (codes, _) = leading_codes(text);
            assert_eq!(
                codes.iter().filter(|code| code.strong).count(),
                usize::from(text != "QQ2-A"),
                "{text}"
            );
        }
    }

    #[test]
    fn secrets_and_identifiers() {
        assert!(is_totp_secret("JBSW Y3DP EHPK 3PXP"));
        assert!(!is_totp_secret("JBSWY3DP"));
        assert!(!is_totp_secret("2222222222222222"));
        assert!(is_guid("{5A1B2C3D-0000-1111-2222-333344445555}"));
    }
}
