//! Armoured blocks: key files within a text, kept whole.

use crate::model::{DocumentKind, Problem};
use crate::pattern;
use std::ops::Range;

/// A block, its lines counted from 0.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub lines: Range<usize>,
    pub kind: DocumentKind,
    pub provider: Option<&'static str>,
    pub problem: Option<Problem>,
}

pattern! {
    // RFC 7468 §3, RFC 9580 §6.2, and RFC 4716 §3.2 with its four dashes.
    BEGIN = r"^\s*-{4,5} ?BEGIN ([A-Z0-9 ]{1,64}?) ?-{4,5}\s*$";
    PUTTY = r"^PuTTY-User-Key-File-\d:";
    PUTTY_END = r"^Private-(?:MAC|Hash):";
}

/// All blocks of `lines`.
pub(crate) fn find(lines: &[&str]) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        match block_at(lines, at) {
            Some(block) => {
                at = block.lines.end;
                blocks.push(block);
            }
            None => at += 1,
        }
    }
    blocks
}

fn block_at(lines: &[&str], start: usize) -> Option<Block> {
    let rest = &lines[start + 1..];
    let (kind, provider, end) = if let Some(found) = BEGIN.captures(lines[start]) {
        let label = found.get(1)?.as_str();
        // The end is searched only up to the next beginning: a cut-off key does not swallow the one after it.
        let next = rest.iter().position(|line| BEGIN.is_match(line)).unwrap_or(rest.len());
        let is_end = |line: &&str| {
            let line = line.trim().trim_matches('-').trim();
            line.strip_prefix("END ").is_some_and(|end| end == label)
        };
        let (kind, provider) = meaning(label);
        (kind, provider, rest[..next].iter().position(is_end).ok_or(next))
    } else if PUTTY.is_match(lines[start]) {
        let end = rest.iter().position(|line| PUTTY_END.is_match(line)).ok_or(rest.len());
        (DocumentKind::PrivateKey, Some("SSH"), end)
    } else {
        return None;
    };
    Some(match end {
        Ok(end) => Block { lines: start..start + end + 2, kind, provider, problem: None },
        Err(next) => {
            let problem = Some(Problem::BlockWithoutEnd { line: start + 1 });
            Block { lines: start..start + 1 + next, kind, provider, problem }
        }
    })
}

/// What a block's label says it is.
fn meaning(label: &str) -> (DocumentKind, Option<&'static str>) {
    match label {
        "PGP PRIVATE KEY BLOCK" => (DocumentKind::OpenPgpKey, Some("OpenPGP")),
        "OPENSSH PRIVATE KEY" | "SSH2 ENCRYPTED PRIVATE KEY" | "DSA PRIVATE KEY" => {
            (DocumentKind::PrivateKey, Some("SSH"))
        }
        // PKCS#1, SEC1 and PKCS#8 keys serve SSH as well as TLS: nobody's in particular.
        _ if label.ends_with("PRIVATE KEY") => (DocumentKind::PrivateKey, None),
        _ if label.starts_with("PGP ") => (DocumentKind::Armoured, Some("OpenPGP")),
        "AGE ENCRYPTED FILE" => (DocumentKind::Armoured, Some("age")),
        _ => (DocumentKind::Armoured, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_end_where_they_say() {
        let text = [
            "my key:",
            "-----BEGIN OPENSSH PRIVATE KEY-----",
            "b3Blbg==",
            "-----END OPENSSH PRIVATE KEY-----",
            "bye",
        ];
        let block =
            Block { lines: 1..4, kind: DocumentKind::PrivateKey, provider: Some("SSH"), problem: None };
        assert_eq!(find(&text), [block]);
    }

    #[test]
    fn a_block_without_end_is_told_and_stops_at_the_next() {
        let text = [
            "-----BEGIN RSA PRIVATE KEY-----",
            "AAAA",
            "-----BEGIN PGP PRIVATE KEY BLOCK-----",
            "AAAA",
            "-----END PGP PRIVATE KEY BLOCK-----",
        ];
        let blocks = find(&text);
        assert_eq!(blocks[0].lines, 0..2);
        assert_eq!(blocks[0].problem, Some(Problem::BlockWithoutEnd { line: 1 }));
        assert_eq!((blocks[1].lines.clone(), blocks[1].kind), (2..5, DocumentKind::OpenPgpKey));
    }

    #[test]
    fn putty() {
        let text = ["PuTTY-User-Key-File-3: ssh-ed25519", "Private-Lines: 1", "AAAA", "Private-MAC: 00", "x"];
        assert_eq!(find(&text)[0].lines, 0..4);
    }
}
