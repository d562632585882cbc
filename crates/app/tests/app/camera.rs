//! A camera that is watched: what was before it is told, shown covered, and offered; then its light goes out.

use crate::frames::{HEIGHT, Held, Lens, WIDTH, frame};
use crate::host::{PASSPHRASE, TestHost, open_app};
use keyhaven_app::App;
use keyhaven_app::camera::view::{CameraUse, CameraView};
use keyhaven_app::camera::{CameraError, Watch};
use keyhaven_app::paper::Paper;
use keyhaven_app::view::*;
use keyhaven_otp::migration;
use keyhaven_secret::SecretText;
use std::sync::Arc;
use std::time::Duration;

/// Long enough for the busiest machine; nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(60);

fn app() -> (Arc<TestHost>, tempfile::TempDir, App) {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let app = open_app(&host, home.path());
    (host, home, app)
}

fn uri(name: &str) -> String {
    format!("otpauth://totp/Example:{name}?secret=MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U&issuer=Example")
}

fn watch(app: &App, purpose: CameraUse) -> Watch {
    app.begin_camera(purpose).unwrap().watch("test", None).unwrap()
}

/// Waits for what a person waits for; every view on the way keeps to the rules.
fn wait(watch: &Watch, what: &str, seen: impl Fn(&CameraView) -> bool) -> CameraView {
    let mut view = CameraView::default();
    loop {
        let next = watch.view(view.serial, PATIENCE);
        assert!(next.serial != view.serial || next.failure.is_some(), "{what}: nothing new in time");
        view = next;
        if seen(&view) {
            return view;
        }
        assert_eq!(view.failure, None, "{what}");
    }
}

#[test]
fn a_turned_and_grainy_code_is_shown_covered_and_offered_and_the_light_goes_out() {
    let (host, _home, mut app) = app();
    assert_eq!(app.begin_camera(CameraUse::Accounts).unwrap().list().unwrap()[0].name, "The test's camera");
    assert!(!host.cameras.is_on(), "listing switches nothing on");
    host.cameras.show(&frame(&[], Lens { blur: 1, grain: 20 }));
    let camera = watch(&app, CameraUse::Accounts);
    let empty = wait(&camera, "a picture", |view| view.picture.is_some());
    assert_eq!((empty.accounts, empty.complete), (0, false));
    assert!(host.cameras.is_on());

    let text = uri("me");
    let held = Held { middle: [350.0, 220.0], side: 300.0, turned: 17.0 };
    host.cameras.show(&frame(&[(&text, held)], Lens { blur: 1, grain: 20 }));
    let found = wait(&camera, "the code", |view| view.complete);
    assert_eq!((found.accounts, found.others), (1, 0));
    let picture = found.picture.unwrap();
    let [code] = &picture.codes[..] else { panic!("{picture:?}") };
    assert!(code.wanted);
    let middle = (code.left + code.width / 2, code.top + code.height / 2);
    let scale = f64::from(picture.width) / WIDTH as f64;
    assert!((f64::from(middle.0) - 350.0 * scale).abs() < 6.0, "{code:?}");
    assert!((f64::from(middle.1) - 220.0 * scale).abs() < 6.0, "{code:?}");
    let jpeg = picture.url.strip_prefix("data:image/jpeg;base64,").unwrap();
    let jpeg = data_encoding::BASE64.decode(jpeg.as_bytes()).unwrap();
    assert!(keyhaven_qr::read(&jpeg, &keyhaven_qr::Limits::default()).unwrap_or_default().is_empty());

    assert!(camera.close());
    assert!(!host.cameras.is_on());
    let pending = app.begin_offer().unwrap().camera(&camera);
    let offer = app.keep_offer(pending).unwrap();
    let [one] = &offer.found[..] else { panic!("{offer:?}") };
    assert_eq!((one.name.as_str(), one.source.as_str(), one.standing), ("me", "Camera", Standing::New));
    assert!(app.accounts().unwrap().is_empty(), "not before the person says so");
    app.accept_offer(offer.id, &[0]).unwrap();
    assert_eq!(app.accounts().unwrap().len(), 1);
}

#[test]
fn an_export_in_several_codes_is_counted_whatever_their_order() {
    let (host, _home, mut app) = app();
    let accounts: Vec<_> =
        (0..15).map(|n| keyhaven_otp::parse_uri(&uri(&format!("person {n}"))).unwrap().account).collect();
    let written = migration::write(&accounts, 5);
    let parts: Vec<&str> = written.uris.iter().map(|link| link.expose()).collect();
    assert_eq!(parts.len(), 3);
    host.cameras.show(&frame(&[], Lens::default()));
    let mut camera = watch(&app, CameraUse::Accounts);
    let large = Held { side: 440.0, ..Held::default() };
    let mut left: Vec<u32> = (1..=parts.len() as u32).collect();
    for (place, part) in parts.iter().enumerate().rev() {
        host.cameras.show(&frame(&[(part, large)], Lens { blur: 0, grain: 12 }));
        left.retain(|one| *one as usize != place + 1);
        let view = wait(&camera, "the part", |view| {
            view.exports.first().is_some_and(|export| export.missing == left)
        });
        assert_eq!(view.exports[0].have as usize, parts.len() - left.len());
        assert_eq!(view.exports[0].count as usize, parts.len());
        assert!(!view.complete || left.is_empty());
        // Another camera goes on where the first one was; a paper backup's would not.
        let door = app.begin_camera(CameraUse::Pages).unwrap();
        assert!(door.watch("test", Some(&camera)).unwrap().view(0, Duration::ZERO).exports.is_empty());
        camera = app.begin_camera(CameraUse::Accounts).unwrap().watch("test", Some(&camera)).unwrap();
        assert_eq!(camera.view(0, Duration::ZERO).exports, view.exports);
    }
    wait(&camera, "all of it", |view| view.complete);
    let pending = app.begin_offer().unwrap().camera(&camera);
    let offer = app.keep_offer(pending).unwrap();
    assert_eq!((offer.found.len(), offer.problems.len()), (15, 0), "{:?}", offer.problems);
}

#[test]
fn what_is_no_account_is_told_and_a_part_alone_is_offered_with_what_is_missing() {
    let (host, _home, mut app) = app();
    let accounts: Vec<_> =
        (0..15).map(|n| keyhaven_otp::parse_uri(&uri(&format!("person {n}"))).unwrap().account).collect();
    let first = migration::write(&accounts, 5).uris.swap_remove(0);
    let shop = Held { middle: [120.0, 240.0], side: 160.0, turned: -8.0 };
    let part = Held { middle: [430.0, 240.0], side: 400.0, turned: 0.0 };
    let codes = [("https://shop.example/menu", shop), (first.expose(), part)];
    host.cameras.show(&frame(&codes, Lens::default()));
    let camera = watch(&app, CameraUse::Accounts);
    let view = wait(&camera, "both", |view| view.others == 1 && !view.exports.is_empty());
    assert!(!view.complete);
    let pending = app.begin_offer().unwrap().camera(&camera);
    let offer = app.keep_offer(pending).unwrap();
    let told: Vec<&str> = offer.problems.iter().map(|problem| problem.reason.as_str()).collect();
    assert!(told.iter().any(|reason| reason.contains("1 of 3 read, missing 2, 3")), "{told:?}");
    assert!(told.iter().any(|reason| reason.starts_with("a QR code: ")), "{told:?}");
}

#[test]
fn what_goes_wrong_is_told_and_the_light_is_out() {
    let (host, _home, mut app) = app();
    host.cameras.fail(Some(CameraError::Busy));
    let camera = watch(&app, CameraUse::Accounts);
    let view = camera.view(0, PATIENCE);
    let failure = view.failure.unwrap();
    assert_eq!(failure.kind, FailureKind::Camera);
    assert!(failure.detail.contains("another program"), "{}", failure.detail);
    drop(camera);
    host.cameras.fail(None);
    // Unplugged while it is on.
    host.cameras.show(&frame(&[], Lens::default()));
    let camera = watch(&app, CameraUse::Accounts);
    wait(&camera, "a picture", |view| view.picture.is_some());
    host.cameras.fail(Some(CameraError::Gone));
    let view = wait(&camera, "the end", |view| view.failure.is_some());
    assert!(view.failure.unwrap().detail.contains("plug it in"));
    assert!(!host.cameras.is_on());
    drop(camera);
    host.cameras.fail(None);
    // A driver that panics is one that failed.
    host.cameras.panic();
    let camera = watch(&app, CameraUse::Accounts);
    let view = camera.view(0, PATIENCE);
    assert_eq!(view.failure.map(|failure| failure.kind), Some(FailureKind::Camera));
    assert!(!host.cameras.is_on());
    drop(camera);
    // And a page that went away does not leave it on.
    host.cameras.show(&frame(&[], Lens::default()));
    host.cameras.hurry();
    let camera = watch(&app, CameraUse::Accounts);
    let off = (0..60_000).any(|_| {
        std::thread::sleep(Duration::from_millis(1));
        host.cameras.was_on() && !host.cameras.is_on()
    });
    assert!(off, "nobody looked");
    assert!(camera.view(0, PATIENCE).failure.unwrap().detail.contains("nobody looked"));
    drop(camera);
    // Where another program has the camera, pages are chosen and not pasted.
    host.cameras.fail(Some(CameraError::ByHand("paste it here")));
    for (purpose, word) in [(CameraUse::Accounts, "paste it"), (CameraUse::Pages, "choose the pictures")] {
        let failure = app.begin_camera(purpose).unwrap().list().unwrap_err();
        assert!(
            failure.detail.starts_with("on this system ") && failure.detail.contains(word),
            "{failure:?}"
        );
    }
    app.lock();
    let refused = app.begin_camera(CameraUse::Accounts).err().map(|failure| failure.kind);
    assert_eq!(refused, Some(FailureKind::Locked));
}

#[test]
fn the_pages_of_a_paper_backup_are_read_before_the_camera() {
    let (_, _home, mut app) = app();
    let accounts = (0..3).map(|n| keyhaven_otp::parse_uri(&uri(&format!("person {n}"))).unwrap().account);
    let ids = app.add(accounts.collect(), 1).unwrap();
    let proof = Proof { passphrase: Some(PASSPHRASE.into()), recovery_key: None };
    let booklet = app.make_booklet(proof, &ids, &[], Paper::A4).unwrap();
    assert!(booklet.texts.len() > 1, "{}", booklet.texts.len());

    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let mut new = App::open(host.clone(), home.path());
    // Something else that lies on the desk is no page.
    host.cameras.show(&frame(&[("https://shop.example/menu", Held::default())], Lens::default()));
    let camera = watch(&new, CameraUse::Pages);
    wait(&camera, "the menu", |view| view.others == 1);
    assert_eq!(new.add_camera_pages(&camera), None);
    let large = Held { side: 460.0, ..Held::default() };
    let mut last = None;
    for (place, text) in booklet.texts.iter().enumerate() {
        host.cameras.show(&frame(&[(text.expose(), large)], Lens { blur: 0, grain: 8 }));
        let mut seen = 0;
        let pages = loop {
            let view = camera.view(seen, PATIENCE);
            assert_eq!(view.failure, None);
            seen = view.serial;
            if let Some(pages) = new.add_camera_pages(&camera) {
                break pages;
            }
        };
        assert_eq!((pages.have as usize, pages.count as usize), (place + 1, booklet.texts.len()));
        last = Some(pages);
    }
    assert!(last.unwrap().complete);
    drop(camera);
    new.restore_gathered_pages(home.path()).unwrap();
    new.unlock_with_passphrase(&SecretText::new(PASSPHRASE.into())).unwrap();
    assert_eq!(new.accounts().unwrap().len(), 3);
    assert_eq!((WIDTH, HEIGHT), (640, 480));
}
