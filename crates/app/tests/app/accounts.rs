use crate::host::{PASSPHRASE, START, TestHost, open_app, passphrase, restarted};
use keyhaven_app::App;
use keyhaven_app::offer::Input;
use keyhaven_app::view::*;
use keyhaven_secret::{SecretBytes, SecretText};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

/// The key of RFC 4226 and RFC 6238 Appendix B.
const RFC: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

fn app() -> (Arc<TestHost>, tempfile::TempDir, App) {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let app = open_app(&host, home.path());
    (host, home, app)
}

fn text(text: impl Into<String>) -> Vec<(String, Input)> {
    vec![("Clipboard".into(), Input::Text(SecretText::new(text.into())))]
}

fn offered(app: &mut App, inputs: Vec<(String, Input)>) -> Result<Offer, Failure> {
    let pending = app.begin_offer()?.inputs(inputs);
    app.keep_offer(pending)
}

fn files(app: &mut App, paths: &[PathBuf]) -> Result<Offer, Failure> {
    let pending = app.begin_offer()?.files(paths);
    app.keep_offer(pending)
}

fn entered(app: &mut App, entry: ManualEntry) -> Result<Offer, Failure> {
    let pending = app.begin_offer()?.entry(entry);
    app.keep_offer(pending)
}

/// Adds everything in `links` and answers the ids.
fn add(app: &mut App, links: &str) -> Vec<String> {
    let offer = offered(app, text(links)).unwrap();
    assert!(offer.problems.is_empty(), "{:?}", offer.problems);
    let all: Vec<u32> = (0..offer.found.len() as u32).collect();
    app.accept_offer(offer.id, &all).unwrap()
}

#[test]
fn a_picture_becomes_an_offer_and_the_accepted_offer_a_live_code() {
    let (host, home, mut app) = app();
    let uri = format!("otpauth://totp/Example:me%40example.org?secret={RFC}&issuer=Example&digits=8");
    let picture = keyhaven_qr::write::png(&uri, 4).unwrap();
    let offer =
        offered(&mut app, vec![("code.png".into(), Input::Bytes(SecretBytes::new(picture)))]).unwrap();
    assert_eq!(app.accounts().unwrap().len(), 0, "nothing is kept before it is accepted");
    let [found] = &offer.found[..] else { panic!("{offer:?}") };
    assert_eq!((found.issuer.as_str(), found.name.as_str()), ("Example", "me@example.org"));
    assert_eq!((found.source.as_str(), found.standing), ("code.png", Standing::New));
    let ids = app.accept_offer(offer.id, &[0]).unwrap();

    let codes = app.codes(&ids).unwrap();
    let [code] = &codes.codes[..] else { panic!("{codes:?}") };
    let expected = keyhaven_otp::parse_uri(&uri).unwrap().account.code_at(START / 1_000).unwrap().text;
    assert_eq!(code.code, expected);
    assert!(code.valid_from.unwrap() <= codes.now && codes.now < code.valid_until.unwrap());

    let mut app = restarted(&host, home.path());
    app.unlock_with_keyring().unwrap();
    assert_eq!(app.codes(&ids).unwrap().codes[0].code, expected);
}

#[test]
fn an_offer_tells_new_already_there_and_same_name() {
    let (_host, _home, mut app) = app();
    add(&mut app, &format!("otpauth://totp/Example:me?secret={RFC}&issuer=Example"));
    let offer = offered(
        &mut app,
        text(format!(
            "otpauth://totp/Other:name?secret={RFC}&issuer=Other\n\
             otpauth://totp/Example:me?secret=JBSWY3DPEHPK3PXP&issuer=Example\n\
             otpauth://totp/Example:you?secret=JBSWY3DPEHPK3PXQ&issuer=Example"
        )),
    )
    .unwrap();
    let standings: Vec<Standing> = offer.found.iter().map(|found| found.standing).collect();
    assert_eq!(standings, [Standing::AlreadyThere, Standing::SameNameOtherSecret, Standing::New]);
}

#[test]
fn nothing_is_dropped_in_silence() {
    let (_host, home, mut app) = app();
    let empty = home.path().join("empty.png");
    std::fs::write(&empty, b"").unwrap();
    let photo = home.path().join("photo.png");
    std::fs::write(&photo, keyhaven_qr::write::png("https://example.org", 4).unwrap()).unwrap();
    let missing = home.path().join("missing.png");
    let offer = files(&mut app, &[empty, photo, missing]).unwrap();
    assert!(offer.found.is_empty());
    let sources: Vec<&str> = offer.problems.iter().map(|problem| problem.source.as_str()).collect();
    assert_eq!(sources, ["empty.png", "photo.png", "missing.png"]);

    let offer = offered(
        &mut app,
        text(format!(
            "# my codes\n\notpauth://totp/a?secret={RFC}\nnonsense\notpauth://totp/b?secret={RFC}&digits=99\n"
        )),
    )
    .unwrap();
    assert_eq!(offer.found.len(), 1);
    let reasons: Vec<&str> = offer.problems.iter().map(|problem| problem.reason.as_str()).collect();
    assert!(
        reasons[0].contains("line 4") && reasons[1].contains("line 5") && reasons[1].contains("digits"),
        "{reasons:?}"
    );
    assert!(!format!("{offer:?}").contains(RFC), "an offer never carries a secret");
}

#[test]
fn an_account_is_typed_in_by_hand() {
    let (_host, _home, mut app) = app();
    let entry = || ManualEntry {
        issuer: " My Bank ".into(),
        name: "savings: joint + mine #2".into(),
        secret: "gezd gnbv gy3t qojq gezd gnbv gy3t qojq".into(),
        kind: KindName::Totp,
        algorithm: Some(AlgorithmName::SHA256),
        digits: Some(8),
        period: Some(60),
        counter: None,
        pin: None,
    };
    let offer = entered(&mut app, entry()).unwrap();
    assert!(offer.problems.is_empty(), "{:?}", offer.problems);
    let found = &offer.found[0];
    assert_eq!((found.issuer.as_str(), found.name.as_str()), ("My Bank", "savings: joint + mine #2"));
    assert_eq!((found.digits, found.period, found.algorithm), (8, Some(60), Some(AlgorithmName::SHA256)));

    for (wrong, word) in [
        (ManualEntry { secret: String::new(), ..entry() }, "secret"),
        (ManualEntry { secret: "0189".into(), ..entry() }, "secret"),
        (ManualEntry { digits: Some(4), ..entry() }, "digits"),
        (ManualEntry { period: Some(0), ..entry() }, "period"),
    ] {
        let offer = entered(&mut app, wrong).unwrap();
        assert!(offer.found.is_empty());
        assert!(offer.problems[0].reason.contains(word), "{:?}", offer.problems);
    }
    let whole = ManualEntry { secret: format!("otpauth://hotp/x?secret={RFC}&counter=3"), ..entry() };
    assert_eq!(entered(&mut app, whole).unwrap().found[0].kind, KindName::Hotp);
}

#[test]
fn a_counter_is_on_disk_before_its_code_is_answered() {
    let (host, home, mut app) = app();
    let id = add(&mut app, &format!("otpauth://hotp/Bank:me?secret={RFC}&counter=0")).remove(0);
    // RFC 4226 Appendix D.
    for (counter, code) in ["755224", "287082", "359152"].into_iter().enumerate() {
        assert_eq!(app.use_code(&id).unwrap().code, code);
        let mut second = restarted(&host, home.path());
        second.unlock_with_passphrase(&passphrase()).unwrap();
        assert_eq!(second.account(&id).unwrap().counter, Some(counter as u64 + 1));
    }
    assert!(app.codes(&[id]).unwrap().codes.is_empty(), "looking at the list moves no counter");
}

#[cfg(unix)]
#[test]
fn a_counter_that_cannot_be_saved_gives_no_code() {
    use std::os::unix::fs::PermissionsExt;
    let (_host, home, mut app) = app();
    let id = add(&mut app, &format!("otpauth://hotp/Bank:me?secret={RFC}&counter=0")).remove(0);
    // A folder in the place of the lock file stops every save, for root too.
    let lock = std::fs::read_dir(home.path())
        .unwrap()
        .flatten()
        .find(|entry| entry.path().extension().is_some_and(|e| e == "lock"));
    let lock = lock.expect("a save leaves its lock file").path();
    std::fs::remove_file(&lock).unwrap();
    std::fs::create_dir(&lock).unwrap();
    std::fs::set_permissions(&lock, std::fs::Permissions::from_mode(0o500)).unwrap();
    assert_eq!(app.use_code(&id).unwrap_err().kind, FailureKind::NotSaved);
    assert_eq!(app.account(&id).unwrap().counter, Some(0));
    std::fs::remove_dir(&lock).unwrap();
    assert_eq!(app.use_code(&id).unwrap().code, "755224");
}

/// The move stands in the file, and a power cut could bring the file before back: the next code is the one after it.
#[test]
fn a_counter_whose_move_the_disk_does_not_confirm_gives_no_code() {
    let (host, _home, mut app) = app();
    let id = add(&mut app, &format!("otpauth://hotp/Bank:me?secret={RFC}&counter=0")).remove(0);
    host.files.folders_fail.store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(app.use_code(&id).unwrap_err().kind, FailureKind::NotSaved);
    host.files.folders_fail.store(false, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(app.use_code(&id).unwrap().code, "287082");
}

/// Nobody who changes nothing is left without a lock, with a code in the clipboard, or on somebody's screenshot.
#[test]
fn what_nobody_chose_is_the_safe_side() {
    let (_host, _home, app) = app();
    let Settings { idle_seconds, clipboard_seconds, capture_protection, watch_downloads, .. } =
        app.settings().clone();
    assert_eq!((idle_seconds, clipboard_seconds), (300, 30));
    assert!(capture_protection && !watch_downloads);
}

#[test]
fn edits_are_kept_remembered_and_bounded() {
    let (host, home, mut app) = app();
    let id = add(&mut app, &format!("otpauth://totp/Example:me?secret={RFC}&issuer=Example")).remove(0);
    host.pass(5_000);
    let changes = AccountChanges {
        name: Some("you".into()),
        tags: Some(vec![" Work ".into(), "Work".into(), String::new(), "Bank".into()]),
        note: Some("second phone".into()),
        icon: Some("github".into()),
        pinned: Some(true),
        ..AccountChanges::default()
    };
    let detail = app.edit_account(&id, changes.clone()).unwrap();
    assert_eq!(detail.row.tags, ["Work", "Bank"]);
    let mut told: Vec<_> = detail.history.iter().map(|entry| entry.change.as_str()).collect();
    told.sort_unstable();
    assert_eq!(told, ["icon changed", "name: me → you", "note changed", "tags: (none) → Work, Bank"]);
    assert_eq!(app.edit_account(&id, changes).unwrap().history.len(), 4, "nothing changed, nothing told");
    assert!(detail.history.iter().any(|entry| entry.change == "name: me → you" && entry.at == START + 5_000));
    let mut app = restarted(&host, home.path());
    app.unlock_with_passphrase(&passphrase()).unwrap();
    assert_eq!(app.account(&id).unwrap(), detail);
    let long = AccountChanges { name: Some("x".repeat(100_000)), ..AccountChanges::default() };
    assert_eq!(app.edit_account(&id, long).unwrap_err().kind, FailureKind::BadInput);
    assert_eq!(
        app.edit_account("nonsense", AccountChanges::default()).unwrap_err().kind,
        FailureKind::NoSuchAccount
    );
}

#[test]
fn a_deleted_account_comes_back_whole() {
    let (host, home, mut app) = app();
    let id = add(&mut app, &format!("otpauth://totp/Example:me?secret={RFC}&issuer=Example&x=1")).remove(0);
    app.edit_account(&id, AccountChanges { note: Some("n".into()), ..AccountChanges::default() }).unwrap();
    let before = app.account(&id).unwrap();
    app.delete_account(&id).unwrap();
    assert!(app.accounts().unwrap().is_empty());
    assert_eq!(app.restore_account(&id).unwrap(), before);
    assert_eq!(app.restore_account(&id).unwrap_err().kind, FailureKind::NoSuchAccount);
    let mut app = restarted(&host, home.path());
    app.unlock_with_passphrase(&passphrase()).unwrap();
    assert_eq!(app.account(&id).unwrap(), before);
}

#[test]
fn the_manual_order_is_kept() {
    let (host, home, mut app) = app();
    let links: Vec<String> =
        (0..5).map(|n| format!("otpauth://totp/a{n}?secret={RFC}&digits={}", n + 5)).collect();
    let mut ids = add(&mut app, &links.join("\n"));
    ids.reverse();
    app.arrange(&ids).unwrap();
    let order = |app: &App| app.accounts().unwrap().into_iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(order(&app), ids);
    app.arrange(&ids[3..4]).unwrap();
    let mut app = restarted(&host, home.path());
    app.unlock_with_passphrase(&passphrase()).unwrap();
    assert_eq!(order(&app), [&ids[3], &ids[0], &ids[1], &ids[2], &ids[4]].map(String::clone));
}

#[test]
fn a_secret_is_shown_only_to_who_proves_it() {
    let (_host, _home, mut app) = app();
    let id = add(&mut app, &format!("otpauth://totp/Example:me?secret={RFC}&issuer=Example")).remove(0);
    let proof = |text: Option<&str>| Proof { passphrase: text.map(Into::into), recovery_key: None };
    let failure = |app: &App, text| app.reveal(&id, proof(text)).err().map(|failure| failure.kind);
    assert_eq!(failure(&app, Some("wrong")), Some(FailureKind::WrongPassphrase));
    assert_eq!(failure(&app, None), Some(FailureKind::BadInput));
    let shown = app.reveal(&id, proof(Some(PASSPHRASE))).unwrap();
    assert_eq!(shown.secret, RFC);
    assert_eq!(keyhaven_otp::parse_uri(&shown.uri).unwrap().account.secret_base32().expose(), RFC);
    assert!(shown.qr_svg.starts_with("<svg"));
    app.lock();
    assert_eq!(failure(&app, Some(PASSPHRASE)), Some(FailureKind::Locked));
}

#[test]
fn two_programs_on_one_vault_lose_nothing() {
    let (host, home, mut first) = app();
    let shared = add(&mut first, &format!("otpauth://totp/shared?secret={RFC}")).remove(0);
    let mut second = restarted(&host, home.path());
    second.unlock_with_passphrase(&passphrase()).unwrap();
    let a = add(&mut first, "otpauth://totp/first?secret=JBSWY3DPEHPK3PXP").remove(0);
    let b = add(&mut second, "otpauth://totp/second?secret=JBSWY3DPEHPK3PXQ").remove(0);
    first
        .edit_account(&shared, AccountChanges { note: Some("seen".into()), ..AccountChanges::default() })
        .unwrap();
    for app in [&mut first, &mut restarted(&host, home.path())] {
        app.unlock_with_passphrase(&passphrase()).unwrap();
        let ids: Vec<String> = app.accounts().unwrap().into_iter().map(|row| row.id).collect();
        assert!([&shared, &a, &b].iter().all(|id| ids.contains(id)), "{ids:?}");
        assert_eq!(app.account(&shared).unwrap().note, "seen");
    }
}

#[test]
fn a_record_that_is_not_understood_is_counted_and_kept() {
    use keyhaven_app::aside::{self, Aside, AsideKind};
    use keyhaven_vault::{Credential, LockedVault, Record, RecordId};
    let (host, home, app) = app();
    drop(app);
    let location = keyhaven_vault::Location::in_folder(home.path());
    let mut vault = LockedVault::read(&keyhaven_vault::DiskFiles, &location)
        .unwrap()
        .unlock(Credential::Passphrase(&passphrase()))
        .unwrap();
    let odd = b"{\"uri\":\"otpauth://hologram/x?secret=JBSWY3DPEHPK3PXP\"}";
    let id = RecordId::random().unwrap();
    vault.accounts_mut().put(Record::new(id, "account", 1, SecretBytes::new(odd.to_vec())));
    vault.accounts_mut().put(Record::new(
        RecordId::random().unwrap(),
        "hologram",
        1,
        SecretBytes::new(vec![1]),
    ));
    vault.save(&keyhaven_vault::DiskFiles, START).unwrap();
    drop(vault);

    let mut app = restarted(&host, home.path());
    app.unlock_with_passphrase(&passphrase()).unwrap();
    let Status::Open(view) = app.status() else { panic!() };
    assert_eq!((view.accounts, view.set_aside), (0, 1), "a kind of a newer version is no fault of this one");
    let aside = app.set_aside().unwrap();
    let what = AsideKind::Payload { id: id.to_string(), kind: "account".into() };
    assert_eq!(aside, [Aside { recovery: false, what, bytes: SecretBytes::new(odd.to_vec()) }]);
    let file = aside::to_file(&aside);
    let line: serde_json::Value = serde_json::from_slice(file.expose()).unwrap();
    let bytes = data_encoding::BASE64.decode(line["bytes"].as_str().unwrap().as_bytes()).unwrap();
    assert_eq!(bytes, odd);
    // The window's way out asks for a proof first, and gives the same bytes.
    let wrong = Proof { passphrase: Some("wrong".into()), recovery_key: None };
    assert_eq!(app.set_aside_file(wrong).unwrap_err().kind, FailureKind::WrongPassphrase);
    let right = || Proof { passphrase: Some(passphrase().expose().to_owned()), recovery_key: None };
    assert_eq!(app.set_aside_file(right()).unwrap(), file);
    add(&mut app, &format!("otpauth://totp/a?secret={RFC}"));
    let vault = LockedVault::read(&keyhaven_vault::DiskFiles, &location)
        .unwrap()
        .unlock(Credential::Passphrase(&passphrase()))
        .unwrap();
    assert_eq!(vault.accounts().get(id).unwrap().payload.expose(), odd);
    let mut vault = vault;
    vault.accounts_mut().delete(id, START);
    vault.save(&keyhaven_vault::DiskFiles, START).unwrap();
    let mut app = restarted(&host, home.path());
    app.unlock_with_passphrase(&passphrase()).unwrap();
    assert_eq!(
        app.set_aside_file(right()).unwrap_err().kind,
        FailureKind::BadInput,
        "there is nothing to save"
    );
}

#[test]
fn everything_asks_for_an_open_vault() {
    let (_host, _home, mut app) = app();
    let id = add(&mut app, &format!("otpauth://totp/a?secret={RFC}")).remove(0);
    app.lock();
    assert_eq!(app.accounts().unwrap_err().kind, FailureKind::Locked);
    assert_eq!(app.codes(std::slice::from_ref(&id)).unwrap_err().kind, FailureKind::Locked);
    assert_eq!(app.use_code(&id).unwrap_err().kind, FailureKind::Locked);
    assert_eq!(offered(&mut app, text("x")).unwrap_err().kind, FailureKind::Locked);
    assert_eq!(app.delete_account(&id).unwrap_err().kind, FailureKind::Locked);
}

#[test]
fn the_demo_has_24_accounts_and_touches_no_keyring() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let app = App::demo(host.clone(), home.path()).unwrap();
    let rows = app.accounts().unwrap();
    assert_eq!(rows.len(), 24);
    let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
    let codes = app.codes(&ids).unwrap();
    assert_eq!(codes.codes.len(), 23, "all but the counter-based one");
    assert!(codes.codes.iter().all(|code| code.problem.is_none()));
    assert_eq!(host.keyring.len(), 0);
}

/// A plain Aegis export of two entries, one of them of a kind that nobody knows.
const AEGIS: &str = r#"{"version":1,"header":{"slots":null,"params":null},"db":{"version":3,
"groups":[{"uuid":"g1","name":"Work"}],
"entries":[{"type":"totp","uuid":"a","name":"me","issuer":"Example","note":"second phone","favorite":true,"icon":null,
"info":{"secret":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ","algo":"SHA256","digits":8,"period":60},"groups":["g1"]},
{"type":"hologram","uuid":"b","name":"x","issuer":"y","note":"","icon":null,"info":{"secret":"AAAA","algo":"SHA1","digits":6}}]}}"#;

#[test]
fn another_programs_export_comes_with_notes_tags_and_pins_and_names_what_it_cannot_take() {
    let (_host, home, mut app) = app();
    let file = home.path().join("export.json");
    std::fs::write(&file, AEGIS).unwrap();
    let offer = files(&mut app, &[file]).unwrap();
    assert_eq!((offer.found.len(), offer.problems.len(), offer.locked.len()), (1, 1, 0), "{offer:?}");
    assert_eq!(offer.found[0].tags, ["Work"]);
    assert_eq!(offer.found[0].algorithm, Some(AlgorithmName::SHA256));
    let id = app.accept_offer(offer.id, &[0]).unwrap().remove(0);
    let detail = app.account(&id).unwrap();
    assert_eq!((detail.note.as_str(), detail.row.pinned, detail.row.tags.len()), ("second phone", true, 1));
}

#[test]
fn an_encrypted_export_waits_for_its_password() {
    let Some(folder) = peer_data() else { return };
    let (_host, _home, mut app) = app();
    let offer = files(&mut app, &[folder.join("fixtures/aegis/aegis_encrypted.json")]).unwrap();
    let [locked] = &offer.locked[..] else { panic!("{offer:?}") };
    assert_eq!(locked.program, "Aegis");
    let export = app.locked_export(offer.id, locked.index).unwrap();
    let reader = app.begin_offer().unwrap();
    let wrong = reader
        .open(&export, &SecretText::new("no".into()), &|_| ControlFlow::Continue(()))
        .err()
        .map(|failure| failure.kind);
    assert_eq!(wrong, Some(FailureKind::WrongPassphrase));
    let opened = reader
        .open(&export, &SecretText::new("test".into()), &|_| ControlFlow::Continue(()))
        .unwrap()
        .unwrap();
    let opened = app.keep_offer(opened).unwrap();
    assert!(!opened.found.is_empty());
    app.dismiss_offer(offer.id);
    assert!(app.locked_export(offer.id, locked.index).is_err());
}

/// Other projects' test data beside this one, when it is there.
fn file(home: &tempfile::TempDir, name: &str, contents: &str) -> PathBuf {
    let path = home.path().join(name);
    std::fs::write(&path, contents).unwrap();
    path
}

/// An export chosen twice, or an old one beside a new one, doubled every account.
#[test]
fn the_same_account_twice_in_one_offer_is_added_once() {
    let (_host, home, mut app) = app();
    let link = |counter: u32| format!("otpauth://hotp/Bank:me?secret={RFC}&issuer=Bank&counter={counter}\n");
    let (old, new) = (file(&home, "old.txt", &link(3)), file(&home, "new.txt", &(link(3) + &link(9))));
    let offer = files(&mut app, &[old, new]).unwrap();
    let standings: Vec<Standing> = offer.found.iter().map(|found| found.standing).collect();
    assert_eq!(standings, [Standing::New, Standing::AlreadyThere, Standing::New]);
    assert_eq!(offer.found[1].notes.last().unwrap(), "it stands above already");
}

#[test]
fn a_file_that_is_something_else_is_named_in_one_word() {
    let (_host, home, mut app) = app();
    let log = file(&home, "server.log", &"12:00 started\n".repeat(5_000));
    let json = file(&home, "cut.json", &("{\n".to_owned() + &"\"a\": 1,\n".repeat(50)));
    let offer = files(&mut app, &[log, json]).unwrap();
    assert_eq!(offer.problems.len(), 2, "{:?}", &offer.problems[..3]);
    assert!(offer.problems[0].reason.contains("no export of a program that is known here"));
    assert!(
        offer.problems[1].reason.contains("JSON and breaks off being it at line 52"),
        "{:?}",
        offer.problems[1]
    );
}

#[test]
fn what_cannot_be_kept_of_an_export_is_told() {
    let (_host, home, mut app) = app();
    let aegis = file(
        &home,
        "aegis.json",
        &format!(
            r#"{{"version":1,"header":{{}},"db":{{"version":3,"entries":[{{"type":"totp","name":"me","issuer":"X","icon":"AAAA","info":{{"secret":"{RFC}","algo":"SHA1","digits":6,"period":30}}}}]}}}}"#
        ),
    );
    let long = format!("otpauth://totp/X:you?secret={RFC}&image={}", "+".repeat(30_000));
    let odd: String = (0..50).map(|place| format!("&x{}=1", place % 40)).collect();
    let list = file(&home, "list.txt", &format!("{long}\notpauth://totp/X:she?secret={RFC}&issuer=X{odd}\n"));
    let offer = files(&mut app, &[aegis, list]).unwrap();
    let names: Vec<&str> = offer.found.iter().map(|found| found.name.as_str()).collect();
    assert_eq!(names, ["me", "she"]);
    let reasons: Vec<&str> = offer.problems.iter().map(|problem| problem.reason.as_str()).collect();
    assert!(reasons[0].starts_with("its own icons (1)") && reasons[1].starts_with("X you:"), "{reasons:?}");
    // The page tells them apart by their words.
    let mut notes = offer.found[1].notes.clone();
    assert_eq!((notes.len(), notes[20].as_str()), (21, "and 20 more unusual things"));
    notes.dedup();
    assert_eq!(notes.len(), 21);
}

fn peer_data() -> Option<PathBuf> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2)?.join("../shared");
    if !folder.is_dir() {
        println!("skipped: no peer data");
        return None;
    }
    Some(folder)
}
