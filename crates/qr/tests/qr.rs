//! What a caller sees: pictures in, texts and corners out; texts in, pictures out. All pictures are made here.
#![allow(clippy::disallowed_methods)] // the tests measure time

use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgba, RgbaImage};
use keyhaven_qr::{Found, Limits, PictureError, read, read_luma, read_rgba, write};
use proptest::prelude::*;
use std::io::Cursor;
use std::time::{Duration, Instant};

const TEXT: &str = "otpauth://totp/Example:ann?secret=GEZDGNBVGY3TQOJQ&issuer=Example";

fn grey(text: &str, module: u32) -> GrayImage {
    image::load_from_memory(&write::png(text, module).unwrap()).unwrap().into_luma8()
}

fn bytes(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    picture.into().write_to(&mut out, format).unwrap();
    out.into_inner()
}

fn png(picture: impl Into<DynamicImage>) -> Vec<u8> {
    bytes(picture, ImageFormat::Png)
}

fn texts(found: &[Found]) -> Vec<&str> {
    found.iter().map(|code| code.text.expose()).collect()
}

/// As people have it, but for the deadline: what is read must not depend on how busy a machine is.
fn patient() -> Limits {
    Limits { time: Duration::from_secs(600), ..Limits::default() }
}

fn read_all(bytes: &[u8]) -> Vec<Found> {
    read(bytes, &patient()).unwrap()
}

#[test]
fn all_five_formats_are_read() {
    let rgb = DynamicImage::from(grey(TEXT, 4)).into_rgb8();
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Bmp]
    {
        assert_eq!(texts(&read_all(&bytes(rgb.clone(), format))), [TEXT], "{format:?}");
    }
}

#[test]
fn sixteen_bits_and_grey_with_alpha_are_read() {
    let picture = DynamicImage::from(grey(TEXT, 4));
    assert_eq!(texts(&read_all(&png(picture.to_luma16()))), [TEXT]);
    assert_eq!(texts(&read_all(&png(picture.to_rgba16()))), [TEXT]);
    assert_eq!(texts(&read_all(&png(picture.to_luma_alpha8()))), [TEXT]);
}

/// As a camera's program shows it to the person before it.
#[test]
fn a_code_in_a_mirror_is_read() {
    let mirrored = image::imageops::flip_horizontal(&grey(TEXT, 4));
    assert_eq!(texts(&read_all(&png(mirrored))), [TEXT]);
}

#[test]
fn corners_are_the_codes_own_in_reading_order() {
    let picture = grey(TEXT, 5);
    let (left, right) = (4 * 5, i64::from(picture.width()) - 4 * 5);
    let found = read_all(&png(picture));
    let expected = [[left, left], [right, left], [right, right], [left, right]];
    for (corner, wanted) in found[0].corners.iter().zip(expected) {
        for axis in 0..2 {
            let off = (i64::from(corner[axis]) - wanted[axis]).abs();
            assert!(off <= 8, "{:?}, expected about {expected:?}", found[0].corners);
        }
    }
}

#[test]
fn light_codes_on_dark_ground_are_read() {
    let mut picture = grey(TEXT, 4);
    image::imageops::invert(&mut picture);
    assert_eq!(texts(&read_all(&png(picture))), [TEXT]);
}

/// A code in every way that transparency is used: the modules, the ground, or both are of one colour.
#[test]
fn transparent_pictures_are_read_whatever_colour_lies_beneath() {
    let code = grey(TEXT, 4);
    let variants: [(&str, Rgba<u8>, Rgba<u8>); 5] = [
        ("black on nothing, which is black", Rgba([0, 0, 0, 255]), Rgba([0, 0, 0, 0])),
        ("white on nothing, which is white", Rgba([255, 255, 255, 255]), Rgba([255, 255, 255, 0])),
        ("nothing on white", Rgba([255, 255, 255, 0]), Rgba([255, 255, 255, 255])),
        ("nothing on black", Rgba([0, 0, 0, 0]), Rgba([0, 0, 0, 255])),
        ("grey on nothing", Rgba([128, 128, 128, 255]), Rgba([128, 128, 128, 0])),
    ];
    for (name, dark, light) in variants {
        let picture = RgbaImage::from_fn(code.width(), code.height(), |x, y| {
            if code.get_pixel(x, y).0[0] == 0 { dark } else { light }
        });
        assert_eq!(texts(&read_all(&png(picture.clone()))), [TEXT], "{name}, as a file");
        let limits = Limits::default();
        let pasted = read_rgba(picture.width(), picture.height(), picture.as_raw(), &limits).unwrap();
        assert_eq!(texts(&pasted), [TEXT], "{name}, from the clipboard");
    }
}

#[test]
fn several_codes_are_all_found_and_equal_ones_are_kept_apart() {
    let (one, two) = (grey("first", 4), grey("second", 4));
    let mut page = GrayImage::from_pixel(600, 400, Luma([255]));
    for (code, x, y) in [(&one, 10, 10), (&two, 250, 20), (&one, 40, 250)] {
        image::imageops::overlay(&mut page, code, x, y);
    }
    let mut dark = two.clone();
    image::imageops::invert(&mut dark);
    image::imageops::overlay(&mut page, &dark, 430, 260);
    let found = read_all(&png(page));
    let mut all = texts(&found);
    all.sort_unstable();
    assert_eq!(all, ["first", "first", "second", "second"]);
}

/// Maps the brightness of every pixel of a code's picture.
fn changed(text: &str, module: u32, change: impl Fn(u8) -> u8) -> GrayImage {
    let mut picture = grey(text, module);
    picture.pixels_mut().for_each(|pixel| pixel.0[0] = change(pixel.0[0]));
    picture
}

/// What the later looks and the second decoder are for.
#[test]
fn faint_blurred_gapped_and_shrunken_codes_are_read() {
    let faint = changed(TEXT, 4, |value| if value == 0 { 120 } else { 132 });
    assert_eq!(texts(&read_all(&png(faint))), [TEXT], "faint");
    let blurred = image::imageops::blur(&grey(TEXT, 6), 3.0);
    assert_eq!(texts(&read_all(&png(blurred))), [TEXT], "blurred");
    // Round dots instead of squares, as decorated codes have them.
    let dots = {
        let squares = grey(TEXT, 12);
        GrayImage::from_fn(squares.width(), squares.height(), |x, y| {
            let from_middle = |v: u32| (v % 12).abs_diff(6);
            let dot = from_middle(x).pow(2) + from_middle(y).pow(2) < 33;
            if dot { *squares.get_pixel(x, y) } else { Luma([255]) }
        })
    };
    assert_eq!(texts(&read_all(&png(dots))), [TEXT], "dots");
    let squares = grey(TEXT, 5);
    let side = squares.width() * 2 / 5 + 3; // 2.07 pixels a module
    let small = image::imageops::resize(&squares, side, side, image::imageops::FilterType::Triangle);
    assert_eq!(texts(&read_all(&png(small))), [TEXT], "shrunken");
}

#[test]
fn a_small_code_on_a_large_screen_is_found_where_it_is() {
    let mut screen =
        GrayImage::from_fn(3840, 2160, |x, y| Luma([if y % 40 < 20 && x % 9 < 4 { 90 } else { 240 }]));
    image::imageops::overlay(&mut screen, &grey(TEXT, 2), 3000, 1500);
    let found = read_luma(3840, 2160, screen.as_raw(), &patient()).unwrap();
    assert_eq!(texts(&found), [TEXT]);
    assert!(found[0].corners.iter().all(|[x, y]| (3000..3100).contains(x) && (1500..1600).contains(y)));
}

#[test]
fn one_code_can_be_enough() {
    let mut page = GrayImage::from_pixel(600, 300, Luma([255]));
    image::imageops::overlay(&mut page, &grey("left", 4), 20, 20);
    image::imageops::overlay(&mut page, &grey("right", 4), 320, 20);
    let limits = Limits { one: true, ..patient() };
    assert!(!read(&png(page), &limits).unwrap().is_empty());
}

#[test]
fn a_picture_without_a_code_is_an_empty_list() {
    assert_eq!(read_all(&png(GrayImage::from_pixel(300, 200, Luma([255])))), []);
    let stripes = GrayImage::from_fn(300, 200, |x, _| Luma([if x / 3 % 2 == 0 { 0 } else { 255 }]));
    assert_eq!(read_all(&png(stripes)), []);
}

#[test]
fn slender_and_empty_pictures_are_no_trouble() {
    for (width, height) in [(1, 1), (1, 5000), (5000, 1), (2, 3), (7, 7)] {
        for value in [0, 255] {
            assert_eq!(read_all(&png(GrayImage::from_pixel(width, height, Luma([value])))), []);
        }
    }
    assert_eq!(read_luma(0, 0, &[], &Limits::default()), Ok(vec![]));
    assert_eq!(read_rgba(0, 9, &[], &Limits::default()), Ok(vec![]));
}

#[test]
fn pixels_that_do_not_fit_the_size_are_refused() {
    let error = read_luma(10, 10, &[0; 99], &Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "10 × 10 pixels of 1 bytes need 100 bytes, there are 99");
    assert!(matches!(
        read_rgba(2, 2, &[0; 4], &Limits::default()),
        Err(PictureError::PixelCount { expected: 16, actual: 4, .. })
    ));
    assert!(matches!(
        read_luma(u32::MAX, u32::MAX, &[], &Limits::default()),
        Err(PictureError::TooManyPixels { .. })
    ));
}

/// Chunk of a PNG with its checksum (ISO/IEC 15948 §5.3).
fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [kind.as_slice(), data].concat();
    let crc = !body.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| if c & 1 == 1 { c >> 1 ^ 0xEDB8_8320 } else { c >> 1 })
    });
    [&(data.len() as u32).to_be_bytes(), body.as_slice(), &crc.to_be_bytes()].concat()
}

/// A one-bit PNG of any claimed size whose data is whatever `data` says.
fn claiming(width: u32, height: u32, data: &[u8]) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[1, 0, 0, 0, 0]].concat();
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IHDR", &header), chunk(b"IDAT", data), chunk(b"IEND", &[])]
        .concat()
}

#[test]
fn picture_bombs_are_refused_by_their_header() {
    for (width, height) in [(20_000, 20_000), (16_000, 16_000), (30_000, 1)] {
        let error = read(&claiming(width, height, &[0x78, 0x9c]), &Limits::default()).unwrap_err();
        assert!(matches!(error, PictureError::TooManyPixels { .. }), "{width} × {height}: {error}");
        assert!(error.to_string().contains(&width.to_string()), "{error}");
    }
    let mut bmp = bytes(DynamicImage::from(grey("x", 1)).into_rgb8(), ImageFormat::Bmp);
    bmp[18..26].copy_from_slice(&[0x20, 0x4e, 0, 0, 0x20, 0x4e, 0, 0]); // 20,000 × 20,000
    assert!(matches!(read(&bmp, &Limits::default()), Err(PictureError::TooManyPixels { .. })));
}

#[test]
fn a_file_longer_than_the_cap_is_refused_unread() {
    let limits = Limits { bytes: 1000, ..Limits::default() };
    let error = read(&[0; 1001], &limits).unwrap_err();
    assert_eq!(error, PictureError::TooManyBytes { bytes: 1001, limit: 1000 });
}

#[test]
fn what_is_no_picture_gets_a_word_that_says_so() {
    let limits = Limits::default();
    assert_eq!(read(b"", &limits), Err(PictureError::Empty));
    assert_eq!(read(b"otpauth://totp/x?secret=JBSWY3DP", &limits), Err(PictureError::UnknownFormat));
    assert_eq!(read(b"II*\0 a TIFF, which is not read", &limits), Err(PictureError::UnknownFormat));
    let whole = png(grey(TEXT, 4));
    let error = read(&whole[..whole.len() / 2], &limits).unwrap_err();
    assert!(matches!(error, PictureError::Broken { format: "PNG", .. }), "{error}");
    let error = read(b"\x89PNG\r\n\x1a\nand then something else", &limits).unwrap_err();
    assert_eq!(error.to_string(), "the PNG picture cannot be decoded: the file is damaged");
}

/// 500 finder patterns on one screen: rqrr alone needs many seconds for such pictures.
#[test]
fn the_search_ends_at_its_deadline() {
    let page = GrayImage::from_fn(1920, 1080, |x, y| {
        let (x, y) = ((x % 40) / 4, (y % 40) / 4);
        let ring = x.max(y).max(6 - x.min(6)).max(6 - y.min(6));
        Luma([if x > 6 || y > 6 || ring == 5 { 255 } else { 0 }])
    });
    let limits = Limits { time: Duration::from_millis(300), ..Limits::default() };
    let start = Instant::now();
    let result = read_luma(1920, 1080, page.as_raw(), &limits);
    // Thirty times what was asked for, for machines that have much else to do.
    assert!(start.elapsed() < Duration::from_secs(10), "took {:?}", start.elapsed());
    assert!(matches!(&result, Err(PictureError::DeadlinePassed)), "{result:?}");
}

#[test]
fn no_time_at_all_is_the_deadlines_error() {
    let limits = Limits { time: Duration::ZERO, ..Limits::default() };
    assert_eq!(read(&png(grey(TEXT, 4)), &limits), Err(PictureError::DeadlinePassed));
}

#[test]
fn svg_draws_every_dark_module_and_a_quiet_zone() {
    let svg = write::svg(TEXT).unwrap();
    let side = grey(TEXT, 1).width();
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""), "{svg}");
    assert!(svg.contains(&format!("viewBox=\"0 0 {side} {side}\"")), "{svg}");
    // Draw the path's runs ("M4 4h7v1h-7z") and read the drawing.
    let path = svg.split(" d=\"").nth(1).unwrap().split('"').next().unwrap();
    let mut drawn = GrayImage::from_pixel(side, side, Luma([255]));
    for run in path.split('M').filter(|run| !run.is_empty()) {
        let numbers: Vec<u32> = run
            .split(|c: char| !c.is_ascii_digit())
            .filter(|n| !n.is_empty())
            .map(|n| n.parse().unwrap())
            .collect();
        (0..numbers[2]).for_each(|i| drawn.put_pixel(numbers[0] + i, numbers[1], Luma([0])));
    }
    let large = image::imageops::resize(&drawn, side * 4, side * 4, image::imageops::FilterType::Nearest);
    assert_eq!(texts(&read_all(&png(large))), [TEXT]);
}

/// What a camera would see of the terminal: blocks are ink, two rows a line.
fn screenshot(text: &str, ink: u8) -> GrayImage {
    let lines: Vec<Vec<char>> = text.lines().map(|line| line.chars().collect()).collect();
    let (width, height) = (lines[0].len() as u32, lines.len() as u32 * 2);
    GrayImage::from_fn(width * 4, height * 4, |x, y| {
        let block = lines[(y / 8) as usize][(x / 4) as usize];
        let inked = if y / 4 % 2 == 0 { "█▀" } else { "█▄" }.contains(block);
        Luma([if inked { ink } else { 255 - ink }])
    })
}

#[test]
fn terminal_blocks_are_a_code_on_both_kinds_of_terminal() {
    let light_on_dark = screenshot(&write::terminal(TEXT, false).unwrap(), 255);
    assert_eq!(texts(&read_all(&png(light_on_dark))), [TEXT]);
    let dark_on_light = screenshot(&write::terminal(TEXT, true).unwrap(), 0);
    assert_eq!(texts(&read_all(&png(dark_on_light))), [TEXT]);
}

#[test]
fn texts_that_cannot_be_written_are_named() {
    assert_eq!(write::png("", 4), Err(write::WriteError::Empty));
    assert_eq!(write::svg(&"x".repeat(2954)), Err(write::WriteError::TooLong { bytes: 2954 }));
    assert!(write::svg(&"x".repeat(2953)).is_ok());
    assert!(matches!(write::png("x", u32::MAX), Err(write::WriteError::ModuleSize { most: 564, .. })));
}

/// UTF-8 whose bytes look like Shift JIS kanji: the encoder crate's own choice of segments writes them as kanji.
#[test]
fn text_beyond_ascii_comes_back_as_it_was() {
    for text in ["日本語のアカウント", "Zürich:änn", "🔐 vault", "Ж"] {
        assert_eq!(texts(&read_all(&write::png(text, 4).unwrap())), [text]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_written_is_read(text in "[ -~]{1,200}", module in 3u32..7) {
        let found = read_all(&write::png(&text, module).unwrap());
        prop_assert_eq!(texts(&found), [text.as_str()]);
    }

    /// Whatever happens to a file's bytes: an answer, and never a text that was not written.
    #[test]
    fn damaged_files_give_an_answer_and_no_false_text(
        format in prop::sample::select(vec![
            ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Bmp,
        ]),
        cut in any::<prop::sample::Index>(),
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
    ) {
        let mut file = bytes(DynamicImage::from(grey("kept", 3)).into_rgb8(), format);
        for (place, value) in hits {
            let place = place.index(file.len());
            file[place] = value;
        }
        file.truncate(cut.index(file.len()) + 1);
        if let Ok(found) = read(&file, &patient()) {
            prop_assert!(texts(&found).iter().all(|text| *text == "kept"));
        }
    }

    #[test]
    fn noise_gives_an_answer_and_no_text(width in 1u32..80, seed in prop::collection::vec(any::<u8>(), 6400)) {
        let height = 6400 / width;
        let pixels = &seed[..(width * height) as usize];
        prop_assert_eq!(read_luma(width, height, pixels, &patient()), Ok(vec![]));
    }
}

/// A PDF of pages of A4, each with its content and one picture, `/I`.
fn pdf(pages: &[(String, &GrayImage)]) -> Vec<u8> {
    let mut objects = vec![b"<< /Type /Catalog /Pages 2 0 R >>".to_vec()];
    let kids: String = (0..pages.len()).map(|at| format!("{} 0 R ", 3 + at * 3)).collect();
    objects.push(format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", pages.len()).into_bytes());
    for (at, (content, picture)) in pages.iter().enumerate() {
        let [contents, image] = [4, 5].map(|object| object + at * 3);
        objects.push(
            format!(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {contents} 0 R \
                 /Resources << /XObject << /I {image} 0 R >> >> >>"
            )
            .into_bytes(),
        );
        objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()).into_bytes());
        let mut object = format!(
            "<< /Type /XObject /Subtype /Image /Width {} /Height {} /ColorSpace /DeviceGray /BitsPerComponent 8 \
             /Length {} >>\nstream\n",
            picture.width(),
            picture.height(),
            picture.as_raw().len()
        )
        .into_bytes();
        object.extend_from_slice(picture.as_raw());
        object.extend_from_slice(b"\nendstream");
        objects.push(object);
    }
    let mut bytes = b"%PDF-1.4\n".to_vec();
    for (at, object) in objects.iter().enumerate() {
        bytes.extend(
            format!("{} 0 obj\n", at + 1).bytes().chain(object.iter().copied()).chain(*b"\nendobj\n"),
        );
    }
    bytes.extend_from_slice(b"trailer\n<< /Root 1 0 R >>\n%%EOF\n");
    bytes
}

fn in_file(bytes: &[u8]) -> Vec<(Option<usize>, String)> {
    let read = keyhaven_qr::read_file(bytes, &patient()).unwrap();
    assert_eq!(read.left, []);
    let found = read.found.into_iter();
    found.map(|one| (one.page, one.code.text.expose_for_display().to_owned())).collect()
}

/// The rectangles of a code as programs write them, `module` points a module.
fn drawn(text: &str, left: f32, bottom: f32, module: f32) -> String {
    let code = write::modules(text).unwrap();
    let mut content = String::new();
    for y in 0..code.side() {
        for x in (0..code.side()).filter(|x| code.dark(*x, y)) {
            let (x, y) = (left + x as f32 * module, bottom + (code.side() - 1 - y) as f32 * module);
            content += &format!("{x} {y} {module} {module} re\n");
        }
    }
    content + "f\n"
}

#[test]
fn every_page_of_a_pdf_is_looked_at() {
    let one = grey("otpauth://totp/a?secret=GEZDGNBVGY3TQOJQ", 4);
    // A code of some hundred pixels in the picture of a screen, which the page shows at a tenth of its size.
    let small = grey("otpauth://totp/small?secret=GEZDGNBVGY3TQOJQ", 3);
    let mut screen = GrayImage::from_pixel(3840, 2160, Luma([235]));
    image::imageops::replace(&mut screen, &small, 3000, 1500);
    let blank = GrayImage::from_pixel(1, 1, Luma([255]));
    let dense: String = (0..700).map(|at| char::from(b'A' + (at * 7 % 26) as u8)).collect();
    let bytes = pdf(&[
        ("q 150 0 0 150 60 600 cm /I Do Q".into(), &one),
        ("q 300 0 0 169 60 600 cm /I Do Q".into(), &screen),
        (drawn("printed as shapes", 100.0, 300.0, 3.0), &blank),
        ("0 0 10 10 re f".into(), &blank),
        (drawn(&dense, 40.0, 560.0, 1.6) + &drawn("few large modules", 320.0, 560.0, 6.5), &blank),
    ]);
    let wanted = [
        (Some(1), "otpauth://totp/a?secret=GEZDGNBVGY3TQOJQ"),
        (Some(2), "otpauth://totp/small?secret=GEZDGNBVGY3TQOJQ"),
        (Some(3), "printed as shapes"),
        (Some(5), dense.as_str()),
        (Some(5), "few large modules"),
    ];
    let mut found = in_file(&bytes);
    found.sort_unstable();
    assert_eq!(found, wanted.map(|(page, text)| (page, text.to_owned())));
    assert_eq!(keyhaven_qr::read_file(&bytes, &patient()).unwrap().pages, Some(5));
    assert!(matches!(read(&bytes, &patient()), Err(PictureError::UnknownFormat)), "a PDF is no picture");
}

#[test]
fn what_is_not_looked_at_is_said() {
    let blank = GrayImage::from_pixel(1, 1, Luma([255]));
    let bytes = pdf(&[("0 0 10 10 re f".into(), &blank), (drawn("x", 100.0, 300.0, 3.0), &blank)]);
    let none = Limits { time: Duration::ZERO, ..Limits::default() };
    let read = keyhaven_qr::read_file(&bytes, &none).unwrap();
    assert_eq!((read.pages, read.found.len()), (Some(2), 0));
    assert_eq!(read.left_in_words(), ["pages 1 to 2: the time for it was over"]);
    let broken = keyhaven_qr::read_file(b"%PDF-1.4\nnothing", &patient()).unwrap_err();
    assert_eq!(broken.to_string(), "this PDF is damaged");
    let picture = keyhaven_qr::read_file(&png(grey(TEXT, 4)), &patient()).unwrap();
    assert_eq!((picture.pages, picture.found.len(), picture.found[0].page), (None, 1, None));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// What a page shows is read, wherever it stands, drawn as shapes or as a picture.
    #[test]
    fn a_code_on_a_page_is_read(
        text in "[A-Za-z0-9 :/?=&-]{1,120}", left in 20.0f32..200.0, bottom in 20.0f32..400.0,
        module in 1.5f32..4.0, as_picture in any::<bool>(), pixels in 2u32..9,
    ) {
        let picture = grey(&text, pixels);
        let side = write::modules(&text).unwrap().side() as f32 * module;
        let content = if as_picture {
            format!("q {side} 0 0 {side} {left} {bottom} cm /I Do Q")
        } else {
            drawn(&text, left, bottom, module)
        };
        prop_assert_eq!(in_file(&pdf(&[(content, &picture)])), [(Some(1), text)]);
    }
}
