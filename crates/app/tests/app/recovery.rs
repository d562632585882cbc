//! Recovery sets from their download to their replacement.

use crate::host::{PASSPHRASE, TestHost, open_app, passphrase, restarted};
use keyhaven_app::App;
use keyhaven_app::recovery::view::*;
use keyhaven_app::safety_view::LookAnswer;
use keyhaven_app::view::*;
use keyhaven_secret::{SecretBytes, SecretText};
use std::path::Path;
use std::sync::Arc;

const GITHUB: &str = "8f3a9-71c02\nb04de-9952a\nc7719-0e4d1\nd2f68-3ab90\n0e9b4-77f13\n3c5d0-e18a2\n4410b-96f7c\n57ae2-0cc35\n\
    61f93-b2d08\n7a0c4-5e91d\n88d17-f0b36\n90be5-2a74c\na1c38-d596e\ne35f0-81b27\nf6a92-4c0d8\n2b87e-f3619\n";

fn app() -> (Arc<TestHost>, tempfile::TempDir, App) {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let app = open_app(&host, home.path());
    (host, home, app)
}

fn proof() -> Proof {
    Proof { passphrase: Some(PASSPHRASE.into()), recovery_key: None }
}

fn draft(app: &mut App, name: &str, bytes: &[u8]) -> Draft {
    let pending = app.begin_drafts(1).unwrap().bytes(name.into(), SecretBytes::new(bytes.to_vec()));
    app.keep_draft(pending).unwrap()
}

fn choices(draft: &Draft) -> DraftChoices {
    DraftChoices { provider: draft.provider.clone(), ..DraftChoices::default() }
}

fn kept(app: &mut App, name: &str, text: &str) -> SetRow {
    let draft = draft(app, name, text.as_bytes());
    app.accept_draft(draft.id, choices(&draft)).unwrap().set
}

fn used(app: &mut App, id: &str, place: &str) -> String {
    app.use_next_recovery_code(id, place).unwrap().0.expose().to_owned()
}

fn kind<T>(answer: Result<T, Failure>) -> Option<FailureKind> {
    answer.err().map(|failure| failure.kind)
}

#[test]
fn a_set_is_taken_in_while_locked_counted_used_and_undone() {
    let (host, home, mut app) = app();
    let review = draft(&mut app, "github-recovery-codes.txt", GITHUB.as_bytes());
    assert_eq!((review.provider.as_str(), review.kind, review.codes.len()), ("GitHub", SetKind::Codes, 16));
    assert_eq!(review.codes[0].masked, "•••••-•••••");
    assert!(!format!("{review:?}").contains("8f3a9"), "a review carries no code");
    assert!(app.reveal_draft(review.id).unwrap().codes.contains(&"8f3a9-71c02".to_owned()));
    let KeptDraft { set, view } = app.accept_draft(review.id, choices(&review)).unwrap();
    assert!(!view.open);
    assert_eq!((set.name.as_str(), set.left, set.total, set.standing), ("GitHub", 16, 16, SetStanding::Good));

    // Locked: counted, and not to be had.
    assert_eq!(kind(app.recovery_set(&set.id)), Some(FailureKind::RecoveryLocked));
    assert_eq!(kind(app.use_next_recovery_code(&set.id, "")), Some(FailureKind::RecoveryLocked));
    assert_eq!(
        kind(app.unlock_recovery(Proof { passphrase: Some("wrong".into()), recovery_key: None })),
        Some(FailureKind::WrongPassphrase)
    );

    assert!(app.unlock_recovery(proof()).unwrap().open);
    assert_eq!(used(&mut app, &set.id, ""), "8f3a9-71c02");
    assert_eq!(used(&mut app, &set.id, "new laptop"), "b04de-9952a");
    host.pass(1_000);
    assert_eq!(used(&mut app, &set.id, ""), "c7719-0e4d1");
    let detail = app.recovery_set(&set.id).unwrap();
    assert_eq!((detail.row.left, detail.next), (13, Some(3)));
    assert_eq!((detail.codes[1].used, detail.codes[1].place.as_str()), (true, "new laptop"));
    let detail = app.undo_recovery_use(&set.id).unwrap();
    assert_eq!((detail.row.left, detail.next), (14, Some(2)), "the last one is back");
    assert_eq!(used(&mut app, &set.id, ""), "c7719-0e4d1");

    // The next start finds it, and opening with the keyring does not open the codes.
    let mut app = restarted(&host, home.path());
    app.unlock_with_keyring().unwrap();
    let view = app.recovery().unwrap();
    assert_eq!((view.open, view.sets.len(), view.sets[0].left), (false, 1, 13));
    assert_eq!(kind(app.recovery_set(&set.id)), Some(FailureKind::RecoveryLocked));
    app.unlock_recovery(proof()).unwrap();
    let (name, bytes) = app.recovery_original(&set.id).unwrap();
    assert_eq!((name.as_str(), bytes.expose()), ("github-recovery-codes.txt", GITHUB.as_bytes()));
    assert!(!app.lock_recovery().unwrap().open);
    assert_eq!(kind(app.reveal_recovery(&set.id).map(drop)), Some(FailureKind::RecoveryLocked));
}

#[test]
fn a_new_set_takes_the_old_ones_place_and_the_old_one_is_never_offered_again() {
    let (_host, _home, mut app) = app();
    let old = kept(&mut app, "github-recovery-codes.txt", GITHUB);
    let review = draft(&mut app, "github-recovery-codes (1).txt", GITHUB.replace('a', "e").as_bytes());
    assert_eq!(review.replaces.as_ref(), Some(&old.id), "the set that it may replace is named");
    let new = app
        .accept_draft(review.id, DraftChoices { replaces: Some(old.id.clone()), ..choices(&review) })
        .unwrap();
    let standings: Vec<_> = new.view.sets.iter().map(|set| (set.id.clone(), set.standing)).collect();
    assert_eq!(
        standings,
        [(new.set.id.clone(), SetStanding::Good), (old.id.clone(), SetStanding::Superseded)]
    );
    app.unlock_recovery(proof()).unwrap();
    assert_eq!(kind(app.use_next_recovery_code(&old.id, "")), Some(FailureKind::BadInput));
    assert_eq!(app.recovery_set(&old.id).unwrap().next, None);
    assert_eq!(kind(app.recovery_code(&old.id, 0)), Some(FailureKind::BadInput), "not to be copied either");
    assert_eq!(app.reveal_recovery(&old.id).unwrap().codes.len(), 16, "it is kept");
    assert_eq!(used(&mut app, &new.set.id, ""), "8f3e9-71c02");
    let third = draft(&mut app, "github-recovery-codes.txt", GITHUB.as_bytes());
    assert_eq!(third.replaces, Some(new.set.id.clone()), "and not named again");
    assert_eq!(third.already, Some(old.id), "and its file is known");
    let same = draft(&mut app, "codes.txt", GITHUB.replace('a', "e").as_bytes());
    let into_itself = DraftChoices { replaces: Some(new.set.id.clone()), ..choices(&same) };
    assert_eq!(kind(app.accept_draft(same.id, into_itself)), Some(FailureKind::BadInput));
    let again = draft(&mut app, "codes.txt", GITHUB.replace('a', "e").as_bytes());
    assert_eq!(again.already, Some(new.set.id), "the same file under another name");
    let another = draft(&mut app, "codes.txt", GITHUB.replace('a', "f").as_bytes());
    assert_eq!(another.already, None, "as long, and not the same");
    app.lock_recovery().unwrap();
    let locked = draft(&mut app, "codes.txt", GITHUB.replace('a', "e").as_bytes());
    assert_eq!(locked.already, None, "not told while the codes are locked");
}

#[test]
fn a_deleted_set_comes_back_whole_and_its_used_codes_stay_used() {
    let (_host, home, mut app) = app();
    let set = kept(&mut app, "github-recovery-codes.txt", GITHUB);
    let backup = home.path().join("old.keyhaven");
    app.back_up_to(&backup).unwrap();
    app.unlock_recovery(proof()).unwrap();
    used(&mut app, &set.id, "");
    let look = |app: &mut App| match app.look_into_file(&backup, Some(proof())).unwrap() {
        LookAnswer::Opened(look) => look,
        LookAnswer::Locked { .. } => panic!("it opens with the same keys"),
    };
    assert_eq!(look(&mut app).differences, [], "what was used since is no difference");
    app.delete_recovery(&set.id).unwrap();
    let found = look(&mut app);
    let mut ids: Vec<_> = found.differences.iter().map(|one| one.id.clone()).collect();
    assert!(ids.contains(&set.id), "{:?}", found.differences);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), found.differences.len(), "each id stands there once");
    app.restore_records(found.look, std::slice::from_ref(&set.id)).unwrap();
    assert_eq!(app.recovery_original(&set.id).unwrap().1.expose(), GITHUB.as_bytes());
    assert_eq!(app.reveal_recovery(&set.id).unwrap().codes.len(), 16);
    assert_eq!(look(&mut app).differences, []);

    // With the codes locked a set is neither brought back nor taken away without them.
    app.delete_recovery(&set.id).unwrap();
    app.lock_recovery().unwrap();
    let answer = app.look_into_file(&backup, None).unwrap();
    let LookAnswer::Opened(found) = answer else { panic!("the accounts are open") };
    assert_eq!(found.differences, []);
}

#[test]
fn six_codes_are_each_given_once_and_the_last_ones_are_low() {
    let (_host, _home, mut app) = app();
    let text = "Partner portal one-time codes\n\n482913\n057264\n918340\n663172\n204857\n731596\n";
    let set = kept(&mut app, "portal.txt", text);
    assert_eq!((set.total, set.standing), (6, SetStanding::Good));
    app.unlock_recovery(proof()).unwrap();
    let mut given = Vec::new();
    let mut standings = Vec::new();
    for _ in 0..6 {
        given.push(used(&mut app, &set.id, ""));
        standings.push(app.recovery_set(&set.id).unwrap().row.standing);
    }
    assert_eq!(given, ["482913", "057264", "918340", "663172", "204857", "731596"]);
    use SetStanding::{Empty, Good, Low};
    assert_eq!(standings, [Good, Good, Low, Low, Low, Empty]);
    assert_eq!(kind(app.use_next_recovery_code(&set.id, "")), Some(FailureKind::BadInput));
}

/// A PDF without text, as a scanner makes it (ISO 32000-1 §7.5).
fn scanned_pdf(pages: usize) -> Vec<u8> {
    let kids: String = (0..pages).map(|n| format!("{} 0 R ", n + 3)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {pages} >>"),
    ];
    objects.extend((0..pages).map(|_| "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>".to_owned()));
    let (mut text, mut table) = ("%PDF-1.4\n".to_owned(), String::from("0000000000 65535 f \n"));
    for (n, object) in objects.iter().enumerate() {
        table += &format!("{:010} 00000 n \n", text.len());
        text += &format!("{} 0 obj\n{object}\nendobj\n", n + 1);
    }
    let (start, count) = (text.len(), objects.len() + 1);
    text += &format!(
        "xref\n0 {count}\n{table}trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    );
    text.into_bytes()
}

#[test]
fn any_file_is_kept_byte_for_byte() {
    let (_host, _home, mut app) = app();
    let key =
        b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----\n";
    let png = keyhaven_qr::write::png("a screenshot of codes", 4).unwrap();
    let broken = b"\x89PNG\r\n\x1a\n\x00\x00\xff cut short";
    for (name, bytes) in [
        ("id_ed25519", &key[..]),
        ("codes.png", &png),
        ("broken.png", broken),
        ("odd.bin", b"\x00\x01\xfe\xff"),
    ] {
        let review = draft(&mut app, name, bytes);
        assert_eq!(review.kind, SetKind::Document, "{name}");
        let set = app.accept_draft(review.id, choices(&review)).unwrap().set;
        app.unlock_recovery(proof()).unwrap();
        assert_eq!(app.recovery_original(&set.id).unwrap().1.expose(), bytes, "{name}");
        assert_eq!(app.recovery_to_show(&set.id).unwrap().draw(0).is_ok(), name == "codes.png");
        app.lock_recovery().unwrap();
    }
    // Of a PDF each page can be looked at, before and after it is kept.
    let pdf = scanned_pdf(3);
    let review = draft(&mut app, "letter.pdf", &pdf);
    assert_eq!((review.kind, review.pages), (SetKind::Document, Some(3)));
    let page = app.draft_to_show(review.id).unwrap().draw(2).unwrap();
    assert!(page.whole && page.width.max(page.height) == 1_280, "{} × {}", page.width, page.height);
    assert!(app.draft_to_show(review.id).unwrap().draw(3).is_err());
    let set = app.accept_draft(review.id, choices(&review)).unwrap().set;
    app.unlock_recovery(proof()).unwrap();
    assert_eq!(app.recovery_set(&set.id).unwrap().pages, Some(3));
    assert!(app.recovery_to_show(&set.id).unwrap().draw(0).is_ok());
    assert_eq!(app.recovery_original(&set.id).unwrap().1.expose(), pdf);
    app.lock_recovery().unwrap();
    let large = vec![0; (10 << 20) + 1];
    let review = draft(&mut app, "large.bin", &large);
    assert!(review.unusable.is_some_and(|why| why.contains("too many")));
    assert_eq!(kind(app.accept_draft(review.id, DraftChoices::default())), Some(FailureKind::BadInput));
    // An unoptimised build takes half a minute to seal the largest; what matters is that it is taken.
    assert_eq!(draft(&mut app, "largest.bin", &large[..10 << 20]).unusable, None);
    let photo = draft(&mut app, "photo.bin", &large[..1 << 20]);
    assert_eq!(app.accept_draft(photo.id, choices(&photo)).unwrap().set.size, 1 << 20);
}

#[test]
fn a_seed_phrase_is_checked_and_notes_show_nothing_of_themselves() {
    let (_host, _home, mut app) = app();
    let legal = "legal winner thank year wave sausage worth useful legal winner thank yellow";
    let right = draft(&mut app, "Clipboard", legal.as_bytes());
    assert_eq!((right.kind, right.problems.len()), (SetKind::SeedPhrase, 0));
    let wrong = draft(&mut app, "Clipboard", legal.replace("yellow", "wave").as_bytes());
    assert!(wrong.problems[0].text.contains("checksum"), "{:?}", wrong.problems);
    let notes = draft(&mut app, "questions.txt", b"First pet?\nBartholomew\n");
    assert_eq!(notes.kind, SetKind::Notes);
    assert!(!format!("{notes:?} {right:?} {wrong:?}").contains("Bartholomew"));
    assert!(!format!("{right:?} {wrong:?}").contains("winner"));
}

#[test]
fn what_was_understood_wrongly_is_corrected_before_it_is_kept() {
    let (_host, _home, mut app) = app();
    let review = draft(&mut app, "codes.txt", b"Recovery codes\nabcde-12345\nfghij-67890\nklmno-24680\n");
    assert_eq!(review.codes.len(), 3);
    let correct = |app: &mut App, correction| app.correct_draft(review.id, correction).unwrap();
    assert_eq!(correct(&mut app, Correction::Join { code: 0 }).codes.len(), 2);
    assert_eq!(correct(&mut app, Correction::Split { code: 0, at: 11 }).codes.len(), 3);
    let dropped = correct(&mut app, Correction::Drop { code: 0 });
    assert_eq!((dropped.codes.len(), dropped.lines[1].place), (2, LinePlace::Unclear));
    assert!(!dropped.lines[1].text.contains("12345"), "a dropped code stays masked");
    assert_eq!(correct(&mut app, Correction::Take { line: 2 }).codes.len(), 3);
    correct(&mut app, Correction::Used { code: 2, used: true });
    assert_eq!(kind(app.correct_draft(review.id, Correction::Drop { code: 9 })), Some(FailureKind::BadInput));
    let set = app.accept_draft(review.id, choices(&review)).unwrap().set;
    assert_eq!((set.total, set.left), (3, 2));
    assert_eq!(kind(app.correct_draft(review.id, Correction::Drop { code: 0 })), Some(FailureKind::BadInput));
}

#[test]
fn a_set_finds_its_account() {
    let (_host, _home, mut app) = app();
    let links = "otpauth://totp/GitHub:me@example.org?secret=JBSWY3DPEHPK3PXP&issuer=GitHub\n\
        otpauth://totp/GitHub:you@example.org?secret=JBSWY3DPEHPK3PXQ&issuer=GitHub\n\
        otpauth://totp/Google:me@gmail.com?secret=JBSWY3DPEHPK3PXR&issuer=Google";
    let inputs = vec![("x".into(), keyhaven_app::offer::Input::Text(SecretText::new(links.into())))];
    let pending = app.begin_offer().unwrap().inputs(inputs);
    let offer = app.keep_offer(pending).unwrap();
    let ids = app.accept_offer(offer.id, &[0, 1, 2]).unwrap();
    assert_eq!(
        draft(&mut app, "github-recovery-codes.txt", GITHUB.as_bytes()).account,
        None,
        "two would fit"
    );
    let named = format!("GitHub recovery codes of you@example.org\n\n{GITHUB}");
    let review = draft(&mut app, "codes.txt", named.as_bytes());
    assert_eq!(review.account.as_ref(), Some(&ids[1]));
    let linked = DraftChoices { account: review.account.clone(), ..choices(&review) };
    let set = app.accept_draft(review.id, linked).unwrap().set;
    assert_eq!(set.account_name.as_deref(), Some("GitHub · you@example.org"));
    let changes = SetChanges { name: Some("Work".into()), account: Some(ids[2].clone()), note: None };
    let set = app.edit_recovery(&set.id, changes).unwrap();
    assert_eq!((set.name.as_str(), set.account_name.as_deref()), ("Work", Some("Google · me@gmail.com")));
    app.delete_account(&ids[2]).unwrap();
    assert_eq!(app.recovery().unwrap().sets[0].account, None, "a link to nothing is none");
    let note = SetChanges { note: Some("in the drawer".into()), ..SetChanges::default() };
    assert_eq!(kind(app.edit_recovery(&set.id, note)), Some(FailureKind::RecoveryLocked));
    assert_eq!(kind(app.delete_recovery(&set.id)), Some(FailureKind::RecoveryLocked));
    app.unlock_recovery(proof()).unwrap();
    assert_eq!(app.delete_recovery(&set.id).unwrap().sets.len(), 0);
}

/// Everything in the vault's folder, for looking whether a code stands in it in clear.
fn bytes_below(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        bytes.extend(if path.is_dir() { bytes_below(&path) } else { std::fs::read(&path).unwrap() });
    }
    bytes
}

#[test]
fn a_download_is_tidied_only_when_it_is_what_was_kept() {
    let (host, home, mut app) = app();
    let downloads = tempfile::tempdir().unwrap();
    let file = downloads.path().join("github-recovery-codes.txt");
    let keep = |app: &mut App| {
        std::fs::write(&file, GITHUB).unwrap();
        let pending = app.begin_drafts(1).unwrap().file(&file);
        let review = app.keep_draft(pending).unwrap();
        app.accept_draft(review.id, choices(&review)).unwrap().set
    };
    let set = keep(&mut app);
    assert!(set.can_tidy);
    std::fs::write(&file, "something else").unwrap();
    assert_eq!(kind(app.tidy_download(&set.id, TidyWay::Erase)), Some(FailureKind::BadInput));
    assert!(file.exists(), "it is not the file that was kept");
    std::fs::write(&file, GITHUB).unwrap();
    let vault = app.location().file().to_path_buf();
    let good = std::fs::read(&vault).unwrap();
    std::fs::write(&vault, &good[..good.len() - 1]).unwrap();
    assert!(app.tidy_download(&set.id, TidyWay::Erase).is_err(), "the vault on disk does not open");
    std::fs::write(&vault, &good).unwrap();
    let view = app.tidy_download(&set.id, TidyWay::Erase).unwrap();
    assert_eq!(view.sets[0].tidied.map(|tidied| tidied.way), Some(TidyWay::Erase));
    assert!(!file.exists() && !view.sets[0].can_tidy);
    assert_eq!(kind(app.tidy_download(&set.id, TidyWay::Erase)), Some(FailureKind::BadInput));

    // With the compartment open it is the same; and nothing of it stands in clear on the disk.
    app.unlock_recovery(proof()).unwrap();
    let set = keep(&mut app);
    app.tidy_download(&set.id, TidyWay::Bin).unwrap();
    let all = bytes_below(home.path());
    assert!(!all.windows(11).any(|part| part == b"8f3a9-71c02"));
    drop(app);
    let mut app = restarted(&host, home.path());
    app.unlock_with_passphrase(&passphrase()).unwrap();
    assert!(app.recovery().unwrap().sets.iter().all(|set| !set.can_tidy), "another start knows no paths");
}

/// Two pixels of a bitmap: red, then blue.
const BITMAP: [u8; 62] = {
    let mut file = [0; 62];
    let head: [(usize, u8); 14] = [
        (0, b'B'),
        (1, b'M'),
        (2, 62),
        (10, 54),
        (14, 40),
        (18, 2),
        (22, 1),
        (26, 1),
        (28, 24),
        (34, 8),
        // Blue, green, red of each.
        (54, 0),
        (55, 0),
        (56, 255),
        (57, 255),
    ];
    let mut at = 0;
    while at < head.len() {
        file[head[at].0] = head[at].1;
        at += 1;
    }
    file
};

#[test]
fn a_bitmap_is_shown_and_a_picture_that_is_not_says_so() {
    let (_host, _home, mut app) = app();
    let shown = draft(&mut app, "codes.bmp", &BITMAP);
    assert!(shown.picture, "{:?}", shown.problems);
    let drawn = app.draft_to_show(shown.id).unwrap().draw(0).unwrap();
    assert_eq!((drawn.width, drawn.height), (2, 1));
    assert_eq!(drawn.rgba.expose(), [255, 0, 0, 255, 0, 0, 255, 255]);
    let photograph = draft(&mut app, "codes.heic", b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic");
    assert!(!photograph.picture);
    let said: Vec<&str> = photograph.problems.iter().map(|problem| problem.text.as_str()).collect();
    assert!(
        said.iter().any(|text| text.contains("HEIC are kept as they are and not shown here")),
        "{said:?}"
    );
}

#[test]
fn a_code_with_a_name_beside_it_is_masked() {
    let (_host, _home, mut app) = app();
    for (text, code) in [
        ("a1b2c3d4e5f60718 - iPhone12\n", "a1b2c3d4e5f60718"),
        ("B3Networks: 0123456789abcdef\n", "0123456789abcdef"),
    ] {
        let review = draft(&mut app, "codes.txt", text.as_bytes());
        assert_eq!(app.reveal_draft(review.id).unwrap().codes, [code]);
        assert_eq!(review.lines[0].text.trim_end(), text.trim_end().replace(code, &"•".repeat(16)));
    }
}
