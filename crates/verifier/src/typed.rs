//! What people type, brought to one form before anything is compared or counted (verifier specification R16: a code
//! with a space in it is the same code).

use zeroize::Zeroizing;

/// Longest text that is looked at; what is longer is no code.
const MAX_TYPED: usize = 128;

/// The decimal digits of `text` if they are exactly `count`; white space and dashes do not count, full-width and
/// Arabic-Indic digits are digits. `None` is a text that cannot be a code at all.
pub(crate) fn digits(text: &str, count: u8) -> Option<Zeroizing<String>> {
    if text.len() > MAX_TYPED {
        return None;
    }
    let mut digits = Zeroizing::new(String::with_capacity(text.len()));
    for character in text.chars().filter(|character| !is_ignored(*character)) {
        digits.push(char::from_digit(digit_value(character)?, 10)?);
    }
    (digits.len() == usize::from(count)).then_some(digits)
}

fn is_ignored(character: char) -> bool {
    // The dashes that keyboards and mail programs make of a hyphen, and the invisible marks of right-to-left text.
    character.is_whitespace()
        || matches!(character, '-' | '\u{2010}'..='\u{2015}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

fn digit_value(character: char) -> Option<u32> {
    match character {
        '0'..='9' => character.to_digit(10),
        '\u{0660}'..='\u{0669}' => Some(character as u32 - 0x660),
        '\u{06f0}'..='\u{06f9}' => Some(character as u32 - 0x6f0),
        '\u{ff10}'..='\u{ff19}' => Some(character as u32 - 0xff10),
        _ => None,
    }
}

/// Letters and digits of a recovery code in upper case, `I` and `L` read as 1, `O` as 0 (Crockford's base32); `None`
/// if anything else is in it.
pub(crate) fn recovery(text: &str) -> Option<Zeroizing<String>> {
    if text.len() > MAX_TYPED {
        return None;
    }
    let mut code = Zeroizing::new(String::with_capacity(text.len()));
    for character in text.chars().filter(|character| !is_ignored(*character)) {
        code.push(match character.to_ascii_uppercase() {
            'I' | 'L' => '1',
            'O' => '0',
            'U' => return None,
            upper if upper.is_ascii_alphanumeric() => upper,
            _ => return None,
        });
    }
    Some(code)
}

/// A telephone number as ITU-T E.164 writes it: `+` and 8 to 15 digits; spaces, dashes, dots and parentheses do not
/// count. `None` for anything else, a national number among them.
pub(crate) fn phone(text: &str) -> Option<String> {
    let text: String = text
        .chars()
        .filter(|character| !is_ignored(*character) && !matches!(character, '(' | ')' | '.'))
        .collect();
    let digits = text.strip_prefix('+')?;
    let plausible = (8..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    (plausible && !digits.starts_with('0')).then_some(text)
}

/// An e-mail address that a message can be sent to: something before and after one `@`, no white space or control
/// character, at most 254 bytes (RFC 5321 §4.5.3.1.3). Whether it exists, only the code that arrives can tell.
pub(crate) fn email(text: &str) -> Option<String> {
    let text = text.trim();
    let (local, domain) = text.rsplit_once('@')?;
    let plausible = !local.is_empty()
        && !domain.is_empty()
        && text.len() <= 254
        && !text
            .chars()
            .any(|character| character.is_control() || character.is_whitespace() || character == ',');
    plausible.then(|| format!("{local}@{}", domain.to_lowercase()))
}

/// What may be shown of an address: the last two digits of a number, the first letter and the domain of a mailbox.
pub(crate) fn masked(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) => format!("{}•••@{domain}", local.chars().next().unwrap_or('•')),
        None => {
            let shown: String = address.chars().rev().take(2).collect();
            format!("•••{}", shown.chars().rev().collect::<String>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_code_in_many_spellings() {
        for text in [
            "492039",
            "492 039",
            " 492-039\n",
            "492\u{a0}039",
            "４９２０３９",
            "٤٩٢٠٣٩",
            "۴۹۲۰۳۹",
            "492\u{2013}039",
        ] {
            assert_eq!(digits(text, 6).as_deref().map(String::as_str), Some("492039"), "{text:?}");
        }
        for text in ["", "49203", "4920390", "49203a", "+492039", "492.039", "4920³9", &"1".repeat(200)] {
            assert!(digits(text, 6).is_none(), "{text:?}");
        }
    }

    #[test]
    fn recovery_codes_forgive_case_and_lookalikes() {
        assert_eq!(recovery("abcd-0lio-23 xy").unwrap().as_str(), "ABCD011023XY");
        assert!(recovery("abcu").is_none());
        assert!(recovery("ab+d").is_none());
    }

    #[test]
    fn what_is_longer_than_anybody_types_is_no_code() {
        let padded = |length: usize| format!("492039{}", " ".repeat(length - 6));
        assert!(digits(&padded(MAX_TYPED), 6).is_some());
        assert!(digits(&padded(MAX_TYPED + 1), 6).is_none());
        assert!(digits(&padded(MAX_TYPED + 2), 6).is_none());
        assert!(recovery(&padded(MAX_TYPED)).is_some());
        assert!(recovery(&padded(MAX_TYPED + 1)).is_none());
        assert!(recovery(&padded(MAX_TYPED + 2)).is_none());
    }

    #[test]
    fn numbers_are_international() {
        assert_eq!(phone("+44 (20) 7946-0958").as_deref(), Some("+442079460958"));
        for text in ["020 7946 0958", "+0442079460958", "+44", "+12345678901234567", "+44x0794609", ""] {
            assert_eq!(phone(text), None, "{text:?}");
        }
    }

    #[test]
    fn addresses_can_be_sent_to() {
        assert_eq!(email(" Ann@Example.ORG ").as_deref(), Some("Ann@example.org"));
        for text in ["ann", "@example.org", "ann@", "ann@x\r\nBcc: all@x", "a b@x", "a@x,b@y", ""] {
            assert_eq!(email(text), None, "{text:?}");
        }
        assert_eq!(masked("ann@example.org"), "a•••@example.org");
        assert_eq!(masked("+442079460958"), "•••58");
    }

    proptest! {
        #[test]
        fn nothing_typed_panics(text in "\\PC{0,40}") {
            let _ = (digits(&text, 6), recovery(&text), phone(&text), email(&text), masked(&text));
        }
    }
}
