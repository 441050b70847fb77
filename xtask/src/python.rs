//! A Python with the readers the export tests use, of pinned versions, in `target/venv-exports`.
//!
//! Must never know: what they read.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::build;

/// The packages to install.
const REQUIREMENTS: &str = "tests/exports/requirements.txt";

/// Makes it if it is not there or not as the requirements say; gives its interpreter.
pub(crate) fn prepare() -> Result<PathBuf, String> {
    let folder = build::binaries("debug")?
        .parent()
        .map(|target| target.join("venv-exports"))
        .ok_or("no target folder")?;
    let wanted = build::root().join(REQUIREMENTS);
    let wanted = std::fs::read_to_string(&wanted).map_err(|e| format!("{}: {e}", wanted.display()))?;
    let (python, done) = (folder.join("bin/python"), folder.join("requirements.txt"));
    if std::fs::read_to_string(&done).is_ok_and(|had| had == wanted) && runs(&python) {
        return Ok(python);
    }
    println!("preparing a Python with the readers of {REQUIREMENTS} …");
    build::call(system().args(["-m", "venv", "--clear"]).arg(&folder))?;
    let mut pip = Command::new(&python);
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
        "--requirement",
    ]);
    build::call(pip.arg(REQUIREMENTS).current_dir(build::root()))?;
    // Written last: what was broken off is made again.
    std::fs::write(&done, wanted).map_err(|e| format!("{}: {e}", done.display()))?;
    Ok(python)
}

/// The system's own Python, which the package `python3-venv` belongs to, else the first in the path.
fn system() -> Command {
    let debian = Path::new("/usr/bin/python3");
    Command::new(if debian.exists() { debian } else { Path::new("python3") })
}

fn runs(python: &Path) -> bool {
    let mut command = Command::new(python);
    command.args(["-c", "import extract_msg, olefile, cryptography, cryptography_vectors, pdf_oxide"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
