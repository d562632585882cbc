//! Originals as a person looks at them: pictures, and the pages of PDFs.

use crate::failure::fail;
use crate::recovery::view::RevealedPicture;
use crate::view::{Failure, FailureKind};
use keyhaven_secret::SecretBytes;
use std::time::Duration;

/// Longest side of a picture that is shown, in pixels: twice what the window has room for.
const LONGEST_SIDE: u32 = 1_280;

/// When the drawing of a page ends with what it has.
const PAGE_TIME: Duration = Duration::from_secs(10);

/// An original that a person asked to see. It is drawn here, so that the file itself never stands in the page's memory,
/// and without holding the app: drawing may take seconds, and the codes on screen go on meanwhile.
pub struct ToShow {
    bytes: SecretBytes,
}

impl ToShow {
    pub(crate) fn new(bytes: SecretBytes) -> Self {
        Self { bytes }
    }

    /// The picture, or one page of a PDF, counted from 0.
    ///
    /// # Errors
    /// It is neither, or it cannot be drawn.
    pub fn draw(&self, page: u32) -> Result<RevealedPicture, Failure> {
        let refused = |error: &dyn std::fmt::Display| {
            fail(FailureKind::BadInput, format!("this file is no picture that can be shown: {error}"))
        };
        let bytes = self.bytes.expose();
        if keyhaven_pdf::is_pdf(bytes) {
            let limits = keyhaven_pdf::Limits { longest: LONGEST_SIDE, time: PAGE_TIME, pictures: false };
            let pdf = keyhaven_pdf::Document::open(bytes).map_err(|error| refused(&error))?;
            let page = usize::try_from(page).unwrap_or(usize::MAX);
            let keyhaven_pdf::Drawn { width, height, rgba, whole, .. } =
                pdf.draw(page, &limits).map_err(|error| refused(&error))?;
            return Ok(RevealedPicture { width, height, rgba, whole });
        }
        let picture = keyhaven_qr::pixels_to_show(bytes, &keyhaven_qr::Limits::default(), LONGEST_SIDE);
        let keyhaven_qr::Pixels { width, height, rgba } = picture.map_err(|error| refused(&error))?;
        Ok(RevealedPicture { width, height, rgba, whole: true })
    }
}
