//! Parses networks as operators write them. Does not know what they are for.

use std::str::FromStr;

use toml::Spanned;

use crate::config::file::Source;

/// The valid networks; invalid ones are reported with an example.
pub(super) fn read<T: FromStr>(written: &[Spanned<String>], example: &str, source: &mut Source) -> Vec<T> {
    let mut networks = Vec::new();
    for network in written {
        match network.get_ref().parse() {
            Ok(parsed) => networks.push(parsed),
            Err(_unreadable) => source.at(
                network.span().start,
                format!("{:?} is no network", network.get_ref()),
                format!("write it like {example:?}"),
            ),
        }
    }
    networks
}
