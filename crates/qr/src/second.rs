//! The second decoder: rxing's port of zxing-cpp, over black and white of our own making.
//!
//! It is driven step by step and not through its reader, so that the deadline is kept between the steps.

use crate::Found;
use crate::find::Seen;
use crate::guard::{self, Deadline};
use keyhaven_secret::SecretText;
use rxing::common::{BitMatrix, DetectorRXingResult};
use rxing::qrcode::cpp_port::decoder::Decode;
use rxing::qrcode::cpp_port::detector::{
    FindFinderPatterns, FinderPatternSet, GenerateFinderPatternSets, SampleQR,
};

/// What rxing finds, and the finder patterns that it found it by.
pub(crate) fn search(bits: &BitMatrix, deadline: &Deadline) -> Seen {
    let mut seen = Seen::default();
    if deadline.passed() {
        return seen;
    }
    guard::catching(|| {
        // Every third row: patterns of one pixel a module are three rows high at their heart.
        let mut patterns = FindFinderPatterns(bits, true, 0);
        seen.patterns = patterns.iter().map(|pattern| [pattern.p.x, pattern.p.y].map(f64::from)).collect();
        let mut used = Vec::new();
        for set in GenerateFinderPatternSets(&mut patterns) {
            if deadline.passed() {
                break;
            }
            let three = [set.bl, set.tl, set.tr];
            if three.iter().any(|pattern| used.contains(pattern)) {
                continue;
            }
            if let Some(code) = guard::catching(|| read(bits, &set)).flatten() {
                used.extend(three);
                seen.codes.push(code);
            }
        }
    });
    seen
}

/// The code that three finder patterns belong to, if they do and its error correction agrees.
fn read(bits: &BitMatrix, set: &FinderPatternSet) -> Option<Found> {
    let sampled = SampleQR(bits, set).ok()?;
    let decoded = Decode(sampled.getBits()).ok().filter(|decoded| decoded.isValid())?;
    let points: Vec<[i32; 2]> = sampled.getPoints().iter().map(|p| [p.x as i32, p.y as i32]).collect();
    let [left_top, right_top, left_bottom, right_bottom] = points.try_into().ok()?;
    let corners = [left_top, right_top, right_bottom, left_bottom];
    Some(Found { text: SecretText::new(decoded.text()), corners })
}
