//! One resident psql per scenario and server: polling for rows would otherwise start hundreds of them.
//!
//! Must never know: the queries.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use crate::postgres::psql;

thread_local! {
    /// A scenario has a thread of its own: with it they end.
    static SESSIONS: RefCell<HashMap<Vec<(PathBuf, u16)>, Session>> = RefCell::default();
}

const END: &str = "-- end of the answer: ";

struct Session {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// Does one statement on the first of these servers that takes writes; returns what it prints.
#[must_use]
pub fn ask(servers: &[(PathBuf, u16)], setting: &str, statement: &str) -> String {
    let question = format!("{setting};\n{};\n\\echo '{END}' :ERROR\n", statement.trim_end_matches(';'));
    SESSIONS.with_borrow_mut(|sessions| {
        // One whose server was lost since has ended: another one connects to the next.
        for _ in 0..2 {
            let session = sessions.entry(servers.to_vec()).or_insert_with(|| Session::start(servers));
            match session.ask(&question) {
                Some((answer, true)) => return answer,
                Some((_, false)) => panic!("{statement}: not answered; the output of psql is above"),
                None => drop(sessions.remove(servers)),
            }
        }
        panic!("{statement}: no answer");
    })
}

impl Session {
    fn start(servers: &[(PathBuf, u16)]) -> Self {
        let mut command = psql(servers);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (questions, answers) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, questions, answers: BufReader::new(answers) }
    }

    /// `None`: it has ended. Otherwise its output, and whether the statement succeeded.
    fn ask(&mut self, question: &str) -> Option<(String, bool)> {
        self.questions.write_all(question.as_bytes()).and_then(|()| self.questions.flush()).ok()?;
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if self.answers.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end_matches('\n');
            if let Some(failed) = line.strip_prefix(END) {
                return Some((lines.join("\n").trim_end().to_owned(), failed.trim() == "false"));
            }
            lines.push(line.to_owned());
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _gone = (self.child.kill(), self.child.wait());
    }
}
