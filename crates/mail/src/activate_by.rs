//! How the first letter gives its recipient access: one type for configuration, notices and webmail. Knows no
//! secret.

/// How the first letter gives its recipient access.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActivateBy {
    /// By the link in the notice.
    #[default]
    Link,
    /// By an initial password that the sender passes on by telephone or post.
    InitialPassword,
}
