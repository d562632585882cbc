//! The vault as a whole: made, looked after, copied; and its keyring.

use super::Unlock;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Make, look after and copy the vault
#[derive(Subcommand)]
pub enum VaultCommand {
    Init(InitArgs),
    Info(InfoArgs),
    Slots(SlotsArgs),
    Unlock(UnlockArgs),
    Check(CheckArgs),
    Backup(BackupArgs),
    Restore(RestoreArgs),
    Merge(MergeArgs),
    SetAside(SetAsideArgs),
}

/// Make a new vault and print its recovery key
#[derive(Args)]
pub struct InitArgs {
    /// Read the new passphrase from the first line of standard input
    #[arg(long)]
    pub password_stdin: bool,
    /// Also unlock with this computer's keyring
    #[arg(long)]
    pub keyring: bool,
    /// Save the emergency kit to this new file (.pdf or .svg)
    #[arg(long, value_name = "FILE")]
    pub kit: Option<PathBuf>,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// Say where the vault is and what opens it, without opening it
#[derive(Args)]
pub struct InfoArgs {
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// List what opens the vault, or change it
#[derive(Args)]
pub struct SlotsArgs {
    #[command(subcommand)]
    pub change: Option<SlotsCommand>,
    /// Print one JSON value
    #[arg(long, global = true)]
    pub json: bool,
}

/// Changes of what opens the vault
#[derive(Subcommand)]
pub enum SlotsCommand {
    /// Add a passphrase, or this computer's keyring; with --password-stdin the new passphrase is the line after the one
    /// that opens the vault
    Add {
        /// Let this computer's keyring open the vault, instead of a new passphrase
        #[arg(long, conflicts_with = "label")]
        keyring: bool,
        /// What to call it; it stands in the vault file unencrypted
        #[arg(long, default_value = "")]
        label: String,
        #[command(flatten)]
        unlock: Unlock,
    },
    /// Replace a passphrase; with --password-stdin the new one is the line after the current one
    Change {
        /// The slot, as keyhaven vault slots lists it; the only passphrase where there is one only
        #[arg(value_name = "ID")]
        id: Option<String>,
        #[command(flatten)]
        unlock: Unlock,
    },
    /// Remove a way in; the last one that does not depend on this computer stays
    Remove {
        /// The slot, as keyhaven vault slots lists it
        #[arg(value_name = "ID")]
        id: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        unlock: Unlock,
    },
    /// Say what renewing the vault's keys would mean; with --yes do it and print the new recovery key
    Renew {
        /// Do it
        #[arg(long)]
        yes: bool,
        /// Save the emergency kit with the new recovery key to this new file (.pdf or .svg)
        #[arg(long, value_name = "FILE", requires = "yes")]
        kit: Option<PathBuf>,
        #[command(flatten)]
        unlock: Unlock,
    },
}

/// Try whether the vault opens
///
/// Where the passphrase opens it and could be guessed at less cost than it should be, because the machine became faster or
/// the least cost rose since, the cost is raised; no other command does so, for reading should not write.
#[derive(Args)]
pub struct UnlockArgs {
    #[command(flatten)]
    pub unlock: Unlock,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// Open and read everything in the vault and its saved states, changing nothing
///
/// Exit code 0: all is well. 1: something wants attention.
#[derive(Args)]
pub struct CheckArgs {
    #[command(flatten)]
    pub unlock: Unlock,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// Back the sealed vault up: to the folder for backups, or to a new file
///
/// The window of Keyhaven keeps the same backups by itself. Exit code 0: written, read again and compared; with --status
/// the last backup is good, also where changes wait for the next one and that is not overdue. 1: they want attention.
#[derive(Args)]
pub struct BackupArgs {
    /// A new file, beside the backups that are kept
    #[arg(value_name = "FILE", conflicts_with_all = ["folder", "status"])]
    pub file: Option<PathBuf>,
    /// Keep backups in this folder from now on
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
    /// Another computer keeps the folder alike (a synced folder): what is on this disk is there too
    #[arg(long, requires = "folder")]
    pub synced: bool,
    /// Say how the backups stand and write nothing
    #[arg(long, conflicts_with = "folder")]
    pub status: bool,
    /// Keep so many of the newest backups that this computer wrote, 3 to 1000; those of other computers and of earlier
    /// installations are never removed
    #[arg(long, value_name = "COUNT", conflicts_with_all = ["file", "status"])]
    pub keep: Option<u32>,
    /// Beside those keep the newest one of each of so many days, the latest that have one, 1 to 3650
    #[arg(long, value_name = "COUNT", conflicts_with_all = ["file", "status"])]
    pub days: Option<u32>,
    /// Give backups a passphrase of their own; with --password-stdin it is the line after the vault's
    #[arg(long, conflicts_with_all = ["file", "status"])]
    pub own_passphrase: bool,
    /// Let the vault's own passphrase open backups again
    #[arg(long, conflicts_with_all = ["own_passphrase", "file", "status"])]
    pub vault_passphrase: bool,
    #[command(flatten)]
    pub unlock: Unlock,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// Use a backup where there is no vault, go back to an earlier saved state, or bring single records back
#[derive(Args)]
pub struct RestoreArgs {
    /// The backup; it is copied, or with --dry-run, --only and --all compared with the vault
    #[arg(value_name = "FILE", required_unless_present_any = ["list", "state"])]
    pub file: Option<PathBuf>,
    /// List the earlier saved states
    #[arg(long, conflicts_with_all = ["file", "state"])]
    pub list: bool,
    /// Go back to this saved state; the vault as it is now is kept beside it. With --dry-run, --only and --all it is
    /// compared with the vault as a backup is
    #[arg(long, value_name = "NAME", conflicts_with = "file")]
    pub state: Option<String>,
    /// Say what the backup holds and how it differs from the vault, and change nothing; where there is no vault that can be
    /// read, how it differs from the newest other state that can
    #[arg(long, conflicts_with = "list")]
    pub dry_run: bool,
    /// Bring only this back: issuer, name, issuer:name or id of a record that differs; may be repeated
    #[arg(long, value_name = "NAME", conflicts_with_all = ["dry_run", "list"])]
    pub only: Vec<String>,
    /// Make every record what it is in the backup; what was added since is deleted, with --yes
    #[arg(long, conflicts_with_all = ["dry_run", "only", "list"])]
    pub all: bool,
    /// Do not ask: go back to a saved state; delete what was added since, where --all or --only asks for that; put
    /// another vault's file, or an older state than the newest there is, in the place of one that cannot be read
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub unlock: Unlock,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// Take in what another copy of the vault has; without a file, list the copies beside the vault
#[derive(Args)]
pub struct MergeArgs {
    /// The other copy; it is not changed
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Say what the merge would change, and change nothing
    #[arg(long, requires = "file")]
    pub dry_run: bool,
    /// Merge without asking
    #[arg(long, requires = "file", conflicts_with = "dry_run")]
    pub yes: bool,
    #[command(flatten)]
    pub unlock: Unlock,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// List what this version cannot understand, and write it to a file byte for byte
///
/// It stays in the vault, and a version that understands it shows it again. Exit code 0: there is something. 1: nothing.
#[derive(Args)]
pub struct SetAsideArgs {
    /// Write the bytes to this new file, readable by you alone: a JSON object a line, the bytes in Base64
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long, requires = "output")]
    pub force: bool,
    #[command(flatten)]
    pub unlock: Unlock,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// Say what is the matter with the keyring, and what to do about it
///
/// Exit code 0: the keyring has this vault's key, or the vault does not use it. 1: something is to be done.
#[derive(Args)]
pub struct DoctorArgs {
    /// Let a locked keyring ask for its password
    #[arg(long)]
    pub ask: bool,
    /// Open the vault with passphrase or recovery key and write the keyring's key anew
    #[arg(long)]
    pub repair: bool,
    #[command(flatten)]
    pub unlock: Unlock,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}
