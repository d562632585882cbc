//! Stories: what a person does, done through the real window, each alone in a world of its own.
//! Pictures are left in `target/stories/`.
#![cfg(target_os = "linux")]
#![allow(clippy::disallowed_methods, reason = "a story looks at the files that the app wrote")]
#![allow(clippy::print_stdout, reason = "a story that cannot be told here says so")]

mod story {
    use keyhaven_tests::harness::{
        Keys, Needle, PASSPHRASE, SAMPLE, Sample, Window, World, demo, element, sample_uris,
    };
    use std::collections::BTreeMap;
    use std::path::PathBuf;
    use std::time::{Duration, Instant};

    // One file for each room of the window; the first journey is here.
    mod camera;
    mod desktop;
    mod leak;
    mod loss;
    mod moving;
    mod portal;
    mod safety;
    mod terminal;

    /// A world whose vault has the sample account; the app is closed.
    fn world_with_account(name: &str) -> World {
        let mut world = World::new(name);
        let window = world.open(&[]);
        window.create_vault(PASSPHRASE);
        window.add_by_drop(&SAMPLE);
        window.close();
        world
    }

    /// Every file of the vault's folder with its content.
    fn vault_files(world: &World) -> BTreeMap<PathBuf, Vec<u8>> {
        let (mut files, mut folders) = (BTreeMap::new(), vec![world.vault_home()]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).expect("the vault's folder").flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.insert(path.clone(), std::fs::read(&path).unwrap_or_default());
                }
            }
        }
        files
    }

    fn wait_until_dark(window: &Window<'_>) {
        window.wait_until("the background is dark", || {
            let colour = window.script("return getComputedStyle(document.body).backgroundColor", &[]);
            let parts = colour.as_str().unwrap_or_default().split(|c: char| !c.is_ascii_digit());
            let parts: Vec<u32> = parts.filter_map(|part| part.parse().ok()).collect();
            parts.len() >= 3 && parts[..3].iter().all(|part| *part < 80)
        });
    }

    #[test]
    fn a_vault_is_created_and_its_kit_is_kept() {
        let mut world = World::new("create");
        let window = world.open(&[]);
        window.wait_for_named("first-start");
        window.screenshot("first-start");
        let groups = window.create_vault(PASSPHRASE);
        assert!(groups.len() >= 5 && groups.iter().all(|group| group.len() >= 4), "{} groups", groups.len());
        window.wait_for_named("empty");
        window.screenshot("empty");
        window.close();
        assert!(!vault_files(&world).is_empty(), "the vault is on the disk");
    }

    #[test]
    fn a_dropped_picture_becomes_a_code_that_oathtool_agrees_with() {
        let mut world = World::new("drop");
        let window = world.open(&[]);
        window.create_vault(PASSPHRASE);
        let picture = SAMPLE.picture(window.world);
        window.drop_files(&[&picture]);
        window.wait_for_named("offer-item");
        window.wait_until("the issuer is named", || {
            window.text(&element("offer-item")).contains(SAMPLE.issuer)
        });
        window.screenshot("offer");
        window.click_named("offer-accept");
        window.wait_for_code();
        window.assert_code_is_true(&SAMPLE);
        assert!(window.text(&element("account-row")).contains(SAMPLE.name));
        window.screenshot("code");
    }

    #[test]
    fn several_pictures_are_dropped_at_once() {
        let mut world = World::new("drop-several");
        let window = world.open(&[]);
        window.create_vault(PASSPHRASE);
        let samples = ["Northwind", "Contoso", "Fabrikam"].map(|issuer| Sample {
            issuer,
            name: "robin@example.org",
            key: [issuer.len() as u8; 20],
        });
        let mut files: Vec<_> = samples.iter().map(|sample| sample.picture(window.world)).collect();
        let holiday = window.world.home().join("holiday.png");
        std::fs::write(&holiday, b"\x89PNG\r\n\x1a\nand then nothing").expect("a file");
        files.push(holiday);
        window.drop_files(&files.iter().map(|file| file.as_path()).collect::<Vec<_>>());
        window.wait_until("three are offered", || window.texts(&element("offer-item")).len() == 3);
        assert!(window.text(&element("offer-problems")).contains("holiday.png"));
        window.screenshot("offer-several");
        window.click_named("offer-accept");
        window.wait_until("three are there", || window.texts(&element("account-row")).len() == 3);
    }

    #[test]
    fn a_picture_without_a_code_says_so_and_adds_nothing() {
        let mut world = World::new("no-code");
        let window = world.open(&[]);
        window.create_vault(PASSPHRASE);
        let file = window.world.home().join("holiday.png");
        std::fs::write(&file, b"\x89PNG\r\n\x1a\nand then nothing").expect("a file");
        window.drop_files(&[&file]);
        window.wait_for_named("offer-problems");
        assert!(window.text(&element("offer-problems")).contains("holiday.png"));
        window.screenshot("no-code");
        assert!(!window.is_visible(&element("account-row")));
    }

    #[test]
    fn a_picture_and_a_text_are_pasted() {
        let mut world = World::new("paste");
        let window = world.open(&[]);
        window.create_vault(PASSPHRASE);
        window.world.copy_picture_elsewhere(&SAMPLE.picture(window.world));
        window.press(&[Keys::CONTROL, 'v']);
        window.wait_until("the picture's issuer is named", || {
            window.is_visible(&element("offer-item"))
                && window.text(&element("offer-item")).contains(SAMPLE.issuer)
        });
        window.screenshot("paste");
        window.click_named("offer-accept");
        window.wait_for_code();
        window.assert_code_is_true(&SAMPLE);
        // The search is typed into while the new row still lights up: not one letter may go to the list.
        window.type_into(&element("search"), "pe");
        window.world.copy_elsewhere(&SAMPLE.uri());
        window.press(&[Keys::CONTROL, 'a']);
        window.press(&[Keys::BACKSPACE]);
        window.press(&[Keys::CONTROL, 'v']);
        window.wait_until("the text is known already", || {
            window.is_visible(&element("offer-item"))
                && window.attribute(&element("offer-item"), "data-standing") == "already_there"
        });
    }

    #[test]
    fn a_copied_code_reaches_the_clipboard_and_leaves_it() {
        let mut world = world_with_account("clipboard");
        let window = world.open(&[]);
        window.wait_for_code();
        window.press(&[Keys::ENTER]);
        window.wait_until("the clipboard has a code", || window.world.clipboard().len() == 6);
        let copied = window.world.clipboard();
        assert!(copied.chars().all(|c| c.is_ascii_digit()), "{copied}");
        let second = keyhaven_tests::harness::now();
        let recent = [second, second - 30].map(|second| SAMPLE.code_of_oathtool(second));
        assert!(recent.contains(&copied), "{copied} is none of {recent:?}");
        let kinds = window.world.clipboard_kinds();
        assert!(kinds.contains("x-kde-passwordManagerHint"), "marked as sensitive: {kinds}");
        window.screenshot("copied");
        window.lock();
        window.wait_until("the lock empties the clipboard", || window.world.clipboard().is_empty());
    }

    #[test]
    fn a_copied_code_leaves_the_clipboard_by_itself_and_takes_nothing_else_along() {
        let mut world = world_with_account("clipboard-time");
        let window = world.open(&[]);
        window.wait_for_code();
        window.click_named("settings");
        window.choose(&element("clipboard"), "10");
        window.press(&[Keys::ESCAPE]);
        window.wait_for_code();
        window.press(&[Keys::ENTER]);
        window.wait_until("the clipboard has a code", || window.world.clipboard().len() == 6);
        let copied = Instant::now();
        window.wait_until("the code leaves the clipboard", || window.world.clipboard().is_empty());
        assert!(copied.elapsed() > Duration::from_secs(7), "after {:?}", copied.elapsed());
        window.press(&[Keys::ENTER]);
        window.wait_until("the clipboard has a code", || window.world.clipboard().len() == 6);
        window.world.copy_elsewhere("a shopping list");
        std::thread::sleep(Duration::from_secs(12));
        assert_eq!(window.world.clipboard(), "a shopping list");
    }

    #[test]
    fn a_restart_opens_without_typing() {
        let mut world = world_with_account("restart");
        let window = world.open(&[]);
        window.wait_for_code();
        window.assert_code_is_true(&SAMPLE);
        window.screenshot("restart");
        // One account fits: a scroll bar beside it would say that there is more.
        let room = window.script(
            "const list = document.getElementById('accounts'); return list.scrollHeight - list.clientHeight",
            &[],
        );
        assert_eq!(room, 0);
    }

    #[test]
    fn a_locked_keyring_is_named_and_the_passphrase_works() {
        let mut world = world_with_account("keyring-locked");
        let before = vault_files(&world);
        world.lock_keyring();
        let window = world.open(&[]);
        window.wait_for_named("keyring-state");
        // Nobody is there to answer the keyring's question for its own password, which is one way to refuse it.
        let state = window.attribute(&element("keyring-state"), "data-state");
        assert_eq!(state, "locked");
        window.screenshot("keyring-locked");
        assert_eq!(vault_files(window.world), before, "asking changed nothing");
        window.unlock(PASSPHRASE);
        window.wait_for_code();
        window.assert_code_is_true(&SAMPLE);
    }

    #[test]
    fn a_missing_keyring_is_named_and_the_passphrase_works() {
        let mut world = world_with_account("keyring-absent");
        let before = vault_files(&world);
        world.stop_keyring();
        let window = world.open(&[]);
        window.wait_for_named("keyring-state");
        assert_eq!(window.attribute(&element("keyring-state"), "data-state"), "absent");
        window.screenshot("keyring-absent");
        assert_eq!(vault_files(window.world), before, "asking changed nothing");
        window.unlock(PASSPHRASE);
        window.wait_for_code();
        // The keyring is back at the next start, and so is the convenience.
        window.close();
        world.start_keyring();
        world.open(&[]).wait_for_code();
    }

    /// It is started after Keyhaven, or anew: the running program finds it.
    #[test]
    fn a_keyring_that_comes_up_later_opens_the_running_window() {
        let mut world = world_with_account("keyring-later");
        world.stop_keyring();
        let window = world.open(&[]);
        window.wait_for_named("keyring-state");
        for _ in 0..2 {
            window.world.start_keyring();
            window.click_named("unlock-keyring");
            window.wait_for_code();
            window.lock();
            window.world.stop_keyring();
        }
    }

    #[test]
    fn a_wrong_passphrase_is_told_and_changes_nothing() {
        let mut world = world_with_account("wrong-passphrase");
        world.stop_keyring();
        let before = vault_files(&world);
        let window = world.open(&[]);
        window.unlock("seven quiet herons over the wier");
        window.wait_for_named("unlock-error");
        window.screenshot("wrong-passphrase");
        assert!(!window.is_visible(&element("account-row")));
        assert_eq!(vault_files(window.world), before, "the files are untouched");
        window.unlock(PASSPHRASE);
        window.wait_for_code();
    }

    #[test]
    fn the_recovery_key_opens_what_the_passphrase_would() {
        let mut world = World::new("recovery-key");
        let window = world.open(&[]);
        let groups = window.create_vault(PASSPHRASE);
        window.add_by_drop(&SAMPLE);
        window.lock();
        window.click_named("unlock-other");
        window.type_into_named("unlock-recovery", &groups.join(" "));
        window.click_named("unlock-submit");
        window.wait_for_code();
        window.assert_code_is_true(&SAMPLE);
    }

    #[test]
    fn an_idle_window_locks_itself() {
        let mut world = world_with_account("idle");
        let window = world.open(&[]);
        window.wait_for_code();
        window.click_named("settings");
        window.choose(&element("idle"), "60");
        let idle = Instant::now();
        window
            .wait_up_to(Duration::from_secs(90), "the vault locks", || window.is_visible(&element("unlock")));
        assert!(idle.elapsed() > Duration::from_secs(50), "after {:?}", idle.elapsed());
        window.screenshot("idle-lock");
        assert!(!window.is_visible(&element("code")));
    }

    #[test]
    fn a_thousand_accounts_are_added_scrolled_and_searched() {
        let mut world = World::new("thousand");
        let window = world.open(&[]);
        window.create_vault(PASSPHRASE);
        window.add_by_text_file(&sample_uris(1000));
        window.screenshot("thousand");
        // Far more rows than fit, and the page still holds only those that can be seen.
        let drawn = window.texts(&element("account-row")).len();
        assert!((5..60).contains(&drawn), "{drawn} rows are drawn");
        // For as long as what was just added lights up, the list may take the focus back.
        window.wait_until("the new rows are rows like others", || !window.is_visible(".row.fresh"));
        window.press(&[Keys::CONTROL, 'k']);
        let typed = Instant::now();
        window.type_into_named("search", "person777@");
        window.wait_until("the search finds one", || window.texts(&element("account-row")).len() == 1);
        println!("1,000 accounts: a search is on screen {:?} after its first key", typed.elapsed());
        assert!(window.text(&element("account-row")).contains("Issuer 777"));
        window.wait_for_code();
        window.screenshot("thousand-search");
    }

    #[test]
    fn the_demo_touches_no_vault() {
        demo(&mut World::new("demo"));
    }

    #[test]
    fn dark_is_dark_and_stays_so() {
        let mut world = world_with_account("dark");
        let window = world.open(&[]);
        window.wait_for_code();
        window.click_named("settings");
        window.wait_for_named("settings-screen");
        window.screenshot("settings");
        window.click_named("theme-dark");
        window.press(&[Keys::ESCAPE]);
        window.wait_for_code();
        wait_until_dark(&window);
        window.screenshot("dark");
        window.close();
        let window = world.open(&[]);
        window.wait_for_code();
        wait_until_dark(&window);
    }

    /// The spellings in which the sample's secret could lie in memory.
    fn secrets() -> Vec<Needle> {
        vec![
            Needle::text("the base32 secret", &SAMPLE.base32()),
            Needle::text("the base32 secret in small letters", &SAMPLE.base32().to_lowercase()),
            Needle::bytes("the raw key", &SAMPLE.key),
        ]
    }

    #[test]
    fn while_codes_show_the_web_processes_hold_no_secret() {
        let mut world = World::new("memory-open");
        let window = world.open(&[]);
        window.create_vault(PASSPHRASE);
        window.add_by_drop(&SAMPLE);
        let control = [Needle::text("the account's name", SAMPLE.name)];
        let seen = match window.find_in_memory(|process| process.is_page(), &control) {
            Ok(seen) => seen,
            Err(why) => {
                return println!("skipped: this machine does not show other processes' memory: {why}");
            }
        };
        assert!(!seen.is_empty(), "the search sees what the page shows");
        let found =
            window.find_in_memory(|process| !process.is_app(), &secrets()).expect("readable a moment ago");
        assert!(found.is_empty(), "\n  {}", found.join("\n  "));
    }

    #[test]
    fn after_a_lock_no_process_holds_the_secret() {
        let mut world = world_with_account("memory-locked");
        let window = world.open(&[]);
        window.wait_for_code();
        let open = match window.find_in_memory(|process| process.is_app(), &secrets()) {
            Ok(open) => open,
            Err(why) => {
                return println!("skipped: this machine does not show other processes' memory: {why}");
            }
        };
        assert!(!open.is_empty(), "the search sees what the open vault holds");
        window.press(&[Keys::ENTER]);
        window.wait_until("the clipboard has a code", || window.world.clipboard().len() == 6);
        window.lock();
        let found = window.find_in_memory(|_| true, &secrets()).expect("readable a moment ago");
        assert!(found.is_empty(), "\n  {}", found.join("\n  "));
    }
}
