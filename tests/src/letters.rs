//! Letters to send: plain, HTML with umlauts and a PDF, large, signed. All CRLF, all with fixed dates.

use std::fmt::Write as _;

use base64::Engine as _;

/// A plain letter.
#[must_use]
pub fn plain(subject: &str, text: &str) -> Vec<u8> {
    with_fields(subject, "", text)
}

/// A plain letter with more header fields, each ending in CRLF.
#[must_use]
pub fn with_fields(subject: &str, fields: &str, text: &str) -> Vec<u8> {
    let text = text.replace("\r\n", "\n").replace('\n', "\r\n");
    format!(
        "From: Erika Muster <erika.muster@insurer.example>\r\n\
         To: Max Kunde <max.kunde@web.example>\r\n\
         Subject: {subject}\r\n\
         Date: Fri, 20 Nov 2026 09:30:00 +0100\r\n\
         Message-ID: <letter-{:016x}@insurer.example>\r\n\
         {fields}MIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\
         \r\n\
         {text}\r\n",
        fnv(&format!("{subject}{fields}{text}")),
    )
    .into_bytes()
}

/// A plain letter of about this many bytes.
#[must_use]
pub fn sized(subject: &str, bytes: usize) -> Vec<u8> {
    let mut text = String::with_capacity(bytes);
    let mut state = fnv(subject);
    while text.len() < bytes {
        // Lines like real ones: 72 characters of something that does not compress to nothing.
        for _ in 0..9 {
            state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
            let _ = write!(text, "{:08x}", state >> 32);
        }
        text.push('\n');
    }
    plain(subject, text.trim_end())
}

/// A letter with text, HTML, umlauts and a PDF attachment, as an insurer's clerk sends it.
#[must_use]
pub fn rich(subject: &str, text: &str, html: &str, file_name: &str, pdf: &[u8]) -> Vec<u8> {
    let encode = |bytes: &[u8]| {
        let digits = base64::engine::general_purpose::STANDARD.encode(bytes);
        let lines: Vec<&str> =
            digits.as_bytes().chunks(76).map(|l| std::str::from_utf8(l).unwrap()).collect();
        lines.join("\r\n")
    };
    let word = |text: &str| format!("=?utf-8?B?{}?=", base64::engine::general_purpose::STANDARD.encode(text));
    format!(
        "From: {from} <erika.muster@insurer.example>\r\n\
         To: Max Kunde <max.kunde@web.example>\r\n\
         Subject: {subject}\r\n\
         Date: Fri, 20 Nov 2026 09:30:00 +0100\r\n\
         Message-ID: <rich-{id:016x}@insurer.example>\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"outer\"\r\n\
         \r\n\
         --outer\r\n\
         Content-Type: multipart/alternative; boundary=\"inner\"\r\n\
         \r\n\
         --inner\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: base64\r\n\
         \r\n\
         {text}\r\n\
         --inner\r\n\
         Content-Type: text/html; charset=utf-8\r\n\
         Content-Transfer-Encoding: base64\r\n\
         \r\n\
         {html}\r\n\
         --inner--\r\n\
         --outer\r\n\
         Content-Type: application/pdf\r\n\
         Content-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename*=utf-8''{file}\r\n\
         \r\n\
         {pdf}\r\n\
         --outer--\r\n",
        from = word("Erika Müster"),
        subject = if subject.is_ascii() { subject.to_owned() } else { word(subject) },
        id = fnv(&format!("{subject}{text}")),
        text = encode(text.as_bytes()),
        html = encode(html.as_bytes()),
        file = percent(file_name),
        pdf = encode(pdf),
    )
    .into_bytes()
}

/// A small but complete PDF file with this text on its page.
#[must_use]
pub fn pdf(text: &str) -> Vec<u8> {
    let content = format!("BT /F1 18 Tf 72 720 Td ({text}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut file = "%PDF-1.4\n".to_owned();
    let mut places = Vec::new();
    for (n, object) in objects.iter().enumerate() {
        places.push(file.len());
        let _ = write!(file, "{} 0 obj\n{object}\nendobj\n", n + 1);
    }
    let table = file.len();
    let _ = write!(file, "xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for place in places {
        file.push_str(&format!("{place:010} 00000 n \n"));
    }
    let _ =
        write!(file, "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", objects.len() + 1);
    file.into_bytes()
}

/// The value of a header field of a mail, unfolded; `None` if it is missing.
#[must_use]
pub fn field(mail: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(mail);
    let head = text.split("\r\n\r\n").next()?.replace("\r\n ", " ").replace("\r\n\t", " ");
    head.split("\r\n").find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}

/// The mail without the `Received` field that the gateway put in front.
#[must_use]
pub fn without_trace(mail: &[u8]) -> &[u8] {
    assert!(mail.starts_with(b"Received: "), "no Received in front: {}", String::from_utf8_lossy(mail));
    let mut at = 0;
    loop {
        at += mail[at..].windows(2).position(|pair| pair == b"\r\n").unwrap() + 2;
        if !matches!(mail.get(at), Some(b' ' | b'\t')) {
            return &mail[at..];
        }
    }
}

/// The initial password in a mail to a sender, out of its decoded text: four groups of four.
#[must_use]
pub fn initial_password(mail: &[u8]) -> String {
    let parsed = mail_parser::MessageParser::default().parse(mail).unwrap();
    let text = parsed.body_text(0).unwrap();
    let is_one = |word: &&str| {
        let groups: Vec<&str> = word.split('-').collect();
        groups.len() == 4
            && groups.iter().all(|group| group.len() == 4 && !group.contains(char::is_lowercase))
    };
    text.split_whitespace().find(is_one).unwrap_or_else(|| panic!("no password in:\n{text}")).to_owned()
}

/// The first link to the portal in a mail, out of its decoded text.
#[must_use]
pub fn link(mail: &[u8]) -> String {
    let parsed = mail_parser::MessageParser::default().parse(mail).unwrap();
    let text = parsed.body_text(0).unwrap();
    let start = text.find("http").unwrap_or_else(|| panic!("no link in:\n{text}"));
    text[start..].split_whitespace().next().unwrap().to_owned()
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b == b'.' {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

/// A name for a text: tests need repeatable ones.
fn fnv(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The files attached to a letter: name and bytes.
#[must_use]
pub fn files(mail: &[u8]) -> Vec<(String, Vec<u8>)> {
    use mail_parser::MimeHeaders as _;
    let parsed = mail_parser::MessageParser::default().parse(mail).unwrap();
    let one = |part: &mail_parser::MessagePart<'_>| {
        (part.attachment_name().unwrap_or_default().to_owned(), part.contents().to_vec())
    };
    parsed.attachments().map(one).collect()
}
