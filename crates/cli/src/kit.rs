//! `keyhaven kit split` and `join`: the recovery key in shares of which some open the vault.

use crate::args::{KitCommand, KitJoinArgs, KitSplitArgs};
use crate::error::{Answer, Failure};
use crate::{input, output, unlock};
use keyhaven_app::paper::Paper;
use keyhaven_secret::SecretText;
use keyhaven_vault::{Credential, RecoveryKey, Share, join_shares};
use serde::Serialize;

pub fn run(command: KitCommand) -> Result<Answer, Failure> {
    match command {
        KitCommand::Split(args) => split(args),
        KitCommand::Join(args) => join(args),
    }
}

/// Holds the shares: they are shown this once.
#[derive(Serialize)]
struct SplitValue<'a> {
    set: String,
    needed: u8,
    shares: Vec<&'a str>,
}

fn split(args: KitSplitArgs) -> Result<Answer, Failure> {
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
    if let Some(folder) = &args.output {
        for (number, sheet) in split.sheets.iter().enumerate() {
            let path = folder.join(format!("keyhaven-share-{}.pdf", number + 1));
            crate::qr::write_new(&path, sheet.expose(), false)?;
            output::line(format_args!("share {} written to {}", number + 1, path.display()))?;
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
        "set {}: {} of these {} shares open the vault; they are not shown again",
        split.set, args.needed, args.shares
    ))?;
    texts.iter().try_for_each(|text| output::line(text.expose_for_display()))?;
    Ok(Answer::Yes)
}

fn join(_args: KitJoinArgs) -> Result<Answer, Failure> {
    let typed = input::stdin_text()?;
    let mut shares = Vec::new();
    for (number, line) in typed.expose().lines().map(str::trim).filter(|line| !line.is_empty()).enumerate() {
        let share = Share::parse(&SecretText::new(line.to_owned()));
        shares.push(share.map_err(|error| Failure::input(format_args!("share {}: {error}", number + 1)))?);
    }
    let key = join_shares(&shares).map_err(Failure::input)?;
    output::line(key.to_text().expose_for_display())?;
    Ok(Answer::Yes)
}
