//! Moving in and out: what other programs wrote comes in, what they read goes out.

use super::*;
use std::os::unix::fs::PermissionsExt as _;

#[test]
fn accounts_are_exported_and_the_readable_file_is_removed() {
    let mut world = world_with_account("export");
    let window = world.open(&[]);
    window.wait_for_code();
    window.click_named("settings");
    window.click_named("export-open");
    window.wait_for_named("export-losses");
    window.choose(&element("export-target"), "aegis");
    window.wait_for_named("export-plain");
    window.type_into_named("export-proof", "not the passphrase");
    window.click_named("export-go");
    window.wait_until("a wrong passphrase is told", || {
        window.text(&element("export-sheet")).contains("does not open the vault")
    });
    window.screenshot("export");
    window.type_into_named("export-proof", PASSPHRASE);
    window.click_named("export-go");
    let file = window.world.home().join("for aegis.json");
    window.world.choose_in_dialog("Save the export", &file);
    window.wait_for_named("plain-export");
    let text = std::fs::read_to_string(&file).expect("the export");
    assert!(text.contains(&SAMPLE.base32()) && text.contains(SAMPLE.issuer));
    let mode = file.metadata().expect("the export").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "for its owner alone");
    window.press(&[Keys::ESCAPE]);
    window.wait_for_code();
    let reminder = "[data-testid=\"banner\"][data-kind=\"export\"]";
    window.wait_for(reminder);
    window.screenshot("export-reminder");
    window.click(&format!("{reminder} .act"));
    window.wait_for_named("plain-export");
    window.screenshot("export-written");
    window.click_named("export-erase");
    window.wait_until("the file is gone", || !file.exists());
    window.wait_until("nobody reminds of it", || !window.is_visible(&element("plain-export")));

    // Sealed, it asks for a password of its own.
    window.click_named("export-open");
    window.type_into_named("export-password", "six brown horses in the rain");
    window.type_into_named("export-password-again", "six brown horses in the rain");
    window.type_into_named("export-proof", PASSPHRASE);
    window.click_named("export-go");
    let sealed = window.world.home().join("some.keyhaven");
    window.world.choose_in_dialog("Save the export", &sealed);
    window.wait_until("the sheet closes", || !window.is_visible(&element("export-sheet")));
    assert!(!window.is_visible(&element("plain-export")), "nobody has to remove it");
    assert!(!std::fs::read(&sealed).expect("the export").windows(9).any(|part| part == b"Northwind"));
}

#[test]
fn a_sealed_export_comes_back_in_and_is_known() {
    let mut world = world_with_account("import-sealed");
    let sealed = world.home().join("some.keyhaven");
    let arguments = ["export", "--format", "keyhaven", "-o", &sealed.to_string_lossy()];
    let options = ["--password-stdin", "--export-password-stdin"];
    let lines = format!("{PASSPHRASE}\nsix brown horses in the rain\n");
    let (code, _, err) = terminal::with_input(&world, &[&arguments[..], &options].concat(), &lines);
    assert_eq!(code, 0, "{err}");
    let window = world.open(&[]);
    window.wait_for_code();
    window.drop_files(&[&sealed]);
    window.type_into_named("offer-password", "six brown horses");
    window.click_named("offer-open");
    window.wait_for_named("offer-wrong-password");
    window.type_into_named("offer-password", "six brown horses in the rain");
    window.click_named("offer-open");
    window.wait_for_named("offer-item");
    assert_eq!(window.attribute(&element("offer-item"), "data-standing"), "already_there");
}

#[test]
fn coming_from_another_app_is_explained_and_what_is_found_is_compared() {
    let mut world = World::new("coming");
    let window = world.open(&[]);
    window.click_named("first-coming");
    window.wait_for_named("coming-steps");
    window.press(&[Keys::ESCAPE]);
    window.create_vault(PASSPHRASE);
    window.click_named("empty-coming");
    window.choose(&element("coming-app"), "aegis");
    window.wait_until("the steps are Aegis\u{2019}", || {
        window.text(&element("coming-steps")).contains("Import & Export")
    });
    window.screenshot("coming");
    window.press(&[Keys::ESCAPE]);
    window.add_by_drop(&SAMPLE);
    let other = "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U";
    let list = [
        SAMPLE.uri(),
        format!("otpauth://totp/{}:{}?secret={other}&issuer={}", SAMPLE.issuer, SAMPLE.name, SAMPLE.issuer),
        format!("otpauth://totp/Shop:me?secret={other}&issuer=Shop&digits=8&algorithm=SHA512"),
        "otpauth://hotp/Bank:me?secret=KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU&issuer=Bank&counter=41".to_owned(),
        "otpauth://totp/Broken:me?secret=1".to_owned(),
    ];
    let file = window.world.home().join("all of it.txt");
    std::fs::write(&file, list.join("\n")).expect("a list");
    window.drop_files(&[&file]);
    window.wait_for_named("offer-show-problems");
    window.screenshot("reconcile");
    window.click_named("offer-show-same");
    window.wait_until("one is of the same name", || window.texts(&element("offer-item")).len() == 1);
    assert!(window.text(&element("offer-item")).contains(SAMPLE.name));
    window.click_named("offer-untick");
    window.click_named("offer-show-all");
    window.wait_until("all are shown", || window.texts(&element("offer-item")).len() == 4);
    window.screenshot("reconcile-unticked");
    window.click_named("offer-accept");
    window.wait_until("two came in", || window.texts(&element("account-row")).len() == 3);
}

/// The system starts the program with the link; one that runs already is told of it by the second start.
#[test]
fn a_link_is_shown_before_anything_is_added() {
    let link =
        |issuer: &str, secret: &str| format!("otpauth://totp/{issuer}:me?secret={secret}&issuer={issuer}");
    let first = link("Shop", "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U");
    let second = link("Bank", "KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU");
    let third = link("Mail", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    let mut world = world_with_account("link");
    let window = world.open(&[&first]);
    let offered = |issuer: &str| {
        window.wait_for_named("offer-item");
        assert!(window.text(&element("offer-item")).contains(issuer));
    };
    offered("Shop");
    window.screenshot("link");
    window.press(&[Keys::ESCAPE]);
    window.wait_until("it is put away", || !window.is_visible(&element("offer-item")));
    assert_eq!(window.texts(&element("account-row")).len(), 1, "nothing was added unasked");

    assert!(window.world.start_again(&[&second]).success());
    offered("Bank");
    window.click_named("offer-accept");
    window.wait_until("it came in", || window.texts(&element("account-row")).len() == 2);

    window.lock();
    assert!(window.world.start_again(&[&third]).success());
    window.wait_until("it is told that a link waits", || window.text(&element("toast")).contains("Unlock"));
    window.screenshot("link-waits");
    window.unlock(PASSPHRASE);
    offered("Mail");
}

#[test]
fn a_code_on_the_screen_is_read_from_under_the_window() {
    let mut world = world_with_account("screen");
    let picture = SAMPLE.picture(&world);
    // Shown before the window opens, so that the window covers it.
    let shown = world.show_picture(&picture);
    let (code, out, err) = terminal::plain(&world, &["add", "--screen"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("already there"), "{out}");
    let window = world.open(&[]);
    window.wait_for_code();
    window.press(&[Keys::CONTROL, 'n']);
    window.screenshot("add");
    window.click_named("add-screen");
    window.wait_for_named("offer-frame");
    assert_eq!(window.attribute(&element("offer-item"), "data-standing"), "already_there");
    assert_eq!(window.attribute(&element("offer-frame"), "aria-checked"), "false");
    window.click_named("offer-frame");
    window.wait_until("a click on the frame ticks it", || {
        window.attribute(&element("offer-frame"), "aria-checked") == "true"
    });
    window.screenshot("screen");
    window.press(&[Keys::ESCAPE]);
    drop(shown);
    window.press(&[Keys::CONTROL, 'n']);
    window.click_named("add-screen");
    window.wait_for_named("offer-problems");
    assert!(!window.is_visible(&element("offer-item")), "it is gone");
}
