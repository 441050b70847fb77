//! The portal's only route table, read from its source, so that tests over it miss no new row.

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its path, with `{names}` for what varies.
    pub path: String,
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Whether it is for signed-in owners only.
    pub owners: bool,
    /// Whether it is only for those who are in with an initial password and have no own one yet.
    pub newcomers: bool,
}

impl Row {
    /// Whether a path without its query is one of this line's.
    #[must_use]
    pub fn covers(&self, path: &str) -> bool {
        let (mut wanted, mut given) = (self.path.split('/'), path.split('/'));
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return true,
                (Some(wanted), Some(given)) if wanted.starts_with('{') || wanted == given => {}
                _ => return false,
            }
        }
    }

    /// Its path with these in the place of what varies.
    #[must_use]
    pub fn filled(&self, id: &str, token: &str) -> String {
        let path = self.path.replace("{id}", id).replace("{part}", "0").replace("{token}", token);
        let path = path.replace("{file}", "x.css").replace("{domain}", "insurer.example");
        assert!(!path.contains('{'), "{path} has a part that is not handled here");
        path
    }
}

/// All lines.
#[must_use]
pub fn all() -> Vec<Row> {
    let table = include_str!("../../crates/portal/src/routes.rs");
    let lines = table.split("= routes! {\n").nth(1).and_then(|rest| rest.split("\n};").next());
    let lines: Vec<&str> = lines.unwrap_or_default().lines().collect();
    let rows = lines.iter().filter_map(|line| {
        let mut words = line.split_whitespace();
        let method = match words.next()? {
            "Read" => "GET",
            "Act" => "POST",
            _ => return None,
        };
        let right = words.next().filter(|right| ["Anyone", "Newcomer", "Owner"].contains(right))?;
        let path = words.next()?.strip_prefix('"')?.strip_suffix('"')?.to_owned();
        Some(Row { path, method, owners: right == "Owner", newcomers: right == "Newcomer" })
    });
    let rows: Vec<_> = rows.collect();
    assert!(
        rows.len() > 40 && rows.len() == lines.len(),
        "the table of routes is written otherwise: {rows:?}"
    );
    rows
}

#[cfg(test)]
mod tests {
    use super::all;

    #[test]
    fn a_path_belongs_to_one_line_a_verb() {
        let rows = all();
        for (path, lines) in
            [("/inbox", 1), ("/m/0123/inside/4", 1), ("/a/x", 2), ("/a/x/renew", 1), ("/no", 0)]
        {
            assert_eq!(rows.iter().filter(|row| row.covers(path)).count(), lines, "{path}");
        }
        assert!(rows.iter().any(|row| row.path == "/letters" && row.method == "POST" && row.owners));
        assert!(rows.iter().any(|row| row.path == "/" && row.method == "GET" && !row.owners));
    }
}
