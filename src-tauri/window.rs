//! The one window.

use crate::error::Answer;
use crate::{commands, events, platform, state};
use keyhaven_app::view::{Settings, Theme};
use std::path::PathBuf;
use std::sync::Once;
use std::sync::atomic::Ordering;
use tauri::webview::PageLoadEvent;
use tauri::{AppHandle, DragDropEvent, Manager, WebviewUrl, WebviewWindowBuilder, WindowEvent};

const TITLE: &str = "Keyhaven";

/// Opens the window as the settings say.
pub(crate) fn open(app: &AppHandle, settings: &Settings) -> tauri::Result<()> {
    let window = WebviewWindowBuilder::new(app, "main", WebviewUrl::default())
        .title(TITLE)
        .inner_size(1120.0, 720.0)
        .min_inner_size(640.0, 480.0)
        .theme(theme(settings))
        .content_protected(settings.capture_protection)
        .on_page_load(|window, load| {
            // Not before the page, which does not wait for a tray.
            static TRAY: Once = Once::new();
            if load.event() == PageLoadEvent::Finished {
                TRAY.call_once(|| platform::tray::install(window.app_handle()));
            }
        })
        .build()?;
    let app = app.clone();
    window.on_window_event(move |event| match event {
        WindowEvent::DragDrop(event) => drag(&app, event),
        WindowEvent::CloseRequested { api, .. } => {
            let stay = state::desk(&app).app().settings().close_to_tray;
            state::lock(&app);
            if stay {
                api.prevent_close();
                if let Some(window) = app.get_webview_window("main") {
                    let _ = window.hide();
                }
            }
        }
        _ => {}
    });
    Ok(())
}

/// Makes the window follow changed settings.
pub(crate) fn follow(app: &AppHandle, settings: &Settings) {
    if let Some(window) = app.get_webview_window("main") {
        let _ = window.set_content_protected(settings.capture_protection);
        let _ = window.set_theme(theme(settings));
    }
}

fn theme(settings: &Settings) -> Option<tauri::Theme> {
    match settings.theme {
        Theme::System => None,
        Theme::Light => Some(tauri::Theme::Light),
        Theme::Dark => Some(tauri::Theme::Dark),
    }
}

/// Files over the window: the page is told that they hover, and what was found in them; never their paths.
fn drag(app: &AppHandle, event: &DragDropEvent) {
    match event {
        DragDropEvent::Enter { .. } => events::drag(app, true),
        DragDropEvent::Leave => events::drag(app, false),
        DragDropEvent::Drop { paths, .. } => {
            events::drag(app, false);
            let (app, paths) = (app.clone(), paths.clone());
            tauri::async_runtime::spawn_blocking(move || {
                if let Err(failure) = dropped(&app, &paths) {
                    // Above all because the vault is locked: then there is nowhere to put them.
                    events::drop_refused(&app, &failure);
                }
            });
        }
        _ => {}
    }
}

/// Where a paper backup is put together every picture is a page. In the recovery room every file is a recovery file; elsewhere those are in which no account was found and that
/// plainly hold codes.
fn dropped(app: &AppHandle, paths: &[PathBuf]) -> Answer<()> {
    if state::desk(app).gathering.load(Ordering::Relaxed) {
        events::pages(app, &commands::pages_from_paths(app, paths));
        return Ok(());
    }
    if state::desk(app).recovery_room.load(Ordering::Relaxed) {
        events::drafts(app, &commands::drafts_from_paths(app, paths)?);
        return Ok(());
    }
    let offer = commands::offer_from_paths(app, paths)?;
    if offer.found.is_empty() && offer.locked.is_empty() {
        let drafts = commands::plain_drafts(app, paths)?;
        if !drafts.is_empty() {
            state::desk(app).app().dismiss_offer(offer.id);
            events::drafts(app, &drafts);
            return Ok(());
        }
    }
    events::offer(app, &offer);
    Ok(())
}
