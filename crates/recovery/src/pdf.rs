//! PDF → text.

use zeroize::Zeroizing;

/// The document's text; `None` where there is none to be had.
pub(crate) fn text(_bytes: &[u8]) -> Option<Zeroizing<String>> {
    None
}
