//! `cargo xtask …`: the commands of this repository, and the set-up they need.
//!
//! Depends on the standard library alone, so that it compiles in seconds on a bare machine and before anything
//! else is there. It computes nothing about the project itself: it installs, builds, runs and counts.
#![expect(clippy::print_stdout, reason = "a program that reports to a terminal")]
#![expect(
    clippy::disallowed_methods,
    reason = "a developer's tool: it may read the disk, the clock and the environment"
)]

mod bench;
mod build;
mod check;
mod fuzz;
mod packages;
mod process;
mod proof;
mod run;
mod screenshot;
mod setup;
mod totals;

use process::Project;
use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask run [--demo] [--debug]   set up, build and open the window (without a display: walk the first journey)
cargo xtask test                     set up and run every check; ends with one line of totals
cargo xtask bench [NAME…]            print the figures: otp, qr, camera, vault, verifier, app (all of them by default)
cargo xtask fuzz [TARGET…] [--seconds N]
                                     search for inputs that break something (all targets, 1800 s each)
cargo xtask screenshot               copy the stories' picture to docs/screenshot.png
cargo xtask setup                    only install what the others need";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", &[][..]),
    };
    let project = Project::find();
    let outcome = match command {
        "run" => run::run(&project, rest),
        "test" if rest.is_empty() => check::test(&project),
        "bench" => bench::bench(&project, rest),
        "fuzz" => fuzz::fuzz(&project, rest),
        "screenshot" if rest.is_empty() => screenshot::screenshot(&project),
        "setup" if rest.is_empty() => setup::setup(&project, packages::For::Tests),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => Err(format!("not a command: cargo xtask {}\n\n{USAGE}", arguments.join(" "))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // The totals stand alone on the last line, so `test` has already said everything.
            if !message.is_empty() {
                println!("{message}");
            }
            ExitCode::FAILURE
        }
    }
}
