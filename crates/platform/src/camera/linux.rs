//! The kernel's cameras (Linux Media Subsystem Documentation, Video4Linux2), one file each under `/dev`.
//!
//! Through `linuxvideo`, which has the kernel's structures in Rust: neither a C library nor libclang is needed.

use super::form::{FORMS, Form};
use keyhaven_app::camera::{Camera, CameraError, CameraFrame, CameraName, Cameras};
use keyhaven_secret::SecretBytes;
use linuxvideo::format::{PixFormat, PixelFormat};
use linuxvideo::stream::ReadStream;
use linuxvideo::{BufType, CapabilityFlags, Device};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

const FOLDER: &str = "/dev";
const PREFIX: &str = "video";
/// What is asked for; a camera answers with the nearest that it has. Enough for a code with 100 modules a side that
/// fills half of the picture's height.
const WIDTH: u32 = 1_280;
const HEIGHT: u32 = 720;
const REFUSED: &str = "the group “video” may use it. Add yourself to it (sudo usermod -aG video NAME, with your own \
                       name), then sign out and in again";

pub(super) struct KernelCameras;

impl Cameras for KernelCameras {
    fn list(&self) -> Result<Vec<CameraName>, CameraError> {
        let mut refused = false;
        let mut found: Vec<CameraName> = Vec::new();
        for number in numbers() {
            let id = format!("{PREFIX}{number}");
            let name = match Device::open(Path::new(FOLDER).join(&id)) {
                Ok(device) => name(&device),
                Err(error) => {
                    refused |= error.kind() == io::ErrorKind::PermissionDenied;
                    continue;
                }
            };
            // Nodes that give no pictures (a camera's metadata, encoders) have no name here.
            if let Some(mut name) = name {
                if found.iter().any(|other| other.name == name) {
                    name = format!("{name} ({id})");
                }
                found.push(CameraName { id, name });
            }
        }
        match (found.is_empty(), refused) {
            (false, _) => Ok(found),
            (true, true) => Err(CameraError::Refused(REFUSED)),
            (true, false) => Err(CameraError::NoCamera),
        }
    }

    fn open(&self, id: &str) -> Result<Box<dyn Camera>, CameraError> {
        // What the page names is one of the names that it was given, never another file's path.
        let number = id.strip_prefix(PREFIX).and_then(|number| number.parse::<u32>().ok());
        let number = number.ok_or(CameraError::Gone)?;
        let device = Device::open(Path::new(FOLDER).join(format!("{PREFIX}{number}"))).map_err(words)?;
        let offered: Vec<PixelFormat> = device
            .formats(BufType::VIDEO_CAPTURE)
            .map_while(Result::ok)
            .map(|one| one.pixel_format())
            .collect();
        let known = FORMS.iter().map(|(name, _)| PixelFormat::from_fourcc(*name));
        let Some(wanted) = known.into_iter().find(|form| offered.contains(form)) else {
            let names: Vec<_> = offered.iter().map(ToString::to_string).collect();
            return Err(CameraError::UnknownForm(names.join(", ")));
        };
        let device = device.video_capture(PixFormat::new(WIDTH, HEIGHT, wanted)).map_err(words)?;
        let chosen = device.format();
        let name = chosen.pixel_format();
        // A driver may choose otherwise.
        let form = Form::of(name.as_fourcc()).ok_or_else(|| CameraError::UnknownForm(name.to_string()))?;
        let (width, height, row) = (chosen.width(), chosen.height(), chosen.bytes_per_line());
        let stream = device.into_stream().map_err(words)?;
        Ok(Box::new(KernelCamera { stream, form, width, height, row }))
    }
}

/// The numbers of the files that may be cameras, the first camera first.
fn numbers() -> Vec<u32> {
    let entries = std::fs::read_dir(FOLDER).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut numbers: Vec<u32> = names.filter_map(|name| name.strip_prefix(PREFIX)?.parse().ok()).collect();
    numbers.sort_unstable();
    numbers
}

/// What a device calls itself, if it is a camera.
fn name(device: &Device) -> Option<String> {
    // The library trusts drivers to name things in UTF-8.
    catch_unwind(AssertUnwindSafe(|| {
        let about = device.capabilities().ok()?;
        let camera = about.device_capabilities().contains(CapabilityFlags::VIDEO_CAPTURE);
        camera.then(|| about.card().trim().to_owned())
    }))
    .unwrap_or_else(|_| Some("Camera".into()))
}

/// A camera that is on: the kernel switches it off when the stream is dropped.
struct KernelCamera {
    stream: ReadStream,
    form: Form,
    width: u32,
    height: u32,
    row: u32,
}

impl KernelCamera {
    fn is_ready(&self, wait: Duration) -> Result<bool, CameraError> {
        let mut waited = [PollFd::new(&self.stream, PollFlags::IN)];
        let wait = Timespec::try_from(wait).map_err(|error| CameraError::Failed(error.to_string()))?;
        match poll(&mut waited, Some(&wait)) {
            Ok(ready) => Ok(ready > 0),
            Err(Errno::INTR) => Ok(false),
            Err(error) => Err(words(error.into())),
        }
    }

    /// The newest picture of those that wait, as the camera sends it; older ones are passed over.
    fn newest(&mut self) -> Result<Option<SecretBytes>, CameraError> {
        let mut newest = None;
        loop {
            // An error that the kernel only tells when asked (the camera was unplugged) is told here.
            let bytes = self
                .stream
                .dequeue(|buffer| Ok((!buffer.is_error()).then(|| SecretBytes::new(buffer.to_vec()))));
            newest = bytes.map_err(words)?.or(newest);
            if !self.is_ready(Duration::ZERO)? {
                return Ok(newest);
            }
        }
    }
}

impl Camera for KernelCamera {
    fn frame(&mut self, wait: Duration) -> Result<Option<CameraFrame>, CameraError> {
        let start = Instant::now();
        // Some cameras begin with pictures that are not whole.
        while self.is_ready(wait.saturating_sub(start.elapsed()))? {
            let newest = self.newest()?;
            let picture =
                |bytes: SecretBytes| self.form.picture(self.width, self.height, self.row, bytes.expose());
            if let Some(frame) = newest.and_then(picture) {
                return Ok(Some(frame));
            }
        }
        Ok(None)
    }
}

fn words(error: io::Error) -> CameraError {
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::BUSY) => CameraError::Busy,
        Some(Errno::NODEV | Errno::NXIO | Errno::NOENT) => CameraError::Gone,
        Some(Errno::ACCESS | Errno::PERM) => CameraError::Refused(REFUSED),
        _ => CameraError::Failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_no_cameras_opens_nothing() {
        for id in ["", "null", "video", "video/../null", "video-1", "../dev/null", "video4294967295"] {
            assert_eq!(KernelCameras.open(id).err(), Some(CameraError::Gone), "{id}");
        }
    }

    #[test]
    fn what_the_kernel_answers_is_a_next_step() {
        let of = |error: Errno| words(error.into());
        assert_eq!(of(Errno::BUSY), CameraError::Busy);
        assert_eq!(of(Errno::NODEV), CameraError::Gone);
        assert_eq!(of(Errno::ACCESS), CameraError::Refused(REFUSED));
        assert!(matches!(of(Errno::IO), CameraError::Failed(_)));
    }

    /// On a computer with a camera it is one; most that run tests have none.
    #[test]
    fn the_list_is_cameras_or_says_why_there_is_none() {
        match KernelCameras.list() {
            Ok(cameras) => assert!(cameras.iter().all(|camera| camera.id.starts_with(PREFIX))),
            Err(error) => {
                assert!(matches!(error, CameraError::NoCamera | CameraError::Refused(_)), "{error}")
            }
        }
    }
}
