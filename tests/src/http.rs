//! A visitor of the portal without a browser: requests byte for byte, a cookie jar, forms.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};

use crate::{PATIENCE, patient};

/// A visitor with their cookies.
#[derive(Clone)]
pub struct Web {
    address: SocketAddr,
    /// Cookies by name.
    pub cookies: BTreeMap<String, String>,
    /// Header lines sent with every request, without CRLF.
    pub extra: Vec<String>,
    /// Sent at the start of every connection.
    pub preface: Vec<u8>,
    /// How long an answer may take.
    pub patience: std::time::Duration,
}

/// One answer of the portal.
#[derive(Clone, Debug)]
pub struct Page {
    /// The status code; 0 if the server hung up without a word.
    pub status: u16,
    /// Header fields, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, as sent.
    pub body: Vec<u8>,
}

impl Web {
    /// A new visitor.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self { address, cookies: BTreeMap::new(), extra: Vec::new(), preface: Vec::new(), patience: PATIENCE }
    }

    /// The portal it visits.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// GET of a path or of a link to this portal.
    pub fn get(&mut self, path: &str) -> Page {
        self.request("GET", path, None)
    }

    /// POST of a form.
    pub fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let body: Vec<String> =
            fields.iter().map(|(key, value)| format!("{}={}", encode(key), encode(value))).collect();
        self.request("POST", path, Some(body.join("&").as_bytes()))
    }

    /// Submits the first form of a page whose action ends in `action`, including hidden fields, with these
    /// fields filled in.
    pub fn submit(&mut self, page: &Page, action: &str, fields: &[(&str, &str)]) -> Page {
        let form = page.form(action);
        let mut all: Vec<(&str, &str)> =
            form.hidden.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        all.retain(|(key, _)| !fields.iter().any(|(filled, _)| filled == key));
        all.extend_from_slice(fields);
        self.post(&form.action, &all)
    }

    /// Follows redirects until there is a page.
    pub fn follow(&mut self, mut page: Page) -> Page {
        for _ in 0..5 {
            let Some(to) = page.header("location").filter(|_| (300..400).contains(&page.status)) else {
                break;
            };
            page = self.get(to);
        }
        page
    }

    /// Any request; the body is a form.
    pub fn request(&mut self, method: &str, path: &str, body: Option<&[u8]>) -> Page {
        self.exchange(method, path, "application/x-www-form-urlencoded", body)
    }

    /// POST of a body of this type.
    pub fn post_as(&mut self, content_type: &str, path: &str, body: &[u8]) -> Page {
        self.exchange("POST", path, content_type, Some(body))
    }

    fn exchange(&mut self, method: &str, path: &str, content_type: &str, body: Option<&[u8]>) -> Page {
        let own = format!("http://{}", self.address);
        let path = path.strip_prefix(&own).unwrap_or(path);
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        if !self.cookies.is_empty() {
            let cookies: Vec<String> = self.cookies.iter().map(|(k, v)| format!("{k}={v}")).collect();
            head.push_str(&format!("Cookie: {}\r\n", cookies.join("; ")));
        }
        if let Some(body) = body {
            head.push_str(&format!("Content-Type: {content_type}\r\n"));
            head.push_str(&format!("Origin: {own}\r\nContent-Length: {}\r\n", body.len()));
        }
        for line in &self.extra {
            head.push_str(&format!("{line}\r\n"));
        }
        head.push_str("\r\n");
        let mut stream = TcpStream::connect_timeout(&self.address, PATIENCE).unwrap();
        stream.set_read_timeout(Some(self.patience)).unwrap();
        stream.write_all(&self.preface).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.unwrap_or_default()).unwrap();
        let mut answer = Vec::new();
        // A server that did not read the whole request takes its time to hang up.
        let mut buffer = [0; 16 * 1024];
        while !is_whole(method, &answer) {
            match patient::read(&mut stream, &mut buffer).unwrap() {
                0 => break,
                n => answer.extend_from_slice(&buffer[..n]),
            }
        }
        let page = Page::parse(&answer);
        for (name, value) in &page.headers {
            if name == "set-cookie" {
                let (key, value) = value.split(';').next().unwrap().split_once('=').unwrap();
                if value.is_empty() {
                    self.cookies.remove(key);
                } else {
                    self.cookies.insert(key.to_owned(), value.to_owned());
                }
            }
        }
        page
    }
}

/// A form in a page.
#[derive(Clone, Debug)]
pub struct Form {
    /// Its target.
    pub action: String,
    /// Its hidden fields.
    pub hidden: Vec<(String, String)>,
}

impl Page {
    fn parse(answer: &[u8]) -> Self {
        if answer.is_empty() {
            return Self { status: 0, headers: Vec::new(), body: Vec::new() };
        }
        let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or_else(|| {
            panic!("this is no HTTP answer: {}", String::from_utf8_lossy(answer));
        });
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers: Vec<(String, String)> = lines
            .map(|line| {
                let (name, value) = line.split_once(':').unwrap();
                (name.to_ascii_lowercase(), value.trim().to_owned())
            })
            .collect();
        let raw = &answer[end + 4..];
        let chunked = headers.iter().any(|(n, v)| n == "transfer-encoding" && v.contains("chunked"));
        Self { status, headers, body: if chunked { unchunk(raw) } else { raw.to_vec() } }
    }

    /// The first field of that name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The status must be this one.
    pub fn expect(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{:?}\n{}", self.headers, self.text());
        self
    }

    /// The first form whose action ends in `action`; panics if there is none.
    #[must_use]
    pub fn form(&self, action: &str) -> Form {
        let text = self.text();
        for form in text.split("<form").skip(1) {
            let form = form.split("</form>").next().unwrap_or_default();
            let tag = form.split('>').next().unwrap_or_default();
            let goes_to = attribute(tag, "action").unwrap_or_default();
            if goes_to.ends_with(action) {
                let hidden = form
                    .split("<input")
                    .skip(1)
                    .map(|input| input.split('>').next().unwrap_or_default())
                    .filter(|input| attribute(input, "type").as_deref() == Some("hidden"))
                    .filter_map(|input| Some((attribute(input, "name")?, attribute(input, "value")?)))
                    .collect();
                return Form { action: goes_to, hidden };
            }
        }
        panic!("no form to {action} in:\n{text}");
    }
}

/// Whether an answer is all there, as far as its head says how long it is.
fn is_whole(method: &str, answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|w| w == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let length = head.split("\r\ncontent-length:").nth(1).and_then(|rest| rest.split("\r\n").next());
    let length: Option<usize> = length.and_then(|length| length.trim().parse().ok());
    method == "HEAD" || length.is_some_and(|length| answer.len() >= end + 4 + length)
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    let value = tag[start..].split('"').next()?;
    Some(value.replace("&amp;", "&").replace("&quot;", "\"").replace("&#x27;", "'").replace("&#39;", "'"))
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(b).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

fn unchunk(mut raw: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = raw.windows(2).position(|w| w == b"\r\n").expect("a chunk size");
        let size = usize::from_str_radix(std::str::from_utf8(&raw[..end]).unwrap().trim(), 16).unwrap();
        if size == 0 {
            return body;
        }
        body.extend_from_slice(&raw[end + 2..end + 2 + size]);
        raw = &raw[end + 4 + size..];
    }
}

#[cfg(test)]
mod tests {
    use super::Page;

    #[test]
    fn pages_and_their_forms_are_read() {
        let page = Page::parse(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
            2f\r\n<form method=\"post\" action=\"/x?a=1&amp;b=2\"><in\r\n\
            35\r\nput type=\"hidden\" name=\"csrf\" value=\"t&quot;\"></form>\r\n0\r\n\r\n",
        );
        let form = page.form("b=2");
        assert_eq!((page.status, form.action.as_str()), (200, "/x?a=1&b=2"));
        assert_eq!(form.hidden, [("csrf".to_owned(), "t\"".to_owned())]);
    }
}
