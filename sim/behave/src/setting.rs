//! Parameters that say what they are: a declaration gives the type, its TOML form, its defaults, what is
//! wrong with a value, and the rows of its page.

use std::collections::BTreeMap;

/// Something wrong with a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Dotted key, from the table that was checked.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl Problem {
    /// A problem of a key.
    pub fn new(key: impl Into<String>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { key: key.into(), message: message.into(), help: help.into() }
    }

    /// The same problem, seen from the table above.
    #[must_use]
    pub fn under(self, key: &str) -> Self {
        let key = if self.key.is_empty() { key.to_owned() } else { format!("{key}.{}", self.key) };
        Self { key, ..self }
    }
}

/// Between which numbers a value makes sense.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Smallest.
    pub least: f64,
    /// Largest.
    pub most: f64,
    /// Whether the smallest itself is too small.
    pub above: bool,
}

/// Any number.
pub const ANY: Limits = Limits { least: f64::MIN, most: f64::MAX, above: false };
/// Zero or more.
pub const NOT_NEGATIVE: Limits = Limits { least: 0.0, most: f64::MAX, above: false };
/// More than zero.
pub const ABOVE_ZERO: Limits = Limits { least: 0.0, most: f64::MAX, above: true };
/// A share of a whole, a probability.
pub const SHARE: Limits = between(0.0, 1.0);
/// A whole number of one or more.
pub const COUNT: Limits = between(1.0, 1_000_000.0);

/// From one number to another, both included.
#[must_use]
pub const fn between(least: f64, most: f64) -> Limits {
    Limits { least, most, above: false }
}

impl Limits {
    fn holds(&self, v: f64) -> bool {
        v.is_finite() && v <= self.most && if self.above { v > self.least } else { v >= self.least }
    }

    fn words(&self) -> String {
        match (self.least == f64::MIN, self.most == f64::MAX, self.above) {
            (true, true, _) => String::new(),
            (true, false, _) => format!("at most {}", self.most),
            (false, true, true) => format!("above {}", self.least),
            (false, true, false) => format!("{} or more", self.least),
            (false, false, true) => format!("above {}, up to {}", self.least, self.most),
            (false, false, false) => format!("{} to {}", self.least, self.most),
        }
    }

    /// What is wrong with a number.
    #[must_use]
    pub fn problem(&self, v: f64) -> Option<Problem> {
        let words = self.words();
        let wanted = if words.is_empty() { "a finite number".to_owned() } else { words };
        (!self.holds(v)).then(|| Problem::new("", format!("must be {wanted}, found {v}"), format!("give {wanted}")))
    }
}

/// A key of a table, as a page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyDoc {
    /// Name.
    pub key: &'static str,
    /// What it takes.
    pub form: String,
    /// What it is where it is left out.
    pub default: String,
    /// What it means.
    pub meaning: String,
}

/// One kind of a behaviour, or a plain table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindDoc {
    /// What `kind` says; empty for a plain table.
    pub kind: &'static str,
    /// What it does.
    pub meaning: String,
    /// Its keys.
    pub keys: Vec<KeyDoc>,
}

/// A table and all its kinds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Name of the type.
    pub name: &'static str,
    /// What it decides.
    pub meaning: String,
    /// Its kinds, or the one table.
    pub kinds: Vec<KindDoc>,
}

/// Sections in the order in which they were met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sections {
    /// The sections.
    pub all: Vec<Section>,
}

impl Sections {
    /// True the first time a name is met; a place is kept for it.
    pub fn open(&mut self, name: &'static str) -> bool {
        let new = self.all.iter().all(|s| s.name != name);
        if new {
            self.all.push(Section { name, meaning: String::new(), kinds: Vec::new() });
        }
        new
    }

    /// Fills the place of a name.
    pub fn fill(&mut self, section: Section) {
        if let Some(place) = self.all.iter_mut().find(|s| s.name == section.name) {
            *place = section;
        }
    }
}

/// What can stand behind a key.
pub trait Setting {
    /// What it takes, for the page.
    fn form(limits: &Limits) -> String;
    /// The value, for the page.
    fn shown(&self) -> String;
    /// What is wrong with the value.
    fn problem(&self, limits: &Limits) -> Option<Problem>;
    /// Adds the sections of tables that stand behind the key.
    fn sections(_all: &mut Sections) {}
}

fn with(limits: &Limits, what: &str) -> String {
    let words = limits.words();
    if words.is_empty() { what.to_owned() } else { format!("{what}, {words}") }
}

impl Setting for f64 {
    fn form(limits: &Limits) -> String {
        with(limits, "number")
    }
    fn shown(&self) -> String {
        let plain = self.abs() >= 1e-4 && self.abs() < 1e7 || *self == 0.0;
        if plain { format!("{self}") } else { format!("{self:e}") }
    }
    fn problem(&self, limits: &Limits) -> Option<Problem> {
        limits.problem(*self)
    }
}

macro_rules! whole {
    ($($ty:ty),*) => {$(
        impl Setting for $ty {
            fn form(limits: &Limits) -> String {
                with(limits, "whole number")
            }
            fn shown(&self) -> String {
                self.to_string()
            }
            fn problem(&self, limits: &Limits) -> Option<Problem> {
                limits.problem(*self as f64)
            }
        }
    )*};
}

whole!(u32, u64);

impl Setting for bool {
    fn form(_: &Limits) -> String {
        "true or false".to_owned()
    }
    fn shown(&self) -> String {
        self.to_string()
    }
    fn problem(&self, _: &Limits) -> Option<Problem> {
        None
    }
}

impl Setting for String {
    fn form(_: &Limits) -> String {
        "text".to_owned()
    }
    fn shown(&self) -> String {
        if self.is_empty() { Self::new() } else { format!("`{self}`") }
    }
    fn problem(&self, _: &Limits) -> Option<Problem> {
        None
    }
}

impl Setting for [f64; 2] {
    fn form(limits: &Limits) -> String {
        format!("pair of: {}", f64::form(limits))
    }
    fn shown(&self) -> String {
        format!("[{}, {}]", self[0].shown(), self[1].shown())
    }
    fn problem(&self, limits: &Limits) -> Option<Problem> {
        self.iter().find_map(|v| limits.problem(*v))
    }
}

impl<T: Setting> Setting for Option<T> {
    fn form(limits: &Limits) -> String {
        T::form(limits)
    }
    fn shown(&self) -> String {
        self.as_ref().map_or_else(|| "none".to_owned(), Setting::shown)
    }
    fn problem(&self, limits: &Limits) -> Option<Problem> {
        self.as_ref().and_then(|v| v.problem(limits))
    }
    fn sections(all: &mut Sections) {
        T::sections(all);
    }
}

impl<T: Setting> Setting for Vec<T> {
    fn form(limits: &Limits) -> String {
        format!("list of: {}", T::form(limits))
    }
    fn shown(&self) -> String {
        let all: Vec<String> = self.iter().map(Setting::shown).collect();
        format!("[{}]", all.join(", "))
    }
    fn problem(&self, limits: &Limits) -> Option<Problem> {
        let found = self.iter().enumerate().find_map(|(i, v)| v.problem(limits).map(|p| (i, p)))?;
        Some(found.1.under(&(found.0 + 1).to_string()))
    }
    fn sections(all: &mut Sections) {
        T::sections(all);
    }
}

impl<T: Setting> Setting for BTreeMap<String, T> {
    fn form(limits: &Limits) -> String {
        format!("by name: {}", T::form(limits))
    }
    fn shown(&self) -> String {
        if self.is_empty() { "none".to_owned() } else { self.keys().cloned().collect::<Vec<_>>().join(", ") }
    }
    fn problem(&self, limits: &Limits) -> Option<Problem> {
        self.iter().find_map(|(name, v)| v.problem(limits).map(|p| p.under(name)))
    }
    fn sections(all: &mut Sections) {
        T::sections(all);
    }
}

/// Doc lines as one text.
#[must_use]
pub fn prose(lines: &[&str]) -> String {
    lines.iter().map(|l| l.trim()).filter(|l| !l.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Declares a table of parameters. Every key has a default and limits; more that must hold goes into `and`.
macro_rules! params {
    (
        $(#[doc = $doc:literal])*
        pub struct $name:ident {
            $( $(#[doc = $fdoc:literal])* $field:ident : $ty:ty = $default:expr => $limits:expr, )*
        }
        $(and $more:expr)?
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $( $(#[doc = $fdoc])* pub $field: $ty, )*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $field: $default, )* }
            }
        }

        impl $name {
            /// The first thing wrong with the parameters.
            #[must_use]
            pub fn problem(&self) -> Option<$crate::setting::Problem> {
                $(
                    let limits: $crate::setting::Limits = $limits;
                    if let Some(p) = $crate::setting::Setting::problem(&self.$field, &limits) {
                        return Some(p.under(stringify!($field)));
                    }
                )*
                $(
                    let more: fn(&Self) -> Option<$crate::setting::Problem> = $more;
                    if let Some(p) = more(self) {
                        return Some(p);
                    }
                )?
                None
            }

            /// What the parameters mean, and their keys.
            #[must_use]
                        pub fn docs(kind: &'static str) -> $crate::setting::KindDoc {
                let default = Self::default();
                let _ = &default;
                let keys = vec![
                    $( $crate::setting::KeyDoc {
                        key: stringify!($field),
                        form: <$ty as $crate::setting::Setting>::form(&$limits),
                        default: $crate::setting::Setting::shown(&default.$field),
                        meaning: $crate::setting::prose(&[$($fdoc),*]),
                    }, )*
                ];
                $crate::setting::KindDoc { kind, meaning: $crate::setting::prose(&[$($doc),*]), keys }
            }

            /// Adds the sections of the tables behind the keys.
            pub fn inner(all: &mut $crate::setting::Sections) {
                $( <$ty as $crate::setting::Setting>::sections(all); )*
                let _ = all;
            }
        }

        impl $crate::setting::Setting for $name {
            fn form(_: &$crate::setting::Limits) -> String {
                format!("table [{}](#{})", stringify!($name), stringify!($name).to_ascii_lowercase())
            }
            fn shown(&self) -> String {
                "its defaults".to_owned()
            }
            fn problem(&self, _: &$crate::setting::Limits) -> Option<$crate::setting::Problem> {
                self.problem()
            }
            fn sections(all: &mut $crate::setting::Sections) {
                if !all.open(stringify!($name)) {
                    return;
                }
                let mut docs = Self::docs("");
                let meaning = std::mem::take(&mut docs.meaning);
                all.fill($crate::setting::Section { name: stringify!($name), meaning, kinds: vec![docs] });
                Self::inner(all);
            }
        }
    };
}

/// Declares a choice among behaviours, named by `kind`. The first is the default.
macro_rules! choice {
    (
        $(#[doc = $doc:literal])*
        pub enum $name:ident {
            $first:ident($fty:ident) = $fkind:literal,
            $( $variant:ident($ty:ident) = $kind:literal, )*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(tag = "kind")]
        pub enum $name {
            #[doc = concat!("`", $fkind, "`: see [`", stringify!($fty), "`].")]
            #[serde(rename = $fkind)]
            $first($fty),
            $(
                #[doc = concat!("`", $kind, "`: see [`", stringify!($ty), "`].")]
                #[serde(rename = $kind)]
                $variant($ty),
            )*
        }

        impl Default for $name {
            fn default() -> Self {
                Self::$first($fty::default())
            }
        }

        impl $name {
            /// All kinds.
            pub const KINDS: &'static [&'static str] = &[$fkind, $($kind,)*];

            /// Which kind it is.
            #[must_use]
            pub const fn kind(&self) -> &'static str {
                match self {
                    Self::$first(_) => $fkind,
                    $( Self::$variant(_) => $kind, )*
                }
            }

            /// The first thing wrong with the parameters.
            #[must_use]
            pub fn problem(&self) -> Option<$crate::setting::Problem> {
                match self {
                    Self::$first(v) => v.problem(),
                    $( Self::$variant(v) => v.problem(), )*
                }
            }
        }

        impl $crate::setting::Setting for $name {
            fn form(_: &$crate::setting::Limits) -> String {
                format!("one of [{}](#{})", stringify!($name), stringify!($name).to_ascii_lowercase())
            }
            fn shown(&self) -> String {
                format!("`{}`", self.kind())
            }
            fn problem(&self, _: &$crate::setting::Limits) -> Option<$crate::setting::Problem> {
                self.problem()
            }
            fn sections(all: &mut $crate::setting::Sections) {
                if !all.open(stringify!($name)) {
                    return;
                }
                all.fill($crate::setting::Section {
                    name: stringify!($name),
                    meaning: $crate::setting::prose(&[$($doc),*]),
                    kinds: vec![$fty::docs($fkind), $($ty::docs($kind),)*],
                });
                $fty::inner(all);
                $( $ty::inner(all); )*
            }
        }
    };
}

/// Declares a choice that has no parameters, named by a word. The first is the default.
macro_rules! words {
    (
        $(#[doc = $doc:literal])*
        pub enum $name:ident {
            $(#[doc = $fdoc:literal])*
            $first:ident = $fword:literal,
            $( $(#[doc = $vdoc:literal])* $variant:ident = $word:literal, )*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $(#[doc = $fdoc])*
            #[default]
            #[serde(rename = $fword)]
            $first,
            $(
                $(#[doc = $vdoc])*
                #[serde(rename = $word)]
                $variant,
            )*
        }

        impl $crate::setting::Setting for $name {
            fn form(_: &$crate::setting::Limits) -> String {
                let all = [
                    ($fword, $crate::setting::prose(&[$($fdoc),*])),
                    $( ($word, $crate::setting::prose(&[$($vdoc),*])), )*
                ];
                let all: Vec<String> = all.iter().map(|(word, doc)| format!("`{word}`: {doc}")).collect();
                all.join(" ")
            }
            fn shown(&self) -> String {
                match self {
                    Self::$first => concat!("`", $fword, "`").to_owned(),
                    $( Self::$variant => concat!("`", $word, "`").to_owned(), )*
                }
            }
            fn problem(&self, _: &$crate::setting::Limits) -> Option<$crate::setting::Problem> {
                None
            }
        }
    };
}

/// Declares what an actor can see. Scripts get it as a map with the same names.
macro_rules! seen {
    (
        $(#[doc = $doc:literal])*
        $(#[derive($($derive:ident),*)])*
        pub struct $name:ident $(<$life:lifetime>)? {
            $( $(#[doc = $fdoc:literal])* $(#[serde($attr:ident)])* pub $field:ident : $ty:ty, )*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize)]
        $(#[derive($($derive),*)])*
        pub struct $name $(<$life>)? {
            $( $(#[doc = $fdoc])* $(#[serde($attr)])* pub $field: $ty, )*
        }

        impl $(<$life>)? $name $(<$life>)? {
            /// Names and meanings of all that is seen, for the pages. What scripts do not see has no meaning here.
            pub const KEYS: &'static [(&'static str, &'static [&'static str], bool)] = &[
                $( (stringify!($field), &[$($fdoc),*], { let hidden: &[&str] = &[$(stringify!($attr)),*]; hidden.is_empty() }), )*
            ];
        }
    };
}

/// One act, as a page shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActDoc {
    /// What `act` says.
    pub name: &'static str,
    /// What it does, line by line.
    pub meaning: &'static [&'static str],
    /// Its keys, each with its meaning.
    pub keys: &'static [(&'static str, &'static [&'static str])],
}

/// What actors can do, as scripts name it.
pub trait Named: Sized {
    /// All of it.
    const DOCS: &'static [ActDoc];
}

/// Declares what an actor can do. Scripts give it as a map with `act` and the same names.
macro_rules! acts {
    (
        $(#[doc = $doc:literal])*
        pub enum $name:ident {
            $(
                $(#[doc = $vdoc:literal])*
                $variant:ident = $word:literal
                $({ $( $(#[doc = $fdoc:literal])* $field:ident : $ty:ty, )* })?,
            )*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(tag = "act", deny_unknown_fields)]
        pub enum $name {
            $(
                $(#[doc = $vdoc])*
                #[serde(rename = $word)]
                $variant $({ $( $(#[doc = $fdoc])* $field: $ty, )* })?,
            )*
        }

        impl $crate::setting::Named for $name {
            const DOCS: &'static [$crate::setting::ActDoc] = &[
                $(
                    $crate::setting::ActDoc {
                        name: $word,
                        meaning: &[$($vdoc),*],
                        keys: &[ $( $( (stringify!($field), &[$($fdoc),*]), )* )? ],
                    },
                )*
            ];
        }
    };
}

pub(crate) use {acts, choice, params, seen, words};
