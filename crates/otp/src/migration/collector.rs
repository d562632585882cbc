//! The batches of an export, as they come before the camera.

use super::{Batch, Rejected};
use crate::Parsed;
use std::fmt;

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It was not here before.
    New,
    /// The same batch was here already; nothing was doubled.
    Again,
}

/// How far an export has been read. `Display` gives "2 of 5 read, missing 3, 4, 5".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// What the batches have in common.
    pub id: i32,
    /// How many batches the export has.
    pub size: u32,
    /// Those not read yet, from 1, as a person counts them.
    pub missing: Vec<u32>,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let read = self.size as usize - self.missing.len();
        write!(f, "{read} of {} read", self.size)?;
        for (index, missing) in self.missing.iter().enumerate() {
            let before = if index == 0 { ", missing " } else { ", " };
            write!(f, "{before}{missing}")?;
        }
        Ok(())
    }
}

/// Puts batches together, of one export or of several at once, in any order.
#[derive(Debug, Default)]
pub struct Collector {
    exports: Vec<Export>,
}

#[derive(Debug)]
struct Export {
    id: i32,
    size: u32,
    batches: Vec<Option<Batch>>,
}

impl Collector {
    /// A collector without batches.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a batch. Some programs give every export the same identifier: a batch whose place is taken by other
    /// contents begins an export of its own, so that nothing is ever dropped.
    pub fn add(&mut self, batch: Batch) -> Added {
        let index = batch.index as usize;
        let (id, size) = (batch.id, batch.size);
        let mut alike = self.exports.iter_mut().filter(|export| export.id == id && export.size == size);
        let mut free = None;
        for export in alike.by_ref() {
            match export.batches.get(index) {
                Some(Some(known)) if *known == batch => return Added::Again,
                Some(None) if free.is_none() => free = Some(export),
                _ => {}
            }
        }
        match free {
            Some(export) => export.batches[index] = Some(batch),
            None => {
                // `parse` has made sure of `index < size ≤ MAX_BATCHES`; a batch made by hand need not keep to it.
                let places = (size as usize).clamp(1, super::MAX_BATCHES as usize);
                let mut batches: Vec<_> = std::iter::repeat_with(|| None).take(places).collect();
                batches[index.min(places - 1)] = Some(batch);
                self.exports.push(Export { id, size: places as u32, batches });
            }
        }
        Added::New
    }

    /// How far each export has been read, in the order they were first seen.
    pub fn progress(&self) -> Vec<Progress> {
        self.exports
            .iter()
            .map(|export| Progress {
                id: export.id,
                size: export.size,
                missing: (1..)
                    .zip(&export.batches)
                    .filter(|(_, batch)| batch.is_none())
                    .map(|(n, _)| n)
                    .collect(),
            })
            .collect()
    }

    /// Whether there is something and nothing of it is missing.
    pub fn is_complete(&self) -> bool {
        !self.exports.is_empty()
            && self.exports.iter().all(|export| export.batches.iter().all(Option::is_some))
    }

    /// What was read, in the order of the exports, complete or not.
    pub fn into_entries(self) -> Vec<Result<Parsed, Rejected>> {
        let batches = self.exports.into_iter().flat_map(|export| export.batches);
        batches.flatten().flat_map(|batch| batch.entries).collect()
    }
}
