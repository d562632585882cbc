//! `keyhaven doctor`: what is the matter with the keyring, and how well secrets are kept in memory.

use crate::args::DoctorArgs;
use crate::error::{Answer, Failure, tell};
use crate::{copies, output, unlock};
use keyhaven_app::App;
use keyhaven_app::safety_view::{DoctorReport, Finding, SlotName, VaultCopy};
use keyhaven_platform::{Kept, Protection};
use serde::Serialize;

#[derive(Serialize)]
struct DoctorValue {
    #[serde(flatten)]
    report: DoctorReport,
    /// Whether there is a vault and it has no slot for the keyring: then nothing about the keyring has to be mended.
    unused: bool,
    memory: MemoryValue,
    /// Copies of the vault beside it, as a synced folder leaves them.
    copies: Vec<VaultCopy>,
}

#[derive(Serialize)]
struct MemoryValue {
    /// Bytes that this vault's keys and records take, as far as they are kept out of swap, and as far as they are not.
    locked: usize,
    not_locked: usize,
    /// How many may be; null: as many as there are.
    limit: Option<u64>,
    /// Whether a crash leaves the memory on the disk; null: the system does not say.
    core_dumps: Option<bool>,
    /// Whether other programs of the same person can read the memory.
    readable_by_others: Option<bool>,
}

pub fn run(args: DoctorArgs) -> Result<Answer, Failure> {
    let (mut app, _) = unlock::find()?;
    let mut report = examine(&app, args.ask);
    if args.repair && report.repairable {
        unlock::open_with_proof(&mut app, &args.unlock)?;
        app.enable_keyring()?;
        report = examine(&app, args.ask);
    } else if args.repair {
        tell("there is nothing here that putting the key there anew would mend");
    }
    // A vault that does not use the keyring lacks nothing where there is none.
    let unused = app.slots().is_ok_and(|slots| slots.iter().all(|slot| slot.kind != SlotName::Keyring));
    let fine = unused || matches!(report.finding, Finding::Ready | Finding::NotUsed);
    // This process holds nothing of the vault: what counts is whether the system would keep all of it out of swap. Its
    // file once is the body as it is read, once the records, once the body as it is written.
    let size = app.location().file().metadata().map_or(0, |file| file.len());
    let protection = keyhaven_platform::protection(usize::try_from(size).unwrap_or(0).saturating_mul(3));
    let copies = copies::with_news(&app);
    if args.json {
        output::json(&DoctorValue { report, unused, memory: memory_value(&protection), copies })?;
    } else {
        if unused && report.finding != Finding::NotUsed {
            output::line("the vault does not use the keyring, so nothing has to be done")?;
        }
        print(&report)?;
        print_memory(&protection)?;
        copies.iter().try_for_each(|copy| output::line(format_args!("vault: {}", copies::what(copy))))?;
    }
    Ok(Answer::yes_if(fine))
}

fn memory_value(Protection { core_dumps, other_programs, swap, limit }: &Protection) -> MemoryValue {
    let possible = |kept: &Kept| match kept {
        Kept::Out => Some(false),
        Kept::In => Some(true),
        Kept::Unknown => None,
    };
    MemoryValue {
        locked: swap.locked,
        not_locked: swap.unlocked,
        limit: *limit,
        core_dumps: possible(core_dumps),
        readable_by_others: possible(other_programs),
    }
}

/// None of it keeps the vault from working, so it changes no exit code.
fn print_memory(protection: &Protection) -> Result<(), Failure> {
    output::line(match protection.swap.unlocked {
        0 => "memory: this vault's keys and records are kept out of swap",
        _ => "memory: the system does not keep all of this vault's keys and records out of swap",
    })?;
    if let (Some(limit), true) = (protection.limit, protection.swap.unlocked > 0) {
        output::line(format_args!("  it lets a program keep {} KiB (ulimit -l); more helps", limit / 1024))?;
    }
    if protection.core_dumps == Kept::In {
        output::line("memory: a crash may leave it on the disk (a build for developers, or not allowed)")?;
    }
    if protection.other_programs == Kept::In {
        output::line("memory: other programs can read it (a build for developers, or not allowed)")?;
    }
    Ok(())
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
        Finding::NotUsed => (
            "the vault does not use the keyring; the keyring answers",
            "keyhaven vault slots add --keyring lets it open the vault",
        ),
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
