//! The target of a link, as a browser reads its address and not as its text claims. Knows no markup.
//!
//! SECURITY: the address is parsed once, by the rules that browsers follow (WHATWG URL); what is shown comes from that
//! reading, and the address is serialised again from it. Nothing else may be followed.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::{Host, Url};

/// A longer address is rejected.
const MAX_ADDRESS: usize = 4096;
/// Limit on recipients of a mailto link.
const MAX_RECIPIENTS: usize = 2000;
/// How much of a host is shown after its domain: the end, because it shows the owner.
const MAX_HOST: usize = 60;
/// Characters of an address on paper.
const MAX_PRINTED: usize = 48;
/// RFC 6068 §2: characters that need no encoding in an address.
const ADDRESS: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'@').remove(b'.').remove(b'-').remove(b'_').remove(b'+').remove(b',');

/// A link that may be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    href: String,
    target: Target,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Web { host: String, domain: String, path: String },
    Mail { to: Vec<String>, cc: Vec<String>, bcc: Vec<String> },
    Phone(String),
}

impl Link {
    /// Reads an address. `None`: it is relative, of another kind, or invalid.
    #[must_use]
    pub fn read(address: &str) -> Option<Self> {
        if address.len() > MAX_ADDRESS {
            return None;
        }
        let url = Url::parse(&with_scheme(address)).ok()?;
        match url.scheme() {
            "http" | "https" => web(url),
            "mailto" => mail(&url),
            "tel" => phone(&url),
            _ => None,
        }
    }

    /// The address, serialised anew.
    #[must_use]
    pub fn href(&self) -> &str {
        &self.href
    }

    /// The text to show beside the link: for the web the registrable domain, followed by the host if it adds something;
    /// for mail all recipients; for telephones the number.
    #[must_use]
    pub fn shown(&self) -> String {
        match &self.target {
            Target::Web { host, domain, .. } if is_plain(host, domain) => domain.clone(),
            Target::Web { host, domain, .. } => {
                let count = host.chars().count();
                let end: String = host.chars().skip(count.saturating_sub(MAX_HOST)).collect();
                format!("{domain} ({}{end})", if count > MAX_HOST { "…" } else { "" })
            }
            Target::Mail { to, cc, bcc } => {
                let others = [("cc ", cc), ("bcc ", bcc)];
                let others = others.into_iter().filter(|(_, list)| !list.is_empty());
                let others = others.map(|(name, list)| format!("{name}{}", list.join(", ")));
                let to = (!to.is_empty()).then(|| to.join(", "));
                let all: Vec<String> = to.into_iter().chain(others).collect();
                if all.is_empty() { "mailto:".to_owned() } else { all.join(" · ") }
            }
            Target::Phone(number) => number.clone(),
        }
    }

    /// The same for paper, with the start of the path.
    #[must_use]
    pub fn printed(&self) -> String {
        match &self.target {
            Target::Web { host, domain, path } if is_plain(host, domain) => {
                let whole = format!("{host}{}", path.trim_end_matches('/'));
                let room = MAX_PRINTED.max(host.chars().count());
                if whole.chars().count() <= room {
                    return whole;
                }
                if room < host.chars().count() + 8 {
                    return host.clone();
                }
                whole.chars().take(room).chain(['…']).collect()
            }
            Target::Web { .. } | Target::Mail { .. } | Target::Phone(_) => self.shown(),
        }
    }

    /// The domain of a web address.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        match &self.target {
            Target::Web { domain, .. } => Some(domain),
            Target::Mail { .. } | Target::Phone(_) => None,
        }
    }

    /// Whether it is a telephone number, which is not a place.
    #[must_use]
    pub fn is_phone(&self) -> bool {
        matches!(self.target, Target::Phone(_))
    }

    /// Whether `text` is exactly the target: then nothing need be added.
    #[must_use]
    pub fn is_said_by(&self, text: &str) -> bool {
        let text = text.trim();
        match &self.target {
            Target::Web { host, domain, .. } => {
                let whole = self.href.trim_end_matches('/');
                let bare = whole.split_once("://").map_or(whole, |(_, rest)| rest);
                // Scheme and host are case-insensitive, the rest is not.
                let path = text.find("://").map_or(0, |at| at + 3);
                let path =
                    text.get(path..).and_then(|rest| rest.find('/')).map_or(text.len(), |at| path + at);
                let (place, path) = text.split_at_checked(path).unwrap_or((text, ""));
                let said = place.to_ascii_lowercase() + path;
                let said = said.trim_end_matches('/');
                let is = |one: &str| said.eq_ignore_ascii_case(one);
                is(host) || (is_plain(host, domain) && is(domain)) || said == whole || said == bare
            }
            Target::Mail { to, cc, bcc } => {
                matches!(to.as_slice(), [one] if one.eq_ignore_ascii_case(text))
                    && cc.is_empty()
                    && bcc.is_empty()
            }
            Target::Phone(number) => {
                let digits =
                    |text: &str| text.chars().filter(|c| !" -./()\u{a0}".contains(*c)).collect::<String>();
                digits(text) == digits(number)
            }
        }
    }
}

/// A web address without its scheme: `//host/x` takes that of its page (RFC 3986 §4.2), and a mail has none;
/// `www.host/x` is relative to a browser, but was meant as an address.
fn with_scheme(address: &str) -> Cow<'_, str> {
    let bare = address.trim_start_matches(|c: char| c.is_whitespace() || c.is_control());
    let leads = |c: Option<char>| matches!(c, Some('/' | '\\'));
    let mut first = bare.chars();
    if leads(first.next()) && leads(first.next()) {
        return format!("https:{bare}").into();
    }
    let is_www = bare.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("www."));
    if is_www { format!("https://{bare}").into() } else { address.into() }
}

/// Whether the host adds nothing to its domain.
fn is_plain(host: &str, domain: &str) -> bool {
    host == domain || host.strip_prefix("www.") == Some(domain)
}

fn web(mut url: Url) -> Option<Link> {
    // The user info before an @ is not part of the target and only there to deceive.
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    let (host, domain) = match url.host()? {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.').to_owned();
            let domain = registrable(&name).to_owned();
            (name, domain)
        }
        Host::Ipv4(_) | Host::Ipv6(_) => {
            let address = url.host_str()?.to_owned();
            (address.clone(), address)
        }
    };
    if host.is_empty() {
        return None;
    }
    let with_port = |name: String| url.port().map_or(name.clone(), |port| format!("{name}:{port}"));
    let target =
        Target::Web { host: with_port(host), domain: with_port(domain), path: url.path().to_owned() };
    Some(Link { href: url.to_string(), target })
}

/// The registrable part of a host (publicsuffix.org); the whole host where there is none.
fn registrable(host: &str) -> &str {
    // The list is in Unicode, a parsed address in punycode; both have the same number of labels.
    let (readable, _) = idna::domain_to_unicode(host);
    let Some(domain) = psl::domain_str(&readable) else { return host };
    let labels = domain.split('.').count();
    let start = host.rmatch_indices('.').nth(labels.saturating_sub(1)).map_or(0, |(at, dot)| at + dot.len());
    host.get(start..).unwrap_or(host)
}

fn mail(url: &Url) -> Option<Link> {
    let (mut to, mut cc, mut bcc) = (recipients(url.path()), Vec::new(), Vec::new());
    let mut words = Vec::new();
    for (name, value) in url.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('=')) {
        match decoded(name).to_ascii_lowercase().as_str() {
            "to" => to.extend(recipients(value)),
            "cc" => cc.extend(recipients(value)),
            "bcc" => bcc.extend(recipients(value)),
            name @ ("subject" | "body") => {
                let text = percent_decode_str(value).decode_utf8_lossy().into_owned();
                words.push(format!("{name}={}", utf8_percent_encode(&text, NON_ALPHANUMERIC)));
            }
            // Local files, header fields: a letter may not link to those.
            _ => {}
        }
    }
    let list = |addresses: &[String]| utf8_percent_encode(&addresses.join(","), ADDRESS).to_string();
    let lists = [("cc", &cc), ("bcc", &bcc)].into_iter().filter(|(_, addresses)| !addresses.is_empty());
    let query: Vec<String> =
        lists.map(|(name, addresses)| format!("{name}={}", list(addresses))).chain(words).collect();
    let mut href = format!("mailto:{}", list(&to));
    if !query.is_empty() {
        href.push('?');
        href.push_str(&query.join("&"));
    }
    let many = [&to, &cc, &bcc].into_iter().flatten().map(String::len).sum::<usize>();
    (many <= MAX_RECIPIENTS).then_some(Link { href, target: Target::Mail { to, cc, bcc } })
}

/// Addresses as listed by RFC 6068, decoded, their domains in A-labels.
fn recipients(list: &str) -> Vec<String> {
    let one = |address: &str| {
        let address = decoded(address);
        let address = address.trim();
        let Some((local, domain)) = address.rsplit_once('@') else { return address.to_owned() };
        format!("{local}@{}", idna::domain_to_ascii(domain).unwrap_or_else(|_odd| domain.to_owned()))
    };
    // An encoded comma belongs to an address; we treat it as a separator all the same.
    decoded(list).split(',').map(one).filter(|address| !address.is_empty()).collect()
}

/// Percent-decoded, without invisible characters and direction marks.
fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().chars().filter(|c| is_seen(*c)).collect()
}

fn is_seen(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

fn phone(url: &Url) -> Option<Link> {
    let number: String = decoded(url.path())
        .chars()
        .filter(|c| c.is_ascii_digit() || "+*#-./() ".contains(*c))
        .take(60)
        .collect();
    let number = number.trim().to_owned();
    number.chars().any(|c| c.is_ascii_digit()).then(|| Link {
        href: format!(
            "tel:{}",
            number.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect::<String>()
        ),
        target: Target::Phone(number),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(address: &str) -> String {
        Link::read(address).map_or_else(|| "-".to_owned(), |link| link.shown())
    }

    #[test]
    fn the_domain_comes_first_and_nothing_hides_it() {
        for (address, wanted) in [
            ("https://insurer.example/a?b=1", "insurer.example"),
            ("https://www.insurer.example", "insurer.example"),
            ("https://bank.example@evil.example/", "evil.example"),
            ("https://bank.example%2f@evil.example/", "evil.example"),
            ("https:\\\\evil.example\\x", "evil.example"),
            ("https:evil.example", "evil.example"),
            ("ht\ntps://ev\til.example", "evil.example"),
            ("https://bank.example.login.evil.example/", "evil.example (bank.example.login.evil.example)"),
            ("https://shop.something.co.uk/", "something.co.uk (shop.something.co.uk)"),
            ("https://somebody.github.io/", "somebody.github.io"),
            ("https://github.io/", "github.io"),
            ("https://bаnk.example/", "xn--bnk-6cd.example"),
            ("https://www.müller.de/", "xn--mller-kva.de"),
            ("https://EVIL。example/", "evil.example"),
            ("https://%65vil.example/", "evil.example"),
            ("http://0x7f.1:8080/bank.example", "127.0.0.1:8080"),
            ("http://3232235777/", "192.168.1.1"),
            ("http://[::1]/", "[::1]"),
            ("https://evil.example./", "evil.example"),
            ("https://", "-"),
            ("//evil.example", "evil.example"),
            ("\\\\evil.example", "evil.example"),
            ("/\\evil.example", "evil.example"),
            (" www.bank.example@evil.example/x", "evil.example"),
            ("WWW.insurer.example/x", "insurer.example"),
            ("seite.html", "-"),
            ("/logout", "-"),
            ("#anker", "-"),
            ("javascript:alert(1)", "-"),
            ("data:text/html,x", "-"),
            ("", "-"),
        ] {
            assert_eq!(shown(address), wanted, "{address}");
        }
        let long = format!("https://{}evil.example/", "bank.example.".repeat(12));
        assert!(shown(&long).starts_with("evil.example (…") && shown(&long).ends_with(".evil.example)"));
    }

    #[test]
    fn an_address_leads_where_it_says() {
        let href = |address| Link::read(address).unwrap().href().to_owned();
        assert_eq!(href("https://bank.example:x@evil.example/a b"), "https://evil.example/a%20b");
        assert_eq!(
            href("mailto:a@b.example?attach=/etc/passwd&SUBJECT=x%20y&bcc=c%40d.example"),
            "mailto:a@b.example?bcc=c@d.example&subject=x%20y"
        );
        assert_eq!(href("tel:+49 (30) 1234;phone-context=x"), "tel:+49301234");
    }

    #[test]
    fn all_who_would_get_a_mail_are_named() {
        for (address, wanted) in [
            ("mailto:a%40b.example?subject=x", "a@b.example"),
            ("mailto:?to=evil@evil.example", "evil@evil.example"),
            ("mailto:a@bank.example?TO=c@evil.example", "a@bank.example, c@evil.example"),
            (
                "mailto:a@b.example,c@d.example?cc=e@f.example&bcc=g@h.example",
                "a@b.example, c@d.example · cc e@f.example · bcc g@h.example",
            ),
            ("mailto:a@bаnk.example", "a@xn--bnk-6cd.example"),
            ("mailto:\u{202e}a@b.example", "a@b.example"),
            ("mailto:?subject=x", "mailto:"),
        ] {
            assert_eq!(shown(address), wanted, "{address}");
        }
        assert_eq!(shown(&format!("mailto:{}", "a@b.example,".repeat(300))), "-");
    }

    #[test]
    fn only_the_very_words_say_it() {
        let said = |address, text| Link::read(address).unwrap().is_said_by(text);
        for text in [
            "insurer.example",
            " www.insurer.example ",
            "https://www.insurer.example/a?b=1",
            "www.insurer.example/a?b=1",
            "WWW.insurer.example",
            "HTTPS://www.Insurer.example/a?b=1",
        ] {
            assert!(said("https://www.insurer.example/a?b=1", text), "{text}");
        }
        for text in [
            "",
            "insurer.example.evil.example",
            "Besuchen Sie insurer.example",
            "https://www.insurer.example/b",
            "https://www.insurer.example/A?b=1",
            "insurer.example\u{200b}",
            "insurer",
            "http://www.insurer.example/a?b=1",
        ] {
            assert!(!said("https://www.insurer.example/a?b=1", text), "{text}");
        }
        assert!(
            !said("https://bаnk.example", "bаnk.example")
                && !said("https://evil.example", "bank.example evil.example")
        );
        assert!(!said("https://a.insurer.example", "insurer.example"));
        assert!(said("mailto:a@b.example?subject=x", "a@b.example"));
        assert!(!said("mailto:a@b.example?bcc=c@d.example", "a@b.example"));
        assert!(said("tel:+49301234", "+49 (30) 12-34") && !said("tel:+49301234", "+49 30 1235"));
    }

    #[test]
    fn paper_says_a_little_more() {
        let printed = |address: &str| Link::read(address).unwrap().printed();
        assert_eq!(printed("https://a.example/b/?c"), "a.example/b");
        assert_eq!(printed("https://www.a.example/"), "www.a.example");
        assert_eq!(printed(&format!("https://a.example/{}", "b".repeat(90))).chars().count(), 49);
        assert_eq!(
            printed("https://bank.example.evil.example/x"),
            "evil.example (bank.example.evil.example)"
        );
    }
}
