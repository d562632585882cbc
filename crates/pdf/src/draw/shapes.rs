//! The shapes of one library in the words of the other.

use hayro_interpret::kurbo::{Affine, BezPath, Cap, Join, PathEl, Point};
use hayro_interpret::{BlendMode, FillRule, StrokeProps};
use tiny_skia::{LineCap, LineJoin, Path, PathBuilder, Stroke, StrokeDash, Transform};

/// The thinnest line that is drawn, in pixels (§10.6.5, "a line width of 0 denotes the thinnest line").
const HAIR: f32 = 0.7;

/// `None` for a shape without an extent, or with one that is no number.
pub(super) fn path(path: &BezPath) -> Option<Path> {
    let mut out = PathBuilder::with_capacity(path.elements().len() + 1, path.elements().len() * 2 + 2);
    let point = |point: Point| (point.x as f32, point.y as f32);
    for element in path.elements() {
        match *element {
            PathEl::MoveTo(to) => {
                let (x, y) = point(to);
                out.move_to(x, y);
            }
            PathEl::LineTo(to) => {
                let (x, y) = point(to);
                out.line_to(x, y);
            }
            PathEl::QuadTo(by, to) => {
                let ((bx, by), (x, y)) = (point(by), point(to));
                out.quad_to(bx, by, x, y);
            }
            PathEl::CurveTo(one, two, to) => {
                let ((ax, ay), (bx, by), (x, y)) = (point(one), point(two), point(to));
                out.cubic_to(ax, ay, bx, by, x, y);
            }
            PathEl::ClosePath => out.close(),
        }
    }
    out.finish()
}

pub(super) fn transform(transform: Affine) -> Transform {
    let [a, b, c, d, e, f] = transform.as_coeffs().map(|value| value as f32);
    Transform::from_row(a, b, c, d, e, f)
}

pub(super) fn rule(rule: FillRule) -> tiny_skia::FillRule {
    match rule {
        FillRule::NonZero => tiny_skia::FillRule::Winding,
        FillRule::EvenOdd => tiny_skia::FillRule::EvenOdd,
    }
}

/// A line's look; `scale` is how many pixels one unit of it has.
pub(super) fn stroke(line: &StrokeProps, scale: f32) -> Stroke {
    let mut dashes = line.dash_array.to_vec();
    if dashes.len() % 2 == 1 {
        // An odd list begins anew with its parts and gaps changed over (§8.4.3.6).
        dashes.extend_from_within(..);
    }
    Stroke {
        width: line.line_width.max(HAIR / scale.max(f32::MIN_POSITIVE)),
        miter_limit: line.miter_limit,
        line_cap: match line.line_cap {
            Cap::Butt => LineCap::Butt,
            Cap::Square => LineCap::Square,
            Cap::Round => LineCap::Round,
        },
        line_join: match line.line_join {
            Join::Bevel => LineJoin::Bevel,
            Join::Miter => LineJoin::Miter,
            Join::Round => LineJoin::Round,
        },
        dash: StrokeDash::new(dashes, line.dash_offset),
    }
}

pub(super) fn blend(mode: BlendMode) -> tiny_skia::BlendMode {
    use tiny_skia::BlendMode as To;
    match mode {
        BlendMode::Normal => To::SourceOver,
        BlendMode::Multiply => To::Multiply,
        BlendMode::Screen => To::Screen,
        BlendMode::Overlay => To::Overlay,
        BlendMode::Darken => To::Darken,
        BlendMode::Lighten => To::Lighten,
        BlendMode::ColorDodge => To::ColorDodge,
        BlendMode::ColorBurn => To::ColorBurn,
        BlendMode::HardLight => To::HardLight,
        BlendMode::SoftLight => To::SoftLight,
        BlendMode::Difference => To::Difference,
        BlendMode::Exclusion => To::Exclusion,
        BlendMode::Hue => To::Hue,
        BlendMode::Saturation => To::Saturation,
        BlendMode::Color => To::Color,
        BlendMode::Luminosity => To::Luminosity,
    }
}
