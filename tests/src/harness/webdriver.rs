//! W3C WebDriver (<https://www.w3.org/TR/webdriver1/>) over a plain socket: one request a connection, answers in
//! JSON. Only what the stories need.

use super::{PATIENCE, poll};
use base64::Engine as _;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;

/// Keys without a character (WebDriver §17.4.2), to be sent like text.
pub struct Keys;
#[expect(missing_docs, reason = "a key's name says it all")]
impl Keys {
    pub const BACKSPACE: char = '\u{E003}';
    pub const TAB: char = '\u{E004}';
    pub const ENTER: char = '\u{E007}';
    pub const SHIFT: char = '\u{E008}';
    pub const CONTROL: char = '\u{E009}';
    pub const ALT: char = '\u{E00A}';
    pub const ESCAPE: char = '\u{E00C}';
    pub const LEFT: char = '\u{E012}';
    pub const UP: char = '\u{E013}';
    pub const RIGHT: char = '\u{E014}';
    pub const DOWN: char = '\u{E015}';
    pub const DELETE: char = '\u{E017}';
}

/// The member that marks an element in an answer (WebDriver §12).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// An open session with one app.
pub(crate) struct Session {
    port: u16,
    id: String,
}

/// A port that nobody listens on at this moment.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|l| l.local_addr());
    listener.unwrap_or_else(|e| panic!("a free port: {e}")).port()
}

/// Whether a driver answers at `port`.
pub(crate) fn is_ready(port: u16) -> bool {
    request(port, "GET", "/status", None).is_ok()
}

impl Session {
    /// Lets the driver start `binary` and waits for its window.
    pub(crate) fn open(port: u16, binary: &Path, arguments: &[String]) -> Result<Self, String> {
        let options = json!({"binary": binary, "args": arguments});
        let body = json!({"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}});
        let answer = request(port, "POST", "/session", Some(&body))?;
        let id = answer["sessionId"].as_str().ok_or_else(|| format!("no session in {answer}"))?;
        Ok(Self { port, id: id.into() })
    }

    /// Ends the app.
    pub(crate) fn close(&self) {
        drop(self.call("DELETE", "", None));
    }

    /// Runs a function body in the page; what it returns.
    pub(crate) fn script(&self, body: &str, arguments: &[Value]) -> Result<Value, String> {
        self.call("POST", "/execute/sync", Some(&json!({"script": body, "args": arguments})))
    }

    /// The first element that the selector names, `None` when there is none now.
    pub(crate) fn find(&self, css: &str) -> Option<Element<'_>> {
        let answer =
            self.call("POST", "/element", Some(&json!({"using": "css selector", "value": css}))).ok()?;
        Some(Element { session: self, id: answer[ELEMENT].as_str()?.to_owned() })
    }

    /// Presses keys wherever the focus is: those before the last are held down meanwhile.
    pub(crate) fn chord(&self, keys: &[char]) -> Result<(), String> {
        let action = |kind: &str, key: &char| json!({"type": kind, "value": key.to_string()});
        let down = keys.iter().map(|key| action("keyDown", key));
        let up = keys.iter().rev().map(|key| action("keyUp", key));
        let actions: Vec<Value> = down.chain(up).collect();
        let body = json!({"actions": [{"type": "key", "id": "keyboard", "actions": actions}]});
        self.call("POST", "/actions", Some(&body)).map(drop)
    }

    /// The page as a PNG.
    pub(crate) fn screenshot(&self) -> Result<Vec<u8>, String> {
        let answer = self.call("GET", "/screenshot", None)?;
        let text = answer.as_str().ok_or("a screenshot that is no text")?;
        base64::engine::general_purpose::STANDARD
            .decode(text)
            .map_err(|e| format!("a screenshot's Base64: {e}"))
    }

    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, String> {
        request(self.port, method, &format!("/session/{}{path}", self.id), body)
    }
}

/// An element of the page.
pub(crate) struct Element<'a> {
    session: &'a Session,
    id: String,
}

impl Element<'_> {
    pub(crate) fn click(&self) -> Result<(), String> {
        self.call("POST", "/click", Some(&json!({}))).map(drop)
    }

    pub(crate) fn clear(&self) -> Result<(), String> {
        self.call("POST", "/clear", Some(&json!({}))).map(drop)
    }

    pub(crate) fn send(&self, text: &str) -> Result<(), String> {
        self.call("POST", "/value", Some(&json!({"text": text}))).map(drop)
    }

    pub(crate) fn is_displayed(&self) -> bool {
        self.call("GET", "/displayed", None).is_ok_and(|answer| answer == true)
    }

    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, String> {
        self.session.call(method, &format!("/element/{}{path}", self.id), body)
    }
}

/// One request; the `value` of the answer, or the error that the driver named.
fn request(port: u16, method: &str, path: &str, body: Option<&Value>) -> Result<Value, String> {
    let body = body.map(Value::to_string).unwrap_or_default();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let exchange = || -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(PATIENCE * 2))?;
        stream.write_all(head.as_bytes())?;
        stream.write_all(body.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    };
    let answer = exchange().map_err(|e| format!("{method} {path}: {e}"))?;
    let text = String::from_utf8_lossy(&answer);
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(|| format!("{method} {path}: no answer"))?;
    let value: Value = serde_json::from_str(body).map_err(|e| format!("{method} {path}: {e} in {body}"))?;
    if head.split_whitespace().nth(1) == Some("200") {
        return Ok(value["value"].clone());
    }
    Err(format!("{method} {path}: {} {}", value["value"]["error"], value["value"]["message"]))
}

/// Waits until a driver answers at `port`.
pub(crate) fn wait_ready(port: u16) -> bool {
    poll(PATIENCE, || is_ready(port).then_some(())).is_some()
}
