use keyhaven_otp::Algorithm;
use keyhaven_otp::vectors::{RFC4226, RFC6238, compare};

#[test]
fn every_published_value_is_computed_and_the_same() {
    let comparisons = compare().unwrap();
    assert_eq!(comparisons.len(), RFC4226.len() * 3 + RFC6238.len() * 3 * 2);
    for comparison in &comparisons {
        assert!(comparison.same && comparison.expected == comparison.computed, "{comparison:?}");
    }
    let last = comparisons.last().unwrap();
    assert_eq!(
        (last.algorithm, last.time, last.expected.as_str()),
        (Algorithm::Sha512, Some(20_000_000_000), "47863826")
    );
}

/// RFC 6238 publishes no intermediate values. These are Python's (`hmac`, `hashlib`), as an independent computation.
#[test]
fn intermediate_values_of_rfc_6238_agree_with_python() {
    use keyhaven_otp::{Account, Kind, explain};
    use keyhaven_secret::SecretBytes;
    for (algorithm, length, time, hmac, truncated) in [
        (Algorithm::Sha1, 20, 59, "75a48a19d4cbe100644e8ac1397eea747a2d33ab", 1094287082),
        (Algorithm::Sha1, 20, 1111111109, "278c02e53610f84c40bd9135acd4101012410a14", 907081804),
        (Algorithm::Sha1, 20, 20000000000, "ab07e97e2c1278769dbcd75783aabde75ed8550a", 1465353130),
        (
            Algorithm::Sha256,
            32,
            59,
            "392514c9dd4165d4709456062c78e04e16e68718515951333bdb8b26caa3053c",
            746119246,
        ),
        (
            Algorithm::Sha256,
            32,
            1111111109,
            "4eed729864525d771326c6049bc885629fb8813ebb417e5704df02358793f056",
            1568084774,
        ),
        (
            Algorithm::Sha256,
            32,
            20000000000,
            "1363cc0ee3557f092e5b55ea3ddb06bcd20f063ce393ccf670059e3ca44941f8",
            777737706,
        ),
        (
            Algorithm::Sha512,
            64,
            59,
            "6f76f324230cefda1d3f65309a0badb36efce9528ada64967d71e4e9d74c4aa37fe7650f931ab86ddccc2d38962d720ee626a20feb311b485a92e3bb0796df28",
            490693936,
        ),
        (
            Algorithm::Sha512,
            64,
            1111111109,
            "b3381250260d6a9e811ae58dfa406705e38c804c97528d5a7ed8ee533331f8c43cc3454911ad1d2761f9380170c0b180a657e3a944c796e05d09f2d1630b7505",
            225091201,
        ),
        (
            Algorithm::Sha512,
            64,
            20000000000,
            "562298a02af13e7522127adee3dc6678d53669ca2b7016186968f9a9c14f51d1e7098ba91293a01b5f3bab4207a2af5ce332a45f2c2ff2b9885aa42ff61cb426",
            1047863826,
        ),
    ] {
        let key = b"1234567890".iter().copied().cycle().take(length).collect();
        let account =
            Account::new("", "", SecretBytes::new(key), Kind::Totp { algorithm, digits: 8, period: 30 });
        let shown = explain(&account, time).unwrap();
        assert_eq!((shown.hmac.as_str(), shown.truncated), (hmac, Some(truncated)));
    }
}
