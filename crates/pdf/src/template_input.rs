//! Prepares a job for the template: one JSON file, the pictures, the files to embed. Knows no tags.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use typst::foundations::Bytes;

use crate::fonts::{Fonts, Reach, Weight};
use crate::glyphs::Glyphs;
use crate::html;
use crate::job::{Body, Effort, File, HeaderRow, Job, Labels, Person, Role};
use crate::line_ends::{self, Room};
use crate::model::{Block, Content, Look, Run, first_direction};
use crate::pictures::{Gallery, Measure};
use crate::plain;
use crate::syllables;
use crate::table_size;

/// Width of the type area in points; the template has the same number.
const WIDTH: f64 = 465.0;
const HEIGHT: f64 = 640.0;
/// No line is narrower: one letter of the smallest writing.
const MIN_WIDTH: f64 = 7.0;
/// Its writing, in points: of paragraphs, of headings by their level, of preformatted text, of the title, the line
/// above it, the block of sender and recipients, and the foot of a page.
const SIZE: f64 = 10.0;
const HEADINGS: [f64; 3] = [14.0, 12.5, 11.0];
const TYPED: f64 = 8.5;
const TITLE: Room = Room { width: WIDTH, size: 17.0, weight: Weight::Bold, language: None };
const LETTERHEAD: Room = Room { width: WIDTH, size: 9.0, weight: Weight::Bold, language: None };
/// Beside the longest of its labels.
const ROW: Room = Room { width: 330.0, size: 9.5, weight: Weight::Normal, language: None };
const FOOT: Room = Room { width: 360.0, size: 8.0, weight: Weight::Normal, language: None };

/// More recipients or files than this would push the text off the first page: only this number is shown before it.
const MANY: usize = 24;
const FIRST: usize = 20;

/// A job's files, moved out of the job so that they can be shared without a copy.
pub(crate) struct Files(Vec<(File, Bytes)>);

pub(crate) fn take_files(job: &mut Job) -> Files {
    let files = std::mem::take(&mut job.attached).into_iter().map(|mut file| {
        let data = Bytes::new(std::mem::take(&mut file.data));
        (file, data)
    });
    Files(files.collect())
}

/// What the typesetter is given.
pub(crate) struct Prepared {
    pub(crate) files: HashMap<String, Bytes>,
}

/// The JSON that the template reads.
#[derive(Serialize)]
struct Letter<'a> {
    language: &'a str,
    title: String,
    /// The same with places to break.
    set_title: String,
    /// As much of it as the foot of a page holds.
    short_title: String,
    title_rtl: bool,
    author: Option<String>,
    letterhead: Option<String>,
    rows: Vec<HeaderRow>,
    /// How many of a row with more than [`MANY`] people, and how many files, the block on top shows; all of them stand
    /// behind the text then.
    first: usize,
    many: usize,
    labels: &'a Labels,
    blocks: Vec<Block>,
    /// Remarks about what could not be shown.
    remarks: Vec<&'a str>,
    attachments: Vec<Embedded>,
    pictures: Vec<Picture>,
}

#[derive(Serialize)]
struct Embedded {
    path: String,
    name: String,
    shown_name: String,
    content_type: String,
    size: String,
    /// Not listed: the letter itself and inline pictures.
    quiet: bool,
    source: bool,
}

#[derive(Serialize)]
struct Picture {
    path: String,
    format: &'static str,
}

/// Prepares a letter; `None` only if it cannot be written as JSON.
pub(crate) fn letter(job: &Job, files: &Files, fonts: &Fonts, effort: Effort) -> Option<Prepared> {
    let mut page = Page::new(files, fonts, effort, &job.labels);
    let content = page.content(&job.body);
    let mut blocks = content.blocks;
    page.characters(&mut blocks);
    let language = syllables::language(&job.language);
    page.blocks(&mut blocks, Room { width: WIDTH, size: SIZE, weight: Weight::Normal, language });
    let rows = job.rows.iter().map(|row| page.row(row)).collect();
    let plain = Look::default();
    let title = page.glyphs.fit(&job.title);
    let set_title = line_ends::with_places(&title, &plain, TITLE, fonts);
    let short_title = line_ends::shortened(&title, FOOT, fonts);
    let letterhead = job.letterhead.as_ref().map(|line| page.glyphs.fit(line));
    let letterhead = letterhead.map(|line| line_ends::with_places(&line, &plain, LETTERHEAD, fonts));
    let author = job.author.as_ref().map(|author| page.glyphs.fit(author));
    let attachments = page.embedded();
    let mut remarks = Vec::new();
    match (effort, blocks.is_empty()) {
        (Effort::Cover, _) => remarks.push(job.labels.not_set.as_str()),
        (Effort::Full | Effort::Careful, true) => remarks.push(job.labels.no_text.as_str()),
        (Effort::Full | Effort::Careful, false) => {}
    }
    if content.shortened {
        remarks.push(&job.labels.shortened);
    }
    if page.glyphs.replaced {
        remarks.push(&job.labels.replaced);
    }
    let letter = Letter {
        language: &job.language,
        title_rtl: first_direction(&title).unwrap_or(false),
        title,
        set_title,
        short_title,
        author,
        letterhead,
        rows,
        first: FIRST,
        many: MANY,
        labels: &job.labels,
        blocks,
        remarks,
        attachments,
        pictures: page.pictures,
    };
    let mut on_desk: HashMap<String, Bytes> = files
        .0
        .iter()
        .enumerate()
        .map(|(index, (_, data))| (format!("files/{index}"), data.clone()))
        .collect();
    on_desk.insert("letter.json".to_owned(), Bytes::new(serde_json::to_vec(&letter).ok()?));
    Some(Prepared { files: on_desk })
}

struct Page<'a> {
    files: &'a Files,
    labels: &'a Labels,
    effort: Effort,
    fonts: &'a Fonts,
    glyphs: Glyphs<'a>,
    gallery: Gallery,
    /// The decision on each file, by its number.
    admitted: HashMap<usize, Option<(usize, Measure)>>,
    pictures: Vec<Picture>,
    shown: HashSet<usize>,
}

impl<'a> Page<'a> {
    fn new(files: &'a Files, fonts: &'a Fonts, effort: Effort, labels: &'a Labels) -> Self {
        let reach = match effort {
            Effort::Full => Reach::All,
            Effort::Careful | Effort::Cover => Reach::Main,
        };
        Self {
            files,
            labels,
            effort,
            fonts,
            glyphs: Glyphs::new(fonts, reach),
            gallery: Gallery::default(),
            admitted: HashMap::new(),
            pictures: Vec::new(),
            shown: HashSet::new(),
        }
    }

    fn content(&self, body: &Body) -> Content {
        match (self.effort, body) {
            (Effort::Cover, _) | (_, Body::None) => Content::default(),
            (Effort::Full | Effort::Careful, Body::Plain(text)) => plain::blocks(text),
            (Effort::Full | Effort::Careful, Body::Html(html)) => html::blocks(html, &|cid| {
                self.files.0.iter().position(|(file, _)| file.cid.as_deref() == Some(cid))
            }),
        }
    }

    fn row(&mut self, row: &HeaderRow) -> HeaderRow {
        let people = row.people.iter().map(|person| Person {
            name: self.row_text(&person.name),
            address: self.row_text(&person.address),
        });
        let people = people.collect();
        HeaderRow { label: row.label.clone(), people, text: self.row_text(&row.text) }
    }

    fn row_text(&mut self, text: &str) -> String {
        line_ends::with_places(&self.glyphs.fit(text), &Look::default(), ROW, self.fonts)
    }

    /// Characters that the fonts have, and amounts that stay whole.
    fn characters(&mut self, blocks: &mut [Block]) {
        for block in blocks {
            match block {
                Block::Paragraph { runs, .. } | Block::Heading { runs, .. } => {
                    for run in runs.iter_mut() {
                        if let Run::Text { text, .. } = run {
                            *text = self.glyphs.fit(text);
                        }
                    }
                    line_ends::join_amounts(runs);
                }
                Block::List { items, .. } => items.iter_mut().for_each(|item| self.characters(item)),
                Block::Quote { blocks } => self.characters(blocks),
                Block::Preformatted { text } => *text = self.glyphs.fit(text),
                Block::Table(table) => {
                    table.cells.iter_mut().for_each(|cell| self.characters(&mut cell.blocks))
                }
                Block::Rule => {}
            }
        }
    }

    /// Sizes of tables and pictures, and places to break, in lines with so much room.
    fn blocks(&mut self, blocks: &mut [Block], room: Room) {
        let narrower = |by: f64| Room { width: (room.width - by).max(MIN_WIDTH), ..room };
        for block in blocks {
            match block {
                Block::Paragraph { runs, .. } => self.runs(runs, room),
                Block::Heading { level, runs, .. } => {
                    let size = HEADINGS.get(usize::from(level.saturating_sub(1))).copied().unwrap_or(SIZE);
                    self.runs(runs, Room { size, weight: Weight::Bold, ..room });
                }
                Block::List { items, .. } => {
                    items.iter_mut().for_each(|item| self.blocks(item, narrower(20.0)))
                }
                Block::Quote { blocks } => self.blocks(blocks, narrower(16.0)),
                Block::Preformatted { text } => {
                    // The character's width is of writing that is a little smaller than the text around it.
                    let typed = Room { size: TYPED / 0.9, ..narrower(17.0) };
                    let look = Look { mono: true, ..Look::default() };
                    let lines =
                        text.split('\n').map(|line| line_ends::with_places(line, &look, typed, self.fonts));
                    *text = lines.collect::<Vec<_>>().join("\n");
                }
                Block::Table(table) => {
                    table.size = table_size::of(table, room.width);
                    let rooms = table_size::rooms(table, room.width, self.fonts);
                    for cell in &mut table.cells {
                        let spanned = rooms.iter().skip(cell.column).take(cell.columns);
                        let width = spanned.sum::<f64>().max(MIN_WIDTH);
                        self.blocks(
                            &mut cell.blocks,
                            Room { width, size: table.size, weight: Weight::Normal, ..room },
                        );
                    }
                }
                Block::Rule => {}
            }
        }
    }

    fn runs(&mut self, runs: &mut [Run], room: Room) {
        for run in runs.iter_mut() {
            if matches!(run, Run::Picture { .. }) {
                self.picture(run, room.width);
            }
        }
        line_ends::give_places(runs, room, self.fonts);
    }

    /// Sets a picture's size on the page, or replaces it by words if it cannot be shown.
    fn picture(&mut self, run: &mut Run, room: f64) {
        let Run::Picture { file, alt, width, height } = run else { return };
        *alt = self.glyphs.fit(alt);
        let Some((number, measure)) = self.admit(*file) else {
            let words = if alt.is_empty() { self.labels.picture.clone() } else { alt.clone() };
            *run = Run::Text { text: format!("[{words}]"), look: Look { note: true, ..Look::default() } };
            return;
        };
        self.shown.insert(*file);
        *file = number;
        // A pixel is 1/96 inch (CSS Values §6.2).
        let natural = (f64::from(measure.width) * 0.75, f64::from(measure.height) * 0.75);
        let ratio = natural.1 / natural.0;
        let wanted = match (*width, *height) {
            (Some(width), _) => width,
            (None, Some(height)) => height / ratio,
            (None, None) => natural.0,
        };
        let fitting = wanted.min(room).min(HEIGHT / ratio).max(1.0);
        *width = Some(fitting);
        *height = Some((fitting * ratio).max(0.5));
        if alt.is_empty() {
            *alt = self.labels.picture.clone();
        }
    }

    fn admit(&mut self, file: usize) -> Option<(usize, Measure)> {
        if self.effort != Effort::Full {
            return None;
        }
        if let Some(known) = self.admitted.get(&file) {
            return *known;
        }
        let data = self.files.0.get(file).map(|(_, data)| data);
        let admitted = data.and_then(|data| self.gallery.admit(data)).map(|measure| {
            self.pictures.push(Picture { path: format!("files/{file}"), format: measure.format.name() });
            (self.pictures.len() - 1, measure)
        });
        self.admitted.insert(file, admitted);
        admitted
    }

    /// All files, under unique names.
    fn embedded(&mut self) -> Vec<Embedded> {
        let mut names = HashSet::new();
        let mut all = Vec::new();
        // The letter keeps its name, whatever its attachments are called.
        for wanted in [Role::Source, Role::Attachment] {
            for (index, (file, _)) in
                self.files.0.iter().enumerate().filter(|(_, (file, _))| file.role == wanted)
            {
                let name = unique(&file.name, &mut names);
                all.push(Embedded {
                    path: format!("files/{index}"),
                    shown_name: self.row_text(&name),
                    name,
                    content_type: content_type(&file.content_type),
                    size: file.shown_size.clone(),
                    quiet: file.role == Role::Source || self.shown.contains(&index),
                    source: file.role == Role::Source,
                });
            }
        }
        all
    }
}

/// PDF requires unique names, and a name is not a path.
fn unique(name: &str, taken: &mut HashSet<String>) -> String {
    let clean: String = name.chars().map(|c| if matches!(c, '/' | '\\' | '\0') { '_' } else { c }).collect();
    let clean = if clean.trim_matches('.').is_empty() { "file".to_owned() } else { clean };
    let (stem, extension) = match clean.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => (stem, format!(".{extension}")),
        _ => (clean.as_str(), String::new()),
    };
    let mut candidate = clean.clone();
    let mut number = 2;
    // Some systems do not distinguish upper and lower case.
    while !taken.insert(candidate.to_lowercase()) {
        candidate = format!("{stem} ({number}){extension}");
        number += 1;
    }
    candidate
}

/// PDF/A-3 requires a type for each file; an invalid one becomes the generic type.
fn content_type(given: &str) -> String {
    let token = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b))
    };
    let good = given.split_once('/').is_some_and(|(kind, sub)| token(kind) && token(sub));
    if good { given.to_owned() } else { "application/octet-stream".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_different_and_no_paths() {
        let mut taken = HashSet::new();
        let mut name = |text: &str| unique(text, &mut taken);
        assert_eq!(name("original.eml"), "original.eml");
        assert_eq!(name("Original.eml"), "Original (2).eml");
        assert_eq!(name("../x"), ".._x");
        assert_eq!(name(".."), "file");
        assert_eq!(name(""), "file (2)");
    }

    #[test]
    fn types_are_types() {
        assert_eq!(content_type("application/pdf"), "application/pdf");
        for wrong in ["", "x", "a/", "a/b c", "a/b/c"] {
            assert_eq!(content_type(wrong), "application/octet-stream");
        }
    }
}
