//! Files dragged onto a window and dropped: the source's side of XDND, version 5
//! (<https://www.freedesktop.org/wiki/Specifications/XDND/>), spoken by this program. The window cannot tell it
//! from a file manager, and no pointer, window manager or toolkit is needed.

use super::display::Display;
use super::{PATIENCE, poll};
use std::path::Path;
use std::time::Duration;
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ClientMessageEvent, ConnectionExt as _, CreateWindowAux, EventMask, MapState, PropMode,
    SELECTION_NOTIFY_EVENT, SelectionNotifyEvent, SelectionRequestEvent, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

x11rb::atom_manager! {
    /// The names that the protocol speaks with.
    Atoms: AtomsCookie {
        XdndAware, XdndEnter, XdndPosition, XdndStatus, XdndLeave, XdndDrop, XdndFinished, XdndSelection,
        XdndActionCopy, TARGETS,
        UriList: b"text/uri-list",
    }
}

const VERSION: u32 = 5;

/// Drags `files` over the middle of the app's window and lets go.
///
/// # Panics
/// When there is no window that takes drops, or it refuses these.
pub(crate) fn drop_files(display: &Display, files: &[&Path]) {
    let mut source = Source::new(display.connect(), files);
    let target = poll(PATIENCE, || source.find_target()).unwrap_or_else(|| panic!("no window takes drops"));
    source.drag(target);
}

/// Unmaps the app's window.
///
/// # Panics
/// When there is none.
pub(crate) fn hide(display: &Display) {
    let source = Source::new(display.connect(), &[]);
    let target = poll(PATIENCE, || source.find_target()).unwrap_or_else(|| panic!("no window to hide"));
    let hidden = source.connection.unmap_window(target).map(|_| ()).and_then(|()| source.connection.flush());
    hidden.unwrap_or_else(|e| panic!("hiding the window: {e}"));
    drop(source.connection.sync());
}

/// Asks the app's window to close (ICCCM §4.2.8.1, WM_DELETE_WINDOW).
///
/// # Panics
/// When there is none.
pub(crate) fn close(display: &Display) {
    let source = Source::new(display.connect(), &[]);
    let target = poll(PATIENCE, || source.find_target()).unwrap_or_else(|| panic!("no window to close"));
    let atom = |name: &str| {
        let reply = source.connection.intern_atom(false, name.as_bytes()).ok().and_then(|a| a.reply().ok());
        reply.unwrap_or_else(|| panic!("the atom {name}")).atom
    };
    source.send(target, atom("WM_PROTOCOLS"), [atom("WM_DELETE_WINDOW"), x11rb::CURRENT_TIME, 0, 0, 0]);
    drop(source.connection.sync());
}

struct Source {
    connection: RustConnection,
    atoms: Atoms,
    window: Window,
    root: Window,
    uris: Vec<u8>,
}

impl Source {
    fn new(connection: RustConnection, files: &[&Path]) -> Self {
        let root = connection.setup().roots[0].root;
        let uris: String = files.iter().map(|file| format!("{}\r\n", file_uri(file))).collect();
        let prepare = || -> Result<(Atoms, Window), Box<dyn std::error::Error>> {
            let atoms = Atoms::new(&connection)?.reply()?;
            let window = connection.generate_id()?;
            let (class, options) = (WindowClass::INPUT_ONLY, CreateWindowAux::new());
            connection.create_window(0, window, root, 0, 0, 1, 1, 0, class, 0, &options)?;
            connection.set_selection_owner(window, atoms.XdndSelection, x11rb::CURRENT_TIME)?;
            connection.sync()?;
            Ok((atoms, window))
        };
        let (atoms, window) = prepare().unwrap_or_else(|e| panic!("the drag's source window: {e}"));
        Self { connection, atoms, window, root, uris: uris.into_bytes() }
    }

    /// The first visible window below the root that says it knows the protocol.
    fn find_target(&self) -> Option<Window> {
        let mut windows = vec![self.root];
        while let Some(window) = windows.pop() {
            let aware =
                self.connection.get_property(false, window, self.atoms.XdndAware, AtomEnum::ATOM, 0, 1);
            let aware = aware.ok()?.reply().is_ok_and(|property| property.value_len > 0);
            let size = self.connection.get_geometry(window).ok()?.reply();
            let shown = self.connection.get_window_attributes(window).ok()?.reply();
            let shown = shown.is_ok_and(|window| window.map_state == MapState::VIEWABLE);
            // GTK keeps little helper windows that are aware too, and dialogs that nobody sees any more.
            if aware && shown && size.is_ok_and(|size| size.width > 200 && size.height > 200) {
                return Some(window);
            }
            if let Ok(tree) = self.connection.query_tree(window).ok()?.reply() {
                windows.extend(tree.children);
            }
        }
        None
    }

    fn drag(&mut self, target: Window) {
        let atoms = self.atoms;
        let (x, y) = self.middle_of(target);
        self.send(target, atoms.XdndEnter, [self.window, VERSION << 24, atoms.UriList, 0, 0]);
        let position = [self.window, 0, x << 16 | y, x11rb::CURRENT_TIME, atoms.XdndActionCopy];
        // The first answers may be "not here": the page is asked first, and a real hand moves on meanwhile.
        let accepted = poll(PATIENCE, || {
            self.send(target, atoms.XdndPosition, position);
            self.answered(atoms.XdndStatus).filter(|data| data[1] & 1 == 1)
        });
        assert!(accepted.is_some(), "the window does not take the files");
        self.send(target, atoms.XdndDrop, [self.window, 0, x11rb::CURRENT_TIME, 0, 0]);
        let finished = poll(PATIENCE, || self.answered(atoms.XdndFinished));
        assert!(finished.is_some(), "the window never finished the drop");
    }

    fn middle_of(&self, window: Window) -> (u32, u32) {
        let place = || -> Result<(i32, i32), Box<dyn std::error::Error>> {
            let size = self.connection.get_geometry(window)?.reply()?;
            let corner = self.connection.translate_coordinates(window, self.root, 0, 0)?.reply()?;
            let middle = |corner: i16, size: u16| i32::from(corner) + i32::from(size) / 2;
            Ok((middle(corner.dst_x, size.width), middle(corner.dst_y, size.height)))
        };
        let (x, y) = place().unwrap_or_else(|e| panic!("where the window is: {e}"));
        (u32::try_from(x).unwrap_or(0), u32::try_from(y).unwrap_or(0))
    }

    fn send(&self, target: Window, kind: Atom, data: [u32; 5]) {
        let message = ClientMessageEvent::new(32, target, kind, data);
        let sent = self.connection.send_event(false, target, EventMask::NO_EVENT, message);
        drop(sent.unwrap_or_else(|e| panic!("the drag's message: {e}")));
        self.connection.flush().unwrap_or_else(|e| panic!("the drag's message: {e}"));
    }

    /// Serves the window's questions for a moment; the data of the first message of `kind`, when one came.
    fn answered(&self, kind: Atom) -> Option<[u32; 5]> {
        poll(Duration::from_millis(200), || {
            while let Ok(Some(event)) = self.connection.poll_for_event() {
                match event {
                    Event::ClientMessage(message) if message.type_ == kind => {
                        return Some(message.data.as_data32());
                    }
                    Event::SelectionRequest(request) => self.serve(&request),
                    _ => {}
                }
            }
            None
        })
    }

    /// Hands over the list of files (ICCCM §2.2).
    fn serve(&self, request: &SelectionRequestEvent) {
        let (requestor, property, target) = (request.requestor, request.property, request.target);
        let serve = || -> Result<(), Box<dyn std::error::Error>> {
            let known = target == self.atoms.UriList || target == self.atoms.TARGETS;
            if target == self.atoms.UriList {
                self.connection.change_property8(
                    PropMode::REPLACE,
                    requestor,
                    property,
                    target,
                    &self.uris,
                )?;
            } else if known {
                let kinds = [self.atoms.TARGETS, self.atoms.UriList];
                self.connection.change_property32(
                    PropMode::REPLACE,
                    requestor,
                    property,
                    AtomEnum::ATOM,
                    &kinds,
                )?;
            }
            let answer = SelectionNotifyEvent {
                response_type: SELECTION_NOTIFY_EVENT,
                sequence: 0,
                time: request.time,
                requestor,
                selection: request.selection,
                target,
                property: if known { property } else { x11rb::NONE },
            };
            self.connection.send_event(false, requestor, EventMask::NO_EVENT, answer)?;
            Ok(self.connection.flush()?)
        };
        serve().unwrap_or_else(|e| panic!("handing the files over: {e}"));
    }
}

/// A `file:` URI (RFC 8089), everything but unreserved characters and `/` percent-encoded.
fn file_uri(path: &Path) -> String {
    use std::fmt::Write as _;
    use std::os::unix::ffi::OsStrExt as _;
    path.as_os_str().as_bytes().iter().fold("file://".to_owned(), |mut uri, byte| {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            let _written = write!(uri, "%{byte:02X}");
        }
        uri
    })
}
