//! What the words before a value say about it, and the values that are never codes.

use crate::model::Aside;
use crate::pattern;

/// What a label says of the value behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    /// "Recovery code", "Code 3", "Backup key".
    Code,
    /// "Identifier", "Account", "Created".
    Not(Aside),
    /// Anything else: "Work laptop".
    Neutral,
}

pattern! {
    // The words stand at the label's end, where its head noun is: "recovery key" is a code, "recovery key ID" is not.
    CODE = r"(?ix) (?: \b(?:recovery|backup|back-up|emergency|rescue|scratch|restore|reset|single-use|one-time|unlock|wiederherstellungs?|notfall|ersatz|master|paper)[-\s]*
        (?:code|key|token|phrase|passphrase|password|schlüssel|passwort|kennwort|pin)s?
        | \bcodes? | \bkey | \bscratch\s+token | \bcode\s+de\s+(?:secours|récupération|recuperación) | \bc[oó]digos? | schlüssel )
        (?:\s+is|\s+are|\s+ist)? [\s\#№.()\d]* $";
    IDENTIFIER = r"(?ix) \b(?:id|ids|identifier|guid|uuid|serial|number|no|nr|account|user|user\s?name|login|name|handle|device|host|server|computer|machine|fingerprint|public\s+key|recipient|version|order|customer|ticket|reference|ref|ip|checksum|sha-?(?:1|256|512)|md5|hash|plan|team|organi[sz]ation|workspace|tenant|kennung|bezeichner|konto|benutzer(?:name)?|seriennummer|identificateur|identifiant|identificador|cuenta|compte|volume|drive|disk|size|page|zip|postcode|support|case) \s* $";
    TOTP = r"(?ix) (?: \b(?:totp|otp|2fa|mfa|two-factor|authenticator|authentication|setup|set-up|manual|manual\s+entry|shared|secret|seed|einrichtungs)[-\s]* (?:secret|key|seed|schlüssel) | \bsecret | \bseed ) \s* $";
    PHONE = r"(?ix) \b(?:phone|telephone|tel|mobile|cell|fax|sms|hotline|telefon|handy|téléphone|teléfono|móvil) (?:\s+(?:number|no|nr))? \.? \s* $";
    ADDRESS = r"(?ix) \b(?:e-?mail|mail|url|site|website|web|address|link|domain|adresse|correo) \s* $";
    DATE = r"(?ix) \b(?:date|time|created|generated|issued|printed|expires?|expiry|valid\s+until|updated|changed|downloaded|saved|on|at|since|until|datum|erstellt|am|fecha) \s* $";
    SECRET = r"(?ix) \b(?:password|passcode|passphrase|pin|puk|passwort|kennwort|mot\s+de\s+passe|contraseña) \s* $";
    // Words that say a label is about codes although it ends like an identifier: "Recovery code number 3".
    NUMBERED = r"(?ix) \b(?:code|key|token) \s+ (?:number|no|nr) [\s.\#\d]* $";
}

/// What `label` (without its colon) says.
pub(crate) fn label(label: &str) -> Label {
    let label = label.trim().trim_end_matches([':', '=']).trim_end();
    let not = [
        (&TOTP, Aside::TotpSecret),
        (&PHONE, Aside::Phone),
        (&ADDRESS, Aside::Address),
        (&DATE, Aside::Date),
        (&SECRET, Aside::Identifier),
        (&IDENTIFIER, Aside::Identifier),
    ];
    if NUMBERED.is_match(label) {
        return Label::Code;
    }
    // "Recovery password" and "master key" are codes, "password" and "setup key" are not; "Secret Key" is what
    // 1Password calls its recovery key, and authenticators their secret: its shape decides.
    if CODE.is_match(label) && !TOTP.is_match(label) && !label.to_ascii_lowercase().ends_with("public key") {
        return Label::Code;
    }
    not.iter()
        .find(|(pattern, _)| pattern.is_match(label))
        .map_or(Label::Neutral, |(_, aside)| Label::Not(*aside))
}

pattern! {
    IS_ADDRESS = r"(?ix) ^<?(?:https?|ftp|mailto|ssh|git)[:@] | ^www\. | ^<?[\w.+-]+@[\w-]+(?:\.[\w-]+)+>?$ | ^[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?:[/:]\S*)?$";
    IS_DATE = r"(?ix) ^ (?: \d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T\s,].*)? | \d{4}[-/.](?:0[1-9]|1[0-2]) | \d{1,2}[-/.]\s?\d{1,2}[-/.]\s?\d{2,4}(?:[\s,].*)? | \d{1,2}:\d{2}(?::\d{2})?\b.*
        | (?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+)? (?:\d{1,2}(?:st|nd|rd|th|\.)?\s+)? (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mär|mai|okt|dez)[a-z]*\.?,?(?:\s+\d{1,2}(?:st|nd|rd|th)?)?,?\s+\d{4}\b.*
        | \d{1,2}[-\s](?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[-\s]\d{2,4}\b.* | (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+\d{1,2} ) $";
    IS_PHONE = r"^(?:\+\s?\d[\d ()/.-]{5,}|\(\d{2,5}\)[\d ./-]{4,}|(?:1[-. ])?\d{3}[-. ]\d{3}[-. ]\d{4})$";
    IS_IDENTIFIER = r"(?ix) ^(?:\d{1,3}(?:\.\d{1,3}){3}(?::\d+)? | v?\d+(?:\.\d+)+ | (?:[0-9a-f]{2}:){3,}[0-9a-f]{2} | (?:sha256|sha1|md5):\S+ | age1[02-9ac-hj-np-z]{58})$";
    // google-authenticator-libpam writes its settings as `" NAME values`.
    IS_SETTING = r#"^"\s[A-Z0-9_]{3,}(?:\s|$)"#;
    IS_OTPAUTH = r"(?i)\botpauth(?:-migration)?://";
}

/// What `text` is when it is a thing that no code ever looks like.
pub(crate) fn aside(text: &str) -> Option<Aside> {
    let patterns = [
        (&IS_OTPAUTH, Aside::TotpSecret),
        (&IS_SETTING, Aside::Setting),
        (&IS_ADDRESS, Aside::Address),
        (&IS_DATE, Aside::Date),
        (&IS_PHONE, Aside::Phone),
        (&IS_IDENTIFIER, Aside::Identifier),
    ];
    patterns.iter().find(|(pattern, _)| pattern.is_match(text)).map(|(_, aside)| *aside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_says_what_follows() {
        for code in [
            "Recovery code",
            "Code 3",
            "backup key",
            "Your one-time code #2",
            "Recovery Key:",
            "Recovery code number 3",
            "Recovery password",
            "Backup passphrase",
            "Wiederherstellungsschlüssel",
            "Your recovery code is",
        ] {
            assert_eq!(label(code), Label::Code, "{code}");
        }
        for (text, aside) in [
            ("Recovery key ID", Aside::Identifier),
            ("Identifier:", Aside::Identifier),
            ("Account", Aside::Identifier),
            ("# public key", Aside::Identifier),
            ("Setup key", Aside::TotpSecret),
            ("TOTP secret", Aside::TotpSecret),
            ("Phone", Aside::Phone),
            ("Generated on", Aside::Date),
            ("E-Mail", Aside::Address),
            ("Password", Aside::Identifier),
        ] {
            assert_eq!(label(text), Label::Not(aside), "{text}");
        }
        assert_eq!(label("Work laptop"), Label::Neutral);
    }

    #[test]
    fn what_no_code_looks_like() {
        for (text, is) in [
            ("https://example.org/a?b=c", Aside::Address),
            ("me@example.org", Aside::Address),
            ("example.co.uk", Aside::Address),
            ("2025-03-04T14:07:33Z", Aside::Date),
            ("4.3.2025", Aside::Date),
            ("March 4, 2025 at 2:07 PM", Aside::Date),
            ("4 Mar 2025", Aside::Date),
            ("14:07", Aside::Date),
            ("+49 30 1234567", Aside::Phone),
            ("555-123-4567", Aside::Phone),
            ("192.168.0.1", Aside::Identifier),
            ("\" TOTP_AUTH", Aside::Setting),
            ("otpauth://totp/x?secret=AAAA", Aside::TotpSecret),
        ] {
            assert_eq!(aside(text), Some(is), "{text}");
        }
        for code in
            ["1234 5678", "123 456 789", "abcde-12345", "12345678", "1234-5678", "ABCD-EFGH", "2024-5678"]
        {
            assert_eq!(aside(code), None, "{code}");
        }
    }
}
