//! The interoperability matrix, as observed by tests: each block of docs/partners/interop.md is the result of
//! one test. It is compared, or written with `SEALPOST_WRITE=1`, so that no line of the page claims more than
//! was tested.

use std::sync::Mutex;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/partners/interop.md");

/// The rows of one test.
pub(crate) struct Block {
    name: &'static str,
    rows: Vec<String>,
}

impl Block {
    /// The one between `<!-- NAME -->` and the next `<!-- end -->`.
    pub(crate) fn of(name: &'static str) -> Self {
        Self { name, rows: Vec::new() }
    }

    /// One result: program, direction, what was tested, outcome.
    pub(crate) fn row(&mut self, program: &str, direction: &str, what: &str, outcome: &Result<(), String>) {
        let said = match outcome {
            Ok(()) => "yes".to_owned(),
            Err(why) => format!("no: {}", reason(why)),
        };
        self.rows.push(format!("| {program} | {direction} | {what} | {said} |\n"));
    }

    /// A success.
    pub(crate) fn yes(&mut self, program: &str, direction: &str, what: &str) {
        self.row(program, direction, what, &Ok(()));
    }

    /// Compares with the page, or writes it.
    pub(crate) fn kept(self) {
        static PAGE_IN_USE: Mutex<()> = Mutex::new(());
        let _alone = PAGE_IN_USE.lock().unwrap();
        let seen =
            format!("| program | direction | what | outcome |\n|---|---|---|---|\n{}", self.rows.concat());
        let page = std::fs::read_to_string(PAGE).unwrap();
        let begin = format!("<!-- {} -->\n", self.name);
        let (before, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("{PAGE} has no {begin}"));
        let (said, after) = rest.split_once("<!-- end -->").unwrap();
        if std::env::var_os("SEALPOST_WRITE").is_some() {
            std::fs::write(PAGE, format!("{before}{begin}{seen}<!-- end -->{after}")).unwrap();
        } else {
            assert_eq!(said, seen, "docs/partners/interop.md: run this test with SEALPOST_WRITE=1");
        }
    }
}

/// A program's last message, without our file names.
fn reason(said: &str) -> String {
    let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
    let words: Vec<&str> = last.split_whitespace().filter(|word| !word.contains('/')).collect();
    words.join(" ").replace('|', "/").replace(['<', '>'], "").chars().take(90).collect()
}
