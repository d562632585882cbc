//! Everything that can be asked, and its help.

mod accounts;
mod codes;
mod recovery;
mod vault;

pub use accounts::*;
pub use codes::*;
pub use recovery::*;
pub use vault::*;

use clap::{Args, Parser, Subcommand};

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
