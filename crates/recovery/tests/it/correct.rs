//! Corrections by hand: what a person joins, cuts, drops and takes, with no line lost by any of it.

use crate::support::{assert_no_line_lost, codes, read};
use keyhaven_recovery::{CorrectError, Kind, RecoverySet};
use proptest::prelude::*;

const FILE: &str = "Example recovery codes\n\nabcde-12345\nfghij-67890\nklmno-24680\nKeep them safe.\n";

#[test]
fn a_code_is_cut_and_joined_again() {
    let mut set = read(FILE);
    assert_eq!(set.cuts(1), [5]);
    set.split_code(1, 5).unwrap();
    assert_eq!(codes(&set), ["abcde-12345", "fghij", "67890", "klmno-24680"]);
    assert_no_line_lost(&set);
    set.join_codes(1).unwrap();
    assert_eq!(codes(&set), ["abcde-12345", "fghij-67890", "klmno-24680"], "with what stood between them");
    assert_no_line_lost(&set);
    set.join_codes(0).unwrap();
    assert_eq!(codes(&set), ["abcde-12345 fghij-67890", "klmno-24680"]);
    assert_no_line_lost(&set);
    assert_eq!(set.join_codes(1), Err(CorrectError::NoSuchPlace));
    assert_eq!(set.split_code(0, 0), Err(CorrectError::NoSuchCut));
    assert_eq!(set.split_code(9, 1), Err(CorrectError::NoSuchPlace));
}

#[test]
fn a_code_joined_from_two_lines_is_cut_anywhere_without_losing_a_half() {
    const LENGTH: usize = "abcde-12345 fghij-67890".len();
    for at in 1..LENGTH {
        let mut set = read(FILE);
        set.join_codes(0).unwrap();
        set.split_code(0, at).unwrap();
        assert_no_line_lost(&set);
    }
}

#[test]
fn what_is_dropped_stands_in_the_notes_and_what_is_taken_is_a_code() {
    let mut set = read(FILE);
    set.drop_code(0).unwrap();
    assert_eq!(codes(&set), ["fghij-67890", "klmno-24680"]);
    assert!(set.documents.iter().any(|document| {
        document.text.as_ref().is_some_and(|text| text.expose().contains("abcde-12345"))
    }));
    assert_no_line_lost(&set);
    set.take_line(2).unwrap();
    assert_eq!(codes(&set), ["abcde-12345", "fghij-67890", "klmno-24680"], "in its old place");
    assert_no_line_lost(&set);
    assert_eq!(set.take_line(2), Err(CorrectError::NoSuchPlace));
    assert_eq!(set.take_line(1), Err(CorrectError::EmptyLine));
    assert_eq!(set.take_line(99), Err(CorrectError::NoSuchPlace));

    let mut diary = read("a day like any other\n");
    assert_eq!(diary.kind, Kind::Notes);
    diary.take_line(0).unwrap();
    assert_eq!((codes(&diary), diary.kind), (vec!["a day like any other".to_owned()], Kind::Codes));
}

/// One correction: which of the four, and its numbers.
fn correct(set: &mut RecoverySet, (what, a, b): (u8, usize, usize)) {
    // An answer either way; what it did is judged by the whole.
    let _ = match what % 4 {
        0 => set.join_codes(a),
        1 => set.split_code(a, b),
        2 => set.drop_code(a),
        _ => set.take_line(a),
    };
}

proptest! {
    #[test]
    fn no_correction_loses_a_line(steps in prop::collection::vec((0u8..4, 0usize..8, 0usize..16), 0..12)) {
        let mut set = read("Example recovery codes\nabcde-12345 fghij-67890\nklmno-24680 my laptop\n\npqrst-13579\nplain words\n");
        for step in steps {
            correct(&mut set, step);
            assert_no_line_lost(&set);
        }
    }
}
