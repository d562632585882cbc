//! One page → pixels: what the page says to draw is drawn by [`canvas`], within [`Limits`].

mod canvas;
mod picture;
mod shapes;

pub use picture::Picture;

use crate::Document;
use crate::guard::{Deadline, catching};
use canvas::Canvas;
use hayro_interpret::kurbo::{Affine, Rect};
use hayro_interpret::{
    Context, InterpreterCache, InterpreterSettings, RectExt, TransformExt, interpret_page,
};
use hayro_syntax::Pdf;
use keyhaven_secret::SecretBytes;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Bytes of the stack that a page is drawn on: what a page calls may call again, fifty deep.
const STACK: usize = 64 << 20;

/// How much longer than [`Limits::time`] a drawing is waited for, in parts of it: a picture that is being decoded cannot
/// be stopped, only given up.
const GRACE: u32 = 1;

/// Longest side that is drawn, in pixels.
const LONGEST: u32 = 4_096;

/// What drawing a page may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest side of what is drawn, in pixels; above 4,096 it is 4,096.
    pub longest: u32,
    /// When the drawing ends with what it has, counted from the call.
    pub time: Duration,
    /// Whether [`Drawn::pictures`] are wanted.
    pub pictures: bool,
}

/// A page as it looks.
#[derive(Debug)]
pub struct Drawn {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Red, green, blue and alpha (255: paper is white) of each pixel, row by row.
    pub rgba: SecretBytes,
    /// The pictures on the page that have more pixels than were drawn of them, where they are wanted.
    pub pictures: Vec<Picture>,
    /// Whether there is nothing on it but letters and a few lines.
    pub plain: bool,
    /// Whether everything on it was drawn. Not drawn are what comes after the deadline and pictures that are too large or
    /// of two formats that believe any size (JBIG2, JPEG 2000).
    pub whole: bool,
}

/// Why a page is not drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DrawError {
    /// There is no page of that number.
    #[error("there is no page {page}; this PDF has {pages}")]
    NoSuchPage {
        /// The page, counted from 1.
        page: usize,
        /// How many there are.
        pages: usize,
    },
    /// What stands on it cannot be drawn.
    #[error("page {page} is damaged")]
    Damaged {
        /// The page, counted from 1.
        page: usize,
    },
    /// A picture on it takes longer to decode than is waited for.
    #[error("page {page} takes too long to draw")]
    TooLong {
        /// The page, counted from 1.
        page: usize,
    },
}

impl Document {
    /// Draws a page, counted from 0.
    ///
    /// # Errors
    /// What [`DrawError`] lists.
    pub fn draw(&self, page: usize, limits: &Limits) -> Result<Drawn, DrawError> {
        let (number, pages) = (page.saturating_add(1), self.pages());
        if page >= pages {
            return Err(DrawError::NoSuchPage { page: number, pages });
        }
        let (pdf, limits) = (self.pdf.clone(), *limits);
        let (give, answer) = mpsc::sync_channel(1);
        // A thread of its own: its stack is as deep as a page may ask for, and it can be given up.
        let drawing = move || {
            let _ = give.send(catching(|| draw(&pdf, page, &limits)).flatten());
        };
        let spawned = thread::Builder::new().name("pdf page".into()).stack_size(STACK).spawn(drawing);
        let wait = limits.time.saturating_mul(1 + GRACE);
        match (spawned, answer.recv_timeout(wait)) {
            (Ok(_), Ok(Some(drawn))) => Ok(drawn),
            (Ok(_), Err(mpsc::RecvTimeoutError::Timeout)) => Err(DrawError::TooLong { page: number }),
            _ => Err(DrawError::Damaged { page: number }),
        }
    }
}

fn draw(pdf: &Pdf, page: usize, limits: &Limits) -> Option<Drawn> {
    let page = pdf.pages().get(page)?;
    let deadline = Deadline::after(limits.time);
    let (width, height) = page.render_dimensions();
    let scale = limits.longest.clamp(1, LONGEST) as f32 / width.max(height);
    let [wide, high] = [width, height].map(|side| ((side * scale).round() as u32).clamp(1, LONGEST));
    let transform = Affine::scale(f64::from(scale)) * page.initial_transform(true).to_kurbo();
    let mut canvas = Canvas::new(wide, high, limits.pictures, deadline)?;
    let cache = InterpreterCache::new();
    let target = Rect::new(0.0, 0.0, f64::from(wide), f64::from(high));
    let mut context = Context::new(transform, target, &cache, page.xref(), InterpreterSettings::default());
    let paper = transform.transform_rect_bbox(page.intersected_crop_box().to_kurbo());
    canvas.begin(&paper);
    // What was drawn before a page went wrong, or its time was over, is better than nothing.
    let ended = catching(|| interpret_page(page, &mut context, &mut canvas)).is_some();
    canvas.finish(ended)
}
