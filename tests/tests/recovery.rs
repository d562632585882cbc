//! Stories of the recovery room, through the real window: a download sealed, its codes used one by one, replaced.
#![cfg(target_os = "linux")]
#![allow(clippy::disallowed_methods, reason = "a story writes the files that are dropped")]
#![allow(clippy::print_stdout, reason = "a story that cannot be told here says so")]

mod story {
    use keyhaven_tests::harness::frames::{Held, Lens, frame};
    use keyhaven_tests::harness::{Keys, Needle, PASSPHRASE, Sample, Window, World, element, sample_uris};
    use std::path::{Path, PathBuf};
    use std::process::Command;
    use std::time::Duration;

    /// Codes that look like GitHub's and stand nowhere else.
    const CODES: [&str; 16] = [
        "7be1f-90c3a",
        "41d6e-f8b27",
        "c09a5-3e71d",
        "e8f24-b6a90",
        "125cd-7f3e8",
        "90ab7-d41c6",
        "3f6e8-052bd",
        "b7d19-ea4c3",
        "68c0f-219ae",
        "d25b4-8c7f1",
        "0ea93-c6d58",
        "f41b7-6a20e",
        "5c8d2-b9f36",
        "a36e0-47d1b",
        "82f5c-1be94",
        "1d7a9-f0c63",
    ];
    const GITHUB: Sample = Sample { issuer: "GitHub", name: "robin@example.org", key: [0x5a; 20] };

    fn github_file(codes: &[&str]) -> String {
        codes.iter().map(|code| format!("{code}\n")).collect()
    }

    fn write(window: &Window<'_>, name: &str, text: &str) -> PathBuf {
        let file = window.world.home().join(name);
        std::fs::write(&file, text).expect("a file to drop");
        file
    }

    /// Drops a file and keeps it as it was understood.
    fn keep(window: &Window<'_>, name: &str, text: &str) -> PathBuf {
        let file = write(window, name, text);
        window.drop_files(&[&file]);
        window.wait_for_named("draft-keep");
        window.click_named("draft-keep");
        window.wait_for_named("recovery-detail");
        window.wait_until("the review is over", || !window.is_visible(&element("draft")));
        file
    }

    fn unlock(window: &Window<'_>) {
        window.type_into_named("recovery-proof", PASSPHRASE);
        window.click_named("recovery-unlock-go");
        window.wait_for_named("recovery-code");
    }

    fn left(window: &Window<'_>, words: &str) {
        window
            .wait_until(&format!("it says {words:?}"), || window.texts(&element("recovery-left")) == [words]);
    }

    /// Copies the next code with its key, and answers it.
    fn use_next(window: &Window<'_>, before: &str) -> String {
        window.press(&['c']);
        window.wait_until("the clipboard has another code", || {
            let now = window.world.clipboard();
            !now.is_empty() && now != before
        });
        window.world.clipboard()
    }

    #[test]
    fn github_codes_are_dropped_used_undone_and_replaced() {
        let mut world = World::new("recovery-github");
        let window = world.open(&[]);
        window.create_vault(PASSPHRASE);
        window.add_by_drop(&GITHUB);
        // Dropped on the codes' room: it is no account, and plainly a recovery file.
        let file = write(&window, "github-recovery-codes.txt", &github_file(&CODES));
        window.drop_files(&[&file]);
        window.wait_for_named("draft-keep");
        assert!(window.text(&element("draft-found")).contains("16 codes"));
        assert_eq!(window.attribute(&element("draft"), "open"), "");
        window.screenshot("recovery-review");
        let page = window.script("return document.body.innerText", &[]);
        assert!(!page.as_str().unwrap_or_default().contains(CODES[0]), "the review is masked");
        window.click_named("draft-keep");
        window.wait_for_named("tidy");
        left(&window, "16 of 16 left");
        window.screenshot("recovery-kept-locked");
        window.click_named("tidy-bin");
        window.wait_until("the download is gone", || !file.exists());
        unlock(&window);
        let mut given = Vec::new();
        let mut last = String::new();
        for _ in 0..3 {
            last = use_next(&window, &last);
            given.push(last.clone());
        }
        assert_eq!(given, CODES[..3]);
        left(&window, "13 of 16 left");
        window.press(&['u']);
        left(&window, "14 of 16 left");
        window.screenshot("recovery-used");
        assert_eq!(use_next(&window, "x"), CODES[2], "what was given back is next");
        window.click_named("recovery-show");
        window.wait_until("the codes show", || {
            window.texts(&element("recovery-code")).concat().contains(CODES[5])
        });
        window.screenshot("recovery-shown");

        // New codes, dropped and put in the old ones' place.
        let new: Vec<String> = CODES.iter().map(|code| code.chars().rev().collect()).collect();
        let new: Vec<&str> = new.iter().map(String::as_str).collect();
        let file = write(&window, "github-recovery-codes (1).txt", &github_file(&new));
        window.drop_files(&[&file]);
        window.wait_for_named("draft-replaces");
        let old = window.script(
            "return [...document.querySelectorAll('[data-testid=draft-replaces] option')][1].value",
            &[],
        );
        window.choose(&element("draft-replaces"), old.as_str().unwrap_or_default());
        window.click_named("draft-keep");
        window.wait_until("the old set is void", || {
            let standings = "return [...document.querySelectorAll('[data-testid=recovery-item]')].map((one) => one.dataset.standing).join()";
            window.script(standings, &[]) == "good,superseded"
        });
        left(&window, "16 of 16 left");
        assert_eq!(use_next(&window, CODES[2]), new[0]);
        window.screenshot("recovery-replaced");
        // The old file once more: that it was kept is no reason to trust its codes.
        let file = write(&window, "github-recovery-codes.txt", &github_file(&CODES));
        window.drop_files(&[&file]);
        window.wait_for_named("draft-already");
        let said = window.text(&element("draft-already"));
        assert!(said.contains("a newer set took its place") && !said.contains("is kept"), "{said}");
        window.screenshot("recovery-already");
        window.click_named("draft-cancel");
        window.wait_until("the review is over", || !window.is_visible(&element("draft")));
        window.click("nav button");
        window.wait_until("the account's row counts", || {
            window.texts(&element("row-recovery")) == ["15 of 16 left"]
        });
        window.screenshot("recovery-row");
    }

    #[test]
    fn a_single_recovery_key_is_kept_used_and_replaced() {
        let mut world = World::new("recovery-key-set");
        let window = world.open(&[]);
        window.create_vault(PASSPHRASE);
        let key = "QXRD1-ELTV2-DZMU3-F6CR4-9KWPB";
        keep(&window, "b3-recovery-key.txt", &format!("B3Networks recovery key\n\n{key}\n"));
        assert_eq!(window.texts(&element("recovery-left")), ["Recovery key"]);
        unlock(&window);
        window.click_named("copy-key");
        window.wait_until("the key is in the clipboard", || window.world.clipboard() == key);
        window.click_named("recovery-code");
        window.click_named("recovery-mark");
        left(&window, "Recovery key, used");
        assert_eq!(window.attribute(&element("recovery-detail"), "data-standing"), "empty");
        window.screenshot("recovery-key-used");
        let file = write(
            &window,
            "b3-recovery-key-2.txt",
            "B3Networks recovery key\n\n9KWPB-F6CR4-DZMU3-ELTV2-QXRD1\n",
        );
        window.drop_files(&[&file]);
        window.wait_for_named("draft-replaces");
        let old = "return [...document.querySelectorAll('[data-testid=draft-replaces] option')][1].value";
        window.choose(&element("draft-replaces"), window.script(old, &[]).as_str().unwrap_or_default());
        window.click_named("draft-keep");
        left(&window, "Recovery key");
    }

    #[test]
    fn six_one_time_codes_are_each_used_once() {
        let mut world = World::new("recovery-six");
        let window = world.open(&[]);
        window.create_vault(PASSPHRASE);
        let codes = ["482913", "057264", "918340", "663172", "204857", "731596"];
        let text = format!("Partner portal one-time codes\n\n{}\n", codes.join("\n"));
        keep(&window, "portal.txt", &text);
        unlock(&window);
        let mut last = String::new();
        let mut given = Vec::new();
        for _ in 0..6 {
            last = use_next(&window, &last);
            given.push(last.clone());
        }
        assert_eq!(given, codes);
        left(&window, "0 of 6 left");
        window.wait_until("there is nothing more to copy", || {
            !window.attribute(&element("copy-next"), "disabled").is_empty()
                || window.script("return document.querySelector('[data-testid=copy-next]').disabled", &[])
                    == true
        });
        window.screenshot("recovery-empty-set");
    }

    #[test]
    fn a_new_download_is_offered_when_that_is_switched_on_and_taken_only_when_asked() {
        let mut world = World::new("recovery-downloads");
        let window = world.open(&[]);
        window.create_vault(PASSPHRASE);
        let downloads = window.world.home().join("Downloads");
        std::fs::create_dir(&downloads).expect("a folder for downloads");
        std::fs::write(downloads.join("old.txt"), github_file(&CODES)).expect("a file from before");
        window.click_named("settings");
        window.click_named("watch-downloads");
        window.screenshot("settings-downloads");
        // What is there at this moment is not new.
        window.wait_until("it is switched on", || {
            window.attribute(&element("watch-downloads"), "data-on") == "true"
        });
        window.press(&[Keys::ESCAPE]);
        std::fs::write(downloads.join("letter.txt"), "Thank you for the flowers.\n").expect("a letter");
        let file = downloads.join("github-recovery-codes.txt");
        std::fs::write(&file, github_file(&CODES)).expect("a download");
        let offer = "[data-testid=banner][data-kind=download]";
        window.wait_for(offer);
        assert_eq!(window.texts(offer).len(), 1);
        assert!(window.text(offer).contains("github-recovery-codes.txt"), "{}", window.text(offer));
        window.screenshot("downloads-offer");
        window.click(&format!("{offer} .act"));
        window.wait_for_named("draft-keep");
        assert!(window.text(&element("draft-found")).contains("16 codes"));
        window.click_named("draft-keep");
        window.wait_for_named("tidy");
        left(&window, "16 of 16 left");
        assert!(file.exists(), "the download goes only when asked");
    }

    /// Runs a fire drill by the room's button, and says whether everything would be back.
    fn drill(window: &Window<'_>) -> bool {
        window.click_named("room-readiness");
        window.wait_for_named("ready-back");
        window.click_named("drill");
        window.type_into_named("drill-proof", PASSPHRASE);
        window.click_named("drill-go");
        window.wait_for_named("drill-report");
        window.attribute(&element("drill-report"), "data-ok") == "true"
    }

    #[test]
    fn a_fire_drill_is_green_and_red_after_a_set_is_deleted() {
        let mut world = World::new("readiness");
        let window = world.open(&[]);
        window.create_vault(PASSPHRASE);
        window.add_by_drop(&GITHUB);
        keep(&window, "github-recovery-codes.txt", &github_file(&CODES));
        // The vault's own file has everything, and is gone with this computer: that is no green.
        assert!(!drill(&window), "{}", window.text(&element("drill-report")));
        let verdict = window.text(&element("drill-verdict"));
        assert!(verdict.contains("gone with this computer"), "{verdict}");
        window.screenshot("drill-local");
        window.click_named("drill-done");
        assert!(window.text(&element("ready-back")).starts_with("0 of 1"));

        // Backups on a file system of their own.
        let memory = tempfile::tempdir_in("/dev/shm").expect("a file system of its own");
        window.click_named("settings");
        window.wait_for_named("backup-settings");
        window.type_into_named("backup-folder", &memory.path().display().to_string());
        window.click_named("backup-folder-go");
        window.wait_until("the first backup is whole", || {
            window.attribute(&element("backup-settings"), "data-state") == "good"
        });
        assert!(drill(&window), "{}", window.text(&element("drill-report")));
        assert!(window.text(&element("drill-report")).contains("16 codes left"));
        window.screenshot("drill-green");
        window.click_named("drill-done");
        window.wait_until("the account is drilled", || {
            window.attribute(&element("ready-account"), "data-way") == "recovery_codes"
        });
        assert!(window.text(&element("ready-back")).starts_with("1 of 1"));
        window.click(&format!("{} button", element("ready-account")));
        window.wait_for_named("way-second");
        window.click_named("way-second");
        window.wait_until("every way back is named", || {
            let ways = window.text(&element("ready-ways"));
            ways.contains("Recovery code") && ways.contains("Second device")
        });
        window.screenshot("readiness");

        // A copy that the person made, from before the set is deleted.
        let copy = memory.path().join("kept.keyhaven");
        std::fs::copy(window.world.vault_home().join("vault.keyhaven"), &copy).expect("a copy");
        window.click_named("room-recovery");
        unlock(&window);
        window.click_named("recovery-edit");
        window.click_named("recovery-delete");
        window.wait_until("it asks once more", || {
            window.text(&element("recovery-delete")).contains("for good")
        });
        window.click_named("recovery-delete");
        window.wait_for_named("recovery-empty");
        assert!(!drill(&window));
        assert!(window.text(&element("drill-lost")).contains("GitHub"));
        window.screenshot("drill-red");
        window.click_named("drill-done");
        // The copy from before has the set still, and the drill says what it started from.
        window.click_named("drill");
        window.click_named("drill-choose");
        window.world.choose_in_dialog("Choose a backup to drill with", &copy);
        window.wait_until("the chosen copy is named", || {
            window.text(&element("drill-copy")).contains("kept.keyhaven")
        });
        window.screenshot("drill-choose");
        window.type_into_named("drill-proof", PASSPHRASE);
        window.click_named("drill-go");
        window.wait_for_named("drill-report");
        assert_eq!(window.attribute(&element("drill-report"), "data-ok"), "false");
        window.click_named("drill-done");
        assert!(window.text(&element("ready-back")).starts_with("1 of 1"), "a copy elsewhere counts");

        window.click_named("settings");
        window.click_named("theme-dark");
        window.click_named("room-readiness");
        window.wait_for_named("reminders");
        window.screenshot("readiness-dark");
        window.click_named("room-recovery");
        window.wait_for_named("recovery-empty");
        keep(&window, "github-recovery-codes.txt", &github_file(&CODES));
        unlock(&window);
        window.screenshot("recovery-dark");
    }

    #[test]
    fn while_recovery_codes_are_locked_no_process_holds_one() {
        let mut world = World::new("recovery-memory");
        let window = world.open(&[]);
        window.create_vault(PASSPHRASE);
        keep(&window, "github-recovery-codes.txt", &github_file(&CODES));
        let needles = || CODES.iter().map(|code| Needle::text(code, code)).collect::<Vec<_>>();
        let control = [Needle::text("the set's source", "github-recovery-codes.txt")];
        match window.find_in_memory(|process| process.is_page(), &control) {
            Ok(seen) => assert!(!seen.is_empty(), "the search sees what the page shows"),
            Err(why) => {
                return println!("skipped: this machine does not show other processes' memory: {why}");
            }
        }
        let found = window.find_in_memory(|_| true, &needles()).expect("readable a moment ago");
        assert!(found.is_empty(), "taken in while locked:\n  {}", found.join("\n  "));
        unlock(&window);
        assert_eq!(use_next(&window, ""), CODES[0]);
        let open = window.find_in_memory(|process| process.is_app(), &needles()).expect("readable");
        assert!(!open.is_empty(), "the search sees what the open compartment holds");
        let pages = window.find_in_memory(|process| !process.is_app(), &needles()).expect("readable");
        assert!(pages.is_empty(), "a masked page holds none:\n  {}", pages.join("\n  "));
        window.click_named("recovery-lock");
        window.wait_for_named("recovery-unlock");
        // The one that was copied is in the clipboard until its time is over.
        let rest: Vec<Needle> = CODES[1..].iter().map(|code| Needle::text(code, code)).collect();
        let found = window.find_in_memory(|_| true, &rest).expect("readable");
        assert!(found.is_empty(), "locked again:\n  {}", found.join("\n  "));
        window.lock();
        let found = window.find_in_memory(|_| true, &needles()).expect("readable");
        assert!(found.is_empty(), "the vault locked:\n  {}", found.join("\n  "));
    }

    /// A scan of two pages: one all red, one all blue, neither with a word on it.
    fn scan() -> String {
        let page = |contents: usize| {
            format!(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {contents} 0 R /Resources << >> >>"
            )
        };
        let paint = |colour: &str| {
            let content = format!("{colour} rg 0 0 595 842 re f");
            format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len())
        };
        let objects = [
            "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
            "<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 >>".to_owned(),
            page(5),
            page(6),
            paint("1 0 0"),
            paint("0 0 1"),
        ];
        let objects: String = (1..)
            .zip(objects)
            .map(|(number, object)| format!("{number} 0 obj\n{object}\nendobj\n"))
            .collect();
        format!("%PDF-1.4\n{objects}trailer\n<< /Root 1 0 R >>\n%%EOF\n")
    }

    #[test]
    fn a_pdf_is_looked_at_page_by_page_before_and_after_it_is_kept() {
        let mut world = World::new("recovery-pdf");
        let window = world.open(&[]);
        window.create_vault(PASSPHRASE);
        window.click_named("room-recovery");
        let file = write(&window, "scan.pdf", &scan());
        window.drop_files(&[&file]);
        window.wait_for_named("draft-pages");
        let middle = |colour: &str| {
            let seen = "const it = document.querySelector('[data-testid=picture]'); if (!it) return ''; \
                        return [...it.getContext('2d').getImageData(it.width / 2, it.height / 2, 1, 1).data].join()";
            window.wait_until(&format!("the page is {colour}"), || window.script(seen, &[]) == colour);
        };
        window.click_named("draft-pages");
        middle("255,0,0,255");
        window.screenshot("recovery-pdf-review");
        window.click_named("page-on");
        middle("0,0,255,255");
        window.click_named("draft-keep");
        window.wait_for_named("recovery-detail");
        window.type_into_named("recovery-proof", PASSPHRASE);
        window.click_named("recovery-unlock-go");
        window.wait_for_named("recovery-picture");
        window.click_named("recovery-picture");
        middle("255,0,0,255");
        window.screenshot("recovery-pdf-kept");
        window.click_named("recovery-picture");
        window.wait_until("it is covered", || !window.is_visible(&element("picture")));
    }

    /// The pages of a PDF as pictures, drawn by poppler.
    fn photographed(pdf: &Path) -> Vec<PathBuf> {
        let folder = pdf.with_extension("");
        std::fs::create_dir(&folder).expect("a folder for the pictures");
        let mut pdftoppm = Command::new("pdftoppm");
        pdftoppm.args(["-r", "150", "-png"]).arg(pdf).arg(folder.join("page"));
        assert!(pdftoppm.status().expect("pdftoppm: `cargo xtask setup` installs it").success());
        let entries = std::fs::read_dir(&folder).expect("the pictures").flatten();
        let mut pages: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        pages.sort();
        pages
    }

    #[test]
    fn a_paper_backup_comes_back_from_pictures_and_the_camera_and_a_missing_page_is_named() {
        let mut first = World::new("paper-print");
        let window = first.open(&[]);
        window.create_vault(PASSPHRASE);
        window.add_by_text_file(&sample_uris(40));
        window.click_named("room-readiness");
        window.wait_for_named("ready-back");
        window.click_named("paper");
        window.type_into_named("paper-proof", PASSPHRASE);
        window.screenshot("paper-sheet");
        let pdf = window.world.home().join("paper.pdf");
        window.click_named("paper-go");
        window.world.choose_in_dialog("Save the paper backup", &pdf);
        window.wait_until("the booklet is on the disk", || pdf.is_file());
        let pages = photographed(&pdf);
        assert!(pages.len() > 1, "{} pages", pages.len());

        let mut second = World::new("paper-restore");
        let window = second.open(&[]);
        window.wait_for_named("first-start");
        window.click_named("restore-paper");
        window.wait_for_named("paper-choose");
        window.click_named("paper-choose");
        window.world.choose_in_dialog("Choose the pictures of the pages", &pages[1]);
        window.wait_for_named("paper-missing");
        let missing = window.text(&element("paper-missing"));
        assert!(missing.contains("1") && !missing.contains("2"), "{missing}");
        window.screenshot("paper-missing");
        // The first page goes before the camera, code by code; other pages are dropped.
        if pages.len() > 2 {
            window.drop_files(&pages[2..].iter().map(PathBuf::as_path).collect::<Vec<_>>());
        }
        // "8 of 12 codes read"
        let progress = |word: usize| {
            let said = window.text(&element("paper-progress"));
            said.split(' ').nth(word).and_then(|count| count.parse::<usize>().ok()).unwrap_or(0)
        };
        let page = std::fs::read(&pages[0]).expect("a page");
        let limits = keyhaven_qr::Limits { time: Duration::from_secs(60), ..Default::default() };
        let codes = keyhaven_qr::read(&page, &limits).expect("its codes");
        assert_eq!(codes.len(), 4, "two by two");
        let others = progress(2) - codes.len();
        window.wait_until("the others are read", || progress(0) == others);
        window.world.hold_before("Desk", &frame(&[], Lens::default()));
        window.click_named("paper-camera");
        window.wait_for(&format!("{}[data-on=\"true\"]", element("camera")));
        for (place, code) in codes.iter().enumerate() {
            let large = Held { side: 460.0, ..Held::default() };
            window
                .world
                .hold_before("Desk", &frame(&[(code.text.expose(), large)], Lens { blur: 0, grain: 8 }));
            if place + 1 < codes.len() {
                window.wait_until("one more is read", || progress(0) == others + place + 1);
            }
        }
        window.wait_for_named("paper-restore-go");
        window.wait_until("the light is out", || !window.world.is_camera_on("Desk"));
        window.click_named("paper-restore-go");
        window.unlock(PASSPHRASE);
        window.wait_until("all are back", || window.attribute("[role=grid]", "aria-rowcount") == "40");
        window.wait_for_code();
        let first = Sample { issuer: "Issuer 000", name: "", key: *b"key number 000000000" };
        window.assert_code_is_true(&first);

        // One that is deleted comes back from the same paper into the vault that is there.
        let rows = |count: &str| window.attribute("[role=grid]", "aria-rowcount") == count;
        window.press(&[Keys::DOWN]);
        window.press(&[Keys::DELETE]);
        window.wait_until("one is gone", || rows("39"));
        window.click_named("settings");
        window.click_named("restore-open");
        window.click_named("restore-from-paper");
        window.wait_for_named("paper-choose");
        window.screenshot("restore-from-paper");
        window.drop_files(&pages.iter().map(PathBuf::as_path).collect::<Vec<_>>());
        window.click_named("paper-restore-go");
        window.type_into_named("restore-proof", PASSPHRASE);
        window.screenshot("restore-from-paper-proof");
        window.click_named("restore-proof-go");
        window.wait_for_named("restore-difference");
        assert_eq!(window.texts(&element("restore-difference")).len(), 1);
        window.screenshot("restore-from-paper-look");
        window.click_named("restore-go");
        window.wait_until("the sheet is closed", || !window.is_visible(&element("restore")));
        window.press(&[Keys::ESCAPE]);
        window.wait_until("it is back", || rows("40"));
    }

    #[test]
    fn once_codes_that_were_shown_are_locked_again_no_process_holds_one() {
        let mut world = World::new("recovery-shown-memory");
        let window = world.open(&[]);
        window.create_vault(PASSPHRASE);
        let needles = || CODES.iter().map(|code| Needle::text(code, code)).collect::<Vec<_>>();
        if let Err(why) = window.find_in_memory(|_| true, &needles()) {
            return println!("skipped: this machine does not show other processes' memory: {why}");
        }
        let none = |when: &str| {
            let found = window.find_in_memory(|_| true, &needles()).expect("readable a moment ago");
            assert!(found.is_empty(), "{when}:\n  {}", found.join("\n  "));
        };
        // The codes themselves are not asked for: the driver's answer would be one more copy of them.
        let shown = |button: &str, code: &str| {
            window.click_named(button);
            window.wait_until("they are shown", || window.text(&element(button)).contains("Cover"));
            let dots = "return [...document.querySelector(arguments[0]).childNodes].some((one) => one.data === '•' || one.data?.includes('••'))";
            assert_eq!(window.script(dots, &[code.into()]), false, "letters, not dots");
        };

        // Looked at in the review of a download, and sealed while the compartment is locked.
        let file = write(&window, "github-recovery-codes.txt", &github_file(&CODES));
        window.drop_files(&[&file]);
        window.wait_for_named("draft-keep");
        shown("draft-show", "[data-testid=draft-code] .text");
        window.screenshot("review-shown");
        window.click_named("draft-keep");
        window.wait_for_named("tidy");
        none("sealed after the review");
        // Shown in the room, and locked there.
        unlock(&window);
        shown("recovery-show", "[data-testid=recovery-code] .text");
        window.screenshot("recovery-shown-letters");
        let pages = window.find_in_memory(|process| !process.is_app(), &needles()).expect("readable");
        assert!(pages.is_empty(), "even while they show:\n  {}", pages.join("\n  "));
        window.click_named("recovery-lock");
        window.wait_for_named("recovery-unlock");
        none("locked in the room");
        // Shown, and the whole vault locked over it.
        unlock(&window);
        shown("recovery-show", "[data-testid=recovery-code] .text");
        window.lock();
        none("the vault locked");
    }

    /// Types as fingers do, key by key: the driver sends what is typed as a whole through the app itself.
    fn fingers(window: &Window<'_>, text: &str) {
        text.chars().for_each(|letter| window.press(&[if letter == '\n' { Keys::ENTER } else { letter }]));
    }

    /// Waits until a field for letters shows so many of them.
    fn letters(window: &Window<'_>, count: usize) {
        let script = "return document.querySelectorAll('.box .letter').length";
        window.wait_until(&format!("{count} letters are there"), || window.script(script, &[]) == count);
    }

    /// Keeps the draft on the screen under a name.
    fn keep_as(window: &Window<'_>, name: &str) {
        window.wait_for_named("draft-keep");
        window.type_into_named("draft-name", name);
        window.click_named("draft-keep");
        window.wait_until("the review is over", || !window.is_visible(&element("draft")));
    }

    /// No process of the app holds one of the needles; `false` when this machine does not show it.
    fn none(window: &Window<'_>, needles: &[Needle], when: &str) -> bool {
        match window.find_in_memory(|_| true, needles) {
            Ok(found) => assert!(found.is_empty(), "{when}:\n  {}", found.join("\n  ")),
            Err(why) => {
                println!("skipped: this machine does not show other processes' memory: {why}");
                return false;
            }
        }
        true
    }

    #[test]
    fn codes_that_were_typed_or_pasted_are_in_no_process_while_they_are_locked() {
        let mut world = World::new("recovery-typed-memory");
        let window = world.open(&[]);
        window.create_vault(PASSPHRASE);
        let needles: Vec<Needle> = CODES[..10].iter().map(|code| Needle::text(code, code)).collect();
        if !none(&window, &needles[..1], "before") {
            return;
        }
        window.click_named("room-recovery");
        window.wait_for_named("recovery-empty");
        let length = 3 * CODES[0].len() + 2;

        window.click_named("recovery-type");
        window.wait_for_named("type-codes-text");
        fingers(&window, &CODES[..3].join("\n"));
        letters(&window, length);
        window.screenshot("recovery-typed");
        window.click_named("type-codes-go");
        window.wait_for_named("draft-keep");
        assert!(window.text(&element("draft-found")).contains("3 codes"));
        keep_as(&window, "By hand");
        none(&window, &needles, "typed and sealed");

        // Typed, and locked in the middle of it.
        window.click_named("recovery-type");
        window.wait_for_named("type-codes-text");
        fingers(&window, CODES[3]);
        letters(&window, CODES[3].len());
        window.press(&[Keys::ESCAPE]);
        window.wait_until("it is put away", || !window.is_visible(&element("type-codes")));
        window.lock();
        none(&window, &needles, "typed and given up");
        window.unlock(PASSPHRASE);

        // Pasted into the field, and pasted in the room.
        window.click_named("room-recovery");
        window.wait_for_named("recovery-unlock");
        window.world.copy_elsewhere(&CODES[4..7].join("\n"));
        window.click_named("recovery-type");
        window.wait_for_named("type-codes-text");
        window.press(&[Keys::CONTROL, 'v']);
        letters(&window, length);
        window.click_named("type-codes-go");
        keep_as(&window, "Pasted");
        window.world.copy_elsewhere(&CODES[7..10].join("\n"));
        window.click_named("recovery-paste");
        keep_as(&window, "Clipboard");
        window.world.copy_elsewhere("something else");
        none(&window, &needles, "pasted and sealed");
        unlock(&window);
        window.click_named("recovery-lock");
        window.wait_for_named("recovery-unlock");
        window.lock();
        none(&window, &needles, "the vault locked");
    }

    #[test]
    fn answers_notes_and_pictures_are_in_no_process_while_they_are_locked() {
        const ANSWER: &str = "grzxqvbl wnkjtmph";
        const NOTE: &str = "ask vqzkxwpj at the desk";
        let mut world = World::new("recovery-notes-memory");
        let window = world.open(&[]);
        window.create_vault(PASSPHRASE);
        // A picture like no other, its bytes as they stand in a file and in a page's address (at each of three places).
        let mut noise = vec![0; 64 * 48 * 4];
        getrandom::fill(&mut noise).expect("randomness");
        let png = keyhaven_qr::preview(64, 48, &noise, &[], 64).expect("a picture").file;
        let part = &png[png.len() / 2..][..48];
        let mut needles = vec![
            Needle::text("the answer", ANSWER),
            Needle::text("the note", NOTE),
            Needle::bytes("the picture", part),
        ];
        for shift in 0..3 {
            let text = data_encoding::BASE64.encode(&part[shift..shift + 45]);
            needles.push(Needle::text("the picture in Base64", &text));
        }
        if !none(&window, &needles[..1], "before") {
            return;
        }
        window.click_named("room-recovery");
        window.wait_for_named("recovery-empty");
        let file = window.world.home().join("codes.png");
        std::fs::write(&file, &png).expect("a picture to drop");
        window.drop_files(&[&file]);
        window.click_named("draft-show");
        let drawn = || {
            let grey = "const one = document.querySelector('[data-testid=picture]'); \
                        return one ? new Set(one.getContext('2d').getImageData(0, 0, 8, 8).data).size : 0";
            window.wait_until("the picture is drawn", || window.script(grey, &[]).as_u64() > Some(20));
        };
        drawn();
        window.screenshot("review-picture");
        keep_as(&window, "Photograph");
        std::fs::remove_file(&file).expect("the picture goes");

        window.click_named("recovery-type");
        window.wait_for_named("type-codes-text");
        fingers(&window, &format!("First pet? {ANSWER}"));
        window.click_named("type-codes-go");
        keep_as(&window, "Questions");
        none(&window, &needles, "looked at, typed and sealed");

        window.type_into_named("recovery-proof", PASSPHRASE);
        window.click_named("recovery-unlock-go");
        window.wait_for_named("recovery-original");
        window.click_named("recovery-edit");
        window.wait_for_named("recovery-note");
        window.click_named("recovery-note");
        fingers(&window, NOTE);
        letters(&window, NOTE.len());
        window.click_named("recovery-save");
        window.wait_until("it is saved", || !window.is_visible(&element("recovery-edit-sheet")));
        window.click_named("recovery-lock");
        window.wait_for_named("recovery-unlock");
        none(&window, &needles, "the note written and locked");

        // Read again: the note to be changed, then the picture of the other set.
        window.type_into_named("recovery-proof", PASSPHRASE);
        window.click_named("recovery-unlock-go");
        window.wait_for_named("recovery-original");
        window.click_named("recovery-edit");
        letters(&window, NOTE.len());
        window.screenshot("recovery-note");
        window.press(&[Keys::ESCAPE]);
        window.wait_until("it is put away", || !window.is_visible(&element("recovery-edit-sheet")));
        window.click(&format!("{}:not([aria-current=true])", element("recovery-item")));
        window.click_named("recovery-picture");
        drawn();
        window.screenshot("recovery-picture");
        window.click_named("recovery-lock");
        window.wait_for_named("recovery-unlock");
        none(&window, &needles, "shown and locked");
    }
}
