//! What a shell shows of a camera that is on. No code can be read in its picture (promise 2).

use crate::view::Failure;
use serde::{Deserialize, Serialize};
use std::fmt;
use ts_rs::TS;

/// A camera to choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct CameraChoice {
    /// Names it.
    pub id: String,
    /// What the system calls it.
    pub name: String,
}

/// What the camera is on for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CameraUse {
    /// Accounts: single codes, or the codes of an export one after the other.
    Accounts,
    /// The pages of a paper backup.
    Pages,
}

/// How it stands with a camera.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, TS)]
pub struct CameraView {
    /// Counts the pictures that were looked through; 0 before the first.
    pub serial: u32,
    /// The newest of them.
    pub picture: Option<CameraPicture>,
    /// Accounts that were read, those of exports not counted.
    pub accounts: u32,
    /// Google Authenticator's exports, each in several codes.
    pub exports: Vec<ExportParts>,
    /// Codes that were read and are something else.
    pub others: u32,
    /// Whether there is something, nothing of it is missing, and the last pictures showed nothing new.
    pub complete: bool,
    /// Why the camera is off, when it is.
    pub failure: Option<Failure>,
}

/// How far an export in several codes was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct ExportParts {
    /// Codes that were read.
    pub have: u32,
    /// Codes that there are.
    pub count: u32,
    /// Those not read yet, from 1.
    pub missing: Vec<u32>,
}

/// A small grey picture with the codes in it covered: a person sees where they are, and nobody reads them from it.
#[derive(Clone, PartialEq, Eq, Serialize, TS)]
pub struct CameraPicture {
    /// The picture as a `data:` URL.
    pub url: String,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// The codes in it that were read.
    pub codes: Vec<CameraCode>,
}

/// A code before the camera, in the small picture's pixels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct CameraCode {
    /// Left edge.
    pub left: u32,
    /// Upper edge.
    pub top: u32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
    /// Whether it is one of those that are looked for.
    pub wanted: bool,
}

impl fmt::Debug for CameraPicture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The picture is long, and whatever was before the camera.
        f.debug_struct("CameraPicture").field("codes", &self.codes).finish_non_exhaustive()
    }
}
