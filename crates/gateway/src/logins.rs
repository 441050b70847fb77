//! Who may log in on the way in: the logins of the configuration. Knows no session.

use async_trait::async_trait;
use sealpost_intake::{LoginCheck, Logins};
use sealpost_mail::Secret;
use sealpost_vault::password_phc;

/// The logins of the configuration. Unknown names cost the same time as known ones.
pub(crate) struct ConfiguredLogins(Vec<(String, Secret<String>)>);

impl ConfiguredLogins {
    pub(crate) fn new(logins: Vec<(String, Secret<String>)>) -> Self {
        Self(logins)
    }
}

/// A hash of nothing anyone knows, to spend the same time on unknown names.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c2VhbHBvc3Qtbm9ib2R5$Zm9yIG5vYm9keSBoYXMgdGhpcyBwYXNzd29yZCE";

#[async_trait]
impl Logins for ConfiguredLogins {
    async fn check(&self, login: &str, password: Secret<String>) -> LoginCheck {
        let Self(logins) = self;
        let known = logins.iter().find(|(name, _)| name == login).cloned();
        let hash = known.as_ref().map_or_else(|| Secret::new(NOBODY.to_owned()), |(_, hash)| hash.clone());
        let checked = tokio::task::spawn_blocking(move || password_phc::verify(hash.expose(), &password));
        match (checked.await, known) {
            (Ok(true), Some((name, _))) => LoginCheck::Right(name),
            (Ok(true | false), _) => LoginCheck::Wrong,
            (Err(_panicked), _) => LoginCheck::Busy,
        }
    }
}

#[cfg(test)]
mod tests {
    use sealpost_mail::SystemRandom;

    use super::*;

    #[tokio::test]
    async fn the_right_password_for_the_right_login() {
        let password = |text: &str| Secret::new(text.to_owned());
        let hash = Secret::new(password_phc::hash(&password("wheel"), &SystemRandom).unwrap());
        let logins = ConfiguredLogins::new(vec![("mill".to_owned(), hash)]);
        assert_eq!(logins.check("mill", password("wheel")).await, LoginCheck::Right("mill".to_owned()));
        assert_eq!(logins.check("mall", password("wheel")).await, LoginCheck::Wrong);
        assert_eq!(logins.check("mill", password("wheal")).await, LoginCheck::Wrong);
    }
}
