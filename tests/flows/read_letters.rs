//! Every letter of `tests/reading` is received, opened by its recipient and shows what `cases.tsv` says: its text,
//! files, pictures, appointments, characters; and is exported byte for byte.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rig::http::Page;
use rig::process::{poll, run};
use rig::reader::{activate, letter_paths};
use rig::readers::{python, root, said};
use rig::{Config, Gateway, Hop, Web, letters};

const MAX: &str = "max@web.example";
const FROM: &str = "erika.muster@unfall.insurer.example";
/// How many read at a time.
const READERS: usize = 4;

/// A letter of `tests/reading`, with the line ends of mail.
fn stored(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reading").join(format!("{name}.eml"));
    let mut out = Vec::new();
    let mut bytes = std::fs::read(path).unwrap();
    if !bytes.ends_with(b"\n") {
        bytes.push(b'\n');
    }
    for byte in bytes {
        if byte == b'\n' && out.last() != Some(&b'\r') {
            out.push(b'\r');
        }
        out.push(byte);
    }
    out
}

/// Letter, what to check, expected value.
fn cases() -> Vec<(String, String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reading/cases.tsv");
    let text = std::fs::read_to_string(path).unwrap();
    let row = |line: &str| {
        let mut cells = line.split('\t').map(|cell| cell.replace("\\n", "\n"));
        (cells.next().unwrap(), cells.next().unwrap(), cells.next().unwrap())
    };
    let asked =
        |(name, _, _): &(String, String, String)| chosen().is_none_or(|start| name.starts_with(&start));
    text.lines().skip(1).map(row).filter(asked).collect()
}

/// `SEALPOST_LETTERS=x-own` looks at those alone.
fn chosen() -> Option<String> {
    std::env::var("SEALPOST_LETTERS").ok()
}

/// `SEALPOST_KEEP=FOLDER` keeps what a reader sees of each letter.
fn keep(name: &str, reader: &mut Reader<'_>) {
    let Some(folder) = std::env::var_os("SEALPOST_KEEP") else { return };
    let (page, text) = (reader.page(""), reader.page("?view=text"));
    let seen = format!(
        "{}\n---- as text\n{}\n---- files\n{:?}",
        reader.body(&page),
        reader.text(&text),
        files(&page)
    );
    std::fs::write(Path::new(&folder).join(format!("{name}.txt")), seen).unwrap();
    std::fs::write(Path::new(&folder).join(format!("{name}.html")), page).unwrap();
}

/// What markup says, as one who reads it sees it.
fn words(html: &str) -> String {
    sealpost_mail::html_to_text(html).replace('\u{a0}', " ")
}

/// The text between two marks, every occurrence.
fn between<'a>(html: &'a str, from: &str, to: &str) -> Vec<&'a str> {
    html.split(from).skip(1).filter_map(|rest| rest.split(to).next()).collect()
}

fn names(html: &str) -> Vec<String> {
    between(html, "<span class=\"file-name\">", "</span>").into_iter().map(words_of_name).collect()
}

fn words_of_name(html: &str) -> String {
    words(html).trim().to_owned()
}

/// Names of files and of pictures that are shown in their place.
fn files(page: &str) -> (Vec<String>, Vec<String>) {
    let Some(section) = between(page, "<section class=\"files\"", "</section>").first().copied() else {
        return (Vec::new(), Vec::new());
    };
    let (files, pictures) = section.split_once("<details class=\"file-pictures").unwrap_or((section, ""));
    (names(files), names(pictures))
}

struct Reader<'a> {
    web: &'a mut Web,
    path: String,
    /// Pages that have been looked at before.
    seen: &'a mut BTreeMap<String, String>,
}

impl Reader<'_> {
    fn page(&mut self, rest: &str) -> String {
        let path = format!("{}{rest}", self.path);
        self.seen.entry(path).or_insert_with_key(|path| self.web.get(path).text()).clone()
    }

    /// The body as it is shown first: the frame if there is one, else the text.
    fn body(&mut self, page: &str) -> String {
        match between(page, "<iframe class=\"frame\" src=\"", "\"").first() {
            Some(frame) => words(&self.web.get(frame).text()),
            None => self.text(page),
        }
    }

    fn text(&mut self, page: &str) -> String {
        between(page, "<div class=\"text\">", "</div>")
            .first()
            .map(|text| unescaped(text))
            .unwrap_or_default()
    }

    /// The letter that is attached to it.
    fn inside(&mut self) -> String {
        let page = self.page("");
        let link = between(&page, "/inside/", "\"").first().map(|part| (*part).to_owned());
        match link {
            Some(part) => self.page(&format!("/inside/{part}")),
            None => String::new(),
        }
    }

    /// Bytes of what the first link to `kind` leads to.
    fn linked(&mut self, page: &str, kind: &str, rest: &str) -> Option<Page> {
        let part = between(page, &format!("/{kind}/"), "\"").first().map(|part| (*part).to_owned())?;
        let found = self.web.get(&format!("{}/{kind}/{part}{rest}", self.path));
        (found.status == 200).then_some(found)
    }
}

/// Text as displayed, line by line.
fn unescaped(html: &str) -> String {
    let mut out = String::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = rest[at..].split_once('>').map_or("", |(_, rest)| rest);
    }
    out.push_str(rest);
    out.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

/// The expectations for one letter, or why it is not shown.
fn look(reader: &mut Reader<'_>, gateway: &Gateway, what: &str, seen: &str) -> Result<(), String> {
    let page = reader.page("");
    let (what, charset) = what.split_once(' ').unwrap_or((what, ""));
    let all = |list: Vec<String>| list.join(", ");
    let has = |text: String| if text.contains(seen) { Ok(()) } else { Err(text) };
    let not = |text: String| if text.contains(seen) { Err(text) } else { Ok(()) };
    let is = |text: String| if text == seen { Ok(()) } else { Err(text) };
    let facts = || page.split("<dl class=\"facts\">").nth(1).unwrap_or_default().to_owned();
    let events = || between(&page, "<section class=\"event\"", "</section>");
    match what {
        "body" => has(reader.body(&page)),
        "frame" => {
            let frame =
                between(&page, "<iframe class=\"frame\" src=\"", "\"").first().map(|f| (*f).to_owned());
            has(reader.web.get(&frame.ok_or("no frame")?).text().replace(": ", ":"))
        }
        "notbody" => not(reader.body(&page)),
        "text" => {
            let page = reader.page("?view=text");
            has(reader.text(&page))
        }
        "line" => has(reader.text(&page)),
        "html" => has(page),
        "charset" => {
            let page = reader.page(&format!("?charset={charset}"));
            let title = between(&page, "<h1>", "</h1>").first().map(|title| words(title)).unwrap_or_default();
            has(format!("{title}\n{}", reader.body(&page)))
        }
        "subject" => {
            has(between(&page, "<h1>", "</h1>").first().map(|title| words(title)).unwrap_or_default())
        }
        "from" => has(words(facts().split("</dd>").next().unwrap_or_default())),
        "date" => has(between(&page, "<time ", "</time>").first().copied().unwrap_or_default().to_owned()),
        "files" => is(all(files(&page).0)),
        "hasfile" => has(all(files(&page).0)),
        "pictures" => is(all(files(&page).1)),
        "haspicture" => has(all(files(&page).1)),
        "event" => has(words(&events().join("\n"))),
        "notevent" => not(words(&events().join("\n"))),
        "events" => is(events().len().to_string()),
        "look" => has(between(&page, "data-look=\"", "\"").join(", ")),
        "preview" => {
            let rest = if charset.is_empty() { String::new() } else { format!("?charset={charset}") };
            has(reader.linked(&page, "view", &rest).map(|page| page.text()).unwrap_or_default())
        }
        "filetext" => has(reader.linked(&page, "part", "").map(|page| page.text()).unwrap_or_default()),
        "inner" => {
            let inner = reader.inside();
            has(reader.body(&inner))
        }
        "inner-files" => is(all(files(&reader.inside()).0)),
        "inner-pictures" => is(all(files(&reader.inside()).1)),
        "inner-picture" => {
            let inner = reader.inside();
            let frame =
                between(&inner, "<iframe class=\"frame\" src=\"", "\"").first().map(|f| (*f).to_owned());
            let frame = reader.web.get(&frame.ok_or("no frame")?).text();
            let picture = between(&frame, "<img src=\"", "\"").first().map(|f| (*f).to_owned());
            let picture = reader.web.get(&picture.ok_or_else(|| frame.clone())?);
            if picture.body.starts_with(b"\x89PNG") { Ok(()) } else { Err("no picture".into()) }
        }
        "zip" => {
            let archive = reader.web.get(&format!("{}/files", reader.path));
            if archive.status != 200 {
                return Err(format!("status {}", archive.status));
            }
            let file = gateway.home.write("files.zip", &archive.body);
            let script = "import sys,zipfile\nz = zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\n\
                          assert all(i.file_size for i in z.infolist())\nprint(', '.join(sorted(z.namelist())))";
            is(said(python().args(["-c", script]).arg(&file)).trim().to_owned())
        }
        other => panic!("unknown check {other}"),
    }
}

/// A letter is also found by its text: by a word of it, and by one of the subject, if others contain the same.
fn is_found(reader: &mut Reader<'_>, inbox: &Page, what: &str, seen: &str) -> Result<(), String> {
    if !["body", "text", "files", "hasfile", "subject"].contains(&what) {
        return Ok(());
    }
    let page = reader.page("");
    let subject = between(&page, "<h1>", "</h1>").first().map(|title| words(title)).unwrap_or_default();
    let longest = |text: &str| {
        let bare = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
        let all = text.split_whitespace().map(bare).filter(|word| word.chars().count() <= 40);
        all.max_by_key(|word| word.chars().count()).filter(|word| !word.is_empty())
    };
    let Some(word) = longest(seen) else { return Ok(()) };
    let sought = format!("{word} {}", longest(&subject).unwrap_or_default());
    for number in 1..20 {
        let found = reader.web.submit(inbox, "/search", &[("words", &sought), ("page", &number.to_string())]);
        let paths = letter_paths(&found);
        if paths.contains(&reader.path) {
            return Ok(());
        }
        // After the last page the last one is shown again.
        if !found.text().contains(&format!("name=\"page\" value=\"{}\"", number + 1)) {
            break;
        }
    }
    Err(sought)
}

/// Two of each kind: a worker is started for each. `SEALPOST_EVERY_PDF=1` takes all of them.
fn goes_on_paper(name: &str) -> bool {
    let number = name.rsplit_once('-').and_then(|(_, number)| number.parse::<u32>().ok());
    !name.contains("-own-")
        || number.is_none_or(|number| number < 2)
        || std::env::var_os("SEALPOST_EVERY_PDF").is_some()
}

/// Every letter as an Outlook file, many as a PDF, all of them in an archive, read back by programs that are not ours.
fn taken_away(gateway: &Gateway, web: &Web, sent: &BTreeMap<&str, Vec<u8>>, paths: &BTreeMap<&str, String>) {
    let folder = tempfile::tempdir().unwrap();
    let letters: Vec<(&&str, &String)> = paths.iter().collect();
    // As many at a time as the portal sets.
    let share = letters.len().div_ceil(READERS);
    std::thread::scope(|scope| {
        for some in letters.chunks(share) {
            let (mut web, folder) = (web.clone(), folder.path());
            scope.spawn(move || {
                for (name, path) in some {
                    for format in ["msg", "pdf"] {
                        if format == "pdf" && !goes_on_paper(name) {
                            continue;
                        }
                        let made = web.get(&format!("{path}/{format}"));
                        assert_eq!(made.status, 200, "{name}.{format}: {}", made.text());
                        std::fs::write(folder.join(format!("{name}.{format}")), &made.body).unwrap();
                    }
                }
            });
        }
    });
    for (name, letter) in sent {
        std::fs::write(folder.path().join(format!("{name}.eml")), letter).unwrap();
    }
    let read = |script: &str, rest: &Path| {
        run(python().arg(root().join("tests/exports").join(script)).arg(folder.path()).arg(rest))
    };
    let (code, told, trouble) = read("read_cases.py", &root().join("tests/reading/cases.tsv"));
    assert_eq!(code, 0, "{told}{trouble}");

    let mut web = web.clone();
    let page = web.get("/export");
    for format in ["eml", "msg"] {
        let archive = web.submit(&page, "/export/zip", &[("format", format)]);
        let file = gateway.home.write(&format!("all-{format}.zip"), &archive.expect(200).body);
        let (code, told, trouble) = read("read_zip.py", &file);
        assert_eq!(code, 0, "{format}: {told}{trouble}");
    }
}

#[test]
fn every_kind_of_letter_is_read() {
    let cases = cases();
    let names: BTreeSet<&str> = cases.iter().map(|(name, _, _)| name.as_str()).collect();
    assert!(names.len() >= 250 || chosen().is_some(), "the letters are gone: {}", names.len());
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    // One reader who reads everything at once.
    config.set("portal.limits", "session-burst", "100000");
    let gateway = Gateway::start(&config);
    let mut client = gateway.smtp();
    let sent: BTreeMap<&str, Vec<u8>> = names.iter().map(|name| (*name, stored(name))).collect();
    for (name, letter) in &sent {
        let reply = client.letter(FROM, &[MAX], letter);
        assert_eq!(reply.code, 250, "{name}: {reply}");
    }
    let wanted = i64::try_from(sent.len()).unwrap();
    poll("all letters in the mailbox", || {
        (gateway.count("SELECT count(*) FROM deposits") == wanted).then_some(())
    });
    let mut web = gateway.web();
    activate(&mut web, &letters::link(&hop.wait_to(MAX).bytes));

    // Which is which; each as it was sent, and each also as an Outlook file.
    let mut paths: BTreeMap<&str, String> = BTreeMap::new();
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    for number in 1.. {
        let list = web.get(&format!("/inbox?page={number}"));
        let new: Vec<String> = letter_paths(&list)
            .into_iter()
            .filter(|path| !paths.values().any(|known| known == path))
            .collect();
        if new.is_empty() {
            break;
        }
        let text = list.text();
        for path in new {
            let eml = web.get(&format!("{path}/eml")).expect(200).body.clone();
            let of = sent.iter().find(|(_, letter)| **letter == eml);
            let (name, _) = of.unwrap_or_else(|| panic!("changed: {}", String::from_utf8_lossy(&eml)));
            let line = text.split(&path).nth(1).unwrap().split("href=\"/m/").next().unwrap();
            let number = line.split("clip\"/></svg>").nth(1).and_then(|rest| rest.split('<').next());
            counted.insert(path.clone(), number.map_or(0, |number| number.parse().unwrap()));
            paths.insert(*name, path);
        }
    }
    assert_eq!(paths.len(), sent.len());

    let (mut wrong, mut seen_pages) = (Vec::new(), BTreeMap::new());
    let inbox = web.get("/inbox");
    // A search says what it has not looked into yet; that is made ready meanwhile.
    poll("every letter to be ready for searches", || {
        let page = web.submit(&inbox, "/search", &[("words", "feuerwehrhaus")]);
        (!page.text().contains("noch nicht oder nicht ganz")).then_some(())
    });
    for (name, what, seen) in &cases {
        let mut reader = Reader { web: &mut web, path: paths[name.as_str()].clone(), seen: &mut seen_pages };
        if let Err(instead) = look(&mut reader, &gateway, what, seen) {
            let instead: String = instead.chars().take(300).collect();
            wrong.push(format!("{name}: {what} is not {seen:?} but {instead:?}"));
        }
        if let Err(sought) = is_found(&mut reader, &inbox, what, seen) {
            wrong.push(format!("{name}: not found by {sought:?}, of its {what}"));
        }
    }
    // The list and the letter count alike, however the letter is shown.
    for (name, path) in &paths {
        let mut reader = Reader { web: &mut web, path: path.clone(), seen: &mut seen_pages };
        keep(name, &mut reader);
        for rest in ["", "?view=text"] {
            let number = files(&reader.page(rest)).0.len();
            if number != counted[path] {
                wrong.push(format!("{name}{rest}: {number} files, and {} in the list", counted[path]));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    taken_away(&gateway, &web, &sent, &paths);
    gateway.sweep();
}
