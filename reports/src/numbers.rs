//! The numbers of a figure, as a table that any program reads.

/// A table of texts and numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Numbers {
    columns: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

/// A cell of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Text(String),
    Number(f64),
    Nothing,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<f64> for Cell {
    fn from(v: f64) -> Self {
        Self::Number(v)
    }
}

impl From<usize> for Cell {
    fn from(v: usize) -> Self {
        Self::Number(v as f64)
    }
}

impl From<u64> for Cell {
    fn from(v: u64) -> Self {
        Self::Number(v as f64)
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(v: Option<T>) -> Self {
        v.map_or(Self::Nothing, Into::into)
    }
}

impl Numbers {
    pub(crate) fn new<S: AsRef<str>>(columns: impl IntoIterator<Item = S>) -> Self {
        Self { columns: columns.into_iter().map(|c| c.as_ref().to_owned()).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// As comma-separated values, with quotes where they are needed.
    pub(crate) fn csv(&self) -> String {
        let mut out = String::new();
        let head: Vec<String> = self.columns.iter().map(|c| quoted(c)).collect();
        out.push_str(&head.join(","));
        out.push('\n');
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(Cell::text).collect();
            out.push_str(&cells.join(","));
            out.push('\n');
        }
        out
    }
}

impl Cell {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::Number(v) if v.is_finite() => v.to_string(),
            _ => String::new(),
        }
    }
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_survive_commas_quotes_and_nothing() {
        let mut n = Numbers::new(["name", "v"]);
        n.row(["a,\"b\"".into(), 0.1.into()]);
        n.row(["c".into(), Cell::from(None::<f64>)]);
        assert_eq!(n.csv(), "name,v\n\"a,\"\"b\"\"\",0.1\nc,\n");
    }
}
