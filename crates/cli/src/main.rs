//! `keyhaven`: one-time codes, pictures and the vault on the command line.
//!
//! This shell turns arguments into calls and answers into text, JSON and exit codes; every rule stands in the
//! crates it calls. `args` says what can be asked, one module for each command answers, `error` holds the exit
//! codes.
#![forbid(unsafe_code)]

mod accounts;
mod agree;
mod args;
mod backups;
mod codes;
mod copies;
mod differences;
mod doctor;
mod drill;
mod error;
mod export;
mod generate;
mod import;
mod import_own;
mod input;
mod inspect;
mod kit;
mod output;
mod paper;
mod preview;
mod qr;
mod recovery;
mod recovery_vault;
mod set_aside;
mod slots;
mod time;
mod unlock;
mod vault;
mod vectors;

use args::{Cli, Command, QrCommand, RecoveryCommand};
use clap::Parser;
use error::{Answer, Failure};
use std::process::ExitCode;

/// Secrets pass through clap's and serde's buffers, which nobody wipes: so all freed memory is wiped.
#[global_allocator]
static WIPED_WHEN_FREED: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

fn main() -> ExitCode {
    if keyhaven_platform::was_started_to_ask() {
        return ExitCode::SUCCESS;
    }
    keyhaven_platform::protect_unless_developing();
    let cli = Cli::parse();
    match run(cli.command) {
        Ok(answer) => answer.into(),
        Err(failure) => failure.report(),
    }
}

fn run(command: Command) -> Result<Answer, Failure> {
    match command {
        Command::Code(args) => codes::code(args),
        Command::Explain(args) => codes::explain(args),
        Command::Verify(args) => codes::verify(args),
        Command::Inspect(args) => inspect::run(args),
        Command::Qr(QrCommand::Read(args)) => qr::read(args),
        Command::Qr(QrCommand::Write(args)) => qr::write(args),
        Command::Import(args) => import::run(args),
        Command::Export(args) => export::run(args),
        Command::Recovery(command) => recovery(command),
        Command::Drill(args) => drill::run(args),
        Command::Kit(command) => kit::run(command),
        Command::Paper(args) => paper::make(args),
        Command::Restore(args) => paper::restore(args),
        Command::Vectors(args) => vectors::run(args),
        Command::Vault(command) => vault::run(command),
        Command::Doctor(args) => doctor::run(args),
        Command::List(args) => accounts::list(args),
        Command::Show(args) => accounts::show(args),
        Command::Add(args) => accounts::add(args),
        Command::Edit(args) => accounts::edit(args),
        Command::Rm(args) => accounts::rm(args),
        Command::Completions(args) => generate::completions(args),
        Command::Man(args) => generate::man(args),
    }
}

fn recovery(command: RecoveryCommand) -> Result<Answer, Failure> {
    match command {
        RecoveryCommand::Parse(args) => recovery::parse(args),
        RecoveryCommand::Add(args) => recovery_vault::add(args),
        RecoveryCommand::List(args) => recovery_vault::list(args),
        RecoveryCommand::Use(args) => recovery_vault::use_next(args),
        RecoveryCommand::Undo(args) => recovery_vault::undo(args),
        RecoveryCommand::Replace(args) => recovery_vault::replace(args),
        RecoveryCommand::Edit(args) => recovery_vault::edit(args),
        RecoveryCommand::Rm(args) => recovery_vault::rm(args),
        RecoveryCommand::Export(args) => recovery_vault::export(args),
    }
}
