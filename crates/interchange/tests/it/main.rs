//! From outside: other programs' files as they are, files of our own, and files that somebody broke.

mod hostile;
mod own;
mod peers;
mod traps;
