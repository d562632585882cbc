//! Recovery sets, the emergency kit, paper, and the drill that tries them.

use super::Unlock;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Read files of recovery codes and keys, keep them in the vault, and use them one by one
#[derive(Subcommand)]
pub enum RecoveryCommand {
    Parse(RecoveryParseArgs),
    Add(RecoveryAddArgs),
    List(RecoveryListArgs),
    Use(RecoveryUseArgs),
    Undo(RecoveryUndoArgs),
    Replace(RecoveryReplaceArgs),
    Edit(RecoveryEditArgs),
    Rm(RecoveryRmArgs),
    Export(RecoveryExportArgs),
}

/// Keep a file of recovery codes or keys in the vault, the file itself beside them
///
/// Any file up to 10 MiB. The accounts being open is enough: what is added is sealed, and only the passphrase or the
/// recovery key shows it again. On a terminal two things are asked: whether the set belongs to the account that it seems to
/// belong to, and what shall become of the file. Without one, nothing is linked and the file is left as it is.
#[derive(Args)]
pub struct RecoveryAddArgs {
    /// The file; - reads it from standard input, after the passphrase if that comes from there too
    #[arg(value_name = "FILE", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub file: String,
    /// Its name in the list, instead of the service's
    #[arg(long)]
    pub name: Option<String>,
    /// The account it belongs to: issuer, name, issuer:name or id
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// Link it to the account that it seems to belong to, without asking
    #[arg(long, conflicts_with = "account")]
    pub link: bool,
    #[command(flatten)]
    pub tidy: Tidy,
    #[command(flatten)]
    pub unlock: Unlock,
    /// Print one JSON value; nothing is asked
    #[arg(long)]
    pub json: bool,
}

/// What shall become of a file that is sealed in the vault now
#[derive(Args)]
pub struct Tidy {
    /// Move the file to the bin, once the vault was saved, read back and compared with it
    #[arg(long, conflicts_with = "erase")]
    pub bin: bool,
    /// Overwrite and delete it then; SSDs, and disks that copy on write or make snapshots, may keep an old copy
    #[arg(long)]
    pub erase: bool,
}

/// List the recovery sets and how many codes are left
///
/// No code is printed, and the accounts being open is enough. Exit code 0: there is a set. 1: there is none.
#[derive(Args)]
pub struct RecoveryListArgs {
    #[command(flatten)]
    pub unlock: Unlock,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// Print the next code of a set, marked as used in the vault before it is printed
#[derive(Args)]
pub struct RecoveryUseArgs {
    /// The set: its name, service, account or id; a part is enough when it fits one only
    #[arg(value_name = "SET")]
    pub set: String,
    /// Note where it is used
    #[arg(long = "at", value_name = "PLACE")]
    pub place: Option<String>,
    #[command(flatten)]
    pub unlock: Unlock,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// Take the last thing that was done with a set back: the code that was used last, or that it replaced another set
///
/// After a replacement the older set is in use again, and the newer one leaves the vault.
#[derive(Args)]
pub struct RecoveryUndoArgs {
    /// The set: its name, service, account or id; a part is enough when it fits one only
    #[arg(value_name = "SET")]
    pub set: String,
    #[command(flatten)]
    pub unlock: Unlock,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// Change a set's name, the account it belongs to, or its note
#[derive(Args)]
pub struct RecoveryEditArgs {
    /// The set: its name, service, account or id; a part is enough when it fits one only
    #[arg(value_name = "SET")]
    pub set: String,
    /// New name; an empty one goes back to the service's
    #[arg(long)]
    pub name: Option<String>,
    /// The account it belongs to: issuer, name, issuer:name or id; an empty text takes the link away
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// New note, sealed with the codes; an empty one removes it
    #[arg(long)]
    pub note: Option<String>,
    #[command(flatten)]
    pub unlock: Unlock,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// Delete a set and the file that it was made from
///
/// Earlier saved states of the vault still have it: what is printed says how to bring it back.
#[derive(Args)]
pub struct RecoveryRmArgs {
    /// The set: its name, service, account or id, in full
    #[arg(value_name = "SET")]
    pub set: String,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub unlock: Unlock,
}

/// Put a new file in a set's place; the old set is kept and never offered again
#[derive(Args)]
pub struct RecoveryReplaceArgs {
    /// The old set: its name, service, account or id; a part is enough when it fits one only
    #[arg(value_name = "SET")]
    pub set: String,
    /// The new file; - reads it from standard input, after the passphrase if that comes from there too
    #[arg(value_name = "FILE", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub file: String,
    /// Do not ask where the file is another service's than the set
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub tidy: Tidy,
    #[command(flatten)]
    pub unlock: Unlock,
    /// Print one JSON value; what becomes of the file is not asked
    #[arg(long)]
    pub json: bool,
}

/// Print the original file of a set, byte for byte, or its codes
#[derive(Args)]
pub struct RecoveryExportArgs {
    /// The set: its name, service, account or id; a part is enough when it fits one only
    #[arg(value_name = "SET")]
    pub set: String,
    /// The unused codes, one a line, instead of the file
    #[arg(long)]
    pub codes: bool,
    /// The used codes too, and those of a set that was replaced
    #[arg(long, requires = "codes")]
    pub all: bool,
    /// Write to this new file, readable by you alone
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long, requires = "output")]
    pub force: bool,
    #[command(flatten)]
    pub unlock: Unlock,
}

/// Print what a file of recovery codes or keys holds, and what is odd about it; nothing is kept
///
/// Text, Markdown, CSV, HTML, RTF and PDF, with the services' own layouts or with codes that look alike. The codes
/// are printed as they are. Whose they are is told by the words and the file's name; the codes' shape alone says at most whose
/// they could be. Exit code 0: a code, a key or a document. 1: none of them.
#[derive(Args)]
pub struct RecoveryParseArgs {
    /// The file; - reads it from standard input
    #[arg(value_name = "FILE", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub file: String,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// Try what would be back if this computer were gone: the newest copy, opened as on a new computer
///
/// In an empty temporary folder, without this computer's keyring, the copy is opened with the passphrase or recovery key;
/// one code for each account and every recovery set are compared. The result is kept in the vault. Exit code 0: everything
/// would be back. 1: something would be lost.
#[derive(Args)]
pub struct DrillArgs {
    /// The copy to start from, or a folder with copies, instead of the newest one that is known
    #[arg(long, value_name = "FILE|FOLDER")]
    pub backup: Option<PathBuf>,
    #[command(flatten)]
    pub unlock: Unlock,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// Split the emergency kit's recovery key among people, and put it together again
#[derive(Subcommand)]
pub enum KitCommand {
    Split(KitSplitArgs),
    Join(KitJoinArgs),
}

/// Split the recovery key into shares of which some open the vault; fewer tell nothing
#[derive(Args)]
pub struct KitSplitArgs {
    /// How many shares, 2 to 16
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub shares: u8,
    /// How many of them open the vault
    #[arg(long, value_name = "K", default_value_t = 2)]
    pub needed: u8,
    /// Read the recovery key from the first line of standard input
    #[arg(long)]
    pub recovery_key_stdin: bool,
    /// Write a page for each share (PDF) to this folder instead of printing the shares
    #[arg(short, long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
    /// For Letter paper instead of A4
    #[arg(long)]
    pub letter: bool,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// Read shares from standard input, one a line, and print the recovery key that they make
///
/// A share that is mistyped, doubled or of another set is named.
#[derive(Args)]
pub struct KitJoinArgs {}

/// Print accounts and recovery sets as a sealed booklet of QR codes (PDF)
///
/// It opens with the passphrase or recovery key that is given now. Original files of recovery sets stay out.
#[derive(Args)]
pub struct PaperArgs {
    /// The new PDF file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Only this account; may be given more than once
    #[arg(long, value_name = "NAME")]
    pub account: Vec<String>,
    /// Only this recovery set; may be given more than once
    #[arg(long, value_name = "SET")]
    pub set: Vec<String>,
    /// For Letter paper instead of A4
    #[arg(long)]
    pub letter: bool,
    /// Replace the file if it is there
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub unlock: Unlock,
}

/// Read a paper backup from pictures of its pages, and use it where there is no vault
///
/// A code that is missing is named with its page.
#[derive(Args)]
pub struct PagesArgs {
    /// Photographs or scans of the pages, in any order
    #[arg(long, required = true, num_args = 1.., value_name = "PICTURE", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub pages: Vec<String>,
}
