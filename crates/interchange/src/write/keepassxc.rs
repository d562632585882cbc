//! KeePassXC's CSV (keepassxreboot/keepassxc, `src/format/CsvExporter.cpp`): every field in quotes.

use super::{Exported, titled};
use keyhaven_otp::Kind;
use keyhaven_secret::{SecretBytes, SecretText};

const HEAD: &str =
    r#""Group","Title","Username","Password","URL","Notes","TOTP","Icon","Last Modified","Created""#;

pub(super) fn csv(accounts: &[Exported<'_>]) -> SecretBytes {
    let head = std::iter::once(SecretText::new(HEAD.to_owned()));
    super::lines(head.chain(accounts.iter().map(row)))
}

fn row(exported: &Exported<'_>) -> SecretText {
    let (issuer, name) = titled(exported.account);
    let group =
        exported.tags.first().map_or("Root".to_owned(), |tag| format!("Root/{}", tag.replace('/', "-")));
    let totp = uri(exported);
    let note = exported.note.map_or("", SecretText::expose);
    let fields = [&group, issuer, name, "", "", note, totp.expose(), "0", "", ""];
    let mut row = String::with_capacity(fields.iter().map(|field| field.len() * 2 + 3).sum());
    for (place, field) in fields.into_iter().enumerate() {
        row.push_str(if place == 0 { "\"" } else { ",\"" });
        for character in field.chars() {
            if character == '"' {
                row.push('"');
            }
            row.push(character);
        }
        row.push('"');
    }
    SecretText::new(row)
}

/// KeePassXC marks Steam by `encoder=steam` on a TOTP URI.
fn uri(exported: &Exported<'_>) -> SecretText {
    if !matches!(exported.account.kind, Kind::Steam) {
        return exported.account.to_uri();
    }
    let mut account = exported.account.duplicate();
    account.kind = Kind::totp();
    account.unknown.push(("encoder".to_owned(), "steam".to_owned()));
    account.to_uri()
}
