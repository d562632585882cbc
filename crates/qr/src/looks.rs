//! The looks: which decoder sees which black-and-white version of a picture, in which order.
//!
//! What each one wins, and costs, is in `docs/qr.md`; the order comes from there.

use crate::binary::Threshold;
use crate::find::Seen;
use crate::guard::Deadline;
use crate::plane::Plane;
use crate::{first, second};
use std::time::Duration;

/// A plane in another size, or filtered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    Native,
    Smooth,
    Stretched,
    Sharp,
    Half,
    Third,
    Quarter,
    SevenTenths,
    OneAndAHalf,
    Double,
    Triple,
}

impl View {
    pub const ALL: [Self; 11] = [
        Self::Native,
        Self::Smooth,
        Self::Stretched,
        Self::Sharp,
        Self::Half,
        Self::Third,
        Self::Quarter,
        Self::SevenTenths,
        Self::OneAndAHalf,
        Self::Double,
        Self::Triple,
    ];

    /// Its size in relation to the plane's.
    pub fn factor(self) -> f64 {
        match self {
            Self::Native | Self::Smooth | Self::Stretched | Self::Sharp => 1.0,
            Self::Half => 0.5,
            Self::Third => 1.0 / 3.0,
            Self::Quarter => 0.25,
            Self::SevenTenths => 0.7,
            Self::OneAndAHalf => 1.5,
            Self::Double => 2.0,
            Self::Triple => 3.0,
        }
    }

    /// The plane seen so; `None` if nothing would be left of it.
    pub fn of(self, plane: &Plane) -> Option<Plane> {
        match self {
            Self::Native => Some(plane.duplicate()),
            Self::Smooth => Some(plane.smoothed()),
            Self::Stretched => Some(plane.stretched()),
            Self::Sharp => plane.sharpened(),
            _ => plane.scaled(self.factor()),
        }
    }

    /// Nanoseconds that making it takes for each pixel of the plane, roughly, on a computer of 2020.
    fn cost(self) -> f64 {
        match self {
            Self::Native => 1.0,
            Self::Smooth | Self::Stretched => 4.0,
            Self::Sharp => 60.0,
            _ => 2.0 + 6.0 * self.factor() * self.factor(),
        }
    }
}

/// Who looks, and at what.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Eye {
    /// rqrr with its own threshold.
    First,
    /// rxing after one of ours.
    Second(Threshold),
}

/// One look at one view.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Look {
    pub view: View,
    eye: Eye,
    /// Light codes on dark ground.
    inverted: bool,
}

impl Look {
    pub fn run(&self, view: &Plane, deadline: &Deadline) -> Seen {
        match self.eye {
            Eye::First if self.inverted => first::search(&view.inverted(), deadline),
            Eye::First => first::search(view, deadline),
            Eye::Second(threshold) => threshold
                .apply(view)
                .map(|mut bits| {
                    if self.inverted {
                        bits.flip_self();
                    }
                    second::search(&bits, deadline)
                })
                .unwrap_or_default(),
        }
    }

    /// Nanoseconds that one pixel of the view takes, roughly, on a computer of 2020.
    fn cost(&self) -> f64 {
        match self.eye {
            Eye::First => 25.0,
            Eye::Second(Threshold::Blocks) => 5.0,
            Eye::Second(Threshold::Global) => 6.0,
            Eye::Second(Threshold::Local { .. }) => 14.0,
        }
    }
}

const LOCAL_WIDE: Threshold = Threshold::Local { fraction: 8, percent: 95 };
const LOCAL: Threshold = Threshold::Local { fraction: 24, percent: 95 };
const LOCAL_NARROW: Threshold = Threshold::Local { fraction: 60, percent: 95 };

/// The rounds for a plane: the cheap and likely first, both polarities of each look. What they may cost (`work`, of one
/// core) is counted in pixels and not by the clock, so that a picture has the same answer on every computer; the first
/// round is always looked at.
pub(crate) fn rounds(plane: &Plane, work: Duration) -> Vec<Vec<Look>> {
    use Eye::{First, Second};
    use Threshold::{Blocks, Global};
    use View::*;
    let plan: [&[(View, Eye)]; 4] = [
        &[(Native, Second(Blocks))],
        &[(Native, First), (Third, Second(Blocks)), (Half, Second(Blocks)), (Native, Second(LOCAL_NARROW))],
        &[
            (Smooth, Second(Blocks)),
            (Stretched, Second(Blocks)),
            (Double, Second(Blocks)),
            (Native, Second(LOCAL)),
            (Native, Second(Global)),
            (SevenTenths, Second(Blocks)),
            (Quarter, Second(Blocks)),
            (Half, First),
        ],
        &[
            (Sharp, Second(Blocks)),
            (Native, Second(LOCAL_WIDE)),
            (Half, Second(LOCAL)),
            (Half, Second(LOCAL_WIDE)),
            (OneAndAHalf, Second(Blocks)),
            (Triple, Second(Blocks)),
            (SevenTenths, Second(LOCAL)),
            (Smooth, First),
            (Smooth, Second(LOCAL_NARROW)),
        ],
    ];
    let area = f64::from(plane.width) * f64::from(plane.height);
    let mut left = work.as_secs_f64() * 1e9;
    let mut rounds = Vec::new();
    let mut made = Vec::new();
    for (number, round) in plan.iter().enumerate() {
        let mut looks = Vec::new();
        for (view, eye) in *round {
            for inverted in [false, true] {
                let look = Look { view: *view, eye: *eye, inverted };
                let making = if made.contains(view) { 0.0 } else { view.cost() };
                let cost = (making + look.cost() * view.factor() * view.factor()) * area;
                if number == 0 || cost <= left {
                    left -= cost;
                    made.push(*view);
                    looks.push(look);
                }
            }
        }
        rounds.push(looks);
    }
    rounds.retain(|round| !round.is_empty());
    rounds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_larger_picture_gets_fewer_looks_and_always_the_first() {
        let looks = |width, height, work| {
            let plane = Plane::new(width, height, vec![0; width as usize * height as usize]);
            let rounds = rounds(&plane, Duration::from_millis(work));
            assert_eq!(rounds[0].len(), 2);
            rounds.iter().map(Vec::len).sum::<usize>()
        };
        assert_eq!(looks(600, 400, 1_200), 44);
        assert!(looks(3840, 2160, 1_200) < looks(600, 400, 1_200));
        assert!(looks(8000, 8000, 1_200) >= 2);
        assert_eq!(looks(600, 400, 0), 2);
    }

    #[test]
    fn every_view_has_its_place() {
        for (place, view) in View::ALL.iter().enumerate() {
            assert_eq!(*view as usize, place);
        }
    }
}
