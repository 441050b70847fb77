//! Lines that end in CR alone, as on an old Macintosh: Thunderbird and others end a line at CR, LF and CRLF. Knows nothing of
//! what stands in the lines.

/// The bytes with a line end for every CR that has no LF behind it. `None`: there is none such.
pub(super) fn at_returns(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut lines: Option<Vec<u8>> = None;
    for at in memchr::memchr_iter(b'\r', bytes) {
        if bytes.get(at + 1) != Some(&b'\n')
            && let Some(end) = lines.get_or_insert_with(|| bytes.to_vec()).get_mut(at)
        {
            *end = b'\n';
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::inspect::Inside;

    const LETTER: &str = "From: a@b.example\r\nSubject: [vertraulich] Befund\r\nSensitivity: Company-Confidential\r\n\
        Date: Mon, 30 Nov 2026 10:00:00 +0000\r\n\r\ntext\r\n";

    #[test]
    fn a_return_alone_is_a_line_end() {
        assert_eq!(at_returns(b"a\r\nb\n"), None);
        assert_eq!(at_returns(b"a\rb\r\nc\r").as_deref(), Some(&b"a\nb\r\nc\n"[..]));
        assert_eq!(at_returns(b"a\r\r\nb").as_deref(), Some(&b"a\n\r\nb"[..]));
    }

    fn is_seen(what: &str, letter: &str) {
        for inside in [Inside::letters_of(letter.as_bytes()), Inside::of(letter.as_bytes())] {
            let subjects: Vec<String> = inside.heads.iter().filter_map(|head| head.subject()).collect();
            assert!(
                subjects.iter().any(|one| one == "[vertraulich] Befund"),
                "{what}: {subjects:?}\n{letter}"
            );
            assert_eq!(inside.unread, None, "{what}");
        }
    }

    fn part(fields: &str, bytes: &str) -> String {
        format!(
            "Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\n{fields}\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n",
            STANDARD.encode(bytes)
        )
    }

    #[test]
    fn the_head_of_a_letter_within_is_seen_wherever_its_lines_end() {
        let ends = [
            ("CR", LETTER.replace("\r\n", "\r")),
            ("one CR", LETTER.replace("\r\nSubject", "\rSubject")),
            ("CR behind LF", LETTER.replace("\r\n", "\n\r")),
            ("two CR", LETTER.replace("\r\n", "\r\r\n")),
            ("CR in the head alone", LETTER.replacen("\r\n", "\r", 4)),
        ];
        for (end, letter) in &ends {
            for kind in [
                "message/rfc822",
                "message/global",
                "message/news",
                "text/rfc822",
                "text/rfc822-headers",
                "application/octet-stream; name=a.eml",
                "application/octet-stream; name=a.mbox",
                "application/octet-stream",
                "application/mbox",
            ] {
                // Of what nobody says that it is a letter, and whose lines all have an empty one behind them, nobody thinks so.
                if kind == "application/octet-stream" && matches!(*end, "CR behind LF" | "two CR") {
                    continue;
                }
                is_seen(&format!("{end}, {kind}"), &part(&format!("Content-Type: {kind}"), letter));
            }
            let multipart = format!(
                "Subject: o\r\nContent-Type: multipart/mixed; boundary=z\r\n\r\n--z\rContent-Type: message/rfc822\r\r\
                 {letter}\r--z--\r"
            );
            is_seen(&format!("{end}, within a multipart"), &part("Content-Type: message/rfc822", &multipart));
            let digest = format!("Content-Type: multipart/digest; boundary=z\r\r--z\r\r{letter}\r--z--\r");
            is_seen(&format!("{end}, within a digest"), &part("Content-Type: message/rfc822", &digest));
        }
        let mbox = format!("From a Mon\rSubject: 1\r\rx\r\rFrom b Tue\r{}", LETTER.replace("\r\n", "\r"));
        is_seen("the second of a box", &part("Content-Type: application/mbox", &mbox));
    }

    #[test]
    fn what_stands_in_a_text_is_seen_wherever_its_lines_end() {
        let uuencoded: String = LETTER
            .replace("\r\n", "\r")
            .as_bytes()
            .chunks(45)
            .map(|line| {
                let sixths = line.chunks(3).flat_map(|three| {
                    let at = |index: usize| u32::from(three.get(index).copied().unwrap_or(0));
                    let bits = at(0) << 16 | at(1) << 8 | at(2);
                    [bits >> 18, bits >> 12 & 63, bits >> 6 & 63, bits & 63]
                });
                let digit = |six: u32| char::from_u32(six + 32).unwrap();
                let length = digit(u32::try_from(line.len()).unwrap());
                std::iter::once(length).chain(sixths.map(digit)).chain(['\r']).collect::<String>()
            })
            .collect();
        let text = format!("hallo\rbegin 644 a.eml\r{uuencoded}`\rend\r");
        is_seen("uuencode", &part("Content-Type: text/plain", &text));
        for calendar in [
            "BEGIN:VCALENDAR\rBEGIN:VEVENT\rSUMMARY:[vertraulich] Befund\rEND:VEVENT\rEND:VCALENDAR\r",
            "BEGIN:VCALENDAR\rBEGIN:VEVENT\rSUMMARY:[vertrau\r lich] Befund\rEND:VEVENT\rEND:VCALENDAR\r",
        ] {
            is_seen("a calendar", &part("Content-Type: text/calendar", calendar));
        }
    }
}
