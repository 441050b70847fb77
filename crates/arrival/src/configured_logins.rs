//! SMTP logins: those of the configuration, and which clients had the right password before, stored as tags
//! without an address. Knows no session.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sealpost_intake::{LoginCheck, Logins};
use sealpost_mail::{LoginNote, Secret, Timestamp};
use sealpost_store::{Store, StoreError};
use sealpost_vault::{TagKey, password_phc};
use tokio::time::timeout;

use crate::login_trail::LoginTrail;

/// A client that has not logged in for this long is a stranger again.
const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// A slow store must not keep a client waiting: it only affects the order of the queue.
const PATIENCE: Duration = Duration::from_secs(2);

/// The logins of the configuration. Unknown names take the same time as known ones.
pub struct ConfiguredLogins {
    logins: Vec<(String, Secret<String>)>,
    store: Store,
    tags: TagKey,
    trail: Arc<LoginTrail>,
}

impl ConfiguredLogins {
    /// These logins, by name and hash. Results are recorded in `trail`.
    #[must_use]
    pub fn new(
        logins: Vec<(String, Secret<String>)>,
        store: Store,
        tags: TagKey,
        trail: Arc<LoginTrail>,
    ) -> Self {
        Self { logins, store, tags, trail }
    }

    /// The tag under which a client's success is stored: another password gives another tag. `None`: the
    /// login is unknown.
    fn tag(&self, client: IpAddr, login: &str) -> Option<[u8; 32]> {
        let (_, hash) = self.logins.iter().find(|(name, _)| name == login)?;
        let what =
            [client.to_string().as_bytes(), b" ", login.as_bytes(), b" ", hash.expose().as_bytes()].concat();
        Some(self.tags.count_tag("server", &what))
    }
}

/// The store's answer if it comes in time.
async fn in_time<T>(asked: impl Future<Output = Result<T, StoreError>>) -> Option<T> {
    match timeout(PATIENCE, asked).await {
        Ok(Ok(said)) => Some(said),
        Ok(Err(error)) => {
            tracing::debug!(%error, "known clients could not be looked up");
            None
        }
        Err(_elapsed) => None,
    }
}

/// A hash without a known password, to spend the same time on unknown names.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c2VhbHBvc3Qtbm9ib2R5$Zm9yIG5vYm9keSBoYXMgdGhpcyBwYXNzd29yZCE";

#[async_trait]
impl Logins for ConfiguredLogins {
    async fn check(&self, login: &str, password: Secret<String>) -> LoginCheck {
        let known = self.logins.iter().find(|(name, _)| name == login).cloned();
        let hash = known.as_ref().map_or_else(|| Secret::new(NOBODY.to_owned()), |(_, hash)| hash.clone());
        let checked = tokio::task::spawn_blocking(move || password_phc::verify(hash.expose(), &password));
        match (checked.await, known) {
            (Ok(true), Some((name, _))) => LoginCheck::Right(name),
            (Ok(true | false), _) => LoginCheck::Wrong,
            (Err(_panicked), _) => LoginCheck::Busy,
        }
    }

    fn configured(&self, login: &str) -> Option<String> {
        self.logins.iter().find(|(name, _)| name == login).map(|(name, _)| name.clone())
    }

    async fn was_right(&self, client: IpAddr, login: &str, now: Timestamp) -> bool {
        let Some(tag) = self.tag(client, login) else { return false };
        in_time(self.store.was_right(&tag, now, REMEMBERED)).await.unwrap_or(false)
    }

    async fn remember(&self, client: IpAddr, login: &str, now: Timestamp) {
        if let Some(tag) = self.tag(client, login) {
            let _told = in_time(self.store.remember_right(&tag, now, now.plus(REMEMBERED))).await;
        }
    }

    fn note(&self, what: LoginNote, client: IpAddr, login: &str, now: Timestamp) {
        self.trail.note(what, client, self.configured(login).as_deref(), now);
    }
}

#[cfg(test)]
mod tests {
    use sealpost_mail::SystemRandom;
    use sealpost_store::StoreOptions;
    use sealpost_vault::ServerKey;

    use super::*;

    fn password(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    fn hash(text: &str) -> Secret<String> {
        Secret::new(password_phc::hash(&password(text), &SystemRandom).unwrap())
    }

    fn tags() -> TagKey {
        ServerKey::generate(&SystemRandom).keys().tags
    }

    #[tokio::test]
    async fn the_right_password_for_the_right_login() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(StoreOptions::new(folder.path())).unwrap();
        let logins =
            ConfiguredLogins::new(vec![("mill".to_owned(), hash("wheel"))], store, tags(), Arc::default());
        assert_eq!(logins.check("mill", password("wheel")).await, LoginCheck::Right("mill".to_owned()));
        assert_eq!(logins.check("mall", password("wheel")).await, LoginCheck::Wrong);
        assert_eq!(logins.check("mill", password("wheal")).await, LoginCheck::Wrong);
    }

    #[tokio::test]
    async fn a_server_that_was_right_is_known_to_the_next_process_for_a_month() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(StoreOptions::new(folder.path())).unwrap();
        let (tags, hash) = (tags(), hash("wheel"));
        let process = |hash: &Secret<String>| {
            ConfiguredLogins::new(
                vec![("mill".to_owned(), hash.clone())],
                store.clone(),
                tags.clone(),
                Arc::default(),
            )
        };
        let (server, other): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let now = Timestamp(1_800_000_000_000);
        process(&hash).remember(server, "mill", now).await;
        // Unknown names leave nothing behind.
        process(&hash).remember(server, "mall", now).await;
        let next = process(&hash);
        assert!(next.was_right(server, "mill", now.plus(REMEMBERED / 2)).await);
        assert!(!next.was_right(server, "mall", now).await);
        assert!(!next.was_right(other, "mill", now).await);
        assert!(!next.was_right(server, "mill", now.plus(REMEMBERED)).await);
        let changed = process(&self::hash("another"));
        assert!(!changed.was_right(server, "mill", now).await, "another password");
    }
}
