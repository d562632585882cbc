//! Rich Text Format → text (Word 2007 RTF Specification 1.9.1): paragraphs as lines, table cells parted by tabs, `~~`
//! around what is struck out. Pictures, fonts and settings are passed over.

use encoding_rs::WINDOWS_1252;
use std::sync::LazyLock;
use zeroize::Zeroizing;

/// Groups within groups that are remembered; deeper ones share the innermost state.
const DEPTH: usize = 256;

/// What each byte stands for outside of `\u`: Windows-1252, by far the most common code page of RTF.
static CHARACTERS: LazyLock<Vec<char>> = LazyLock::new(|| {
    let bytes: Vec<u8> = (0..=255).collect();
    WINDOWS_1252.decode_without_bom_handling(&bytes).0.chars().collect()
});

/// Groups that hold no text of the document.
const HIDDEN: &[&str] = &[
    "fonttbl",
    "colortbl",
    "stylesheet",
    "info",
    "pict",
    "object",
    "header",
    "footer",
    "generator",
    "listtable",
    "listoverridetable",
    "rsidtbl",
    "themedata",
    "datastore",
    "latentstyles",
    "xmlnstbl",
    "filetbl",
    "revtbl",
];

#[derive(Clone, Copy)]
struct Group {
    hidden: bool,
    struck: bool,
    /// Characters that stand for one `\u` in readers without Unicode (`\uc`).
    fallback: usize,
}

/// The document's text.
pub(crate) fn text(bytes: &[u8]) -> Zeroizing<String> {
    let mut reader = Reader {
        out: Zeroizing::new(String::with_capacity(bytes.len())),
        group: Group { hidden: false, struck: false, fallback: 1 },
        open: Vec::new(),
        deeper: 0,
        struck: false,
        skip: 0,
        high: None,
    };
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'{' => reader.begin(),
            b'}' => reader.end(),
            b'\\' => at = reader.control(bytes, at),
            b'\r' | b'\n' => {}
            b'\t' => reader.push('\t'),
            _ => reader.byte(*byte),
        }
    }
    reader.strike(false);
    reader.out
}

struct Reader {
    out: Zeroizing<String>,
    group: Group,
    open: Vec<Group>,
    deeper: usize,
    /// Whether the text written so far ends within `~~`.
    struck: bool,
    /// Characters still to be passed over after a `\u`.
    skip: usize,
    /// The first half of a surrogate pair.
    high: Option<u16>,
}

impl Reader {
    fn begin(&mut self) {
        match self.open.len() < DEPTH {
            true => self.open.push(self.group),
            false => self.deeper += 1,
        }
    }

    fn end(&mut self) {
        if self.deeper > 0 {
            self.deeper -= 1;
        } else if let Some(group) = self.open.pop() {
            self.group = group;
        }
        self.skip = 0;
    }

    /// Reads what follows a backslash at `at`; answers where it ends.
    fn control(&mut self, bytes: &[u8], at: usize) -> usize {
        let Some(first) = bytes.get(at) else { return at };
        if !first.is_ascii_alphabetic() {
            match first {
                b'\'' => {
                    let digits = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
                    if let Some(byte) = digits.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
                        self.byte(byte);
                        return at + 3;
                    }
                }
                b'~' => self.push(' '),
                b'_' => self.push('-'),
                b'*' => self.group.hidden = true,
                b'\r' | b'\n' => self.push('\n'),
                b'\\' | b'{' | b'}' => self.byte(*first),
                _ => {}
            }
            return at + 1;
        }
        let letters = bytes[at..].iter().take_while(|b| b.is_ascii_alphabetic()).count();
        let word = &bytes[at..at + letters];
        let mut end = at + letters;
        let minus = usize::from(bytes.get(end) == Some(&b'-'));
        // Ten digits hold every number there is; more belong to nothing and are passed over.
        let digits = bytes[end + minus..].iter().take_while(|b| b.is_ascii_digit()).count();
        let number =
            std::str::from_utf8(&bytes[end..end + minus + digits]).ok().and_then(|text| text.parse().ok());
        if digits > 0 {
            end += minus + digits;
        }
        if bytes.get(end) == Some(&b' ') {
            end += 1;
        }
        self.word(word, number);
        match (word, number) {
            // Raw bytes, whatever they are.
            (b"bin", Some(length)) => {
                end.saturating_add(usize::try_from(length).unwrap_or(0)).min(bytes.len())
            }
            _ => end,
        }
    }

    fn word(&mut self, word: &[u8], number: Option<i64>) {
        let on = number != Some(0);
        match word {
            b"par" | b"line" | b"row" | b"sect" | b"page" => self.push('\n'),
            b"tab" | b"cell" => self.push('\t'),
            b"strike" | b"striked" => self.group.struck = on,
            b"plain" => self.group.struck = false,
            b"uc" => self.group.fallback = number.and_then(|n| usize::try_from(n).ok()).unwrap_or(1).min(16),
            b"u" => self.unicode(number.unwrap_or(0)),
            b"emdash" => self.push('—'),
            b"endash" => self.push('–'),
            b"bullet" => self.push('•'),
            b"lquote" | b"rquote" => self.push('\''),
            b"ldblquote" | b"rdblquote" => self.push('"'),
            b"v" => self.group.hidden |= on,
            _ if HIDDEN.iter().any(|name| name.as_bytes() == word) => self.group.hidden = true,
            _ => {}
        }
    }

    /// `\u`: a UTF-16 unit written as a signed number, then `\uc` characters that stand for it.
    fn unicode(&mut self, number: i64) {
        let unit = number as u16; // negative numbers are units from 0x8000 on, as the specification has it
        let units = match self.high.take() {
            Some(high) => vec![high, unit],
            None if (0xd800..0xdc00).contains(&unit) => {
                self.high = Some(unit);
                vec![]
            }
            None => vec![unit],
        };
        self.skip = 0;
        for c in char::decode_utf16(units) {
            self.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        self.skip = self.group.fallback;
    }

    fn byte(&mut self, byte: u8) {
        self.push(CHARACTERS.get(usize::from(byte)).copied().unwrap_or(char::REPLACEMENT_CHARACTER));
    }

    fn push(&mut self, c: char) {
        if self.skip > 0 {
            self.skip -= 1;
            return;
        }
        if self.group.hidden {
            return;
        }
        self.strike(self.group.struck && !c.is_whitespace() || self.struck && self.group.struck && c == ' ');
        self.out.push(c);
    }

    fn strike(&mut self, struck: bool) {
        if struck != self.struck {
            self.out.push_str("~~");
            self.struck = struck;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> String {
        text(format!("{{\\rtf1\\ansi{{\\fonttbl{{\\f0 Arial;}}}}\\f0 {body}}}").as_bytes()).to_string()
    }

    #[test]
    fn paragraphs_cells_and_characters() {
        assert_eq!(read("a1\\par\nb2\\line c3"), "a1\nb2\nc3");
        assert_eq!(read("1\\cell a1\\cell\\row"), "1\ta1\t\n");
        assert_eq!(read("\\'e4\\u8211?\\u-10179?\\u-8704?\\~x\\_y\\{"), "ä–😀 x-y{");
    }

    #[test]
    fn struck_and_hidden_text() {
        assert_eq!(read("{\\strike a1 b2}\\par c3"), "~~a1 b2~~\nc3");
        assert_eq!(read("\\strike a1\\strike0  b2"), "~~a1~~ b2");
        assert_eq!(read("{\\*\\generator W;}{\\info{\\title x}}{\\pict 89504e47}y{\\bin3 }}}z"), "yz");
    }

    #[test]
    fn broken_documents_are_read() {
        for body in ["}}}}a", "\\", "\\'", "\\'zz", "\\u", "\\bin99999999999999999999 a", "{{{{"] {
            read(body);
        }
        read(&"{".repeat(10_000));
    }
}
