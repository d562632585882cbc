//! What five real systems' help pages say, each behaviour under its id (T1 to A8 of the verifier's specification), and
//! what holds for every policy beside them. All through the public API, on the store in memory.

mod advisories;
mod attacks;
mod conformance;
mod edges;
mod endings;
mod faults;
mod forced;
#[cfg(target_os = "linux")]
mod interop;
mod invite;
mod limits;
mod locks;
mod managing;
mod model;
mod portal;
mod presets;
mod recovery_key;
mod repeats;
mod rotation;
mod safety;
mod simulation;
mod six_codes;
mod told;
mod world;
