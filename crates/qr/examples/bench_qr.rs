//! Recall and milliseconds of the reader and, beside it, of rqrr alone: for each set of other projects' pictures where
//! they are (`../shared/qr` beside the project), and for made screens. Run with `cargo xtask bench qr`.
#![allow(clippy::disallowed_methods, reason = "a benchmark measures, and reads pictures")]
#![allow(clippy::print_stdout, reason = "a benchmark prints its result")]

use keyhaven_qr::{Limits, read, read_rgba, write};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

/// A reading: text where it is known, and the centre of the code.
struct Code {
    text: String,
    centre: (f64, f64),
}

/// Reads a picture file.
type Reader = fn(&[u8]) -> Vec<Code>;

#[derive(Default)]
struct Row {
    files: usize,
    codes: usize,
    /// Found, false texts and milliseconds a picture: of Keyhaven, and of rqrr.
    sides: [(usize, usize, Vec<f64>); 2],
}

fn main() {
    // rqrr panics on some real pictures; that is counted as nothing found and needs no words.
    std::panic::set_hook(Box::new(|_| {}));
    screens();
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/qr");
    let Ok(manifest) = std::fs::read(shared.join("MANIFEST.json")) else {
        return println!("skipped: no peer data (../shared/qr beside the project)");
    };
    let manifest: Value = serde_json::from_slice(&manifest).expect("the manifest is JSON");
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for entry in manifest.as_array().into_iter().flatten() {
        let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        measure(&shared.join(text("file")), entry, rows.entry(text("set")).or_default());
    }
    println!("{:<28} {:>5} {:>6}  {:^31}  {:^31}", "set", "files", "codes", "keyhaven", "rqrr alone");
    println!(
        "{:<41}  {:>7} {:>5} {:>8} {:>8}  {:>7} {:>5} {:>8} {:>8}",
        "", "recall", "false", "median", "p95", "recall", "false", "median", "p95"
    );
    let mut totals: BTreeMap<&str, Row> = BTreeMap::new();
    for (set, row) in &rows {
        print(set, row);
        let total = totals.entry(kind(set)).or_default();
        total.files += row.files;
        total.codes += row.codes;
        for (total, side) in total.sides.iter_mut().zip(&row.sides) {
            total.0 += side.0;
            total.1 += side.1;
            total.2.extend_from_slice(&side.2);
        }
    }
    for (name, total) in &totals {
        print(name, total);
    }
}

/// The same division as the targets have.
fn kind(set: &str) -> &'static str {
    const SCREENS: [&str; 8] =
        ["synth", "ui", "auth", "quircs", "rqrr", "zxing-multi", "zxingcpp-multi", "boofcv-decoding"];
    match set {
        set if set.starts_with("neg") || set == "synth-negative" => "= without codes",
        set if SCREENS.iter().any(|start| set.starts_with(start)) => "= screens and made",
        _ => "= photographs",
    }
}

fn print(name: &str, row: &Row) {
    let mut line = format!("{name:<28} {:>5} {:>6}", row.files, row.codes);
    for (found, wrong, times) in &row.sides {
        let mut times = times.clone();
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times.get((times.len() as f64 * share) as usize).or(times.last()).copied();
        let recall = if row.codes == 0 { 100.0 } else { 100.0 * *found as f64 / row.codes as f64 };
        line += &format!(
            "  {recall:>6.1}% {wrong:>5} {:>5.1} ms {:>5.0} ms",
            at(0.5).unwrap_or(0.0),
            at(0.95).unwrap_or(0.0)
        );
    }
    println!("{line}");
}

fn measure(file: &Path, entry: &Value, row: &mut Row) {
    let Ok(bytes) = std::fs::read(file) else { return println!("{}: not there", file.display()) };
    let expected: Option<Vec<String>> = entry["expected"]
        .as_array()
        .map(|texts| texts.iter().filter_map(|text| text.as_str().map(normal)).collect());
    let quads: Vec<Vec<f64>> = serde_json::from_value(entry["quads"].clone()).unwrap_or_default();
    row.files += 1;
    row.codes += match &expected {
        Some(texts) => texts.len(),
        None => entry["n_codes"].as_u64().map_or(quads.len(), |count| count as usize),
    };
    let readers: [Reader; 2] = [keyhaven, rqrr_alone];
    for (side, reader) in row.sides.iter_mut().zip(readers) {
        let start = Instant::now();
        let codes = reader(&bytes);
        side.2.push(start.elapsed().as_secs_f64() * 1_000.0);
        let (found, wrong) = match &expected {
            Some(texts) => by_text(texts, &codes),
            None => by_place(&quads, &codes),
        };
        side.0 += found;
        side.1 += wrong;
    }
}

fn keyhaven(bytes: &[u8]) -> Vec<Code> {
    let found = read(bytes, &Limits::default()).unwrap_or_default();
    found
        .iter()
        .map(|code| Code { text: code.text.expose().to_owned(), centre: centre(&code.corners) })
        .collect()
}

fn rqrr_alone(bytes: &[u8]) -> Vec<Code> {
    let bytes = bytes.to_vec();
    // Some pictures take it half a minute.
    let (answer, answered) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let Ok(picture) = image::load_from_memory(&bytes) else { return };
        let mut prepared = rqrr::PreparedImage::prepare(picture.to_luma8());
        let found = prepared.detect_grids();
        let codes = found.iter().filter_map(|grid| {
            let (_, text) = grid.decode().ok()?;
            let corners = grid.bounds.map(|point| [point.x, point.y]);
            Some(Code { text, centre: centre(&corners) })
        });
        drop(answer.send(codes.collect()));
    });
    answered.recv_timeout(Duration::from_secs(10)).unwrap_or_default()
}

fn centre(corners: &[[i32; 2]; 4]) -> (f64, f64) {
    let sum = |axis: usize| corners.iter().map(|corner| f64::from(corner[axis])).sum::<f64>() / 4.0;
    (sum(0), sum(1))
}

/// Without what texts differ in that say the same: white space, byte order marks.
fn normal(text: &str) -> String {
    let text: String = text.chars().filter(|c| *c != '\u{feff}' && *c != '\0').collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| ('!'..='~').contains(c)).collect()
}

fn by_text(expected: &[String], codes: &[Code]) -> (usize, usize) {
    let mut left = expected.to_vec();
    let (mut found, mut wrong) = (0, 0);
    for code in codes {
        let text = normal(&code.text);
        let same =
            |wanted: &String| *wanted == text || (plain(wanted).len() >= 6 && plain(wanted) == plain(&text));
        match left.iter().position(same) {
            Some(at) => {
                left.remove(at);
                found += 1;
            }
            None if expected.iter().any(same) => {}
            None => wrong += 1,
        }
    }
    (found, wrong)
}

fn by_place(quads: &[Vec<f64>], codes: &[Code]) -> (usize, usize) {
    let mut used = vec![false; quads.len()];
    let mut wrong = 0;
    for code in codes {
        let inside = |quad: &[f64]| inside(quad, code.centre);
        match (0..quads.len()).find(|at| !used[*at] && inside(&quads[*at])) {
            Some(at) => used[at] = true,
            None if quads.iter().any(|quad| inside(quad)) => {}
            None => wrong += 1,
        }
    }
    (used.iter().filter(|used| **used).count(), wrong)
}

/// Whether the point lies in the four corners, given a third of slack.
fn inside(quad: &[f64], (x, y): (f64, f64)) -> bool {
    let points: Vec<(f64, f64)> = quad.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
    let count = points.len() as f64;
    let (cx, cy) = (
        points.iter().map(|point| point.0).sum::<f64>() / count,
        points.iter().map(|point| point.1).sum::<f64>() / count,
    );
    let wide: Vec<(f64, f64)> =
        points.iter().map(|(u, v)| ((u - cx) * 1.35 + cx, (v - cy) * 1.35 + cy)).collect();
    let sides = (0..wide.len()).map(|at| {
        let ((x0, y0), (x1, y1)) = (wide[at], wide[(at + 1) % wide.len()]);
        (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) > 0.0
    });
    let sides: Vec<bool> = sides.collect();
    sides.iter().all(|side| *side == sides[0])
}

/// A screen of 3840 × 2160 pixels: with one small code, and with none.
fn screens() {
    const RUNS: usize = 15;
    const TEXT: &str =
        "otpauth://totp/Example:me@example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example";
    let (width, height) = (3840u32, 2160u32);
    let mut screen = vec![255u8; (width * height * 4) as usize];
    // Something that is no plain ground: lines of dark dashes, as text has them.
    for y in (40..height - 40).step_by(22) {
        for x in (60..width - 60).filter(|x| (x / 7 + y / 3) % 3 != 0) {
            for row in 0..9 {
                let at = (((y + row) * width + x) * 4) as usize;
                screen[at..at + 3].fill(60);
            }
        }
    }
    let code = write::modules(TEXT).expect("it fits a code");
    let mut with = screen.clone();
    for y in 0..code.side() * 3 {
        for x in 0..code.side() * 3 {
            let at = ((1_500 + y) * width as usize + 2_700 + x) * 4;
            with[at..at + 3].fill(if code.dark(x / 3, y / 3) { 0 } else { 255 });
        }
    }
    for (name, pixels, wanted) in [("one code of 3 pixels a module", &with, 1), ("no code", &screen, 0)] {
        let mut times: Vec<f64> = Vec::new();
        let mut right = 0;
        for _ in 0..RUNS {
            let start = Instant::now();
            let found = read_rgba(width, height, pixels, &Limits::default()).unwrap_or_default();
            times.push(start.elapsed().as_secs_f64() * 1_000.0);
            right +=
                usize::from(found.len() == wanted && found.iter().all(|code| code.text.expose() == TEXT));
        }
        times.sort_by(f64::total_cmp);
        println!(
            "4K screen, {name}: right {right} of {RUNS}, median {:.0} ms, p95 {:.0} ms",
            times[RUNS / 2],
            times[RUNS * 95 / 100]
        );
    }
}
