//! What each operating system does in its own way.

pub(crate) mod clipboard;
pub(crate) mod session;
pub(crate) mod tray;
