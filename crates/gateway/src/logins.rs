//! Who may log in on the way in: the logins of the configuration. Knows no session.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sealpost_intake::{LoginCheck, Logins};
use sealpost_mail::Secret;
use sealpost_vault::password_phc;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How long a password waits until others have been checked.
const LOGIN_WAIT: Duration = Duration::from_secs(10);

/// The logins of the configuration. Unknown names cost the same time as known ones.
pub(crate) struct ConfiguredLogins {
    logins: Vec<(String, Secret<String>)>,
    /// Argon2id takes 19 MiB each: a handful at a time.
    places: Arc<Semaphore>,
    wait: Duration,
}

impl ConfiguredLogins {
    pub(crate) fn new(logins: Vec<(String, Secret<String>)>) -> Self {
        Self { logins, places: Arc::new(Semaphore::new(2)), wait: LOGIN_WAIT }
    }
}

/// A hash of nothing anyone knows, to spend the same time on unknown names.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c2VhbHBvc3Qtbm9ib2R5$Zm9yIG5vYm9keSBoYXMgdGhpcyBwYXNzd29yZCE";

#[async_trait]
impl Logins for ConfiguredLogins {
    async fn check(&self, login: &str, password: Secret<String>) -> LoginCheck {
        let Ok(Ok(place)) = timeout(self.wait, Arc::clone(&self.places).acquire_owned()).await else {
            return LoginCheck::Busy;
        };
        let known = self.logins.iter().find(|(name, _)| name == login).cloned();
        let hash = known.as_ref().map_or_else(|| Secret::new(NOBODY.to_owned()), |(_, hash)| hash.clone());
        let checked = tokio::task::spawn_blocking(move || {
            // Held until the work is done, also when the client does not wait for it.
            let _place = place;
            password_phc::verify(hash.expose(), &password)
        });
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
    async fn a_password_that_cannot_be_checked_in_time_is_not_called_wrong() {
        let password = || Secret::new("wheel".to_owned());
        let hash = Secret::new(password_phc::hash(&password(), &SystemRandom).unwrap());
        let mut logins = ConfiguredLogins::new(vec![("mill".to_owned(), hash)]);
        assert_eq!(logins.check("mill", password()).await, LoginCheck::Right("mill".to_owned()));
        assert_eq!(logins.check("mall", password()).await, LoginCheck::Wrong);
        logins.wait = Duration::from_millis(1);
        let all = Arc::clone(&logins.places).acquire_many_owned(2).await.unwrap();
        assert_eq!(logins.check("mill", password()).await, LoginCheck::Busy);
        drop(all);
        assert_eq!(logins.check("mall", password()).await, LoginCheck::Wrong);
    }
}
