//! The desktop program. Everything it does is in the library.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

fn main() {
    keyhaven_desktop::run();
}
