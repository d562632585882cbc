//! What exporting shows and is asked.

use crate::view::Proof;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

macro_rules! targets {
    ($($(#[doc = $doc:literal])+ $variant:ident $id:literal $title:literal $ending:literal $form:ident,)*) => {
        /// A program, and a form of what it reads; or paper.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
        pub enum ExportTarget {
            $($(#[doc = $doc])+ #[serde(rename = $id)] $variant,)*
        }

        impl ExportTarget {
            /// Every target, Keyhaven's own first.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name on the command line and in JSON.
            pub fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// The name for people.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// The usual ending of the file's name, without the dot.
            pub fn ending(self) -> &'static str {
                match self { $(Self::$variant => $ending,)* }
            }

            /// Whether a password seals it. Anything else is readable by whoever has the file.
            pub fn is_sealed(self) -> bool {
                match self { $(Self::$variant => matches!(Form::$form, Form::Sealed),)* }
            }
        }
    };
}

enum Form {
    Sealed,
    Plain,
}

targets! {
    /// A vault file with nothing but the chosen accounts: everything is in it.
    Keyhaven "keyhaven" "Keyhaven, sealed" "keyhaven" Sealed,
    /// Aegis' JSON under a password.
    AegisEncrypted "aegis-encrypted" "Aegis, encrypted" "json" Sealed,
    /// 2FAS' backup under a password.
    TwoFasEncrypted "2fas-encrypted" "2FAS, encrypted" "2fas" Sealed,
    /// Ente Auth's JSON under a password.
    EnteEncrypted "ente-encrypted" "Ente Auth, encrypted" "json" Sealed,
    /// Aegis' JSON.
    Aegis "aegis" "Aegis" "json" Plain,
    /// 2FAS' backup.
    TwoFas "2fas" "2FAS" "2fas" Plain,
    /// Ente Auth's lines.
    Ente "ente" "Ente Auth" "txt" Plain,
    /// Proton Authenticator's JSON.
    Proton "proton" "Proton Authenticator" "json" Plain,
    /// Bitwarden's JSON.
    Bitwarden "bitwarden" "Bitwarden" "json" Plain,
    /// KeePassXC's CSV.
    KeePassXcCsv "keepassxc-csv" "KeePassXC (CSV)" "csv" Plain,
    /// Google Authenticator's QR codes of ten accounts each, as pictures.
    Google "google" "Google Authenticator (QR codes)" "png" Plain,
    /// One otpauth URI a line.
    OtpauthList "otpauth" "List of otpauth links" "txt" Plain,
    /// A page for a browser or printer, a QR code and the secret for each account.
    SheetHtml "html" "Printable sheet (HTML)" "html" Plain,
    /// The same as PDF.
    SheetPdf "pdf" "Printable sheet (PDF)" "pdf" Plain,
}

impl ExportTarget {
    /// The target of this name ([`ExportTarget::id`]), in any case.
    pub fn from_id(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|target| target.id().eq_ignore_ascii_case(text.trim()))
    }
}

/// What shall be exported. **Carries the export's password and the proof.**
#[derive(Deserialize, TS)]
pub struct ExportRequest {
    /// For which program.
    pub target: ExportTarget,
    /// The accounts' ids; none means all.
    pub accounts: Vec<String>,
    /// What shall open a sealed export. **Secret.**
    pub password: Option<String>,
    /// That the person may see secrets.
    pub proof: Proof,
}

/// What an export would be, told before anything is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct ExportPreview {
    /// Accounts that would be in it.
    pub accounts: u32,
    /// Files that it would be: several where each QR code is a picture.
    pub files: u32,
    /// What would not be in it.
    pub losses: Vec<ExportLoss>,
}

/// One thing that a target cannot hold, and whose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct ExportLoss {
    /// What is lost; for accounts that are left out as a whole, why.
    pub what: String,
    /// Whether the accounts are not in it at all.
    pub left_out: bool,
    /// The accounts' names.
    pub accounts: Vec<String>,
}

/// An export that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct ExportWritten {
    /// Where.
    pub paths: Vec<String>,
    /// Accounts in it.
    pub accounts: u32,
    /// Whether whoever has the file can read the secrets.
    pub plain: bool,
}

/// A readable export that was written and not removed since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct PlainExport {
    /// Names it.
    pub id: String,
    /// For which program.
    pub target: ExportTarget,
    /// Where it was written.
    pub paths: Vec<String>,
    /// Whether something is there now. It may have been removed, or written on another computer.
    pub there: bool,
    /// Accounts in it.
    pub accounts: u32,
    /// When, Unix milliseconds.
    pub at: u64,
}
