//! The formats' names.

use std::fmt;

macro_rules! formats {
    ($($variant:ident $id:literal $title:literal,)*) => {
        /// A program whose exports can be read. Plain and encrypted exports of one program are one format.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Format {
            $(#[doc = $title] $variant,)*
        }

        impl Format {
            /// Every format.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name on the command line and in JSON: lower-case letters, digits and dashes.
            pub fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// The name for people.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }
        }
    };
}

formats! {
    OtpauthList "otpauth" "otpauth URI list",
    GoogleMigration "google" "Google Authenticator",
    GoogleDatabase "google-database" "Google Authenticator database",
    Aegis "aegis" "Aegis",
    TwoFas "2fas" "2FAS",
    Ente "ente" "Ente Auth",
    AndOtp "andotp" "andOTP",
    FreeOtp "freeotp" "FreeOTP",
    FreeOtp2 "freeotp2" "FreeOTP 2",
    FreeOtpPlus "freeotp-plus" "FreeOTP+",
    Raivo "raivo" "Raivo",
    Stratum "stratum" "Stratum (Authenticator Pro)",
    StratumHtml "stratum-html" "Stratum HTML backup",
    LastPass "lastpass" "LastPass Authenticator",
    Duo "duo" "Duo Mobile",
    ProtonAuthenticator "proton" "Proton Authenticator",
    ProtonPass "proton-pass" "Proton Pass",
    Authy "authy" "Authy",
    Steam "steam" "Steam",
    TwoFAuth "2fauth" "2FAuth",
    Cotp "cotp" "cotp",
    Authme "authme" "Authme",
    BattleNet "battle-net" "Battle.net Authenticator",
    Bitwarden "bitwarden" "Bitwarden",
    BitwardenCsv "bitwarden-csv" "Bitwarden CSV",
    TotpAuthenticator "totp-authenticator" "TOTP Authenticator",
    WinAuth "winauth" "WinAuth",
    KeePass "keepass" "KeePass",
    KeePassXcCsv "keepassxc-csv" "KeePassXC CSV",
    OnePassword "1password" "1Password",
    OtpAuthIos "otp-auth" "OTP Auth",
    AuthenticatorPlus "authenticator-plus" "Authenticator Plus",
    AuthenticatorExtension "authenticator-extension" "Authenticator (browser extension)",
    MicrosoftDatabase "microsoft" "Microsoft Authenticator database",
    OtpClient "otpclient" "OTPClient",
}

impl Format {
    /// The format of this name ([`Format::id`]), in any case.
    pub fn from_id(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.id().eq_ignore_ascii_case(text.trim()))
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}
