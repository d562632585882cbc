//! Links that the system hands over: `otpauth://` and `otpauth-migration://` (Google Authenticator's export), clicked on
//! a page or in a mail. A link adds nothing: what is in it is shown like everything that was found, once the vault is
//! open.
//!
//! The bundles register both schemes (`plugins.deep-link` in `tauri.conf.json`). Windows and Linux start the program
//! with the link as its argument (`%u` in `keyhaven.desktop`, which is why that file is our own), and a program that runs
//! already hears of it as of a second instance; macOS tells the running program.

use crate::{events, platform};
use keyhaven_secret::SecretText;
use std::sync::{Mutex, PoisonError};
use tauri::{AppHandle, Manager as _};

/// What a link begins with, as registered.
const SCHEMES: [&str; 2] = ["otpauth", "otpauth-migration"];

/// Links that wait for the vault to be opened; the oldest goes when there are more.
const WAITING: usize = 16;

/// Longest link that is taken, in bytes: some ten codes of an export fit into one.
const LONGEST: usize = 64 << 10;

/// Links that nobody has looked at yet.
#[derive(Default)]
pub(crate) struct Links(Mutex<Vec<SecretText>>);

impl Links {
    /// Keeps the links among what the program was started with; says whether there were any.
    pub fn keep(&self, arguments: impl IntoIterator<Item = String>) -> bool {
        let links = arguments.into_iter().map(SecretText::new).filter(|text| is_link(text.expose()));
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = waiting.len();
        waiting.extend(links);
        let came = waiting.len() > before;
        let surplus = waiting.len().saturating_sub(WAITING);
        waiting.drain(..surplus);
        came
    }

    /// All of them; none is kept.
    pub fn take(&self) -> Vec<SecretText> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Takes what another start of the program, or the system, hands over: shows the window and tells the page.
pub(crate) fn handed_over(app: &AppHandle, arguments: impl IntoIterator<Item = String>) {
    // macOS may hand a link over before there is a desk or a window; the page asks for it once it is there.
    let came = app.state::<Links>().keep(arguments);
    platform::tray::show_window(app);
    if came {
        events::links(app);
    }
}

fn is_link(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once("://") else { return false };
    text.len() <= LONGEST && SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(arguments: &[&str]) -> Vec<String> {
        let links = Links::default();
        let came = links.keep(arguments.iter().map(|text| (*text).to_owned()));
        let taken: Vec<_> = links.take().iter().map(|text| text.expose().to_owned()).collect();
        assert_eq!(came, !taken.is_empty());
        assert!(links.take().is_empty(), "looked at once");
        taken
    }

    #[test]
    fn only_links_are_taken_from_what_a_program_is_started_with() {
        let (totp, export) =
            ("otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ", "OTPAUTH-MIGRATION://offline?data=x");
        let started =
            ["keyhaven-desktop", "--demo", totp, "https://otpauth.example", export, "otpauth:x", ""];
        assert_eq!(taken(&started), [totp, export]);
        assert_eq!(taken(&[&format!("otpauth://totp/{}", "x".repeat(LONGEST))]), [""; 0]);
    }

    #[test]
    fn the_newest_links_are_kept() {
        let many: Vec<String> = (0..40).map(|n| format!("otpauth://totp/{n}")).collect();
        let kept = taken(&many.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!((kept.len(), kept.last()), (WAITING, many.last()));
    }

    #[test]
    fn the_bundles_register_what_is_taken() {
        let configuration: serde_json::Value =
            serde_json::from_str(include_str!("../tauri.conf.json")).unwrap();
        let schemes = &configuration["plugins"]["deep-link"]["desktop"]["schemes"];
        assert_eq!(*schemes, serde_json::json!(SCHEMES));
    }
}
