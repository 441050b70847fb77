//! The recipient's browser: a real Chromium, headless, with a fresh profile, driven step by step.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::PATIENCE;
use crate::process::Process;

/// A browser with one tab.
pub struct Browser {
    runtime: Runtime,
    client: Option<Client>,
    folder: TempDir,
    /// Where the driver listens, and the path of our session there.
    pub(crate) driver: (std::net::SocketAddr, String),
    _driver: Process,
}

/// What kind of browser.
#[derive(Clone, Debug)]
pub struct Kind {
    /// What its reader speaks, like `de`.
    pub language: &'static str,
    /// Whether pages may run scripts.
    pub scripts: bool,
    /// More arguments for Chromium.
    pub arguments: Vec<String>,
    /// Whether it keeps record of requests and complaints: [`Browser::records`].
    pub watched: bool,
}

impl Kind {
    /// A plain one, unwatched.
    #[must_use]
    pub fn new(language: &'static str) -> Self {
        Self { language, scripts: true, arguments: Vec::new(), watched: false }
    }
}

impl Browser {
    /// Starts one that prefers German.
    #[must_use]
    pub fn start() -> Self {
        Self::of_kind(&Kind::new("de"))
    }

    /// Starts one of that kind.
    #[must_use]
    pub fn of_kind(kind: &Kind) -> Self {
        let folder = tempfile::Builder::new().prefix("sealpost-browser-").tempdir().unwrap();
        std::fs::create_dir(folder.path().join("downloads")).unwrap();
        // HOME keeps Chromium's and the driver's leavings in our folder.
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").env("HOME", folder.path()).env("TMPDIR", folder.path());
        let (driver, line) = started(&mut command);
        let port: String =
            line.chars().rev().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
        let port: String = port.chars().rev().collect();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let capabilities = capabilities(folder.path(), kind);
        let client = runtime.block_on(async {
            ClientBuilder::new(HttpConnector::new())
                .capabilities(capabilities)
                .connect(&format!("http://127.0.0.1:{port}"))
                .await
                .unwrap_or_else(|e| panic!("no browser: {e}\n{}", driver.output.text()))
        });
        let session = runtime.block_on(client.session_id()).unwrap().unwrap();
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], port.parse().unwrap()));
        let place = (address, format!("/session/{session}"));
        let browser = Self { runtime, client: Some(client), folder, driver: place, _driver: driver };
        if kind.watched {
            // The page for new tabs is no page of ours.
            browser.open("about:blank");
            let _ = browser.records();
        }
        browser
    }

    fn client(&self) -> &Client {
        self.client.as_ref().unwrap()
    }

    /// Goes to an address.
    pub fn open(&self, url: &str) {
        self.runtime.block_on(self.client().goto(url)).unwrap();
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        self.runtime.block_on(self.client().current_url()).unwrap().to_string()
    }

    /// The page's source.
    #[must_use]
    pub fn source(&self) -> String {
        self.runtime.block_on(self.client().source()).unwrap()
    }

    /// The visible text of the page.
    #[must_use]
    pub fn text(&self) -> String {
        self.text_of("body")
    }

    /// The visible text of an element.
    #[must_use]
    pub fn text_of(&self, css: &str) -> String {
        self.runtime.block_on(async { self.find(css).await.text().await.unwrap() })
    }

    /// An attribute of an element.
    #[must_use]
    pub fn attribute(&self, css: &str, name: &str) -> Option<String> {
        self.runtime.block_on(async { self.find(css).await.attr(name).await.unwrap() })
    }

    /// How many elements there are.
    #[must_use]
    pub fn count(&self, css: &str) -> usize {
        self.runtime.block_on(self.client().find_all(Locator::Css(css))).unwrap().len()
    }

    /// Types into a field after emptying it.
    pub fn fill(&self, css: &str, text: &str) {
        self.runtime.block_on(async {
            let field = self.find(css).await;
            field.clear().await.unwrap();
            field.send_keys(text).await.unwrap();
        });
    }

    /// Chooses a file in a field for files.
    pub fn upload(&self, css: &str, file: &Path) {
        let path = file.to_str().unwrap();
        self.runtime.block_on(async { self.find(css).await.send_keys(path).await.unwrap() });
    }

    /// Chooses files in a file field, as the browser's own dialog would.
    pub fn choose_files(&self, css: &str, files: &[&Path]) {
        let paths: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
        self.runtime.block_on(async { self.find(css).await.send_keys(&paths.join("\n")).await.unwrap() });
    }

    /// Chooses an option of a list by its value.
    pub fn choose(&self, css: &str, value: &str) {
        self.runtime.block_on(async { self.find(css).await.select_by_value(value).await.unwrap() });
    }

    /// Clicks, and waits until the page that the click leads to has been loaded.
    pub fn click_through(&self, css: &str) {
        let mark = "document.documentElement.dataset.left = 'no'";
        self.execute(mark);
        self.click(css);
        self.wait_for("a new page", |browser| {
            let script =
                "return document.readyState === 'complete' && !document.documentElement.dataset.left";
            (browser.execute(script) == serde_json::Value::Bool(true)).then_some(())
        });
    }

    /// Clicks.
    pub fn click(&self, css: &str) {
        let clicked = self.runtime.block_on(async { self.find(css).await.click().await });
        clicked.unwrap_or_else(|e| panic!("cannot click {css} at {}: {e}", self.url()));
    }

    /// Runs a script in the page.
    #[must_use]
    pub fn try_execute(&self, script: &str) -> Option<serde_json::Value> {
        self.runtime.block_on(self.client().execute(script, Vec::new())).ok()
    }

    /// Runs a script in the page; null if the page is just being left.
    pub fn execute(&self, script: &str) -> serde_json::Value {
        self.try_execute(script).unwrap_or(serde_json::Value::Null)
    }

    /// Looks into a frame: the visible text of its body.
    #[must_use]
    pub fn text_of_frame(&self, css: &str) -> String {
        self.runtime.block_on(async {
            self.find(css).await.enter_frame().await.unwrap();
            let body =
                self.client().wait().at_most(PATIENCE).for_element(Locator::Css("body")).await.unwrap();
            let text = body.text().await.unwrap();
            self.client().enter_parent_frame().await.unwrap();
            text
        })
    }

    /// Does something inside a frame.
    pub fn in_frame<T>(&self, css: &str, job: impl FnOnce(&Self) -> T) -> T {
        self.runtime.block_on(async { self.find(css).await.enter_frame().await.unwrap() });
        let done = job(self);
        self.runtime.block_on(self.client().enter_parent_frame()).unwrap();
        done
    }

    /// Waits for a download to be complete and gives its name and bytes.
    #[must_use]
    pub fn download(&self) -> (String, Vec<u8>) {
        let folder = self.folder.path().join("downloads");
        self.wait_for("a download", |_| {
            let paths = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
            let (under_way, done): (Vec<_>, Vec<_>) =
                paths.partition(|path| path.extension().is_some_and(|e| e == "crdownload" || e == "tmp"));
            // The name is taken, by an empty file, before the bytes have come.
            let file =
                done.into_iter().find(|p| !p.file_name().unwrap().to_string_lossy().starts_with('.'))?;
            let bytes = std::fs::read(&file).unwrap();
            if !under_way.is_empty() || bytes.is_empty() {
                return None;
            }
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            // The next one may have the same name.
            std::fs::remove_file(&file).unwrap();
            Some((name, bytes))
        })
    }

    /// A picture of the page as PNG.
    #[must_use]
    pub fn screenshot(&self) -> Vec<u8> {
        self.runtime.block_on(self.client().screenshot()).unwrap()
    }

    /// Asks the browser again and again: WebDriver has no events to wait for.
    pub fn wait_for<T>(&self, what: &str, mut ask: impl FnMut(&Self) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = ask(self) {
                return found;
            }
            assert!(Instant::now() < deadline, "the browser waited in vain for {what} at {}", self.url());
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    async fn find(&self, css: &str) -> fantoccini::elements::Element {
        let found = self.client().wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
        match found {
            Ok(element) => element,
            Err(e) => panic!("no {css}: {e} in:\n{}", self.client().source().await.unwrap_or_default()),
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            let _ = self.runtime.block_on(client.close());
        }
    }
}

/// A driver, and the line with its address. It takes a free port for IPv6 and then the same for IPv4, which
/// another process may have by now: then it says so, ends, and is started again.
fn started(command: &mut Command) -> (Process, String) {
    let mut left = 5;
    loop {
        let driver = Process::start("chromedriver", command);
        match driver.output.wait_from(0, "*started successfully on port *") {
            Ok((_at, line)) => return (driver, line),
            Err(why) if left > 0 && why.contains("port not available") => left -= 1,
            Err(why) => panic!("{why}"),
        }
    }
}

fn capabilities(folder: &Path, kind: &Kind) -> serde_json::Map<String, serde_json::Value> {
    let mut arguments: Vec<String> = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1200,900",
    ]
    .map(str::to_owned)
    .to_vec();
    arguments.push(format!("--lang={}", kind.language));
    arguments.push(format!("--user-data-dir={}", folder.join("profile").display()));
    arguments.extend_from_slice(&kind.arguments);
    let mut json = serde_json::json!({
        "goog:chromeOptions": {
            "args": arguments,
            "prefs": {
                "intl.accept_languages": kind.language,
                "download.default_directory": folder.join("downloads"),
                "download.prompt_for_download": false,
                "plugins.always_open_pdf_externally": true,
                "profile.default_content_setting_values.javascript": if kind.scripts { 1 } else { 2 },
            },
        },
    });
    if kind.watched {
        json["goog:loggingPrefs"] = serde_json::json!({ "browser": "ALL", "performance": "ALL" });
    }
    json.as_object().unwrap().clone()
}

#[cfg(test)]
mod tests {
    use super::Browser;

    #[test]
    fn opens_a_page_and_types() {
        let browser = Browser::start();
        browser.open("data:text/html;charset=utf-8,<title>x</title><h1>Gr%C3%BC%C3%9Fe</h1><input id=a>");
        browser.fill("#a", "Müller");
        assert_eq!(browser.text_of("h1"), "Grüße");
        assert_eq!(browser.execute("return document.querySelector('#a').value"), "Müller");
    }
}
