//! The icon in the system's tray: show, lock, quit, and whether recovery codes run low.

use crate::{events, state};
use std::sync::atomic::Ordering;
use tauri::image::Image;
use tauri::menu::{Menu, MenuItem, PredefinedMenuItem};
use tauri::tray::{TrayIcon, TrayIconBuilder};
use tauri::{AppHandle, Manager};

const ID: &str = "keyhaven";
/// The mark on the icon: the page's colour of warnings, which stands out on light and dark panels.
const MARK: [u8; 4] = [0xE0, 0x8A, 0x1E, 0xFF];

/// Puts the icon there. A desktop without a tray is no failure.
pub(crate) fn install(app: &AppHandle) {
    // Where the system's indicator library is missing, loading it panics inside the library's bindings.
    let built = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| build(app)));
    if !matches!(built, Ok(Ok(()))) {
        eprintln_once("keyhaven: this desktop has no tray");
    }
}

fn build(app: &AppHandle) -> tauri::Result<()> {
    let tray = TrayIconBuilder::with_id(ID).menu(&menu(app, 0)?).on_menu_event(|app, event| {
        match event.id().as_ref() {
            "recovery" => {
                show_window(app);
                events::to_recovery(app);
            }
            "show" => show_window(app),
            "lock" => drop(state::lock(app)),
            "quit" => app.exit(0),
            _ => {}
        }
    });
    let tray = tray.build(app)?;
    show(app, &tray, state::desk(app).wanting.load(Ordering::Relaxed))
}

/// Makes the tray say what the open vault says of its recovery sets. After a lock the number stays, without a name:
/// who keeps Keyhaven in the tray sees it only there.
pub(crate) fn follow(app: &AppHandle) {
    let desk = state::desk(app);
    // Whoever has the app at this moment follows when it is done.
    let Some(wanting) = desk.app_if_free().and_then(|keyhaven| keyhaven.recovery_wanting()) else { return };
    if desk.wanting.swap(wanting, Ordering::Relaxed) != wanting
        && let Some(tray) = app.tray_by_id(ID)
    {
        // A tray that is gone has nothing to say.
        let _ = show(app, &tray, wanting);
    }
}

fn show(app: &AppHandle, tray: &TrayIcon, wanting: u32) -> tauri::Result<()> {
    tray.set_menu(Some(menu(app, wanting)?))?;
    tray.set_tooltip(Some(
        words(wanting).map_or_else(|| "Keyhaven".into(), |words| format!("Keyhaven: {words}")),
    ))?;
    if let Some(icon) = app.default_window_icon() {
        tray.set_icon(Some(if wanting > 0 { marked(icon) } else { icon.clone() }))?;
    }
    Ok(())
}

fn menu(app: &AppHandle, wanting: u32) -> tauri::Result<Menu<tauri::Wry>> {
    let entry = |id: &str, text: &str| MenuItem::with_id(app, id, text, true, None::<&str>);
    let menu = Menu::new(app)?;
    if let Some(words) = words(wanting) {
        menu.append(&entry("recovery", &words)?)?;
        menu.append(&PredefinedMenuItem::separator(app)?)?;
    }
    for (id, text) in [("show", "Show Keyhaven"), ("lock", "Lock"), ("quit", "Quit")] {
        menu.append(&entry(id, text)?)?;
    }
    Ok(menu)
}

fn words(wanting: u32) -> Option<String> {
    match wanting {
        0 => None,
        1 => Some("1 recovery set is low or used up".into()),
        more => Some(format!("{more} recovery sets are low or used up")),
    }
}

/// The icon with a dot in its lower right corner, a gap around it.
fn marked(icon: &Image<'_>) -> Image<'static> {
    let (width, height) = (icon.width(), icon.height());
    let radius = f64::from(width.min(height)) * 0.22;
    let centre = (f64::from(width) - radius, f64::from(height) - radius);
    let mut pixels = icon.rgba().to_vec();
    for (at, pixel) in (0_u32..).zip(pixels.chunks_exact_mut(4)) {
        let (x, y) = (f64::from(at % width.max(1)) + 0.5, f64::from(at / width.max(1)) + 0.5);
        let distance = (x - centre.0).hypot(y - centre.1);
        if distance <= radius {
            pixel.copy_from_slice(&MARK);
        } else if distance <= radius * 1.35 {
            pixel.fill(0);
        }
    }
    Image::new_owned(pixels, width, height)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_a_dot_in_the_corner_and_the_rest_of_the_icon_stays() {
        let icon = Image::new_owned(vec![7; 32 * 32 * 4], 32, 32);
        let marked = marked(&icon);
        let pixel = |x: usize, y: usize| marked.rgba()[(y * 32 + x) * 4..][..4].to_vec();
        assert_eq!(pixel(25, 25), MARK);
        assert_eq!(pixel(5, 5), [7; 4]);
        assert_eq!(pixel(16, 24), [0; 4], "a gap parts them");
        assert_eq!((marked.width(), marked.height()), (32, 32));
    }
}
