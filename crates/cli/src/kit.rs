//! `keyhaven kit split` and `join`: the recovery key in shares of which some open the vault.

use crate::args::{KitCommand, KitJoinArgs, KitSplitArgs};
use crate::error::{Answer, Failure};
use crate::{input, output, unlock};
use keyhaven_app::paper::Paper;
use keyhaven_secret::SecretText;
use keyhaven_vault::{Credential, RecoveryKey, Share, join_shares};
use serde::Serialize;
use std::path::{Path, PathBuf};

pub fn run(command: KitCommand) -> Result<Answer, Failure> {
    match command {
        KitCommand::Split(args) => split(args),
        KitCommand::Join(args) => join(args),
    }
}

/// How the line above the shares ends.
const HEADING_END: &str = "they are not shown again";

/// Holds the shares: they are shown this once.
#[derive(Serialize)]
struct SplitValue<'a> {
    set: String,
    needed: u8,
    shares: Vec<&'a str>,
}

/// Shares on paper: nothing secret is in it.
#[derive(Serialize)]
struct WrittenValue {
    set: String,
    needed: u8,
    files: Vec<String>,
}

/// Where each share's page goes; nothing is there yet.
fn share_places(folder: &Path, count: u8) -> Result<Vec<PathBuf>, Failure> {
    if !folder.is_dir() {
        let what = if folder.exists() { "this is a file; name a folder" } else { "there is no such folder" };
        return Err(Failure::input(format_args!("{}: {what}", folder.display())));
    }
    let places: Vec<PathBuf> =
        (1..=count).map(|number| folder.join(format!("keyhaven-share-{number}.pdf"))).collect();
    match places.iter().find(|path| path.symlink_metadata().is_ok()) {
        // It may be the only share that somebody has.
        Some(there) => Err(Failure::input(format_args!("{}: there is such a file already", there.display()))
            .advise("nothing was written; name another folder for these shares")),
        None => Ok(places),
    }
}

fn split(args: KitSplitArgs) -> Result<Answer, Failure> {
    // Shares are shown once, and half of them on paper are worse than none: first all the places.
    let places: Vec<PathBuf> = match &args.output {
        Some(folder) => share_places(folder, args.shares)?,
        None => Vec::new(),
    };
    if args.output.is_none() {
        output::reaches_somebody("the shares")?;
    }
    let (app, computer) = unlock::find()?;
    let text = match args.recovery_key_stdin {
        true => input::stdin_line("recovery key")?,
        false => input::prompt("Recovery key: ")?.ok_or_else(|| {
            Failure::input("there is no terminal to ask for the recovery key")
                .advise("--recovery-key-stdin reads it from standard input")
        })?,
    };
    let key = RecoveryKey::parse(&text).map_err(Failure::input)?;
    // Shares of a key that opens nothing would be found out on the day they are needed.
    let locked = unlock::read(&computer, app.location())?;
    locked.unlock(Credential::RecoveryKey(&key)).map_err(Failure::vault)?;
    let paper = if args.letter { Paper::Letter } else { Paper::A4 };
    let split = app.split_kit(&key, args.shares, args.needed, paper).map_err(Failure::from)?;
    if args.output.is_some() {
        let mut lines = Vec::new();
        for (number, (sheet, path)) in split.sheets.iter().zip(&places).enumerate() {
            crate::qr::write_new(path, sheet.expose(), false).map_err(|failure| {
                // Those that were written say which set they are of, and another split is another set.
                failure.advise(match number {
                    0 => "no share was written".to_owned(),
                    written => {
                        format!("{written} shares were written before it: delete them and split again")
                    }
                })
            })?;
            lines.push(format!("share {} written to {}", number + 1, path.display()));
        }
        let done =
            format!("set {}: {} of these {} shares open the vault", split.set, args.needed, args.shares);
        if args.json {
            let files = places.iter().map(|path| path.display().to_string()).collect();
            output::json_done(&WrittenValue { set: split.set, needed: args.needed, files }, done)?;
        } else {
            lines.push(done);
            output::all_done(&lines)?;
        }
        return Ok(Answer::Yes);
    }
    let texts: Vec<SecretText> = split.shares.iter().map(Share::to_text).collect();
    if args.json {
        let shares = texts.iter().map(SecretText::expose_for_display).collect();
        output::json(&SplitValue { set: split.set, needed: args.needed, shares })?;
        return Ok(Answer::Yes);
    }
    output::line(format_args!(
        "set {}: {} of these {} shares open the vault; {HEADING_END}",
        split.set, args.needed, args.shares
    ))?;
    texts.iter().try_for_each(|text| output::line(text.expose_for_display()))?;
    Ok(Answer::Yes)
}

fn join(_args: KitJoinArgs) -> Result<Answer, Failure> {
    let typed = input::stdin_text()?;
    let mut shares = Vec::new();
    let lines = typed.expose().lines().map(str::trim).filter(|line| !line.is_empty());
    // What kit split prints above its shares may come along.
    for (number, line) in lines.filter(|line| !line.ends_with(HEADING_END)).enumerate() {
        let share = Share::parse(&SecretText::new(line.to_owned()));
        shares.push(share.map_err(|error| Failure::input(format_args!("share {}: {error}", number + 1)))?);
    }
    if shares.is_empty() {
        return Err(Failure::input("standard input: there is no share in it").advise("one share a line"));
    }
    let key = join_shares(&shares).map_err(Failure::input)?;
    output::line(key.to_text().expose_for_display())?;
    Ok(Answer::Yes)
}
