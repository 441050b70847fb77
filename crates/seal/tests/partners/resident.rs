//! A resident helper program for many jobs: starting a virtual machine for each would take longer than the jobs.
//!
//! A job is a line of words separated by tabs, ending with the length of the input, which follows. The answer is `ok`
//! or `no` and a length in a line, followed by the output or the error.
//!
//! Must never know: the content of a job.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The program; it ends when its input closes.
pub(crate) struct Resident {
    name: String,
    child: Child,
    jobs: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Resident {
    pub(crate) fn start(program: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.args(arguments).env("LC_ALL", "C.UTF-8").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{program}: {error}"));
        let (jobs, answers) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self { name: program.to_owned(), child, jobs, answers }
    }

    /// Its output for this job, or its error.
    pub(crate) fn ask(&mut self, words: &[&str], input: &[u8]) -> Result<Vec<u8>, String> {
        let job = format!("{}\t{}\n", words.join("\t"), input.len());
        let jobs = self.jobs.as_mut().unwrap();
        jobs.write_all(&[job.as_bytes(), input].concat()).and_then(|()| jobs.flush()).unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let answer = line.trim_end().split_once(' ');
        let (how, length) = answer.unwrap_or_else(|| panic!("{} {words:?}: answered {line:?}", self.name));
        let mut output = vec![0; length.parse().unwrap()];
        self.answers.read_exact(&mut output).unwrap();
        match how {
            "ok" => Ok(output),
            _ => Err(format!("{} {words:?}: {}", self.name, String::from_utf8_lossy(&output))),
        }
    }
}

impl Drop for Resident {
    fn drop(&mut self) {
        drop(self.jobs.take());
        let _ended = self.child.wait();
    }
}
