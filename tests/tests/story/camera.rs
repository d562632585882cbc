//! The camera, through the real window: recorded pictures in its place, everything behind it real.

use super::*;
use keyhaven_otp::{migration, parse_uri};
use keyhaven_tests::harness::frames::{Held, Lens, frame};

const GRAINY: Lens = Lens { blur: 1, grain: 14 };

/// The codes of an export of Google Authenticator, four accounts in each.
fn export(accounts: usize) -> Vec<String> {
    let accounts: Vec<_> =
        sample_uris(accounts).iter().map(|uri| parse_uri(uri).expect("a sample").account).collect();
    let written = migration::write(&accounts, 4);
    written.uris.iter().map(|uri| uri.expose().to_owned()).collect()
}

fn hold(window: &Window<'_>, camera: &str, code: Option<&str>, turned: f64) {
    let held = Held { side: 430.0, turned, ..Held::default() };
    let codes: Vec<_> = code.into_iter().map(|code| (code, held)).collect();
    window.world.hold_before(camera, &frame(&codes, GRAINY));
}

fn until_light(window: &Window<'_>, camera: &str, on: bool) {
    let what = format!("the light of {camera} is {}", if on { "on" } else { "off" });
    window.wait_until(&what, || window.world.is_camera_on(camera) == on);
}

fn to_camera(window: &Window<'_>) {
    window.wait_for_code();
    window.press(&[Keys::CONTROL, 'n']);
    window.click_named("add-camera");
}

#[test]
fn an_export_is_read_code_by_code_before_the_camera_and_its_light_goes_out() {
    let mut world = world_with_account("camera");
    let window = world.open(&[]);
    to_camera(&window);
    window.wait_for_named("camera-failure");
    assert!(window.text(&element("camera-failure")).contains("plug one in"));
    window.screenshot("camera-none");

    hold(&window, "Desk", None, 0.0);
    hold(&window, "Front", None, 0.0);
    window.click_named("camera-again");
    window.wait_for(&format!("{}[data-on=\"true\"]", element("camera")));
    window.screenshot("camera-live");
    assert!(window.world.is_camera_on("Desk") && !window.world.is_camera_on("Front"));
    window.choose(&element("camera-choose"), "Front");
    until_light(&window, "Front", true);
    until_light(&window, "Desk", false);

    hold(&window, "Front", Some("https://shop.example/menu"), 5.0);
    window.wait_for_named("camera-other");
    let parts = export(12);
    assert_eq!(parts.len(), 3);
    let told = |words: &str| {
        let said = || window.texts(&element("camera-parts"));
        window.wait_until(words, || said().first().is_some_and(|said| said == words));
    };
    hold(&window, "Front", Some(&parts[1]), -9.0);
    told("1 of 3 read, missing 1, 3");
    window.wait_for(&element("camera-code"));
    window.screenshot("camera-parts");
    hold(&window, "Front", Some(&parts[2]), 4.0);
    told("2 of 3 read, missing 1");
    hold(&window, "Front", Some(&parts[0]), 0.0);
    window.wait_until("all twelve are offered", || window.texts(&element("offer-item")).len() == 12);
    until_light(&window, "Front", false);
    window.screenshot("camera-found");
    assert!(window.texts(&element("offer-problems")).concat().contains("QR code"), "the menu is told");
    window.click_named("offer-accept");
    window.wait_until("they are there", || window.texts(&element("account-row")).len() == 13);

    // A single code is offered as soon as it was read; what the vault has is known.
    hold(&window, "Front", Some(&SAMPLE.uri()), 21.0);
    to_camera(&window);
    window.wait_for_named("offer-item");
    assert_eq!(window.attribute(&element("offer-item"), "data-standing"), "already_there");
    until_light(&window, "Front", false);
    window.press(&[Keys::ESCAPE]);

    // Whatever takes the picture from sight switches the camera off.
    hold(&window, "Front", None, 0.0);
    to_camera(&window);
    until_light(&window, "Front", true);
    window.press(&[Keys::ESCAPE]);
    until_light(&window, "Front", false);
    to_camera(&window);
    until_light(&window, "Front", true);
    std::fs::remove_dir_all(window.world.camera("Front")).expect("unplugged");
    window.wait_for_named("camera-failure");
    assert!(window.text(&element("camera-failure")).contains("is gone"));
    hold(&window, "Front", None, 0.0);
    window.click_named("camera-again");
    until_light(&window, "Front", true);
    window.world.signal_on_system_bus(
        "/org/freedesktop/login1",
        "org.freedesktop.login1.Manager.PrepareForSleep",
        &["boolean:true"],
    );
    window.wait_for_named("unlock");
    until_light(&window, "Front", false);
}
