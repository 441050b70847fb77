//! What WebDriver cannot do and Chromium's developer tools can: another screen, another colour scheme, a
//! record of every request and error, a screenshot of the whole page.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use base64::Engine as _;
use serde_json::{Value, json};

use crate::{Browser, PATIENCE};

/// The screen a page is looked at on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Its width in CSS pixels.
    pub width: u32,
    /// Its height.
    pub height: u32,
    /// Whether its owner likes it dark.
    pub dark: bool,
}

impl Screen {
    /// An ordinary phone by day.
    pub const PHONE: Self = Self { width: 390, height: 844, dark: false };
    /// The narrowest that everything must fit on (WCAG 2.2 SC 1.4.10).
    pub const NARROW: Self = Self { width: 320, height: 700, dark: false };
    /// An ordinary desktop by day.
    pub const DESKTOP: Self = Self { width: 1280, height: 800, dark: false };

    /// The same by night.
    #[must_use]
    pub fn by_night(self) -> Self {
        Self { dark: true, ..self }
    }
}

impl Browser {
    /// One command of the developer tools' protocol.
    pub fn devtools(&self, command: &str, params: &Value) -> Value {
        self.ask_driver("goog/cdp/execute", &json!({ "cmd": command, "params": params }))
    }

    /// Looks at everything on this screen from now on.
    pub fn look_on(&self, screen: Screen) {
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            &json!({
                "width": screen.width, "height": screen.height, "deviceScaleFactor": 1,
                "mobile": screen.width < 600,
            }),
        );
        let mood = if screen.dark { "dark" } else { "light" };
        // Without animation: a colour in transition is not an error.
        let features = json!({ "features": [
            { "name": "prefers-color-scheme", "value": mood },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ] });
        self.devtools("Emulation.setEmulatedMedia", &features);
    }

    /// Presses a key this many times: its name, and its Windows key code.
    pub fn press(&self, key: &str, number: u32, times: usize) {
        self.devtools("Emulation.setFocusEmulationEnabled", &json!({ "enabled": true }));
        for _ in 0..times {
            for kind in ["rawKeyDown", "keyUp"] {
                let event = json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": number });
                self.devtools("Input.dispatchKeyEvent", &event);
            }
        }
    }

    /// The upload bandwidth to the portal in bytes per second, or none at all.
    pub fn line(&self, upwards: Option<u32>) {
        self.devtools("Network.enable", &json!({}));
        self.devtools(
            "Network.emulateNetworkConditions",
            &json!({
                "offline": upwards.is_none(), "latency": 0, "downloadThroughput": -1,
                "uploadThroughput": upwards.unwrap_or(0),
            }),
        );
    }

    /// What happened since the last look: addresses asked for, and what the browser complained about.
    #[must_use]
    pub fn records(&self) -> Records {
        let mut records = Records::default();
        for entry in self.log("performance") {
            let event: Value = serde_json::from_str(entry["message"].as_str().unwrap()).unwrap();
            let (method, params) = (&event["message"]["method"], &event["message"]["params"]);
            match method.as_str().unwrap_or_default() {
                "Network.requestWillBeSent" => {
                    records.requests.push(params["request"]["url"].as_str().unwrap_or_default().to_owned());
                }
                "Network.webSocketCreated" => {
                    records.requests.push(params["url"].as_str().unwrap_or_default().to_owned());
                }
                "Page.javascriptDialogOpening" => records.dialogs.push(params["message"].to_string()),
                _ => {}
            }
        }
        let complaints = self.log("browser").into_iter();
        records.complaints =
            complaints.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect();
        records
    }

    /// Everything loaded according to the record, with its bytes on the wire; `None` as long as a load has
    /// not ended. `record` keeps what was seen until then.
    pub fn loads(&self, record: &mut Vec<Value>) -> Option<Vec<(String, u64)>> {
        let (mut begun, mut ended) = (Vec::new(), Vec::new());
        record.extend(self.log("performance"));
        for entry in record {
            let event: Value = serde_json::from_str(entry["message"].as_str().unwrap()).unwrap();
            let (method, params) = (&event["message"]["method"], &event["message"]["params"]);
            let id = params["requestId"].as_str().unwrap_or_default().to_owned();
            match method.as_str().unwrap_or_default() {
                "Network.requestWillBeSent" => {
                    begun.push((id, params["request"]["url"].as_str().unwrap_or_default().to_owned()));
                }
                "Network.loadingFinished" => {
                    let length = &params["encodedDataLength"];
                    ended.push((id, length.as_u64().unwrap_or_else(|| panic!("no whole number: {length}"))));
                }
                _ => {}
            }
        }
        let length = |id: &str| ended.iter().find(|(one, _)| one == id).map(|(_, length)| *length);
        begun.into_iter().map(|(id, url)| Some((url, length(&id)?))).collect()
    }

    /// The whole page as PNG, including what is below the fold.
    #[must_use]
    pub fn picture(&self) -> Vec<u8> {
        let params = json!({ "format": "png", "captureBeyondViewport": true });
        let answer = self.devtools("Page.captureScreenshot", &params);
        base64::engine::general_purpose::STANDARD.decode(answer["data"].as_str().unwrap()).unwrap()
    }

    fn log(&self, kind: &str) -> Vec<Value> {
        match self.ask_driver("se/log", &json!({ "type": kind })) {
            Value::Array(entries) => entries,
            other => panic!("no log {kind}: {other}"),
        }
    }

    fn ask_driver(&self, verb: &str, body: &Value) -> Value {
        let (address, session) = &self.driver;
        let body = body.to_string();
        let mut stream = BufReader::new(TcpStream::connect_timeout(address, PATIENCE).unwrap());
        stream.get_ref().set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!(
            "POST {session}/{verb} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        stream.get_mut().write_all(head.as_bytes()).unwrap();
        stream.get_mut().write_all(body.as_bytes()).unwrap();
        // The driver never hangs up: only the length says where its answer ends.
        let mut length = 0;
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut answer = vec![0; length];
        stream.read_exact(&mut answer).unwrap();
        let mut answer: Value = serde_json::from_slice(&answer)
            .unwrap_or_else(|e| panic!("{verb}: {e}: {}", String::from_utf8_lossy(&answer)));
        let value = answer["value"].take();
        assert!(value.get("error").is_none(), "{verb}: {value}");
        value
    }
}

/// What a browser did and suffered.
#[derive(Clone, Debug, Default)]
pub struct Records {
    /// Every address that was asked for, `data:` included.
    pub requests: Vec<String>,
    /// Every message in the console: refused by policy, failed, warned.
    pub complaints: Vec<String>,
    /// Every dialog a script opened.
    pub dialogs: Vec<String>,
}

impl Records {
    /// Requests to other origins (`data:` makes no request), like `http://127.0.0.1:11001`.
    #[must_use]
    pub fn strays(&self, origin: &str) -> Vec<&str> {
        let home = format!("{origin}/");
        let inside = |url: &&str| url.starts_with(&home) || *url == "about:blank" || url.starts_with("data:");
        self.requests.iter().map(String::as_str).filter(|url| !inside(url)).collect()
    }
}
