//! Cameras: on Linux through the kernel (Video4Linux2), elsewhere with the system's own program.
//!
//! Pictures are never written to the disk. What a driver lays before us is copied once, into memory that is wiped.

#[cfg(any(target_os = "linux", test))]
mod form;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(debug_assertions)]
mod recorded;

#[cfg(not(target_os = "linux"))]
use elsewhere::ByHand as SystemCameras;
use keyhaven_app::camera::Cameras;
#[cfg(target_os = "linux")]
use linux::KernelCameras as SystemCameras;

/// The cameras of this computer. Builds for developers show recorded pictures instead when they are told to
/// (`KEYHAVEN_CAMERA_FRAMES`).
pub(crate) fn cameras() -> &'static dyn Cameras {
    #[cfg(debug_assertions)]
    if let Some(recorded) = recorded::cameras() {
        return recorded;
    }
    &SystemCameras
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use keyhaven_app::camera::{Camera, CameraError, CameraName, Cameras};

    /// Systems whose own program shows the camera's picture, from which the code is pasted.
    pub(super) struct ByHand;

    const WORDS: &str = if cfg!(target_os = "macos") {
        "open Photo Booth, hold the QR code before the camera, press Control-Shift-Command-4, draw a box around the \
         code, and paste it here"
    } else if cfg!(windows) {
        "open the Camera app, hold the QR code before the camera, press Windows-Shift-S, draw a box around the code, \
         and paste it here"
    } else {
        "show the QR code on the screen with a camera program, and choose “Scan the screen” here"
    };

    impl Cameras for ByHand {
        fn list(&self) -> Result<Vec<CameraName>, CameraError> {
            Err(CameraError::ByHand(WORDS))
        }

        fn open(&self, _id: &str) -> Result<Box<dyn Camera>, CameraError> {
            Err(CameraError::ByHand(WORDS))
        }
    }
}
