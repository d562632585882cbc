//! The emergency kit.

use crate::error::{Answer, other};
use crate::state::desk;
use keyhaven_app::view::*;
use keyhaven_secret::SecretText;
use tauri::{AppHandle, Manager};
use tauri_plugin_dialog::DialogExt;

pub(super) fn renew_kit(app: &AppHandle, proof: Proof) -> Answer<Kit> {
    desk(app).app().renew_kit(proof)
}

pub(super) fn confirm_kit(app: &AppHandle, proof: KitProof) -> Answer<Status> {
    let desk = desk(app);
    let mut keyhaven = desk.app();
    keyhaven.confirm_kit(&proof.groups.map(SecretText::new))?;
    Ok(keyhaven.status())
}

pub(super) fn save_kit(app: &AppHandle, format: KitFormat) -> Answer<Option<String>> {
    let (name, extension) = match format {
        KitFormat::Pdf => ("PDF", "pdf"),
        KitFormat::Svg => ("SVG", "svg"),
    };
    let dialog = app.dialog().file().set_title("Save the emergency kit").add_filter(name, &[extension]);
    let dialog = dialog.set_file_name(format!("keyhaven-emergency-kit.{extension}"));
    let Some(chosen) = dialog.blocking_save_file() else { return Ok(None) };
    let path = chosen.into_path().map_err(other)?;
    desk(app).app().save_kit(format, &path)?;
    Ok(Some(path.display().to_string()))
}

pub(super) fn save_split_kit(app: &AppHandle, shares: u8, needed: u8) -> Answer<Option<Vec<String>>> {
    let dialog = app.dialog().file().set_title("Choose a folder for the shares");
    let Some(chosen) = dialog.blocking_pick_folder() else { return Ok(None) };
    let folder = chosen.into_path().map_err(other)?;
    let files = desk(app).app().save_split_kit(shares, needed, &folder)?;
    Ok(Some(files.iter().map(|file| file.display().to_string()).collect()))
}

pub(super) fn print_kit(app: &AppHandle) -> Answer<()> {
    let window = app.get_webview_window("main").ok_or_else(|| other("there is no window to print"))?;
    window.print().map_err(other)
}

pub(super) fn close_kit(app: &AppHandle) -> Answer<Status> {
    let desk = desk(app);
    let mut keyhaven = desk.app();
    keyhaven.close_kit();
    Ok(keyhaven.status())
}
