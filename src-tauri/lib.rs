//! The desktop shell: a window around `keyhaven-app`.

/// Opens the window and runs until it is closed.
pub fn run() {
    tauri::Builder::default().run(tauri::generate_context!()).expect("the window system starts");
}
