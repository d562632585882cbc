//! What a shell may show: labels, display codes and counts, never a secret (promise 2).
//!
//! The four values that do carry one, because a person asked to see it, say so in their name and documentation:
//! [`Kit`], [`Revealed`] and, on the way in, [`ManualEntry`] and the passphrases of requests.
//! TypeScript for the page is generated from these types (`ui/src/api/generated.ts`).

use crate::paper::Paper;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Where the program stands; everything the first screen needs to choose what to draw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Status {
    /// No vault file at the place where it would be.
    Absent {
        /// The folder in which a new vault will be kept.
        folder: String,
        /// Whether the operating system's keyring answers, so that "also unlock with the keyring" can be offered.
        keyring: KeyringState,
    },
    /// A vault file is there and nobody has opened it yet.
    Locked(LockedView),
    /// A vault file is there and cannot be read at all; it stays untouched.
    Unreadable {
        /// Where the file is.
        path: String,
        /// What is wrong with it.
        error: Failure,
    },
    /// The vault is open.
    Open(OpenView),
}

/// A locked vault, as much of it as its header tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct LockedView {
    /// The vault's own name for itself, in short groups; not a secret.
    pub vault_id: String,
    /// Where the file is.
    pub path: String,
    /// Last save, Unix milliseconds.
    pub saved_at: u64,
    /// Whether there is a passphrase to ask for.
    pub has_passphrase: bool,
    /// Whether there is a recovery key to ask for.
    pub has_recovery_key: bool,
    /// Whether the vault has a slot for the keyring at all.
    pub has_keyring: bool,
    /// What the keyring answered when it was last asked for this vault's key; `unasked` before that.
    pub keyring: KeyringState,
    /// Whether this is the throw-away vault of `--demo`, whose passphrase is "demo".
    pub demo: bool,
}

/// What the operating system's keyring answers. Every way it can fail has a name of its own (promise 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KeyringState {
    /// Not asked yet.
    Unasked,
    /// It answers, and where a key was looked for, the right one is there.
    Ready,
    /// There is no keyring service to talk to (no D-Bus session, no Secret Service).
    Absent,
    /// The service is there and has no default keyring to put a key into.
    NoCollection,
    /// The keyring is there and locked.
    Locked,
    /// The person, or a policy, refused the request.
    Refused,
    /// It answers, and has no entry for this vault.
    Missing,
    /// It has an entry, and that entry does not open this vault (another vault's, an older key).
    Foreign,
    /// It has several entries for this vault, and which is right cannot be told.
    Ambiguous,
    /// It failed in another way.
    Failed,
}

/// An open vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct OpenView {
    /// The vault's own name for itself, in short groups.
    pub vault_id: String,
    /// Where the file is.
    pub path: String,
    /// How many accounts it holds.
    pub accounts: u32,
    /// Records that were set aside because this version cannot understand them (promise 6).
    pub set_aside: u32,
    /// How far the emergency kit is.
    pub kit: KitState,
    /// Which credential opened it.
    pub opened_with: OpenedWith,
    /// The keyring as last seen; anything but `ready` or `unasked` is worth a line on screen.
    pub keyring: KeyringState,
    /// Whether the vault has a keyring slot.
    pub has_keyring: bool,
    /// Whether the vault has a passphrase.
    pub has_passphrase: bool,
    /// All settings.
    pub settings: Settings,
    /// Whether this is the throw-away vault of `--demo`.
    pub demo: bool,
}

/// The credential that opened a vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum OpenedWith {
    /// The passphrase.
    Passphrase,
    /// The key that the operating system's keyring holds.
    Keyring,
    /// The recovery key of the emergency kit.
    RecoveryKey,
}

/// How far the emergency kit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KitState {
    /// The vault has no recovery key.
    None,
    /// A recovery key was made, and nobody has proved yet that it was written down.
    Unconfirmed,
    /// Two of its groups were typed back: it counts as kept.
    Kept,
}

/// Strength of a passphrase as zxcvbn estimates it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Strength {
    /// 0 (guessed at once) to 4 (very hard to guess).
    pub score: u8,
    /// How long a guesser with this vault file would need, in words ("3 hours", "centuries"); the vault's key derivation is reckoned in.
    pub guess_time: String,
    /// What is weak about it, if anything.
    pub warning: Option<String>,
    /// What would make it stronger.
    pub suggestions: Vec<String>,
    /// Whether Keyhaven accepts it (score 2 or more and at least 8 characters).
    pub acceptable: bool,
}

/// How a new vault shall be opened.
#[derive(Deserialize, TS)]
pub struct NewVaultRequest {
    /// The passphrase, or none for a vault that only keyring and kit open. **Secret.**
    pub passphrase: Option<String>,
    /// Also keep a key in the operating system's keyring.
    pub keyring: bool,
}

/// The emergency kit. **Carries the recovery key**, because the person is looking at it to write it down.
#[derive(Serialize, TS)]
pub struct Kit {
    /// The vault that it opens.
    pub vault_id: String,
    /// The recovery key in its groups, in order. **Secret.**
    pub groups: Vec<String>,
    /// The same key as a QR code, an SVG document. **Secret.**
    pub qr_svg: String,
    /// When it was made, Unix milliseconds.
    pub created_at: u64,
    /// Numbers (from 0) of the two groups that shall be typed back.
    pub challenge: [u8; 2],
}

/// The groups typed back, in the order in which [`Kit::challenge`] names them.
#[derive(Deserialize, TS)]
pub struct KitProof {
    /// The two groups. **Secret.**
    pub groups: [String; 2],
}

/// Format of a saved kit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KitFormat {
    /// One page for the paper of the settings.
    Pdf,
    /// A drawing.
    Svg,
}

/// An account as a row of the list: nothing secret in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct AccountRow {
    /// The record's id.
    pub id: String,
    /// Who issued the secret ("GitHub"); may be empty.
    pub issuer: String,
    /// The account's name there ("me@example.org"); may be empty.
    pub name: String,
    /// How its codes are made.
    pub kind: KindName,
    /// Length of a code in characters.
    pub digits: u8,
    /// Seconds for which a code stands; none for counter-based accounts.
    pub period: Option<u32>,
    /// Tags, in the person's order.
    pub tags: Vec<String>,
    /// Whether it stays on top of the list.
    pub pinned: bool,
    /// Place in the manual order, smallest first.
    pub position: u32,
    /// Slug of the bundled icon, none for a letter tile.
    pub icon: Option<String>,
    /// Whether there is a note.
    pub has_note: bool,
    /// When its code was last copied or advanced, Unix milliseconds; for "recently used".
    pub used_at: Option<u64>,
    /// When it was added, Unix milliseconds.
    pub added_at: u64,
    /// Whether it was changed in two places at once, so that a person has to choose between versions.
    pub undecided: bool,
}

/// How codes are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KindName {
    /// RFC 6238.
    Totp,
    /// RFC 4226.
    Hotp,
    /// Steam Guard.
    Steam,
    /// Mobile-OTP.
    Motp,
    /// Yandex Key.
    Yandex,
}

/// The hash of TOTP and HOTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub enum AlgorithmName {
    /// HMAC-SHA-1.
    SHA1,
    /// HMAC-SHA-256.
    SHA256,
    /// HMAC-SHA-512.
    SHA512,
}

/// Codes for the accounts on screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Codes {
    /// The moment for which they were computed, Unix milliseconds: the page's countdown starts from it.
    pub now: u64,
    /// One for each account asked for that still exists and is not counter-based, in the order asked.
    pub codes: Vec<CodeView>,
}

/// One live code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct CodeView {
    /// The account.
    pub id: String,
    /// The code, without grouping.
    pub code: String,
    /// The code that follows; none for counter-based accounts.
    pub next: Option<String>,
    /// Unix milliseconds at which the code starts; none for counter-based accounts.
    pub valid_from: Option<u64>,
    /// Unix milliseconds at which the code ends; none for counter-based accounts.
    pub valid_until: Option<u64>,
    /// Why there is no code (then `code` is empty), if so.
    pub problem: Option<String>,
}

/// What was found in pictures, text or a form, before anything is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Offer {
    /// Names this offer when it is accepted or dismissed.
    pub id: u32,
    /// What can be added.
    pub found: Vec<Found>,
    /// Encrypted exports of other programs: each opens with its password.
    pub locked: Vec<LockedFile>,
    /// What could not be read, and why; nothing is dropped in silence.
    pub problems: Vec<OfferProblem>,
    /// Where on the screens codes were found.
    pub screens: Vec<ScreenView>,
}

/// A screen that was looked at, small, with the codes in it covered: a person sees where they were, and nobody reads
/// them from it.
#[derive(Clone, PartialEq, Eq, Serialize, TS)]
pub struct ScreenView {
    /// What to call it.
    pub name: String,
    /// The picture as a `data:` URL.
    pub url: String,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// The codes in it.
    pub frames: Vec<ScreenFrame>,
}

/// A code on a screen, in the small picture's pixels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct ScreenFrame {
    /// Left edge.
    pub left: u32,
    /// Upper edge.
    pub top: u32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
    /// Numbers of the accounts that it holds; none for a code that is something else, or a part of several.
    pub found: Vec<u32>,
}

impl std::fmt::Debug for ScreenView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The picture is long, and whatever was on the screen.
        f.debug_struct("ScreenView")
            .field("name", &self.name)
            .field("frames", &self.frames)
            .finish_non_exhaustive()
    }
}

/// One account that could be added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Found {
    /// Number within the offer, from 0.
    pub index: u32,
    /// Where it was found: a file's name, "Clipboard", "Typed in".
    pub source: String,
    /// Issuer as it will be kept.
    pub issuer: String,
    /// Name as it will be kept.
    pub name: String,
    /// Kind of codes.
    pub kind: KindName,
    /// Length of a code.
    pub digits: u8,
    /// Seconds for which a code stands.
    pub period: Option<u32>,
    /// The hash.
    pub algorithm: Option<AlgorithmName>,
    /// Groups that it was in, where it comes from another program; they become tags.
    pub tags: Vec<String>,
    /// How it relates to what the vault holds.
    pub standing: Standing,
    /// The account of the vault that it is, or that has its name ("GitHub · me"); none for a new one.
    pub matches: Option<String>,
    /// For a counter-based account: the counter of its next code.
    pub counter: Option<u64>,
    /// For a counter-based account that the vault has: the vault's counter.
    pub held_counter: Option<u64>,
    /// What is unusual about it, in words.
    pub notes: Vec<String>,
}

/// Another program's encrypted export, waiting for its password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct LockedFile {
    /// Number within the offer, from 0.
    pub index: u32,
    /// The file's name.
    pub source: String,
    /// The program that wrote it ("Aegis").
    pub program: String,
}

/// How far the opening of an encrypted export is: its key is being derived from the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
pub struct OpeningProgress {
    /// The offer that the export is in.
    pub offer: u32,
    /// Its number there.
    pub index: u32,
    /// Hundredths that are done; some programs' functions go from 0 to 100 at once.
    pub percent: u32,
    /// Memory that it takes, in KiB.
    pub memory_kib: u32,
}

/// How something found relates to what the vault holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Not in the vault.
    New,
    /// Same secret and parameters: adding it would double it.
    AlreadyThere,
    /// Same secret and parameters, and its counter is further on: accepting it moves the vault's counter ahead.
    CounterAhead,
    /// Same issuer and name with another secret: probably a renewed one.
    SameNameOtherSecret,
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct OfferProblem {
    /// Where: a file's name, "Clipboard".
    pub source: String,
    /// What is wrong, in words.
    pub reason: String,
}

/// An account typed in by hand. **Carries the secret that the person typed.**
#[derive(Deserialize, TS)]
pub struct ManualEntry {
    /// Issuer.
    pub issuer: String,
    /// Name.
    pub name: String,
    /// The secret in base32 (hexadecimal for mOTP), or a whole otpauth URI. **Secret.**
    pub secret: String,
    /// Kind.
    pub kind: KindName,
    /// Hash; SHA1 where none is given.
    pub algorithm: Option<AlgorithmName>,
    /// Digits, 5–10; the kind's default where none is given.
    pub digits: Option<u32>,
    /// Period, 1–86,400 s; 30 where none is given.
    pub period: Option<u32>,
    /// First counter; 0 where none is given.
    pub counter: Option<u64>,
    /// PIN of mOTP and Yandex. **Secret.**
    pub pin: Option<String>,
}

/// Everything about one account that is not secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct AccountDetail {
    /// The row of the list.
    pub row: AccountRow,
    /// Note.
    pub note: String,
    /// Hash, where the kind has a choice.
    pub algorithm: Option<AlgorithmName>,
    /// Counter of the next HOTP code.
    pub counter: Option<u64>,
    /// Issuer that the label named when it disagreed with the parameter.
    pub label_issuer: Option<String>,
    /// Names of parameters that Keyhaven keeps without understanding them.
    pub unknown_parameters: Vec<String>,
    /// Earlier states, newest first.
    pub history: Vec<HistoryEntry>,
    /// The versions to choose from, the one that is shown first; none where nothing is undecided.
    pub versions: Vec<AccountVersion>,
}

/// One of several versions of an account that was changed in two places at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct AccountVersion {
    /// When it was changed, Unix milliseconds, by the clock of the computer that did it.
    pub changed_at: u64,
    /// Whether the account was deleted there.
    pub deleted: bool,
    /// What is otherwise than in the version that is shown, in words; nothing for that version itself. Never a secret.
    pub differs: Vec<String>,
    /// Whether it makes other codes than the version that is shown: then both may be wanted.
    pub other_codes: bool,
}

/// One edit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HistoryEntry {
    /// When, Unix milliseconds.
    pub at: u64,
    /// What changed, in words: "name: me → me@example.org". Never a secret.
    pub change: String,
}

/// Changes to an account; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, TS)]
#[ts(optional_fields)]
pub struct AccountChanges {
    /// New issuer.
    #[serde(default)]
    pub issuer: Option<String>,
    /// New name.
    #[serde(default)]
    pub name: Option<String>,
    /// New note.
    #[serde(default)]
    pub note: Option<String>,
    /// New tags.
    #[serde(default)]
    pub tags: Option<Vec<String>>,
    /// Pin or unpin.
    #[serde(default)]
    pub pinned: Option<bool>,
    /// New icon slug; the empty text takes the icon away.
    #[serde(default)]
    pub icon: Option<String>,
}

/// An account's secret, shown because the person asked for it and unlocked anew. **Carries the secret.**
#[derive(Serialize, TS)]
pub struct Revealed {
    /// The otpauth URI as a QR code, an SVG document. **Secret.**
    pub qr_svg: String,
    /// The secret in base32. **Secret.**
    pub secret: String,
    /// The whole otpauth URI. **Secret.**
    pub uri: String,
}

/// Proof that the person at the keyboard may see a secret: exactly one of the two is given.
#[derive(Deserialize, TS)]
pub struct Proof {
    /// The passphrase. **Secret.**
    pub passphrase: Option<String>,
    /// The recovery key, for a vault without a passphrase. **Secret.**
    pub recovery_key: Option<String>,
}

/// Answer to "copy".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Copied {
    /// Unix milliseconds at which the clipboard will be cleared; null when the clipboard did not take the code of a
    /// counter-based account, which is in `code`.
    pub clears_at: Option<u64>,
    /// For a counter-based account: the code that was made.
    pub code: Option<CodeView>,
}

/// What a person can set. Kept beside the vault, since it must be known before the vault is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct Settings {
    /// Light, dark or as the system.
    pub theme: Theme,
    /// Seconds without input after which the vault locks, 15–86,400; 0 never.
    pub idle_seconds: u32,
    /// Seconds after which a copied code leaves the clipboard, 5–600.
    pub clipboard_seconds: u32,
    /// Keep other programs from capturing the window, where the system can.
    pub capture_protection: bool,
    /// Order of the list.
    pub sort: Sort,
    /// Closing the window leaves Keyhaven in the tray instead of ending it.
    pub close_to_tray: bool,
    /// Look for new files in the folder for downloads that are recovery codes by their shape, and offer to keep them.
    pub watch_downloads: bool,
    /// The paper that kits, sheets and paper backups are drawn for.
    pub paper: Paper,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: Theme::System,
            idle_seconds: 300,
            clipboard_seconds: 30,
            capture_protection: true,
            sort: Sort::Manual,
            close_to_tray: false,
            watch_downloads: false,
            paper: Paper::A4,
        }
    }
}

/// Colours of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the operating system says.
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// Order of the list. Pinned accounts come first in every one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// As arranged by hand.
    Manual,
    /// By issuer, then name.
    Issuer,
    /// By name, then issuer.
    Name,
    /// Last used first.
    Recent,
}

/// A vault file that the person chose, before it is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct ChosenVault {
    /// Where it is.
    pub path: String,
    /// Its id.
    pub vault_id: String,
    /// Last save, Unix milliseconds.
    pub saved_at: u64,
    /// Size in bytes.
    pub size: u64,
    /// Whether a passphrase opens it.
    pub has_passphrase: bool,
    /// Whether a recovery key opens it.
    pub has_recovery_key: bool,
}

/// What went wrong, for a person: the page turns `kind` into words and keeps `detail` for "what exactly".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS, thiserror::Error)]
#[error("{detail}")]
pub struct Failure {
    /// Which failure.
    pub kind: FailureKind,
    /// What and where, in plain words, without any secret.
    pub detail: String,
}

/// Every failure that the page must be able to tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The passphrase is wrong.
    WrongPassphrase,
    /// The recovery key is well-formed, and not this vault's.
    WrongRecoveryKey,
    /// The recovery key has a typing slip; the detail says where.
    MistypedRecoveryKey,
    /// The keyring did not give the key; `status` says in which way.
    Keyring,
    /// The vault is locked.
    Locked,
    /// There is no vault.
    NoVault,
    /// There is a vault already; nothing was overwritten.
    VaultExists,
    /// The vault file cannot be read: damaged, truncated, not a vault, too demanding.
    DamagedVault,
    /// The vault was written by a newer version of Keyhaven.
    NewerVault,
    /// The vault file is not where it was, or may not be read: nothing is known of what is in it.
    VaultUnreachable,
    /// The vault could not be saved; the detail says why, and the old state stands.
    NotSaved,
    /// There is no such account (any more).
    NoSuchAccount,
    /// Recovery codes are locked; they open with a passphrase or recovery key of their own asking.
    RecoveryLocked,
    /// There is no such recovery set (any more).
    NoSuchSet,
    /// What was given cannot be read: a picture, a text, a form's field. The detail says what and where.
    BadInput,
    /// The passphrase is too weak.
    WeakPassphrase,
    /// The kit's groups do not match.
    KitMismatch,
    /// This needs a kept emergency kit first.
    KitNeeded,
    /// The backups' own passphrase has to be set anew.
    BackupPassphrase,
    /// It is a copy of another vault.
    AnotherVault,
    /// This would leave the vault without a passphrase or kept kit that opens it.
    LastWayIn,
    /// The system's clipboard did not answer.
    Clipboard,
    /// There is no camera that can be used; the detail says why, and what to do about it.
    Camera,
    /// Something else; the detail says what.
    Other,
}
