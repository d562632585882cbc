//! `keyhaven vault slots`: the ways into the vault.

use crate::args::{SlotsArgs, SlotsCommand, Unlock};
use crate::error::{Answer, Failure};
use crate::unlock::{self, Typed};
use crate::vault::{kit_place, new_passphrase, no_vault, save_kit};
use crate::{agree, input, output, time};
use keyhaven_app::App;
use keyhaven_app::safety_view::{RotationFate, SlotName, SlotView};
use keyhaven_app::view::Status;
use keyhaven_secret::SecretText;
use serde::Serialize;
use std::path::Path;

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
        Some(SlotsCommand::Add { keyring: true, unlock, .. }) => {
            unlock::open_with_proof(&mut app, &unlock)?;
            done = Some("the vault opens with this computer's keyring too");
            app.enable_keyring()?;
            app.slots()?
        }
        Some(SlotsCommand::Add { label, unlock, .. }) => {
            let typed = unlock::open_with_proof(&mut app, &unlock)?;
            let passphrase = next_passphrase(&unlock)?;
            done = Some("the vault opens with the new passphrase too");
            app.add_passphrase(typed.proof(), &passphrase, &label)?
        }
        Some(SlotsCommand::Remove { id, yes, unlock }) => {
            let typed = unlock::open_with_proof(&mut app, &unlock)?;
            ask_before_removing(&app, &id, &typed, yes)?;
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
        Some(SlotsCommand::Renew { yes, kit, unlock }) => {
            return renew(app, yes, kit.as_deref(), &unlock, args.json);
        }
    };
    let mut lines: Vec<String> = slots.iter().map(described).collect();
    let Some(done) = done else {
        if args.json {
            output::json(&SlotsValue { slots })?;
        } else {
            lines.iter().try_for_each(output::line)?;
        }
        return Ok(Answer::Yes);
    };
    if args.json {
        output::json_done(&SlotsValue { slots }, done)?;
    } else {
        // That is done; what cannot be counted now is told without numbers.
        let count =
            |count: u32, of: &str| if count == 1 { format!("1 {of}") } else { format!("{count} {of}s") };
        let before = app.rotation_fate().map_or_else(
            |_| "saved states and backups".to_owned(),
            |fate| {
                format!("{} and {}", count(fate.saved_states, "saved state"), count(fate.backups, "backup"))
            },
        );
        lines.insert(0, format!("{done}; {before} from before open with what opened them then"));
        output::all_done(&lines)?;
    }
    Ok(Answer::Yes)
}

/// Says what goes with a way in, and asks. One that cannot go is refused by the vault, not asked about.
fn ask_before_removing(app: &App, id: &str, typed: &Typed, yes: bool) -> Result<(), Failure> {
    let slots = app.slots()?;
    let Some(slot) = slots.iter().find(|slot| slot.id == id).filter(|slot| slot.removable && !yes) else {
        return Ok(());
    };
    let what = match slot.kind {
        SlotName::Passphrase if app.slot_of_proof(typed.proof())?.as_deref() == Some(id) => {
            "the passphrase that was just typed would open the vault no more"
        }
        SlotName::Passphrase => "this passphrase would open the vault no more",
        SlotName::RecoveryKey => {
            "the emergency kit with this recovery key, and every share of it, would open the vault no more"
        }
        SlotName::Keyring => "the keyring that has this key would open the vault no more",
        SlotName::Unknown => "a newer version of Keyhaven made this way in; it would open the vault no more",
    };
    let left = slots.iter().filter(|other| other.id != id).map(|other| format!("left: {}", described(other)));
    agree::or_refuse(false, what, &left.collect::<Vec<_>>())
}

fn described(slot: &SlotView) -> String {
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
    format!("{kind}{label}  opens {opens}{cost}, since {since}, id {}", slot.id)
}

fn renew(
    mut app: App,
    yes: bool,
    kit: Option<&Path>,
    unlock: &Unlock,
    json: bool,
) -> Result<Answer, Failure> {
    // Before anything is asked or made.
    let format = kit.map(kit_place).transpose()?;
    if yes && kit.is_none() {
        output::reaches_somebody("the new recovery key")?;
    }
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
    let made = app.rotate_keys(&passphrase(typed)?)?;
    let key = SecretText::new(made.groups.join("-"));
    // Neither takes the other along when it fails.
    let saved = save_kit(&app, format, kit);
    let shown = if json {
        output::json(&RenewedValue { recovery_key: key.expose_for_display() })
    } else {
        output::line("the vault has new keys; the new recovery key, which is not shown again:")
            .and_then(|()| output::line(""))
            .and_then(|()| output::line(format_args!("  {}", key.expose_for_display())))
    };
    shown.map_err(|failure| {
        failure.lost(match kit.filter(|_| saved.is_ok()) {
            Some(path) => {
                format!("the keys were renewed all the same; the recovery key is in {}", path.display())
            }
            None => {
                "the keys were renewed all the same: renew them again for a recovery key that can be read"
                    .into()
            }
        })
    })?;
    saved?;
    if let Some(path) = kit.filter(|_| !json) {
        output::done(format_args!("\nemergency kit saved to {}", path.display()))?;
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
pub fn next_passphrase(unlock: &Unlock) -> Result<SecretText, Failure> {
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
