//! Sequences of ordinary events after which something could be gone; each was found by thinking of one.

use crate::host::{TestHost, cheap, open_app, passphrase, restarted};
use keyhaven_app::App;
use keyhaven_app::offer::Input;
use keyhaven_app::safety_view::{LookAnswer, RestorePoint, SlotName};
use keyhaven_app::view::*;
use keyhaven_secret::SecretText;
use keyhaven_vault::{DiskFiles, LockedVault};
use std::path::Path;

const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

fn add(app: &mut App, links: &str) -> Vec<String> {
    let pending =
        app.begin_offer().unwrap().inputs(vec![("text".into(), Input::Text(SecretText::new(links.into())))]);
    let offer = app.keep_offer(pending).unwrap();
    let all: Vec<u32> = offer.found.iter().map(|found| found.index).collect();
    app.accept_offer(offer.id, &all).unwrap()
}

fn typed(kit: &Kit) -> [SecretText; 2] {
    kit.challenge.map(|number| SecretText::new(kit.groups[usize::from(number)].clone()))
}

fn opened(host: &std::sync::Arc<TestHost>, folder: &Path) -> App {
    let mut app = restarted(host, folder);
    app.unlock_with_passphrase(&passphrase()).unwrap();
    app
}

/// The machine dies between "make a new kit" and the groups typed back.
#[test]
fn a_new_kit_that_was_never_kept_leaves_the_old_one_working() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let mut app = App::open(host.clone(), home.path());
    let old = app.create(None, true).unwrap();
    app.confirm_kit(&typed(&old)).unwrap();
    let proof = Proof { passphrase: None, recovery_key: Some(old.groups.join("-")) };
    drop(app.renew_kit(proof).unwrap());
    drop(app);
    host.keyring.clear();
    let mut app = restarted(&host, home.path());
    app.unlock_with_recovery_key(&SecretText::new(old.groups.join("-"))).unwrap();
}

/// The stick is not in, or the synced folder has not come yet.
#[test]
fn a_vault_missing_from_its_chosen_place_is_no_first_start() {
    let (host, home, stick) = (TestHost::new(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    drop(open_app(&host, stick.path()));
    let (vault, away) = (stick.path().join("vault.keyhaven"), stick.path().join("away"));
    let mut app = App::open(host.clone(), home.path());
    app.use_vault(&vault, false).unwrap();
    std::fs::rename(&vault, &away).unwrap();
    let generations = stick.path().join("generations");
    if generations.exists() {
        std::fs::remove_dir_all(&generations).unwrap();
    }

    let mut app = restarted(&host, home.path());
    let Status::Unreadable { error, .. } = app.status() else { panic!("{:?}", app.status()) };
    assert_eq!(error.kind, FailureKind::VaultUnreachable);
    let refused = app.create(Some((passphrase(), cheap())), false).err().map(|failure| failure.kind);
    assert_eq!(refused, Some(FailureKind::VaultExists));
    assert!(!vault.exists());

    // It is there again, and no restart is needed.
    std::fs::rename(&away, &vault).unwrap();
    app.look_again();
    app.unlock_with_passphrase(&passphrase()).unwrap();
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_no_first_start() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let link = home.path().join("vault.keyhaven");
    std::os::unix::fs::symlink("/nowhere/vault.keyhaven", &link).unwrap();
    let mut app = restarted(&host, home.path());
    assert!(matches!(app.status(), Status::Unreadable { .. }), "{:?}", app.status());
    assert!(app.create(Some((passphrase(), cheap())), false).is_err());
    assert!(link.is_symlink());
}

/// A field of another version, or a slip of somebody's editor, takes neither the vault's place nor the rest along.
#[test]
fn one_bad_setting_forgets_nothing_else() {
    let (host, home, stick) = (TestHost::new(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    drop(open_app(&host, stick.path()));
    let mut app = App::open(host.clone(), home.path());
    app.use_vault(&stick.path().join("vault.keyhaven"), false).unwrap();
    app.change_settings(Settings { idle_seconds: 120, ..app.settings().clone() }).unwrap();
    let file = home.path().join("settings.json");
    let mut settings: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    settings["theme"] = "sepia".into();
    settings["clipboard_seconds"] = 1_000_000.into();
    std::fs::write(&file, settings.to_string()).unwrap();
    let app = restarted(&host, home.path());
    assert_eq!(app.location().file(), stick.path().join("vault.keyhaven"));
    assert_eq!(app.settings().idle_seconds, 120);
    assert_eq!(app.settings().theme, Settings::default().theme);
    assert_eq!(app.settings().clipboard_seconds, Settings::default().clipboard_seconds);
}

/// A settings file that was cut off no longer says that the vault is on the stick.
#[test]
fn a_damaged_settings_file_is_no_first_start_and_is_put_aside() {
    let (host, home, stick) = (TestHost::new(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    drop(open_app(&host, stick.path()));
    let mut app = App::open(host.clone(), home.path());
    app.use_vault(&stick.path().join("vault.keyhaven"), false).unwrap();
    let file = home.path().join("settings.json");
    for damage in [&br#"{"vault":"/tmp"#[..], b"", b"[]", br#"{"vault":7}"#, b"\xff"] {
        std::fs::write(&file, damage).unwrap();
        let mut app = restarted(&host, home.path());
        let Status::Unreadable { error, .. } = app.status() else { panic!("{damage:?}: {:?}", app.status()) };
        assert!(error.detail.contains("settings.json"), "{error:?}");
        let refused = app.create(Some((passphrase(), cheap())), false).map(drop).unwrap_err();
        assert_eq!(refused.kind, FailureKind::VaultExists);
        assert!(!home.path().join("vault.keyhaven").exists());
    }
    let mut app = restarted(&host, home.path());
    app.use_vault(&stick.path().join("vault.keyhaven"), false).unwrap();
    assert!(matches!(app.status(), Status::Locked(_)), "{:?}", app.status());
    assert_eq!(std::fs::read(home.path().join("settings.json.damaged")).unwrap(), b"\xff");
    let app = restarted(&host, home.path());
    assert_eq!(app.location().file(), stick.path().join("vault.keyhaven"));
}

/// The vault was on a stick that broke; its backup was restored into Keyhaven's own folder.
#[test]
fn a_restored_copy_is_the_vault_of_the_next_start_too() {
    let (host, home, stick) = (TestHost::new(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    drop(open_app(&host, stick.path()));
    let vault = stick.path().join("vault.keyhaven");
    let backup = stick.path().join("backup.keyhaven");
    std::fs::copy(&vault, &backup).unwrap();
    let mut app = App::open(host.clone(), home.path());
    app.use_vault(&vault, false).unwrap();
    std::fs::remove_file(&vault).unwrap();
    let mut app = restarted(&host, home.path());
    app.use_vault(&backup, true).unwrap();
    let app = restarted(&host, home.path());
    assert!(matches!(app.status(), Status::Locked(_)), "{:?}", app.status());
    assert_eq!(app.location().file(), home.path().join("vault.keyhaven"));
}

#[test]
fn a_vault_that_could_not_be_used_changes_no_place() {
    let (host, home, stick) = (TestHost::new(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    drop(open_app(&host, home.path()));
    drop(open_app(&host, stick.path()));
    let mut app = restarted(&host, home.path());
    let refused = app.use_vault(&stick.path().join("vault.keyhaven"), true).unwrap_err();
    assert_eq!(refused.kind, FailureKind::VaultExists);
    assert_eq!(app.location().file(), home.path().join("vault.keyhaven"));
    app.unlock_with_passphrase(&passphrase()).unwrap();
}

/// The window shows counter 0 while the command line has used three codes.
#[test]
fn a_code_that_another_program_used_is_not_shown_again() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let mut window = open_app(&host, home.path());
    let id = add(&mut window, &format!("otpauth://hotp/Bank:me?secret={SECRET}&counter=0")).remove(0);
    let mut terminal = opened(&host, home.path());
    let mut locked = restarted(&host, home.path());
    for code in ["755224", "287082", "359152"] {
        assert_eq!(terminal.use_code(&id).unwrap().code, code);
    }
    // RFC 4226 Appendix D: 3, 4, 5.
    assert_eq!(window.use_code(&id).unwrap().code, "969429");
    assert_eq!(terminal.use_code(&id).unwrap().code, "338314");
    locked.unlock_with_passphrase(&passphrase()).unwrap();
    assert_eq!(locked.use_code(&id).unwrap().code, "254676");
}

/// Two computers without a network each used codes; then their copies meet.
#[test]
fn counters_that_moved_in_two_copies_go_on_after_the_higher_one() {
    let (host, home, other) = (TestHost::new(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut here = open_app(&host, home.path());
    let id = add(&mut here, &format!("otpauth://hotp/Bank:me?secret={SECRET}&counter=0")).remove(0);
    let (ours, theirs) = (home.path().join("vault.keyhaven"), other.path().join("vault.keyhaven"));
    std::fs::copy(&ours, &theirs).unwrap();
    let mut there = opened(&host, other.path());
    for _ in 0..3 {
        there.use_code(&id).unwrap();
    }
    host.pass(60_000);
    // The later change has the lower counter.
    assert_eq!(here.use_code(&id).unwrap().code, "755224");
    drop(here);
    // The other computer's file comes in the place of ours while ours is open with a change of its own.
    let mut here = opened(&host, home.path());
    here.edit_account(&id, AccountChanges { note: Some("ours".into()), ..AccountChanges::default() })
        .unwrap();
    std::fs::copy(&theirs, &ours).unwrap();
    assert_eq!(here.use_code(&id).unwrap().code, "969429");
}

/// The note was changed on two computers; a code is copied before anybody looked at it.
#[test]
fn using_a_code_decides_no_conflict() {
    let (host, home, other) = (TestHost::new(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut here = open_app(&host, home.path());
    let id = add(&mut here, &format!("otpauth://totp/Example:me?secret={SECRET}")).remove(0);
    let (ours, theirs) = (home.path().join("vault.keyhaven"), other.path().join("vault.keyhaven"));
    std::fs::copy(&ours, &theirs).unwrap();
    let note = |text: &str| AccountChanges { note: Some(text.into()), ..AccountChanges::default() };
    let mut there = opened(&host, other.path());
    there.edit_account(&id, note("theirs")).unwrap();
    host.pass(60_000);
    here.edit_account(&id, note("ours")).unwrap();
    std::fs::copy(&theirs, &ours).unwrap();
    add(&mut here, "otpauth://totp/b?secret=JBSWY3DPEHPK3PXP");
    here.use_code(&id).unwrap();
    add(&mut here, "otpauth://totp/c?secret=JBSWY3DPEHPK3PXQ");
    let locked =
        keyhaven_vault::LockedVault::read(&keyhaven_vault::DiskFiles, &keyhaven_vault::Location::at(&ours))
            .unwrap();
    let vault = locked.unlock(keyhaven_vault::Credential::Passphrase(&passphrase())).unwrap();
    let conflicts: Vec<_> = vault.accounts().conflicts().collect();
    assert_eq!(conflicts.len(), 1);
    let texts: Vec<_> = conflicts[0]
        .versions
        .iter()
        .map(|v| String::from_utf8_lossy(v.payload.expose()).into_owned())
        .collect();
    assert!(texts.iter().any(|text| text.contains("theirs")), "{texts:?}");
    assert!(texts.iter().any(|text| text.contains("ours")), "{texts:?}");
}

/// One vault in a synced folder, two computers with a keyring each.
#[test]
fn each_computers_keyring_slot_is_its_own_and_says_whose_it_is() {
    let (a, b, home) = (TestHost::new(), TestHost::new(), tempfile::tempdir().unwrap());
    *a.name.lock().unwrap() = "desk".into();
    *b.name.lock().unwrap() = format!(" {} ", "long".repeat(50));
    drop(open_app(&a, home.path()));
    let mut on_b = opened(&b, home.path());
    on_b.enable_keyring().unwrap();
    for host in [&a, &b] {
        restarted(host, home.path()).unlock_with_keyring().unwrap();
    }
    // Anew on one of them, and taken away there.
    on_b.enable_keyring().unwrap();
    let slots = on_b.slots().unwrap();
    let names: Vec<_> = slots.iter().filter(|slot| slot.kind == SlotName::Keyring).collect();
    let names: Vec<_> = names.iter().map(|slot| slot.label.as_str()).collect();
    assert_eq!(names, ["desk", "long".repeat(15).as_str()]);
    restarted(&a, home.path()).unlock_with_keyring().unwrap();
    restarted(&b, home.path()).unlock_with_keyring().unwrap();
    on_b.disable_keyring().unwrap();
    restarted(&a, home.path()).unlock_with_keyring().unwrap();
    assert!(restarted(&b, home.path()).unlock_with_keyring().is_err());
}

/// A keyring that is empty at each start, as where none is kept; another computer has a slot of its own meanwhile.
#[test]
fn a_keyring_slot_whose_key_is_gone_goes_when_it_is_written_anew() {
    let (a, b, home) = (TestHost::new(), TestHost::new(), tempfile::tempdir().unwrap());
    *a.name.lock().unwrap() = "desk".into();
    *b.name.lock().unwrap() = "laptop".into();
    drop(open_app(&a, home.path()));
    opened(&b, home.path()).enable_keyring().unwrap();
    let labels = |app: &App| -> Vec<String> {
        let slots = app.slots().unwrap();
        slots.into_iter().filter(|slot| slot.kind == SlotName::Keyring).map(|slot| slot.label).collect()
    };
    for _ in 0..35 {
        a.keyring.clear();
        let mut app = opened(&a, home.path());
        app.enable_keyring().unwrap();
        assert_eq!(labels(&app), ["laptop", "desk"]);
    }
    restarted(&b, home.path()).unlock_with_keyring().unwrap();
    restarted(&a, home.path()).unlock_with_keyring().unwrap();
    // Another keyring service on the same computer is another keyring: the first one's key is there still.
    *a.keyring.provider.lock().unwrap() = "of another desktop".into();
    a.keyring.clear();
    let mut app = opened(&a, home.path());
    app.enable_keyring().unwrap();
    assert_eq!(labels(&app), ["laptop", "desk", "desk"]);
    // Taken away where the entry is gone: the one that it was given, and no other.
    a.keyring.clear();
    app.disable_keyring().unwrap();
    assert_eq!(labels(&app), ["laptop", "desk"]);
    restarted(&b, home.path()).unlock_with_keyring().unwrap();
}

/// The keyring's own prompt was left open; meanwhile the vault was opened by passphrase and locked again.
#[test]
fn a_keyring_that_answers_after_a_lock_opens_nothing() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    drop(open_app(&host, home.path()));
    let mut app = restarted(&host, home.path());
    let question = app.keyring_question().unwrap();
    app.unlock_with_passphrase(&passphrase()).unwrap();
    app.lock();
    assert_eq!(app.unlock_with_keyring_answer(question.ask()).unwrap_err().kind, FailureKind::Keyring);
    assert!(!app.is_open());
    app.unlock_with_keyring().unwrap();

    // A new key that comes too late is taken back: the entry that the vault counts on is there again.
    let entry = app.keyring_entry().unwrap();
    app.lock();
    let written = entry.write();
    assert!(app.adopt_keyring(written).is_err());
    app.unlock_with_keyring().unwrap();
}

#[test]
fn many_pictures_one_after_another_are_all_kept() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let mut app = open_app(&host, home.path());
    let offers: Vec<_> = (0..40)
        .map(|n| {
            let link = format!("otpauth://totp/Issuer{n}:me?secret={SECRET}");
            let input = Input::Text(SecretText::new(link));
            let pending = app.begin_offer().unwrap().inputs(vec![("text".into(), input)]);
            app.keep_offer(pending).unwrap()
        })
        .collect();
    for offer in offers {
        app.accept_offer(offer.id, &[offer.found[0].index]).unwrap();
    }
    assert_eq!(app.accounts().unwrap().len(), 40);
}

/// A name so long that the account could not be read back is refused now, not lost after the next lock.
#[test]
fn what_could_not_be_read_again_is_not_kept() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let mut app = open_app(&host, home.path());
    let id = add(&mut app, &format!("otpauth://totp/a?secret={SECRET}")).remove(0);
    let long = "名".repeat(9_000);
    let account = keyhaven_otp::Account::new(
        "Example",
        long,
        keyhaven_secret::SecretBytes::new(b"12345678901234567890".to_vec()),
        keyhaven_otp::Kind::totp(),
    );
    let now = app.now();
    assert_eq!(app.add(vec![account], now).unwrap_err().kind, FailureKind::BadInput);
    let ids: Vec<_> = app.accounts().unwrap().into_iter().map(|row| row.id).collect();
    assert_eq!(ids, [id]);
}

/// Readiness looks at what a new computer would have: a backup that is gone from its folder is none.
#[test]
fn a_backup_in_its_folder_is_the_copy_elsewhere_for_as_long_as_it_is_there() {
    let (host, home, stick) = (TestHost::new(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut app = open_app(&host, home.path());
    add(&mut app, &format!("otpauth://totp/Example:me?secret={SECRET}"));
    let elsewhere = |app: &App| app.readiness().unwrap().copy.map(|copy| copy.elsewhere);
    assert_eq!(elsewhere(&app), Some(false));
    app.set_backup_folder(stick.path()).unwrap();
    app.back_up_now().unwrap();
    assert_eq!(elsewhere(&app), Some(true));
    assert_eq!(app.readiness().unwrap().back, 1);
    for entry in std::fs::read_dir(stick.path()).unwrap().flatten() {
        std::fs::remove_file(entry.path()).unwrap();
    }
    assert_eq!(elsewhere(&app), Some(false));
}

/// The sync program leaves an empty file while two hundred accounts were just imported; then the vault is locked.
#[test]
fn a_file_emptied_under_an_open_vault_loses_nothing_that_was_saved() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let mut app = open_app(&host, home.path());
    let links: Vec<_> = (0..200).map(|n| format!("otpauth://totp/Issuer{n}:me?secret={SECRET}")).collect();
    add(&mut app, &links.join("\n"));
    let file = home.path().join("vault.keyhaven");
    for content in [Some(&b""[..]), Some(b"<html>sign in to the network</html>"), None] {
        match content {
            Some(bytes) => std::fs::write(&file, bytes).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        host.pass(60_000);
        add(&mut app, &format!("otpauth://totp/Later:{}?secret={SECRET}", content.map_or(0, <[u8]>::len)));
        app.lock();
        app.unlock_with_passphrase(&passphrase()).unwrap();
    }
    assert_eq!(app.accounts().unwrap().len(), 203);
}

/// The vault is damaged, its saved states are gone too, and there is a good backup.
#[test]
fn a_backup_takes_the_place_of_a_damaged_vault() {
    let (host, home, stick) = (TestHost::new(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut app = open_app(&host, home.path());
    add(&mut app, &format!("otpauth://totp/Example:me?secret={SECRET}"));
    let (vault, backup) = (home.path().join("vault.keyhaven"), stick.path().join("backup.keyhaven"));
    std::fs::copy(&vault, &backup).unwrap();
    drop(app);
    for broken in [&b"KEYHAVEN"[..], b"", b"a shopping list"] {
        std::fs::write(&vault, broken).unwrap();
        std::fs::remove_dir_all(home.path().join("generations")).unwrap();
        let mut app = restarted(&host, home.path());
        assert!(matches!(app.status(), Status::Unreadable { .. }), "{:?}", app.status());
        app.use_vault(&backup, true).unwrap();
        app.unlock_with_passphrase(&passphrase()).unwrap();
        assert_eq!(app.accounts().unwrap().len(), 1);
        let mut kept = std::fs::read_dir(home.path().join("generations")).unwrap().flatten();
        assert!(kept.any(|file| std::fs::read(file.path()).unwrap() == broken), "the damaged file is kept");
    }
}

#[test]
fn an_account_never_becomes_nameless() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let mut app = open_app(&host, home.path());
    let id = add(&mut app, &format!("otpauth://totp/Example:me?secret={SECRET}&issuer=Example")).remove(0);
    let name = |name: &str| AccountChanges { name: Some(name.into()), ..AccountChanges::default() };
    let issuer = |issuer: &str| AccountChanges { issuer: Some(issuer.into()), ..AccountChanges::default() };
    app.edit_account(&id, name("")).unwrap();
    assert_eq!(app.edit_account(&id, issuer(" ")).unwrap_err().kind, FailureKind::BadInput);
    assert_eq!(app.account(&id).unwrap().row.issuer, "Example");
}

#[test]
fn a_newer_vault_is_not_replaced_by_an_old_state() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let mut app = open_app(&host, home.path());
    add(&mut app, &format!("otpauth://totp/a?secret={SECRET}"));
    let file = home.path().join("vault.keyhaven");
    let mut bytes = std::fs::read(&file).unwrap();
    // docs/vault-format.md: the version stands behind the eight letters of the name.
    bytes[8..10].copy_from_slice(&[0, 99]);
    std::fs::write(&file, &bytes).unwrap();
    let mut app = restarted(&host, home.path());
    let Status::Unreadable { error, .. } = app.status() else { panic!("{:?}", app.status()) };
    assert_eq!(error.kind, FailureKind::NewerVault);
    let states = app.restore_points().unwrap().points;
    assert_eq!(app.restore_generation(&states[0].name).unwrap_err().kind, FailureKind::NewerVault);
    assert_eq!(std::fs::read(&file).unwrap(), bytes);
}

/// A kit is saved beside a file that has nothing to do with it, and to a place that refuses it.
#[test]
fn saving_a_kit_touches_no_other_file_and_leaves_nothing_half() {
    let (host, home, papers) = (TestHost::new(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut app = App::open(host.clone(), home.path());
    drop(app.create(Some((passphrase(), cheap())), false).unwrap());
    std::fs::write(papers.path().join("kit.new"), "a novel").unwrap();
    app.save_kit(KitFormat::Svg, &papers.path().join("kit.svg")).unwrap();
    assert_eq!(std::fs::read(papers.path().join("kit.new")).unwrap(), b"a novel");
    std::fs::create_dir(papers.path().join("taken.svg")).unwrap();
    assert!(app.save_kit(KitFormat::Svg, &papers.path().join("taken.svg")).is_err());
    let mut names: Vec<_> =
        std::fs::read_dir(papers.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    names.sort();
    assert_eq!(names, ["kit.new", "kit.svg", "taken.svg"]);
}

/// An account is added and deleted on one day, and then the counter of another moves as often as saved states are kept.
#[test]
fn moves_of_a_counter_do_not_push_out_the_state_with_a_deleted_account() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let mut app = open_app(&host, home.path());
    let counter = add(&mut app, &format!("otpauth://hotp/Bank:me?secret={SECRET}&counter=0")).remove(0);
    let gone = add(&mut app, &format!("otpauth://totp/Mail:me?secret={SECRET}")).remove(0);
    app.delete_account(&gone).unwrap();
    for _ in 0..11 {
        host.pass(1_000);
        app.use_code(&counter).unwrap();
    }
    let points = app.restore_points().unwrap().points;
    let has_it = |point: &RestorePoint| {
        let LookAnswer::Opened(look) = app.look_into_point(point.place, &point.name, None).unwrap() else {
            panic!("the vault's own keys open it")
        };
        look.differences.iter().any(|one| one.id == gone)
    };
    let with: Vec<_> = points.iter().map(has_it).collect();
    assert!(with.contains(&true), "{with:?}");
    assert!(points.len() <= 5, "a counter's moves need no state of their own: {}", points.len());
}

/// Codes were shown, and then an earlier state is put in the vault's place: by name, and as a backup where the vault was
/// lost.
#[test]
fn a_restored_state_shows_no_code_of_a_counter_again() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let mut app = open_app(&host, home.path());
    let id = add(&mut app, &format!("otpauth://hotp/Bank:me?secret={SECRET}&counter=0")).remove(0);
    let backup = home.path().join("backup.keyhaven");
    app.back_up_to(&backup).unwrap();
    let mut shown = Vec::new();
    for _ in 0..3 {
        add(&mut app, &format!("otpauth://totp/Mail{}:me?secret={SECRET}", shown.len()));
        shown.push(app.use_code(&id).unwrap().code);
    }
    let points = app.restore_points().unwrap().points;
    let earliest = points.into_iter().min_by_key(|point| point.generation).unwrap();
    app.lock();
    let name = LockedVault::generations(&DiskFiles, app.location()).unwrap();
    let name = name.iter().find(|state| state.number == earliest.generation + 1).unwrap();
    app.restore_generation(&name.path.file_name().unwrap().to_string_lossy()).unwrap();
    app.unlock_with_passphrase(&passphrase()).unwrap();
    let mut show = |app: &mut App| {
        let next = app.use_code(&id).unwrap().code;
        assert!(!shown.contains(&next), "{next} was shown before: {shown:?}");
        shown.push(next);
    };
    show(&mut app);

    // The last move stood in the file alone that is lost now: each time it is, and whatever takes its place.
    drop(app);
    for newest_state in [false, true, false, true] {
        std::fs::write(home.path().join("vault.keyhaven"), b"").unwrap();
        let mut app = restarted(&host, home.path());
        if newest_state {
            let states = LockedVault::generations(&DiskFiles, app.location()).unwrap();
            app.restore_generation(&states[0].path.file_name().unwrap().to_string_lossy()).unwrap();
        } else {
            app.use_vault(&backup, true).unwrap();
        }
        app.unlock_with_passphrase(&passphrase()).unwrap();
        show(&mut app);
        show(&mut app);
        app.lock();
        app.unlock_with_passphrase(&passphrase()).unwrap();
        show(&mut app);
    }
}
