//! Parses the parameters of MAIL and RCPT, pure and strict. Knows no path and no session.

use sealpost_mail::{BodyType, Envelope, Notify, Orcpt, Reply, Ret, ReversePath};

use crate::replies;

/// RFC 3461 §4.4: "the envid parameter … limited to 100 characters"; on the wire each may take three.
const ENVID: usize = 100;
/// The longest ORCPT (RFC 3461 §5).
const ORCPT: usize = 500;

/// Parses the parameters of MAIL.
pub(crate) fn mail(reverse_path: ReversePath, tail: &str) -> Result<Envelope, Reply> {
    let mut envelope = Envelope {
        reverse_path,
        envid: None,
        ret: None,
        body: BodyType::default(),
        smtputf8: false,
        announced_size: None,
        recipients: Vec::new(),
    };
    each(tail, |keyword, value| {
        match (keyword, value) {
            // RFC 1870 §3: 1*20DIGIT, which can exceed our integers; that is too big in any case.
            ("SIZE", Some(value)) if is_number(value) => {
                envelope.announced_size = Some(number(value).unwrap_or(u64::MAX));
            }
            ("SMTPUTF8", None) => envelope.smtputf8 = true,
            ("BODY", Some(value)) => envelope.body = body(value)?,
            ("RET", Some(value)) => envelope.ret = Some(ret(value)?),
            ("ENVID", Some(value)) => envelope.envid = Some(envid(value)?),
            // RFC 4954 §5: a server that does not trust the client with it acts as if `AUTH=<>` was given. We
            // trust no client with it, so it is checked and ignored.
            ("AUTH", Some(value)) => {
                xtext(value).ok_or(Wrong::Value)?;
            }
            ("SIZE", _) | ("BODY" | "RET" | "ENVID" | "AUTH", None) | ("SMTPUTF8", Some(_)) => {
                return Err(Wrong::Value);
            }
            _ => return Err(Wrong::Keyword),
        }
        Ok(())
    })?;
    Ok(envelope)
}

/// Parses the parameters of RCPT.
pub(crate) fn rcpt(tail: &str) -> Result<(Notify, Option<Orcpt>), Reply> {
    let (mut notified, mut original) = (Notify::default(), None);
    each(tail, |keyword, value| {
        match (keyword, value) {
            ("NOTIFY", Some(value)) => notified = notify(value)?,
            ("ORCPT", Some(value)) => original = Some(orcpt(value)?),
            ("NOTIFY" | "ORCPT", None) => return Err(Wrong::Value),
            _ => return Err(Wrong::Keyword),
        }
        Ok(())
    })?;
    Ok((notified, original))
}

/// What is wrong with a parameter.
enum Wrong {
    /// A known parameter with an invalid value.
    Value,
    /// A valid value that is not implemented.
    NotImplemented,
    /// An unknown keyword.
    Keyword,
}

/// Calls `take` with every keyword (upper case) and its value. RFC 5321 §4.1.2: `esmtp-param`; a repeated
/// keyword is refused, as parsers would differ about it.
fn each<F>(tail: &str, mut take: F) -> Result<(), Reply>
where
    F: FnMut(&str, Option<&str>) -> Result<(), Wrong>,
{
    let mut seen: Vec<String> = Vec::new();
    for parameter in tail.split(' ').filter(|parameter| !parameter.is_empty()) {
        let (keyword, value) = match parameter.split_once('=') {
            Some((keyword, value)) => (keyword, Some(value)),
            None => (parameter, None),
        };
        let letter = |c: u8| c.is_ascii_alphanumeric() || c == b'-';
        if keyword.is_empty() || keyword.starts_with('-') || !keyword.bytes().all(letter) {
            return Err(replies::syntax("a parameter is written KEYWORD or KEYWORD=value"));
        }
        let keyword = keyword.to_ascii_uppercase();
        if seen.contains(&keyword) {
            return Err(replies::syntax("a parameter stands there twice"));
        }
        if value.is_some_and(|value| value.is_empty() || value.chars().any(char::is_control)) {
            return Err(replies::bad_parameter(&keyword));
        }
        match take(&keyword, value) {
            Ok(()) => seen.push(keyword),
            Err(Wrong::Value) => return Err(replies::bad_parameter(&keyword)),
            Err(Wrong::Keyword | Wrong::NotImplemented) => return Err(replies::unknown_parameter()),
        }
    }
    Ok(())
}

/// Up to twenty digits, and a number that fits.
pub(crate) fn number(text: &str) -> Option<u64> {
    if is_number(text) { text.parse().ok() } else { None }
}

fn is_number(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit())
}

/// RFC 6152 §2. BINARYMIME (RFC 3030 §3) is not offered: our next hops need lines.
fn body(value: &str) -> Result<BodyType, Wrong> {
    match value.to_ascii_uppercase().as_str() {
        "7BIT" => Ok(BodyType::SevenBit),
        "8BITMIME" => Ok(BodyType::EightBitMime),
        "BINARYMIME" => Err(Wrong::NotImplemented),
        _ => Err(Wrong::Value),
    }
}

/// RFC 3461 §4.3.
fn ret(value: &str) -> Result<Ret, Wrong> {
    match value.to_ascii_uppercase().as_str() {
        "FULL" => Ok(Ret::Full),
        "HDRS" => Ok(Ret::Headers),
        _ => Err(Wrong::Value),
    }
}

/// RFC 3461 §4.4: xtext of printable ASCII and white space.
fn envid(value: &str) -> Result<String, Wrong> {
    let decoded = xtext(value).ok_or(Wrong::Value)?;
    let printable = decoded.chars().all(|c| c == ' ' || c == '\t' || c.is_ascii_graphic());
    if printable && decoded.len() <= ENVID { Ok(decoded) } else { Err(Wrong::Value) }
}

/// RFC 3461 §4.1: NEVER alone, or any of the others.
fn notify(value: &str) -> Result<Notify, Wrong> {
    if value.eq_ignore_ascii_case("NEVER") {
        return Ok(Notify::Never);
    }
    let (mut success, mut failure, mut delay) = (false, false, false);
    for word in value.split(',') {
        match word.to_ascii_uppercase().as_str() {
            "SUCCESS" => success = true,
            "FAILURE" => failure = true,
            "DELAY" => delay = true,
            _ => return Err(Wrong::Value),
        }
    }
    Ok(Notify::On { success, failure, delay })
}

/// RFC 3461 §4.2: `addr-type ";" xtext`. With type `utf-8` (RFC 6533 §3) the address may contain non-ASCII
/// characters; its `\x{…}` forms stay as they are, so that it can be sent on over ASCII.
fn orcpt(value: &str) -> Result<Orcpt, Wrong> {
    let (kind, address) = value.split_once(';').ok_or(Wrong::Value)?;
    let atom = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*-/?^_`{|}~.".contains(&c);
    let utf8 = kind.eq_ignore_ascii_case("utf-8");
    if value.len() > ORCPT || kind.is_empty() || !kind.bytes().all(atom) || !(utf8 || value.is_ascii()) {
        return Err(Wrong::Value);
    }
    let address = xtext(address).ok_or(Wrong::Value)?;
    if address.is_empty() || address.chars().any(char::is_control) {
        return Err(Wrong::Value);
    }
    Ok(Orcpt { kind: kind.to_owned(), address })
}

/// RFC 3461 §4: `xchar` is printable except `+` and `=`; the rest is `+` and two hexadecimal digits.
pub(crate) fn xtext(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '+' => {
                let high = chars.next()?.to_digit(16)?;
                let low = chars.next()?.to_digit(16)?;
                out.push(u8::try_from(high * 16 + low).ok().filter(u8::is_ascii)?.into());
            }
            '=' | ' ' => return None,
            c if c.is_control() => return None,
            c => out.push(c),
        }
    }
    Some(out)
}
