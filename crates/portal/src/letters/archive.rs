//! A letter as a file in the chosen format, and many of them as one `.zip` that is generated while it is
//! downloaded. One letter is open at a time; nothing is stored on disk. Knows no page.

use std::collections::{HashSet, VecDeque};
use std::io::Write;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::web::{self, Bytes};
use futures_util::stream::{self, Stream, StreamExt as _};
use sealpost_export::{ExportError, Format, Labels, Wording, Worker};
use sealpost_mail::{Letter, Summary};
use sealpost_store::DepositRow;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use crate::access::session::SignedIn;
use crate::http::download;
use crate::language::Language;
use crate::letters::outlook::{self, Assembled};
use crate::mailbox::{Deposit, held_pieces};
use crate::problem::Problem;
use crate::reading::invitation::{self, Reader};
use crate::state::Site;
use crate::state::export_progress::Tally;

/// The PDF worker, if it is installed. Looked for each time: it may be installed while we run.
pub(crate) fn worker(site: &Site) -> Result<Worker, ExportError> {
    let rules = &site.config.export;
    let most = sealpost_export::Limits::default().output;
    let limits = sealpost_export::Limits {
        memory: rules.pdf_memory,
        wall: rules.pdf_time,
        // A bound larger than the memory for all opened letters would be useless.
        output: most.min(2 * site.config.memory as u64),
        ..Default::default()
    };
    Worker::find(rules.pdf_worker.as_deref(), limits)
}

/// "2026-11-21 Ihr Vertrag.pdf"
pub(crate) fn name(site: &Site, row: &DepositRow, summary: Option<&Summary>, format: Format) -> String {
    let date = site.calendar.file(row.received_at);
    let subject = summary.and_then(|s| s.subject.as_deref()).unwrap_or_default();
    let subject: String = subject.chars().take(60).collect();
    let stem = download::file_name(&format!("{date} {subject}").replace('.', " "), "message");
    format!("{stem}.{}", format.extension())
}

/// Why a letter cannot be exported in the requested format. The reader is told; the letter itself is safe.
pub(crate) enum NotMade {
    /// To be fixed by the operator.
    NoWorker,
    /// The machine has no capacity at the moment.
    NotNow,
    /// This letter cannot be converted to this format.
    NotThis,
}

/// One letter as a file. `.eml` is better streamed ([`Deposit::stream`]).
pub(crate) async fn made(
    site: &Site,
    language: Language,
    deposit: Deposit,
    format: Format,
) -> Result<Result<Assembled, NotMade>, Problem> {
    let made = match format {
        Format::Eml => {
            let size = deposit.size()?;
            Ok(Assembled { size, pieces: deposit.stream().await?.boxed() })
        }
        Format::Msg => outlook::msg(site, language, deposit).await?,
        Format::Pdf => pdf(site, language, deposit).await?,
    };
    Ok(made.map_err(|error| match error {
        ExportError::WorkerMissing(error) => {
            tracing::error!(%error, "no PDF export");
            NotMade::NoWorker
        }
        ExportError::WorkerStopped(_) => {
            tracing::warn!(%error, "a letter could not be exported just now");
            NotMade::NotNow
        }
        error => {
            tracing::warn!(%error, "a letter could not be exported");
            NotMade::NotThis
        }
    }))
}

/// The labels of a document in the reader's language, with named placeables.
pub(crate) fn labels(language: Language) -> Labels {
    let place = |name: &'static str| (name.into(), format!("{{{name}}}").into());
    let places = ["page", "pages", "n", "weekday", "day", "month", "year", "time", "zone"].map(place).into();
    Labels::of(language.tag(), |key| language.say_with(key, Some(&places)))
}

/// Typeset by the worker. The PDF is kept in reserved memory until it has been downloaded.
async fn pdf(
    site: &Site,
    language: Language,
    deposit: Deposit,
) -> Result<Result<Assembled, ExportError>, Problem> {
    let worker = match worker(site) {
        Ok(worker) => worker,
        Err(error) => return Ok(Err(error)),
    };
    let labels = labels(language);
    // No memory is reserved while waiting for a turn, nor the turn while waiting for what they fetch themselves.
    let share = deposit.share(site).await?;
    let _turn = site.typesetting().await?;
    let letter = deposit.open_within(site, share).await?;
    let reader = Reader { language, calendar: &site.calendar };
    let appointments = Letter::parse(&letter.bytes).map(|letter| invitation::lines(&reader, &letter));
    let wording = Wording {
        labels: &labels,
        zone: &site.config.time_zone,
        letterhead: Some(&site.config.brand.name),
        appointments: &appointments.unwrap_or_default(),
    };
    let chunks = match sealpost_export::pdf_chunks(&letter.bytes, &wording, site.now(), &worker).await {
        Ok(chunks) => chunks,
        Err(error) => return Ok(Err(error)),
    };
    let size = chunks.iter().map(Vec::len).sum::<usize>();
    let room = letter.room_for(size);
    Ok(Ok(Assembled { size: size as u64, pieces: held_pieces(chunks.into(), room) }))
}

/// A letter to be added to an archive.
pub(crate) struct ArchivedLetter {
    pub(crate) id: String,
    /// A folder in the archive, or empty.
    pub(crate) folder: String,
}

/// What an archive says about letters that are included as `.eml` instead of the requested format, or not at
/// all.
pub(crate) struct Explanation {
    /// The name of the text file.
    pub(crate) file: String,
    /// The first lines of the letter.
    pub(crate) text: String,
    /// The lines above the list of letters that could not be included.
    pub(crate) damaged: String,
}

/// The archive, piece by piece, as fast as it is read.
pub(crate) fn archive(
    site: web::Data<Site>,
    owner: SignedIn,
    language: Language,
    wanted: Vec<ArchivedLetter>,
    format: Format,
    explanation: Explanation,
    tally: Option<Tally>,
) -> impl Stream<Item = Result<Bytes, Problem>> + 'static {
    let written = Written::default();
    let start = Packing {
        zip: Some(ZipWriter::new_stream(written.clone())),
        written,
        site,
        owner,
        language,
        wanted: wanted.into(),
        format,
        explanation,
        names: HashSet::new(),
        replaced: Vec::new(),
        damaged: Vec::new(),
        open: None,
        tally,
    };
    stream::try_unfold(start, |mut packing| async move {
        loop {
            let more = packing.step().await?;
            let bytes = packing.written.take();
            if !bytes.is_empty() {
                return Ok(Some((bytes, packing)));
            }
            if !more {
                return Ok(None);
            }
        }
    })
}

/// Buffer that the archive is written to until it is read.
#[derive(Clone, Default)]
pub(crate) struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    pub(crate) fn take(&self) -> Bytes {
        Bytes::from(std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes, Problem>>>>;

struct Packing {
    /// `None` when the archive is finished.
    zip: Option<ZipWriter<StreamWriter<Written>>>,
    written: Written,
    site: web::Data<Site>,
    owner: SignedIn,
    language: Language,
    wanted: VecDeque<ArchivedLetter>,
    format: Format,
    explanation: Explanation,
    names: HashSet<String>,
    /// Names of letters included as `.eml` instead.
    replaced: Vec<String>,
    /// Names of letters that can no longer be opened.
    damaged: Vec<String>,
    open: Option<Pieces>,
    /// For the page that shows the progress.
    tally: Option<Tally>,
}

impl Packing {
    /// One piece of the open file, the next file, or the end. `false` after the end.
    async fn step(&mut self) -> Result<bool, Problem> {
        if let Some(pieces) = &mut self.open {
            match pieces.next().await {
                Some(piece) => self.write(&piece?)?,
                None => {
                    self.open = None;
                    self.count();
                }
            }
            return Ok(true);
        }
        if let Some(wanted) = self.wanted.pop_front() {
            self.begin(wanted).await?;
            return Ok(true);
        }
        self.finish()
    }

    fn count(&self) {
        if let Some(tally) = &self.tally {
            tally.one();
        }
    }

    async fn begin(&mut self, wanted: ArchivedLetter) -> Result<(), Problem> {
        let deposit = match self.whole(&wanted.id).await {
            Ok(deposit) => deposit,
            // Deleted meanwhile.
            Err(Problem::NotFound) => {
                self.count();
                return Ok(());
            }
            // One damaged letter must not spoil the others.
            Err(problem @ Problem::Damaged(_)) => {
                tracing::error!(http.problem = %problem, "a letter could not be exported");
                self.damaged.push(wanted.id);
                self.count();
                return Ok(());
            }
            Err(other) => return Err(other),
        };
        let named = |format| name(&self.site, &deposit.row, deposit.summary.as_ref(), format);
        if self.format != Format::Eml {
            let made = made(&self.site, self.language, deposit.clone(), self.format).await?;
            if let Ok(made) = made {
                let file = named(self.format);
                self.owner.mark_taken(&self.site, &deposit).await;
                self.start(&wanted.folder, &file)?;
                self.open = Some(made.pieces);
                return Ok(());
            }
        }
        let file = named(Format::Eml);
        self.owner.mark_taken(&self.site, &deposit).await;
        let path = self.start(&wanted.folder, &file)?;
        if self.format != Format::Eml {
            self.replaced.push(path);
        }
        self.open = Some(Box::pin(deposit.stream().await?));
        Ok(())
    }

    /// A letter that has been verified: an archive that begins with it can complete it.
    async fn whole(&self, id: &str) -> Result<Deposit, Problem> {
        let deposit = self.owner.deposit(&self.site, id).await?;
        deposit.verify().await?;
        Ok(deposit)
    }

    /// Begins a file under a name that is not used yet, and returns it.
    fn start(&mut self, folder: &str, file: &str) -> Result<String, Problem> {
        let path = unused(&mut self.names, folder, file);
        // Stored uncompressed: most content is compressed already. A single letter is never larger than 4
        // GiB.
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        if let Some(zip) = &mut self.zip {
            zip.start_file(path.as_str(), options).map_err(|error| Problem::fault("an archive", error))?;
        }
        Ok(path)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        let Some(zip) = &mut self.zip else { return Ok(()) };
        zip.write_all(bytes).map_err(|error| Problem::fault("an archive", error))
    }

    fn finish(&mut self) -> Result<bool, Problem> {
        if self.zip.is_some() && !(self.replaced.is_empty() && self.damaged.is_empty()) {
            let file = std::mem::take(&mut self.explanation.file);
            self.start("", &file)?;
            let about =
                [(&self.explanation.text, &self.replaced), (&self.explanation.damaged, &self.damaged)];
            let text = about
                .into_iter()
                .filter(|(_, names)| !names.is_empty())
                .fold(String::new(), |all, (words, names)| {
                    format!("{all}{words}\r\n\r\n{}\r\n\r\n", names.join("\r\n"))
                });
            self.write(text.as_bytes())?;
        }
        match self.zip.take() {
            Some(zip) => {
                if let Some(tally) = &self.tally {
                    tally.finish();
                }
                zip.finish().map_err(|error| Problem::fault("an archive", error))?;
                Ok(true)
            }
            None => Ok(false),
        }
    }
}

/// "Inbox/name.eml", or "Inbox/name (2).eml" if that is used; some file systems ignore case.
pub(crate) fn unused(names: &mut HashSet<String>, folder: &str, file: &str) -> String {
    let (stem, extension) = file.rsplit_once('.').unwrap_or((file, ""));
    let dot = if extension.is_empty() { "" } else { "." };
    let mut number = 1;
    loop {
        let name = if number == 1 { file.to_owned() } else { format!("{stem} ({number}){dot}{extension}") };
        let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        if names.insert(path.to_lowercase()) {
            return path;
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_comes_twice() {
        let mut names = HashSet::new();
        let mut name = |file| unused(&mut names, "Inbox", file);
        assert_eq!(name("a.b.eml"), "Inbox/a.b.eml");
        assert_eq!(name("A.b.eml"), "Inbox/A.b (2).eml");
        assert_eq!(name("a.b.eml"), "Inbox/a.b (3).eml");
        assert_eq!(unused(&mut names, "", "a.b.eml"), "a.b.eml");
        assert_eq!((unused(&mut names, "", "a"), unused(&mut names, "", "A")), ("a".into(), "A (2)".into()));
    }
}
