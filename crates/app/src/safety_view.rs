//! What a shell may show about backups, copies, ways in and the keyring: names, dates, counts and words, never a secret.

use crate::view::KindName;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How the backups stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct BackupView {
    /// The folder that the person chose; none while there are no backups beside the saved states.
    pub folder: Option<String>,
    /// How it goes.
    pub state: BackupState,
    /// When the last backup was written, or last found whole, Unix milliseconds.
    pub last_at: Option<u64>,
    /// That backup's file name.
    pub last_name: Option<String>,
    /// Why the last attempt failed, in words.
    pub failure: Option<String>,
    /// Since when no attempt succeeded, Unix milliseconds.
    pub failing_since: Option<u64>,
    /// How many of the newest backups always stay.
    pub keep_newest: u32,
    /// For how many days, of those that have one, the day's newest backup stays.
    pub keep_days: u32,
    /// Whether backups have a passphrase of their own.
    pub own_passphrase: bool,
    /// Whether the vault has an emergency kit, which opens backups too.
    pub kit_opens: bool,
    /// Whether the folder is on the vault's own disk, as far as the system tells: what takes the one takes both.
    pub same_disk: bool,
    /// Whether the person said that another computer keeps the folder alike.
    pub synced: bool,
    /// Backups in the folder that are damaged, newest first, as they were found when all were last looked at.
    pub damaged: Vec<String>,
}

/// How the backups go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum BackupState {
    /// No folder was chosen.
    Off,
    /// The last backup holds what the vault holds, and was found whole within two days.
    Good,
    /// There are changes that wait for the next backup.
    Pending,
    /// No backup was written or looked at for more than two days.
    Overdue,
    /// The folder does not answer, or is not the one that it was: a drive or share that is not connected.
    Unreachable,
    /// Backups have a passphrase of their own, and it has to be set anew since the vault's keys were rotated.
    PassphraseStale,
    /// The folder answers, and the last backup could not be written.
    Failing,
}

/// How many backups stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, TS)]
pub struct BackupRotation {
    /// The newest so many always stay, 3–1,000.
    pub keep_newest: u32,
    /// Of so many days that have one, the latest of them, the newest backup stays, 1–3,650.
    pub keep_days: u32,
}

/// A state of the vault that can be looked into: a backup, or one of the saved states beside the vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct RestorePoint {
    /// Its file name.
    pub name: String,
    /// Where it lies.
    pub place: PointPlace,
    /// When the vault was saved as it is there, Unix milliseconds.
    pub saved_at: u64,
    /// How often the vault had been saved then.
    pub generation: u64,
}

/// Where a [`RestorePoint`] lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PointPlace {
    /// In the folder of backups.
    Folder,
    /// Among the saved states beside the vault.
    Saved,
}

/// The states that can be looked into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct RestorePoints {
    /// Newest first.
    pub points: Vec<RestorePoint>,
    /// Why the folder of backups could not be listed, in words.
    pub folder_failure: Option<String>,
}

/// What may become the vault where there is none that can be read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum RestoreSource {
    /// A [`RestorePoint`].
    Point {
        /// Where it lies.
        place: PointPlace,
        /// Its file name.
        name: String,
    },
    /// A file of the person's choice.
    File {
        /// Where it is.
        path: String,
    },
    /// The paper backup whose pages were gathered.
    Pages,
}

/// What a [`RestoreSource`] is, before it becomes the vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct RestorePreview {
    /// The file's name.
    pub name: String,
    /// Which vault it is.
    pub vault_id: String,
    /// When it was saved, Unix milliseconds.
    pub saved_at: u64,
    /// How often the vault had been saved then.
    pub generation: u64,
    /// Bytes.
    pub size: u64,
    /// Whether a passphrase opens it.
    pub has_passphrase: bool,
    /// Whether a recovery key opens it.
    pub has_recovery_key: bool,
    /// The newest state of the same vault that can be read, where it was saved after this one: what came in between is
    /// not in this one.
    pub newer: Option<RestorePoint>,
    /// What is in it; none while nothing opened it.
    pub holds: Option<Holdings>,
}

/// What is in a [`RestoreSource`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Holdings {
    /// How many accounts it holds.
    pub accounts: u32,
    /// How many recovery records it holds; none while its recovery compartment is locked.
    pub recovery: Option<u32>,
    /// Records in it that cannot be understood.
    pub set_aside: u32,
    /// The newest other state of the same vault that can be read and opens alike; none where there is none.
    pub compared_with: Option<Compared>,
    /// What using this one instead of that state would do.
    pub differences: Vec<Difference>,
}

/// The state that [`Holdings`] were compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Compared {
    /// When it was saved, Unix milliseconds.
    pub saved_at: u64,
    /// How many accounts it holds.
    pub accounts: u32,
}

/// The answer to a look into another state or copy of the vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum LookAnswer {
    /// It does not open with the keys of the open vault: its own passphrase or recovery key is needed.
    Locked {
        /// Whether a passphrase opens it.
        has_passphrase: bool,
        /// Whether a recovery key opens it.
        has_recovery_key: bool,
    },
    /// What is in it.
    Opened(Look),
}

/// What another state or copy of the vault holds, before anything is changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Look {
    /// Names this look when something is restored or merged from it.
    pub look: u32,
    /// The file's name.
    pub name: String,
    /// When it was saved, Unix milliseconds.
    pub saved_at: u64,
    /// How often the vault had been saved then.
    pub generation: u64,
    /// How many accounts it holds.
    pub accounts: u32,
    /// How many accounts the vault holds now.
    pub accounts_now: u32,
    /// How many recovery records it holds; none while its recovery compartment is locked.
    pub recovery: Option<u32>,
    /// Records in it that cannot be understood.
    pub set_aside: u32,
    /// What differs. In a look for restoring: what going back would do; for merging: what the merge will do.
    pub differences: Vec<Difference>,
    /// What a merge would do beside that; none in a look for restoring.
    pub merge: Option<MergeEffects>,
}

/// What a merge does beside changing records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct MergeEffects {
    /// Ways in that come along.
    pub slots_added: u32,
    /// Ways in that were removed in the other copy, and go here too.
    pub slots_removed: u32,
    /// Whether the other copy's keys, which are newer, are taken over.
    pub keys_taken_over: bool,
    /// Whether recovery records come along sealed, to be taken in when the recovery compartment is next opened.
    pub recovery_waits: bool,
    /// Whether the merge would change nothing at all.
    pub nothing: bool,
}

/// One record that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Difference {
    /// The record's id.
    pub id: String,
    /// What kind of record it is.
    pub record: RecordName,
    /// Issuer of an account; may be empty.
    pub issuer: String,
    /// Name of an account, or what another record is to a person; may be empty.
    pub name: String,
    /// How an account's codes are made.
    pub kind: Option<KindName>,
    /// What would happen to it.
    pub effect: Effect,
    /// What exactly differs, in words, from what is here to what would be. Never a secret.
    pub changes: Vec<String>,
    /// When it was last changed, Unix milliseconds: as it would be, or as it is where it would go.
    pub modified_at: u64,
}

/// What kind of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RecordName {
    /// An account.
    Account,
    /// A part of a recovery set.
    Recovery,
    /// Something that Keyhaven keeps for itself, or a newer version's.
    Other,
}

/// What happens to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It is not here, and would come.
    Added,
    /// It is here, and would read otherwise.
    Changed,
    /// It is here, and would go.
    Removed,
    /// It was changed in both copies: one version is shown and both are kept.
    BothKept,
}

/// A copy of the vault beside its file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct VaultCopy {
    /// Its file name.
    pub name: String,
    /// The program that gives such names, if one is known.
    pub made_by: Option<CopyMaker>,
    /// When it was saved, Unix milliseconds; none when it cannot be read.
    pub saved_at: Option<u64>,
    /// Whether merging it would change anything; none where that cannot be told while the vault is locked, or without
    /// the copy's own passphrase.
    pub news: Option<bool>,
    /// Why it cannot be read, if so: it may not have arrived whole yet.
    pub problem: Option<String>,
}

/// Programs that keep folders alike, by the names that they give to what two computers changed at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CopyMaker {
    /// Dropbox.
    Dropbox,
    /// Syncthing.
    Syncthing,
    /// Nextcloud or ownCloud.
    Nextcloud,
    /// OneDrive.
    #[serde(rename = "onedrive")]
    OneDrive,
    /// Google Drive, or a download of the same name.
    GoogleDrive,
    /// iCloud Drive.
    #[serde(rename = "icloud")]
    ICloud,
}

/// What becomes of a copy that was merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CopyFate {
    /// It stays under another name.
    Keep,
    /// It is deleted.
    Remove,
}

/// One way into the vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct SlotView {
    /// Names it when it is changed or removed.
    pub id: String,
    /// What opens it.
    pub kind: SlotName,
    /// What its maker called it; may be empty.
    pub label: String,
    /// When it was made, Unix milliseconds.
    pub created_at: u64,
    /// Whether it opens the accounts.
    pub opens_accounts: bool,
    /// Whether it opens the recovery compartment.
    pub opens_recovery: bool,
    /// Argon2 memory in KiB; none for what is no passphrase.
    pub memory_kib: Option<u32>,
    /// Argon2 passes; none for what is no passphrase.
    pub passes: Option<u32>,
    /// Whether something else that does not depend on this computer would be left without it.
    pub removable: bool,
}

/// What opens a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SlotName {
    /// A passphrase.
    Passphrase,
    /// This or another computer's keyring.
    Keyring,
    /// The recovery key of an emergency kit.
    RecoveryKey,
    /// A kind of a newer version; it is kept.
    Unknown,
}

/// What becomes of everything that has the old keys when the vault's keys are renewed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct RotationFate {
    /// Saved states beside the vault: they keep the old keys, and open with the old ways in.
    pub saved_states: u32,
    /// Backups in the folder: the same, or with their own passphrase where they have one.
    pub backups: u32,
    /// Why the folder could not be looked into: how many backups there are is then not known.
    pub folder_failure: Option<String>,
    /// Whether backups have a passphrase of their own, which has to be set anew.
    pub own_backup_passphrase: bool,
    /// Further passphrases, which open the vault no more.
    pub other_passphrases: u32,
    /// Whether the keyring gets a new key. Other computers' keyrings open the vault no more.
    pub keyring: bool,
    /// Whether the vault has a passphrase, without which its keys are not renewed.
    pub possible: bool,
}

/// What the keyring's trouble is, each told apart by what the system answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// The keyring has this vault's key.
    Ready,
    /// The keyring answers, and the vault does not use it.
    NotUsed,
    /// There is no D-Bus session to ask on.
    NoBus,
    /// Nobody on the session's bus keeps secrets.
    NoService,
    /// The service has no default keyring to put a key into.
    NoCollection,
    /// The keyring is locked, and was not asked to unlock.
    Locked,
    /// It was asked to unlock or to give the key, and a person or rule said no, or nobody could be asked.
    Refused,
    /// It has no entry for this vault.
    Missing,
    /// It has no entry for this vault, and another program held the key when it was stored.
    OtherProvider,
    /// Its entry is a key, and neither of this vault nor of any of its saved states: another vault's.
    AnotherVault,
    /// Its entry is a key of an earlier or later state of this vault: the vault was restored or its keys were renewed.
    Stale,
    /// Its entry is no key of Keyhaven's.
    NotAKey,
    /// Its entry, or what it was to take, is larger than it can be.
    TooLarge,
    /// It has several entries for this vault.
    Ambiguous,
    /// It failed in another way.
    Failed,
}

/// What the keyring doctor found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct DoctorReport {
    /// What it is.
    pub finding: Finding,
    /// The program that keeps this session's secrets, as the system names it.
    pub provider: Option<String>,
    /// The program that kept the key when it was stored, where it is another.
    pub stored_with: Option<String>,
    /// How many entries of other vaults the keyring has.
    pub other_vaults: u32,
    /// What the system answered, in its own words.
    pub answer: String,
    /// Whether writing the key anew would help, once the vault is open.
    pub repairable: bool,
    /// Whether the vault is open, so that it can be written now.
    pub open: bool,
}
