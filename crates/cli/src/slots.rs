//! `keyhaven vault slots`: the ways into the vault.

use crate::args::{SlotsArgs, SlotsCommand, Unlock};
use crate::error::{Answer, Failure};
use crate::unlock::{self, Typed};
use crate::vault::{new_passphrase, no_vault};
use crate::{input, output, time};
use keyhaven_app::App;
use keyhaven_app::safety_view::{RotationFate, SlotName, SlotView};
use keyhaven_app::view::Status;
use keyhaven_secret::SecretText;
use serde::Serialize;

#[derive(Serialize)]
struct SlotsValue {
    slots: Vec<SlotView>,
}

/// `keyhaven vault slots renew --yes --json`. Holds the recovery key: it is shown this once.
#[derive(Serialize)]
struct RenewedValue<'a> {
    recovery_key: &'a str,
}

pub fn run(args: SlotsArgs) -> Result<Answer, Failure> {
    let (mut app, _) = unlock::find()?;
    if !matches!(app.status(), Status::Locked(_)) {
        return Err(no_vault(&mut app));
    }
    let mut done = None;
    let slots = match args.change {
        None => app.slots()?,
        Some(SlotsCommand::Add { label, unlock }) => {
            let typed = unlock::open_with_proof(&mut app, &unlock)?;
            let passphrase = next_passphrase(&unlock)?;
            done = Some("the vault opens with the new passphrase too");
            app.add_passphrase(typed.proof(), &passphrase, &label)?
        }
        Some(SlotsCommand::Remove { id, unlock }) => {
            let typed = unlock::open_with_proof(&mut app, &unlock)?;
            done = Some("this way in is gone");
            app.remove_slot(&id, typed.proof())?
        }
        Some(SlotsCommand::Change { id, unlock }) => {
            let current = passphrase(unlock::open_with_proof(&mut app, &unlock)?)?;
            let id = id.map_or_else(|| only_passphrase(&app), Ok)?;
            let fresh = next_passphrase(&unlock)?;
            done = Some("the passphrase is changed");
            app.change_passphrase(&id, &current, &fresh)?
        }
        Some(SlotsCommand::Renew { yes, unlock }) => return renew(app, yes, &unlock, args.json),
    };
    if args.json {
        output::json(&SlotsValue { slots })?;
    } else {
        if let Some(done) = done {
            let fate = app.rotation_fate()?;
            output::line(format_args!(
                "{done}; {} saved states and {} backups open with what opened them before",
                fate.saved_states, fate.backups
            ))?;
        }
        slots.iter().try_for_each(print)?;
    }
    Ok(Answer::Yes)
}

fn print(slot: &SlotView) -> Result<(), Failure> {
    let kind = match slot.kind {
        SlotName::Passphrase => "passphrase",
        SlotName::Keyring => "keyring",
        SlotName::RecoveryKey => "recovery key",
        SlotName::Unknown => "of a newer version",
    };
    let opens = match (slot.opens_accounts, slot.opens_recovery) {
        (true, true) => "accounts and recovery codes",
        (true, false) => "accounts",
        (false, true) => "recovery codes",
        (false, false) => "nothing",
    };
    let cost = slot.memory_kib.zip(slot.passes);
    let cost = cost.map(|(kib, passes)| format!(", {} MiB, {passes} passes", kib / 1024)).unwrap_or_default();
    let label =
        if slot.label.is_empty() { String::new() } else { format!(" “{}”", output::shown(&slot.label)) };
    let since = time::shown(slot.created_at / 1_000);
    output::line(format_args!("{kind}{label}  opens {opens}{cost}, since {since}, id {}", slot.id))
}

fn renew(mut app: App, yes: bool, unlock: &Unlock, json: bool) -> Result<Answer, Failure> {
    let typed = unlock::open_with_proof(&mut app, unlock)?;
    let fate = app.rotation_fate()?;
    if !yes {
        if json {
            output::json(&fate)?;
        } else {
            tell_fate(&fate)?;
        }
        return Ok(Answer::Yes);
    }
    let kit = app.rotate_keys(&passphrase(typed)?)?;
    let key = SecretText::new(kit.groups.join("-"));
    if json {
        output::json(&RenewedValue { recovery_key: key.expose_for_display() })?;
    } else {
        let shown = output::line("the vault has new keys; the new recovery key, which is not shown again:")
            .and_then(|()| output::line(""))
            .and_then(|()| output::line(format_args!("  {}", key.expose_for_display())));
        shown.map_err(|failure| {
            failure.advise(
                "the keys were renewed all the same: renew them again for a recovery key that can be read",
            )
        })?;
    }
    Ok(Answer::Yes)
}

fn tell_fate(fate: &RotationFate) -> Result<(), Failure> {
    output::line("nothing was done; with --yes:")?;
    output::line("  a new recovery key is printed, and the old one opens this vault no more")?;
    if fate.other_passphrases > 0 {
        output::line(format_args!("  {} other passphrases open it no more", fate.other_passphrases))?;
    }
    if fate.keyring {
        output::line("  this computer's keyring gets a new key, other computers' keyrings open it no more")?;
    }
    output::line(format_args!(
        "  {} saved states and {} backups keep the old keys, and open with the old passphrase and recovery key",
        fate.saved_states, fate.backups
    ))?;
    if let Some(failure) = &fate.folder_failure {
        output::line(format_args!("  how many backups do so is not known: {failure}"))?;
    }
    if fate.own_backup_passphrase {
        output::line("  the backups' own passphrase has to be set anew")?;
    }
    Ok(())
}

fn passphrase(typed: Typed) -> Result<SecretText, Failure> {
    match typed {
        Typed::Passphrase(text) => Ok(text),
        Typed::RecoveryKey(_) => Err(Failure::input("this takes the passphrase, not the recovery key")),
    }
}

/// The new passphrase: the next line of standard input where the first came from there.
fn next_passphrase(unlock: &Unlock) -> Result<SecretText, Failure> {
    if unlock.password_stdin || unlock.recovery_key_stdin {
        return input::stdin_line("new passphrase");
    }
    new_passphrase()
}

fn only_passphrase(app: &App) -> Result<String, Failure> {
    let slots = app.slots()?;
    let mut passphrases = slots.iter().filter(|slot| slot.kind == SlotName::Passphrase);
    match (passphrases.next(), passphrases.next()) {
        (Some(slot), None) => Ok(slot.id.clone()),
        (None, _) => Err(Failure::input("the vault has no passphrase; keyhaven vault slots add adds one")),
        _ => Err(Failure::input("the vault has several passphrases")
            .advise("keyhaven vault slots lists them; give the id of the one to change")),
    }
}
