//! Pages as they look: PDFs written here, object by object, and what is drawn of them.

use keyhaven_pdf::{Document, DrawError, Drawn, Limits, OpenError};
use proptest::prelude::*;
use std::time::Duration;

/// What is drawn must not depend on how busy a machine is.
const PATIENT: Limits = Limits { longest: 200, time: Duration::from_secs(600), pictures: true };

/// A file of these objects, with the table of their places. The first is the catalogue.
fn file(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        places.push(bytes.len());
        bytes.extend(
            format!("{} 0 obj\n", at + 1).bytes().chain(object.iter().copied()).chain(*b"\nendobj\n"),
        );
    }
    let table = bytes.len();
    bytes.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    places.iter().for_each(|place| bytes.extend(format!("{place:010} 00000 n \n").bytes()));
    let size = objects.len() + 1;
    bytes.extend(format!("trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n").bytes());
    bytes
}

fn stream(dictionary: &str, data: &[u8]) -> Vec<u8> {
    let mut object = format!("<< {dictionary} /Length {} >>\nstream\n", data.len()).into_bytes();
    object.extend_from_slice(data);
    object.extend_from_slice(b"\nendstream");
    object
}

/// One page of 200 × 100 points; `more` begins with object 5.
fn page(content: &str, resources: &str, more: &[Vec<u8>]) -> Vec<u8> {
    page_with("", content, resources, more)
}

fn page_with(keys: &str, content: &str, resources: &str, more: &[Vec<u8>]) -> Vec<u8> {
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] {keys} /Contents 4 0 R /Resources << {resources} >> >>")
            .into_bytes(),
        stream("", content.as_bytes()),
    ];
    objects.extend_from_slice(more);
    file(&objects)
}

fn drawn(bytes: &[u8]) -> Drawn {
    Document::open(bytes).unwrap().draw(0, &PATIENT).unwrap()
}

fn pixel(page: &Drawn, x: u32, y: u32) -> [u8; 3] {
    let at = (y * page.width + x) as usize * 4;
    let pixel = &page.rgba.expose()[at..at + 4];
    assert_eq!(pixel[3], 255, "paper shows nothing through");
    [pixel[0], pixel[1], pixel[2]]
}

const WHITE: [u8; 3] = [255; 3];
const RED: [u8; 3] = [255, 0, 0];
const BLUE: [u8; 3] = [0, 0, 255];
/// One pixel red, one blue, in a row.
const TWO: &str =
    "/Type /XObject /Subtype /Image /Width 2 /Height 1 /ColorSpace /DeviceRGB /BitsPerComponent 8";

#[test]
fn shapes_stand_where_they_belong() {
    let page = drawn(&page("1 0 0 rg 20 60 30 30 re f 0 0 1 RG 4 w 100 20 m 180 20 l S", "", &[]));
    assert_eq!((page.width, page.height, page.whole, page.plain), (200, 100, true, true));
    assert_eq!((pixel(&page, 35, 25), pixel(&page, 35, 45), pixel(&page, 55, 25)), (RED, WHITE, WHITE));
    assert_eq!((pixel(&page, 140, 80), pixel(&page, 140, 75)), (BLUE, WHITE));
}

#[test]
fn a_page_is_turned_and_cut_as_it_says() {
    let keys = "/Rotate 90 /CropBox [100 0 200 100]";
    let page = drawn(&page_with(keys, "1 0 0 rg 100 80 20 20 re f", "", &[]));
    assert_eq!((page.width, page.height), (200, 200));
    // The left top corner is the right top one after a quarter turn with the clock.
    assert_eq!((pixel(&page, 190, 10), pixel(&page, 10, 10), pixel(&page, 190, 190)), (RED, WHITE, WHITE));
}

#[test]
fn letters_of_a_standard_font_are_drawn() {
    let font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold >>".to_vec();
    let page = drawn(&page("BT /F 60 Tf 20 30 Td (IH) Tj ET", "/Font << /F 5 0 R >>", &[font]));
    let dark = page.rgba.expose().chunks_exact(4).filter(|pixel| pixel[0] < 80).count();
    assert!(dark > 500, "{dark} dark pixels");
    assert!(page.plain, "letters alone are no picture");
}

#[test]
fn pictures_are_drawn_with_their_masks() {
    let use_it = "q 100 0 0 100 0 0 cm /I Do Q";
    let resources = "/XObject << /I 5 0 R >>";
    let colours = [RED, BLUE].concat();
    let shown = drawn(&page(use_it, resources, &[stream(TWO, &colours)]));
    assert_eq!((pixel(&shown, 25, 50), pixel(&shown, 75, 50), pixel(&shown, 150, 50)), (RED, BLUE, WHITE));
    assert!(!shown.plain && shown.pictures.is_empty(), "it has no more pixels than are drawn");
    let mask =
        "/Type /XObject /Subtype /Image /Width 2 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8";
    let masked = [stream(&format!("{TWO} /SMask 6 0 R"), &colours), stream(mask, &[0, 255])];
    let shown = drawn(&page(use_it, resources, &masked));
    assert_eq!((pixel(&shown, 25, 50), pixel(&shown, 75, 50)), (WHITE, BLUE));
    let stencil = stream("/Type /XObject /Subtype /Image /Width 8 /Height 1 /ImageMask true", &[0x0f]);
    let shown = drawn(&page(&format!("1 0 0 rg {use_it}"), resources, &[stencil]));
    assert_eq!((pixel(&shown, 25, 50), pixel(&shown, 75, 50)), (RED, WHITE));
}

#[test]
fn a_picture_with_more_pixels_than_are_drawn_is_handed_out_whole() {
    let side = 400;
    let dictionary = format!(
        "/Type /XObject /Subtype /Image /Width {side} /Height {side} /ColorSpace /DeviceGray /BitsPerComponent 8"
    );
    let chequered: Vec<u8> =
        (0..side * side).map(|at| if (at + at / side) % 2 == 0 { 0 } else { 255 }).collect();
    let bytes =
        page("q 100 0 0 100 0 0 cm /I Do Q", "/XObject << /I 5 0 R >>", &[stream(&dictionary, &chequered)]);
    let shown = drawn(&bytes);
    let [grey, _, _] = pixel(&shown, 50, 50);
    assert!((120..136).contains(&grey), "what is drawn small is averaged: {grey}");
    let [picture] = &shown.pictures[..] else { panic!("{} pictures", shown.pictures.len()) };
    assert_eq!((picture.width, picture.height), (side, side));
    assert!(picture.rgba.expose().chunks_exact(4).map(|pixel| pixel[0]).eq(chequered));
    let none = Document::open(&bytes).unwrap().draw(0, &Limits { pictures: false, ..PATIENT }).unwrap();
    assert!(none.pictures.is_empty());
}

#[test]
fn clips_patterns_shadings_and_groups() {
    let clipped = drawn(&page("q 0 0 50 100 re W n 1 0 0 rg 0 0 200 100 re f Q", "", &[]));
    assert_eq!((pixel(&clipped, 25, 50), pixel(&clipped, 75, 50)), (RED, WHITE));
    let cell = stream(
        "/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 20 20] /XStep 20 /YStep 20 /Resources << >>",
        b"1 0 0 rg 0 0 10 20 re f",
    );
    let tiled = drawn(&page("/Pattern cs /P scn 0 0 200 100 re f", "/Pattern << /P 5 0 R >>", &[cell]));
    assert_eq!([5, 15, 185, 195].map(|x| pixel(&tiled, x, 50)), [RED, WHITE, RED, WHITE]);
    let shading = b"<< /ShadingType 2 /ColorSpace /DeviceRGB /Coords [0 0 200 0] /Function << /FunctionType 2 /Domain [0 1] \
        /C0 [1 0 0] /C1 [0 0 1] /N 1 >> /Extend [true true] >>";
    let shaded = drawn(&page("/S sh", "/Shading << /S 5 0 R >>", &[shading.to_vec()]));
    let [left, right] = [4, 195].map(|x| pixel(&shaded, x, 50));
    assert!(left[0] > 240 && left[2] < 16 && right[0] < 16 && right[2] > 240, "{left:?} {right:?}");
    let half = b"<< /Type /ExtGState /ca 0.5 >>".to_vec();
    let seen_through = drawn(&page("/G gs 1 0 0 rg 0 0 200 100 re f", "/ExtGState << /G 5 0 R >>", &[half]));
    assert!(matches!(pixel(&seen_through, 50, 50), [255, 125..130, 125..130]));
}

#[test]
fn what_would_cost_too_much_is_left_out_and_said() {
    let use_it = "1 0 0 rg 150 0 50 100 re f q 100 0 0 100 0 0 cm /I Do Q";
    let resources = "/XObject << /I 5 0 R >>";
    for dictionary in [
        "/Width 60000 /Height 60000 /ColorSpace /DeviceGray /BitsPerComponent 1",
        "/Width 8 /Height 8 /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /JPXDecode",
        "/Width 8 /Height 8 /ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /JBIG2Decode",
        "/Width 8 /Height 60000 /BitsPerComponent 1 /Filter /CCITTFaxDecode /DecodeParms << /Columns 60000 >>",
        "/Width 8 /Height 8 /ColorSpace /DeviceGray /BitsPerComponent 8 /SMask 6 0 R",
    ] {
        let picture = stream(&format!("/Type /XObject /Subtype /Image {dictionary}"), b"abc");
        let mask = stream(
            "/Subtype /Image /Width 60000 /Height 60000 /ColorSpace /DeviceGray /BitsPerComponent 1",
            b"a",
        );
        let shown = drawn(&page(use_it, resources, &[picture, mask]));
        assert!(!shown.whole && !shown.plain, "{dictionary}");
        assert_eq!(pixel(&shown, 175, 50), RED, "the rest is drawn");
    }
}

/// Each form shows the next one ten times.
fn laughing(deep: usize) -> Vec<u8> {
    let form = |next: usize| {
        stream(
            &format!(
                "/Type /XObject /Subtype /Form /BBox [0 0 200 100] /Resources << /XObject << /F {next} 0 R >> >>"
            ),
            "/F Do ".repeat(10).as_bytes(),
        )
    };
    let forms: Vec<_> = (0..deep).map(|at| form(6 + at)).collect();
    page("1 0 0 rg 0 0 100 100 re f /F Do", "/XObject << /F 5 0 R >>", &forms)
}

#[test]
fn a_page_without_an_end_is_stopped_with_what_it_has() {
    let document = Document::open(&laughing(40)).unwrap();
    // Short, so that the test is: the time is all there is to a drawing that never ends.
    let limits = Limits { time: Duration::from_millis(300), ..PATIENT };
    match document.draw(0, &limits) {
        Ok(shown) => assert!(!shown.whole && !shown.plain),
        // On a busy machine it may not even have come to its stop.
        Err(error) => assert_eq!(error, DrawError::TooLong { page: 1 }),
    }
}

#[test]
fn files_that_are_none() {
    let open = |bytes: &[u8]| Document::open(bytes).err();
    assert_eq!(open(b"no PDF"), Some(OpenError::NotAPdf));
    assert_eq!(open(b"%PDF-1.7\nnothing else"), Some(OpenError::Damaged));
    assert_eq!(open(b"%PDF-1.7\ntrailer << /Encrypt 5 0 R >>"), Some(OpenError::Encrypted));
    let document = Document::open(&page("", "", &[])).unwrap();
    assert_eq!(document.pages(), 1);
    assert_eq!(document.draw(1, &PATIENT).err(), Some(DrawError::NoSuchPage { page: 2, pages: 1 }));
}

/// A page with something of everything, to be broken.
fn rich() -> Vec<u8> {
    let cell = "/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 20 20] /XStep 20 /YStep 20 /Resources << >>";
    page(
        "q 5 5 150 90 re W n /Pattern cs /P scn 0 0 60 60 re f Q BT /F 20 Tf 10 10 Td (keyhaven) Tj ET \
         q 50 10 -10 50 100 20 cm /I Do Q /G gs [3 1] 0 d 2 w 0 0 m 90 80 10 70 180 90 c S /X Do",
        "/Font << /F 5 0 R >> /XObject << /I 6 0 R /X 9 0 R >> /Pattern << /P 8 0 R >> /ExtGState << /G 10 0 R >>",
        &[
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_vec(),
            stream(&format!("{TWO} /SMask 7 0 R"), &[RED, BLUE].concat()),
            stream(
                "/Subtype /Image /Width 2 /Height 2 /ColorSpace /DeviceGray /BitsPerComponent 8",
                &[0, 9, 99, 255],
            ),
            stream(cell, b"1 0 0 rg 0 0 10 20 re f"),
            stream(
                "/Subtype /Form /BBox [0 0 50 50] /Group << /S /Transparency >>",
                b"0 0 1 rg 0 0 30 30 re f",
            ),
            b"<< /ca 0.5 /BM /Multiply >>".to_vec(),
        ],
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Whatever is broken in it, a file is refused or drawn, and what is drawn has its size.
    #[test]
    fn a_broken_file_is_refused_or_drawn(
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0u8..4, any::<u8>()), 1..8),
    ) {
        let mut bytes = rich();
        for (at, what, byte) in changes {
            let at = at.index(bytes.len());
            match what {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => drop(bytes.remove(at)),
                // Numbers are what a page's cost hangs on.
                _ => if let Some(digit) = bytes[at..].iter_mut().find(|byte| byte.is_ascii_digit()) { *digit = b'9' },
            }
        }
        if let Ok(document) = Document::open(&bytes) {
            let limits = Limits { longest: 60, time: Duration::from_secs(20), pictures: true };
            if let Ok(shown) = document.draw(0, &limits) {
                prop_assert!(shown.width <= 60 && shown.height <= 60 && shown.width.max(shown.height) >= 1);
                prop_assert_eq!(shown.rgba.len(), (shown.width * shown.height * 4) as usize);
            }
            let _ = document.text();
        }
    }
}
