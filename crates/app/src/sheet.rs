//! The emergency kit as one printable page.

use crate::paper::{Font, MARGIN, Page, Paper, ending, pdf};
use keyhaven_qr::write::WriteError;
use keyhaven_secret::{SecretBytes, SecretText};

const GROUPS_IN_LINE: usize = 4;

/// What stands on the page.
pub struct KitSheet<'a> {
    /// The recovery key's groups.
    pub groups: &'a [SecretText],
    /// The recovery key as one text, for the QR code.
    pub key: &'a SecretText,
    /// The vault that it opens.
    pub vault: VaultPlace,
    /// The day, "2026-11-22".
    pub date: &'a str,
}

/// Which vault it is, and where it and its backups are on this computer: what somebody has to know who finds the page.
pub struct VaultPlace {
    /// The vault's number.
    pub id: String,
    /// The vault file.
    pub file: String,
    /// The folder for backups; `None` where none was chosen.
    pub backups: Option<String>,
}

impl VaultPlace {
    /// Writes it below each other; takes 156 points.
    pub(crate) fn write(&self, page: &mut Page, x: f32, y: f32, date: &str) {
        page.write(x, y, 11.0, Font::Bold, "Vault");
        page.write(x, y + 16.0, 11.0, Font::Code, &self.id);
        page.write(x, y + 38.0, 11.0, Font::Bold, "Where the vault file was");
        for (line, part) in ending(&self.file, 44, 3).iter().enumerate() {
            page.write(x, y + 52.0 + 12.0 * line as f32, 9.0, Font::Code, part);
        }
        page.write(x, y + 98.0, 11.0, Font::Bold, "Where its backups were");
        match &self.backups {
            Some(folder) => {
                for (line, part) in ending(folder, 44, 2).iter().enumerate() {
                    page.write(x, y + 112.0 + 12.0 * line as f32, 9.0, Font::Code, part);
                }
            }
            None => page.write(x, y + 112.0, 9.0, Font::Plain, "No folder for backups was chosen."),
        }
        page.write(x, y + 144.0, 11.0, Font::Bold, "Made on");
        page.write(x + 60.0, y + 144.0, 11.0, Font::Plain, date);
    }
}

impl KitSheet<'_> {
    /// The page as an SVG document.
    ///
    /// # Errors
    /// The key does not fit a QR code; it always does.
    pub fn svg(&self, paper: Paper) -> Result<SecretText, WriteError> {
        Ok(self.page()?.svg(paper))
    }

    /// The page as a PDF document.
    ///
    /// # Errors
    /// The key does not fit a QR code; it always does.
    pub fn pdf(&self, paper: Paper) -> Result<SecretBytes, WriteError> {
        Ok(pdf(&[self.page()?], paper))
    }

    fn page(&self) -> Result<Page, WriteError> {
        let mut page = Page::default();
        page.write(MARGIN, 92.0, 26.0, Font::Bold, "Keyhaven emergency kit");
        page.write(
            MARGIN,
            118.0,
            11.0,
            Font::Plain,
            "Whoever holds this page can open the vault. Keep it as you would keep a passport.",
        );
        page.write(MARGIN, 168.0, 11.0, Font::Bold, "Recovery key");
        for (line, groups) in self.groups.chunks(GROUPS_IN_LINE).enumerate() {
            let y = 200.0 + 34.0 * line as f32;
            for (column, group) in groups.iter().enumerate() {
                let x = MARGIN + 118.0 * column as f32;
                let number = format!("{}", line * GROUPS_IN_LINE + column + 1);
                page.write(x, y - 16.0, 7.0, Font::Plain, &number);
                page.write(x, y, 19.0, Font::Code, group.expose_for_display());
            }
        }
        let lines = self.groups.len().div_ceil(GROUPS_IN_LINE) as f32;
        let below = 200.0 + 34.0 * lines + 14.0;
        self.vault.write(&mut page, MARGIN + 190.0, below + 22.0, self.date);
        page.write(MARGIN, below + 222.0, 11.0, Font::Bold, "When you need it");
        let steps = [
            "1.  Install Keyhaven on the computer in front of you.",
            "2.  Choose \"Restore a backup\" and take the newest copy of your vault file.",
            "3.  Choose \"Use the recovery key\" and type the groups above.",
            "4.  If someone else may have seen this page, make a new kit in the settings.",
            "5.  Sign in to one service at once, to be sure that its code is accepted.",
        ];
        for (line, step) in steps.iter().enumerate() {
            page.write(MARGIN, below + 244.0 + 19.0 * line as f32, 11.0, Font::Plain, step);
        }
        page.code(self.key.expose_for_display(), MARGIN, below, 164.0)?;
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyhaven_secret::SecretText;

    fn sheet<T>(check: impl FnOnce(&KitSheet) -> T) -> T {
        let groups: Vec<SecretText> = (0..8).map(|n| SecretText::new(format!("GRP{n}"))).collect();
        let key = SecretText::new("GRP0-GRP1-GRP2-GRP3-GRP4-GRP5-GRP6-GRP7".into());
        check(&KitSheet {
            groups: &groups,
            key: &key,
            vault: VaultPlace {
                id: "1f2e-3d4c".into(),
                file: "/home/ana & co/<vault>/vault.keyhaven".into(),
                backups: Some("/media/ana/STICK".into()),
            },
            date: "2026-11-22",
        })
    }

    #[test]
    fn both_formats_hold_every_group_and_the_vault() {
        sheet(|sheet| {
            let svg = sheet.svg(Paper::A4).unwrap();
            let pdf = sheet.pdf(Paper::A4).unwrap();
            let pdf = String::from_utf8_lossy(pdf.expose());
            for text in ["GRP0", "GRP7", "1f2e-3d4c", "/media/ana/STICK", "2026-11-22"] {
                assert!(svg.expose().contains(text), "{text} is not in the SVG");
                assert!(pdf.contains(text), "{text} is not in the PDF");
            }
        });
    }

    #[test]
    fn a_long_path_keeps_its_end_and_says_that_it_was_cut() {
        let latin = format!("/media/{}/vault.keyhaven", "folder-of-mine/".repeat(12));
        let cyrillic = format!("/media/{}/vault.keyhaven", "Документы/".repeat(18));
        for (path, folder) in [(&latin, "/backups"), (&cyrillic, "/Копии")] {
            let mut page = Page::default();
            let backups = Some(format!("{path}{folder}"));
            let place = VaultPlace { id: "1f2e-3d4c".into(), file: path.clone(), backups };
            place.write(&mut page, MARGIN, 100.0, "2026-11-22");
            let svg = page.svg(Paper::A4);
            let lines = |from: f32, to: f32| -> String {
                let y = |line: &str| -> f32 { line.split('"').nth(3).unwrap().parse().unwrap() };
                let texts = svg.expose().lines().filter(|line| line.starts_with("<text"));
                let texts = texts.filter(|line| (from..to).contains(&y(line)));
                texts.map(|line| line.split(['>', '<']).nth(2).unwrap()).collect()
            };
            for (shown, whole) in [
                (lines(150.0, 190.0), path.as_str()),
                (lines(210.0, 240.0), place.backups.as_deref().unwrap()),
            ] {
                let end = shown.strip_prefix('…').expect("the cut is marked");
                assert!(whole.ends_with(end) && end.chars().count() > 8, "{shown}");
            }
        }
    }

    #[test]
    fn a_path_with_markup_stays_text() {
        sheet(|sheet| {
            let svg = sheet.svg(Paper::Letter).unwrap();
            assert!(svg.expose().contains("ana &amp; co/&lt;vault>"));
            assert!(!svg.expose().contains("<vault>"));
        });
    }
}
