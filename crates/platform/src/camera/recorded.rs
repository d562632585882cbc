//! Recorded pictures in the place of a camera, in builds for developers only: a story holds codes before it.
//!
//! `KEYHAVEN_CAMERA_FRAMES` names a folder; each folder in it is a camera of that name, and shows the picture files in it
//! one after the other, over and over. While a camera is on, a file with its name and ".on" stands beside its folder: its
//! light. A folder that goes away is a camera that is unplugged.

use keyhaven_app::camera::{Camera, CameraError, CameraFrame, CameraName, Cameras};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

const VARIABLE: &str = "KEYHAVEN_CAMERA_FRAMES";
/// Between two pictures: 15 a second.
const PACE: Duration = Duration::from_millis(66);

/// The recorded cameras, when the environment names some.
pub(super) fn cameras() -> Option<&'static dyn Cameras> {
    static RECORDED: OnceLock<Option<Recorded>> = OnceLock::new();
    let folder = || std::env::var_os(VARIABLE).filter(|folder| !folder.is_empty());
    let recorded = RECORDED.get_or_init(|| folder().map(|folder| Recorded { folder: folder.into() }));
    recorded.as_ref().map(|recorded| recorded as &dyn Cameras)
}

struct Recorded {
    folder: PathBuf,
}

impl Cameras for Recorded {
    fn list(&self) -> Result<Vec<CameraName>, CameraError> {
        let found: Vec<CameraName> = inside(&self.folder)
            .into_iter()
            .filter(|path| path.is_dir())
            .filter_map(|path| {
                let name = path.file_name()?.to_string_lossy().into_owned();
                Some(CameraName { id: name.clone(), name })
            })
            .collect();
        if found.is_empty() { Err(CameraError::NoCamera) } else { Ok(found) }
    }

    fn open(&self, id: &str) -> Result<Box<dyn Camera>, CameraError> {
        let folder = self.folder.join(id);
        if !folder.is_dir() {
            return Err(CameraError::Gone);
        }
        let light = self.folder.join(format!("{id}.on"));
        let light = Light::on(light).map_err(|error| CameraError::Failed(error.to_string()))?;
        Ok(Box::new(Recording { folder, next: 0, _light: light }))
    }
}

struct Recording {
    folder: PathBuf,
    next: usize,
    _light: Light,
}

impl Camera for Recording {
    fn frame(&mut self, wait: Duration) -> Result<Option<CameraFrame>, CameraError> {
        let mut waited = Duration::ZERO;
        while waited < wait {
            std::thread::sleep(PACE);
            waited += PACE;
            if !self.folder.is_dir() {
                return Err(CameraError::Gone);
            }
            let pictures = inside(&self.folder);
            let Some(picture) = pictures.get(self.next % pictures.len().max(1)) else { continue };
            self.next += 1;
            // One that was taken away meanwhile, or is none, is passed over.
            let bytes = std::fs::read(picture).unwrap_or_default();
            if let Ok(frame) = CameraFrame::of_file(&bytes) {
                return Ok(Some(frame));
            }
        }
        Ok(None)
    }
}

/// What stands in a folder, by name; nothing for a folder that is not there.
fn inside(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

struct Light(PathBuf);

impl Light {
    fn on(file: PathBuf) -> std::io::Result<Self> {
        std::fs::write(&file, b"")?;
        Ok(Self(file))
    }
}

impl Drop for Light {
    fn drop(&mut self) {
        // A folder that is gone took its light along.
        let _ = std::fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_millis(200);

    #[test]
    fn pictures_come_in_their_order_and_the_light_is_out_when_the_camera_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let recorded = Recorded { folder: folder.path().to_path_buf() };
        assert_eq!(recorded.list().err(), Some(CameraError::NoCamera));
        assert_eq!(recorded.open("Desk").err(), Some(CameraError::Gone));
        let desk = folder.path().join("Desk");
        std::fs::create_dir(&desk).unwrap();
        let mut camera = recorded.open("Desk").unwrap();
        assert!(camera.frame(WAIT).unwrap().is_none(), "nothing before it");
        for (name, modules) in [("1.png", 2), ("2.png", 3)] {
            std::fs::write(desk.join(name), keyhaven_qr::write::png("hello", modules).unwrap()).unwrap();
        }
        std::fs::write(desk.join("3.png"), b"no picture").unwrap();
        let mut widths = Vec::new();
        for _ in 0..3 {
            widths.push(camera.frame(WAIT).unwrap().map(|frame| frame.width));
        }
        assert_eq!(widths, [Some(58), Some(87), Some(58)]);
        let light = folder.path().join("Desk.on");
        assert!(light.exists());
        std::fs::remove_dir_all(&desk).unwrap();
        assert_eq!(camera.frame(WAIT).err(), Some(CameraError::Gone));
        drop(camera);
        assert!(!light.exists());
    }
}
