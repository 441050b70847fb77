//! The matrix of who reads whom, as tests find it. Each test that tries another program adds a row; it is printed, and
//! docs/partners/interop.md has it as it was last seen.

/// One cell: what was tried with which program, and what came of it.
pub(crate) fn row(program: &str, direction: &str, what: &str, outcome: &Result<(), String>) {
    let said = match outcome {
        Ok(()) => "yes".to_owned(),
        Err(why) => {
            format!("no: {}", why.lines().last().unwrap_or_default().chars().take(90).collect::<String>())
        }
    };
    println!("| {program} | {direction} | {what} | {said} |");
}
