//! OTPClient's own database: recognised, not read. OTPClient exports for Aegis, andOTP and FreeOTP+, which are.

use super::Source;
use crate::sample::{Confidence, Sample};
use crate::{Format, Import, ImportError, Request};

pub(super) const SOURCE: Source = Source { format: FORMAT, detect, read };

const FORMAT: Format = Format::OtpClient;

fn detect(sample: &Sample<'_>) -> Confidence {
    Confidence::sure_if(sample.bytes.starts_with(b"OTPClient"))
}

fn read(_: &Sample<'_>, _: &Request<'_>) -> Result<Import, ImportError> {
    let what =
        "it is OTPClient's own database; in OTPClient choose Export, Aegis (encrypted), and import that file";
    Err(ImportError::Unsupported { format: FORMAT, what })
}
