//! Every use-case of Keyhaven, once, against one narrow trait.
#![forbid(unsafe_code)]

pub mod view;
