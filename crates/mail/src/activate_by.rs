//! How the first letter lets its recipient in: one word for configuration, notices and webmail. Knows no secret.

/// How the first letter lets its recipient in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActivateBy {
    /// By the link in the mail that tells of it.
    #[default]
    Link,
    /// By a password that the sender tells by telephone or letter.
    InitialPassword,
}
