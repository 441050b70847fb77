//! The way in, and what owners change of it: activation, log-in, forgotten passwords, sessions. Shows no letter.

pub(crate) mod account;
pub(crate) mod activate;
pub(crate) mod authenticate;
pub(crate) mod credentials;
pub(crate) mod credentials_form;
pub(crate) mod deletion;
pub(crate) mod expired_form;
pub(crate) mod first;
pub(crate) mod forgot;
pub(crate) mod idle;
pub(crate) mod known_browser;
pub(crate) mod known_words;
pub(crate) mod link_token;
pub(crate) mod login;
pub(crate) mod newcomer;
pub(crate) mod password;
pub(crate) mod renew;
pub(crate) mod reset;
pub(crate) mod session;
pub(crate) mod support;
pub(crate) mod throttle;
pub(crate) mod wordform;
