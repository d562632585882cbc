//! Characters with their places → lines of text.

use zeroize::Zeroizing;

/// A transformation `[a b c d e f]` (§8.3.3).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Matrix(pub [f32; 6]);

impl Matrix {
    pub const IDENTITY: Self = Self([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    pub fn shift(x: f32, y: f32) -> Self {
        Self([1.0, 0.0, 0.0, 1.0, x, y])
    }

    /// First this, then `next`.
    pub fn then(&self, next: &Self) -> Self {
        let [a, b, c, d, e, f] = self.0;
        let [na, nb, nc, nd, ne, nf] = next.0;
        Self([
            a * na + b * nc,
            a * nb + b * nd,
            c * na + d * nc,
            c * nb + d * nd,
            e * na + f * nc + ne,
            e * nb + f * nd + nf,
        ])
    }

    pub fn x(&self) -> f32 {
        self.0[4]
    }

    pub fn y(&self) -> f32 {
        self.0[5]
    }

    pub fn vertical_scale(&self) -> f32 {
        self.0[2].hypot(self.0[3])
    }
}

/// One character on the page.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    pub x: f32,
    pub y: f32,
    /// Where the next character would stand.
    pub end: f32,
    pub size: f32,
    pub text: char,
}

/// Writes the pieces in lines from the top to the bottom, each from left to right. A gap becomes a blank, a wide one
/// two: the columns of a table.
pub(crate) fn write(mut pieces: Vec<Piece>, out: &mut Zeroizing<String>) {
    pieces.retain(|piece| piece.x.is_finite() && piece.y.is_finite() && piece.end.is_finite());
    // The first coordinate is the page's height, upwards. Sorting is stable: what overlaps keeps its order.
    pieces.sort_by(|one, other| other.y.total_cmp(&one.y));
    let mut line: Vec<Piece> = Vec::new();
    for piece in pieces {
        // Characters of one line may stand a little higher or lower: half of their size is another line.
        if line.first().is_some_and(|first| first.y - piece.y > first.size.max(piece.size) * 0.5) {
            write_line(&mut line, out);
        }
        line.push(piece);
    }
    write_line(&mut line, out);
}

fn write_line(line: &mut Vec<Piece>, out: &mut Zeroizing<String>) {
    line.sort_by(|one, other| one.x.total_cmp(&other.x));
    let mut end: Option<f32> = None;
    for piece in line.drain(..) {
        if let Some(end) = end {
            let gap = (piece.x - end) / piece.size.max(0.1);
            if gap > 0.8 {
                out.push_str("  ");
            } else if gap > 0.15 && piece.text != ' ' && !out.ends_with(' ') {
                out.push(' ');
            }
        }
        end = Some(end.map_or(piece.end, |end| end.max(piece.end)));
        out.push(piece.text);
    }
    out.push('\n');
}
