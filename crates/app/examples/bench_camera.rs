//! How many of a camera's pictures are looked through in a second, with the view that the page gets of each. Run with
//! `cargo xtask bench camera`.
#![allow(clippy::disallowed_methods, reason = "a benchmark measures")]
#![allow(clippy::print_stdout, reason = "a benchmark prints its result")]

use keyhaven_app::App;
use keyhaven_app::camera::view::CameraUse;
use keyhaven_app::camera::{Camera, CameraError, CameraFrame, CameraName, Cameras};
use keyhaven_app::host::{Host, Keyring, KeyringError, KeyringProbe, KeyringStanding};
use keyhaven_secret::{SecretBytes, SecretText};
use keyhaven_vault::{DiskFiles, Files};
use std::sync::Arc;
use std::time::{Duration, Instant};

const MEASURED: Duration = Duration::from_secs(5);
const TEXT: &str = "otpauth://totp/Example:me?secret=MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U&issuer=Example";

fn main() {
    println!("{:<52} {:>14}", "pictures of 1280 × 720", "looked through");
    for (name, picture) in [
        ("nothing but grain", ground(40)),
        ("a desk: edges, squares and grain", desk()),
        ("an account's code, in focus", code(0)),
        ("an account's code on the desk, badly out of focus", code(9)),
    ] {
        let home = std::env::temp_dir().join("keyhaven-bench-camera-has-no-vault");
        let app = App::open(Arc::new(Bench(picture)), &home);
        let watch =
            app.begin_camera(CameraUse::Pages).and_then(|door| door.watch("bench", None)).expect("a watch");
        let first = watch.view(0, Duration::from_secs(10)).serial;
        let (start, mut serial) = (Instant::now(), first);
        while start.elapsed() < MEASURED {
            serial = watch.view(serial, Duration::from_secs(10)).serial;
        }
        let rate = f64::from(serial - first) / start.elapsed().as_secs_f64();
        println!("{name:<52} {rate:>8.1} a second");
    }
}

const WIDTH: usize = 1_280;
const HEIGHT: usize = 720;

fn ground(grain: u32) -> Vec<u8> {
    let mut random = 0x2545_F491u32;
    let mut pixel = |_| {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        (120 + random % (grain + 1)) as u8
    };
    (0..WIDTH * HEIGHT).map(&mut pixel).collect()
}

fn desk() -> Vec<u8> {
    let mut picture = ground(30);
    for (at, pixel) in picture.iter_mut().enumerate() {
        let (x, y) = (at % WIDTH, at / WIDTH);
        if (x / 60 + y / 45) % 3 == 0 || (x / 7 % 5 == 0 && y > 400) {
            *pixel /= 3;
        }
    }
    picture
}

fn code(blur: usize) -> Vec<u8> {
    let code = keyhaven_qr::write::modules(TEXT).expect("a code");
    let mut picture = if blur == 0 { ground(30) } else { desk() };
    for y in 0..code.side() * 9 {
        for x in 0..code.side() * 9 {
            picture[(y + 100) * WIDTH + x + 300] = if code.dark(x / 9, y / 9) { 40 } else { 220 };
        }
    }
    for step in [1, WIDTH] {
        let sharp = picture.clone();
        for (at, pixel) in picture.iter_mut().enumerate() {
            let near = (0..=2 * blur).filter_map(|by| sharp.get((at + by * step).checked_sub(blur * step)?));
            let (sum, count) = near.fold((0, 0), |(sum, count), near| (sum + usize::from(*near), count + 1));
            *pixel = (sum / count) as u8;
        }
    }
    picture
}

/// A computer with a camera that always has a picture, and nothing else.
struct Bench(Vec<u8>);

struct Running(Vec<u8>);

impl Host for Bench {
    fn now(&self) -> u64 {
        0
    }

    fn measure(&self, work: &mut dyn FnMut()) -> Duration {
        work();
        Duration::ZERO
    }

    fn files(&self) -> &dyn Files {
        &DiskFiles
    }

    fn keyring(&self) -> &dyn Keyring {
        self
    }

    fn cameras(&self) -> &dyn Cameras {
        self
    }
}

impl Cameras for Bench {
    fn list(&self) -> Result<Vec<CameraName>, CameraError> {
        Err(CameraError::NoCamera)
    }

    fn open(&self, _id: &str) -> Result<Box<dyn Camera>, CameraError> {
        Ok(Box::new(Running(self.0.clone())))
    }
}

impl Camera for Running {
    fn frame(&mut self, _wait: Duration) -> Result<Option<CameraFrame>, CameraError> {
        // A camera's own pace.
        std::thread::sleep(Duration::from_millis(33));
        let luma = SecretBytes::new(self.0.clone());
        Ok(Some(CameraFrame { width: WIDTH as u32, height: HEIGHT as u32, luma }))
    }
}

impl Keyring for Bench {
    fn read(&self, _vault_id: &str) -> Result<SecretText, KeyringError> {
        Err(KeyringError::Missing)
    }

    fn write(&self, _vault_id: &str, _text: &SecretText) -> Result<(), KeyringError> {
        Err(KeyringError::Missing)
    }

    fn remove(&self, _vault_id: &str) -> Result<(), KeyringError> {
        Ok(())
    }

    fn probe(&self) -> KeyringProbe {
        KeyringProbe::of(KeyringStanding::NoService, "a benchmark uses none")
    }
}
