//! The decisions themselves: functions of policy, state, answer and time, nothing else.

mod begin;
mod limits;
mod steps;

pub(crate) use begin::{Ruling, allowed, begin};
pub(crate) use limits::{attempt_charges, attempt_keys, nearest_end, send_charges};
pub(crate) use steps::{Found, Window, drift_learnt, find_hotp, find_pair, find_totp};
