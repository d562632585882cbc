//! Everything the page may ask for, declared once.
//!
//! The table makes the Tauri commands, the handler, and the TypeScript of `ui/src/api/generated.ts` (a test fails
//! when the committed file differs). A command's body is a plain function of the same name in the module named
//! before it; it runs off the main thread, so it may wait for a key derivation, the disk or a dialog.

mod accounts;
mod adding;
mod kit;
mod settings;
mod vault;

pub(crate) use adding::offer_from_paths;

use crate::error::{Answer, worker_died};
use keyhaven_app::view::*;
use tauri::AppHandle;

macro_rules! commands {
    ($($(#[doc = $doc:literal])+ $module:ident :: $name:ident ( $($arg:ident : $type:ty),* ) -> $result:ty;)+) => {
        $(
            $(#[doc = $doc])+
            #[tauri::command(rename_all = "snake_case")]
            async fn $name(app: AppHandle, $($arg: $type),*) -> Answer<$result> {
                tauri::async_runtime::spawn_blocking(move || $module::$name(&app, $($arg),*))
                    .await
                    .unwrap_or_else(|_| Err(worker_died()))
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
    /// Puts an earlier saved state in the place of a vault that cannot be read; that file is kept beside it.
    vault::restore_generation(name: String) -> Status;
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

    /// Makes a new recovery key in the place of the old one, and shows its kit.
    kit::renew_kit(proof: Proof) -> Kit;
    /// Compares the two groups that were typed back.
    kit::confirm_kit(proof: KitProof) -> Status;
    /// Saves the kit that is being shown; answers where, null when the dialog was closed.
    kit::save_kit(format: KitFormat) -> Option<String>;
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
    /// Checks an account typed in by hand.
    adding::offer_from_entry(entry: ManualEntry) -> Offer;
    /// Opens another program's encrypted export; what is in it is an offer of its own.
    adding::open_export(offer: u32, index: u32, password: String) -> Offer;
    /// Keeps the chosen ones of an offer; answers their ids.
    adding::accept_offer(offer: u32, indices: Vec<u32>) -> Vec<String>;
    /// Forgets an offer.
    adding::dismiss_offer(offer: u32) -> ();

    /// Changes the settings.
    settings::change_settings(settings: Settings) -> Settings;
}
