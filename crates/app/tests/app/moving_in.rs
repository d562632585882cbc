//! Moving in: what the vault has already is named, a counter that is further on is offered, a screen is looked at, a long
//! key derivation is watched and stopped.

use crate::host::{TestHost, open_app};
use keyhaven_app::App;
use keyhaven_app::offer::{Input, Progress};
use keyhaven_app::view::*;
use keyhaven_interchange::write::{Exported, Target, Work, write};
use keyhaven_secret::SecretText;
use std::cell::RefCell;
use std::ops::ControlFlow;
use std::sync::Arc;

const HOTP: &str = "otpauth://hotp/Bank:me?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Bank&counter=";
const TOTP: &str = "otpauth://totp/Example:me?secret=MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U&issuer=Example";

fn app() -> (Arc<TestHost>, tempfile::TempDir, App) {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let app = open_app(&host, home.path());
    (host, home, app)
}

fn offer(app: &mut App, text: &str) -> Offer {
    let inputs = vec![("old.txt".into(), Input::Text(SecretText::new(text.into())))];
    let pending = app.begin_offer().unwrap().inputs(inputs);
    app.keep_offer(pending).unwrap()
}

#[test]
fn a_counter_that_is_further_on_moves_the_vaults_and_nothing_is_doubled() {
    let (_host, _home, mut app) = app();
    let first = offer(&mut app, &format!("{HOTP}41\n{TOTP}\n"));
    let ids = app.accept_offer(first.id, &[0, 1]).unwrap();
    let renamed = AccountChanges { issuer: Some("My bank".into()), ..Default::default() };
    app.edit_account(&ids[0], renamed).unwrap();

    let again = offer(&mut app, &format!("{HOTP}40\n{HOTP}57\n{TOTP}\n{}\n", TOTP.replace("MFRGG", "KRSXG")));
    let seen: Vec<_> = again
        .found
        .iter()
        .map(|found| (found.standing, found.matches.as_deref(), found.held_counter))
        .collect();
    assert_eq!(
        seen,
        [
            (Standing::AlreadyThere, Some("My bank · me"), Some(41)),
            (Standing::CounterAhead, Some("My bank · me"), Some(41)),
            (Standing::AlreadyThere, Some("Example · me"), None),
            (Standing::SameNameOtherSecret, Some("Example · me"), None),
        ]
    );
    assert_eq!(again.found[1].counter, Some(57));
    let touched = app.accept_offer(again.id, &[1]).unwrap();
    assert_eq!(touched, [ids[0].clone()]);
    let detail = app.account(&ids[0]).unwrap();
    assert_eq!((detail.counter, detail.row.issuer.as_str()), (Some(57), "My bank"));
    assert!(detail.history[0].change.contains("counter moved on"), "{:?}", detail.history);
    assert_eq!(app.accounts().unwrap().len(), 2);
    // Two files that are ahead: the further one counts, whatever their order.
    for texts in [format!("{HOTP}90\n{HOTP}70\n"), format!("{HOTP}95\n{HOTP}99\n")] {
        let offer = offer(&mut app, &texts);
        app.accept_offer(offer.id, &[0, 1]).unwrap();
    }
    assert_eq!(app.account(&ids[0]).unwrap().counter, Some(99));
    assert_eq!(app.accounts().unwrap().len(), 2);
}

/// A screen with codes at the given places, four pixels a module.
fn screen(codes: &[(&str, usize, usize)]) -> (u32, u32, Vec<u8>) {
    let (width, height) = (1280usize, 800usize);
    let mut pixels = vec![235u8; width * height * 4];
    for (text, left, top) in codes {
        let code = keyhaven_qr::write::modules(text).unwrap();
        for y in 0..code.side() * 4 {
            for x in 0..code.side() * 4 {
                let at = ((top + y) * width + left + x) * 4;
                pixels[at..at + 3].fill(if code.dark(x / 4, y / 4) { 0 } else { 255 });
            }
        }
    }
    (1280, 800, pixels)
}

#[test]
fn every_code_on_the_screens_is_offered_with_its_frame_and_its_picture_tells_nothing() {
    let (host, _home, mut app) = app();
    let refused = app.begin_offer().unwrap().screens().err().unwrap();
    assert!(refused.detail.contains("refused"), "{}", refused.detail);
    let hotp = format!("{HOTP}3");
    let screens =
        [screen(&[(TOTP, 60, 80), (&hotp, 800, 400), ("https://example.org/", 60, 560)]), screen(&[])];
    *host.screens.lock().unwrap() = screens.into();
    let pending = app.begin_offer().unwrap().screens().unwrap();
    let offer = app.keep_offer(pending).unwrap();
    let mut issuers: Vec<&str> = offer.found.iter().map(|found| found.issuer.as_str()).collect();
    issuers.sort_unstable();
    assert_eq!(issuers, ["Bank", "Example"]);
    let reasons: Vec<&str> = offer.problems.iter().map(|problem| problem.reason.as_str()).collect();
    assert!(reasons.iter().any(|reason| reason.starts_with("Screen 2: ")), "{reasons:?}");
    assert_eq!(reasons.len(), 2, "the web address is told too: {reasons:?}");
    let [view] = &offer.screens[..] else { panic!("{:?}", offer.screens) };
    assert_eq!((view.width, view.height, view.frames.len()), (760, 475, 3));
    for found in &offer.found {
        let frame = view.frames.iter().find(|frame| frame.found == [found.index]).unwrap();
        let (left, top) = if found.issuer == "Example" { (60, 80) } else { (800, 400) };
        let near = |is: u32, was: u32| is.abs_diff(was * 760 / 1280) < 16;
        assert!(near(frame.left, left) && near(frame.top, top), "{frame:?}");
    }
    let png =
        data_encoding::BASE64.decode(view.url.strip_prefix("data:image/png;base64,").unwrap().as_bytes());
    assert!(keyhaven_qr::read(&png.unwrap(), &keyhaven_qr::Limits::default()).unwrap_or_default().is_empty());
    assert!(!format!("{:?}", offer.screens).contains("base64"));
}

#[test]
fn a_folder_is_its_files_and_what_is_not_looked_into_is_said() {
    let (_host, home, mut app) = app();
    let folder = home.path().join("moving");
    let deep = folder.join("more/deeper/deepest");
    std::fs::create_dir_all(&deep).unwrap();
    std::fs::create_dir(folder.join("nothing")).unwrap();
    std::fs::write(folder.join("2.png"), keyhaven_qr::write::png(TOTP, 4).unwrap()).unwrap();
    std::fs::write(folder.join("1.txt"), HOTP).unwrap();
    std::fs::write(folder.join("more/3.txt"), "no link").unwrap();
    std::fs::write(folder.join(".hidden"), TOTP).unwrap();
    std::fs::write(deep.join("4.txt"), TOTP).unwrap();
    let pending = app.begin_offer().unwrap().files(std::slice::from_ref(&folder));
    let offer = app.keep_offer(pending).unwrap();
    let sources: Vec<_> = offer.found.iter().map(|found| found.source.as_str()).collect();
    assert_eq!(sources, ["moving/1.txt", "moving/2.png"]);
    let problems: Vec<_> = offer.problems.iter().map(|p| (p.source.as_str(), p.reason.as_str())).collect();
    assert_eq!(
        problems,
        [
            ("moving/more/3.txt", "the text is not an otpauth link"),
            (
                "moving/more/deeper/deepest",
                "folders are looked into 3 levels deep; choose this one by itself"
            ),
            ("moving/nothing", "there is no file in this folder"),
        ]
    );
}

#[test]
fn a_folder_of_thousands_is_read_so_far_and_no_further() {
    let (_host, home, mut app) = app();
    let folder = home.path().join("photos");
    std::fs::create_dir(&folder).unwrap();
    for number in 0..505 {
        std::fs::write(folder.join(format!("{number:03}.txt")), "").unwrap();
    }
    let single = home.path().join("single.txt");
    std::fs::write(&single, TOTP).unwrap();
    let pending = app.begin_offer().unwrap().files(&[folder, single]);
    let offer = app.keep_offer(pending).unwrap();
    assert_eq!(offer.problems.len(), 501);
    assert_eq!(offer.problems[500].source, "photos/500.txt");
    assert!(offer.problems[500].reason.contains("up to 500 files"), "{}", offer.problems[500].reason);
    assert_eq!(offer.found.len(), 1, "what was named itself is read whatever a folder held");
}

#[test]
fn a_key_derivation_is_watched_and_stopped() {
    let (_host, home, mut app) = app();
    let account = keyhaven_otp::parse_uri(TOTP).unwrap().account;
    let exported = [Exported { account: &account, note: None, tags: &[], pinned: false }];
    let password = SecretText::new("six brown horses".into());
    let bytes = write(Target::TwoFasEncrypted, &exported, Some(&password), Work::Usual).unwrap();
    let file = home.path().join("backup.2fas");
    std::fs::write(&file, bytes.expose()).unwrap();
    let pending = app.begin_offer().unwrap().files(&[file]);
    let offer = app.keep_offer(pending).unwrap();
    let locked = app.locked_export(offer.id, 0).unwrap();
    let told = RefCell::new(Vec::new());
    let stop = |progress: Progress| {
        told.borrow_mut().push(progress);
        ControlFlow::Break(())
    };
    let stopped = app.begin_offer().unwrap().open(&locked, &password, &stop).unwrap();
    assert!(stopped.is_none());
    assert!(matches!(told.borrow()[..], [Progress::KeyDerivation { of: 1.., .. }]), "{:?}", told.borrow());
    let go_on = |_: Progress| ControlFlow::Continue(());
    let opened = app.begin_offer().unwrap().open(&locked, &password, &go_on).unwrap().unwrap();
    assert_eq!(app.keep_offer(opened).unwrap().found.len(), 1);
}
