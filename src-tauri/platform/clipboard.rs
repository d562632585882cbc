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

/// How often, and how soon, a clipboard that could not be read or cleared is tried again.
const TRIES: u32 = 10;
const AGAIN: Duration = Duration::from_secs(1);

/// How clearing went.
#[derive(PartialEq, Eq)]
enum Tried {
    /// Nothing of Keyhaven's is there any more.
    Done,
    /// It could not be read or cleared at this moment.
    Busy,
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

    /// Clears the clipboard if it still holds what Keyhaven put there, and only then. A clipboard that cannot be read
    /// at this moment (another program has it open) is asked again.
    pub fn clear_own(&self, app: &AppHandle) {
        if self.try_clear(app) == Tried::Busy {
            let app = app.clone();
            tauri::async_runtime::spawn(async move {
                for _ in 0..TRIES {
                    tokio::time::sleep(AGAIN).await;
                    if state::desk(&app).clipboard.try_clear(&app) == Tried::Done {
                        break;
                    }
                }
            });
        }
    }

    fn try_clear(&self, app: &AppHandle) -> Tried {
        let mut held = self.held();
        let Some(own) = held.own.take() else { return Tried::Done };
        let read = held.system().map(arboard::Clipboard::get_text);
        let unchanged = match read {
            Ok(Ok(text)) => SecretText::new(text) == own,
            // Something else than text: somebody else's.
            Ok(Err(Error::ContentNotAvailable | Error::ConversionFailure)) => false,
            _ => {
                held.own = Some(own);
                return Tried::Busy;
            }
        };
        let cleared = unchanged && held.system().is_ok_and(|system| system.clear().is_ok());
        if unchanged && !cleared {
            held.own = Some(own);
            return Tried::Busy;
        }
        events::clipboard(app, cleared);
        Tried::Done
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
