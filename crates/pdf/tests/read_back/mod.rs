//! A letter made into a PDF by the real worker, and that PDF as programs see it that are not ours. Knows no case.

use std::path::{Path, PathBuf};
use std::process::Command;

use sealpost_export::{ExportError, Labels, Limits, Wording, Worker, pdf};
use sealpost_mail::Timestamp;

#[path = "../../../export/tests/texts/labels.rs"]
mod sample_labels;

pub(crate) use sample_labels::labels;

/// 2026-11-21T12:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp(1_795_262_400_000);

pub(crate) fn worker(limits: Limits) -> Worker {
    Worker::find(Some(Path::new(env!("CARGO_BIN_EXE_sealpost-pdf"))), limits).unwrap()
}

/// The tests' worker is built without optimisation.
pub(crate) fn patient() -> Limits {
    Limits {
        cpu: std::time::Duration::from_secs(240),
        wall: std::time::Duration::from_secs(400),
        ..Limits::default()
    }
}

pub(crate) fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus")
}

pub(crate) fn letter(name: &str) -> Vec<u8> {
    std::fs::read(corpus().join(name).with_extension("eml")).unwrap()
}

pub(crate) fn german() -> Labels {
    labels("de")
}

pub(crate) async fn made(letter: &[u8], labels: &Labels, limits: Limits) -> Result<Vec<u8>, ExportError> {
    let wording = Wording {
        labels,
        zone: "Europe/Berlin",
        letterhead: Some("Muster-Versicherung AG · SecureMail"),
        appointments: &[],
    };
    pdf(letter, &wording, NOW, &worker(limits)).await
}

pub(crate) struct Reader {
    _folder: tempfile::TempDir,
    pub(crate) file: PathBuf,
}

/// A PDF as other programs see it.
impl Reader {
    pub(crate) fn of(pdf: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.pdf");
        std::fs::write(&file, pdf).unwrap();
        Self { _folder: folder, file }
    }

    pub(crate) fn run(&self, program: &str, arguments: &[&str], after: &[&str]) -> String {
        let done = Command::new(program).args(arguments).arg(&self.file).args(after).output();
        let done = done.unwrap_or_else(|error| panic!("{program}: {error} (is its package installed?)"));
        let said =
            format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        assert!(done.status.success(), "{program} {arguments:?}: {said}");
        said
    }

    pub(crate) fn text(&self) -> String {
        self.run("pdftotext", &["-layout"], &["-"])
    }

    pub(crate) fn info(&self) -> String {
        self.run("pdfinfo", &["-enc", "UTF-8"], &[])
    }

    /// Every embedded file: name and bytes.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let into = tempfile::tempdir().unwrap();
        let folder = into.path().to_str().unwrap();
        let mut all = Vec::new();
        let listed = self.run("pdfdetach", &["-list", "-enc", "UTF-8"], &[]);
        for line in listed.lines() {
            let Some((number, name)) = line.split_once(": ").filter(|(n, _)| n.parse::<u32>().is_ok()) else {
                continue;
            };
            let target = format!("{folder}/{number}");
            self.run("pdfdetach", &["-save", number, "-o", &target], &[]);
            all.push((name.to_owned(), std::fs::read(target).unwrap()));
        }
        all
    }
}
