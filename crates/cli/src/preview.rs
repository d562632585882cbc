//! What is to become the vault, told before it does: where the vault cannot be read there is nothing to compare a backup
//! with but the other states that can be.

use crate::args::RestoreArgs;
use crate::error::{Answer, Failure};
use crate::unlock::Typed;
use crate::{agree, differences, input, output, time};
use keyhaven_app::App;
use keyhaven_app::safety_view::{Effect, Holdings, PointPlace, RestorePoint, RestorePreview, RestoreSource};
use std::path::Path;

/// `keyhaven vault restore … --dry-run` where there is no vault that can be read.
pub fn show(app: &App, source: &RestoreSource, args: &RestoreArgs) -> Result<Answer, Failure> {
    if !args.dry_run {
        return Err(Failure::vault(
            "there is no vault that can be read, so no single record can be brought back to it",
        )
        .advise("without --only and --all the whole state takes its place; --dry-run shows what it holds"));
    }
    let typed = args.unlock.given()?;
    let told = |failure| match source {
        RestoreSource::File { path } => Failure::about(Path::new(path), failure),
        _ => Failure::from(failure),
    };
    let mut preview = match &typed {
        Some(typed) => app.preview_restore(source, Some(typed.proof()), None),
        None => {
            let asked = app.preview_question(source).map_err(told)?.map(|question| question.ask());
            app.preview_restore(source, None, asked)
        }
    }
    .map_err(told)?;
    if preview.holds.is_none()
        && let Some(passphrase) = input::prompt("Passphrase: ")?
    {
        let proof = Typed::Passphrase(passphrase).proof();
        preview = app.preview_restore(source, Some(proof), None).map_err(told)?;
    }
    if args.json {
        output::json(&preview)?;
    } else {
        print(&preview)?;
    }
    Ok(Answer::Yes)
}

fn print(preview: &RestorePreview) -> Result<(), Failure> {
    let moment = |at: u64| time::shown(at / 1_000);
    output::line(format_args!(
        "{}: saved {}, {} bytes",
        output::shown(&preview.name),
        moment(preview.saved_at),
        preview.size
    ))?;
    if let Some(newer) = &preview.newer {
        output::line(format_args!(
            "  a newer state of the same vault can be read: {}, saved {}",
            output::shown(&newer.name),
            moment(newer.saved_at)
        ))?;
    }
    let Some(Holdings { accounts, recovery, set_aside, compared_with, differences }) = &preview.holds else {
        return output::line(
            "  what is in it is not known without what opens it: --password-stdin or --recovery-key-stdin",
        );
    };
    let recovery =
        recovery.map_or("recovery records stay sealed".into(), |count| format!("{count} recovery records"));
    output::line(format_args!("  {accounts} accounts, {recovery}"))?;
    if *set_aside > 0 {
        output::line(format_args!("  {set_aside} records in it cannot be understood"))?;
    }
    let Some(other) = compared_with else {
        return output::line("  there is no other state to compare it with");
    };
    output::line(format_args!(
        "  compared with the newest other state, saved {}, {} accounts:",
        moment(other.saved_at),
        other.accounts
    ))?;
    for one in differences {
        let effect = match one.effect {
            Effect::Added => "only in this one",
            Effect::Removed => "not in this one",
            Effect::Changed | Effect::BothKept => "differs",
        };
        output::line(format_args!("  {}  {effect}", differences::name(one)))?;
    }
    if differences.is_empty() {
        output::line("  no record differs")?;
    }
    Ok(())
}

/// Where the vault cannot be read and a newer state of what is to take its place can, somebody says that the older one is
/// meant.
pub fn older_asks(app: &App, source: &RestoreSource, yes: bool) -> Result<(), Failure> {
    if !super::backups::has_nothing_to_compare(app) {
        return Ok(());
    }
    // A file that cannot be read is told by who wants to use it.
    let Ok(preview) = app.preview_restore(source, None, None) else { return Ok(()) };
    let Some(newer) = &preview.newer else { return Ok(()) };
    let moment = |at: u64| time::shown(at / 1_000);
    let what = format!(
        "{} was saved {}, and a newer state of the same vault can be read: {}, saved {}",
        output::shown(&preview.name),
        moment(preview.saved_at),
        output::shown(&newer.name),
        moment(newer.saved_at)
    );
    let details = [
        "what came in between would not be in the vault".to_owned(),
        format!("{} puts the newer one there; --dry-run shows what either holds", command_for(app, newer)),
    ];
    agree::or_refuse(yes, what, &details)
}

fn command_for(app: &App, point: &RestorePoint) -> String {
    let name = output::shown(&point.name);
    match (point.place, app.backups().folder) {
        (PointPlace::Folder, Some(folder)) => {
            format!(
                "keyhaven vault restore {}",
                output::shown(&Path::new(&folder).join(&point.name).display().to_string())
            )
        }
        _ => format!("keyhaven vault restore --state {name}"),
    }
}
