//! The roles: which parts of the product one process runs. The parts meet only in the store.

use std::str::FromStr;

/// The roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Roles {
    pub(crate) intake: bool,
    pub(crate) portal: bool,
    pub(crate) delivery: bool,
    pub(crate) jobs: bool,
}

impl Roles {
    /// Everything in one process.
    pub(crate) const ALL: Self = Self { intake: true, portal: true, delivery: true, jobs: true };
    /// The portal alone.
    pub(crate) const PORTAL: Self = Self { intake: false, portal: true, delivery: false, jobs: false };
    /// No role of a service: for commands.
    pub(crate) const NONE: Self = Self { intake: false, portal: false, delivery: false, jobs: false };
}

impl FromStr for Roles {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut roles = Self::NONE;
        for word in text.split(',').map(str::trim) {
            match word {
                "intake" => roles.intake = true,
                "portal" => roles.portal = true,
                "delivery" => roles.delivery = true,
                "jobs" => roles.jobs = true,
                other => {
                    return Err(format!("{other:?} is no role; there are intake, portal, delivery and jobs"));
                }
            }
        }
        Ok(roles)
    }
}

#[cfg(test)]
mod tests {
    use super::Roles;

    #[test]
    fn roles_are_named_one_by_one() {
        assert_eq!("intake, portal,delivery,jobs".parse(), Ok(Roles::ALL));
        assert_eq!("portal".parse(), Ok(Roles { portal: true, ..Roles::NONE }));
        assert!("intake,poratl".parse::<Roles>().is_err_and(|e| e.contains("poratl")));
        assert!("".parse::<Roles>().is_err());
    }
}
