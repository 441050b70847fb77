//! Networks as an operator writes them. Knows not what they are for.

use std::str::FromStr;

use toml::Spanned;

use crate::config::file::Source;

/// Those that are networks; what is none is noted.
pub(super) fn read<T: FromStr>(written: &[Spanned<String>], source: &mut Source) -> Vec<T> {
    let mut networks = Vec::new();
    for network in written {
        match network.get_ref().parse() {
            Ok(parsed) => networks.push(parsed),
            Err(_unreadable) => source.at(
                network.span().start,
                format!("{:?} is no network", network.get_ref()),
                "write it like \"192.0.2.7/32\"",
            ),
        }
    }
    networks
}
