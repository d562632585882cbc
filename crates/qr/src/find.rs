//! Planes to texts: in which order they are looked at, and when that is enough.

use crate::guard::Deadline;
use crate::looks::{self, Look, View};
use crate::plane::Plane;
use crate::{Limits, PictureError};
use keyhaven_secret::SecretText;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// One QR code of a picture.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// What it says. Only what passed the code's own error correction (ISO/IEC 18004 §8.5).
    pub text: SecretText,
    /// Where it stands, in pixels from the picture's left top corner: the code's left top, right top, right bottom
    /// and left bottom corners, as x and y. A code at the edge may have corners outside the picture.
    pub corners: [[i32; 2]; 4],
}

impl Found {
    /// Middle of the corners, and how far the farthest corner is from it, both in pixels.
    fn middle_and_reach(&self) -> ([f64; 2], f64) {
        let mean = |axis: usize| self.corners.iter().map(|c| f64::from(c[axis])).sum::<f64>() / 4.0;
        let middle = [mean(0), mean(1)];
        let reach = self.corners.iter().map(|c| distance(middle, c.map(f64::from))).fold(0.0, f64::max);
        (middle, reach)
    }

    /// Whether a point lies in the circle around the code.
    fn covers(&self, point: [f64; 2]) -> bool {
        let (middle, reach) = self.middle_and_reach();
        distance(middle, point) <= reach * 1.1
    }

    /// Whether both are one code seen twice. Two codes never overlap, whatever they say.
    fn same_place(&self, other: &Self) -> bool {
        let ((a, a_reach), (b, b_reach)) = (self.middle_and_reach(), other.middle_and_reach());
        distance(a, b) < a_reach.max(b_reach) * 0.6
    }
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// What one look saw.
#[derive(Default)]
pub(crate) struct Seen {
    pub codes: Vec<Found>,
    /// Middles of what looks like finder patterns (ISO/IEC 18004 §6.3.3), three to a code.
    pub patterns: Vec<[f64; 2]>,
}

impl Seen {
    /// Moves what was seen in a scaled picture to the places in the picture itself.
    pub fn unscaled(mut self, factor: f64) -> Self {
        let back = |value: i32| (f64::from(value) / factor).round() as i32;
        for code in &mut self.codes {
            code.corners = code.corners.map(|corner| corner.map(back));
        }
        self.patterns = self.patterns.iter().map(|point| point.map(|value| value / factor)).collect();
        self
    }
}

/// Looks at every plane, round after round, until all that looks like a code has been read, the looks that a picture
/// of this size is worth are over, or the deadline has passed.
///
/// Later planes are other readings of the same pixels, and one reading is the right one: they are looked at only as
/// long as nothing was found.
pub(crate) fn all(
    planes: Vec<Plane>,
    limits: &Limits,
    deadline: &Deadline,
) -> Result<Vec<Found>, PictureError> {
    for plane in planes.iter().filter(|plane| plane.width > 0 && plane.height > 0) {
        let found = search(plane, limits, deadline);
        if !found.is_empty() {
            return Ok(found);
        }
    }
    if deadline.passed() { Err(PictureError::DeadlinePassed) } else { Ok(Vec::new()) }
}

fn search(plane: &Plane, limits: &Limits, deadline: &Deadline) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let mut patterns = Vec::new();
    let views = View::ALL.map(|_| OnceLock::new());
    for round in looks::rounds(plane, limits.work) {
        for seen in look_at(plane, &views, &round, deadline) {
            for code in seen.codes {
                if !found.iter().any(|known| known.same_place(&code)) {
                    found.push(code);
                }
            }
            patterns.extend(seen.patterns);
        }
        let unread = |point: &&[f64; 2]| !found.iter().any(|code| code.covers(**point));
        let read_all = patterns.iter().filter(unread).count() < 3;
        if !found.is_empty() && (limits.one || read_all) || deadline.passed() {
            break;
        }
    }
    found
}

/// Runs the looks of one round side by side; their results stay in the looks' order, whichever ends first.
fn look_at(
    plane: &Plane,
    views: &[OnceLock<Option<Plane>>],
    round: &[Look],
    deadline: &Deadline,
) -> Vec<Seen> {
    let results: Vec<OnceLock<Seen>> = round.iter().map(|_| OnceLock::new()).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some((look, result)) = {
            let turn = next.fetch_add(1, Ordering::Relaxed);
            round.get(turn).zip(results.get(turn))
        } {
            // Making a view takes longer than most looks at it.
            if deadline.passed() {
                return;
            }
            let view = views[look.view as usize].get_or_init(|| look.view.of(plane));
            let seen = view.as_ref().map(|view| look.run(view, deadline)).unwrap_or_default();
            // Each place is written by the one thread that took its turn.
            let _ = result.set(seen.unscaled(look.view.factor()));
        }
    };
    // One thread more than the calling one for each further core, and never more than looks.
    let helpers = std::thread::available_parallelism().map_or(1, usize::from).min(round.len()).min(8) - 1;
    std::thread::scope(|scope| {
        for _ in 0..helpers {
            scope.spawn(work);
        }
        work();
    });
    results.into_iter().filter_map(OnceLock::into_inner).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, x: i32) -> Found {
        Found {
            text: SecretText::new(text.into()),
            corners: [[x, 0], [x + 100, 0], [x + 100, 100], [x, 100]],
        }
    }

    #[test]
    fn one_place_is_one_code_and_equal_texts_side_by_side_are_two() {
        assert!(at("a", 0).same_place(&at("a", 20)));
        assert!(at("a", 0).same_place(&at("another reading of its bytes", 3)));
        assert!(!at("a", 0).same_place(&at("a", 108)));
    }

    #[test]
    fn what_was_seen_in_half_size_is_placed_in_full_size() {
        let seen = Seen { codes: vec![at("a", 50)], patterns: vec![[60.0, 10.0]] }.unscaled(0.5);
        assert_eq!(seen.codes[0].corners, [[100, 0], [300, 0], [300, 200], [100, 200]]);
        assert_eq!(seen.patterns, [[120.0, 20.0]]);
    }
}
