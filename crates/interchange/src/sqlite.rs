//! SQLite databases taken from phones, opened in memory and read only.

use crate::{Format, ImportError, MAX_ENTRIES};
use rusqlite::types::Value;
use rusqlite::{Connection, Row};
use std::io::Cursor;
use zeroize::Zeroizing;

/// The first bytes of a database (sqlite.org/fileformat2.html §1.3).
pub(crate) const MAGIC: &[u8] = b"SQLite format 3\0";

/// A table and its columns.
#[derive(Debug)]
pub(crate) struct Table {
    pub name: String,
    pub columns: Vec<String>,
}

impl Table {
    pub fn has(&self, columns: &[&str]) -> bool {
        columns.iter().all(|wanted| self.columns.iter().any(|column| column.eq_ignore_ascii_case(wanted)))
    }
}

fn open(bytes: &[u8]) -> rusqlite::Result<Connection> {
    let mut image = Zeroizing::new(bytes.to_vec());
    // A database in WAL mode cannot be opened in memory; the two bytes say "rollback journal" (fileformat2 §1.3.3).
    for version in image.iter_mut().skip(18).take(2) {
        *version = 1;
    }
    let mut connection = Connection::open_in_memory()?;
    let length = image.len();
    connection.deserialize_read_exact("main", Cursor::new(&image[..]), length, true)?;
    // The file is a stranger's: its triggers and views are not to be trusted, its pages not to be believed.
    connection
        .execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA query_only = ON;")?;
    Ok(connection)
}

pub(crate) fn tables(bytes: &[u8]) -> Vec<Table> {
    let read = || -> rusqlite::Result<Vec<Table>> {
        let connection = open(bytes)?;
        let mut statement = connection
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name LIMIT 200")?;
        let names: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        names
            .into_iter()
            .map(|name| {
                let mut columns = connection.prepare("SELECT name FROM pragma_table_info(?1)")?;
                let columns = columns.query_map([&name], |row| row.get(0))?.collect::<Result<_, _>>()?;
                Ok(Table { name, columns })
            })
            .collect()
    };
    read().unwrap_or_default()
}

/// Calls `each` with every row of a table: those of the wanted columns that it has. Columns that SQLite computes are
/// not among [`Table::columns`]; a stranger's expression would be run for them.
pub(crate) fn rows(
    bytes: &[u8],
    format: Format,
    table: &Table,
    wanted: &[&str],
    mut each: impl FnMut(usize, &Row<'_>),
) -> Result<(), ImportError> {
    let broken = |_| ImportError::broken(format, "its database", "SQLite cannot read it");
    let connection = open(bytes).map_err(broken)?;
    let columns: Vec<_> = wanted.iter().copied().filter(|column| table.has(&[column])).collect();
    let query = format!("SELECT {} FROM \"{}\" ORDER BY rowid", columns.join(", "), table.name);
    let mut statement = connection.prepare(&query).map_err(broken)?;
    let mut rows = statement.query([]).map_err(broken)?;
    let mut place = 0;
    while let Some(row) = rows.next().map_err(broken)? {
        place += 1;
        if place > MAX_ENTRIES {
            let (asked, most) = (place as u64, MAX_ENTRIES as u64);
            return Err(ImportError::TooDemanding { what: "entries or more", asked, most });
        }
        each(place, row);
    }
    Ok(())
}

/// A column as text, whatever its type; empty when it is null or not there.
pub(crate) fn text(row: &Row<'_>, column: &str) -> String {
    match row.get::<_, Value>(column) {
        Ok(Value::Text(text)) => text,
        Ok(Value::Integer(number)) => number.to_string(),
        Ok(Value::Blob(bytes)) => String::from_utf8(bytes).unwrap_or_default(),
        _ => String::new(),
    }
}

/// A column as a number from 0; `None` when it is none.
pub(crate) fn number(row: &Row<'_>, column: &str) -> Option<u64> {
    match row.get::<_, Value>(column) {
        Ok(Value::Integer(number)) => u64::try_from(number).ok(),
        Ok(Value::Text(text)) => text.trim().parse().ok(),
        _ => None,
    }
}
