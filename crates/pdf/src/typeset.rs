//! From a job to a PDF, with as much of the letter as can be had. Knows no HTML and no process.

use typst::foundations::{Datetime, Smart};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use crate::fonts::Fonts;
use crate::job::{Effort, Job};
use crate::prepare::{self, Prepared};
use crate::world::Desk;

/// The PDF. A letter that cannot be set in full is set with less, never not at all: the original is in it
/// in any case.
pub(crate) fn pdf(mut job: Job) -> Option<Vec<u8>> {
    let fonts = Fonts::load();
    let files = prepare::take_files(&mut job);
    let efforts: &[Effort] = match job.effort {
        Effort::Full => &[Effort::Full, Effort::Careful, Effort::Cover],
        Effort::Careful => &[Effort::Careful, Effort::Cover],
        Effort::Cover => &[Effort::Cover],
    };
    efforts.iter().find_map(|effort| set(&job, prepare::letter(&job, &files, &fonts, *effort)?, &fonts).ok())
}

/// Why setting failed, for the tests; production tries again with less.
#[derive(Debug)]
pub(crate) struct Failed(
    #[cfg_attr(not(test), expect(dead_code, reason = "may hold words of the letter: only tests look at it"))]
    String,
);

pub(crate) fn set(job: &Job, prepared: Prepared, fonts: &Fonts) -> Result<Vec<u8>, Failed> {
    let desk =
        Desk::new(fonts, prepared.files).ok_or_else(|| Failed("the template has no name".to_owned()))?;
    let document =
        typst::compile::<PagedDocument>(&desk).output.map_err(|errors| Failed(format!("{errors:?}")))?;
    let [year, rest @ ..] = job.created;
    let [month, day, hour, minute, second] = rest.map(|part| u8::try_from(part).unwrap_or(0));
    let created = Datetime::from_ymd_hms(year, month, day, hour, minute, second);
    let options = PdfOptions {
        ident: Smart::Custom(job.ident.clone()),
        creator: Smart::Custom(Some("Sealpost".to_owned())),
        timestamp: created.map(Timestamp::new_utc),
        standards: PdfStandards::new(&[PdfStandard::A_3b]).map_err(|error| Failed(format!("{error:?}")))?,
        ..PdfOptions::default()
    };
    typst_pdf::pdf(&document, &options).map_err(|errors| Failed(format!("{errors:?}")))
}
