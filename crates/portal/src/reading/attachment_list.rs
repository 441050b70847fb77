//! The files of a letter as listed on a page: a hundred at a time. Knows no letter.

use crate::reading::File;

/// Files, and pictures, per page.
const AT_ONCE: usize = 100;

/// The page of files that is shown.
pub(crate) struct Shelf {
    /// Number of all files of the letter.
    pub(crate) files: u64,
    pub(crate) pictures: u64,
    pub(crate) number: usize,
    pub(crate) pages: usize,
    /// The URL of the letter's page, up to the page number.
    address: String,
}

impl Shelf {
    /// Cuts both lists down to page `requested`. `address`: with the question mark and other parameters.
    pub(crate) fn cut(
        files: &mut Vec<File>,
        pictures: &mut Vec<File>,
        requested: Option<usize>,
        address: String,
    ) -> Self {
        let (all, shown) = (files.len() as u64, pictures.len() as u64);
        let pages = files.len().max(pictures.len()).div_ceil(AT_ONCE).max(1);
        let number = requested.unwrap_or(1).clamp(1, pages);
        for list in [files, pictures] {
            list.truncate(number * AT_ONCE);
            list.drain(..list.len().min((number - 1) * AT_ONCE));
        }
        Self { files: all, pictures: shown, number, pages, address }
    }

    /// The URL of another page.
    pub(crate) fn turn(&self, number: usize) -> String {
        format!("{}files={number}", self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::Preview;

    fn files(many: usize) -> Vec<File> {
        let one = |n: usize| File {
            part: n.to_string(),
            name: String::new(),
            kind: "file",
            size: 1,
            preview: Preview::None,
            is_letter: false,
            within: false,
        };
        (0..many).map(one).collect()
    }

    #[test]
    fn every_file_stands_on_exactly_one_page() {
        for many in [0, 1, 100, 101, 1500] {
            let mut seen = Vec::new();
            let pages = Shelf::cut(&mut files(many), &mut files(3), None, String::new()).pages;
            for number in 1..=pages {
                let (mut all, mut pictures) = (files(many), files(3));
                let shelf = Shelf::cut(&mut all, &mut pictures, Some(number), "/m/x?".to_owned());
                assert_eq!((shelf.files, shelf.pictures, shelf.number), (many as u64, 3, number));
                assert!(all.len() <= AT_ONCE);
                seen.extend(all.into_iter().map(|file| file.part));
            }
            assert_eq!(seen, files(many).into_iter().map(|file| file.part).collect::<Vec<_>>());
        }
        let (mut all, mut pictures) = (files(101), files(0));
        assert_eq!(Shelf::cut(&mut all, &mut pictures, Some(9), String::new()).number, 2);
        assert_eq!(all.len(), 1);
    }
}
