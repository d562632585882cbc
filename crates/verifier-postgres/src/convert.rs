//! Between records and columns. What PostgreSQL holds is 64 bits with a sign; nothing of ours is larger.

use crate::failed::Failed;
use keyhaven_verifier::{Tag, Timestamp};
use serde::{Serialize, de::DeserializeOwned};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio_postgres::{Row, types::FromSql};

pub(crate) fn seconds(moment: Timestamp) -> i64 {
    // A timestamp is at most 2⁶³−1.
    i64::try_from(moment.unix_seconds()).unwrap_or(i64::MAX)
}

pub(crate) fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(u64::try_from(seconds).unwrap_or(0))
}

pub(crate) fn number(number: u64) -> Result<i64, Failed> {
    i64::try_from(number).map_err(|_| Failed::record(format!("{number} is more than a column holds")))
}

pub(crate) fn column<'a, T: FromSql<'a>>(row: &'a Row, name: &str) -> Result<T, Failed> {
    Ok(row.try_get(name)?)
}

/// A column that holds a number that is never negative.
pub(crate) fn natural(row: &Row, name: &str) -> Result<u64, Failed> {
    let number: i64 = column(row, name)?;
    u64::try_from(number).map_err(|_| Failed::record(format!("column {name} holds {number}")))
}

pub(crate) fn instant(row: &Row, name: &str) -> Result<Timestamp, Failed> {
    Ok(moment(column(row, name)?))
}

pub(crate) fn instant_or_none(row: &Row, name: &str) -> Result<Option<Timestamp>, Failed> {
    Ok(column::<Option<i64>>(row, name)?.map(moment))
}

pub(crate) fn tag(row: &Row, name: &str) -> Result<Option<Tag>, Failed> {
    Ok(column::<Option<String>>(row, name)?.map(Tag::from_text))
}

/// A name that a caller gave.
pub(crate) fn name(row: &Row, name: &str) -> Result<String, Failed> {
    String::from_utf8(column(row, name)?).map_err(|_| Failed::record(format!("column {name} holds no text")))
}

pub(crate) fn id<T>(row: &Row, name: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, Failed> {
    parse(column(row, name)?).ok_or_else(|| Failed::record(format!("column {name} holds no id")))
}

/// A word (of a method, a state) from its column.
pub(crate) fn named<T: DeserializeOwned>(row: &Row, name: &str) -> Result<T, Failed> {
    Ok(serde_json::from_value(serde_json::Value::String(column(row, name)?))?)
}

pub(crate) fn to_json(record: &impl Serialize) -> Result<String, Failed> {
    Ok(serde_json::to_string(record)?)
}

pub(crate) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, Failed> {
    Ok(serde_json::from_str(text)?)
}

/// A database's clock, in milliseconds since 1970.
pub(crate) fn from_millis(millis: i64) -> Result<SystemTime, Failed> {
    let since = u64::try_from(millis).ok().map(Duration::from_millis);
    since
        .and_then(|since| UNIX_EPOCH.checked_add(since))
        .ok_or_else(|| Failed::record("a clock that says no time".to_owned()))
}
