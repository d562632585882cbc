//! Everything the page may ask for, declared once.
//!
//! The table makes the Tauri commands, the handler, and the TypeScript of `ui/src/api/generated.ts` (a test fails
//! when the committed file differs). A command's body is a plain function of the same name in the module named
//! before it; it runs off the main thread, so it may wait for a key derivation, the disk or a dialog.

mod accounts;
mod adding;
mod backups;
mod camera;
mod exporting;
mod kit;
mod merging;
mod paper;
mod readiness;
mod recovery;
mod settings;
mod slots;
mod vault;

pub(crate) use adding::offer_from_paths;
pub(crate) use camera::Finder;
pub(crate) use paper::pages_from_paths;
pub(crate) use recovery::{drafts_from_paths, plain_drafts};

use crate::error::{Answer, worker_died};
use keyhaven_app::camera::view::*;
use keyhaven_app::exporting::view::*;
use keyhaven_app::readiness_view::*;
use keyhaven_app::recovery::view::*;
use keyhaven_app::safety_view::*;
use keyhaven_app::veil::{Veiled, VeiledDraft, VeiledPicture, VeiledSet};
use keyhaven_app::view::*;
use tauri::AppHandle;

macro_rules! commands {
    ($($(#[doc = $doc:literal])+ $module:ident :: $name:ident ( $($arg:ident : $type:ty),* ) -> $result:ty;)+) => {
        $(
            $(#[doc = $doc])+
            #[tauri::command(rename_all = "snake_case")]
            async fn $name(app: AppHandle, $($arg: $type),*) -> Answer<$result> {
                let handle = app.clone();
                let answer = tauri::async_runtime::spawn_blocking(move || {
                    let answer = $module::$name(&handle, $($arg),*);
                    crate::platform::tray::follow(&handle);
                    answer
                })
                .await;
                // The vault may have changed: whoever backs it up looks anew.
                crate::state::desk(&app).backups.wake();
                answer.unwrap_or_else(|_| Err(worker_died()))
            }
        )+

        /// What Tauri calls for every message of the page.
        pub(crate) fn handler() -> impl Fn(tauri::ipc::Invoke<tauri::Wry>) -> bool + Send + Sync + 'static {
            tauri::generate_handler![$($name),+]
        }

        /// The table as data, for the generator of the page's bindings and for the check of permissions.
        #[cfg(test)]
        pub(crate) fn table(config: &ts_rs::Config) -> Vec<crate::bindings::Command> {
            vec![$(crate::bindings::Command {
                documentation: concat!($($doc),+).trim(),
                name: stringify!($name),
                arguments: vec![$((stringify!($arg), <$type as ts_rs::TS>::name(config))),*],
                result: <$result as ts_rs::TS>::name(config),
            }),+]
        }
    };
}

commands! {
    /// Where the program stands.
    vault::status() -> Status;
    /// How strong a passphrase is.
    vault::estimate_passphrase(passphrase: String) -> Strength;
    /// Makes a new vault and opens it; the kit is to be shown at once.
    vault::create_vault(request: NewVaultRequest) -> Kit;
    /// Lets the person choose a vault file or a backup; null when the dialog was closed.
    vault::choose_vault() -> Option<ChosenVault>;
    /// Uses a chosen vault file: `copy` puts a copy into Keyhaven's folder (a restored backup), else it is used where it is.
    vault::use_vault(path: String, copy: bool) -> Status;
    /// What a state, a file or a paper backup holds that may become the vault, before it does; `keyring` lets the keyring
    /// open it.
    vault::preview_restore(source: RestoreSource, proof: Option<Proof>, keyring: bool) -> RestorePreview;
    /// Puts a backup or an earlier saved state in the place of a vault that cannot be read; that file is kept beside it.
    vault::restore_point(place: PointPlace, name: String) -> Status;
    /// Unlocks with the key in the operating system's keyring.
    vault::unlock_with_keyring() -> Status;
    /// Unlocks with the passphrase.
    vault::unlock_with_passphrase(passphrase: String) -> Status;
    /// Unlocks with the recovery key.
    vault::unlock_with_recovery_key(recovery_key: String) -> Status;
    /// Locks: every secret leaves memory.
    vault::lock() -> Status;
    /// Tells that a person is there, so that the idle lock waits.
    vault::touch() -> ();
    /// Gives the vault a keyring slot, or writes it anew.
    vault::enable_keyring() -> Status;
    /// Takes the keyring slot away.
    vault::disable_keyring() -> Status;
    /// Saves what could not be understood, byte for byte, after the person proved to be allowed; answers where, null when
    /// the dialog was closed.
    vault::save_set_aside(proof: Proof) -> Option<String>;

    /// Makes a new recovery key in the place of the old one, and shows its kit.
    kit::renew_kit(proof: Proof) -> Kit;
    /// Compares the two groups that were typed back.
    kit::confirm_kit(proof: KitProof) -> Status;
    /// Saves the kit that is being shown; answers where, null when the dialog was closed.
    kit::save_kit(format: KitFormat) -> Option<String>;
    /// Saves a page for each of `shares` shares of the kit that is being shown, `needed` of which open the vault; null when
    /// the dialog was closed.
    kit::save_split_kit(shares: u8, needed: u8) -> Option<Vec<String>>;
    /// Opens the system's print dialog on the kit that is being shown.
    kit::print_kit() -> ();
    /// Forgets the kit that is being shown.
    kit::close_kit() -> Status;

    /// All accounts.
    accounts::accounts() -> Vec<AccountRow>;
    /// Live codes of the named accounts.
    accounts::codes(ids: Vec<String>) -> Codes;
    /// Copies an account's code (a counter-based one moves on first).
    accounts::copy_code(id: String) -> Copied;
    /// Moves a counter-based account on; the new counter is on disk before the code is answered.
    accounts::advance(id: String) -> CodeView;
    /// One account in detail.
    accounts::account(id: String) -> AccountDetail;
    /// Changes an account.
    accounts::edit_account(id: String, changes: AccountChanges) -> AccountDetail;
    /// Keeps one version of an account that was changed in two places at once; null when that version is a deletion.
    accounts::choose_version(id: String, version: u32, changed_at: u64) -> Option<AccountDetail>;
    /// Keeps every such version, the others as accounts of their own; answers their ids.
    accounts::keep_versions(id: String) -> Vec<String>;
    /// Deletes an account; it can be brought back.
    accounts::delete_account(id: String) -> ();
    /// Brings a deleted account back.
    accounts::restore_account(id: String) -> AccountDetail;
    /// Sets the manual order: all ids, first on top.
    accounts::arrange(ids: Vec<String>) -> ();
    /// Shows an account's secret after the person proved to be allowed.
    accounts::reveal(id: String, proof: Proof) -> Revealed;

    /// Lets the person choose pictures or text files and reads them; null when the dialog was closed.
    adding::offer_from_files() -> Option<Offer>;
    /// Reads a picture, a file or text from the clipboard.
    adding::offer_from_clipboard() -> Offer;
    /// Looks into the links that the system handed over since it was last asked; null when there are none.
    adding::offer_from_links() -> Option<Offer>;
    /// Looks for codes on the screens, with Keyhaven's own window hidden meanwhile.
    adding::offer_from_screen() -> Offer;
    /// The cameras to choose from; none is switched on.
    camera::cameras(purpose: CameraUse) -> Vec<CameraChoice>;
    /// Switches a camera on, and another one off; what that one read for the same purpose counts on. That it does not open
    /// is told by the view.
    camera::open_camera(id: String, purpose: CameraUse) -> ();
    /// The camera's view as soon as it is another than `seen`, or after a second. Pages that were read are told by the event.
    camera::camera_view(seen: u32) -> CameraView;
    /// Switches the camera off; its light is out when this is answered. With `keep`, what it read counts on when it or
    /// another one is switched on.
    camera::close_camera(keep: bool) -> ();
    /// Switches the camera off and shows what it read.
    camera::offer_from_camera() -> Offer;
    /// Checks an account typed in by hand.
    adding::offer_from_entry(entry: ManualEntry) -> Offer;
    /// Opens another program's encrypted export; what is in it is an offer of its own. Null when it was stopped.
    adding::open_export(offer: u32, index: u32, password: String) -> Option<Offer>;
    /// Stops the opening of an encrypted export at the next place where it can be stopped.
    adding::stop_opening(offer: u32, index: u32) -> ();
    /// Keeps the chosen ones of an offer; answers their ids.
    adding::accept_offer(offer: u32, indices: Vec<u32>) -> Vec<String>;
    /// Forgets an offer.
    adding::dismiss_offer(offer: u32) -> ();

    /// What an export of these accounts (none means all) would hold and lose.
    exporting::preview_export(target: ExportTarget, accounts: Vec<String>) -> ExportPreview;
    /// Writes an export after the person proved to be allowed; null when the dialog was closed.
    exporting::save_export(request: ExportRequest) -> Option<ExportWritten>;
    /// Readable exports that were written and not removed since.
    exporting::plain_exports() -> Vec<PlainExport>;
    /// Puts the files of a readable export into the bin, or erases them.
    exporting::tidy_export(id: String, way: TidyWay) -> Vec<PlainExport>;
    /// Asks no more about a readable export.
    exporting::forget_export(id: String) -> Vec<PlainExport>;

    /// All recovery sets, and whether their codes can be had.
    recovery::recovery() -> RecoveryView;
    /// Tells whether the recovery room is seen: files that are dropped there are recovery files.
    recovery::recovery_room(shown: bool) -> ();
    /// Opens the recovery codes, which ask for passphrase or recovery key even while the accounts are open.
    recovery::unlock_recovery(proof: Proof) -> RecoveryView;
    /// Locks the recovery codes again; they leave memory.
    recovery::lock_recovery() -> RecoveryView;
    /// One set, its codes masked.
    recovery::recovery_set(set: String) -> SetDetail;
    /// A set's codes and texts, because the person asked to see them.
    recovery::reveal_recovery(set: String) -> VeiledSet;
    /// The picture that a set's original is, or one page of a PDF, counted from 0, because the person asked to see it.
    recovery::recovery_picture(set: String, page: u32) -> VeiledPicture;
    /// Marks the next code as used, on disk, and puts it into the clipboard.
    recovery::copy_next_recovery(set: String, place: String) -> UsedCode;
    /// Puts a code into the clipboard without marking it; answers when that is cleared, Unix milliseconds.
    recovery::copy_recovery(set: String, index: u32) -> u64;
    /// Marks a code as used or not used, and notes where.
    recovery::mark_recovery(set: String, index: u32, used: bool, place: String) -> SetDetail;
    /// Takes the last "used" back.
    recovery::undo_recovery(set: String) -> SetDetail;
    /// Changes a set's name, account or note (null: it stays).
    recovery::edit_recovery(set: String, changes: SetChanges, note: Option<Veiled>) -> SetRow;
    /// Deletes a set with its original.
    recovery::delete_recovery(set: String) -> RecoveryView;
    /// Saves a copy of a set's original; answers where, null when the dialog was closed.
    recovery::save_original(set: String) -> Option<String>;
    /// Saves a plain sheet of a set's codes to print; answers where, null when the dialog was closed.
    recovery::save_recovery_sheet(set: String) -> Option<String>;
    /// Saves chosen accounts and sets (empty: all) as a sealed booklet of QR codes; null when the dialog was closed.
    recovery::save_booklet(proof: Proof, accounts: Vec<String>, sets: Vec<String>) -> Option<String>;
    /// Lets the person choose downloaded files and reads them; null when the dialog was closed.
    recovery::drafts_from_files() -> Option<Vec<Draft>>;
    /// Reads files or a text from the clipboard.
    recovery::drafts_from_clipboard() -> Vec<Draft>;
    /// The text in the clipboard, for a field that takes it letter by letter.
    recovery::paste_text() -> Veiled;
    /// Reads a text that was typed in.
    recovery::draft_from_text(text: Veiled) -> Draft;
    /// Corrects how a draft was understood.
    recovery::correct_draft(draft: u32, correction: Correction) -> Draft;
    /// A draft's texts, because the person asked to see them.
    recovery::reveal_draft(draft: u32) -> VeiledDraft;
    /// The picture that a draft is, or one page of a PDF, counted from 0, because the person asked to see it.
    recovery::draft_picture(draft: u32, page: u32) -> VeiledPicture;
    /// Keeps a draft as a recovery set.
    recovery::accept_draft(draft: u32, choices: DraftChoices) -> KeptDraft;
    /// Forgets a draft.
    recovery::dismiss_draft(draft: u32) -> ();
    /// New files in the folder for downloads that look like recovery codes.
    recovery::downloads() -> Vec<DownloadOffer>;
    /// Reads such a file for review.
    recovery::take_download(download: u32) -> Vec<Draft>;
    /// Leaves such a file alone; answers what is offered still.
    recovery::leave_download(download: u32) -> Vec<DownloadOffer>;
    /// Puts the download of a kept set into the bin, or erases it.
    recovery::tidy_download(set: String, way: TidyWay) -> RecoveryView;

    /// What would be back if this computer were gone today, and what to do next.
    readiness::readiness() -> Readiness;
    /// Notes which other ways back into an account there are.
    readiness::note_ways(account: String, second_device: bool, admin_reset: bool) -> Readiness;
    /// Opens a copy of the vault (null: the newest that is known) as a new computer would and compares; the result is kept.
    readiness::run_drill(proof: Proof, backup: Option<String>) -> DrillReport;
    /// Lets the person choose the copy for a drill; null when the dialog was closed.
    readiness::choose_drill_copy() -> Option<ChosenVault>;
    /// Begins or ends gathering the pages of a paper backup: pictures that are dropped meanwhile are pages.
    paper::gather_pages(shown: bool) -> ();
    /// Lets the person choose pictures of pages and reads them; null when the dialog was closed.
    paper::pages_from_files() -> Option<PagesView>;
    /// Puts the gathered paper backup in the place of the vault that is not there.
    paper::restore_pages() -> Status;
    /// What the gathered paper backup holds, compared with the vault now.
    paper::look_into_pages(proof: Option<Proof>) -> LookAnswer;
    /// How the backups stand.
    backups::backups() -> BackupView;
    /// Lets the person choose a folder for backups and makes the first; null when the dialog was closed.
    backups::choose_backup_folder() -> Option<BackupView>;
    /// Keeps backups in this folder from now on and makes the first.
    backups::set_backup_folder(folder: String) -> BackupView;
    /// Takes note of whether another program keeps the folder for backups alike on another computer.
    backups::note_synced_folder(synced: bool) -> BackupView;
    /// Keeps no more backups; those that are there stay.
    backups::stop_backups() -> BackupView;
    /// Changes how many backups stay.
    backups::set_backup_rotation(rotation: BackupRotation) -> BackupView;
    /// Gives backups a passphrase of their own, or the vault's own again (null).
    backups::set_backup_passphrase(proof: Proof, passphrase: Option<String>) -> BackupView;
    /// Makes a backup now.
    backups::back_up_now() -> BackupView;
    /// The backups and saved states that can be looked into.
    backups::restore_points() -> RestorePoints;
    /// What a backup or saved state holds, compared with the vault now.
    backups::look_into(place: PointPlace, name: String, proof: Option<Proof>) -> LookAnswer;
    /// Makes the chosen records what they are in what was looked into; answers all accounts.
    backups::restore_records(look: u32, ids: Vec<String>) -> Vec<AccountRow>;
    /// Forgets what was looked into.
    backups::forget_look() -> ();

    /// Copies of the vault beside its file.
    merging::copies() -> Vec<VaultCopy>;
    /// What merging such a copy would change.
    merging::preview_copy(name: String, proof: Option<Proof>) -> LookAnswer;
    /// Lets the person choose another copy of the vault; null when the dialog was closed.
    merging::choose_merge() -> Option<String>;
    /// What merging a chosen copy would change.
    merging::preview_merge(path: String, proof: Option<Proof>) -> LookAnswer;
    /// Merges what was looked at; answers all accounts.
    merging::apply_merge(look: u32) -> Vec<AccountRow>;
    /// Puts a merged copy aside or removes it; answers the copies that are left.
    merging::settle_copy(name: String, fate: CopyFate) -> Vec<VaultCopy>;

    /// The ways into the vault.
    slots::slots() -> Vec<SlotView>;
    /// Adds a passphrase that opens everything.
    slots::add_passphrase(proof: Proof, passphrase: String, label: String) -> Vec<SlotView>;
    /// Removes a way in; the last one that does not depend on this computer stays.
    slots::remove_slot(id: String, proof: Proof) -> Vec<SlotView>;
    /// Replaces a passphrase.
    slots::change_passphrase(id: String, current: String, passphrase: String) -> Vec<SlotView>;
    /// What becomes of saved states, backups and other ways in when the keys are renewed.
    slots::rotation_fate() -> RotationFate;
    /// Gives the vault new keys, and shows the new emergency kit.
    slots::rotate_keys(passphrase: String) -> Kit;
    /// What is wrong with the keyring; `unlock` lets a locked one ask for its password.
    slots::doctor(unlock: bool) -> DoctorReport;

    /// Changes the settings.
    settings::change_settings(settings: Settings) -> Settings;
}
