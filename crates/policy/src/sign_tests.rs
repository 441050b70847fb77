//! `sign` as administrators write it: alone, with a minimum TLS, or with an alternative if it cannot be
//! signed.

use serde::Deserialize;

use crate::TreatmentSpec;
use sealpost_mail::{Signing, TlsFloor};

#[derive(Deserialize)]
struct File {
    then: TreatmentSpec,
}

fn read(then: &str) -> Result<TreatmentSpec, String> {
    toml::from_str::<File>(&format!("then = {then}")).map(|file| file.then).map_err(|error| error.to_string())
}

#[test]
fn what_cannot_be_signed_goes_only_where_the_rule_says_so() {
    for (then, tls, sign) in [
        ("'sign'", TlsFloor::None, Signing::Required),
        ("{ sign = { tls = 'verified' } }", TlsFloor::Verified, Signing::Required),
        ("['sign', 'relay']", TlsFloor::None, Signing::WhenPossible),
        ("['sign', { relay = { tls = 'encrypted' } }]", TlsFloor::Encrypted, Signing::WhenPossible),
    ] {
        assert_eq!(read(then), Ok(TreatmentSpec::Relay { tls, sign }), "{then}");
    }
    for wrong in ["['relay', 'sign']", "['sign', 'portal']", "['sign', 'sign']", "{ sign = {} }"] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}
