//! What a command answers when it fails: the app's own typed failure, and the few that only a shell can have.

use keyhaven_app::view::{Failure, FailureKind};

/// A command's answer.
pub(crate) type Answer<T> = Result<T, Failure>;

/// The worker that ran the command ended early: a defect, named as one.
pub(crate) fn worker_died() -> Failure {
    Failure {
        kind: FailureKind::Other,
        detail: "the request broke off inside Keyhaven; nothing was saved by it".into(),
    }
}

/// The clipboard did not answer.
pub(crate) fn clipboard(detail: impl std::fmt::Display) -> Failure {
    Failure { kind: FailureKind::Clipboard, detail: detail.to_string() }
}

/// Something else of the system's.
pub(crate) fn other(detail: impl std::fmt::Display) -> Failure {
    Failure { kind: FailureKind::Other, detail: detail.to_string() }
}
