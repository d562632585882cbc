//! What can go wrong in every operation, apart from the answer being wrong.

use thiserror::Error;

/// Something the verifier stands on did not answer. Nothing was decided: it is never "accepted", never "wrong"
/// (verifier specification R22, fail closed). A shell says 503 and the user may try again.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what} did not answer: {detail}")]
pub struct Unavailable {
    /// What did not: `the store`, `the key provider`, `random numbers`.
    pub what: &'static str,
    /// Its own words, for operators. Holds no secret.
    pub detail: String,
}

impl Unavailable {
    /// Says that `what` did not answer, and why.
    pub fn new(what: &'static str, detail: impl Into<String>) -> Self {
        Self { what, detail: detail.into() }
    }
}

/// Why an operation came to no decision at all.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Failure {
    /// See [`Unavailable`].
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// No policy was ever set for the tenant.
    #[error("tenant {tenant:?} has no policy")]
    UnknownTenant {
        /// The name asked for.
        tenant: String,
    },
    /// A stored record does not open with the tenant's key: it was moved, changed, or belongs to another key.
    #[error("the stored {what} does not open: changed, moved or under another key")]
    Sealed {
        /// Which record.
        what: &'static str,
    },
    /// State kept changing underneath: three attempts lost to other writers.
    #[error("{what} kept changing while it was decided about")]
    Contended {
        /// What changed.
        what: &'static str,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        AdminError, ChallengeError, EnrolError, ManageError, Method, NameError, UnderFormerKeys,
        policy::{PolicyProblem, Precondition},
    };
    use std::collections::{BTreeMap, BTreeSet};

    /// One of each variant, beside its name. Does not compile as long as one is missing.
    macro_rules! one_of_each {
        ($error:ident: $($variant:ident = $sample:expr;)*) => {{
            let _every_one = |error: &$error| match error { $($error::$variant { .. } => (),)* };
            vec![$((stringify!($variant), $sample)),*]
        }};
    }

    /// What docs/verifier.md answers over HTTP, by the names in the first column of its table.
    fn table() -> BTreeMap<&'static str, &'static str> {
        let text = include_str!("../../../docs/verifier.md");
        let (_, table) = text.split_once("| What came back | HTTP |").expect("the table");
        let mut statuses = BTreeMap::new();
        for row in table.lines().skip(2).take_while(|line| line.starts_with('|')) {
            let mut cells = row.split(" | ");
            let (names, status) = (cells.next().expect("names"), cells.next().expect("a status"));
            for name in names.split('`').skip(1).step_by(2) {
                // What `begin` and `confirm` come to is no error.
                let (of, name) = name.split_once("::").unwrap_or(("", name));
                if !(of.is_empty() || of.ends_with("Error")) {
                    continue;
                }
                if let Some(other) = statuses.insert(name, status) {
                    assert_eq!(other, status, "{name} has two answers");
                }
            }
        }
        statuses
    }

    #[test]
    fn every_error_has_its_answer_over_http_and_says_whether_something_was_decided() {
        let (rule, what) = ("disable.managed_by", "factor");
        let unavailable = || Failure::from(Unavailable::new("the store", "cut"));
        let challenge = one_of_each!(ChallengeError:
            Failure = ChallengeError::Failure(unavailable());
            NoChallenge = ChallengeError::NoChallenge;
            NothingToSend = ChallengeError::NothingToSend { method: Method::Totp };
            MethodNotAllowed = ChallengeError::MethodNotAllowed { method: Method::Totp };
            Cooldown = ChallengeError::Cooldown { at: 9.into() };
            Locked = ChallengeError::Locked { until: None };
        );
        let manage = one_of_each!(ManageError:
            Failure = ManageError::Failure(unavailable());
            ProofInvalid = ManageError::ProofInvalid;
            NotPermitted = ManageError::NotPermitted { rule };
            CodesNotFound = ManageError::CodesNotFound;
            Gone = ManageError::Gone { what };
        );
        let enrol = one_of_each!(EnrolError:
            Failure = EnrolError::Failure(unavailable());
            MethodNotAllowed = EnrolError::MethodNotAllowed { method: Method::Totp };
            Precondition = EnrolError::Precondition(Precondition::VerifiedEmail);
            ProofNeeded = EnrolError::ProofNeeded;
            GrantInvalid = EnrolError::GrantInvalid;
            NotPermitted = EnrolError::NotPermitted { rule };
            TooMany = EnrolError::TooMany { method: Method::Totp, max: 1 };
            TooManyPending = EnrolError::TooManyPending;
            PhoneNumber = EnrolError::PhoneNumber;
            Country = EnrolError::Country;
            TooLong = EnrolError::TooLong { field: "label", length: 200, most: 128 };
            Send = EnrolError::Send(ChallengeError::NoChallenge);
        );
        let moved = || AdminError::PolicyMoved { expected: 1, found: 2 };
        let admin = one_of_each!(AdminError:
            Failure = AdminError::Failure(unavailable());
            Name = AdminError::Name(NameError { which: "tenant", length: 0 });
            Policy = AdminError::Policy(PolicyProblem::Format { found: 9 });
            PolicyMoved = moved();
            OperatorOnly = AdminError::OperatorOnly { rule };
            Reason = AdminError::Reason;
            EmailAddress = AdminError::EmailAddress;
            OtherAddress = AdminError::OtherAddress;
            StillUsed = AdminError::StillUsed(UnderFormerKeys::default());
            Gone = AdminError::Gone { what };
        );
        let failure = one_of_each!(Failure:
            Unavailable = unavailable();
            UnknownTenant = Failure::UnknownTenant { tenant: "acme".to_owned() };
            Sealed = Failure::Sealed { what };
            Contended = Failure::Contended { what };
        );
        let decided = challenge.iter().map(|(name, error)| (*name, error.is_decision()));
        let decided = decided.chain(manage.iter().map(|(name, error)| (*name, error.is_decision())));
        let decided = decided.chain(enrol.iter().map(|(name, error)| (*name, error.is_decision())));
        let decided = decided.chain(admin.iter().map(|(name, error)| (*name, error.is_decision())));
        let decided = decided.chain(failure.iter().map(|(name, _)| (*name, false)));
        let table = table();
        let mut unknown: BTreeSet<&str> = table.keys().copied().collect();
        for (name, is_decision) in decided {
            let failed = ["Failure", "Unavailable", "UnknownTenant", "Sealed", "Contended"].contains(&name);
            assert_eq!(is_decision, !failed, "{name}");
            // What could not be sent answers as the error within.
            if !["Failure", "Send"].contains(&name) {
                let status = table.get(name).unwrap_or_else(|| panic!("{name} is not in the table"));
                // Never "wrong code" for what was not decided, nor a server's fault for what was.
                let class = if name == "UnknownTenant" || is_decision { '4' } else { '5' };
                assert!(status.starts_with(class), "{name}: {status}");
            }
            unknown.remove(name);
        }
        // The rows of what is no error.
        let no_errors = ["Err(Failure)", "Rejected"];
        unknown.retain(|name| !no_errors.contains(name));
        assert!(unknown.is_empty(), "in the table, and no error of that name: {unknown:?}");
    }
}
