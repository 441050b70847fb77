//! Access to a mailbox: activation, log-in, forgotten passwords, sessions, and what owners change of these. Shows no
//! letter.

pub(crate) mod account;
pub(crate) mod activate;
pub(crate) mod common_passwords;
pub(crate) mod credentials;
pub(crate) mod credentials_form;
pub(crate) mod deletion_link;
pub(crate) mod expired_form;
pub(crate) mod first_login;
pub(crate) mod first_login_session;
pub(crate) mod forgot;
pub(crate) mod known_browser;
pub(crate) mod login;
pub(crate) mod password;
mod password_guesses;
pub(crate) mod password_variants;
pub(crate) mod renew;
pub(crate) mod reset;
pub(crate) mod session;
pub(crate) mod session_timeout;
pub(crate) mod support_request;
pub(crate) mod tell_owner;
pub(crate) mod throttle;
pub(crate) mod typed_text;
