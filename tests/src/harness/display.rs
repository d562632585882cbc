//! A private X display: Xvfb on a number that is free, closed to everyone without the cookie.

use super::process::Program;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{ConnectionExt as _, ImageFormat};
use x11rb::rust_connection::{DefaultStream, RustConnection};

/// Name of the only authorisation used here (X.Org's Xsecurity(7)).
const AUTHORISATION: &[u8] = b"MIT-MAGIC-COOKIE-1";

/// Any host, any display (Xau's `FamilyWild`).
const FAMILY_WILD: u16 = 0xFFFF;

/// The running display.
pub(crate) struct Display {
    _server: Program,
    /// `:N`
    pub(crate) name: String,
    /// The file with the cookie, for `XAUTHORITY`.
    pub(crate) authority: PathBuf,
    cookie: [u8; 16],
}

impl Display {
    /// Starts a display of 1280 × 900 pixels.
    pub(crate) fn start(folder: &Path, log: &Path) -> Self {
        let mut cookie = [0; 16];
        getrandom::fill(&mut cookie).unwrap_or_else(|e| panic!("randomness: {e}"));
        let authority = folder.join("Xauthority");
        fs::write(&authority, authority_entry(&cookie))
            .unwrap_or_else(|e| panic!("{}: {e}", authority.display()));
        let mut command = Command::new("Xvfb");
        command.args([
            "-displayfd",
            "1",
            "-screen",
            "0",
            "1280x900x24",
            "-nolisten",
            "tcp",
            "-noreset",
            "-auth",
        ]);
        command.arg(&authority).env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let mut server = Program::start(&command, log);
        let number = server.first_line();
        assert!(!number.is_empty(), "Xvfb found no display number; its words are in {}", log.display());
        Self { _server: server, name: format!(":{number}"), authority, cookie }
    }

    /// All that it shows, as a PNG.
    pub(crate) fn picture(&self) -> Result<Vec<u8>, String> {
        let taken = || -> Result<_, Box<dyn std::error::Error>> {
            let connection = self.connect();
            let screen = connection.setup().roots.first().ok_or("a display without a screen")?;
            let (width, height) = (screen.width_in_pixels, screen.height_in_pixels);
            let format = ImageFormat::Z_PIXMAP;
            let image = connection.get_image(format, screen.root, 0, 0, width, height, u32::MAX)?.reply()?;
            // Four bytes a pixel: blue, green, red and one that is unused.
            let pixels: Vec<u8> =
                image.data.chunks_exact(4).flat_map(|pixel| [pixel[2], pixel[1], pixel[0], 255]).collect();
            let (width, height) = (u32::from(width), u32::from(height));
            Ok(keyhaven_qr::preview(width, height, &pixels, &[], width)?.file)
        };
        taken().map_err(|error| format!("the display's picture: {error}"))
    }

    /// A connection of this test program's own.
    pub(crate) fn connect(&self) -> RustConnection {
        let connect = || -> Result<RustConnection, Box<dyn std::error::Error>> {
            let parsed = x11rb::reexports::x11rb_protocol::parse_display::parse_display(Some(&self.name))?;
            let addresses = parsed.connect_instruction();
            let mut last = "no address to connect to".into();
            for address in addresses {
                match DefaultStream::connect(&address) {
                    Ok((stream, _)) => {
                        let (name, cookie) = (AUTHORISATION.to_vec(), self.cookie.to_vec());
                        return Ok(RustConnection::connect_to_stream_with_auth_info(
                            stream, 0, name, cookie,
                        )?);
                    }
                    Err(e) => last = Box::<dyn std::error::Error>::from(e),
                }
            }
            Err(last)
        };
        connect().unwrap_or_else(|e| panic!("the display {}: {e}", self.name))
    }
}

/// One entry of an Xauthority file: family, address, display number, name, data, each with a 16-bit length.
fn authority_entry(cookie: &[u8]) -> Vec<u8> {
    let mut entry = FAMILY_WILD.to_be_bytes().to_vec();
    for field in [&b""[..], b"", AUTHORISATION, cookie] {
        entry.extend(u16::try_from(field.len()).unwrap_or(u16::MAX).to_be_bytes());
        entry.extend(field);
    }
    entry
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_display_gives_a_picture_of_its_size() {
        let folder = tempfile::tempdir().unwrap();
        let display = Display::start(folder.path(), &folder.path().join("log"));
        let picture = display.picture().unwrap();
        // Width and height stand behind the signature and the head of the first chunk (ISO/IEC 15948 §11.2.2).
        assert_eq!(picture[16..24], [0, 0, 5, 0, 0, 0, 3, 132], "1280 × 900");
    }
}
