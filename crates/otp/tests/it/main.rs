//! The room from outside: URIs in, codes out.
#![allow(clippy::disallowed_methods, reason = "tests read other projects' files where they stand")]
#![allow(clippy::print_stderr, reason = "a test that has no peer data says so")]

mod codes;
mod migrations;
mod oathtool;
mod properties;
mod support;
mod uris;
mod vectors;
