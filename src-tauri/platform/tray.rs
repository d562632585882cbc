//! The icon in the system's tray: show, lock, quit.

use crate::state;
use tauri::menu::{Menu, MenuItem};
use tauri::tray::TrayIconBuilder;
use tauri::{AppHandle, Manager};

/// Puts the icon there. A desktop without a tray is no failure.
pub(crate) fn install(app: &AppHandle) {
    // Where the system's indicator library is missing, loading it panics inside the library's bindings.
    let built = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| build(app)));
    if !matches!(built, Ok(Ok(()))) {
        eprintln_once("keyhaven: this desktop has no tray");
    }
}

fn build(app: &AppHandle) -> tauri::Result<()> {
    let show = MenuItem::with_id(app, "show", "Show Keyhaven", true, None::<&str>)?;
    let lock = MenuItem::with_id(app, "lock", "Lock", true, None::<&str>)?;
    let quit = MenuItem::with_id(app, "quit", "Quit", true, None::<&str>)?;
    let menu = Menu::with_items(app, &[&show, &lock, &quit])?;
    let mut tray =
        TrayIconBuilder::with_id("keyhaven").tooltip("Keyhaven").menu(&menu).on_menu_event(|app, event| {
            match event.id().as_ref() {
                "show" => show_window(app),
                "lock" => drop(state::lock(app)),
                "quit" => app.exit(0),
                _ => {}
            }
        });
    if let Some(icon) = app.default_window_icon() {
        tray = tray.icon(icon.clone());
    }
    tray.build(app).map(drop)
}

/// Brings the window to the front.
pub(crate) fn show_window(app: &AppHandle) {
    if let Some(window) = app.get_webview_window("main") {
        let _ = window.unminimize().and_then(|()| window.show()).and_then(|()| window.set_focus());
    }
}

#[expect(clippy::print_stderr, reason = "the only place where a desktop program without a window can say it")]
fn eprintln_once(text: &str) {
    eprintln!("{text}");
}
