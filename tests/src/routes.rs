//! The portal's one table of routes, read from its source: whoever walks it misses no new line of it.

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
        assert!(!path.contains('{'), "{path} has a part that nobody thought of here");
        path
    }
}

/// All lines.
#[must_use]
pub fn all() -> Vec<Row> {
    let table = include_str!("../../crates/portal/src/routes.rs");
    let rows = table.split("Row {").skip(2).filter_map(|row| {
        let path = row.split("path: \"").nth(1)?.split('"').next()?.to_owned();
        let method = if row.contains("Verb::Read") { "GET" } else { "POST" };
        let (owners, newcomers) = (row.contains("Right::Owner"), row.contains("Right::Newcomer"));
        Some(Row { path, method, owners, newcomers })
    });
    let rows: Vec<_> = rows.collect();
    let handlers = table.matches("handler: |").count();
    assert!(handlers > 40 && rows.len() == handlers, "the table of routes is written otherwise: {rows:?}");
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
