//! The throw-away vault of `--demo`: 24 accounts with random secrets.

use crate::App;
use crate::failure::other;
use crate::host::Host;
use crate::stored::{Meta, Stored};
use crate::view::Failure;
use keyhaven_otp::{Account, Algorithm, Kind};
use keyhaven_secret::SecretBytes;
use keyhaven_vault::RecordId;
use std::path::Path;
use std::sync::Arc;

/// Issuer, name, tag; the kinds are varied below.
const ACCOUNTS: [(&str, &str, &str); 24] = [
    ("GitHub", "me@example.org", "Work"),
    ("Hosted Network", "partner portal", "Customers"),
    ("Adyen", "ops@example.org", "Work"),
    ("Google", "me@example.com", "Personal"),
    ("Steam", "example", "Personal"),
    ("B3Networks", "me@example.org", "Customers"),
    ("AWS", "root · 4410 2291 7735", "Work"),
    ("Bank token", "press to advance", "Personal"),
    ("GitLab", "me@example.org", "Work"),
    ("Microsoft", "me@example.com", "Personal"),
    ("Cloudflare", "ops@example.org", "Work"),
    ("Dropbox", "me@example.com", "Personal"),
    ("Discord", "example", "Personal"),
    ("Slack", "example.slack.com", "Work"),
    ("npm", "example", "Work"),
    ("PyPI", "example", "Work"),
    ("Stripe", "billing@example.org", "Work"),
    ("Proton", "me@example.net", "Personal"),
    ("Bitwarden", "me@example.net", "Personal"),
    ("Tungsten Network", "supplier 88-2041", "Customers"),
    ("Nextcloud", "cloud.example.org", "Personal"),
    ("Mastodon", "@me@example.social", "Personal"),
    ("Twitch", "example", "Personal"),
    ("DigitalOcean", "ops@example.org", "Work"),
];

impl App {
    /// Makes and opens a vault with sample accounts in `folder`, which the caller throws away afterwards.
    ///
    /// # Errors
    /// The folder cannot be written, or there is no randomness.
    pub fn demo(host: Arc<dyn Host>, folder: &Path) -> Result<Self, Failure> {
        let mut app = Self::open(host, folder);
        app.demo = true;
        app.create_demo_vault()?;
        let now = app.now();
        let mut records = Vec::with_capacity(ACCOUNTS.len());
        for ((issuer, name, tag), position) in ACCOUNTS.into_iter().zip(1..) {
            let kind = match issuer {
                "Steam" => Kind::Steam,
                "AWS" => Kind::Totp { algorithm: Algorithm::Sha256, digits: 8, period: 30 },
                "Bank token" => Kind::Hotp { algorithm: Algorithm::Sha1, digits: 6, counter: 41 },
                "Adyen" => Kind::Totp { algorithm: Algorithm::Sha512, digits: 6, period: 60 },
                _ => Kind::totp(),
            };
            let secret = SecretBytes::new(RecordId::random().map_err(other)?.as_bytes().to_vec());
            let account = Account::new(issuer, name, secret, kind);
            let meta = Meta { tags: vec![tag.into()], position, added_at: now, ..Meta::default() };
            records.push((RecordId::random().map_err(other)?, Stored { account, meta }));
        }
        app.put_all(records)?;
        Ok(app)
    }
}
