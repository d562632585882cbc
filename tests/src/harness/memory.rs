//! Looking for bytes in the memory of the app and of its web processes, through `/proc/PID/mem`.

use memchr::memmem;
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;

/// Something that must not be found, in every spelling that a program could hold it in.
pub struct Needle {
    name: String,
    spellings: Vec<(&'static str, Vec<u8>)>,
}

impl Needle {
    /// A text: as UTF-8 and as the UTF-16 that a web page's engine uses.
    pub fn text(name: &str, text: &str) -> Self {
        let wide = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let spellings = vec![("UTF-8", text.as_bytes().to_vec()), ("UTF-16", wide)];
        Self { name: name.into(), spellings }
    }

    /// Bytes as they are.
    pub fn bytes(name: &str, bytes: &[u8]) -> Self {
        Self { name: name.into(), spellings: vec![("raw", bytes.to_vec())] }
    }
}

/// Why a process's memory could not be looked at.
#[derive(Debug)]
pub enum Unreadable {
    /// The system does not let this program look (a container without `CAP_SYS_PTRACE`).
    Refused(String),
    /// The process is gone.
    Gone,
}

/// Where `needles` stand in the process `pid`, one sentence each, and how many bytes were read.
///
/// # Errors
/// [`Unreadable`] when not a single byte could be read.
pub fn search(pid: u32, needles: &[Needle]) -> Result<(Vec<String>, u64), Unreadable> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).map_err(|e| refused_or_gone(pid, &e))?;
    let memory = File::open(format!("/proc/{pid}/mem")).map_err(|e| refused_or_gone(pid, &e))?;
    let pagemap = File::open(format!("/proc/{pid}/pagemap")).map_err(|e| refused_or_gone(pid, &e))?;
    let (mut found, mut read) = (Vec::new(), 0_u64);
    let longest = needles.iter().flat_map(|n| &n.spellings).map(|(_, bytes)| bytes.len()).max().unwrap_or(0);
    let mut block = vec![0; 4 << 20];
    for (start, end, name) in maps.lines().filter_map(readable_region) {
        for (mut at, end) in present(&pagemap, start, end) {
            while at < end {
                let wanted = usize::try_from(end - at).unwrap_or(usize::MAX).min(block.len());
                let Ok(got) = memory.read_at(&mut block[..wanted], at) else { break };
                if got == 0 {
                    break;
                }
                read += got as u64;
                for needle in needles {
                    for (spelling, bytes) in &needle.spellings {
                        if let Some(place) = memmem::find(&block[..got], bytes) {
                            found.push(format!(
                                "{} ({spelling}) at {:#x} in {name}",
                                needle.name,
                                at + place as u64
                            ));
                        }
                    }
                }
                // Blocks overlap, so that nothing hides across their border.
                let step = if got == block.len() { got - longest } else { got };
                at += step as u64;
            }
        }
    }
    if read == 0 {
        Err(Unreadable::Refused(format!("not one page of process {pid} can be read")))
    } else {
        Ok((found, read))
    }
}

/// The runs of pages between `start` and `end` that exist, in memory or in swap. A page's engine reserves tens of
/// gigabytes of which it touches little; reading the rest would take minutes and find nothing.
fn present(pagemap: &File, start: u64, end: u64) -> Vec<(u64, u64)> {
    /// Bytes of an entry, and the bits "present" and "swapped" of its last byte (Linux: admin-guide/mm/pagemap).
    const ENTRY: usize = 8;
    const EXISTS: u8 = 0b1100_0000;
    let page = rustix::param::page_size() as u64;
    let mut runs: Vec<(u64, u64)> = Vec::new();
    let mut entries = vec![0; ENTRY << 14];
    let mut at = start;
    while at < end {
        let wanted =
            usize::try_from((end - at).div_ceil(page)).unwrap_or(usize::MAX).min(entries.len() / ENTRY)
                * ENTRY;
        let Ok(got) = pagemap.read_at(&mut entries[..wanted], at / page * ENTRY as u64) else { break };
        if got < ENTRY {
            break;
        }
        for entry in entries[..got].chunks_exact(ENTRY) {
            if entry[ENTRY - 1] & EXISTS != 0 {
                match runs.last_mut() {
                    Some((_, last)) if *last == at => *last = at + page,
                    _ => runs.push((at, at + page)),
                }
            }
            at += page;
        }
    }
    runs
}

fn refused_or_gone(pid: u32, error: &std::io::Error) -> Unreadable {
    match error.kind() {
        std::io::ErrorKind::NotFound => Unreadable::Gone,
        _ => Unreadable::Refused(format!("process {pid}: {error}")),
    }
}

/// `START-END r… OFFSET DEVICE INODE NAME` of proc(5), when it may be read.
fn readable_region(line: &str) -> Option<(u64, u64, String)> {
    let mut parts = line.split_whitespace();
    let (start, end) = parts.next()?.split_once('-')?;
    let name = if parts.next()?.starts_with('r') { parts.nth(3) } else { return None };
    let number = |text: &str| u64::from_str_radix(text, 16).ok();
    Some((number(start)?, number(end)?, name.unwrap_or("anonymous memory").to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_this_very_process_holds() {
        // Computed at run time: a constant would stand in the program's file as well.
        let held: String =
            (0..24).map(|n| char::from(b'a' + (n * 7 + std::process::id() as u8 % 3) % 26)).collect();
        let wide: Vec<u16> = held.chars().rev().collect::<String>().encode_utf16().collect();
        let backwards: String = held.chars().rev().collect();
        let needles = [Needle::text("forwards", &held), Needle::text("backwards", &backwards)];
        let (found, read) = search(std::process::id(), &needles).expect("a process may read itself");
        assert!(read > 1 << 20, "{read}");
        assert!(found.iter().any(|f| f.starts_with("forwards (UTF-8)")), "{found:?}");
        assert!(found.iter().any(|f| f.starts_with("backwards (UTF-16)")), "{found:?}");
        assert_eq!(wide.len(), 24);
    }

    #[test]
    fn a_process_that_is_gone_is_told() {
        assert!(matches!(search(u32::MAX, &[]), Err(Unreadable::Gone)));
    }
}
