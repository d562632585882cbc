//! Codes, and what one does with an account.

use crate::error::Answer;
use crate::state::desk;
use keyhaven_app::view::*;
use tauri::AppHandle;

pub(super) fn accounts(app: &AppHandle) -> Answer<Vec<AccountRow>> {
    desk(app).app().accounts()
}

pub(super) fn codes(app: &AppHandle, ids: Vec<String>) -> Answer<Codes> {
    desk(app).app().codes(&ids)
}

pub(super) fn copy_code(app: &AppHandle, id: String) -> Answer<Copied> {
    let desk = desk(app);
    let (code, seconds, clears_at, counted) = {
        let mut keyhaven = desk.app();
        let code = keyhaven.use_code(&id)?;
        let seconds = keyhaven.settings().clipboard_seconds;
        let counted = code.valid_until.is_none();
        (code, seconds, keyhaven.now() + u64::from(seconds) * 1_000, counted)
    };
    let copied = desk.clipboard.copy(app, &code.code, seconds);
    if !counted {
        copied?;
        return Ok(Copied { clears_at: Some(clears_at), code: None });
    }
    // The counter has moved: its code is shown, whatever the clipboard says.
    Ok(Copied { clears_at: copied.is_ok().then_some(clears_at), code: Some(code) })
}

pub(super) fn advance(app: &AppHandle, id: String) -> Answer<CodeView> {
    desk(app).app().use_code(&id)
}

pub(super) fn account(app: &AppHandle, id: String) -> Answer<AccountDetail> {
    desk(app).app().account(&id)
}

pub(super) fn edit_account(app: &AppHandle, id: String, changes: AccountChanges) -> Answer<AccountDetail> {
    desk(app).app().edit_account(&id, changes)
}

pub(super) fn choose_version(
    app: &AppHandle,
    id: String,
    version: u32,
    changed_at: u64,
) -> Answer<Option<AccountDetail>> {
    desk(app).app().choose_version(&id, version, changed_at)
}

pub(super) fn keep_versions(app: &AppHandle, id: String) -> Answer<Vec<String>> {
    desk(app).app().keep_versions(&id)
}

pub(super) fn delete_account(app: &AppHandle, id: String) -> Answer<()> {
    desk(app).app().delete_account(&id)
}

pub(super) fn restore_account(app: &AppHandle, id: String) -> Answer<AccountDetail> {
    desk(app).app().restore_account(&id)
}

pub(super) fn arrange(app: &AppHandle, ids: Vec<String>) -> Answer<()> {
    desk(app).app().arrange(&ids)
}

pub(super) fn reveal(app: &AppHandle, id: String, proof: Proof) -> Answer<Revealed> {
    desk(app).app().reveal(&id, proof)
}
