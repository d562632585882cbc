//! A camera that is watched for codes: a live view without them, and what they were.
//!
//! One thread takes the camera's pictures, another looks through the newest: what comes meanwhile is dropped, so that
//! what is shown is never late. Nothing is added by it: an offer ([`OfferReader::camera`]) shows what was read, as every way
//! in does, and pages of a paper backup go where photographs of them go.

mod device;
mod gather;
pub mod view;

pub use device::{Camera, CameraError, CameraFrame, CameraName, Cameras, NoCameras};

use crate::App;
use crate::adding::OfferReader;
use crate::failure::fail;
use crate::host::Host;
use crate::offer::{Input, Pending};
use crate::readiness_view::PagesView;
use crate::view::{Failure, FailureKind};
use gather::Gathered;
use keyhaven_qr::Limits;
use keyhaven_secret::SecretText;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use view::{CameraChoice, CameraCode, CameraPicture, CameraUse, CameraView};

/// What looking through one picture may cost beyond the first looks, which find nearly all that is held well
/// ([`Limits::work`]). The next picture shows the same code again, a little different.
const WORK: Duration = Duration::ZERO;
/// The same for every fourth picture, which the smaller sizes and the slower decoder see too.
const MORE_WORK: Duration = Duration::from_millis(90);
const MORE_EVERY: u32 = 4;
/// When looking through one picture is given up, however slow the computer.
const TIME: Duration = Duration::from_millis(800);
/// Longest side of the live view, in pixels: enough to aim by.
const PREVIEW: u32 = 400;
/// What to do where another program has to take the pictures.
const PAGES_BY_HAND: &str =
    "take a picture of each page with its camera program, and choose the pictures here";
/// How long the camera is waited for, by itself, before the thread looks whether it shall stop.
const NAP: Duration = Duration::from_millis(200);
/// Naps without a picture after which the camera is called silent: some need seconds for their first.
const NAPS: u32 = 50;
/// Pictures that nobody asked for after which the camera is switched off: the page is gone or stuck.
const UNSEEN: u32 = 300;
/// How long switching off is waited for: a driver that hangs must not hold the lock of the vault.
const FAREWELL: Duration = Duration::from_secs(5);

/// A way to the cameras, which does not hold the app: opening one may take as long as a person takes.
pub struct CameraDoor {
    host: Arc<dyn Host>,
    purpose: CameraUse,
}

impl App {
    /// Begins with a camera.
    ///
    /// # Errors
    /// The vault is locked, where accounts are looked for.
    pub fn begin_camera(&self, purpose: CameraUse) -> Result<CameraDoor, Failure> {
        if purpose == CameraUse::Accounts {
            self.session()?;
        }
        Ok(CameraDoor { host: self.host.clone(), purpose })
    }

    /// Puts the pages that a camera has read since the last call to those that were gathered; `None` when there was no
    /// new one.
    pub fn add_camera_pages(&mut self, watch: &Watch) -> Option<PagesView> {
        if watch.purpose != CameraUse::Pages {
            return None;
        }
        let codes = watch.take();
        (!codes.is_empty()).then(|| self.add_pages(codes.into()))
    }
}

impl OfferReader {
    /// What a camera has read, complete or not.
    pub fn camera(&self, watch: &Watch) -> Pending {
        self.inputs(vec![("Camera".into(), Input::Codes(watch.take()))])
    }
}

impl CameraDoor {
    /// The cameras to choose from; none of them is switched on.
    ///
    /// # Errors
    /// Why there is none that could be used.
    pub fn list(&self) -> Result<Vec<CameraChoice>, Failure> {
        let cameras = self.host.cameras().list().map_err(|error| match (error, self.purpose) {
            // There is no way in for a pasted page.
            (CameraError::ByHand(_), CameraUse::Pages) => failure(CameraError::ByHand(PAGES_BY_HAND)),
            (error, _) => failure(error),
        })?;
        Ok(cameras.into_iter().map(|camera| CameraChoice { id: camera.id, name: camera.name }).collect())
    }

    /// Switches a camera on and watches it until the answer is dropped. That it does not open is told by the view.
    /// What an `earlier` one has read for the same purpose counts on: of an export, two cameras may read one half each.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn watch(self, id: &str, earlier: Option<&Watch>) -> Result<Watch, Failure> {
        let mut gathered = Gathered::new(self.purpose);
        if let Some(earlier) = earlier.filter(|earlier| earlier.purpose == self.purpose) {
            std::mem::swap(&mut gathered, &mut earlier.shared.lock().gathered);
        }
        let mut view = CameraView::default();
        gathered.tell(&mut view);
        let shared = Arc::new(Shared {
            state: Mutex::new(State { newest: None, view, gathered, waiting: 0, unseen: 0, stop: false }),
            changed: Condvar::new(),
        });
        let (running, ended) = channel();
        // From here on dropping it ends what was begun.
        let watch = Watch { purpose: self.purpose, shared: shared.clone(), ended: Mutex::new(ended) };
        let other = |error| fail(FailureKind::Other, format!("no thread for the camera: {error}"));
        let thread = |name: &str| std::thread::Builder::new().name(name.into());
        let (reader, alive) = (shared.clone(), running.clone());
        thread("camera-codes").spawn(move || read(&reader, alive)).map_err(other)?;
        let (host, id) = (self.host, id.to_owned());
        thread("camera").spawn(move || film(&shared, &*host, &id, running)).map_err(other)?;
        Ok(watch)
    }
}

/// A camera that is on. Dropping it switches the camera off, and returns when its light is out.
pub struct Watch {
    purpose: CameraUse,
    shared: Arc<Shared>,
    /// Closed when both threads have ended.
    ended: Mutex<Receiver<()>>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// The newest picture that nobody has looked through yet.
    newest: Option<CameraFrame>,
    view: CameraView,
    gathered: Gathered,
    /// How many wait for the view.
    waiting: u32,
    /// Pictures since somebody did.
    unseen: u32,
    stop: bool,
}

impl Watch {
    /// How it stands, as soon as it stands otherwise than in the view numbered `seen`, and after `wait` in any case.
    pub fn view(&self, seen: u32, wait: Duration) -> CameraView {
        let mut state = self.shared.lock();
        state.waiting += 1;
        let same =
            |state: &mut State| state.view.serial == seen && state.view.failure.is_none() && !state.stop;
        let waited = self.shared.changed.wait_timeout_while(state, wait, same);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        state.waiting -= 1;
        state.unseen = 0;
        state.view.clone()
    }

    /// Switches the camera off, and returns when its light is out. What was read is still there.
    ///
    /// Answers false when the driver does not let go of it in five seconds; then it goes off when it does.
    pub fn close(&self) -> bool {
        self.shared.lock().stop = true;
        self.shared.changed.notify_all();
        // Nothing is ever sent: it ends with the last thread.
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.recv_timeout(FAREWELL) == Err(RecvTimeoutError::Disconnected)
    }

    /// The codes that were read and not taken before.
    fn take(&self) -> Vec<SecretText> {
        self.shared.lock().gathered.take()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The camera is off, and why.
    fn end(&self, error: CameraError) {
        let mut state = self.lock();
        if !state.stop {
            state.view.failure = Some(failure(error));
            state.stop = true;
        }
        drop(state);
        self.changed.notify_all();
    }
}

fn failure(error: CameraError) -> Failure {
    fail(FailureKind::Camera, error)
}

/// Takes the camera's pictures until it is stopped; the camera is dropped before that is told.
fn film(shared: &Shared, host: &dyn Host, id: &str, _running: Sender<()>) {
    // A driver's library may panic on what a camera says of itself.
    let filmed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| roll(shared, host, id)));
    let error = filmed.unwrap_or_else(|_| Err(CameraError::Failed("its driver said nonsense".into())));
    if let Err(error) = error {
        shared.end(error);
    }
}

fn roll(shared: &Shared, host: &dyn Host, id: &str) -> Result<(), CameraError> {
    if shared.lock().stop {
        return Ok(());
    }
    let mut camera = host.cameras().open(id)?;
    let mut naps = 0;
    loop {
        let frame = camera.frame(NAP)?;
        let mut state = shared.lock();
        if state.stop {
            return Ok(());
        }
        if frame.is_none() {
            naps += 1;
            if naps >= NAPS {
                return Err(CameraError::Silent);
            }
            continue;
        }
        naps = 0;
        state.unseen = if state.waiting > 0 { 0 } else { state.unseen + 1 };
        if state.unseen > UNSEEN {
            return Err(CameraError::Unwatched);
        }
        state.newest = frame;
        shared.changed.notify_all();
    }
}

/// Looks through the newest picture, again and again.
fn read(shared: &Shared, _running: Sender<()>) {
    loop {
        let state = shared.lock();
        let idle = |state: &mut State| state.newest.is_none() && !state.stop;
        let waited = shared.changed.wait_while(state, idle);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        if state.stop {
            state.newest = None;
            return;
        }
        let Some(frame) = state.newest.take() else { continue };
        drop(state);
        look(shared, &frame);
    }
}

fn look(shared: &Shared, frame: &CameraFrame) {
    let CameraFrame { width, height, luma } = frame;
    let turn = shared.lock().view.serial % MORE_EVERY;
    let work = if turn == 0 { MORE_WORK } else { WORK };
    let limits = Limits { work, time: TIME, ..Limits::default() };
    // A picture in which nothing is found in time is one without a code.
    let codes = keyhaven_qr::read_luma(*width, *height, luma.expose(), &limits).unwrap_or_default();
    let corners: Vec<_> = codes.iter().map(|code| code.corners).collect();
    let small = keyhaven_qr::camera_preview(*width, *height, luma.expose(), &corners, PREVIEW);
    let mut state = shared.lock();
    let State { gathered, view, .. } = &mut *state;
    gathered.picture();
    let wanted: Vec<bool> = codes.iter().map(|code| gathered.add(&code.text)).collect();
    view.picture =
        small.ok().map(|small| {
            let mut url = String::from("data:image/jpeg;base64,");
            data_encoding::BASE64.encode_append(&small.file, &mut url);
            let codes = small.covered.iter().zip(wanted).map(|([left, top, width, height], wanted)| {
                CameraCode { left: *left, top: *top, width: *width, height: *height, wanted }
            });
            CameraPicture { url, width: small.width, height: small.height, codes: codes.collect() }
        });
    gathered.tell(view);
    // Never 0 again, which is "before the first".
    view.serial = view.serial.checked_add(1).unwrap_or(1);
    drop(state);
    shared.changed.notify_all();
}
