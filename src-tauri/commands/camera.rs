//! The camera: switched on while the page shows its picture, and off before anything else happens with it.

use crate::error::Answer;
use crate::events;
use crate::state::{Desk, desk};
use keyhaven_app::camera::Watch;
use keyhaven_app::camera::view::*;
use keyhaven_app::view::{Failure, FailureKind, Offer};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tauri::AppHandle;

/// How long the page's question for a newer picture waits for one.
const WAIT: Duration = Duration::from_secs(1);

/// The one camera that is on, if one is.
#[derive(Default)]
pub(crate) struct Finder(Mutex<Option<Arc<Watch>>>);

impl Finder {
    fn current(&self) -> Option<Arc<Watch>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Switches the camera off, and keeps what it read for when it is switched on again.
    fn pause(&self) -> Option<Arc<Watch>> {
        self.current().inspect(|watch| {
            watch.close();
        })
    }

    /// Switches the camera off; its light is out when this returns. What it read is in the answer.
    pub fn close(&self) -> Option<Arc<Watch>> {
        let watch = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        watch.inspect(|watch| {
            watch.close();
        })
    }
}

pub(super) fn cameras(app: &AppHandle, purpose: CameraUse) -> Answer<Vec<CameraChoice>> {
    let door = desk(app).app().begin_camera(purpose)?;
    door.list()
}

pub(super) fn open_camera(app: &AppHandle, id: String, purpose: CameraUse) -> Answer<()> {
    let desk = desk(app);
    // It may be the same one, which only one may have.
    let earlier = desk.camera.close();
    let door = desk.app().begin_camera(purpose)?;
    let watch = Arc::new(door.watch(&id, earlier.as_deref())?);
    *desk.camera.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(watch);
    // A lock that came meanwhile found no camera to switch off.
    if let Err(failure) = desk.app().begin_camera(purpose) {
        desk.camera.close();
        return Err(failure);
    }
    Ok(())
}

pub(super) fn camera_view(app: &AppHandle, seen: u32) -> Answer<CameraView> {
    let desk = desk(app);
    let watch = desk.camera.current().ok_or_else(off)?;
    let view = watch.view(seen, WAIT);
    add_pages(app, &desk, &watch);
    Ok(view)
}

pub(super) fn close_camera(app: &AppHandle, keep: bool) -> Answer<()> {
    let desk = desk(app);
    let watch = if keep { desk.camera.pause() } else { desk.camera.close() };
    if let Some(watch) = watch {
        add_pages(app, &desk, &watch);
    }
    Ok(())
}

pub(super) fn offer_from_camera(app: &AppHandle) -> Answer<Offer> {
    let desk = desk(app);
    let watch = desk.camera.close().ok_or_else(off)?;
    let reader = desk.app().begin_offer()?;
    let pending = reader.camera(&watch);
    desk.app().keep_offer(pending)
}

/// Pages of a paper backup go where pictures of them go, at once: nothing that was read is lost when the camera is.
fn add_pages(app: &AppHandle, desk: &Desk, watch: &Watch) {
    let pages = desk.app().add_camera_pages(watch);
    if let Some(pages) = pages {
        events::pages(app, &pages);
    }
}

fn off() -> Failure {
    Failure { kind: FailureKind::Camera, detail: "the camera is off".into() }
}
