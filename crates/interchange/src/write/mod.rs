//! Accounts to exports that other programs read.
//!
//! [`losses`] says what a target cannot hold, for a person to see before anything is written; [`write()`] then writes
//! the rest. Google Authenticator's pages of QR codes are `keyhaven_otp::migration::write`'s.

mod aegis;
mod bitwarden;
mod ente;
mod keepassxc;
mod proton;
mod twofas;

use crate::json::Document;
use keyhaven_otp::{Account, Kind};
use keyhaven_secret::{SecretBytes, SecretText};
use serde_json::Value;
use std::fmt;

/// A program and a form of its export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Target {
    /// One otpauth URI a line, plain.
    OtpauthList,
    /// Aegis' JSON, plain.
    Aegis,
    /// Aegis' JSON under a password.
    AegisEncrypted,
    /// 2FAS' backup, plain.
    TwoFas,
    /// 2FAS' backup under a password.
    TwoFasEncrypted,
    /// Ente Auth's text, plain.
    Ente,
    /// Ente Auth's JSON under a password.
    EnteEncrypted,
    /// Proton Authenticator's JSON, plain.
    Proton,
    /// Bitwarden's vault JSON, plain.
    Bitwarden,
    /// KeePassXC's CSV, plain.
    KeePassXcCsv,
}

impl Target {
    /// Every target.
    pub const ALL: &'static [Self] = &[
        Self::OtpauthList,
        Self::Aegis,
        Self::AegisEncrypted,
        Self::TwoFas,
        Self::TwoFasEncrypted,
        Self::Ente,
        Self::EnteEncrypted,
        Self::Proton,
        Self::Bitwarden,
        Self::KeePassXcCsv,
    ];

    /// Whether the export is under a password. A plain one is to be warned about.
    pub fn is_encrypted(self) -> bool {
        matches!(self, Self::AegisEncrypted | Self::TwoFasEncrypted | Self::EnteEncrypted)
    }

    /// The usual ending of the file's name, without the dot.
    pub fn ending(self) -> &'static str {
        match self {
            Self::OtpauthList | Self::Ente => "txt",
            Self::TwoFas | Self::TwoFasEncrypted => "2fas",
            Self::KeePassXcCsv => "csv",
            _ => "json",
        }
    }

    /// Whether the target's program knows such codes.
    fn knows(self, kind: &Kind) -> bool {
        match self {
            Self::OtpauthList | Self::Aegis | Self::AegisEncrypted => true,
            Self::TwoFas | Self::TwoFasEncrypted | Self::Ente | Self::EnteEncrypted => {
                matches!(kind, Kind::Totp { .. } | Kind::Hotp { .. } | Kind::Steam)
            }
            Self::Proton | Self::Bitwarden | Self::KeePassXcCsv => {
                matches!(kind, Kind::Totp { .. } | Kind::Steam)
            }
        }
    }

    /// Digits that the target's program shows; it takes others for the nearest of these, or for an error.
    fn digits(self) -> std::ops::RangeInclusive<u8> {
        match self {
            Self::TwoFas | Self::TwoFasEncrypted => 5..=8,
            Self::KeePassXcCsv => 6..=10,
            _ => 5..=10,
        }
    }

    /// How far the target's program counts: further, and its reader refuses the whole file.
    fn most_counter(self) -> u64 {
        match self {
            Self::TwoFas | Self::TwoFasEncrypted => i32::MAX as u64,
            Self::OtpauthList => u64::MAX,
            _ => i64::MAX as u64,
        }
    }

    fn holds_notes(self) -> bool {
        !matches!(self, Self::OtpauthList | Self::TwoFas | Self::TwoFasEncrypted)
    }

    /// How many tags an entry can have.
    fn most_tags(self) -> usize {
        match self {
            Self::OtpauthList | Self::Proton => 0,
            Self::TwoFas | Self::TwoFasEncrypted | Self::Bitwarden | Self::KeePassXcCsv => 1,
            _ => usize::MAX,
        }
    }

    fn holds_pins(self) -> bool {
        matches!(
            self,
            Self::Aegis | Self::AegisEncrypted | Self::Ente | Self::EnteEncrypted | Self::Bitwarden
        )
    }

    /// Whether an entry may do without an issuer.
    fn wants_issuer(self) -> bool {
        matches!(self, Self::TwoFas | Self::TwoFasEncrypted | Self::Bitwarden | Self::KeePassXcCsv)
    }
}

/// An account to be written and what is kept beside it.
#[derive(Debug, Clone, Copy)]
pub struct Exported<'a> {
    /// The account.
    pub account: &'a Account,
    /// Its note.
    pub note: Option<&'a SecretText>,
    /// Its tags.
    pub tags: &'a [String],
    /// Whether it is pinned.
    pub pinned: bool,
}

/// Something that a target cannot hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// The account's place in the list, from 0.
    pub place: usize,
    /// What is lost.
    pub what: Lost,
}

/// What a target cannot hold of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lost {
    /// The whole account: the program knows no such codes.
    Account,
    /// The whole account: the program does not show that many digits.
    AccountForDigits,
    /// The whole account: its mOTP secret is no text, or no secret as the program takes it for such codes.
    AccountForSecret,
    /// The whole account: the program gives such codes another period.
    AccountForPeriod,
    /// The whole account: its counter is beyond what the program counts to.
    AccountForCounter,
    /// The issuer: the program's Steam entries have a name alone.
    Issuer,
    /// The note.
    Note,
    /// All tags, all but the first, or the slash in the first.
    Tags,
    /// That it is pinned.
    Pin,
    /// That it has no issuer: its name takes the issuer's place.
    EmptyIssuer,
    /// Parameters of its URI that have no meaning here.
    UnknownParameters,
    /// The issuer of its label, where it is another.
    LabelIssuer,
}

impl Lost {
    /// Whether the account is not written at all.
    pub fn is_account(self) -> bool {
        matches!(
            self,
            Self::Account
                | Self::AccountForDigits
                | Self::AccountForSecret
                | Self::AccountForPeriod
                | Self::AccountForCounter
        )
    }
}

impl fmt::Display for Lost {
    /// What is lost, to be followed by whose it is: "the note".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Account => "the program knows no such codes",
            Self::AccountForDigits => "the program does not show that many digits",
            Self::AccountForSecret => "the program takes no such secret",
            Self::AccountForPeriod => "the program gives such codes another period",
            Self::AccountForCounter => "the program does not count that far",
            Self::Issuer => "the issuer: its Steam entries have a name alone",
            Self::Note => "the note",
            Self::Tags => "tags: all, all but the first, or a slash in it",
            Self::Pin => "that it stays on top",
            Self::EmptyIssuer => "that there is no issuer: the name takes its place",
            Self::UnknownParameters => "parameters that have no meaning here",
            Self::LabelIssuer => "the label's other issuer",
        })
    }
}

/// Work that a key derivation asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Work {
    /// What the target's own program asks for, or as much as a small machine does in a second or two.
    #[default]
    Usual,
    /// Next to nothing: for files that protect nothing, as tests make them.
    Least,
}

/// Why nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The target is under a password, and none or an empty one was given.
    #[error("this export needs a password")]
    PasswordNeeded,
    /// The operating system has no randomness to give.
    #[error("the operating system gives no random bytes")]
    NoRandomness,
    /// The key could not be derived or the text not sealed: not for want of anything the caller can change.
    #[error("the export could not be sealed")]
    Sealing,
}

/// What the target cannot hold, account by account.
pub fn losses(target: Target, accounts: &[Exported<'_>]) -> Vec<Loss> {
    let each = accounts.iter().enumerate();
    each.flat_map(|(place, exported)| {
        lost(target, exported).into_iter().map(move |what| Loss { place, what })
    })
    .collect()
}

fn lost(target: Target, exported: &Exported<'_>) -> Vec<Lost> {
    let account = exported.account;
    if !target.knows(&account.kind) {
        return vec![Lost::Account];
    }
    // Steam's five characters are no digits.
    if !matches!(account.kind, Kind::Steam) && !target.digits().contains(&account.kind.digits()) {
        return vec![Lost::AccountForDigits];
    }
    if matches!(account.kind, Kind::Hotp { counter, .. } if counter > target.most_counter()) {
        return vec![Lost::AccountForCounter];
    }
    if matches!(account.kind, Kind::Motp { .. }) && std::str::from_utf8(account.secret.expose()).is_err() {
        return vec![Lost::AccountForSecret];
    }
    if matches!(target, Target::Aegis | Target::AegisEncrypted)
        && let Some(lost) = aegis::cannot_hold(account)
    {
        return vec![lost];
    }
    let nameless = target == Target::Proton && matches!(account.kind, Kind::Steam);
    let slashed = exported.tags.first().is_some_and(|tag| tag.contains('/'));
    let slashed = target == Target::KeePassXcCsv && slashed;
    let uris = matches!(target, Target::OtpauthList | Target::Ente | Target::EnteEncrypted);
    [
        (exported.note.is_some_and(|note| !note.is_empty()) && !target.holds_notes(), Lost::Note),
        (exported.tags.len() > target.most_tags() || slashed, Lost::Tags),
        (exported.pinned && !target.holds_pins(), Lost::Pin),
        (account.issuer.trim().is_empty() && target.wants_issuer(), Lost::EmptyIssuer),
        (nameless && !account.issuer.trim().is_empty(), Lost::Issuer),
        (!account.unknown.is_empty() && !uris, Lost::UnknownParameters),
        (account.label_issuer.is_some() && !uris, Lost::LabelIssuer),
    ]
    .into_iter()
    .filter_map(|(is_lost, what)| is_lost.then_some(what))
    .collect()
}

/// Writes the accounts that the target can hold.
///
/// # Errors
/// A missing password, no randomness. What cannot be held is no error: [`losses`] tells it beforehand.
pub fn write(
    target: Target,
    accounts: &[Exported<'_>],
    password: Option<&SecretText>,
    work: Work,
) -> Result<SecretBytes, ExportError> {
    let password = match password.filter(|password| !password.is_empty()) {
        Some(password) => password,
        None if target.is_encrypted() => return Err(ExportError::PasswordNeeded),
        None => &SecretText::new(String::new()),
    };
    let held: Vec<_> = accounts
        .iter()
        .filter(|exported| !lost(target, exported).iter().any(|what| what.is_account()))
        .copied()
        .collect();
    match target {
        Target::OtpauthList => Ok(lines(held.iter().map(|exported| exported.account.to_uri()))),
        Target::Aegis => aegis::plain(&held),
        Target::AegisEncrypted => aegis::encrypted(&held, password, work),
        Target::TwoFas => twofas::plain(&held),
        Target::TwoFasEncrypted => twofas::encrypted(&held, password),
        Target::Ente => Ok(ente::plain(&held)),
        Target::EnteEncrypted => ente::encrypted(&held, password, work),
        Target::Proton => proton::plain(&held),
        Target::Bitwarden => bitwarden::plain(&held),
        Target::KeePassXcCsv => Ok(keepassxc::csv(&held)),
    }
}

/// Lines of text, in one allocation: a growing one would leave copies behind.
fn lines(texts: impl Iterator<Item = SecretText>) -> SecretBytes {
    let texts: Vec<_> = texts.collect();
    let mut joined = Vec::with_capacity(texts.iter().map(|text| text.expose().len() + 1).sum());
    for text in &texts {
        joined.extend_from_slice(text.expose().as_bytes());
        joined.push(b'\n');
    }
    SecretBytes::new(joined)
}

/// A document's bytes, in one allocation.
fn json_bytes(value: Value) -> SecretBytes {
    /// Counts what it is given.
    struct Counter(usize);
    impl std::io::Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let document = Document::new(value);
    let mut counter = Counter(0);
    // A `Value` has text for names and writers that do not fail, so neither of the two fails.
    let _ = serde_json::to_writer_pretty(&mut counter, &*document);
    let mut bytes = Vec::with_capacity(counter.0);
    let _ = serde_json::to_writer_pretty(&mut bytes, &*document);
    SecretBytes::new(bytes)
}

fn random<const N: usize>() -> Result<[u8; N], ExportError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| ExportError::NoRandomness)?;
    Ok(bytes)
}

/// A random UUID (RFC 9562 §5.4).
fn uuid() -> Result<String, ExportError> {
    let mut bytes: [u8; 16] = random()?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = data_encoding::HEXLOWER.encode(&bytes);
    let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    Ok(parts.join("-"))
}

/// Issuer and name for programs in which an entry has to have the first.
fn titled(account: &Account) -> (&str, &str) {
    match account.issuer.trim() {
        "" => (account.name.trim(), ""),
        issuer => (issuer, account.name.trim()),
    }
}

/// What password managers keep in their field for one-time codes.
fn field(account: &Account) -> SecretText {
    match account.kind {
        Kind::Steam => {
            let secret = account.secret_base32();
            let mut text = String::with_capacity(8 + secret.expose().len());
            text.push_str("steam://");
            text.push_str(secret.expose());
            SecretText::new(text)
        }
        _ => account.to_uri(),
    }
}
