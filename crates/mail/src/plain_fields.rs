//! What every mail program reads in the fields of one name: for rules that let a letter go, which must not say "yes" because one
//! program reads it so. What any of them may read is [`crate::Head::readings`]. Knows no rule.

/// The fields of one name, each in every way in which programs take its encoded-words apart. The texts are not to be had one by one:
/// a reading that only some programs have is none of the field.
pub struct PlainFields(Vec<Vec<String>>);

impl PlainFields {
    pub(crate) fn new(fields: impl Iterator<Item = Vec<String>>) -> Self {
        Self(fields.collect())
    }

    /// Whether it holds for each of them as every program reads it, and there is one.
    pub fn all_say(&self, holds: impl Fn(&str) -> bool) -> bool {
        !self.0.is_empty() && self.0.iter().flatten().all(|read| holds(read))
    }
}

#[cfg(test)]
mod tests {
    use crate::Head;

    fn says(field: &str, word: &str) -> bool {
        let head = Head::new(format!("{field}\r\n\r\n").into_bytes()).unwrap();
        head.plain_fields("Subject").all_say(|read| read.contains(word))
    }

    #[test]
    fn only_what_every_program_reads_is_said() {
        for plain in [
            "Subject: [offen] x",
            "Subject: =?utf-8?Q?=5Boffen=5D_x?=",
            "Subject: =?utf-8?B?W29mZmVuXSB4?=",
            "Subject: =?utf-8?B?W29m?=\r\n =?utf-8?B?ZmVuXQ==?=",
            "Subject: [offen] =?utf-8?B?R3LDtsOfZQ?",
            "Subject: [offen]\r\nSubject: [offen] y",
            "Subject: [offen] Gr\u{f6}\u{df}e",
        ] {
            assert!(says(plain, "[offen]"), "{plain}");
        }
        for odd in [
            // No charset, a bare mark, a word that is cut off, words that go on within a group, a sequence that shifts.
            "Subject: =??Q?=5Boffen=5D?=",
            "Subject: =??B?W29mZmVuXQ==?=",
            "Subject: =?utf-8?Q?Ist_das_=5Boffen=5D??= x",
            "Subject: =?utf-8?Q?=5Boffen=5D_x",
            "Subject: =?utf-8?B?W29mZmVuXSB4",
            "Subject: =?utf-8?B?W29mZm?= =?utf-8?B?VuXSB4?=",
            "Subject: [of\u{1b}(Bfen] x",
            "Subject: [offen]\r\nSubject: x",
            "X-Subject: [offen]",
        ] {
            assert!(!says(odd, "[offen]"), "{odd}");
        }
    }

    #[test]
    fn bytes_without_a_label_are_read_as_they_are_shown() {
        let head = |fields: &[u8]| Head::new([fields, b"\r\n\r\n"].concat()).unwrap();
        let says =
            |fields: &[u8], word: &str| head(fields).plain_fields("Subject").all_say(|read| read == word);
        assert!(says(b"Subject: \xf6ffentlich", "\u{f6}ffentlich"));
        assert!(!says(b"Subject: \x94ffentlich", "\u{f6}ffentlich"), "shown so by nobody (ibm850)");
        assert!(says(b"Subject: \xb9\xe8\r\nContent-Type: text/plain; charset=iso-8859-2", "\u{161}\u{10d}"));
    }
}
