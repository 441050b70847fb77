//! A client's network as shown to an owner: enough to recognise oneself, too little to identify a person.
//! Knows no request.

use std::net::Ipv6Addr;

use crate::http::client::Client;

/// "192.0.2.x", "2001:db8:1::/48".
pub(crate) fn shortened(client: Client) -> String {
    let octets = client.octets();
    match (<[u8; 4]>::try_from(octets.as_slice()), <[u8; 16]>::try_from(octets.as_slice())) {
        (Ok([a, b, c, _]), _) => format!("{a}.{b}.{c}.x"),
        (_, Ok(octets)) => {
            let [a, b, c, ..] = Ipv6Addr::from(octets).segments();
            format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
        (Err(_), Err(_)) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_found_by_it() {
        let at = |text: &str| shortened(Client::at(text.parse().unwrap()));
        assert_eq!(at("192.0.2.77"), "192.0.2.x");
        assert_eq!(at("::ffff:192.0.2.77"), "192.0.2.x");
        assert_eq!(at("2001:db8:1:2:3:4:5:6"), "2001:db8:1::/48");
    }
}
