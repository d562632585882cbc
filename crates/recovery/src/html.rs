//! HTML → the text that a browser would show, one line for each block, tabs between a table's cells, `~~` around
//! what is struck out, `[x]` and `[ ]` for check boxes.
//!
//! Not a browser: no scripts, no layout. Whatever stands in a page comes out as text, well-formed or not.

use crate::pattern;
use std::borrow::Cow;
use zeroize::Zeroizing;

/// Open elements that are remembered; deeper ones are read but not matched with their ends.
const DEPTH: usize = 256;
/// Characters of a tag within which its quotes count: a page of quotes that never close stays linear to read.
const LONGEST_TAG: usize = 8 << 10;

pattern! {
    PAGE = r"(?is)^\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|(?:html|head|body|main|article|section|div|p|ul|ol|li|dl|table|tr|pre|code|h[1-6]|title|meta|style|span|form)\b[^>]*>)";
    ATTRIBUTE = r#"(?is)([a-z][a-z0-9_-]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?"#;
    STRUCK = r"(?i)line-through|strike-?through|(?:^|[\s_-])(?:used|is-used|redeemed|consumed)(?:$|\s)";
    ENTITY = r"&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-zA-Z]{2,8}));?";
}

/// Whether `text` is an HTML page or a piece of one.
pub(crate) fn is_html(text: &str) -> bool {
    PAGE.is_match(text)
}

/// The page's text.
pub(crate) fn text(page: &str) -> Zeroizing<String> {
    let mut out =
        Out { text: Zeroizing::new(String::with_capacity(page.len() + 16)), open: Vec::new(), struck: 0 };
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        out.words(&rest[..at]);
        rest = &rest[at..];
        rest = if let Some(comment) = rest.strip_prefix("<!--") {
            comment.find("-->").map_or("", |end| &comment[end + 3..])
        } else if rest[1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) {
            let end = tag_end(rest);
            let tag = &rest[1..end];
            rest = rest.get(end + 1..).unwrap_or("");
            out.tag(tag.trim_end_matches('/'), rest)
        } else {
            out.words("<");
            &rest[1..]
        };
    }
    out.words(rest);
    out.text
}

/// Where the tag that `text` begins with ends: the `>` outside of quotes.
fn tag_end(text: &str) -> usize {
    let mut quote = None;
    for (at, c) in text.char_indices().take(LONGEST_TAG) {
        match (quote, c) {
            (None, '>') => return at,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
    }
    // A quote that is never closed: the tag ends where it would without the quote.
    text.find('>').unwrap_or(text.len())
}

struct Out<'p> {
    text: Zeroizing<String>,
    /// Open elements, and whether what they hold is struck out.
    open: Vec<(Cow<'p, str>, bool)>,
    struck: usize,
}

impl<'p> Out<'p> {
    /// Reads a tag; answers with what is left of the page after it (and after what is not shown).
    fn tag(&mut self, tag: &'p str, rest: &'p str) -> &'p str {
        let name_end = tag.find(|c: char| !c.is_ascii_alphanumeric() && c != '/').unwrap_or(tag.len());
        let (name, attributes) = tag.split_at(name_end);
        let name: Cow<'p, str> = match name.bytes().any(|b| b.is_ascii_uppercase()) {
            true => name.to_ascii_lowercase().into(),
            false => name.into(),
        };
        if let Some(name) = name.strip_prefix('/') {
            self.close(name);
            // Codes side by side are not one code.
            if matches!(name, "code" | "kbd" | "samp" | "td" | "th") {
                self.part();
            }
            return rest;
        }
        match &*name {
            "script" | "style" | "noscript" | "template" | "svg" => return skip(rest, &name),
            "input" => self.input(attributes),
            "br" => self.text.push('\n'),
            "hr" => self.line(),
            "img" | "meta" | "link" | "col" | "wbr" | "source" => {}
            _ => {
                if is_block(&name) {
                    self.line();
                } else if matches!(&*name, "td" | "th") {
                    self.part();
                }
                self.open(name, attributes);
            }
        }
        rest
    }

    fn open(&mut self, name: Cow<'p, str>, attributes: &str) {
        let struck = matches!(&*name, "s" | "del" | "strike")
            || attribute(attributes, "style").is_some_and(|style| STRUCK.is_match(&style))
            || attribute(attributes, "class").is_some_and(|class| STRUCK.is_match(&class));
        if self.open.len() < DEPTH {
            self.open.push((name, struck));
            if struck {
                self.struck += 1;
                if self.struck == 1 {
                    self.text.push_str("~~");
                }
            }
        }
    }

    fn close(&mut self, name: &str) {
        // An end without a beginning ends nothing.
        if let Some(at) = self.open.iter().rposition(|(open, _)| open == name) {
            let ended = self.open.split_off(at).iter().filter(|(_, struck)| *struck).count();
            self.struck -= ended;
            if ended > 0 && self.struck == 0 {
                let end = self.text.trim_end().len();
                self.text.insert_str(end, "~~");
            }
        }
        if is_block(name) {
            self.line();
        }
    }

    fn input(&mut self, attributes: &str) {
        match attribute(attributes, "type").as_ref().map(|kind| kind.as_str()) {
            Some("checkbox") => {
                let checked = attribute(attributes, "checked").is_some();
                self.text.push_str(if checked { "[x] " } else { "[ ] " });
            }
            None | Some("text") => {
                self.part();
                self.text.push_str(&attribute(attributes, "value").unwrap_or_default());
                self.part();
            }
            // Hidden fields hold tokens of the page, not of the person.
            _ => {}
        }
    }

    fn words(&mut self, text: &str) {
        let kept = self.open.iter().any(|(name, _)| matches!(&**name, "pre" | "textarea" | "xmp"));
        let decoded = entities(text);
        if kept {
            self.text.push_str(&decoded);
            return;
        }
        for (at, word) in decoded.split([' ', '\t', '\n', '\r', '\x0c']).enumerate() {
            let blank = self.text.is_empty() || self.text.ends_with([' ', '\n', '\t']);
            if at > 0 && !blank {
                self.text.push(' ');
            }
            self.text.push_str(word);
        }
    }

    fn line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    fn part(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with(['\n', '\t']) {
            self.text.push('\t');
        }
    }
}

/// What follows the end of element `name`, which is not shown.
fn skip<'p>(rest: &'p str, name: &str) -> &'p str {
    let mut from = 0;
    while let Some(at) = rest[from..].find("</").map(|at| at + from) {
        let end = at + 2;
        if rest.as_bytes()[end..].len() >= name.len()
            && rest.as_bytes()[end..end + name.len()].eq_ignore_ascii_case(name.as_bytes())
        {
            return rest[end..].find('>').map_or("", |close| &rest[end + close + 1..]);
        }
        from = end;
    }
    ""
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "li"
            | "ul"
            | "ol"
            | "tr"
            | "table"
            | "thead"
            | "tbody"
            | "caption"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "section"
            | "article"
            | "header"
            | "footer"
            | "main"
            | "nav"
            | "aside"
            | "pre"
            | "blockquote"
            | "form"
            | "fieldset"
            | "legend"
            | "dl"
            | "dt"
            | "dd"
            | "title"
            | "option"
            | "textarea"
            | "body"
            | "head"
            | "html"
            | "figure"
            | "figcaption"
            | "address"
            | "details"
            | "summary"
            | "button"
    )
}

fn attribute(attributes: &str, name: &str) -> Option<Zeroizing<String>> {
    let found = ATTRIBUTE.captures_iter(attributes).find(|found| found[1].eq_ignore_ascii_case(name))?;
    let value = found.get(2).or(found.get(3)).or(found.get(4)).map_or("", |value| value.as_str());
    Some(entities(value))
}

/// The named character references (HTML §13.5) that pages with codes use; others stay as they are written.
#[rustfmt::skip] // a table
const ENTITIES: &[(&str, char)] = &[
    ("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("apos", '\''), ("nbsp", ' '), ("ensp", ' '), ("emsp", ' '),
    ("thinsp", ' '), ("shy", '\u{ad}'), ("ndash", '–'), ("mdash", '—'), ("hyphen", '-'), ("dash", '-'), ("minus", '-'),
    ("bull", '•'), ("middot", '·'), ("hellip", '…'), ("check", '✓'), ("checkmark", '✓'), ("cross", '✗'), ("copy", '©'),
    ("laquo", '«'), ("raquo", '»'), ("lsquo", '‘'), ("rsquo", '’'), ("ldquo", '“'), ("rdquo", '”'), ("auml", 'ä'),
    ("ouml", 'ö'), ("uuml", 'ü'), ("Auml", 'Ä'), ("Ouml", 'Ö'), ("Uuml", 'Ü'), ("szlig", 'ß'), ("eacute", 'é'),
    ("egrave", 'è'), ("agrave", 'à'), ("ccedil", 'ç'), ("ntilde", 'ñ'), ("oacute", 'ó'), ("iacute", 'í'), ("sol", '/'),
    ("colon", ':'), ("period", '.'), ("comma", ','), ("num", '#'), ("plus", '+'), ("equals", '='), ("lowbar", '_'),
];

fn entities(text: &str) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(text.len()));
    let mut from = 0;
    for found in ENTITY.captures_iter(text) {
        let Some(all) = found.get(0) else { continue };
        out.push_str(&text[from..all.start()]);
        from = all.end();
        let number = |at: usize, radix| {
            found.get(at).and_then(|digits| u32::from_str_radix(digits.as_str(), radix).ok())
        };
        let named = || ENTITIES.iter().find(|(name, _)| found.get(3).is_some_and(|is| is.as_str() == *name));
        match number(1, 10).or(number(2, 16)).and_then(char::from_u32).or_else(|| named().map(|(_, c)| *c)) {
            Some(c) => out.push(c),
            None => out.push_str(all.as_str()),
        }
    }
    out.push_str(&text[from..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(page: &str) -> String {
        text(page).to_string()
    }

    #[test]
    fn pages_are_told_from_text() {
        for page in
            ["<!DOCTYPE html><title>x</title>", "\n<ul><li>a</li></ul>", "<!-- saved --><html>", "<p>a"]
        {
            assert!(is_html(page), "{page}");
        }
        for text in ["abcde-12345", "<me@example.org>", "# Codes\n<b>1</b>", "a < b > c"] {
            assert!(!is_html(text), "{text}");
        }
    }

    #[test]
    fn blocks_are_lines_and_cells_are_parted() {
        assert_eq!(read("<ul><li>a1</li><li> b2\n</li></ul>"), "a1\nb2 \n");
        assert_eq!(read("<table><tr><td>1</td><td>a1</td></tr></table>").trim_end(), "1\ta1");
        assert_eq!(read("<code>a1</code><code>b2</code>"), "a1\tb2\t");
        assert_eq!(read("<pre>a1\nb2</pre>"), "a1\nb2\n");
        assert_eq!(read("a<br/>b<hr>c"), "a\nb\nc");
    }

    #[test]
    fn struck_text_boxes_and_entities() {
        assert_eq!(read("<li><s>a1</s></li>"), "~~a1~~\n");
        assert_eq!(read("<li class='code used'>a1</li><li class=unused>b2</li>"), "~~a1~~\nb2\n");
        assert_eq!(read("<span style=\"text-decoration: line-through\">a1</span> b2"), "~~a1~~ b2");
        assert_eq!(read("<input type=checkbox checked> a1<br><input type=checkbox> b2"), "[x] a1\n[ ] b2");
        assert_eq!(read("a&#45;b&#x2d;c&nbsp;d&unknown;"), "a-b-c d&unknown;");
    }

    #[test]
    fn what_is_not_shown_goes_and_broken_pages_are_read() {
        assert_eq!(read("<STYLE>p{}</STYLE><script>var a='</p>'</script >x<!-- y -->z"), "xz");
        assert_eq!(read("<p title='a>b'>x</div></p"), "x\n");
        assert_eq!(read("a <b 1 < 2"), "a ");
        assert_eq!(read("<p title='never closed>x</p>"), "x\n");
    }
}
