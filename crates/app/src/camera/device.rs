//! What a camera is to the use-cases: names to choose from, and pictures one after the other while it is open.

use keyhaven_qr::{Limits, PictureError, Pixels};
use keyhaven_secret::SecretBytes;
use std::time::Duration;

/// The cameras of this computer.
pub trait Cameras: Send + Sync {
    /// The cameras that there are, the likeliest first; never an empty list. None is switched on for it.
    ///
    /// # Errors
    /// Why there is none that could be used.
    fn list(&self) -> Result<Vec<CameraName>, CameraError>;

    /// Switches a camera on. May take as long as a person takes to answer the system's question.
    ///
    /// # Errors
    /// Why it does not open.
    fn open(&self, id: &str) -> Result<Box<dyn Camera>, CameraError>;
}

/// A camera that is on. Dropping it switches it off: its light goes out.
pub trait Camera {
    /// The newest picture; `None` when none that can be read has come in `wait`, and not before.
    ///
    /// # Errors
    /// Why there will be no more pictures.
    fn frame(&mut self, wait: Duration) -> Result<Option<CameraFrame>, CameraError>;
}

/// A camera, as a person chooses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CameraName {
    /// Names it for [`Cameras::open`].
    pub id: String,
    /// What the system calls it.
    pub name: String,
}

/// One picture of a camera: what stands before it may be a secret.
pub struct CameraFrame {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Brightness of each pixel from 0 (black) to 255 (white), row by row.
    pub luma: SecretBytes,
}

impl CameraFrame {
    /// From the bytes of a picture file, as many cameras send their pictures (JPEG).
    ///
    /// # Errors
    /// It is no picture that can be read.
    pub fn of_file(bytes: &[u8]) -> Result<Self, PictureError> {
        let Pixels { width, height, rgba } = keyhaven_qr::pixels(bytes, &Limits::default())?;
        // Rec. 709's weights, of 256.
        let luma =
            |p: &[u8; 4]| ((u32::from(p[0]) * 54 + u32::from(p[1]) * 183 + u32::from(p[2]) * 19) / 256) as u8;
        let luma = rgba.expose().as_chunks::<4>().0.iter().map(luma).collect();
        Ok(Self { width, height, luma: SecretBytes::new(luma) })
    }
}

/// Why there are no pictures from a camera. The words say what a person can do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CameraError {
    /// The system knows of no camera.
    #[error(
        "no camera was found: plug one in, or switch on the one that is built in (some have a key or a shutter for it)"
    )]
    NoCamera,
    /// This person, or this program, may not use it; the words say where that is changed.
    #[error("this system does not let Keyhaven use the camera: {0}")]
    Refused(&'static str),
    /// Another program has it.
    #[error("another program is using this camera: close it there, then try again")]
    Busy,
    /// It was unplugged or went to sleep.
    #[error("the camera is gone: plug it in again, then try again")]
    Gone,
    /// It is on and sends nothing.
    #[error("the camera sends no pictures: unplug it and plug it in again, or choose another")]
    Silent,
    /// The page that showed its picture is gone or hidden.
    #[error("the camera was switched off because nobody looked at its picture")]
    Unwatched,
    /// Its pictures have a form that is not read here.
    #[error(
        "this camera sends its pictures in a form that is not read here ({0}): choose another, or paste a picture"
    )]
    UnknownForm(String),
    /// On this system another way leads there; the words say which.
    #[error("on this system {0}")]
    ByHand(&'static str),
    /// Anything else, in the system's own words.
    #[error("the camera: {0}")]
    Failed(String),
}

/// A computer without cameras.
pub struct NoCameras;

impl Cameras for NoCameras {
    fn list(&self) -> Result<Vec<CameraName>, CameraError> {
        Err(CameraError::NoCamera)
    }

    fn open(&self, _id: &str) -> Result<Box<dyn Camera>, CameraError> {
        Err(CameraError::NoCamera)
    }
}
