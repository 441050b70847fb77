//! A directory's messages: any octets give an answer or an error, and never more than the limits.

pub(crate) fn check(input: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    if let Ok(found) = runtime.block_on(sealpost_ldap::understood(input)) {
        assert!(found.len() <= 32, "more than 32 certificates and keys");
        assert!(found.iter().map(Vec::len).sum::<usize>() <= input.len(), "more came out than went in");
    }
}
