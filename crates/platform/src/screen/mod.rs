//! Pictures of the screens: straight from the X server, or through the desktop's portal, which asks the person.
//!
//! Nothing is written to the disk here; what a portal writes is removed as soon as it was read.

#[cfg(all(unix, not(target_os = "macos")))]
mod portal;
#[cfg(all(unix, not(target_os = "macos")))]
mod x11;

use keyhaven_app::host::{CaptureError, ScreenPicture};

/// Under Wayland only the portal sees other windows: the X server that runs beside it shows them black.
#[cfg(all(unix, not(target_os = "macos")))]
pub(crate) fn capture() -> Result<Vec<ScreenPicture>, CaptureError> {
    let named = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let wayland = named("WAYLAND_DISPLAY");
    if !wayland && named("DISPLAY") {
        return x11::capture();
    }
    match portal::capture() {
        Err(CaptureError::NoScreen) if named("DISPLAY") => x11::capture(),
        other => other,
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
pub(crate) use portal::answer_for_another;

/// Nobody is asked in another's name on these systems.
#[cfg(not(all(unix, not(target_os = "macos"))))]
pub(crate) fn answer_for_another() -> bool {
    false
}

/// The systems whose own tool takes the picture, which is then pasted.
#[cfg(not(all(unix, not(target_os = "macos"))))]
pub(crate) fn capture() -> Result<Vec<ScreenPicture>, CaptureError> {
    Err(CaptureError::ByHand(if cfg!(target_os = "macos") {
        "press Control-Shift-Command-4, draw a box around the QR code, and paste it here"
    } else {
        "press Windows-Shift-S, draw a box around the QR code, and paste it here"
    }))
}
