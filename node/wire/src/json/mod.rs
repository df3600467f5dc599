//! JSON as other nodes read and refuse it: names of fields in any case, the last of two fields of a name counts, a
//! null leaves a field as it is, and errors are worded as peers know them.

mod parse;

use std::fmt;

use thiserror::Error;

pub use parse::parse;

/// A value. Numbers stay the texts that they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it is written.
    Number(String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Self>),
    /// Fields in their order, with all that share a name.
    Object(Vec<(String, Self)>),
}

/// A text that is no JSON, or that holds something else than was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JsonError {
    /// It ends too early.
    #[error("unexpected end of JSON input")]
    End,
    /// A character where it may not stand.
    #[error("invalid character '{character}' {place}")]
    Character {
        /// The character, as it stands in a quoted text.
        character: String,
        /// Where it stands.
        place: String,
    },
    /// Lists within lists without end.
    #[error("exceeded max depth")]
    Depth,
    /// A value of another kind.
    #[error("json: cannot unmarshal {value} into Go value of type {wanted}")]
    Kind {
        /// What it is.
        value: String,
        /// What was asked for.
        wanted: &'static str,
    },
    /// A field of another kind.
    #[error("json: cannot unmarshal {value} into Go struct field {object}.{field} of type {wanted}")]
    Field {
        /// What it is.
        value: String,
        /// The object that has the field.
        object: &'static str,
        /// The field.
        field: &'static str,
        /// What was asked for.
        wanted: &'static str,
    },
}

impl Json {
    /// What errors call it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Number(_) => "number",
            Self::Text(_) => "string",
            Self::List(_) => "array",
            Self::Object(_) => "object",
        }
    }

    /// The values of a list; none for null.
    ///
    /// # Errors
    /// It is no list.
    pub fn list(&self, wanted: &'static str) -> Result<&[Self], JsonError> {
        match self {
            Self::List(all) => Ok(all),
            Self::Null => Ok(&[]),
            other => Err(JsonError::Kind { value: other.kind().to_owned(), wanted }),
        }
    }
}

/// A text as other nodes write it: quoted, with the escapes of JSON, and with those characters escaped too that mean
/// something in a page.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    for c in serde_json::Value::from(text).to_string().chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(yes) => write!(f, "{yes}"),
            Self::Number(text) => f.write_str(text),
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::List(all) => {
                f.write_str("[")?;
                for (i, value) in all.iter().enumerate() {
                    write!(f, "{}{value}", if i == 0 { "" } else { "," })?;
                }
                f.write_str("]")
            }
            Self::Object(all) => {
                f.write_str("{")?;
                for (i, (key, value)) in all.iter().enumerate() {
                    write!(f, "{}{}:{value}", if i == 0 { "" } else { "," }, quoted(key))?;
                }
                f.write_str("}")
            }
        }
    }
}

/// What a field can be read into.
pub trait Field: Sized {
    /// What errors call it.
    const NAME: &'static str;

    /// The value, or what it is instead.
    ///
    /// # Errors
    /// It is something else.
    fn of(value: &Json) -> Result<Self, String>;
}

impl Field for String {
    const NAME: &'static str = "string";

    fn of(value: &Json) -> Result<Self, String> {
        match value {
            Json::Text(text) => Ok(text.clone()),
            other => Err(other.kind().to_owned()),
        }
    }
}

impl Field for bool {
    const NAME: &'static str = "bool";

    fn of(value: &Json) -> Result<Self, String> {
        match value {
            Json::Bool(yes) => Ok(*yes),
            other => Err(other.kind().to_owned()),
        }
    }
}

/// A number that is written as a whole one.
fn whole<T: std::str::FromStr>(value: &Json) -> Result<T, String> {
    match value {
        Json::Number(text) => text.parse().map_err(|_| format!("number {text}")),
        other => Err(other.kind().to_owned()),
    }
}

impl Field for i64 {
    const NAME: &'static str = "int";

    fn of(value: &Json) -> Result<Self, String> {
        whole(value)
    }
}

impl Field for u64 {
    const NAME: &'static str = "uint";

    fn of(value: &Json) -> Result<Self, String> {
        // There is a zero with a sign, which is below none here.
        match value {
            Json::Number(text) if text.starts_with('-') => Err(format!("number {text}")),
            other => whole(other),
        }
    }
}

impl Field for f64 {
    const NAME: &'static str = "float64";

    fn of(value: &Json) -> Result<Self, String> {
        match value {
            Json::Number(text) => {
                let number = text.parse().ok().filter(|n: &Self| n.is_finite());
                number.ok_or_else(|| format!("number {text}"))
            }
            other => Err(other.kind().to_owned()),
        }
    }
}

/// Reads the fields of objects. What does not fit is left as it is, and the first such field is the error.
#[derive(Debug, Default)]
pub struct Reader {
    first: Option<JsonError>,
}

impl Reader {
    /// Hands each field of an object that has one of some names to a function, under that name. A null has no fields.
    pub fn object(
        &mut self,
        value: &Json,
        wanted: &'static str,
        names: &[&'static str],
        mut each: impl FnMut(&mut Self, &'static str, &Json),
    ) {
        match value {
            Json::Null => {}
            Json::Object(fields) => {
                for (key, value) in fields {
                    let found = names.iter().find(|name| *name == key);
                    if let Some(name) = found.or_else(|| names.iter().find(|name| name.eq_ignore_ascii_case(key))) {
                        each(self, name, value);
                    }
                }
            }
            other => self.wrong(JsonError::Kind { value: other.kind().to_owned(), wanted }),
        }
    }

    /// Puts a field's value into its place. Null leaves what is there.
    pub fn put<T: Field>(&mut self, into: &mut T, value: &Json, place: (&'static str, &'static str)) {
        self.put_as(into, value, place, T::NAME);
    }

    /// The same under another name of what is asked for.
    pub fn put_as<T: Field>(
        &mut self,
        into: &mut T,
        value: &Json,
        (object, field): (&'static str, &'static str),
        wanted: &'static str,
    ) {
        if *value == Json::Null {
            return;
        }
        match T::of(value) {
            Ok(value) => *into = value,
            Err(value) => self.wrong(JsonError::Field { value, object, field, wanted }),
        }
    }

    /// Only the first counts.
    fn wrong(&mut self, error: JsonError) {
        self.first.get_or_insert(error);
    }

    /// What was read, unless something did not fit.
    ///
    /// # Errors
    /// The first thing that did not fit.
    pub fn end<T>(self, value: T) -> Result<T, JsonError> {
        self.first.map_or(Ok(value), Err)
    }
}
