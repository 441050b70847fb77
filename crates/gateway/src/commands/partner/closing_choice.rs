//! How letters to a partner are encrypted, as command line options. Knows no partner.

use clap::{Args, ValueEnum};
use sealpost_seal::{HeaderProtection, Profile};

/// Algorithms for a partner.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ProfileName {
    /// Works with every gateway; stronger as soon as the partner's key says that it can.
    Compatible,
    /// AES-256-GCM, RSAES-OAEP, RSASSA-PSS (BSI TR-02102, TR-03116-4).
    Bsi,
}

impl ProfileName {
    fn profile(self) -> Profile {
        match self {
            Self::Compatible => Profile::default(),
            Self::Bsi => Profile::bsi(),
        }
    }
}

/// Where the subject of an encrypted letter can be read (RFC 9788). A copy is inside in either case, and is
/// the valid one.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SubjectName {
    /// Outside too, readable in transit: shown by every mail program.
    Shown,
    /// Inside only; `[...]` is outside. For partners whose gateway or programs show protected subjects.
    Withheld,
}

/// How letters to a partner are encrypted; what is left out is unchanged.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct ClosingChoice {
    /// The algorithms.
    #[arg(long, value_enum)]
    profile: Option<ProfileName>,
    /// Who can read the subject in transit.
    #[arg(long, value_enum)]
    subject: Option<SubjectName>,
}

impl ClosingChoice {
    pub(super) fn is_empty(self) -> bool {
        self.profile.is_none() && self.subject.is_none()
    }

    pub(super) fn on(self, profile: Profile) -> Profile {
        let headers = match self.subject {
            None => profile.headers,
            Some(SubjectName::Shown) => HeaderProtection::SubjectShown,
            Some(SubjectName::Withheld) => HeaderProtection::SubjectWithheld,
        };
        Profile { headers, ..self.profile.map_or(profile, ProfileName::profile) }
    }
}
