//! What each preset says beyond the defaults, as the document it is: a change to one is a change for everybody who
//! started from it.

use keyhaven_verifier::{Policy, Preset};
use serde_json::{Map, Value, json};

/// What stands in `document` otherwise than in `base`.
fn beyond(base: &Value, document: &Value) -> Option<Value> {
    let (Value::Object(base), Value::Object(fields)) = (base, document) else {
        return (base != document).then(|| document.clone());
    };
    let differs = |(name, value): (&String, &Value)| {
        let value = beyond(base.get(name).unwrap_or(&Value::Null), value)?;
        Some((name.clone(), value))
    };
    let fields: Map<String, Value> = fields.iter().filter_map(differs).collect();
    (!fields.is_empty()).then_some(Value::Object(fields))
}

fn document(policy: &Policy) -> Value {
    serde_json::from_str(&policy.to_json()).unwrap()
}

#[test]
fn presets_say_what_their_pages_say() {
    let forced = json!({"forced": {"grace": 0}});
    for (preset, expected) in [
        (
            Preset::Portal15x20,
            json!({
                "enforcement": forced, "methods": ["push", "sms", "email"], "email": {"by_exception": true},
                "sms": {"setup_sends_per_day": 15, "login_sends_per_day": 20}, "recovery": {"kind": "none"},
                "sends": {"lockout": 86_400, "reset_on_success": true, "per_address_day": 100},
                "step_up": {"actions": ["change_password"]}, "trust": {"ip": "exact"}, "phone_change": "admin_link",
            }),
        ),
        (
            Preset::InviteFallback,
            json!({
                "enforcement": forced, "applies_to": "new_invites", "methods": ["sms", "email"],
                "recovery": {"kind": "none"}, "invite": {"phone_missing": "fallback_email"},
            }),
        ),
        (
            Preset::RecoveryKey,
            json!({
                "methods": ["totp", "email"], "recovery": {"kind": "single_key", "reissue_on_enrol": true},
                "enrol": {"preconditions": ["verified_email"]},
            }),
        ),
        (
            Preset::SixCodes,
            json!({
                "recovery": {
                    "kind": {"codes": {"count": 6}},
                    "usable_for": ["login", "change_password", "change_email", "enrol"],
                },
                "enrol": {"preconditions": ["recent_password"]}, "tickets": {"second_admin": true},
            }),
        ),
        (
            Preset::ForcedOptIn,
            json!({
                "enforcement": forced, "managed_by": "operator", "totp": {"max_active": 1},
                "recovery": {"kind": "none"}, "enrol": {"self_service": false}, "disable": {"self_service": false},
            }),
        ),
        (
            Preset::Nist63b4Aal2,
            json!({"enforcement": forced, "methods": ["totp", "push"], "tickets": {"second_admin": true}}),
        ),
        (
            Preset::Asvs5L2,
            json!({
                "enforcement": forced, "methods": ["totp", "push"], "push": {"digits": 7},
                "tickets": {"second_admin": true},
            }),
        ),
        (
            Preset::Asvs5L3,
            json!({
                "enforcement": forced, "methods": ["totp", "push"], "push": {"digits": 7},
                "totp": {"algorithm": "SHA256"}, "enrol": {"preconditions": ["recent_password"]},
                "tickets": {"second_admin": true}, "attempts": {"per_day": 20},
            }),
        ),
    ] {
        let found = beyond(&document(&Policy::default()), &document(&preset.policy()));
        assert_eq!(found, Some(expected), "{preset:?}");
    }
}
