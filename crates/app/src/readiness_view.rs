//! What a shell shows of readiness and of fire drills. Nothing secret in it.

use crate::view::{KitState, OfferProblem};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What would be back if this computer were gone today.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Readiness {
    /// How many accounts there are.
    pub total: u32,
    /// How many of them are in a copy of the vault that is known to lie elsewhere; what lies on this computer is gone with it.
    pub back: u32,
    /// How many have a way back of their own: codes, a key, a second device, an admin.
    pub with_way: u32,
    /// The newest copy of the vault; none where not even the vault file can be read.
    pub copy: Option<CopyView>,
    /// The copies that were looked into, newest first: the backups in the folder for them, and the vault file where there
    /// is no backup.
    pub copies: Vec<CopyView>,
    /// How many older backups in the folder were not looked into.
    pub older: u32,
    /// How far the emergency kit is.
    pub kit: KitState,
    /// When the kit was confirmed as kept, Unix milliseconds.
    pub kit_at: Option<u64>,
    /// Whether a passphrase opens the vault.
    pub has_passphrase: bool,
    /// Whether the keyring opens it.
    pub has_keyring: bool,
    /// What to see to beside the accounts, most dangerous first.
    pub reminders: Vec<Reminder>,
    /// The last fire drill.
    pub drill: Option<DrillReport>,
    /// The accounts, most dangerous first.
    pub accounts: Vec<ReadyAccount>,
}

/// A copy of the vault that a new computer could start from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CopyView {
    /// Where it is.
    pub path: String,
    /// When it was saved, Unix milliseconds.
    pub saved_at: u64,
    /// Whether it stays when this computer's disk is gone, as far as the system and the person told; a copy on the vault's
    /// own disk does not.
    pub elsewhere: bool,
    /// Whether the kept emergency kit opens it.
    pub kit_opens: bool,
}

/// One account and its way back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct ReadyAccount {
    /// The account.
    pub id: String,
    /// Issuer.
    pub issuer: String,
    /// Name.
    pub name: String,
    /// The best way back in without this computer.
    pub way: WayBack,
    /// Every way back in without this computer, the best first; none where there is nothing.
    pub ways: Vec<WayBack>,
    /// Recovery codes that are left, in all its sets.
    pub left: u32,
    /// Whether a second device was noted.
    pub second_device: bool,
    /// Whether it was noted that an admin can reset it.
    pub admin_reset: bool,
    /// Whether the newest copy of the vault has it.
    pub in_copy: bool,
    /// Which of [`Readiness::copies`] have it, counted from 0.
    pub copies: Vec<u32>,
    /// Which of these lack one of its recovery sets in use.
    pub without_sets: Vec<u32>,
    /// What to do about it.
    pub advice: Advice,
    /// When a fire drill last brought it back from a copy that lies elsewhere, Unix milliseconds.
    pub drilled_at: Option<u64>,
}

/// A way back in without this computer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum WayBack {
    /// Recovery codes are left.
    RecoveryCodes,
    /// A recovery key or seed phrase is stored.
    RecoveryKey,
    /// A key file or document is stored.
    Document,
    /// Another device makes its codes.
    SecondDevice,
    /// Only an admin can reset it.
    AdminReset,
    /// There is none.
    Nothing,
}

/// What to do about an account. The order is that of danger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// Nothing would bring it back: add recovery codes.
    AddCodes,
    /// Every code is used: replace the set.
    Replace,
    /// Only an admin can reset it: ask for a second device.
    AskSecondDevice,
    /// Few codes are left.
    ReplaceSoon,
    /// Nobody has looked at its codes for a year.
    LookAt,
    /// Nothing to do.
    Nothing,
}

/// Something to see to that is not about one account. The order is that of danger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Reminder {
    /// The emergency kit was not confirmed as kept.
    KeepKit,
    /// There is no copy of the vault outside this computer.
    NoBackupElsewhere,
    /// There are backups, and they are on the vault's own disk.
    BackupsOnThisDisk {
        /// Where.
        folder: String,
    },
    /// Backups in the folder cannot be read any more.
    BackupsDamaged {
        /// Their files.
        names: Vec<String>,
    },
    /// A way in was added after the kit was made.
    KitOlderThanSlots,
    /// There was no fire drill yet.
    NeverDrilled,
    /// The last fire drill found that something would be lost.
    DrillFailed,
    /// The last fire drill is more than half a year ago.
    DrillOld,
    /// A set without an account is low or used up.
    SetLow {
        /// Its name.
        name: String,
    },
    /// Nobody has looked at a set without an account for a year.
    SetStale {
        /// Its name.
        name: String,
    },
}

/// What was gathered of a paper backup.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, TS)]
pub struct PagesView {
    /// Codes that were read.
    pub have: u32,
    /// Codes that there are; 0 before the first was read.
    pub count: u32,
    /// Pages of which a code is missing, from 1.
    pub missing_pages: Vec<u32>,
    /// Whether everything is there.
    pub complete: bool,
    /// Why what was read does not fit together, in words.
    pub conflict: Option<String>,
    /// Pictures of the last reading that hold no code of a paper backup, and why.
    pub problems: Vec<OfferProblem>,
}

/// What a fire drill found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DrillReport {
    /// When, Unix milliseconds.
    pub at: u64,
    /// Whether everything would be back: nothing is lost, and the copy does not lie on this computer's own disk.
    pub ok: bool,
    /// What it started from.
    pub copy: CopyView,
    /// Whether the emergency kit opened it; else the passphrase did.
    pub with_kit: bool,
    /// Accounts whose code was the same.
    pub accounts_back: u32,
    /// Recovery sets that were there with all their codes.
    pub sets_back: u32,
    /// Unused recovery codes that were there, each of them unused in the vault as well.
    pub codes_back: u32,
    /// Codes that were used since the copy was made: it would offer them once more, and the services refuse them.
    #[serde(default)]
    pub used_since: u32,
    /// What would be lost and why, most dangerous first.
    pub lost: Vec<Loss>,
    /// Ids of the accounts that would be back.
    pub accounts: Vec<String>,
    /// Sets that were there, to notice the next time when one is gone.
    pub sets: Vec<DrilledSet>,
    /// Files beside the copy that should be backups and cannot be read.
    #[serde(default)]
    pub damaged: Vec<String>,
}

impl DrillReport {
    pub(crate) fn would_be_back(&self, account: &str) -> bool {
        self.accounts.iter().any(|id| id == account)
    }
}

/// A set that a fire drill found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DrilledSet {
    /// The set.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The account that it was linked to.
    pub account: Option<String>,
    /// Its unused codes that were there.
    #[serde(default)]
    pub codes_back: u32,
    /// Its codes that were used since the copy was made.
    #[serde(default)]
    pub used_since: u32,
}

/// Something that would be lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Loss {
    /// What, by name.
    pub name: String,
    /// Why.
    pub why: LossReason,
    /// How many unused codes of the set would be lost; 0 for what holds none.
    #[serde(default)]
    pub codes: u32,
}

/// Why something would be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LossReason {
    /// The copy does not have the account.
    AccountMissing,
    /// The copy has the account and makes other codes.
    AccountDiffers,
    /// The copy does not have the recovery set.
    SetMissing,
    /// The copy has the recovery set without some of its unused codes, or with another text or file.
    SetDiffers,
    /// An earlier drill found the set; since then it was deleted without another in its place.
    SetDeleted,
}
