//! `keyhaven doctor`: what is the matter with the keyring.

use crate::args::DoctorArgs;
use crate::error::{Answer, Failure};
use crate::{output, unlock};
use keyhaven_app::App;
use keyhaven_app::safety_view::{DoctorReport, Finding};

pub fn run(args: DoctorArgs) -> Result<Answer, Failure> {
    let (mut app, _) = unlock::find()?;
    let mut report = examine(&app, args.ask);
    if args.repair && report.repairable {
        unlock::open_with_proof(&mut app, &args.unlock)?;
        app.enable_keyring()?;
        report = examine(&app, args.ask);
    }
    if args.json {
        output::json(&report)?;
    } else {
        print(&report)?;
    }
    Ok(Answer::yes_if(matches!(report.finding, Finding::Ready | Finding::NotUsed)))
}

fn examine(app: &App, ask: bool) -> DoctorReport {
    app.diagnose(app.doctor_question(ask).ask())
}

fn print(report: &DoctorReport) -> Result<(), Failure> {
    let (what, advice) = words(report.finding);
    output::line(what)?;
    if let (Some(was), Some(is)) = (&report.stored_with, &report.provider) {
        output::line(format_args!("  the key was stored with {was}, and {is} answers now"))?;
    }
    if !advice.is_empty() {
        output::line(format_args!("  {advice}"))?;
    }
    if let Some(provider) = &report.provider {
        output::line(format_args!("answered by: {}", output::shown(provider)))?;
    }
    output::line(format_args!("it said: {}", output::shown(&report.answer)))?;
    if report.other_vaults > 0 {
        output::line(format_args!("keys of other vaults in it: {}", report.other_vaults))?;
    }
    Ok(())
}

/// What it is, and what to do.
fn words(finding: Finding) -> (&'static str, &'static str) {
    const REPAIR: &str =
        "keyhaven doctor --repair opens the vault with the passphrase and puts its key there";
    match finding {
        Finding::Ready => ("the keyring has this vault's key", ""),
        Finding::NotUsed => ("the vault does not use the keyring; the keyring answers", ""),
        Finding::NoBus => (
            "this session has no D-Bus",
            "started over SSH, as another user or from a service? use the passphrase here: --password-stdin",
        ),
        Finding::NoService => (
            "nobody keeps secrets in this session",
            "start GNOME Keyring, KWallet, or KeePassXC with its Secret Service switched on",
        ),
        Finding::NoCollection => (
            "the keyring service has no default keyring",
            "make one in “Passwords and Keys” (seahorse) or KWallet's settings, and make it the default",
        ),
        Finding::Locked => ("the keyring is locked", "--ask lets it ask for its password"),
        Finding::Refused => (
            "the keyring stayed closed: its question was dismissed or could not be shown, or a rule forbids it",
            "unlock it in “Passwords and Keys” (seahorse), or use the passphrase: --password-stdin",
        ),
        Finding::Missing => ("the keyring has no key for this vault", REPAIR),
        Finding::OtherProvider => ("another program answers now than the one that has the key", REPAIR),
        Finding::AnotherVault => {
            ("the entry's key opens neither this vault nor any of its saved states", REPAIR)
        }
        Finding::Stale => ("the entry's key fits another state of this vault", REPAIR),
        Finding::NotAKey => ("the entry is no key of Keyhaven's", REPAIR),
        Finding::TooLarge => ("the entry is larger than any key", REPAIR),
        Finding::Ambiguous => (
            "there are several entries for this vault",
            "delete those named Keyhaven with this vault's id in “Passwords and Keys”, then --repair",
        ),
        Finding::Failed => ("the keyring failed", "restarting its service or signing in again may help"),
    }
}
