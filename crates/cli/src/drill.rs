//! `keyhaven drill`: what would be back if this computer were gone today.

use crate::args::DrillArgs;
use crate::error::{Answer, Failure};
use crate::{accounts, output, time, unlock};
use keyhaven_app::readiness_view::{DrillReport, LossReason};

pub fn run(args: DrillArgs) -> Result<Answer, Failure> {
    let (mut app, _) = unlock::find()?;
    let typed = unlock::open(&mut app, &args.unlock)?;
    let refusal = "a drill opens the copy as a new computer would, with the passphrase or the recovery key";
    let proof = accounts::proof_for(typed, "Passphrase, as on a new computer: ", refusal)?;
    let plan = app.plan_drill(args.backup.as_deref())?;
    let home =
        tempfile::tempdir().map_err(|error| Failure::input(format_args!("a temporary folder: {error}")))?;
    let copy = plan.copy().to_path_buf();
    let drilled = plan.run(home.path(), proof).map_err(|failure| Failure::about(&copy, failure))?;
    let report = app.finish_drill(drilled)?;
    if args.json {
        output::json(&report)?;
    } else {
        print(&report)?;
    }
    Ok(Answer::yes_if(report.ok))
}

fn print(report: &DrillReport) -> Result<(), Failure> {
    let saved = time::shown(report.copy.saved_at / 1_000);
    let with = if report.with_kit { "recovery key" } else { "passphrase" };
    output::line(format_args!("from {} of {saved}, with the {with}:", report.copy.path))?;
    output::line(format_args!(
        "{} accounts and {} recovery sets ({} codes left) would be back",
        report.accounts_back, report.sets_back, report.codes_back
    ))?;
    if report.used_since > 0 {
        output::line(format_args!(
            "{} codes were used since: the copy would offer them once more",
            report.used_since
        ))?;
    }
    for loss in &report.lost {
        let codes = match loss.codes {
            0 => String::new(),
            1 => " (1 code)".to_owned(),
            count => format!(" ({count} codes)"),
        };
        output::line(output::shown(&format!("lost: {}{codes}: {}", loss.name, why(loss.why))))?;
    }
    if !report.copy.elsewhere {
        output::line(
            "but this copy lies on this computer's disk and goes with it: without one elsewhere nothing would be back",
        )?;
    }
    for name in &report.damaged {
        output::line(output::shown(&format!("damaged: {name}: this backup cannot be read")))?;
    }
    Ok(())
}

fn why(why: LossReason) -> &'static str {
    match why {
        LossReason::AccountMissing => "the copy does not have this account",
        LossReason::AccountDiffers => "the copy makes other codes for this account",
        LossReason::SetMissing => "the copy does not have this recovery set",
        LossReason::SetDiffers => {
            "the copy lacks unused codes of this recovery set, or has another text or file"
        }
        LossReason::SetDeleted => {
            "this recovery set was there at the last drill and was deleted, with none in its place"
        }
    }
}
