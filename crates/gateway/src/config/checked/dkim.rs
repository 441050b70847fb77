//! Checks the DKIM keys and gives them to delivery. An unreadable key is an error: letters would be sent
//! unsigned.

use std::path::PathBuf;

use sealpost_delivery::{DeliveryConfig, DkimScope};
use sealpost_domain::dkim_folder;

use crate::config::file::{Config, Source};
use crate::roles::Roles;

/// The folder; its keys go to delivery if this process delivers.
pub(super) fn plan(
    config: &Config,
    roles: Roles,
    delivery: Option<&mut DeliveryConfig>,
    source: &mut Source,
) -> Option<PathBuf> {
    let named = config.dkim.keys.as_ref()?;
    let folder = source.path(named.get_ref());
    if let (true, Some(delivery)) = (roles.delivery, delivery) {
        delivery.dkim_scope = if config.dkim.passed { DkimScope::PassedToo } else { DkimScope::Ours };
        match dkim_folder::signing(&folder) {
            Ok(keys) => {
                if keys.is_empty() {
                    source.warn(
                        named.span().start,
                        format!(
                            "there is no key in {} that signs: letters leave without a signature",
                            folder.display()
                        ),
                        "make one with `sealpost dkim create`, publish it and turn it on, or leave keys out",
                    );
                }
                delivery.dkim.replace(keys);
            }
            Err(error) => source.at(
                named.span().start,
                error.to_string(),
                "its owner alone may read it, and that is the user of the role delivery (chmod 600, chown)",
            ),
        }
    }
    Some(folder)
}
