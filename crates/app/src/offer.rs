//! What was found in pictures, text or a form, shown before it is kept (promise 7).

use crate::exporting::label;
use crate::failure::{fail, unreadable};
use crate::host::ScreenPicture;
use crate::recovery::stored::SUMMARY_KIND;
use crate::stored::{KIND, Meta, Stored, algorithm_name, kind_name, same_codes};
use crate::view::{
    AlgorithmName, Failure, FailureKind, Found, KindName, LockedFile, ManualEntry, Offer, OfferProblem,
    ScreenFrame, ScreenView, Standing,
};
pub use keyhaven_interchange::Progress;
use keyhaven_interchange::{Format, Icon, Import, ImportError, Imported, Request};
use keyhaven_otp::{Account, Kind, MAX_URI_LENGTH, Oddity, Parsed, UriError, migration};
use keyhaven_qr::Limits;
use keyhaven_secret::{SecretBytes, SecretText};
use keyhaven_vault::{Credential, Location, LockedVault, ReadError};
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;

/// What is told of an account that its program had thrown away.
const IN_BIN: &str = "it lies in that program's bin";

/// Lines up to which each line of a text that is no known format gets a word of its own.
const LINES_TOLD: usize = 20;

/// Most parts of Google Authenticator's exports in one offer; each may claim to be one of a thousand.
const MAX_PARTS: usize = 2_000;

/// Unusual things that are told of one account.
const NOTES_TOLD: usize = 20;

/// How many of one issuer and name are compared with each other.
const ALIKE_COMPARED: usize = 100;

/// Longest side of a screen's preview, in pixels: enough to see which window is which.
const PREVIEW: u32 = 760;

/// Largest file that is looked into, in bytes.
pub const LARGEST_FILE: u64 = 64 << 20;

/// Something a person handed over.
pub enum Input {
    /// A file's bytes: a picture, or text.
    Bytes(SecretBytes),
    /// Text.
    Text(SecretText),
    /// The texts of QR codes that were read already.
    Codes(Vec<SecretText>),
    /// A picture's pixels: rows of red, green, blue, alpha.
    Pixels {
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
        /// Four bytes a pixel.
        rgba: SecretBytes,
    },
    /// What is on a screen.
    Screen(ScreenPicture),
    /// What could not even be fetched, and why.
    Unreadable(String),
}

/// The accounts of an offer, kept here until the person has chosen; the page sees only [`Offer`].
pub struct Pending {
    /// Names it.
    pub id: u32,
    pub(crate) found: Vec<Candidate>,
    pub(crate) locked: Vec<Arc<LockedExport>>,
    pub(crate) problems: Vec<OfferProblem>,
    pub(crate) screens: Vec<ScreenView>,
}

/// An account that could be added, with what the program that it comes from kept beside it.
pub(crate) struct Candidate {
    source: String,
    account: Account,
    meta: Meta,
    notes: Vec<String>,
}

/// Another program's encrypted export, kept until its password is typed.
pub struct LockedExport {
    source: String,
    program: &'static str,
    bytes: SecretBytes,
}

/// Told how far a key derivation is; `Break` stops it at the next place where it can be stopped.
pub type Watch<'a> = &'a dyn Fn(Progress) -> ControlFlow<()>;

/// The program of a [`LockedExport`] that is a vault file: an export of Keyhaven's own, a backup, another vault.
const OWN: &str = "Keyhaven";

impl Pending {
    /// Looks into `inputs`, each with the name of where it comes from.
    pub fn read(id: u32, inputs: impl IntoIterator<Item = (String, Input)>) -> Self {
        let mut reading =
            Reading { pending: Self::empty(id), batches: migration::Collector::new(), parts: 0 };
        for (source, input) in inputs {
            match input {
                Input::Text(text) => reading.text(&source, text.expose()),
                Input::Bytes(bytes) => reading.bytes(&source, bytes.expose()),
                Input::Pixels { width, height, rgba } => {
                    reading.codes(
                        &source,
                        keyhaven_qr::read_rgba(width, height, rgba.expose(), &Limits::default()),
                    );
                }
                Input::Codes(codes) => {
                    for code in &codes {
                        reading.link(&source, code.expose().trim(), "a QR code");
                    }
                }
                Input::Screen(screen) => reading.screen(&source, &screen),
                Input::Unreadable(reason) => reading.problem(&source, reason),
            }
        }
        reading.finish()
    }

    /// What other programs' exports hold that were read already, each with the name of its file.
    pub fn from_imports(id: u32, imports: &[(&str, Import)]) -> Self {
        let mut pending = Self::empty(id);
        for (source, import) in imports {
            pending.take(source, import);
        }
        pending
    }

    /// Opens another program's encrypted export; `None` when `watch` stopped it.
    ///
    /// # Errors
    /// The password is wrong, or the file cannot be read with it.
    pub fn open(
        id: u32,
        export: &LockedExport,
        password: &SecretText,
        watch: Watch<'_>,
    ) -> Result<Option<Self>, Failure> {
        if export.program == OWN {
            return Self::open_own(id, export, password).map(Some);
        }
        let request =
            Request { format: None, file_name: Some(&export.source), password: Some(password), watch };
        let import = match keyhaven_interchange::read(export.bytes.expose(), &request) {
            Ok(import) => import,
            Err(ImportError::Cancelled) => return Ok(None),
            Err(error) => {
                let wrong = matches!(error, ImportError::WrongPassword { .. });
                return Err(fail(
                    if wrong { FailureKind::WrongPassphrase } else { FailureKind::BadInput },
                    error,
                ));
            }
        };
        let mut pending = Self::empty(id);
        pending.take(&export.source, &import);
        Ok(Some(pending))
    }

    /// Opens a vault file; nothing about its accounts is lost on the way.
    fn open_own(id: u32, export: &LockedExport, password: &SecretText) -> Result<Self, Failure> {
        let vault = own(&export.source, export.bytes.expose()).map_err(|error| unreadable(&error))?;
        let vault = vault.unlock(Credential::Passphrase(password))?;
        let mut pending = Self::empty(id);
        for record in vault.accounts().iter().filter(|record| record.kind == KIND) {
            let source = export.source.clone();
            match Stored::read(&record.payload) {
                Ok(Stored { account, meta }) => {
                    pending.found.push(Candidate { source, account, meta, notes: Vec::new() });
                }
                Err(error) => pending.problems.push(OfferProblem { source, reason: error.to_string() }),
            }
        }
        pending.found.sort_by_key(|candidate| (candidate.meta.position, candidate.meta.added_at));
        let sets = vault.accounts().iter().filter(|record| record.kind == SUMMARY_KIND).count();
        if sets > 0 {
            let sets = if sets == 1 { "1 recovery set".to_owned() } else { format!("{sets} recovery sets") };
            let reason = format!("not taken along: {sets}; merging or restoring the whole file brings them");
            pending.problems.push(OfferProblem { source: export.source.clone(), reason });
        }
        let set_aside = vault.accounts().set_aside().len();
        if set_aside > 0 {
            let reason = format!("{set_aside} records of it cannot be understood");
            pending.problems.push(OfferProblem { source: export.source.clone(), reason });
        }
        Ok(pending)
    }

    /// An encrypted export of this offer.
    pub fn locked(&self, index: u32) -> Option<Arc<LockedExport>> {
        self.locked.get(usize::try_from(index).ok()?).cloned()
    }

    fn empty(id: u32) -> Self {
        Self { id, found: Vec::new(), locked: Vec::new(), problems: Vec::new(), screens: Vec::new() }
    }

    /// Everything of another program's export: its accounts, and each entry that is none.
    fn take(&mut self, source: &str, import: &Import) {
        for imported in &import.accounts {
            let mut notes = notes(&imported.oddities);
            if imported.trashed {
                notes.push(IN_BIN.into());
            }
            let note = imported.note.as_ref().map(|note| note.expose().to_owned()).unwrap_or_default();
            let meta = Meta { note, tags: imported.tags.clone(), pinned: imported.pinned, ..Meta::default() };
            let account = imported.account.duplicate();
            self.found.push(Candidate { source: source.to_owned(), account, meta, notes });
        }
        let problems = import.problems.iter().map(|problem| format!("{}: {}", problem.entry, problem.reason));
        let codes = import.recovery_codes.iter().map(|code| {
            let account = [code.issuer.as_str(), code.name.as_str()].join(" ");
            format!(
                "{}: a recovery code stands beside it, which is not kept yet; keep this file",
                account.trim()
            )
        });
        let own = |imported: &&Imported| matches!(imported.icon, Some(Icon::Picture(_)));
        let icons = match import.accounts.iter().filter(own).count() {
            0 => None,
            count => Some(format!("its own icons ({count}) are not taken along; here they go by the issuer")),
        };
        let problems = problems
            .chain(codes)
            .chain(icons)
            .map(|reason| OfferProblem { source: source.to_owned(), reason });
        self.problems.extend(problems);
    }

    /// Checks an account typed in by hand; where its secret is a whole URI, that is read instead.
    pub fn from_entry(id: u32, entry: ManualEntry) -> Self {
        const SOURCE: &str = "Typed in";
        let secret = SecretText::new(entry.secret);
        let pin = entry.pin.map(SecretText::new);
        if secret.expose().contains("://") {
            return Self::read(id, vec![(SOURCE.into(), Input::Text(secret))]);
        }
        let mut pending = Self::empty(id);
        // Through the parser of URIs, so that ranges and spellings have one set of rules and one wording.
        let kind = match entry.kind {
            KindName::Totp => "otpauth://totp/",
            KindName::Hotp => "otpauth://hotp/",
            KindName::Steam => "otpauth://steam/",
            KindName::Motp => "motp://",
            KindName::Yandex => "otpauth://yaotp/",
        };
        let mut uri = zeroize::Zeroizing::new(String::with_capacity(secret.expose().len() * 3 + 1024));
        uri.push_str(kind);
        uri.push_str(&encoded(entry.name.trim()));
        let mut separator = '?';
        let mut parameter = |name: &str, value: &str| {
            uri.push(separator);
            separator = '&';
            uri.push_str(name);
            uri.push('=');
            uri.push_str(&encoded(value));
        };
        parameter("secret", secret.expose().trim());
        if !entry.issuer.trim().is_empty() {
            parameter("issuer", entry.issuer.trim());
        }
        if let (Some(algorithm), KindName::Totp | KindName::Hotp) = (entry.algorithm, entry.kind) {
            parameter(
                "algorithm",
                match algorithm {
                    AlgorithmName::SHA1 => "SHA1",
                    AlgorithmName::SHA256 => "SHA256",
                    AlgorithmName::SHA512 => "SHA512",
                },
            );
        }
        for (name, value) in [("digits", entry.digits), ("period", entry.period)] {
            if let Some(value) = value {
                parameter(name, &value.to_string());
            }
        }
        if let (Some(counter), KindName::Hotp) = (entry.counter, entry.kind) {
            parameter("counter", &counter.to_string());
        }
        if let Some(pin) = &pin {
            parameter("pin", pin.expose());
        }
        match keyhaven_otp::parse_uri(&uri) {
            Ok(mut parsed) => {
                // A name typed with a colon is a name, not an issuer's prefix.
                parsed.account.name = entry.name.trim().to_owned();
                parsed.account.issuer = entry.issuer.trim().to_owned();
                parsed.account.label_issuer = None;
                let notes = notes(&parsed.oddities);
                let meta = Meta::default();
                pending.found.push(Candidate { source: SOURCE.into(), account: parsed.account, meta, notes });
            }
            Err(error) => {
                pending.problems.push(OfferProblem { source: SOURCE.into(), reason: error.to_string() })
            }
        }
        pending
    }

    /// What the page sees of it, compared with what the vault holds.
    pub fn view<'a>(&self, held: impl Iterator<Item = &'a Stored> + Clone) -> Offer {
        let number = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
        let again = self.again();
        let found = self.found.iter().enumerate().map(|(index, candidate)| {
            let Candidate { source, account, meta, notes } = candidate;
            let mut notes = notes.clone();
            let (standing, matched) = match standing(account, held.clone()) {
                (Standing::New | Standing::SameNameOtherSecret, _) if again.contains(&index) => {
                    notes.push("it stands above already".into());
                    (Standing::AlreadyThere, None)
                }
                other => other,
            };
            Found {
                index: number(index),
                source: source.clone(),
                issuer: account.issuer.clone(),
                name: account.name.clone(),
                kind: kind_name(&account.kind),
                digits: account.kind.digits(),
                period: account.kind.period(),
                algorithm: account.kind.algorithm().map(algorithm_name),
                tags: meta.tags.clone(),
                standing,
                matches: matched.map(label),
                counter: counter(account),
                held_counter: matched.and_then(|held| counter(&held.account)),
                notes,
            }
        });
        let locked = self.locked.iter().enumerate().map(|(index, export)| LockedFile {
            index: number(index),
            source: export.source.clone(),
            program: export.program.to_owned(),
        });
        Offer {
            id: self.id,
            found: found.collect(),
            locked: locked.collect(),
            problems: self.problems.clone(),
            screens: self.screens.clone(),
        }
    }

    /// Places of those that are an earlier one once more: two files, or two pictures, of the same accounts. What lies
    /// in the other program's bin stands for nothing.
    fn again(&self) -> HashSet<usize> {
        let mut first: HashMap<(&str, &str), Vec<&Account>> = HashMap::new();
        let mut again = HashSet::new();
        for (index, candidate) in self.found.iter().enumerate() {
            let account = &candidate.account;
            let alike = first.entry((&account.issuer, &account.name)).or_default();
            // The counter too: which of two is the right one is for the person to say.
            let same = |earlier: &&Account| earlier.kind == account.kind && earlier.secret == account.secret;
            if alike.iter().take(ALIKE_COMPARED).any(same) {
                again.insert(index);
            } else if !candidate.notes.iter().any(|note| note == IN_BIN) {
                alike.push(account);
            }
        }
        again
    }

    /// The chosen accounts, in the offer's order; numbers that it does not have are passed over.
    pub fn chosen(&self, indices: &[u32]) -> Vec<Stored> {
        let chosen = |index: usize| u32::try_from(index).is_ok_and(|index| indices.contains(&index));
        let found = self.found.iter().enumerate().filter(|(index, _)| chosen(*index));
        found
            .map(|(_, candidate)| Stored {
                account: candidate.account.duplicate(),
                meta: candidate.meta.clone(),
            })
            .collect()
    }
}

/// The vault in a file's bytes.
fn own(source: &str, bytes: &[u8]) -> Result<LockedVault, ReadError> {
    LockedVault::parse(bytes.to_vec(), &Location::at(source))
}

/// How an account relates to what the vault holds, and to which of it.
fn standing<'a>(
    account: &Account,
    mut held: impl Iterator<Item = &'a Stored> + Clone,
) -> (Standing, Option<&'a Stored>) {
    let same_name =
        |stored: &&Stored| stored.account.issuer == account.issuer && stored.account.name == account.name;
    if let Some(same) = held.clone().find(|stored| same_codes(&stored.account, account)) {
        let standing =
            if is_ahead(account, &same.account) { Standing::CounterAhead } else { Standing::AlreadyThere };
        (standing, Some(same))
    } else if let Some(same) = held.find(same_name) {
        (Standing::SameNameOtherSecret, Some(same))
    } else {
        (Standing::New, None)
    }
}

/// Whether `account` makes the codes that `held` makes, and is further on in counting.
pub(crate) fn is_ahead(account: &Account, held: &Account) -> bool {
    same_codes(account, held) && counter(account) > counter(held)
}

fn counter(account: &Account) -> Option<u64> {
    if let Kind::Hotp { counter, .. } = account.kind { Some(counter) } else { None }
}

struct Reading {
    pending: Pending,
    batches: migration::Collector,
    /// Parts of exports so far.
    parts: usize,
}

impl Reading {
    fn bytes(&mut self, source: &str, bytes: &[u8]) {
        if bytes.is_empty() {
            return self.problem(source, "the file is empty".into());
        }
        match keyhaven_qr::read_file(bytes, &Limits::default()) {
            Err(keyhaven_qr::PictureError::UnknownFormat) => self.export(source, bytes),
            Ok(read) if read.pages.is_some() => self.document(source, read),
            other => self.codes(source, other.map(|read| read.found.into_iter().map(|on| on.code).collect())),
        }
    }

    /// Another program's export, or text with one link a line.
    fn export(&mut self, source: &str, bytes: &[u8]) {
        match own(source, bytes) {
            Ok(_) => return self.lock(source, OWN, bytes),
            Err(ReadError::NotAVault) => {}
            Err(error) => return self.problem(source, error.to_string()),
        }
        let formats = keyhaven_interchange::recognise(bytes, Some(source));
        // Lists of links are read here, where every problem has the number of its line.
        let links = formats
            .first()
            .is_some_and(|format| matches!(format, Format::OtpauthList | Format::GoogleMigration));
        let text = std::str::from_utf8(bytes).ok();
        if let (true, Some(text)) = (links, text) {
            return self.text(source, text);
        }
        let request = Request { file_name: Some(source), ..Request::default() };
        match (keyhaven_interchange::read(bytes, &request), text) {
            // Of a long text that is something else, one thing is said, and not one of every line.
            (Err(ImportError::NotRecognised), Some(text)) if text.lines().count() <= LINES_TOLD => {
                self.text(source, text);
            }
            (read, _) => self.read(source, bytes, read),
        }
    }

    fn read(&mut self, source: &str, bytes: &[u8], read: Result<Import, ImportError>) {
        match read {
            Ok(import) => self.pending.take(source, &import),
            Err(ImportError::PasswordNeeded { format }) => self.lock(source, format.title(), bytes),
            Err(error) => self.problem(source, error.to_string()),
        }
    }

    fn lock(&mut self, source: &str, program: &'static str, bytes: &[u8]) {
        let (source, bytes) = (source.to_owned(), SecretBytes::new(bytes.to_vec()));
        self.pending.locked.push(Arc::new(LockedExport { source, program, bytes }));
    }

    fn codes(&mut self, source: &str, codes: Result<Vec<keyhaven_qr::Found>, keyhaven_qr::PictureError>) {
        match codes {
            Err(error) => self.problem(source, error.to_string()),
            Ok(codes) if codes.is_empty() => {
                self.problem(source, "there is no QR code that can be read in this picture".into())
            }
            Ok(codes) => {
                for code in codes {
                    self.link(source, code.text.expose().trim(), "the QR code");
                }
            }
        }
    }

    /// The codes on a document's pages, and which of its pages were not looked at.
    fn document(&mut self, source: &str, read: keyhaven_qr::InFile) {
        for words in read.left_in_words() {
            self.problem(source, words);
        }
        if read.found.is_empty() && read.left.is_empty() {
            self.problem(source, "there is no QR code that can be read in this PDF".into());
        }
        for keyhaven_qr::OnPage { page, code } in read.found {
            let place = page.map_or("a QR code".to_owned(), |page| format!("a QR code on page {page}"));
            self.link(source, code.text.expose().trim(), &place);
        }
    }

    /// Every code on a screen, each with its place.
    fn screen(&mut self, source: &str, screen: &ScreenPicture) {
        let ScreenPicture { name, width, height, rgba } = screen;
        let codes = match keyhaven_qr::read_rgba(*width, *height, rgba.expose(), &Limits::default()) {
            Ok(codes) if codes.is_empty() => {
                return self.problem(source, format!("{name}: there is no QR code that can be read on it"));
            }
            Ok(codes) => codes,
            Err(error) => return self.problem(source, format!("{name}: {error}")),
        };
        let mut held: Vec<Vec<u32>> = Vec::with_capacity(codes.len());
        for code in &codes {
            let before = self.pending.found.len();
            self.link(source, code.text.expose().trim(), "a QR code on it");
            held.push((before..self.pending.found.len()).filter_map(|at| u32::try_from(at).ok()).collect());
        }
        let corners: Vec<_> = codes.iter().map(|code| code.corners).collect();
        let Ok(small) = keyhaven_qr::preview(*width, *height, rgba.expose(), &corners, PREVIEW) else {
            return;
        };
        let frames = small.covered.iter().zip(held).map(|([left, top, width, height], found)| ScreenFrame {
            left: *left,
            top: *top,
            width: *width,
            height: *height,
            found,
        });
        let mut url = String::from("data:image/png;base64,");
        data_encoding::BASE64.encode_append(&small.file, &mut url);
        let (name, width, height) = (name.clone(), small.width, small.height);
        self.pending.screens.push(ScreenView { name, url, width, height, frames: frames.collect() });
    }

    /// Text with one link a line; blank lines and lines that begin with "#" are comments.
    fn text(&mut self, source: &str, text: &str) {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut links = 0;
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            links += 1;
            let many = text.trim().contains('\n');
            self.link(source, line, &if many { format!("line {}", number + 1) } else { "the text".into() });
        }
        if links == 0 {
            self.problem(source, "there is no text in it".into());
        }
    }

    fn link(&mut self, source: &str, text: &str, place: &str) {
        if !text.contains("://") {
            return self.problem(source, format!("{place} is not an otpauth link"));
        }
        match keyhaven_otp::parse_uri(text) {
            Ok(parsed) => self.keep(source, parsed),
            Err(UriError::Migration) => match migration::parse(text) {
                Ok(_) if self.parts >= MAX_PARTS => {
                    self.problem(
                        source,
                        format!("{place}: more than {MAX_PARTS} parts of exports are before it"),
                    );
                }
                Ok(batch) => {
                    self.parts += 1;
                    self.batches.add(batch);
                }
                Err(error) => self.problem(source, format!("{place}: {error}")),
            },
            Err(error) => self.problem(source, format!("{place}: {error}")),
        }
    }

    fn keep(&mut self, source: &str, parsed: Parsed) {
        let notes = notes(&parsed.oddities);
        let meta = Meta::default();
        // The vault keeps the URI and reads it back, and encoding may make a long one longer than is read.
        if parsed.account.to_uri().expose().len() > MAX_URI_LENGTH {
            let name = [parsed.account.issuer.as_str(), parsed.account.name.as_str()].join(" ");
            let name: String = name.trim().chars().take(100).collect();
            return self.problem(source, format!("{name}: its parameters are longer than can be kept"));
        }
        self.pending.found.push(Candidate {
            source: source.to_owned(),
            account: parsed.account,
            meta,
            notes,
        });
    }

    fn problem(&mut self, source: &str, reason: String) {
        self.pending.problems.push(OfferProblem { source: source.to_owned(), reason });
    }

    fn finish(mut self) -> Pending {
        const SOURCE: &str = "Google Authenticator export";
        for export in self.batches.progress().iter().filter(|export| !export.missing.is_empty()) {
            self.problem(SOURCE, format!("{export}: scan the missing codes too, in any order"));
        }
        for entry in std::mem::take(&mut self.batches).into_entries() {
            match entry {
                Ok(parsed) => self.keep(SOURCE, parsed),
                Err(rejected) => {
                    let name = [rejected.issuer.as_str(), rejected.name.as_str()].join(" ");
                    self.problem(
                        SOURCE,
                        format!("entry {} ({}): {}", rejected.place, name.trim(), rejected.reason),
                    );
                }
            }
        }
        self.pending
    }
}

/// What is unusual, each thing once; a URI may have thousands of parameters.
fn notes(oddities: &[Oddity]) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut notes: Vec<String> = oddities.iter().map(ToString::to_string).collect();
    notes.retain(|note| seen.insert(note.clone()));
    let more = notes.len().saturating_sub(NOTES_TOLD);
    notes.truncate(NOTES_TOLD);
    if more > 0 {
        notes.push(format!("and {more} more unusual things"));
    }
    notes
}

/// Percent-encodes everything but unreserved characters (RFC 3986 §2.3).
fn encoded(text: &str) -> zeroize::Zeroizing<String> {
    use std::fmt::Write as _;
    let mut out = zeroize::Zeroizing::new(String::with_capacity(text.len() * 3));
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
