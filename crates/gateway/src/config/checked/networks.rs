//! Networks as an operator writes them. Knows not what they are for.

use std::str::FromStr;

use toml::Spanned;

use crate::config::file::Source;

/// Those that are networks; what is none is noted, with an example of what is meant.
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
