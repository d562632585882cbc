//! Codes in files of one picture or of many pages.

use crate::guard::Deadline;
use crate::plane::{self, Plane};
use crate::{Found, Limits, PictureError, find};
use keyhaven_pdf::{Document, Drawn};

/// Pages that are looked at. A paper backup of a large vault has some dozens.
const PAGES: usize = 400;
/// Longest side of a page in pixels: A4 at some 200 dots an inch, as much as print needs to be read again.
const LONGEST: u32 = 2_400;
/// How much longer than one picture all pages of a document may take.
const PAGES_TIME: u32 = 60;

/// What was found in a file.
#[derive(Debug, Default)]
pub struct InFile {
    /// The codes, page by page.
    pub found: Vec<OnPage>,
    /// How many pages the file has; `None` for a picture.
    pub pages: Option<usize>,
    /// Pages, counted from 1, that were not looked at or not to the end, and why.
    pub left: Vec<(usize, String)>,
}

/// A code, and the page that it stands on.
#[derive(Debug)]
pub struct OnPage {
    /// The page, counted from 1; `None` in a picture.
    pub page: Option<usize>,
    /// The code. Its corners are in the pixels of the page as it is drawn, at most 2,400 a side, or in those of the
    /// picture on the page in which alone it can be read.
    pub code: Found,
}

impl InFile {
    /// [`InFile::left`] in words, pages of one reason together: "pages 3 to 5: the time for it was over".
    pub fn left_in_words(&self) -> Vec<String> {
        let mut groups: Vec<(usize, usize, &str)> = Vec::new();
        for (page, why) in &self.left {
            match groups.last_mut() {
                Some((_, last, known)) if *last + 1 == *page && known == why => *last = *page,
                _ => groups.push((*page, *page, why)),
            }
        }
        let words = |(first, last, why): (usize, usize, &str)| match last {
            last if last == first => format!("page {first}: {why}"),
            last => format!("pages {first} to {last}: {why}"),
        };
        groups.into_iter().map(words).collect()
    }

    /// What the codes say, in order.
    pub fn texts(self) -> impl Iterator<Item = keyhaven_secret::SecretText> {
        self.found.into_iter().map(|on_page| on_page.code.text)
    }
}

/// Finds every QR code in a file: a picture, as [`crate::read`] takes it, or a PDF, each of whose pages is drawn and
/// looked at, and each picture on a page that has more pixels than the page shows.
///
/// [`Limits::time`] is that of one picture or page; a document may take up to sixty times as long, and what is not
/// looked at by then is said in [`InFile::left`].
///
/// # Errors
/// As [`crate::read`]; [`PictureError::Document`] for a PDF that cannot be opened.
pub fn read_file(bytes: &[u8], limits: &Limits) -> Result<InFile, PictureError> {
    if !keyhaven_pdf::is_pdf(bytes) {
        let found = crate::read(bytes, limits)?;
        let found = found.into_iter().map(|code| OnPage { page: None, code }).collect();
        return Ok(InFile { found, ..InFile::default() });
    }
    if bytes.len() > limits.bytes {
        return Err(PictureError::TooManyBytes { bytes: bytes.len(), limit: limits.bytes });
    }
    let document = Document::open(bytes).map_err(PictureError::Document)?;
    let end = Deadline::after(limits.time.saturating_mul(PAGES_TIME));
    let mut read = InFile { pages: Some(document.pages()), ..InFile::default() };
    for page in 0..document.pages() {
        if page >= PAGES || end.passed() {
            let why = if page >= PAGES { "there are too many pages" } else { "the time for it was over" };
            let last = document.pages();
            read.left.extend((page + 1..=last).map(|page| (page, why.to_owned())));
            break;
        }
        match page_codes(&document, page, limits) {
            Ok((codes, whole)) => {
                read.found.extend(codes.into_iter().map(|code| OnPage { page: Some(page + 1), code }));
                if !whole {
                    read.left.push((page + 1, "a part of it cannot be drawn".to_owned()));
                }
            }
            Err(why) => read.left.push((page + 1, why)),
        }
    }
    Ok(read)
}

/// The codes of one page, and whether all of it was looked at.
fn page_codes(document: &Document, page: usize, limits: &Limits) -> Result<(Vec<Found>, bool), String> {
    let draw = keyhaven_pdf::Limits { longest: LONGEST, time: limits.time, pictures: true };
    let Drawn { width, height, rgba, pictures, plain, whole } =
        document.draw(page, &draw).map_err(|error| error.to_string())?;
    if plain {
        return Ok((Vec::new(), true));
    }
    let look = |planes: Vec<Plane>| match find::all(planes, limits, &Deadline::after(limits.time)) {
        Ok(found) => Ok(found),
        Err(error) => Err(error.to_string()),
    };
    let page = plane::from_rgba(width, height, rgba.expose());
    // A code of a few large modules beside dense ones is seen when it is smaller.
    let half: Vec<Plane> = page.iter().filter_map(|plane| plane.scaled(0.5)).collect();
    let mut found = look(page)?;
    // The same text twice on one page is one: it was read on the page as it is, or in a picture on it.
    let mut more = |codes: Vec<Found>| {
        for code in codes {
            if found.iter().all(|known| known.text.expose() != code.text.expose()) {
                found.push(code);
            }
        }
    };
    let doubled = |code: Found| Found { corners: code.corners.map(|corner| corner.map(|at| at * 2)), ..code };
    more(look(half)?.into_iter().map(doubled).collect());
    for picture in pictures {
        more(look(plane::from_rgba(picture.width, picture.height, picture.rgba.expose()))?);
    }
    Ok((found, whole))
}
