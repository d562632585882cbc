//! The app's window, as a person uses it.

use super::memory::{self, Needle, Unreadable};
use super::webdriver::Session;
use super::world::World;
use super::{PATIENCE, poll};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The running app. Ends when dropped; the world stays, so that it can be opened again.
pub struct Window<'a> {
    /// Where it runs.
    pub world: &'a mut World,
    session: Session,
    group: u32,
    binary: PathBuf,
}

impl<'a> Window<'a> {
    pub(crate) fn new(world: &'a mut World, session: Session, group: u32, binary: PathBuf) -> Self {
        Self { world, session, group, binary }
    }

    /// Waits for an element to be there and visible.
    ///
    /// # Panics
    /// When it is not there in time.
    pub fn wait_for(&self, css: &str) {
        self.wait_until(&format!("{css} is visible"), || self.is_visible(css));
    }

    /// Whether such an element is there and visible now.
    pub fn is_visible(&self, css: &str) -> bool {
        self.session.find(css).is_some_and(|element| element.is_displayed())
    }

    /// Clicks an element once it is there.
    ///
    /// # Panics
    /// When it cannot be clicked in time.
    pub fn click(&self, css: &str) {
        self.wait_until(&format!("{css} can be clicked"), || {
            self.session.find(css).is_some_and(|element| element.click().is_ok())
        });
    }

    /// Empties a field and types `text` into it.
    ///
    /// # Panics
    /// When there is no such field in time.
    pub fn type_into(&self, css: &str, text: &str) {
        self.wait_until(&format!("{css} takes text"), || {
            self.session.find(css).is_some_and(|field| field.clear().is_ok() && field.send(text).is_ok())
        });
    }

    /// Presses keys where the focus is; all but the last are held meanwhile: `&[Keys::CONTROL, 'l']`.
    pub fn press(&self, keys: &[char]) {
        self.session.chord(keys).unwrap_or_else(|e| self.fail(&format!("pressing keys: {e}")));
    }

    /// The visible text of an element.
    ///
    /// # Panics
    /// When there is no such element in time.
    pub fn text(&self, css: &str) -> String {
        let text = poll(PATIENCE, || self.texts(css).into_iter().next());
        text.unwrap_or_else(|| self.fail(&format!("there is no {css}")))
    }

    /// The visible texts of all elements that the selector names now. Asked of the page itself: WebDriver's own
    /// question leaves out what a box cuts off.
    pub fn texts(&self, css: &str) -> Vec<String> {
        let body = "return [...document.querySelectorAll(arguments[0])].map((one) => one.innerText)";
        let texts = self.session.script(body, &[css.into()]).unwrap_or_default();
        let texts = texts.as_array().map_or(&[][..], Vec::as_slice).iter();
        texts.filter_map(|text| Some(text.as_str()?.trim().to_owned())).collect()
    }

    /// An attribute of an element; empty when it has none.
    ///
    /// # Panics
    /// When there is no such element in time.
    pub fn attribute(&self, css: &str, name: &str) -> String {
        self.wait_until(&format!("{css} is there"), || self.session.find(css).is_some());
        let body = "return document.querySelector(arguments[0])?.getAttribute(arguments[1]) ?? ''";
        self.script(body, &[css.into(), name.into()]).as_str().unwrap_or_default().to_owned()
    }

    /// Chooses from a drop-down list by its option's value.
    ///
    /// # Panics
    /// When there is no such list or option in time.
    pub fn choose(&self, css: &str, value: &str) {
        let option = format!("{css} option[value=\"{value}\"]");
        self.wait_until(&format!("{option} is there"), || self.session.find(&option).is_some());
        // The list itself opens as a native menu, which no driver reaches: the choice is made as the menu would.
        let body = "const list = document.querySelector(arguments[0]); list.value = arguments[1]; \
                    list.dispatchEvent(new Event('change', { bubbles: true }));";
        self.script(body, &[css.into(), value.into()]);
    }

    /// What a function body returns in the page. For looking only: a story acts through keys and clicks.
    pub fn script(&self, body: &str, arguments: &[Value]) -> Value {
        self.session.script(body, arguments).unwrap_or_else(|e| self.fail(&format!("a script: {e}")))
    }

    /// Waits for something to become true.
    ///
    /// # Panics
    /// When it does not in time, with a picture of the window beside the story's log.
    pub fn wait_until(&self, what: &str, condition: impl Fn() -> bool) {
        self.wait_up_to(PATIENCE, what, condition);
    }

    /// The same, for what takes longer by design.
    ///
    /// # Panics
    /// When it does not become true within `limit`.
    pub fn wait_up_to(&self, limit: Duration, what: &str, condition: impl Fn() -> bool) {
        if poll(limit, || condition().then_some(())).is_none() {
            self.fail(what);
        }
    }

    /// Keeps a picture of the page as `target/stories/NAME.png`.
    pub fn screenshot(&self, name: &str) -> PathBuf {
        let file = self.world.results.join(format!("{name}.png"));
        // The driver waits until a page stands still; while a camera's picture is drawn the display is asked instead.
        let picture = self
            .session
            .screenshot()
            .or_else(|driver| self.world.display_picture().map_err(|display| format!("{driver}; {display}")));
        let picture = picture.unwrap_or_else(|e| panic!("the picture {name}: {e}"));
        fs::write(&file, picture).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        file
    }

    /// Drags files over the window and lets go.
    pub fn drop_files(&self, files: &[&Path]) {
        self.world.drop_files(files);
    }

    /// The processes of the app: itself first, then the web view's.
    pub fn processes(&self) -> Vec<Process> {
        let mut found: Vec<Process> = fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .filter_map(|pid| Process::read(pid, self.group))
            .filter(|process| process.name != "WebKitWebDriver")
            .collect();
        let program = self.binary.file_name().unwrap_or_default().to_string_lossy().into_owned();
        found.sort_by_key(|process| !program.starts_with(&process.name));
        found
    }

    /// Where `needles` stand in the memory of the app's processes for which `which` holds.
    ///
    /// # Errors
    /// When the system does not let this program look into another's memory, as some containers.
    pub fn find_in_memory(
        &self,
        which: impl Fn(&Process) -> bool,
        needles: &[Needle],
    ) -> Result<Vec<String>, String> {
        let mut found = Vec::new();
        let mut looked = 0;
        for process in self.processes().into_iter().filter(which) {
            match memory::search(process.pid, needles) {
                Ok((places, _)) => {
                    found.extend(places.into_iter().map(|place| format!("{}: {place}", process.name)))
                }
                Err(Unreadable::Gone) => continue,
                Err(Unreadable::Refused(why)) => return Err(why),
            }
            looked += 1;
        }
        assert!(looked > 0, "no process of the app was there to look into");
        Ok(found)
    }

    /// How long ago the app's process was started (proc(5): 22nd field of `stat`, in ticks since the start of the
    /// system, as `/proc/uptime` counts).
    pub fn age(&self) -> Duration {
        let started = self.processes().first().and_then(|app| app.stat_fields().get(19)?.parse::<f64>().ok());
        let uptime = fs::read_to_string("/proc/uptime").unwrap_or_default();
        let uptime: f64 =
            uptime.split(' ').next().and_then(|seconds| seconds.parse().ok()).unwrap_or_default();
        let started = started.unwrap_or_else(|| self.fail("the app has a start"));
        Duration::from_secs_f64((uptime - started / rustix::param::clock_ticks_per_second() as f64).max(0.0))
    }

    /// Takes the window off the screen, as minimising does where there is a window manager.
    pub fn hide(&self) {
        self.world.hide_window();
        self.wait_until("the page knows that it is hidden", || {
            self.session.script("return document.visibilityState", &[]).is_ok_and(|state| state == "hidden")
        });
    }

    /// Presses the window's close button.
    pub fn press_close(&self) {
        self.world.close_window();
    }

    /// Closes the window with its close button and waits for the app to end.
    ///
    /// # Panics
    /// When it does not end in time.
    pub fn close_by_button(self) {
        self.world.close_window();
        let gone = poll(PATIENCE, || self.processes().is_empty().then_some(()));
        assert!(gone.is_some(), "the app does not end: {:?}", self.processes());
    }

    /// Ends the app as a person does who closes the session; its world stays.
    pub fn close(self) {}

    fn fail(&self, what: &str) -> ! {
        let name = format!("failed-{}", self.world.name);
        let page = self.session.script("return document.body.innerText", &[]);
        if let Ok(picture) = self.session.screenshot() {
            drop(fs::write(self.world.results.join(format!("{name}.png")), picture));
        }
        panic!(
            "not in time: {what}\nthe page says: {}\nits picture is {name}.png, its words are in {}",
            page.as_ref().map_or_else(|why| format!("nothing ({why})"), |text| text.to_string()),
            self.world.log().display()
        );
    }
}

impl Drop for Window<'_> {
    fn drop(&mut self) {
        self.session.close();
        let gone = poll(PATIENCE, || self.processes().is_empty().then_some(()));
        if gone.is_none() && !std::thread::panicking() {
            panic!("the app does not end: {:?}", self.processes());
        }
    }
}

/// One process of the app.
#[derive(Debug, Clone)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Its name as the system keeps it: 15 bytes at most.
    pub name: String,
}

impl Process {
    /// The process, when it lives and belongs to `group` (proc(5): `pid (name) state ppid pgrp …`).
    fn read(pid: u32, group: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (head, tail) = stat.rsplit_once(") ")?;
        let mut fields = tail.split(' ');
        let (state, pgrp) = (fields.next()?, fields.nth(1)?);
        let name = head.split_once('(')?.1.to_owned();
        (state != "Z" && pgrp.parse() == Ok(group)).then_some(Self { pid, name })
    }

    /// The fields of `/proc/PID/stat` behind the name: the first here is the third in proc(5).
    fn stat_fields(&self) -> Vec<String> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default();
        stat.rsplit_once(") ").map_or("", |(_, tail)| tail).split(' ').map(str::to_owned).collect()
    }

    /// Processor time that it has used, itself and in the kernel.
    pub fn processor_time(&self) -> Duration {
        let ticks: u64 =
            self.stat_fields().iter().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
    }

    /// Bytes of memory that it uses, what it shares with others divided among them (PSS).
    pub fn shared_out_memory(&self) -> u64 {
        let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.pid)).unwrap_or_default();
        let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
        line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) * 1024
    }

    /// Whether it is the app itself.
    pub fn is_app(&self) -> bool {
        !self.name.starts_with("WebKit")
    }

    /// Whether it draws the page (as opposed to the app itself and the network process).
    pub fn is_page(&self) -> bool {
        self.name.starts_with("WebKitWebProces")
    }
}
