//! Shell completions and man pages, made from the arguments themselves.

use crate::args::{Cli, CompletionsArgs, ManArgs};
use crate::error::{Answer, Failure};
use crate::input;
use clap::CommandFactory;
use std::io::{self, Write};

pub fn completions(args: CompletionsArgs) -> Result<Answer, Failure> {
    // Into memory first: the generator panics where writing fails.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "keyhaven", &mut script);
    io::stdout().lock().write_all(&script)?;
    Ok(Answer::Yes)
}

pub fn man(args: ManArgs) -> Result<Answer, Failure> {
    match args.folder {
        Some(folder) => std::fs::create_dir_all(&folder)
            .and_then(|()| clap_mangen::generate_to(Cli::command(), &folder))
            .map_err(|error| {
                Failure::input(format_args!("{}: {}", folder.display(), input::words(&error)))
            })?,
        None => clap_mangen::Man::new(page(&args.command)?).render(&mut io::stdout().lock())?,
    }
    Ok(Answer::Yes)
}

/// The command that the page is about; with its full name, as it is typed.
fn page(names: &[String]) -> Result<clap::Command, Failure> {
    let mut all = Cli::command();
    all.build();
    let mut page = &all;
    for name in names {
        page = page.find_subcommand(name).ok_or_else(|| {
            Failure::input(format_args!("there is no command {:?}", names.join(" ")))
                .advise("keyhaven --help lists the commands; --folder FOLDER writes all pages")
        })?;
    }
    Ok(page.clone())
}
