//! Exports: told before, written after a proof, read back, remembered until they are removed.

use crate::host::{PASSPHRASE, TestHost, open_app, restarted};
use crate::paper::{codes, rendered};
use keyhaven_app::App;
use keyhaven_app::exporting::MadeExport;
use keyhaven_app::exporting::view::*;
use keyhaven_app::offer::{Input, Progress};
use keyhaven_app::recovery::view::TidyWay;
use keyhaven_app::view::*;
use keyhaven_interchange::{Import, Request, read, read_texts};
use keyhaven_secret::{SecretBytes, SecretText};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

const PASSWORD: &str = "six brown horses in the rain";
/// Everything that Google's format knows, so that every target holds the first two.
const LINKS: &str = "otpauth://totp/Example%20%26%20Co:me?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example%20%26%20Co\n\
    otpauth://totp/Shop:%3Cb%3Eyou?secret=MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U&issuer=Shop&algorithm=SHA512&digits=8\n\
    otpauth://hotp/Bank:me?secret=KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU&issuer=Bank&counter=41\n\
    otpauth://steam/Steam:gamer?secret=ONSWG4TFORZWKY3SMV2HGZLDOJSXI4ZA&issuer=Steam\n";

fn app() -> (Arc<TestHost>, tempfile::TempDir, App) {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let mut app = open_app(&host, home.path());
    add(&mut app, LINKS);
    (host, home, app)
}

fn add(app: &mut App, links: &str) -> Vec<String> {
    let inputs = vec![("x".into(), Input::Text(SecretText::new(links.into())))];
    let pending = app.begin_offer().unwrap().inputs(inputs);
    let offer = app.keep_offer(pending).unwrap();
    let all: Vec<u32> = offer.found.iter().map(|found| found.index).collect();
    app.accept_offer(offer.id, &all).unwrap()
}

fn request(target: ExportTarget, accounts: &[String], passphrase: &str) -> ExportRequest {
    let proof = Proof { passphrase: Some(passphrase.into()), recovery_key: None };
    let password = target.is_sealed().then(|| PASSWORD.to_owned());
    ExportRequest { target, accounts: accounts.to_vec(), password, proof }
}

fn made(app: &App, target: ExportTarget, accounts: &[String]) -> MadeExport {
    app.begin_export(request(target, accounts, PASSPHRASE)).unwrap().make(None).unwrap()
}

/// What another reader finds in an export, whatever its form.
fn read_back(target: ExportTarget, files: &[SecretBytes]) -> Import {
    let texts: Vec<SecretText> = match target {
        ExportTarget::Google => files.iter().flat_map(|file| codes(file.expose())).collect(),
        ExportTarget::SheetPdf => rendered(files[0].expose()).iter().flat_map(|page| codes(page)).collect(),
        _ => {
            let password = SecretText::new(PASSWORD.into());
            let password = target.is_sealed().then_some(&password);
            return read(files[0].expose(), &Request { password, ..Request::default() }).unwrap();
        }
    };
    read_texts(texts.iter().map(SecretText::expose))
}

/// Watches a key derivation and stops none.
fn go_on(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn label(issuer: &str, name: &str) -> String {
    format!("{issuer}|{name}")
}

#[test]
fn every_target_is_read_back_with_what_the_preview_promised() {
    let (_host, _home, mut app) = app();
    let rows = app.accounts().unwrap();
    let tagged =
        AccountChanges { tags: Some(vec!["work".into()]), note: Some("n".into()), ..Default::default() };
    app.edit_account(&rows[0].id, tagged).unwrap();
    for target in ExportTarget::ALL.iter().copied() {
        if matches!(target, ExportTarget::Keyhaven | ExportTarget::SheetHtml) {
            continue; // tests of their own, below
        }
        let preview = app.preview_export(target, &[]).unwrap();
        let export = made(&app, target, &[]);
        assert_eq!(
            (export.files.len(), export.accounts()),
            (preview.files as usize, preview.accounts),
            "{target:?}"
        );
        let import = read_back(target, &export.files);
        assert!(import.problems.is_empty(), "{target:?}: {:?}", import.problems);
        let mut found: Vec<String> =
            import.accounts.iter().map(|found| label(&found.account.issuer, &found.account.name)).collect();
        if target == ExportTarget::Proton {
            // Its Steam entries have a name alone, and the preview says so.
            assert!(preview.losses.iter().any(|loss| loss.what.contains("issuer") && !loss.left_out));
            found
                .iter_mut()
                .filter(|found| *found == "|gamer")
                .for_each(|found| *found = "Steam|gamer".into());
        }
        if target == ExportTarget::SheetPdf {
            // Codes on a page are read in no order.
            found.sort_by_key(|found| rows.iter().position(|row| label(&row.issuer, &row.name) == *found));
        }
        let left_out: Vec<&String> =
            preview.losses.iter().filter(|loss| loss.left_out).flat_map(|loss| &loss.accounts).collect();
        let wanted: Vec<String> = rows
            .iter()
            .filter(|row| !left_out.contains(&&format!("{} · {}", row.issuer, row.name)))
            .map(|row| label(&row.issuer, &row.name))
            .collect();
        assert_eq!(found, wanted, "{target:?}");
        assert_eq!(wanted.len() + left_out.len(), rows.len(), "{target:?}");
        if matches!(target, ExportTarget::SheetPdf) {
            continue; // what stands beside a code is for people
        }
        let shop = import.accounts.iter().find(|found| found.account.issuer == "Shop").unwrap();
        assert_eq!(shop.account.secret_base32().expose(), "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U");
        assert_eq!(shop.account.kind.digits(), 8, "{target:?}");
        let noted = preview.losses.iter().any(|loss| loss.what == "the note");
        let first = &import.accounts[0];
        assert_eq!(noted, first.note.is_none(), "{target:?} says what becomes of the note");
        let history = preview.losses.iter().any(|loss| loss.what == "the history of its changes");
        assert!(history, "{target:?}");
    }
}

#[test]
fn the_own_export_has_everything_and_opens_with_its_password_alone() {
    let (host, home, mut app) = app();
    let rows = app.accounts().unwrap();
    let changes = AccountChanges {
        note: Some("in the drawer".into()),
        tags: Some(vec!["a".into(), "b".into()]),
        icon: Some("steam".into()),
        pinned: Some(true),
        ..Default::default()
    };
    let edited = app.edit_account(&rows[1].id, changes).unwrap();
    let chosen = [rows[1].id.clone(), rows[2].id.clone()];
    assert_eq!(app.preview_export(ExportTarget::Keyhaven, &chosen).unwrap().losses, []);
    let mut weak = request(ExportTarget::Keyhaven, &chosen, PASSPHRASE);
    weak.password = Some("password".into());
    assert_eq!(app.begin_export(weak).err().map(|failure| failure.kind), Some(FailureKind::WeakPassphrase));

    let file = home.path().join("some.keyhaven");
    let export = made(&app, ExportTarget::Keyhaven, &chosen);
    let written = app.save_export(&export, &file, false).unwrap();
    assert_eq!((written.accounts, written.plain), (2, false));
    assert_eq!(app.plain_exports().unwrap(), [], "a sealed one is not asked about");

    // As the vault of a new computer.
    let new_home = tempfile::tempdir().unwrap();
    let mut new = App::open(host.clone(), new_home.path());
    new.use_vault(&file, true).unwrap();
    assert!(new.unlock_with_passphrase(&SecretText::new(PASSPHRASE.into())).is_err());
    new.unlock_with_passphrase(&SecretText::new(PASSWORD.into())).unwrap();
    assert_eq!(new.accounts().unwrap().len(), 2);
    assert_eq!(new.account(&rows[1].id).unwrap().history, edited.history);

    // Into another vault, account by account.
    let other_home = tempfile::tempdir().unwrap();
    let mut other = open_app(&host, other_home.path());
    add(&mut other, LINKS.lines().nth(2).unwrap());
    let pending = other.begin_offer().unwrap().files(std::slice::from_ref(&file));
    let offer = other.keep_offer(pending).unwrap();
    assert_eq!((offer.locked[0].program.as_str(), offer.found.len()), ("Keyhaven", 0));
    let locked = other.locked_export(offer.id, 0).unwrap();
    let wrong = other.begin_offer().unwrap().open(&locked, &SecretText::new("wrong".into()), &go_on);
    assert_eq!(wrong.err().map(|failure| failure.kind), Some(FailureKind::WrongPassphrase));
    let opened = other.begin_offer().unwrap().open(&locked, &SecretText::new(PASSWORD.into()), &go_on);
    let pending = opened.unwrap().unwrap();
    let offer = other.keep_offer(pending).unwrap();
    let standings: Vec<Standing> = offer.found.iter().map(|found| found.standing).collect();
    assert_eq!(standings, [Standing::New, Standing::AlreadyThere]);
    let id = other.accept_offer(offer.id, &[0]).unwrap().remove(0);
    let came = other.account(&id).unwrap();
    assert_eq!(
        (&came.note, &came.history, &came.row.tags),
        (&edited.note, &edited.history, &edited.row.tags)
    );
    assert_eq!((came.row.pinned, came.row.icon.as_deref()), (true, Some("steam")));
}

#[test]
fn nobody_exports_without_proof_and_nothing_is_overwritten() {
    let (_host, home, mut app) = app();
    let refused =
        app.begin_export(request(ExportTarget::Aegis, &[], "wrong")).err().map(|failure| failure.kind);
    assert_eq!(refused, Some(FailureKind::WrongPassphrase));
    let mut bare = request(ExportTarget::AegisEncrypted, &[], PASSPHRASE);
    bare.password = None;
    assert!(app.begin_export(bare).err().unwrap().detail.contains("needs a password"));
    let steam = app.accounts().unwrap()[3].id.clone();
    let none = app.begin_export(request(ExportTarget::Google, &[steam], PASSPHRASE)).err().unwrap();
    assert!(none.detail.contains("no account that an export for Google"), "{}", none.detail);

    let file = home.path().join("taken.json");
    std::fs::write(&file, "mine").unwrap();
    let export = made(&app, ExportTarget::Aegis, &[]);
    let refused = app.save_export(&export, &file, false).unwrap_err();
    assert!(refused.detail.contains("there is such a file already"), "{}", refused.detail);
    assert_eq!(std::fs::read(&file).unwrap(), b"mine");
    assert_eq!(app.plain_exports().unwrap(), []);
    let nowhere = home.path().join("no such folder/x.json");
    assert!(app.save_export(&export, &nowhere, false).is_err());
    assert_eq!(app.plain_exports().unwrap(), [], "what was not written is not remembered");
    app.save_export(&export, &file, true).unwrap();
    assert!(std::fs::read(&file).unwrap().starts_with(b"{"));
    app.lock();
    assert!(app.preview_export(ExportTarget::Aegis, &[]).is_err());
}

#[test]
fn a_readable_export_is_remembered_until_it_is_removed() {
    let (host, home, mut app) = app();
    let file = home.path().join("list.txt");
    let export = made(&app, ExportTarget::OtpauthList, &[]);
    app.save_export(&export, &file, false).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    // The next start knows of it too.
    app.lock();
    let mut app = restarted(&host, home.path());
    app.unlock_with_passphrase(&SecretText::new(PASSPHRASE.into())).unwrap();
    let exports = app.plain_exports().unwrap();
    let [export] = &exports[..] else { panic!("{exports:?}") };
    assert!(export.there && export.paths[0].ends_with("list.txt") && export.accounts == 4, "{export:?}");
    assert_eq!(app.accounts().unwrap().len(), 4, "it is no account");

    // Another file of that name is not touched.
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, "a shopping list").unwrap();
    let refused = app.tidy_export(&export.id, TidyWay::Erase).unwrap_err();
    assert!(refused.detail.contains("is not the file that was written"), "{}", refused.detail);
    assert_eq!(std::fs::read(&file).unwrap(), b"a shopping list");
    std::fs::write(&file, bytes).unwrap();
    assert_eq!(app.tidy_export(&export.id, TidyWay::Erase).unwrap(), []);
    assert!(!file.exists());

    // Written over, it is asked about once; removed by hand it is told as gone, and forgotten on request.
    for _ in 0..2 {
        let export = made(&app, ExportTarget::OtpauthList, &[]);
        app.save_export(&export, &file, true).unwrap();
    }
    std::fs::remove_file(&file).unwrap();
    let exports = app.plain_exports().unwrap();
    assert!(exports.len() == 1 && !exports[0].there, "{exports:?}");
    assert_eq!(app.forget_export(&exports[0].id).unwrap(), []);
}

#[test]
fn many_accounts_become_numbered_pictures_that_google_authenticator_takes() {
    let (_host, home, mut app) = app();
    let long: String = "long name ".repeat(40);
    let links: String = (0..24)
        .map(|n| {
            let name = if n % 2 == 0 { long.trim().replace(' ', "%20") } else { format!("me{n}") };
            format!(
                "otpauth://totp/Issuer{n}:{name}?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Issuer{n}\n"
            )
        })
        .collect();
    add(&mut app, &links);
    let export = made(&app, ExportTarget::Google, &[]);
    assert!(export.files.len() > 3 && export.accounts() == 27, "{} files", export.files.len());
    let written = app.save_export(&export, &home.path().join("codes.png"), false).unwrap();
    assert!(
        written.paths[0].ends_with(&format!("codes-1-of-{}.png", export.files.len())),
        "{:?}",
        written.paths
    );
    let files: Vec<std::path::PathBuf> = written.paths.iter().map(Into::into).collect();
    let other_home = tempfile::tempdir().unwrap();
    let mut other = open_app(&TestHost::new(), other_home.path());
    let pending = other.begin_offer().unwrap().files(&files);
    let offer = other.keep_offer(pending).unwrap();
    assert_eq!((offer.found.len(), offer.problems.len()), (27, 0), "{:?}", offer.problems);
    let exports = app.plain_exports().unwrap();
    app.tidy_export(&exports[0].id, TidyWay::Bin).unwrap();
    assert!(files.iter().all(|file| !file.exists()));
}

#[test]
fn the_sheet_for_a_browser_has_no_markup_of_others_and_its_codes_read() {
    let (_host, _home, app) = app();
    let job = app.begin_export(request(ExportTarget::SheetHtml, &[], PASSPHRASE)).unwrap();
    let html = job.make(Some(Path::new("x.html"))).unwrap();
    let text = std::str::from_utf8(html.files[0].expose()).unwrap();
    assert!(text.contains("Example &amp; Co") && text.contains("&lt;b&gt;you") && !text.contains("<b>"));
    assert!(text.contains("GEZD GNBV GY3T QOJQ") && text.contains("next counter 41"));
    assert_eq!(text.matches("<svg ").count(), 4);
    assert!(!text.contains("<script") && !text.contains("http://www.w3.org/1999"));
}
