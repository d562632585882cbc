//! The system's clipboard: codes go in marked as sensitive and leave again; pictures, files and text come out.

use crate::{error, events, state};
use arboard::{Error, Set};
use keyhaven_app::offer::Input;
use keyhaven_app::view::Failure;
use keyhaven_secret::{SecretBytes, SecretText};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tauri::AppHandle;

/// The connection to the system's clipboard, opened at the first use, and what Keyhaven put there last.
#[derive(Default)]
pub(crate) struct Clipboard(Mutex<Held>);

#[derive(Default)]
struct Held {
    /// Kept open: under X11 the program that copied must be there to hand the text over.
    system: Option<arboard::Clipboard>,
    own: Option<SecretText>,
    /// Counts copies, so that an older copy's timer does not clear a newer one.
    copies: u64,
}

/// What the clipboard holds, as far as Keyhaven can use it.
pub(crate) enum Content {
    /// Files.
    Files(Vec<PathBuf>),
    /// A picture or text.
    Input(Input),
}

impl Clipboard {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a code there, kept out of histories and cloud clipboards, and clears it after `seconds`.
    pub fn copy(&self, app: &AppHandle, code: &str, seconds: u32) -> Result<(), Failure> {
        let copy = {
            let mut held = self.held();
            sensitive(held.system()?.set()).text(code).map_err(error::clipboard)?;
            held.own = Some(SecretText::new(code.to_owned()));
            held.copies += 1;
            held.copies
        };
        let app = app.clone();
        tauri::async_runtime::spawn(async move {
            tokio::time::sleep(Duration::from_secs(seconds.into())).await;
            let desk = state::desk(&app);
            if desk.clipboard.held().copies == copy {
                desk.clipboard.clear_own(&app);
            }
        });
        Ok(())
    }

    /// Clears the clipboard if it still holds what Keyhaven put there, and only then.
    pub fn clear_own(&self, app: &AppHandle) {
        let mut held = self.held();
        let Some(own) = held.own.take() else { return };
        let Ok(system) = held.system() else { return };
        let unchanged = system.get_text().is_ok_and(|text| SecretText::new(text) == own);
        let cleared = unchanged && system.clear().is_ok();
        events::clipboard(app, cleared);
    }

    /// What is there: files before a picture before text.
    pub fn read(&self) -> Result<Content, Failure> {
        let mut held = self.held();
        let system = held.system()?;
        if let Ok(files) = system.get().file_list()
            && !files.is_empty()
        {
            return Ok(Content::Files(files));
        }
        // No picture, or none that can be had: some programs answer a question for one with their text.
        if let Ok(image) = system.get_image() {
            let (Ok(width), Ok(height)) = (u32::try_from(image.width), u32::try_from(image.height)) else {
                return Err(error::clipboard("the picture in the clipboard is too large"));
            };
            let rgba = SecretBytes::new(image.bytes.into_owned());
            return Ok(Content::Input(Input::Pixels { width, height, rgba }));
        }
        match system.get_text() {
            Ok(text) => Ok(Content::Input(Input::Text(SecretText::new(text)))),
            Err(Error::ContentNotAvailable) => Ok(Content::Input(Input::Unreadable(
                "there is no picture, file or text in the clipboard".into(),
            ))),
            Err(other) => Err(error::clipboard(other)),
        }
    }
}

impl Held {
    fn system(&mut self) -> Result<&mut arboard::Clipboard, Failure> {
        if self.system.is_none() {
            self.system = Some(arboard::Clipboard::new().map_err(error::clipboard)?);
        }
        self.system.as_mut().ok_or_else(|| error::clipboard("the clipboard did not open"))
    }
}

/// Klipper's and GNOME's password-manager hint.
#[cfg(all(unix, not(target_os = "macos")))]
fn sensitive(set: Set<'_>) -> Set<'_> {
    arboard::SetExtLinux::exclude_from_history(set)
}

/// `org.nspasteboard.ConcealedType`.
#[cfg(target_os = "macos")]
fn sensitive(set: Set<'_>) -> Set<'_> {
    arboard::SetExtApple::exclude_from_history(set)
}

/// Out of the clipboard history (Win + V), the cloud clipboard and every monitor that keeps the rules.
#[cfg(windows)]
fn sensitive(set: Set<'_>) -> Set<'_> {
    arboard::SetExtWindows::exclude_from_monitoring(set)
}
