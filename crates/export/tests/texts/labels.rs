//! The labels from the portal's texts, for the tests of this crate and of the worker.

use std::path::Path;

use sealpost_export::Labels;

/// The labels of one language.
pub(crate) fn labels(language: &str) -> Labels {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../webmail-ui/locales").join(language);
    let texts: String = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    Labels::of(language, |key| {
        let line = texts.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = ")).unwrap();
        line.replace("{ $", "{").replace(" }", "}").replace("{\"", "").replace("\"}", "")
    })
}
