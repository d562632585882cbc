//! `keyhaven paper` and `keyhaven restore --pages`: the vault, or a part of it, as a booklet of QR codes and back.

use crate::args::{PagesArgs, PaperArgs};
use crate::error::{Answer, Failure, tell};
use crate::{accounts, input, output, unlock};
use keyhaven_app::paper::Paper;
use keyhaven_app::view::FailureKind;
use keyhaven_secret::SecretText;

/// Largest picture of a page, in bytes.
const LARGEST: usize = 64 << 20;

pub fn make(args: PaperArgs) -> Result<Answer, Failure> {
    let (mut app, _) = unlock::find()?;
    let typed = unlock::open(&mut app, &args.unlock)?;
    let refusal = "a paper backup is sealed with the passphrase or the recovery key";
    let proof = accounts::proof_for(typed, "Passphrase, which will open the paper: ", refusal)?;
    let chosen = args
        .account
        .iter()
        .map(|name| accounts::resolve(&app, name, accounts::Match::Part).map(|row| row.id))
        .collect::<Result<Vec<_>, _>>()?;
    let sets = args
        .set
        .iter()
        .map(|name| crate::recovery_vault::resolve(&app, name, accounts::Match::Part).map(|set| set.id))
        .collect::<Result<Vec<_>, _>>()?;
    let paper = if args.letter { Paper::Letter } else { Paper::A4 };
    let booklet = app.make_booklet(proof, &chosen, &sets, paper)?;
    crate::qr::write_new(&args.file, booklet.pdf.expose(), args.force)?;
    output::done(format_args!(
        "{}: {} codes on {} pages; keyhaven restore --pages reads them back",
        args.file.display(),
        booklet.codes,
        booklet.pages
    ))?;
    Ok(Answer::Yes)
}

pub fn restore(args: PagesArgs) -> Result<Answer, Failure> {
    let mut texts: Vec<SecretText> = Vec::new();
    for file in &args.pages {
        let bytes = input::bytes(file, LARGEST)
            .map_err(|error| Failure::input(format_args!("{file}: {}", input::words(&error))))?;
        if let Some(what) = input::not_points(&bytes) {
            return Err(Failure::input(format_args!("{file}: {what}")));
        }
        let read = keyhaven_qr::read_file(&bytes, &keyhaven_qr::Limits::default())
            .map_err(|error| Failure::input(format_args!("{file}: {error}")))?;
        read.left_in_words().iter().for_each(|words| tell(format_args!("{file}: {words}")));
        if read.found.is_empty() {
            tell(format_args!("{file}: no QR code found"));
        }
        texts.extend(read.texts());
    }
    let (mut app, _) = unlock::find()?;
    let scratch =
        tempfile::tempdir().map_err(|error| Failure::input(format_args!("a temporary folder: {error}")))?;
    app.restore_pages(&texts, scratch.path()).map_err(|failure| match failure.kind {
        FailureKind::VaultExists => {
            let at = app.location().file().display();
            Failure::vault(format_args!("there is a vault already at {at}; nothing was changed")).advise(
                "with another folder in KEYHAVEN_HOME the paper is read beside it, and keyhaven import takes the accounts \
                 of the vault.keyhaven there in",
            )
        }
        _ => failure.into(),
    })?;
    output::done(format_args!("the paper backup is now the vault at {}", app.location().file().display()))?;
    Ok(Answer::Yes)
}
