//! Passwords of SMTP logins as PHC strings (`$argon2id$v=19$…`) in gateway.toml. They open no mailbox, so no
//! pepper is used.

use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher as _, PasswordVerifier as _, Version};
use sealpost_mail::{Random, Secret};

use crate::cost::Argon2Cost;
use crate::error::VaultError;

/// Whether `password` is the one that `phc` was made from. A string that is not an Argon2id hash within
/// bounds matches no password; [`check`] says why beforehand.
#[must_use]
pub fn verify(phc: &str, password: &Secret<String>) -> bool {
    let Ok(hash) = parse(phc) else {
        return false;
    };
    Argon2::default().verify_password(password.expose().as_bytes(), &hash).is_ok()
}

/// Checks whether `phc` is an Argon2id hash that [`verify`] can use: for checking a configuration.
pub fn check(phc: &str) -> Result<(), VaultError> {
    parse(phc).map(|_hash| ())
}

/// A PHC string for `password` at the standard cost.
pub fn hash(password: &Secret<String>, random: &dyn Random) -> Result<String, VaultError> {
    let mut salt = [0; 16];
    random.fill(&mut salt);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
        .hash_password_with_salt(password.expose().as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|_no_memory| VaultError::Memory)
}

/// Parsed and bounded: verifying costs what the string says.
fn parse(phc: &str) -> Result<PasswordHash, VaultError> {
    let wrong = VaultError::Format("Argon2id hash ($argon2id$v=19$m=…,t=…,p=…$salt$hash)");
    let hash = PasswordHash::new(phc).map_err(|_malformed| wrong)?;
    if hash.algorithm.as_str() != "argon2id" || hash.salt.is_none() || hash.hash.is_none() {
        return Err(wrong);
    }
    let params = Params::try_from(&hash).map_err(|_malformed| wrong)?;
    Argon2Cost::new(params.m_cost(), params.t_cost(), params.p_cost())?;
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use sealpost_mail::SequenceRandom;

    use super::*;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[test]
    fn a_hash_fits_its_password_only() {
        let phc = hash(&secret("Hafen-7"), &SequenceRandom::default()).unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        assert_eq!(check(&phc), Ok(()));
        assert!(verify(&phc, &secret("Hafen-7")));
        assert!(!verify(&phc, &secret("hafen-7")));
        assert!(!verify(&phc, &secret("")));
    }

    #[test]
    fn a_hash_made_by_the_reference_program_fits() {
        // From test.c of the reference implementation: hashtest(version, 2, 16, 1, "password", "somesalt", …).
        let phc = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert!(verify(phc, &secret("password")));
    }

    #[test]
    fn what_is_no_bounded_argon2id_hash_fits_nothing() {
        for phc in [
            "",
            "Hafen-7",
            "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ",
            "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        ] {
            assert!(check(phc).is_err(), "{phc}");
            assert!(!verify(phc, &secret("Hafen-7")), "{phc}");
        }
    }
}
