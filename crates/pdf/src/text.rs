//! PDF (ISO 32000-1) → text, for pages that a program printed: their text operators, put in lines by where they
//! stand. Scanned pages have none, encrypted ones are left alone; both are kept as documents.

use crate::font::Font;
use crate::layout::{self, Matrix, Piece};
use hayro_syntax::Pdf;
use hayro_syntax::content::TypedIter;
use hayro_syntax::content::ops::TypedInstruction as Op;
use hayro_syntax::object::{Number, Object};
use hayro_syntax::page::Page;
use std::collections::HashMap;
use std::rc::Rc;
use zeroize::Zeroizing;

/// Pages that are read; a recovery file has a few.
const PAGES: usize = 40;
/// Bytes of page descriptions that are read, all pages together.
const CONTENT: usize = 16 << 20;
/// Saved graphics states (`q`); deeper ones are not restored.
const STATES: usize = 64;

/// The document's text.
pub(super) fn of(pdf: &Pdf) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(pdf.data().as_ref().len()));
    let mut content = 0;
    for page in pdf.pages().iter().take(PAGES) {
        content += page.page_stream().map_or(0, <[u8]>::len);
        if content > CONTENT {
            break;
        }
        layout::write(read(page), &mut out);
        out.push('\n');
    }
    out
}

/// The text state (§9.3.1) and the matrices.
#[derive(Clone)]
struct State {
    ctm: Matrix,
    font: Option<Rc<Font>>,
    size: f32,
    leading: f32,
    character_space: f32,
    word_space: f32,
    scale: f32,
}

fn read(page: &Page<'_>) -> Vec<Piece> {
    let mut reader = Reader {
        state: State {
            ctm: Matrix::IDENTITY,
            font: None,
            size: 1.0,
            leading: 0.0,
            character_space: 0.0,
            word_space: 0.0,
            scale: 1.0,
        },
        saved: Vec::new(),
        text: Matrix::IDENTITY,
        line: Matrix::IDENTITY,
        fonts: HashMap::new(),
        pieces: Vec::new(),
    };
    let mut operations = TypedIter::new(page.page_stream().unwrap_or_default());
    while let Some(operation) = operations.next() {
        reader.apply(&operation, page);
    }
    reader.pieces
}

struct Reader {
    state: State,
    saved: Vec<State>,
    text: Matrix,
    line: Matrix,
    fonts: HashMap<String, Option<Rc<Font>>>,
    pieces: Vec<Piece>,
}

fn number(number: &Number) -> f32 {
    number.as_f64() as f32
}

impl Reader {
    fn apply(&mut self, operation: &Op<'_, '_>, page: &Page<'_>) {
        match operation {
            Op::SaveState(_) if self.saved.len() < STATES => self.saved.push(self.state.clone()),
            Op::RestoreState(_) => {
                if let Some(state) = self.saved.pop() {
                    self.state = state;
                }
            }
            Op::Transform(m) => self.state.ctm = matrix([m.0, m.1, m.2, m.3, m.4, m.5]).then(&self.state.ctm),
            Op::BeginText(_) => (self.text, self.line) = (Matrix::IDENTITY, Matrix::IDENTITY),
            Op::TextFont(font) => {
                let name = font.0.as_str().to_owned();
                let load =
                    || page.resources().get_font(font.0).and_then(|font| Font::new(&font)).map(Rc::new);
                self.state.font = self.fonts.entry(name).or_insert_with(load).clone();
                self.state.size = number(&font.1);
            }
            Op::TextLeading(leading) => self.state.leading = number(&leading.0),
            Op::CharacterSpacing(space) => self.state.character_space = number(&space.0),
            Op::WordSpacing(space) => self.state.word_space = number(&space.0),
            Op::HorizontalScaling(scale) => self.state.scale = number(&scale.0) / 100.0,
            Op::SetTextMatrix(m) => {
                self.line = matrix([m.0, m.1, m.2, m.3, m.4, m.5]);
                self.text = self.line;
            }
            Op::NextLine(by) => self.next_line(number(&by.0), number(&by.1)),
            Op::NextLineAndSetLeading(by) => {
                self.state.leading = -number(&by.1);
                self.next_line(number(&by.0), number(&by.1));
            }
            Op::NextLineUsingLeading(_) => self.next_line(0.0, -self.state.leading),
            Op::ShowText(text) => self.show(text.0.as_bytes()),
            Op::NextLineAndShowText(text) => {
                self.next_line(0.0, -self.state.leading);
                self.show(text.0.as_bytes());
            }
            Op::ShowTextWithParameters(text) => {
                self.state.word_space = number(&text.0);
                self.state.character_space = number(&text.1);
                self.next_line(0.0, -self.state.leading);
                self.show(text.2.as_bytes());
            }
            Op::ShowTexts(texts) => {
                for object in texts.0.iter::<Object<'_>>() {
                    match object {
                        Object::String(text) => self.show(text.as_bytes()),
                        Object::Number(by) => {
                            let by = -number(&by) / 1000.0 * self.state.size * self.state.scale;
                            self.text = Matrix::shift(by, 0.0).then(&self.text);
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn next_line(&mut self, x: f32, y: f32) {
        self.line = Matrix::shift(x, y).then(&self.line);
        self.text = self.line;
    }

    /// Shows a string (§9.4.3): its characters, each as wide as its font says.
    fn show(&mut self, bytes: &[u8]) {
        let Some(font) = self.state.font.clone() else { return };
        for (text, width, is_space) in font.characters(bytes) {
            let place = self.text.then(&self.state.ctm);
            let spaces = self.state.character_space + if is_space { self.state.word_space } else { 0.0 };
            let advance = (width * self.state.size + spaces) * self.state.scale;
            self.text = Matrix::shift(advance, 0.0).then(&self.text);
            let end = self.text.then(&self.state.ctm);
            if let Some(text) = text {
                let size = (self.state.size * place.vertical_scale()).abs();
                self.pieces.push(Piece { x: place.x(), y: place.y(), end: end.x(), size, text });
            }
        }
    }
}

fn matrix(numbers: [Number; 6]) -> Matrix {
    Matrix(numbers.map(|value| number(&value)))
}
