//! What keeps other programs, and the disk, from this process's memory.
//!
//! A process that is not dumpable leaves no core file, and nobody but root attaches to it or reads its memory
//! (`PR_SET_DUMPABLE`, prctl(2)). The price on Linux: many desktop portals refuse such a process everything. This
//! program's dialogs are GTK's own and ask no portal; for pictures of the screen see `screen/portal.rs`, which whoever
//! adds a call to another one does likewise.
//!
//! On macOS core files are off; whether another program attaches is decided by the system, by how both are signed
//! (`ptrace(PT_DENY_ATTACH)`, which no safe interface offers, would add little to that). On Windows a process could take
//! the right to read it from the person's other programs (its DACL), and the web view, which is one of them, would go
//! without it too: that is left alone until somebody can try it there. [`protection`] says "unknown" on both.

use keyhaven_secret::{LockedMemory, SecretBytes, locked_memory};

/// How well this process's memory is kept to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protection {
    /// Whether a crash leaves the memory on the disk.
    pub core_dumps: Kept,
    /// Whether other programs of the same person can attach to the process and read its memory.
    pub other_programs: Kept,
    /// How much of the memory for keys and records is kept out of swap.
    pub swap: LockedMemory,
    /// How much memory the system lets this process keep out of swap, in bytes; `None` where it does not say, or has
    /// no limit.
    pub limit: Option<u64>,
}

/// Whether something is kept out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is kept out.
    Out,
    /// It is not: the system refused, or this is a build for developers.
    In,
    /// This system has no such setting that a program may ask for, or does not say.
    Unknown,
}

/// Keeps core dumps and other programs out, for the rest of this process's life. To be called before anything secret
/// is in memory. A refusal changes nothing for the person; [`protection`] tells it.
pub fn protect() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = Rlimit { current: Some(0), maximum: Some(0) };
        let _ = setrlimit(Resource::Core, none);
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// Makes a build for developers protect itself as a release does, so that this can be tried.
pub const PROTECT_VARIABLE: &str = "KEYHAVEN_PROTECT";

/// What both programs do at their beginning: [`protect`], but in a build for developers, where a debugger wants in, only where
/// [`PROTECT_VARIABLE`] is set. No setting takes the protection from a release.
#[expect(clippy::disallowed_methods, reason = "this is asked before there is anything that could be told it")]
pub fn protect_unless_developing() {
    if !cfg!(debug_assertions) || std::env::var_os(PROTECT_VARIABLE).is_some() {
        protect();
    }
}

/// How it stands now, and would stand for so many bytes of secrets: the system is asked for that much.
pub fn protection(needed: usize) -> Protection {
    // A single byte shows whether the system locks memory at all.
    let held = SecretBytes::new(vec![0; needed.max(1)]);
    let (core_dumps, other_programs, swap) = (core_dumps(), other_programs(), locked_memory());
    drop(held);
    Protection { core_dumps, other_programs, swap, limit: limit() }
}

#[cfg(unix)]
fn limit() -> Option<u64> {
    use rustix::process::{Resource, getrlimit};
    getrlimit(Resource::Memlock).current
}

#[cfg(not(unix))]
fn limit() -> Option<u64> {
    None
}

#[cfg(unix)]
fn core_dumps() -> Kept {
    use rustix::process::{Resource, getrlimit};
    // A process that is not dumpable leaves none, whatever its limit says (core(5)).
    if other_programs() == Kept::Out || getrlimit(Resource::Core).current == Some(0) {
        Kept::Out
    } else {
        Kept::In
    }
}

#[cfg(not(unix))]
fn core_dumps() -> Kept {
    Kept::Unknown
}

/// Whether other programs of the same person may not look into this process.
#[cfg(all(unix, not(target_os = "macos")))]
pub(crate) fn keeps_others_out() -> bool {
    other_programs() == Kept::Out
}

#[cfg(target_os = "linux")]
fn other_programs() -> Kept {
    use rustix::process::{DumpableBehavior, dumpable_behavior};
    match dumpable_behavior() {
        Ok(DumpableBehavior::Dumpable) => Kept::In,
        Ok(_) => Kept::Out,
        Err(_) => Kept::Unknown,
    }
}

#[cfg(not(target_os = "linux"))]
fn other_programs() -> Kept {
    Kept::Unknown
}
