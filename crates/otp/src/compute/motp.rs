//! Mobile-OTP: the first hexadecimal digits of MD5(time step in decimal ‖ secret ‖ PIN).
//! Described at motp.sourceforge.net; checked against the vectors of Aegis' MOTPTest.java.

use super::Steps;
use keyhaven_secret::{SecretBytes, SecretText};
use md5::{Digest, Md5};

pub(super) fn run(secret: &SecretBytes, pin: &SecretText, digits: u8, counter: u64) -> Steps {
    let digest = Md5::new()
        .chain_update(counter.to_string())
        .chain_update(secret.expose())
        .chain_update(pin.expose())
        .finalize();
    let mut text = data_encoding::HEXLOWER.encode(&digest);
    text.truncate(usize::from(digits));
    let mut mac = [0; 64];
    mac[..digest.len()].copy_from_slice(&digest);
    Steps { mac, mac_length: digest.len(), offset: None, truncated: None, text }
}
