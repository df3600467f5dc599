//! From bytes to values.

use super::{Json, JsonError};

/// Lists and objects within each other. Beyond this a text is refused before it can fill the stack.
const DEPTH: usize = 256;

const BEGINNING: &str = "looking for beginning of value";
const KEY: &str = "looking for beginning of object key string";
const ESCAPE: &str = "in string escape code";
const HEX: &str = "in \\u hexadecimal character escape";

type Parsed<T> = Result<T, JsonError>;

/// The value that bytes hold. Bytes that are no UTF-8 stand for U+FFFD within texts.
///
/// # Errors
/// They hold none, or more than one.
pub fn parse(bytes: &[u8]) -> Parsed<Json> {
    let mut scan = Scan { bytes, at: 0, depth: 0 };
    let value = scan.value()?;
    match scan.peek_plain() {
        None => Ok(value),
        Some(_) => Err(scan.invalid("after top-level value")),
    }
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The next byte that is no white space; it stays.
    fn peek_plain(&mut self) -> Option<u8> {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        self.peek()
    }

    fn next(&mut self) -> Parsed<u8> {
        let byte = self.peek().ok_or(JsonError::End)?;
        self.at += 1;
        Ok(byte)
    }

    /// The byte here may not stand here; or the text ends here.
    fn invalid(&self, place: &str) -> JsonError {
        self.peek().map_or(JsonError::End, |byte| bad(byte, place))
    }

    fn value(&mut self) -> Parsed<Json> {
        match self.peek_plain() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::list),
            Some(b'"') => Ok(Json::Text(self.text()?)),
            Some(b't') => self.literal("true", Json::Bool(true)),
            Some(b'f') => self.literal("false", Json::Bool(false)),
            Some(b'n') => self.literal("null", Json::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.invalid(BEGINNING)),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Parsed<Json>) -> Parsed<Json> {
        self.at += 1;
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(JsonError::Depth);
        }
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn list(&mut self) -> Parsed<Json> {
        let mut all = Vec::new();
        if self.peek_plain() == Some(b']') {
            self.at += 1;
            return Ok(Json::List(all));
        }
        loop {
            all.push(self.value()?);
            if self.goes_on(b']', "after array element")? {
                continue;
            }
            return Ok(Json::List(all));
        }
    }

    fn object(&mut self) -> Parsed<Json> {
        let mut all = Vec::new();
        if self.peek_plain() == Some(b'}') {
            self.at += 1;
            return Ok(Json::Object(all));
        }
        loop {
            if self.peek_plain() != Some(b'"') {
                return Err(self.invalid(KEY));
            }
            let key = self.text()?;
            if self.peek_plain() != Some(b':') {
                return Err(self.invalid("after object key"));
            }
            self.at += 1;
            all.push((key, self.value()?));
            if self.goes_on(b'}', "after object key:value pair")? {
                continue;
            }
            return Ok(Json::Object(all));
        }
    }

    /// Whether another one follows.
    fn goes_on(&mut self, end: u8, place: &str) -> Parsed<bool> {
        let more = match self.peek_plain() {
            Some(b',') => true,
            Some(byte) if byte == end => false,
            _ => return Err(self.invalid(place)),
        };
        self.at += 1;
        Ok(more)
    }

    fn literal(&mut self, word: &str, value: Json) -> Parsed<Json> {
        for expected in word.chars() {
            if self.peek().map(char::from) != Some(expected) {
                return Err(self.invalid(&format!("in literal {word} (expecting '{expected}')")));
            }
            self.at += 1;
        }
        Ok(value)
    }

    fn number(&mut self) -> Parsed<Json> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        match self.peek() {
            // Nothing follows a zero in front.
            Some(b'0') => self.at += 1,
            _ => self.digits("in numeric literal")?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits("after decimal point in numeric literal")?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits("in exponent of numeric literal")?;
        }
        let digits = self.bytes.get(start..self.at).unwrap_or_default();
        Ok(Json::Number(digits.iter().copied().map(char::from).collect()))
    }

    /// One digit at least.
    fn digits(&mut self, place: &str) -> Parsed<()> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(self.invalid(place));
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn text(&mut self) -> Parsed<String> {
        self.at += 1;
        let mut out = Vec::new();
        loop {
            match self.next()? {
                b'"' => return Ok(lenient(&out)),
                b'\\' => {
                    let c = self.escape()?;
                    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
                byte @ 0..0x20 => return Err(bad(byte, "in string literal")),
                byte => out.push(byte),
            }
        }
    }

    fn escape(&mut self) -> Parsed<char> {
        Ok(match self.next()? {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            byte @ (b'"' | b'\\' | b'/') => char::from(byte),
            b'u' => {
                let unit = self.unit()?;
                self.character(unit)?
            }
            byte => return Err(bad(byte, ESCAPE)),
        })
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Parsed<u32> {
        let mut unit = 0;
        for _ in 0..4 {
            let byte = self.next()?;
            unit = unit * 16 + char::from(byte).to_digit(16).ok_or_else(|| bad(byte, HEX))?;
        }
        Ok(unit)
    }

    /// The character of a UTF-16 unit and of the one after it; half a pair is U+FFFD.
    fn character(&mut self, unit: u32) -> Parsed<char> {
        let alone = char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER);
        if !(0xd800..0xdc00).contains(&unit) || !self.bytes.get(self.at..).is_some_and(|b| b.starts_with(b"\\u")) {
            return Ok(alone);
        }
        let here = self.at;
        self.at += 2;
        let low = self.unit()?;
        if (0xdc00..0xe000).contains(&low) {
            let both = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
            return Ok(char::from_u32(both).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        self.at = here;
        Ok(alone)
    }
}

/// A byte that may not stand where it is, as it stands in a quoted text.
fn bad(byte: u8, place: &str) -> JsonError {
    let character = match char::from(byte) {
        '\'' => "\\'".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '\u{7}' => "\\a".to_owned(),
        '\u{8}' => "\\b".to_owned(),
        '\u{b}' => "\\v".to_owned(),
        '\u{c}' => "\\f".to_owned(),
        c @ ('\0'..' ' | '\u{7f}') => format!("\\x{:02x}", u32::from(c)),
        c @ ('\u{80}'..='\u{a0}' | '\u{ad}') => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    JsonError::Character { character, place: place.to_owned() }
}

/// A text of bytes, each that is no part of a character as U+FFFD.
fn lenient(mut bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    loop {
        match std::str::from_utf8(bytes) {
            Ok(rest) => {
                out.push_str(rest);
                return out;
            }
            Err(e) => {
                let (good, rest) = bytes.split_at(e.valid_up_to());
                out.push_str(std::str::from_utf8(good).unwrap_or_default());
                out.push(char::REPLACEMENT_CHARACTER);
                bytes = rest.get(1..).unwrap_or_default();
            }
        }
    }
}
