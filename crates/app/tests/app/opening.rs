use crate::host::{PASSPHRASE, TestHost, cheap, open_app, passphrase, restarted};
use keyhaven_app::App;
use keyhaven_app::host::KeyringError;
use keyhaven_app::view::*;
use keyhaven_secret::SecretText;

fn locked(app: &App) -> LockedView {
    match app.status() {
        Status::Locked(view) => view,
        other => panic!("not locked: {other:?}"),
    }
}

fn open(app: &App) -> OpenView {
    match app.status() {
        Status::Open(view) => view,
        other => panic!("not open: {other:?}"),
    }
}

#[test]
fn looking_at_an_empty_home_creates_nothing() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("not-there-yet");
    let app = App::open(TestHost::new(), &folder);
    assert!(matches!(app.status(), Status::Absent { keyring: KeyringState::Ready, .. }));
    assert!(!folder.exists());
}

#[test]
fn a_new_vault_opens_with_keyring_passphrase_and_kit() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let mut app = App::open(host.clone(), home.path());
    let kit = app.create(Some((passphrase(), cheap())), true).unwrap();
    assert_eq!(open(&app).kit, KitState::Unconfirmed);
    assert_eq!(host.keyring.len(), 1);

    let mut app = restarted(&host, home.path());
    assert_eq!(locked(&app).vault_id, kit.vault_id);
    app.unlock_with_keyring().unwrap();
    assert_eq!(open(&app).opened_with, OpenedWith::Keyring);

    app.lock();
    app.unlock_with_passphrase(&passphrase()).unwrap();
    assert_eq!(open(&app).opened_with, OpenedWith::Passphrase);

    app.lock();
    app.unlock_with_recovery_key(&SecretText::new(kit.groups.join(" ").to_lowercase())).unwrap();
    assert_eq!(open(&app).opened_with, OpenedWith::RecoveryKey);
}

#[test]
fn every_way_a_keyring_fails_is_named_and_the_passphrase_still_works() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    drop(open_app(&host, home.path()));
    let before = std::fs::read(home.path().join("vault.keyhaven")).unwrap();
    for (fault, state) in [
        (KeyringError::Absent("no bus".into()), KeyringState::Absent),
        (KeyringError::Locked, KeyringState::Locked),
        (KeyringError::Refused("closed".into()), KeyringState::Refused),
        (KeyringError::Missing, KeyringState::Missing),
        (KeyringError::Ambiguous, KeyringState::Ambiguous),
        (KeyringError::Malformed, KeyringState::Foreign),
        (KeyringError::Failed("broken".into()), KeyringState::Failed),
    ] {
        let mut app = restarted(&host, home.path());
        host.keyring.fail_with(Some(fault));
        assert_eq!(app.unlock_with_keyring().unwrap_err().kind, FailureKind::Keyring);
        assert_eq!(locked(&app).keyring, state);
        app.unlock_with_passphrase(&passphrase()).unwrap();
        assert_eq!(open(&app).keyring, state);
        host.keyring.fail_with(None);
    }
    assert_eq!(std::fs::read(home.path().join("vault.keyhaven")).unwrap(), before, "unlocking never writes");
    assert_eq!(host.keyring.len(), 1, "and never makes a key");
}

#[test]
fn an_entry_of_another_vault_is_foreign_and_repaired_from_inside() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let id = open(&open_app(&host, home.path())).vault_id;
    for entry in ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "not base64 at all"] {
        host.keyring.put(&id, entry);
        let mut app = restarted(&host, home.path());
        app.unlock_with_keyring().unwrap_err();
        assert_eq!(locked(&app).keyring, KeyringState::Foreign);
        app.unlock_with_passphrase(&passphrase()).unwrap();
        app.enable_keyring().unwrap();
        let mut app = restarted(&host, home.path());
        app.unlock_with_keyring().unwrap();
    }
}

#[test]
fn a_keyring_that_refuses_the_new_key_leaves_the_old_way_in() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let mut app = open_app(&host, home.path());
    host.keyring.fail_with(Some(KeyringError::Refused("policy".into())));
    assert_eq!(app.enable_keyring().unwrap_err().kind, FailureKind::Keyring);
    host.keyring.fail_with(None);
    restarted(&host, home.path()).unlock_with_keyring().unwrap();
}

#[test]
fn wrong_passphrase_wrong_key_and_a_slip_are_told_apart() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let other_home = tempfile::tempdir().unwrap();
    let other =
        App::open(host.clone(), other_home.path()).create(Some((passphrase(), cheap())), false).unwrap();
    let mut app = App::open(host.clone(), home.path());
    let kit = app.create(Some((passphrase(), cheap())), false).unwrap();
    app.lock();
    let mut failure =
        |text: &str| app.unlock_with_recovery_key(&SecretText::new(text.into())).unwrap_err().kind;
    assert_eq!(failure(&other.groups.join("-")), FailureKind::WrongRecoveryKey);
    let mut slip = kit.groups.join("-");
    let last = slip.pop().unwrap();
    slip.push(if last == 'A' { 'B' } else { 'A' });
    assert_eq!(failure(&slip), FailureKind::MistypedRecoveryKey);
    assert_eq!(failure("ABC"), FailureKind::MistypedRecoveryKey);
    let wrong =
        app.unlock_with_passphrase(&SecretText::new("glass otter parade umbrellas".into())).unwrap_err();
    assert_eq!(wrong.kind, FailureKind::WrongPassphrase);
    assert!(!wrong.detail.contains("umbrella"));
}

#[test]
fn nothing_is_ever_created_over_a_vault_readable_or_not() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    drop(open_app(&host, home.path()));
    let file = home.path().join("vault.keyhaven");
    let good = std::fs::read(&file).unwrap();
    for bytes in [good.clone(), good[..good.len() / 2].to_vec(), b"something else".to_vec(), Vec::new()] {
        std::fs::write(&file, &bytes).unwrap();
        let mut app = restarted(&host, home.path());
        let failure = app.create(Some((passphrase(), cheap())), true).err().map(|failure| failure.kind);
        assert_eq!(failure, Some(FailureKind::VaultExists));
        assert_eq!(std::fs::read(&file).unwrap(), bytes);
    }
}

#[test]
fn a_weak_passphrase_is_refused_and_leaves_nothing_behind() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let mut app = App::open(host.clone(), home.path());
    let failure =
        app.create_vault(Some(SecretText::new("password1".into())), true).err().map(|failure| failure.kind);
    assert_eq!(failure, Some(FailureKind::WeakPassphrase));
    assert_eq!(host.keyring.len(), 0);
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn a_keyring_only_vault_takes_accounts_once_its_kit_is_kept() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let mut app = App::open(host.clone(), home.path());
    let kit = app.create(None, true).unwrap();
    let account =
        || vec![keyhaven_otp::parse_uri("otpauth://totp/a?secret=JBSWY3DPEHPK3PXP").unwrap().account];
    assert_eq!(app.add(account(), 1).unwrap_err().kind, FailureKind::KitNeeded);
    assert_eq!(app.disable_keyring().unwrap_err().kind, FailureKind::KitNeeded);
    assert_eq!(host.keyring.len(), 0, "neither keyring");
    assert!(matches!(restarted(&host, home.path()).status(), Status::Absent { .. }), "nor disk has it yet");

    let typed = |wrong: bool| {
        kit.challenge.map(|number| {
            let group = kit.groups[usize::from(number)].to_lowercase();
            SecretText::new(if wrong { format!("{group}x") } else { format!(" {group} ") })
        })
    };
    assert_eq!(app.confirm_kit(&typed(true)).unwrap_err().kind, FailureKind::KitMismatch);
    app.confirm_kit(&typed(false)).unwrap();
    assert_eq!(open(&app).kit, KitState::Kept);
    app.add(account(), 1).unwrap();

    let mut app = restarted(&host, home.path());
    app.unlock_with_keyring().unwrap();
    assert_eq!(open(&app).kit, KitState::Kept);
}

#[test]
fn a_renewed_kit_replaces_the_old_one_and_must_be_kept_anew() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let mut app = App::open(host.clone(), home.path());
    let old = app.create(Some((passphrase(), cheap())), false).unwrap();
    let typed =
        |kit: &Kit| kit.challenge.map(|number| SecretText::new(kit.groups[usize::from(number)].clone()));
    app.confirm_kit(&typed(&old)).unwrap();
    let wrong = Proof { passphrase: Some("no".into()), recovery_key: None };
    assert_eq!(app.renew_kit(wrong).err().map(|failure| failure.kind), Some(FailureKind::WrongPassphrase));
    let new = app.renew_kit(Proof { passphrase: Some(PASSPHRASE.into()), recovery_key: None }).unwrap();
    assert_ne!(old.groups, new.groups);
    // Until the new paper is proved to be there, the old one opens the vault.
    app.lock();
    app.unlock_with_recovery_key(&SecretText::new(old.groups.join("-"))).unwrap();
    assert_eq!(open(&app).kit, KitState::Kept);
    let new = app.renew_kit(Proof { passphrase: Some(PASSPHRASE.into()), recovery_key: None }).unwrap();
    app.confirm_kit(&typed(&new)).unwrap();
    assert_eq!(open(&app).kit, KitState::Kept);
    app.lock();
    let failure = app.unlock_with_recovery_key(&SecretText::new(old.groups.join("-"))).unwrap_err();
    assert_eq!(failure.kind, FailureKind::WrongRecoveryKey);
    app.unlock_with_recovery_key(&SecretText::new(new.groups.join("-"))).unwrap();
}

#[test]
fn the_kit_is_saved_readable_by_its_owner_only() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let mut app = App::open(host.clone(), home.path());
    let kit = app.create(Some((passphrase(), cheap())), false).unwrap();
    for (format, name, start) in [(KitFormat::Pdf, "kit.pdf", "%PDF-"), (KitFormat::Svg, "kit.svg", "<svg ")]
    {
        let path = home.path().join(name);
        app.save_kit(format, &path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.starts_with(start));
        assert!(kit.groups.iter().all(|group| text.contains(group.as_str())));
        #[cfg(unix)]
        assert_eq!(
            std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions()) & 0o077,
            0
        );
    }
    app.close_kit();
    assert!(app.save_kit(KitFormat::Pdf, &home.path().join("late.pdf")).is_err());
}

#[test]
fn a_damaged_vault_is_named_left_alone_and_comes_back_from_a_generation() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let mut app = open_app(&host, home.path());
    let account = |uri: &str| vec![keyhaven_otp::parse_uri(uri).unwrap().account];
    app.add(account("otpauth://totp/a?secret=JBSWY3DPEHPK3PXP"), host_now(&app)).unwrap();
    host.pass(60_000);
    app.add(account("otpauth://totp/b?secret=JBSWY3DPEHPK3PXQ"), host_now(&app)).unwrap();
    let file = home.path().join("vault.keyhaven");
    let good = std::fs::read(&file).unwrap();
    std::fs::write(&file, &good[..good.len() - 7]).unwrap();

    let mut app = restarted(&host, home.path());
    let Status::Unreadable { error, .. } = app.status() else { panic!("{:?}", app.status()) };
    assert_eq!(error.kind, FailureKind::DamagedVault);
    let states = app.restore_points().unwrap().points;
    app.restore_generation(&states[0].name).unwrap();
    app.unlock_with_passphrase(&passphrase()).unwrap();
    assert!(!app.accounts().unwrap().is_empty());
    let kept = std::fs::read_dir(home.path().join("generations")).unwrap().flatten().any(|entry| {
        entry.path().is_file()
            && std::fs::read(entry.path()).is_ok_and(|bytes| bytes == good[..good.len() - 7])
    });
    assert!(kept, "the damaged file is kept among the generations");
}

#[test]
fn saved_states_without_their_vault_are_no_first_start() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let mut app = open_app(&host, home.path());
    let account = keyhaven_otp::parse_uri("otpauth://totp/a?secret=JBSWY3DPEHPK3PXP").unwrap().account;
    app.add(vec![account], host_now(&app)).unwrap();
    std::fs::remove_file(home.path().join("vault.keyhaven")).unwrap();
    let mut app = restarted(&host, home.path());
    let Status::Unreadable { error, .. } = app.status() else { panic!("{:?}", app.status()) };
    assert_eq!(error.kind, FailureKind::VaultUnreachable);
    let refused = app.create(Some((passphrase(), cheap())), false).err().map(|failure| failure.kind);
    assert_eq!(refused, Some(FailureKind::VaultExists));
    let states = app.restore_points().unwrap().points;
    app.restore_generation(&states[0].name).unwrap();
    app.unlock_with_passphrase(&passphrase()).unwrap();
}

#[test]
fn a_backup_is_copied_in_and_an_existing_vault_is_not_overwritten() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    drop(open_app(&host, home.path()));
    let backup = home.path().join("vault.keyhaven");
    let bytes = std::fs::read(&backup).unwrap();

    let new_home = tempfile::tempdir().unwrap();
    let mut app = App::open(host.clone(), new_home.path());
    let chosen = app.choose(&backup).unwrap();
    assert!(chosen.has_passphrase && chosen.has_recovery_key);
    app.use_vault(&backup, true).unwrap();
    app.unlock_with_passphrase(&passphrase()).unwrap();
    assert_eq!(std::fs::read(&backup).unwrap(), bytes);
    assert_eq!(app.use_vault(&backup, true).unwrap_err().kind, FailureKind::VaultExists);
    assert!(app.choose(&home.path().join("nothing")).is_err());
}

#[test]
fn a_vault_used_where_it_is_stays_there_at_the_next_start() {
    let (host, place) = (TestHost::new(), tempfile::tempdir().unwrap());
    drop(open_app(&host, place.path()));
    let home = tempfile::tempdir().unwrap();
    let file = place.path().join("vault.keyhaven");
    App::open(host.clone(), home.path()).use_vault(&file, false).unwrap();
    let app = restarted(&host, home.path());
    assert_eq!(locked(&app).path, file.display().to_string());
}

#[test]
fn settings_survive_a_restart_and_nonsense_is_refused() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let mut app = App::open(host.clone(), home.path());
    let dark = Settings { theme: Theme::Dark, idle_seconds: 60, ..Settings::default() };
    app.change_settings(dark.clone()).unwrap();
    assert_eq!(restarted(&host, home.path()).settings(), &dark);
    let failure = app.change_settings(Settings { clipboard_seconds: 0, ..Settings::default() }).unwrap_err();
    assert!(failure.detail.contains("5 to 600"), "{}", failure.detail);
    std::fs::write(home.path().join("settings.json"), b"{ broken").unwrap();
    assert_eq!(restarted(&host, home.path()).settings(), &Settings::default());
}

fn host_now(app: &App) -> u64 {
    app.now()
}
