//! Recovery files as people have them, read from outside.

mod correct;
mod hostile;
mod layouts;
mod pdf;
mod peers;
mod properties;
mod support;
