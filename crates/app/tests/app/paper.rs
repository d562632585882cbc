//! What is printed: rendered by another program, its codes read back from the picture.

use crate::host::{PASSPHRASE, TestHost, open_app};
use keyhaven_app::App;
use keyhaven_app::booklet::PagesError;
use keyhaven_app::offer::Input;
use keyhaven_app::paper::Paper;
use keyhaven_app::recovery::view::DraftChoices;
use keyhaven_app::safety_view::{Effect, LookAnswer};
use keyhaven_app::view::*;
use keyhaven_secret::{SecretBytes, SecretText};
use keyhaven_vault::{RecoveryKey, Share, join_shares};
use std::process::Command;
use std::sync::Arc;

fn app() -> (Arc<TestHost>, tempfile::TempDir, App) {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let app = open_app(&host, home.path());
    (host, home, app)
}

fn proof() -> Proof {
    Proof { passphrase: Some(PASSPHRASE.into()), recovery_key: None }
}

/// The pages of a PDF as pictures, drawn by poppler.
pub fn rendered(pdf: &[u8]) -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pages.pdf");
    std::fs::write(&file, pdf).unwrap();
    let mut pdftoppm = Command::new("pdftoppm");
    pdftoppm.args(["-r", "150", "-png"]).arg(&file).arg(folder.path().join("page"));
    let status = pdftoppm.status().expect("pdftoppm: `cargo xtask setup` installs it");
    assert!(status.success(), "poppler reads the PDF");
    let mut pages: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.retain(|path| path.extension().is_some_and(|ending| ending == "png"));
    pages.sort();
    pages.iter().map(|page| std::fs::read(page).unwrap()).collect()
}

pub fn codes(picture: &[u8]) -> Vec<SecretText> {
    let found = keyhaven_qr::read(picture, &keyhaven_qr::Limits::default()).unwrap();
    found.into_iter().map(|code| code.text).collect()
}

/// The codes of a PDF as this program draws it, each with its page.
fn in_file(pdf: &[u8]) -> Vec<(usize, String)> {
    let patient =
        keyhaven_qr::Limits { time: std::time::Duration::from_secs(600), ..keyhaven_qr::Limits::default() };
    let read = keyhaven_qr::read_file(pdf, &patient).unwrap();
    assert_eq!(read.left, []);
    let found = read.found.into_iter();
    found.map(|one| (one.page.unwrap(), one.code.text.expose_for_display().to_owned())).collect()
}

#[test]
fn the_kit_that_was_printed_opens_the_vault() {
    let (_host, home, mut app) = app();
    let kit = app.renew_kit(proof()).unwrap();
    let file = home.path().join("kit.pdf");
    let mut read = Vec::new();
    // Points of 1/72 inch: ISO 216 and ANSI/ASME Y14.1.
    for (paper, size) in [(Paper::A4, "0 0 595 842"), (Paper::Letter, "0 0 612 792")] {
        app.change_settings(Settings { paper, ..app.settings().clone() }).unwrap();
        app.save_kit(KitFormat::Pdf, &file).unwrap();
        let pdf = std::fs::read(&file).unwrap();
        assert!(String::from_utf8_lossy(&pdf).contains(size), "{paper:?}");
        let pages = rendered(&pdf);
        let [page] = &pages[..] else { panic!("{} pages", pages.len()) };
        read = codes(page);
        assert_eq!(read.iter().map(|text| text.expose()).collect::<Vec<_>>(), [kit.groups.join("-")]);
        // Whoever kept the file itself needs no printer for it.
        assert_eq!(in_file(&pdf), [(1, kit.groups.join("-"))]);
    }
    app.lock();
    app.unlock_with_recovery_key(&read[0]).unwrap();
}

#[test]
fn two_of_three_printed_shares_open_the_vault() {
    let (_host, _home, mut app) = app();
    let kit = app.renew_kit(proof()).unwrap();
    let key = RecoveryKey::parse(&SecretText::new(kit.groups.join("-"))).unwrap();
    let split = app.split_kit(&key, 3, 2, Paper::Letter).unwrap();
    let scanned: Vec<Share> = split.sheets[..2]
        .iter()
        .map(|sheet| Share::parse(&codes(&rendered(sheet.expose())[0])[0]).unwrap())
        .collect();
    let joined = join_shares(&scanned).unwrap();
    app.lock();
    app.unlock_with_recovery_key(&joined.to_text()).unwrap();
    assert!(join_shares(&scanned[..1]).is_err());
    let refused = app.split_kit(&key, 3, 4, Paper::A4).err().map(|failure| failure.kind);
    assert_eq!(refused, Some(FailureKind::BadInput));
}

#[test]
fn a_paper_backup_is_read_back_from_its_pages() {
    let (host, _home, mut app) = app();
    let links: String = (0..6)
        .map(|n| {
            format!("otpauth://totp/Issuer{n}:me?secret=JBSWY3DPEHPK3P{n}P&issuer=Issuer{n}\n")
                .replace(['0', '1'], "7")
        })
        .collect();
    let inputs = vec![("x".into(), Input::Text(SecretText::new(links)))];
    let pending = app.begin_offer().unwrap().inputs(inputs);
    let offer = app.keep_offer(pending).unwrap();
    let all: Vec<u32> = offer.found.iter().map(|found| found.index).collect();
    let ids = app.accept_offer(offer.id, &all).unwrap();
    let text = "Recovery codes\n8f3a9-71c02\nb04de-9952a\nc7719-0e4d1\n";
    let pending = app.begin_drafts(1).unwrap().text("codes.txt".into(), SecretText::new(text.into()));
    let draft = app.keep_draft(pending).unwrap();
    let set = app.accept_draft(draft.id, DraftChoices::default()).unwrap().set;
    let wrong = Proof { passphrase: Some("wrong".into()), recovery_key: None };
    let refused = app.make_booklet(wrong, &[], &[], Paper::A4).err().map(|failure| failure.kind);
    assert_eq!(refused, Some(FailureKind::WrongPassphrase), "paper that nothing opens is not printed");

    let booklet = app.make_booklet(proof(), &ids[..4], std::slice::from_ref(&set.id), Paper::A4).unwrap();
    assert!(!app.recovery().unwrap().open, "printing leaves the compartment as it was");
    let pages = rendered(booklet.pdf.expose());
    assert_eq!(pages.len(), booklet.pages);
    let scanned: Vec<SecretText> = pages.iter().rev().flat_map(|page| codes(page)).collect();
    assert_eq!(scanned.len(), booklet.codes);
    let without_first: Vec<SecretText> =
        scanned.iter().filter(|text| !text.expose().contains("/1/")).map(SecretText::duplicate).collect();
    assert!(matches!(
        keyhaven_app::booklet::join(&without_first),
        Err(PagesError::Missing { codes, .. }) if codes == [1]
    ));

    let mut unprinted: Vec<String> =
        in_file(booklet.pdf.expose()).into_iter().map(|(_, text)| text).collect();
    let mut printed: Vec<&str> = scanned.iter().map(|text| text.expose()).collect();
    unprinted.sort_unstable();
    printed.sort_unstable();
    assert_eq!(unprinted, printed, "the file itself is as good as its pages");

    // Photographs come one by one, in any order, and one of something else among them.
    let home = tempfile::tempdir().unwrap();
    let mut new = App::open(host, home.path());
    let photographs = (0..).zip(&pages).map(|(n, page)| {
        let file = home.path().join(format!("photo {n}.png"));
        std::fs::write(&file, page).unwrap();
        file
    });
    let photographs: Vec<_> = photographs.collect();
    let gather = |app: &mut App, files: &[std::path::PathBuf]| {
        let read = app.begin_pages().files(files);
        app.add_pages(read)
    };
    let holiday = home.path().join("holiday.png");
    std::fs::write(&holiday, keyhaven_qr::write::png("a code of something else", 4).unwrap()).unwrap();
    let none = gather(&mut new, std::slice::from_ref(&holiday));
    assert_eq!((none.count, none.problems[0].source.as_str()), (0, "holiday.png"));
    let some = gather(&mut new, &photographs[1..]);
    assert!(!some.complete && some.missing_pages == [1], "{some:?}");
    assert!(new.restore_gathered_pages(home.path()).is_err());
    let twice = gather(&mut new, &[photographs[1].clone(), photographs[0].clone()]);
    assert!(twice.complete && twice.missing_pages.is_empty(), "{twice:?}");
    assert_eq!((twice.have as usize, twice.count as usize), (booklet.codes, booklet.codes));
    new.restore_gathered_pages(home.path()).unwrap();
    new.unlock_with_passphrase(&SecretText::new(PASSPHRASE.into())).unwrap();
    assert_eq!(new.accounts().unwrap().len(), 4);
    // What is not named is not printed.
    let other = app.make_booklet(proof(), &ids[..1], &[], Paper::A4).unwrap();
    let alone = tempfile::tempdir().unwrap();
    let mut without = App::open(TestHost::new(), alone.path());
    without.restore_pages(&other.texts, alone.path()).unwrap();
    without.unlock_with_passphrase(&SecretText::new(PASSPHRASE.into())).unwrap();
    assert_eq!((without.accounts().unwrap().len(), without.recovery().unwrap().sets.len()), (1, 0));
    let both: Vec<SecretText> = scanned[..1].iter().chain(&other.texts).map(SecretText::duplicate).collect();
    assert!(matches!(keyhaven_app::booklet::join(&both), Err(PagesError::Several { .. })));

    let home = tempfile::tempdir().unwrap();
    let mut new = App::open(TestHost::new(), home.path());
    let refused = new.restore_pages(&without_first, home.path()).unwrap_err();
    assert!(refused.detail.contains("missing: 1 (page 1)"), "{}", refused.detail);
    new.restore_pages(&scanned, home.path()).unwrap();
    new.unlock_with_passphrase(&SecretText::new(PASSPHRASE.into())).unwrap();
    assert_eq!(new.accounts().unwrap().len(), 4);
    assert_eq!(new.codes(&ids[..4]).unwrap().codes, app.codes(&ids[..4]).unwrap().codes);
    new.unlock_recovery(proof()).unwrap();
    assert_eq!(new.use_next_recovery_code(&set.id, "").unwrap().0.expose(), "8f3a9-71c02");
    assert!(app.restore_pages(&scanned, home.path()).is_err(), "a vault that is there is not overwritten");
}

#[test]
fn single_records_come_back_from_paper_into_the_open_vault_and_nothing_else_changes() {
    let (_host, _home, mut app) = app();
    let add = |app: &mut App, name: &str| {
        let uri = format!("otpauth://totp/{name}:me?secret=JBSWY3DPEHPK3PXP&issuer={name}");
        let now = app.now();
        app.add(vec![keyhaven_otp::parse_uri(&uri).unwrap().account], now).unwrap();
    };
    let id = |app: &App, name: &str| {
        app.accounts().unwrap().into_iter().find(|row| row.issuer == name).map(|row| row.id).unwrap()
    };
    add(&mut app, "Gone");
    add(&mut app, "Renamed");
    let text = "Recovery codes\n8f3a9-71c02\nb04de-9952a\nc7719-0e4d1\n";
    let pending = app.begin_drafts(1).unwrap().text("codes.txt".into(), SecretText::new(text.into()));
    let draft = app.keep_draft(pending).unwrap();
    let set = app.accept_draft(draft.id, DraftChoices::default()).unwrap().set.id;
    let booklet = app.make_booklet(proof(), &[], &[], Paper::A4).unwrap();
    app.unlock_recovery(proof()).unwrap();
    app.delete_recovery(&set).unwrap();
    app.lock_recovery().unwrap();
    let (gone, renamed) = (id(&app, "Gone"), id(&app, "Renamed"));
    app.delete_account(&gone).unwrap();
    let changes = AccountChanges { name: Some("you".into()), ..AccountChanges::default() };
    app.edit_account(&renamed, changes).unwrap();
    add(&mut app, "New");

    let texts = || booklet.texts.iter().map(SecretText::duplicate);
    app.add_pages(texts().skip(1).collect::<Vec<_>>().into());
    let missing = app.look_into_pages(None).unwrap_err();
    assert!(missing.detail.contains("missing: 1"), "{}", missing.detail);
    assert!(app.add_pages(texts().collect::<Vec<_>>().into()).complete);
    let LookAnswer::Locked { has_passphrase, has_recovery_key } = app.look_into_pages(None).unwrap() else {
        panic!("paper opens with what it was printed with only");
    };
    assert_eq!((has_passphrase, has_recovery_key), (true, false));
    let wrong = Proof { passphrase: Some("wrong".into()), recovery_key: None };
    assert_eq!(app.look_into_pages(Some(wrong)).unwrap_err().kind, FailureKind::WrongPassphrase);
    let LookAnswer::Opened(look) = app.look_into_pages(Some(proof())).unwrap() else {
        panic!("the proof opens it")
    };
    let mut found: Vec<_> = look.differences.iter().map(|one| (one.id.as_str(), one.effect)).collect();
    found.sort_unstable_by_key(|(id, _)| *id);
    let mut wanted =
        [(gone.as_str(), Effect::Added), (renamed.as_str(), Effect::Changed), (set.as_str(), Effect::Added)];
    wanted.sort_unstable_by_key(|(id, _)| *id);
    assert_eq!(found, wanted, "what came after the paper is no difference");
    assert_eq!(app.restore_records(look.look, &[gone.clone(), set.clone()]).unwrap(), 2);
    let rows = app.accounts().unwrap();
    let name = |id: &str| rows.iter().find(|row| row.id == id).map(|row| row.name.as_str());
    assert_eq!((rows.len(), name(&gone), name(&renamed)), (3, Some("me"), Some("you")));
    assert!(!app.recovery().unwrap().open, "looking leaves the compartment as it was");
    app.unlock_recovery(proof()).unwrap();
    assert_eq!(app.use_next_recovery_code(&set, "").unwrap().0.expose(), "8f3a9-71c02");
}

#[test]
fn a_printed_sheet_of_codes_reads_as_the_codes() {
    let (_host, _home, mut app) = app();
    let text: String =
        (0..50).map(|n| format!("{:05x}-{:05x}\n", 0x10a3b + n * 7919, 0x9c2d1 + n * 104_729)).collect();
    let pending = app
        .begin_drafts(1)
        .unwrap()
        .bytes("github-recovery-codes.txt".into(), SecretBytes::new(text.as_bytes().to_vec()));
    let draft = app.keep_draft(pending).unwrap();
    let set = app
        .accept_draft(draft.id, DraftChoices { provider: "GitHub".into(), ..DraftChoices::default() })
        .unwrap()
        .set;
    let locked = app.recovery_sheet(&set.id, Paper::A4).err().map(|failure| failure.kind);
    assert_eq!(locked, Some(FailureKind::RecoveryLocked));
    app.unlock_recovery(proof()).unwrap();
    let sheet = app.recovery_sheet(&set.id, Paper::A4).unwrap();
    assert_eq!(rendered(sheet.expose()).len(), 2);
    let read = keyhaven_recovery::parse(sheet.expose(), Some("sheet.pdf")).unwrap();
    let mut read: Vec<&str> = read.codes.iter().map(|code| code.text.expose()).collect();
    let mut wanted: Vec<&str> = text.lines().collect();
    read.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(read, wanted);
}
