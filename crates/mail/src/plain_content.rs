//! What every program shows of a letter's content alike: the forms of its body, and files with one name each. Only by
//! this may a rule let a letter go; what protects it is searched in all of [`Inside`]. Decides nothing.

use std::fmt;

use crate::html::html_to_text;
use crate::inspect::Inside;
use crate::letter::Letter;

/// The plain content of a letter.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PlainContent {
    /// The words of each form of the body: of the text, and of the page where there is one.
    pub forms: Vec<String>,
    /// Names and types of the files as they are listed; empty if a file has other names, too.
    pub files: Vec<(String, String)>,
}

impl PlainContent {
    /// Of a letter in which this was found.
    #[must_use]
    pub fn of(letter: &Letter<'_>, found: &Inside) -> Self {
        let page = letter.html().map(|page| html_to_text(&page));
        let listed = letter.attachments().into_iter();
        let listed = listed.filter_map(|file| Some((file.name.given()?.to_owned(), file.content_type)));
        let files: Vec<(String, String)> = listed.collect();
        let is_listed = |name: &String| files.iter().any(|(listed, _type)| listed == name);
        let have_one_name = found.files.iter().all(|(name, _type)| is_listed(name));
        Self {
            forms: letter.text().into_iter().chain(page).collect(),
            files: if have_one_name { files } else { Vec::new() },
        }
    }

    /// Whether there is a body, and this holds for each of its forms.
    pub fn every_form(&self, holds: impl Fn(&str) -> bool) -> bool {
        !self.forms.is_empty() && self.forms.iter().all(|form| holds(form))
    }
}

impl fmt::Debug for PlainContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlainContent({} forms, {} files)", self.forms.len(), self.files.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(letter: &str) -> PlainContent {
        let bytes = letter.replace('\n', "\r\n").into_bytes();
        PlainContent::of(&Letter::parse(&bytes).unwrap(), &Inside::of(&bytes))
    }

    #[test]
    fn alternatives_are_forms_and_each_counts() {
        let letter = "From: a@b.example\nContent-Type: multipart/alternative; boundary=x\n\n--x\n\nOffen\n--x\nContent-Type: text/html\n\n<p>Befund</p>\n--x--\n";
        let both = plain(letter);
        assert_eq!(both.forms.len(), 2);
        assert!(!both.every_form(|form| form.contains("Offen")));
        assert!(plain(&letter.replace("Befund", "Offen")).every_form(|form| form.contains("Offen")));
        let one = plain("From: a@b.example\n\nOffen\n");
        assert!(one.every_form(|form| form.contains("Offen")));
        let none = plain(
            "From: a@b.example\nContent-Type: application/pdf; name=a.pdf\nContent-Disposition: attachment\n\nx\n",
        );
        assert!(!none.every_form(|_| true));
    }

    #[test]
    fn a_file_with_two_names_is_not_plain() {
        let letter = |fields: &str| {
            plain(&format!(
                "From: a@b.example\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nText\n--x\n{fields}\n\nx\n--x--\n"
            ))
        };
        let one = letter(
            "Content-Type: application/pdf; name=a.pdf\nContent-Disposition: attachment; filename=a.pdf",
        );
        assert_eq!(one.files, [("a.pdf".to_owned(), "application/pdf".to_owned())]);
        let two = letter(
            "Content-Type: application/pdf; name=b.pdf\nContent-Disposition: attachment; filename=a.pdf",
        );
        assert_eq!(two.files, []);
    }
}
