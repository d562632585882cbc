//! The accounts in the vault, and other programs' exports of them.

use super::Unlock;
use clap::Args;
use keyhaven_app::exporting::view::ExportTarget;
use keyhaven_interchange::Format;
use std::path::PathBuf;

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
    #[arg(required_unless_present = "screen", value_name = "URI|FILE", value_parser = clap::builder::NonEmptyStringValueParser::new())]
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
    /// Do not ask where another account has that name already
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub unlock: Unlock,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// Delete an account
///
/// Earlier saved states of the vault still have it: what is printed says how to bring it back.
#[derive(Args)]
pub struct RmArgs {
    /// The account: issuer, name, issuer:name or id, in full
    pub name: String,
    #[command(flatten)]
    pub unlock: Unlock,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// Read accounts from other programs' exports and from pictures of QR codes
///
/// The program is recognised from the file's bytes. Exit code 0: every entry is an account. 1: there is none. 2: some file
/// or entry could not be read; the others came in.
#[derive(Args)]
pub struct ImportArgs {
    /// Exports, lists of otpauth URIs, pictures; - reads one from standard input
    #[arg(required = true, value_name = "FILE", value_parser = clap::builder::NonEmptyStringValueParser::new())]
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
