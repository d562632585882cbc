//! Keys whose own form names them, with the checksums that some of them have.

use crate::model::Problem;
use crate::pattern;
use bech32::Bech32;
use bech32::primitives::decode::CheckedHrpstring;
use keyhaven_secret::SecretText;
use std::sync::LazyLock;
use zeroize::Zeroizing;

/// A key that needs no other line to be known.
#[derive(Debug)]
pub(crate) struct Key<'t> {
    pub provider: &'static str,
    pub text: &'t str,
    /// What is wrong with it. It is kept all the same: a person corrects it.
    pub problems: Vec<Problem>,
}

type Check = fn(&str, usize) -> Vec<Problem>;

static KEYS: LazyLock<[(&str, &LazyLock<regex::Regex>, Check); 5]> = LazyLock::new(|| {
    [
        ("age", &AGE, age),
        ("BitLocker", &BITLOCKER, bitlocker),
        ("LUKS (systemd-cryptenroll)", &SYSTEMD, no_check),
        ("1Password", &ONE_PASSWORD, no_check),
        ("Borg", &BORG, no_check),
    ]
});

pattern! {
    // age(1) §"Identities": native, post-quantum and plugin identities, upper case by convention.
    AGE = r"(?i)\bAGE-(?:SECRET-KEY|PLUGIN-[A-Z0-9-]+?)-(?:PQ-)?1[02-9AC-HJ-NP-Z]{6,}";
    BITLOCKER = r"\b\d{6}(?:\s?[-–]\s?\d{6}){7}\b|^\s*\d{6}(?: \d{6}){7}\s*$";
    // systemd-cryptenroll(1) --recovery-key: 256 bits in modhex, eight groups of eight.
    SYSTEMD = r"\b[cbdefghijklnrtuv]{8}(?:-[cbdefghijklnrtuv]{8}){7}\b";
    ONE_PASSWORD = r"\bA3-[A-Z0-9]{6}-[A-Z0-9]{6}(?:-[A-Z0-9]{5}){4}\b|\bA3-[A-Z0-9]{6}(?:-[A-Z0-9]{5,6}){5}\b";
    BORG = r"^BORG_KEY [0-9a-f]{64}$";
}

/// What the first line of Keyhaven's own emergency kit says.
const OWN_KIT: &str = "keyhaven emergency kit";
/// Lines within which it says so.
const OWN_HEADING: usize = 5;
/// Groups of its recovery key.
const OWN_GROUPS: usize = 7;

pattern! {
    // Groups of Crockford's base32, as the kit prints them: several on a line, or all of them with dashes.
    OWN_LINE = r"^\s*[0-9A-HJKMNP-TV-Z]{5}(?:(?:\s+|-)[0-9A-HJKMNP-TV-Z]{5})*\s*$";
}

/// The recovery key of a Keyhaven emergency kit, and the lines that its groups stand on.
pub(crate) fn own_kit(lines: &[&str]) -> Option<(SecretText, Vec<usize>)> {
    let heading = |line: &&str| line.to_lowercase().contains(OWN_KIT);
    lines.iter().filter(|line| !line.trim().is_empty()).take(OWN_HEADING).find(|line| heading(line))?;
    let (mut text, mut count, mut at) = (Zeroizing::new(String::with_capacity(64)), 0, Vec::new());
    for (number, line) in lines.iter().enumerate().filter(|(_, line)| OWN_LINE.is_match(line)) {
        if count == OWN_GROUPS {
            break;
        }
        at.push(number);
        for group in line.split(|c: char| c == '-' || c.is_whitespace()).filter(|group| !group.is_empty()) {
            if count > 0 {
                text.push('-');
            }
            text.push_str(group);
            count += 1;
        }
    }
    (count == OWN_GROUPS).then(|| (SecretText::new(text.to_string()), at))
}

/// The key on `line`, whose number `at` counts from 1.
pub(crate) fn find(line: &str, at: usize) -> Option<Key<'_>> {
    KEYS.iter().find_map(|(provider, pattern, check)| {
        let text = pattern.find(line)?.as_str().trim();
        Some(Key { provider, text, problems: check(text, at) })
    })
}

fn no_check(_: &str, _: usize) -> Vec<Problem> {
    Vec::new()
}

/// A BitLocker recovery password carries 16 bits in each group, times 11 (MS-FVE; libbde documentation §"Recovery
/// password"), so that a slip of the pen shows in its own group.
fn bitlocker(text: &str, line: usize) -> Vec<Problem> {
    let groups = text.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty());
    let right = |group: &str| group.parse::<u32>().is_ok_and(|value| value % 11 == 0 && value / 11 < 1 << 16);
    groups
        .enumerate()
        .filter(|(_, group)| !right(group))
        .map(|(at, _)| Problem::BitLockerGroup { line, group: at + 1 })
        .collect()
}

/// age's native identities are Bech32 (BIP173) of 32 bytes, without its limit of 90 characters.
fn age(text: &str, line: usize) -> Vec<Problem> {
    match CheckedHrpstring::new::<Bech32>(text) {
        Ok(_) => Vec::new(),
        Err(_) => vec![Problem::AgeChecksum { line }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(line: &str) -> Option<(&'static str, Vec<Problem>)> {
        find(line, 7).map(|key| (key.provider, key.problems))
    }

    #[test]
    fn bitlocker_groups_are_multiples_of_eleven() {
        let good = "000011-720885-111111-222222-333333-444444-555555-666666";
        assert_eq!(problems(good), Some(("BitLocker", vec![])));
        assert_eq!(problems(&format!("Recovery Key: {good}")), Some(("BitLocker", vec![])));
        let bad = "000011-720896-111112-222222-333333-444444-555555-666666";
        let wrong = |group| Problem::BitLockerGroup { line: 7, group };
        assert_eq!(problems(bad), Some(("BitLocker", vec![wrong(2), wrong(3)])));
        assert_eq!(problems("000011-720885-111111-222222"), None);
    }

    #[test]
    fn age_keys_have_a_checksum() {
        let key =
            bech32::encode_upper::<Bech32>(bech32::Hrp::parse("age-secret-key-").unwrap(), &[7; 32]).unwrap();
        assert!(key.starts_with("AGE-SECRET-KEY-1"));
        assert_eq!(problems(&key), Some(("age", vec![])));
        let slip = key.replacen("1", "1Q", 1);
        assert_eq!(problems(&slip), Some(("age", vec![Problem::AgeChecksum { line: 7 }])));
        let recipient = bech32::encode_lower::<Bech32>(bech32::Hrp::parse("age").unwrap(), &[7; 32]).unwrap();
        assert_eq!(problems(&recipient), None);
    }

    #[test]
    fn systemd_and_one_password() {
        let key = ["cbdefghi"; 8].join("-");
        assert_eq!(problems(&key), Some(("LUKS (systemd-cryptenroll)", vec![])));
        assert_eq!(
            problems("Secret Key: A3-ASWWYB-798JRY-LJVD4-23DC2-86TVM-H43EB"),
            Some(("1Password", vec![]))
        );
    }
}
