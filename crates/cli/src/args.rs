//! Everything that can be asked, and its help.

use crate::time;
use clap::{Args, Parser, Subcommand};
use keyhaven_app::exporting::view::ExportTarget;
use keyhaven_interchange::Format;
use std::path::PathBuf;

/// One-time codes, pictures of codes, and the vault that keeps them
#[derive(Parser)]
#[command(name = "keyhaven", version, arg_required_else_help = true, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
A URI carries its secret, and arguments can be seen by every program of this computer (ps) and stay in the
shell's history. Where a URI is asked for, - reads it from standard input instead.

Exit codes: 0 yes · 1 no (a wrong code, nothing found) · 2 bad input or use · 3 trouble with vault or keyring
Environment: KEYHAVEN_HOME moves the folder of the vault, which is ~/.local/share/keyhaven on Linux,
~/Library/Application Support/org.keyhaven.Keyhaven on macOS, %APPDATA%\\keyhaven\\Keyhaven\\data on Windows";

#[derive(Subcommand)]
pub enum Command {
    Code(CodeArgs),
    Explain(ExplainArgs),
    Verify(VerifyArgs),
    Inspect(InspectArgs),
    #[command(subcommand)]
    Qr(QrCommand),
    Import(ImportArgs),
    Export(ExportArgs),
    #[command(subcommand)]
    Recovery(RecoveryCommand),
    Drill(DrillArgs),
    #[command(subcommand)]
    Kit(KitCommand),
    Paper(PaperArgs),
    Restore(PagesArgs),
    Vectors(VectorsArgs),
    #[command(subcommand)]
    Vault(VaultCommand),
    Doctor(DoctorArgs),
    List(ListArgs),
    Show(ShowArgs),
    Add(AddArgs),
    Edit(EditArgs),
    Rm(RmArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

/// Where an account comes from, and the moment that counts.
#[derive(Args)]
pub struct Source {
    /// An otpauth URI, - to read it from standard input (arguments are seen by others and kept in the history), or the
    /// name of an account in the vault
    #[arg(value_name = "URI|NAME")]
    pub source: String,
    /// The moment, instead of now: Unix seconds or RFC 3339
    #[arg(long, value_name = "TIME", value_parser = time::parse, allow_negative_numbers = true)]
    pub at: Option<u64>,
    #[command(flatten)]
    pub unlock: Unlock,
}

/// Print the code of a URI or of an account in the vault
///
/// A counter-based account of the vault moves on, and its new counter is saved before the code is printed.
#[derive(Args)]
pub struct CodeArgs {
    #[command(flatten)]
    pub source: Source,
    /// Also print the N codes before and after (not of a counter-based account in the vault)
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=1000))]
    pub window: u32,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// Print every intermediate value of a code's computation
#[derive(Args)]
pub struct ExplainArgs {
    #[command(flatten)]
    pub source: Source,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// Say whether a code is right, and how many steps early or late
#[derive(Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    pub source: Source,
    /// The code to check; spaces in it do not count
    pub code: String,
    /// Steps before and after that are right too (for HOTP after only)
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=1000))]
    pub skew: u32,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// Say what a URI or a picture is, and what is odd about it, clause by clause
#[derive(Args)]
pub struct InspectArgs {
    /// URIs, - to read them from standard input (one a line), or files (pictures, text)
    #[arg(required = true, value_name = "URI|FILE")]
    pub sources: Vec<String>,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// Read QR codes from pictures, or draw one
#[derive(Subcommand)]
pub enum QrCommand {
    Read(QrReadArgs),
    Write(QrWriteArgs),
}

/// Print the texts of all QR codes in pictures (PNG, JPEG, WebP, GIF, BMP)
///
/// Exit code 0: every picture has a code. 1: some picture has none. 2: some file could not be read.
#[derive(Args)]
pub struct QrReadArgs {
    /// Pictures; - reads one from standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<String>,
    /// Print one JSON value a file, each on a line
    #[arg(long)]
    pub json: bool,
}

/// Draw a text as a QR code: on the terminal, or to a new PNG or SVG file
#[derive(Args)]
pub struct QrWriteArgs {
    /// The text, or - to read it from standard input
    pub text: String,
    /// Write to this new file (.png or .svg), readable by you alone
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long, requires = "output")]
    pub force: bool,
    /// Pixels for each module of a PNG
    #[arg(long, value_name = "PIXELS", default_value_t = 8, requires = "output")]
    pub module: u32,
    /// For terminals that write dark on a light ground
    #[arg(long, conflicts_with = "output")]
    pub dark_on_light: bool,
}

/// Read accounts from other programs' exports and from pictures of QR codes
///
/// The program is recognised from the file's bytes. Exit code 0: every entry is an account. 1: there is none. 2: some file
/// or entry could not be read; the others came in.
#[derive(Args)]
pub struct ImportArgs {
    /// Exports, lists of otpauth URIs, pictures; - reads one from standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<String>,
    /// The format, where it is not to be recognised
    #[arg(long, value_name = "FORMAT", value_parser = import_format, long_help = import_formats())]
    pub format: Option<Format>,
    /// Read the files' password from the first line of standard input
    #[arg(long)]
    pub password_stdin: bool,
    /// Read the vault's passphrase from standard input: its first line, or the one after the files' password
    #[arg(long, conflicts_with = "dry_run")]
    pub vault_password_stdin: bool,
    /// Show what the files hold, open no vault and keep nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
    /// With secrets, notes and recovery codes in the JSON value
    #[arg(long, requires_all = ["dry_run", "json"])]
    pub show_secrets: bool,
}

fn import_format(text: &str) -> Result<Format, String> {
    Format::from_id(text).ok_or_else(|| "no such format; keyhaven import --help lists them".to_owned())
}

fn import_formats() -> String {
    let all: Vec<_> = Format::ALL.iter().map(|format| format.id()).collect();
    format!("The format, where it is not to be recognised: {}", all.join(", "))
}

/// Write accounts for another program, for paper, or as a sealed file
///
/// What the format cannot hold is told before anything is written. Except for the sealed formats the file can be read by
/// whoever has it: it is readable by you alone, and Keyhaven's window reminds of it until it is removed. Exit code 0: every
/// account is in it. 1: an account is not.
#[derive(Args)]
pub struct ExportArgs {
    /// The accounts: issuer, name, issuer:name or id; a part is enough when it fits one only. None means all
    #[arg(value_name = "ACCOUNT")]
    pub accounts: Vec<String>,
    /// The format
    #[arg(long, value_name = "FORMAT", value_parser = export_format, long_help = export_formats())]
    pub format: ExportTarget,
    /// The new file, or - for standard output. Several QR codes are numbered; .svg makes them drawings
    #[arg(short, long, value_name = "FILE", required_unless_present = "dry_run")]
    pub output: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long, requires = "output")]
    pub force: bool,
    /// Read the password of a sealed export from standard input: its first line, or the one after the vault's
    #[arg(long)]
    pub export_password_stdin: bool,
    /// Say what the format cannot hold, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub unlock: Unlock,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

fn export_format(text: &str) -> Result<ExportTarget, String> {
    ExportTarget::from_id(text).ok_or_else(|| "no such format; keyhaven export --help lists them".to_owned())
}

fn export_formats() -> String {
    let line = |target: &ExportTarget| format!("\n  {:<16} {}", target.id(), target.title());
    format!("The format:{}", ExportTarget::ALL.iter().map(line).collect::<String>())
}

/// Read files of recovery codes and keys, keep them in the vault, and use them one by one
#[derive(Subcommand)]
pub enum RecoveryCommand {
    Parse(RecoveryParseArgs),
    Add(RecoveryAddArgs),
    List(RecoveryListArgs),
    Use(RecoveryUseArgs),
    Undo(RecoverySetArgs),
    Replace(RecoveryReplaceArgs),
    Export(RecoveryExportArgs),
}

/// Keep a file of recovery codes or keys in the vault, the file itself beside them
///
/// Any file up to 10 MiB. The accounts being open is enough: what is added is sealed, and only the passphrase or the
/// recovery key shows it again. The file on the disk is left as it is.
#[derive(Args)]
pub struct RecoveryAddArgs {
    /// The file; - reads it from standard input
    #[arg(value_name = "FILE")]
    pub file: String,
    /// Its name in the list, instead of the service's
    #[arg(long)]
    pub name: Option<String>,
    /// The account it belongs to: issuer, name, issuer:name or id
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    #[command(flatten)]
    pub unlock: Unlock,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
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

/// Take the last "used" of a set back
#[derive(Args)]
pub struct RecoverySetArgs {
    /// The set: its name, service, account or id; a part is enough when it fits one only
    #[arg(value_name = "SET")]
    pub set: String,
    #[command(flatten)]
    pub unlock: Unlock,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// Put a new file in a set's place; the old set is kept and never offered again
#[derive(Args)]
pub struct RecoveryReplaceArgs {
    /// The old set: its name, service, account or id; a part is enough when it fits one only
    #[arg(value_name = "SET")]
    pub set: String,
    /// The new file; - reads it from standard input
    #[arg(value_name = "FILE")]
    pub file: String,
    #[command(flatten)]
    pub unlock: Unlock,
    /// Print one JSON value
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
    /// The used codes too
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
/// are printed as they are. Exit code 0: a code, a key or a document. 1: none of them.
#[derive(Args)]
pub struct RecoveryParseArgs {
    /// The file; - reads it from standard input
    #[arg(value_name = "FILE")]
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
    #[arg(long, required = true, num_args = 1.., value_name = "PICTURE")]
    pub pages: Vec<String>,
}

/// Compute the tables of RFC 4226 and RFC 6238 now and compare
#[derive(Args)]
pub struct VectorsArgs {
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// Print a completion script for a shell
#[derive(Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// Print a man page, or write all of them to a folder
#[derive(Args)]
pub struct ManArgs {
    /// The command whose page it is (vault backup); without one, keyhaven's own
    #[arg(value_name = "COMMAND", conflicts_with = "folder")]
    pub command: Vec<String>,
    /// Write keyhaven.1, keyhaven-code.1 and so on to this folder
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
}

/// How the vault is opened: with the keyring where it has a slot for it, else with the passphrase at a prompt
#[derive(Args)]
pub struct Unlock {
    /// Read the passphrase from the first line of standard input
    #[arg(long, conflicts_with = "recovery_key_stdin")]
    pub password_stdin: bool,
    /// Read the recovery key from the first line of standard input
    #[arg(long)]
    pub recovery_key_stdin: bool,
}

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
    /// Save the emergency kit to this file (.pdf or .svg)
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
    /// Add a passphrase; with --password-stdin it is the line after the one that opens the vault
    Add {
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
        #[command(flatten)]
        unlock: Unlock,
    },
    /// Say what renewing the vault's keys would mean; with --yes do it and print the new recovery key
    Renew {
        /// Do it
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        unlock: Unlock,
    },
}

/// Try whether the vault opens
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
/// The window of Keyhaven keeps the same backups by itself. Exit code 0: written, read again and compared.
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
    /// Say how the backups stand and write nothing; exit code 1 when they want attention
    #[arg(long, conflicts_with = "folder")]
    pub status: bool,
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
    /// Say what the backup holds and how it differs from the vault, and change nothing
    #[arg(long, conflicts_with = "list")]
    pub dry_run: bool,
    /// Bring only this back: issuer, name, issuer:name or id of a record that differs; may be repeated
    #[arg(long, value_name = "NAME", conflicts_with_all = ["dry_run", "list"])]
    pub only: Vec<String>,
    /// Make every record what it is in the backup; what was added since is deleted, with --yes
    #[arg(long, conflicts_with_all = ["dry_run", "only", "list"])]
    pub all: bool,
    /// Delete what was added since, where --all or --only asks for that; put another vault's file in the place of one
    /// that cannot be read
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

/// List the accounts in the vault
#[derive(Args)]
pub struct ListArgs {
    /// Only those whose issuer, name or tag has this in it
    pub query: Option<String>,
    #[command(flatten)]
    pub unlock: Unlock,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// Show an account, without its secret unless asked
#[derive(Args)]
pub struct ShowArgs {
    /// The account: issuer, name, issuer:name or id; a part is enough when it fits one account only
    pub name: String,
    /// Also print the secret and its URI; asks for the passphrase or recovery key even when the keyring opens
    #[arg(long)]
    pub secret: bool,
    #[command(flatten)]
    pub unlock: Unlock,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// Add accounts from URIs, pictures and the screen
///
/// What the vault has already is not added again. Exit code 0: all were added or are there. 2: something was no account.
#[derive(Args)]
pub struct AddArgs {
    /// URIs, - to read them from standard input (after the passphrase, if that comes from there too), or files
    #[arg(required_unless_present = "screen", value_name = "URI|FILE")]
    pub sources: Vec<String>,
    /// Look for QR codes on the screens
    #[arg(long)]
    pub screen: bool,
    #[command(flatten)]
    pub unlock: Unlock,
    /// Say what would be added and add nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// Change what is not secret about an account
#[derive(Args)]
pub struct EditArgs {
    /// The account: issuer, name, issuer:name or id; a part is enough when it fits one account only
    pub name: String,
    /// New issuer
    #[arg(long)]
    pub issuer: Option<String>,
    /// New name
    #[arg(long = "name", value_name = "NAME")]
    pub new_name: Option<String>,
    /// New note; an empty one removes it
    #[arg(long)]
    pub note: Option<String>,
    /// The tags from now on, separated by commas; an empty text removes all
    #[arg(long, value_name = "TAG,TAG")]
    pub tags: Option<String>,
    /// Keep it on top of the list (true) or not (false)
    #[arg(long, value_name = "BOOL")]
    pub pin: Option<bool>,
    /// Of an account that was changed in two places at once: keep this version, as keyhaven show numbers them
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..), conflicts_with_all = ["issuer", "new_name", "note", "tags", "pin", "keep_versions"])]
    pub version: Option<u32>,
    /// Of such an account: keep every version, the others as accounts of their own
    #[arg(long, conflicts_with_all = ["issuer", "new_name", "note", "tags", "pin"])]
    pub keep_versions: bool,
    #[command(flatten)]
    pub unlock: Unlock,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// Delete an account
///
/// Earlier saved states of the vault still have it (keyhaven vault restore --list).
#[derive(Args)]
pub struct RmArgs {
    /// The account: issuer, name, issuer:name or id, in full
    pub name: String,
    #[command(flatten)]
    pub unlock: Unlock,
}
