//! Exports: told before, written after a proof, remembered until they are removed.

use crate::error::{Answer, other};
use crate::state::desk;
use keyhaven_app::exporting::view::*;
use keyhaven_app::recovery::view::TidyWay;
use tauri::AppHandle;
use tauri_plugin_dialog::DialogExt;

pub(super) fn preview_export(
    app: &AppHandle,
    target: ExportTarget,
    accounts: Vec<String>,
) -> Answer<ExportPreview> {
    desk(app).app().preview_export(target, &accounts)
}

pub(super) fn save_export(app: &AppHandle, request: ExportRequest) -> Answer<Option<ExportWritten>> {
    let (target, desk) = (request.target, desk(app));
    // Whoever mistypes the passphrase hears so before choosing a file.
    let job = desk.app().begin_export(request)?;
    let ending = target.ending();
    let endings: &[&str] = if target == ExportTarget::Google { &["png", "svg"] } else { &[ending] };
    let dialog = app.dialog().file().set_title("Save the export").add_filter(target.title(), endings);
    let dialog = dialog.set_file_name(format!("keyhaven-{}.{ending}", target.id()));
    let Some(chosen) = dialog.blocking_save_file() else { return Ok(None) };
    let path = chosen.into_path().map_err(other)?;
    let made = job.make(Some(&path))?;
    // The dialog asked before it answered with a file that is there; numbered names it has not seen.
    let replace = made.files.len() == 1;
    desk.app().save_export(&made, &path, replace).map(Some)
}

pub(super) fn plain_exports(app: &AppHandle) -> Answer<Vec<PlainExport>> {
    desk(app).app().plain_exports()
}

pub(super) fn tidy_export(app: &AppHandle, id: String, way: TidyWay) -> Answer<Vec<PlainExport>> {
    desk(app).app().tidy_export(&id, way)
}

pub(super) fn forget_export(app: &AppHandle, id: String) -> Answer<Vec<PlainExport>> {
    desk(app).app().forget_export(&id)
}
