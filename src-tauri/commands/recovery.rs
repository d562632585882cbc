//! Recovery sets: taken in, looked at, used, replaced.

use crate::error::{Answer, other};
use crate::platform::clipboard::Content;
use crate::state::desk;
use keyhaven_app::offer::Input;
use keyhaven_app::recovery::Pending;
use keyhaven_app::recovery::view::*;
use keyhaven_app::veil::{Veiled, VeiledDraft, VeiledPicture, VeiledSet};
use keyhaven_app::view::*;
use keyhaven_secret::SecretBytes;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use tauri::AppHandle;
use tauri_plugin_dialog::DialogExt;

pub(super) fn recovery(app: &AppHandle) -> Answer<RecoveryView> {
    desk(app).app().recovery()
}

pub(super) fn recovery_room(app: &AppHandle, shown: bool) -> Answer<()> {
    desk(app).recovery_room.store(shown, Ordering::Relaxed);
    Ok(())
}

pub(super) fn unlock_recovery(app: &AppHandle, proof: Proof) -> Answer<RecoveryView> {
    desk(app).app().unlock_recovery(proof)
}

pub(super) fn lock_recovery(app: &AppHandle) -> Answer<RecoveryView> {
    desk(app).app().lock_recovery()
}

pub(super) fn recovery_set(app: &AppHandle, set: String) -> Answer<SetDetail> {
    desk(app).app().recovery_set(&set)
}

pub(super) fn reveal_recovery(app: &AppHandle, set: String) -> Answer<VeiledSet> {
    VeiledSet::over(&desk(app).app().reveal_recovery(&set)?)
}

pub(super) fn recovery_picture(app: &AppHandle, set: String, page: u32) -> Answer<VeiledPicture> {
    let original = desk(app).app().recovery_to_show(&set)?;
    VeiledPicture::over(&original.draw(page)?)
}

pub(super) fn copy_next_recovery(app: &AppHandle, set: String, place: String) -> Answer<UsedCode> {
    let desk = desk(app);
    let (code, index, seconds, now) = {
        let mut keyhaven = desk.app();
        let (code, index) = keyhaven.use_next_recovery_code(&set, &place)?;
        (code, index, keyhaven.settings().clipboard_seconds, keyhaven.now())
    };
    if let Err(failure) = desk.clipboard.copy(app, code.expose_for_display(), seconds) {
        // Nobody has seen it: it is not used after all.
        desk.app().mark_recovery_code(&set, index, false, "")?;
        return Err(failure);
    }
    let detail = desk.app().recovery_set(&set)?;
    Ok(UsedCode { detail, index, clears_at: now + u64::from(seconds) * 1_000 })
}

pub(super) fn copy_recovery(app: &AppHandle, set: String, index: u32) -> Answer<u64> {
    let desk = desk(app);
    let (code, seconds, now) = {
        let mut keyhaven = desk.app();
        (keyhaven.recovery_code(&set, index)?, keyhaven.settings().clipboard_seconds, keyhaven.now())
    };
    desk.clipboard.copy(app, code.expose_for_display(), seconds)?;
    Ok(now + u64::from(seconds) * 1_000)
}

pub(super) fn mark_recovery(
    app: &AppHandle,
    set: String,
    index: u32,
    used: bool,
    place: String,
) -> Answer<SetDetail> {
    desk(app).app().mark_recovery_code(&set, index, used, &place)
}

pub(super) fn undo_recovery(app: &AppHandle, set: String) -> Answer<SetDetail> {
    desk(app).app().undo_recovery_use(&set)
}

pub(super) fn edit_recovery(
    app: &AppHandle,
    set: String,
    changes: SetChanges,
    note: Option<Veiled>,
) -> Answer<SetRow> {
    let note = note.map(Veiled::into_text).transpose()?;
    let note = note.map(|note| note.expose().to_owned());
    desk(app).app().edit_recovery(&set, SetChanges { note, ..changes })
}

pub(super) fn delete_recovery(app: &AppHandle, set: String) -> Answer<RecoveryView> {
    desk(app).app().delete_recovery(&set)
}

pub(super) fn save_original(app: &AppHandle, set: String) -> Answer<Option<String>> {
    let (name, bytes) = desk(app).app().recovery_original(&set)?;
    let dialog = app.dialog().file().set_title("Save a copy of the original").set_file_name(name);
    let Some(chosen) = dialog.blocking_save_file() else { return Ok(None) };
    let path = chosen.into_path().map_err(other)?;
    desk(app).app().save_private_file(&path, &bytes)?;
    Ok(Some(path.display().to_string()))
}

pub(super) fn save_recovery_sheet(app: &AppHandle, set: String) -> Answer<Option<String>> {
    let sheet = {
        let desk = desk(app);
        let keyhaven = desk.app();
        keyhaven.recovery_sheet(&set, keyhaven.settings().paper)?
    };
    save_pdf(app, "Save a sheet to print", "keyhaven-recovery-codes.pdf", &sheet)
}

pub(super) fn save_booklet(
    app: &AppHandle,
    proof: Proof,
    accounts: Vec<String>,
    sets: Vec<String>,
) -> Answer<Option<String>> {
    let booklet = {
        let desk = desk(app);
        let mut keyhaven = desk.app();
        let paper = keyhaven.settings().paper;
        keyhaven.make_booklet(proof, &accounts, &sets, paper)?
    };
    save_pdf(app, "Save the paper backup", "keyhaven-paper-backup.pdf", &booklet.pdf)
}

fn save_pdf(app: &AppHandle, title: &str, name: &str, bytes: &SecretBytes) -> Answer<Option<String>> {
    let dialog = app.dialog().file().set_title(title).add_filter("PDF", &["pdf"]).set_file_name(name);
    let Some(chosen) = dialog.blocking_save_file() else { return Ok(None) };
    let path = chosen.into_path().map_err(other)?;
    desk(app).app().save_private_file(&path, bytes)?;
    Ok(Some(path.display().to_string()))
}

pub(super) fn drafts_from_files(app: &AppHandle) -> Answer<Option<Vec<Draft>>> {
    let dialog = app.dialog().file().set_title("Choose downloaded recovery files");
    let Some(chosen) = dialog.blocking_pick_files() else { return Ok(None) };
    let paths =
        chosen.into_iter().map(|path| path.into_path().map_err(other)).collect::<Answer<Vec<PathBuf>>>()?;
    drafts_from_paths(app, &paths).map(Some)
}

/// What was chosen, pasted or dropped on the recovery room: each file is a draft of its own.
pub(crate) fn drafts_from_paths(app: &AppHandle, paths: &[PathBuf]) -> Answer<Vec<Draft>> {
    paths.iter().map(|path| read(app, |reader| reader.file(path))).collect()
}

/// Of files in which no account was found those that are plainly recovery files.
pub(crate) fn plain_drafts(app: &AppHandle, paths: &[PathBuf]) -> Answer<Vec<Draft>> {
    let mut drafts = Vec::new();
    for path in paths {
        let mut reader = desk(app).app().begin_drafts(1)?;
        let pending = reader.file(path);
        if pending.is_plain() {
            drafts.push(desk(app).app().keep_draft(pending)?);
        }
    }
    Ok(drafts)
}

/// Reads between two short holds of the app's lock.
fn read(
    app: &AppHandle,
    look: impl FnOnce(&mut keyhaven_app::recovery::DraftReader) -> Pending,
) -> Answer<Draft> {
    let desk = desk(app);
    let mut reader = desk.app().begin_drafts(1)?;
    let pending = look(&mut reader);
    desk.app().keep_draft(pending)
}

pub(super) fn drafts_from_clipboard(app: &AppHandle) -> Answer<Vec<Draft>> {
    const SOURCE: &str = "Clipboard";
    match desk(app).clipboard.read()? {
        Content::Files(paths) => drafts_from_paths(app, &paths),
        Content::Input(Input::Text(text)) => Ok(vec![read(app, |reader| reader.text(SOURCE.into(), text))?]),
        Content::Input(Input::Unreadable(why)) => Err(Failure { kind: FailureKind::Clipboard, detail: why }),
        Content::Input(_) => Err(Failure {
            kind: FailureKind::BadInput,
            detail: "there is a picture in the clipboard; save it as a file and add that".into(),
        }),
    }
}

pub(super) fn draft_from_text(app: &AppHandle, text: Veiled) -> Answer<Draft> {
    let text = text.into_text()?;
    read(app, |reader| reader.text("Typed in".into(), text))
}

/// Longest text that is pasted into a field letter by letter, in characters.
const LONGEST_PASTE: usize = 20_000;

pub(super) fn paste_text(app: &AppHandle) -> Answer<Veiled> {
    let refused = |detail: String| Failure { kind: FailureKind::BadInput, detail };
    // A locked vault has no field for it.
    drop(desk(app).app().begin_drafts(1)?);
    match desk(app).clipboard.read()? {
        Content::Input(Input::Text(text)) => {
            let count = text.expose().chars().count();
            if count > LONGEST_PASTE {
                let what = format!("the text in the clipboard has {count} characters, too many for a field");
                return Err(refused(format!("{what}; close this and press Ctrl V in the room")));
            }
            Veiled::over(text.expose())
        }
        Content::Input(Input::Unreadable(why)) => Err(Failure { kind: FailureKind::Clipboard, detail: why }),
        _ => Err(refused("there is no text in the clipboard".into())),
    }
}

pub(super) fn correct_draft(app: &AppHandle, draft: u32, correction: Correction) -> Answer<Draft> {
    desk(app).app().correct_draft(draft, correction)
}

pub(super) fn reveal_draft(app: &AppHandle, draft: u32) -> Answer<VeiledDraft> {
    VeiledDraft::over(&desk(app).app().reveal_draft(draft)?)
}

pub(super) fn draft_picture(app: &AppHandle, draft: u32, page: u32) -> Answer<VeiledPicture> {
    let original = desk(app).app().draft_to_show(draft)?;
    VeiledPicture::over(&original.draw(page)?)
}

pub(super) fn accept_draft(app: &AppHandle, draft: u32, choices: DraftChoices) -> Answer<KeptDraft> {
    desk(app).app().accept_draft(draft, choices)
}

pub(super) fn dismiss_draft(app: &AppHandle, draft: u32) -> Answer<()> {
    desk(app).app().dismiss_draft(draft);
    Ok(())
}

pub(super) fn downloads(app: &AppHandle) -> Answer<Vec<DownloadOffer>> {
    Ok(desk(app).app().downloads())
}

pub(super) fn take_download(app: &AppHandle, download: u32) -> Answer<Vec<Draft>> {
    let path = desk(app).app().settle_download(download);
    let path = path.ok_or_else(|| Failure {
        kind: FailureKind::BadInput,
        detail: "this file is not offered any more; choose it with \"Add a downloaded file\"".into(),
    })?;
    drafts_from_paths(app, &[path])
}

pub(super) fn leave_download(app: &AppHandle, download: u32) -> Answer<Vec<DownloadOffer>> {
    let desk = desk(app);
    let mut keyhaven = desk.app();
    keyhaven.settle_download(download);
    Ok(keyhaven.downloads())
}

pub(super) fn tidy_download(app: &AppHandle, set: String, way: TidyWay) -> Answer<RecoveryView> {
    desk(app).app().tidy_download(&set, way)
}
