//! Scripts that are read, and asked.

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use rhai::serde::{from_dynamic, to_dynamic};
use rhai::{AST, Array, CallFnOptions, Dynamic, Engine, EvalAltResult, Map, Position, Scope};
use serde::Serialize;
use serde::de::DeserializeOwned;
use weir_types::Entropy;

use super::engine::{ScriptConfig, Source, engine};
use super::fault;
use crate::error::BehaveError;
use crate::setting::Named;

/// The scripts of a scenario. The caller reads the files; here are their texts.
#[derive(Debug, Clone, Default)]
pub struct Scripts {
    texts: BTreeMap<String, String>,
    programs: BTreeMap<(String, u64), Rc<Program>>,
}

impl Scripts {
    /// No scripts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a script's text under the name that behaviours give it.
    ///
    /// # Errors
    /// When the text is no script.
    pub fn add(&mut self, name: &str, text: &str) -> Result<(), BehaveError> {
        let standard = ScriptConfig::default().max_operations;
        let program = Program::read(name, text, standard)?;
        self.programs.insert((name.to_owned(), standard), Rc::new(program));
        self.texts.insert(name.to_owned(), text.to_owned());
        Ok(())
    }

    /// The script of a behaviour, with a state of its own.
    ///
    /// # Errors
    /// When it was not added.
    pub fn get(&mut self, config: &ScriptConfig) -> Result<Script, BehaveError> {
        let key = (config.file.clone(), config.max_operations);
        let program = match self.programs.get(&key) {
            Some(program) => program.clone(),
            None => {
                let Some(text) = self.texts.get(&config.file) else {
                    let known: Vec<&str> = self.texts.keys().map(String::as_str).collect();
                    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                    return Err(BehaveError::UnknownScript { name: config.file.clone(), known });
                };
                let program = Rc::new(Program::read(&config.file, text, config.max_operations)?);
                self.programs.insert(key, program.clone());
                program
            }
        };
        Ok(Script { program, state: None })
    }

    /// The script of a behaviour that is asked what it does.
    ///
    /// # Errors
    /// When it was not added, or has no function `think(view)`.
    pub fn thinking(&mut self, config: &ScriptConfig) -> Result<Script, BehaveError> {
        let script = self.get(config)?;
        script.needs("think")?;
        Ok(script)
    }
}

/// A script that is read. All its actors share it.
struct Program {
    name: String,
    text: String,
    max_operations: u64,
    engine: Engine,
    ast: AST,
    source: Source,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Program({}, {} operations)", self.name, self.max_operations)
    }
}

impl Program {
    fn read(name: &str, text: &str, max_operations: u64) -> Result<Self, BehaveError> {
        let source = Source::default();
        let engine = engine(max_operations, &source);
        let ast = engine.compile(text).map_err(|e| fault::parsing(name, &e))?;
        let nowhere = Position::NONE;
        if runs_by_itself(&ast) {
            let help = "write it inside a function; `init()` returns what the script starts with";
            return Err(fault::at(name, nowhere, "has statements outside its functions, which nothing runs", help));
        }
        Ok(Self { name: name.to_owned(), text: text.to_owned(), max_operations, engine, ast, source })
    }

    fn has(&self, function: &str, parameters: usize) -> bool {
        self.ast.iter_functions().any(|f| f.name == function && f.params.len() == parameters)
    }

    /// Calls a function with the actor's state and stream.
    fn call(&self, function: &str, state: &mut Dynamic, args: Vec<Dynamic>, rng: &mut Entropy) -> Called {
        self.source.replace(Some(rng.clone()));
        let options = CallFnOptions::new().eval_ast(false).rewind_scope(true).bind_this_ptr(state);
        let answer = self.engine.call_fn_with_options(options, &mut Scope::new(), &self.ast, function, args);
        if let Some(drawn) = self.source.take() {
            *rng = drawn;
        }
        answer
    }

    /// Where a function begins.
    fn place(&self, function: &str) -> Position {
        let heads =
            |rest: &str| rest.trim_start().strip_prefix(function).is_some_and(|r| r.trim_start().starts_with('('));
        let head = |line: &str| line.match_indices("fn ").map(|(at, _)| at).find(|at| heads(&line[at + 3..]));
        let found = self.text.lines().enumerate().find_map(|(i, line)| Some((i, head(line)?)));
        let counted = |n: usize| u16::try_from(n + 1).ok();
        let place = found.and_then(|(line, at)| Some(Position::new(counted(line)?, counted(at)?)));
        place.unwrap_or(Position::NONE)
    }
}

/// Whether a script has statements outside its functions: an engine that stops at the first operation says so.
fn runs_by_itself(ast: &AST) -> bool {
    let mut engine = Engine::new_raw();
    engine.on_progress(|_| Some(Dynamic::UNIT));
    engine.run_ast(ast).is_err()
}

type Called = Result<Dynamic, Box<EvalAltResult>>;

/// A script with what it remembers. A copy goes its own way.
#[derive(Debug, Clone)]
pub struct Script {
    program: Rc<Program>,
    state: Option<Dynamic>,
}

impl Script {
    /// Whether it has a function with one parameter.
    #[must_use]
    pub fn has(&self, function: &str) -> bool {
        self.program.has(function, 1)
    }

    /// Asks for a function with one parameter.
    ///
    /// # Errors
    /// When the script has none.
    pub fn needs(&self, function: &str) -> Result<(), BehaveError> {
        if self.has(function) {
            return Ok(());
        }
        Err(self.fault(format!("has no function `{function}(view)`"), format!("write `fn {function}(view) {{ ... }}`")))
    }

    /// What the script does in view of something.
    ///
    /// # Errors
    /// When the script fails, takes too long, or answers with what is no act.
    pub fn acts<V: Serialize, A: Named + DeserializeOwned>(
        &mut self,
        view: &V,
        rng: &mut Entropy,
    ) -> Result<Vec<A>, BehaveError> {
        let answer = self.ask("think", view, rng)?;
        let kind = answer.type_name();
        let Some(list) = answer.try_cast::<Array>() else {
            let message = format!("`think` returned {kind}, not an array of acts");
            return Err(self.fault(message, "return `[]` to do nothing"));
        };
        list.iter().enumerate().map(|(i, act)| self.act(i + 1, act)).collect()
    }

    /// What a function of the script says in view of something.
    ///
    /// # Errors
    /// When the script fails, takes too long, or answers with something else than was asked for.
    pub fn answer<V: Serialize, T: DeserializeOwned>(
        &mut self,
        function: &str,
        view: &V,
        rng: &mut Entropy,
    ) -> Result<T, BehaveError> {
        let answer = self.ask(function, view, rng)?;
        from_dynamic(&answer).map_err(|e| {
            let message = format!("`{function}` returned something unexpected: {}", words(&e));
            self.fault(message, "docs/behaviours/scripts.md says what each function returns")
        })
    }

    fn ask<V: Serialize>(&mut self, function: &str, view: &V, rng: &mut Entropy) -> Result<Dynamic, BehaveError> {
        let program = self.program.clone();
        let seen = to_dynamic(view).map_err(|e| self.fault(format!("cannot see: {}", words(&e)), "report this"))?;
        let failed = |e: &EvalAltResult| {
            let map = seen.as_map_ref().map(|m| m.clone()).unwrap_or_default();
            fault::running(&program.name, e, program.place(function), program.max_operations, &map)
        };
        if self.state.is_none() {
            let mut state = Dynamic::from_map(Map::new());
            if program.has("init", 0) {
                state = program.call("init", &mut state.clone(), Vec::new(), rng).map_err(|e| failed(&e))?;
            }
            if !state.is_map() {
                let message = format!("`init` returned {}, not a map", state.type_name());
                return Err(self.fault(message, "return a map such as `#{ rounds: 0 }`"));
            }
            self.state = Some(state);
        }
        let Some(state) = &mut self.state else { return Ok(Dynamic::UNIT) };
        program.call(function, state, vec![seen.clone()], rng).map_err(|e| failed(&e))
    }

    /// One act out of a map.
    fn act<A: Named + DeserializeOwned>(&self, number: usize, act: &Dynamic) -> Result<A, BehaveError> {
        let known = || A::DOCS.iter().map(|d| d.name);
        let list = || known().collect::<Vec<_>>().join(", ");
        let name = act.as_map_ref().ok().and_then(|m| m.get("act").map(ToString::to_string));
        let Some(name) = name else {
            let message = format!("act {number} is {}, not a map with `act`", act.type_name());
            return Err(self.fault(message, format!("write `#{{ act: \"...\" }}` with one of: {}", list())));
        };
        let Some(docs) = A::DOCS.iter().find(|d| d.name == name) else {
            let help = fault::nearest(&name, known())
                .map_or_else(|| format!("known: {}", list()), |near| format!("did you mean `{near}`?"));
            return Err(self.fault(format!("act {number}: there is no act `{name}`"), help));
        };
        let parsed: A = from_dynamic(act).map_err(|e| {
            let keys: Vec<&str> = docs.keys.iter().map(|(key, _)| *key).collect();
            let keys = if keys.is_empty() { "no keys".to_owned() } else { keys.join(", ") };
            self.fault(format!("act {number}, `{name}`: {}", words(&e)), format!("it takes: {keys}"))
        })?;
        match unfit(act) {
            None => Ok(parsed),
            Some((key, value)) => {
                let message = format!("act {number}, `{name}`: `{key}` is {value}");
                Err(self.fault(message, "give a finite number of zero or more"))
            }
        }
    }

    fn fault(&self, message: impl Into<String>, help: impl Into<String>) -> BehaveError {
        fault::at(&self.program.name, Position::NONE, message, help)
    }
}

/// A number that no act can mean.
fn unfit(act: &Dynamic) -> Option<(String, f64)> {
    let map = act.as_map_ref().ok()?;
    let numbers = map.iter().filter_map(|(key, v)| {
        let number = v.as_float().or_else(|_| v.as_int().map(|n| n as f64)).ok()?;
        Some((key.to_string(), number))
    });
    numbers.into_iter().find(|(_, n)| !(n.is_finite() && *n >= 0.0))
}

/// The words of an error, without a place that is none.
fn words(error: &EvalAltResult) -> String {
    let text = match error.unwrap_inner() {
        EvalAltResult::ErrorParsing(kind, _) => kind.to_string(),
        EvalAltResult::ErrorMismatchOutputType(wanted, found, _) => format!("{found} where {wanted} is wanted"),
        other => other.to_string(),
    };
    text.trim_start_matches("Runtime error: ").to_owned()
}
