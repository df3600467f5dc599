//! What scripts can use: an engine without clock, files, output and the system's mathematics.

use std::cell::RefCell;
use std::rc::Rc;

use rhai::packages::{
    ArithmeticPackage, BasicArrayPackage, BasicFnPackage, BasicIteratorPackage, BasicMapPackage, BasicStringPackage,
    LogicPackage, MoreStringPackage, Package,
};
use rhai::{Engine, EvalAltResult, FLOAT, INT};
use weir_kernel::dist;
use weir_types::Entropy;

use crate::setting::{ANY, Problem, between, params};

/// Functions that call one another, at most.
const CALLS: usize = 32;
/// Depth of an expression, outside functions and inside.
const DEPTH: usize = 64;
/// Letters of a text.
const LETTERS: usize = 65_536;
/// Elements of an array: one for each of the largest scenario's actors.
const ELEMENTS: usize = 100_000;
/// Keys of a map.
const KEYS: usize = 10_000;

params! {
    /// A script instead of rules.
    pub struct ScriptConfig {
        /// The script's file, beside the scenario.
        file: String = String::new() => ANY,
        /// Operations of the engine that a call may take.
        max_operations: u64 = 100_000 => between(100.0, 1e9),
    }
    and |p| p.file.is_empty().then(|| Problem::new("file", "is missing", "name a file beside the scenario"))
}

/// The stream of the actor that is asked at the moment.
pub(super) type Source = Rc<RefCell<Option<Entropy>>>;

/// An engine whose functions draw from a source.
pub(super) fn engine(max_operations: u64, source: &Source) -> Engine {
    let mut engine = Engine::new_raw();
    ArithmeticPackage::new().register_into_engine(&mut engine);
    LogicPackage::new().register_into_engine(&mut engine);
    BasicStringPackage::new().register_into_engine(&mut engine);
    MoreStringPackage::new().register_into_engine(&mut engine);
    BasicIteratorPackage::new().register_into_engine(&mut engine);
    BasicFnPackage::new().register_into_engine(&mut engine);
    BasicArrayPackage::new().register_into_engine(&mut engine);
    BasicMapPackage::new().register_into_engine(&mut engine);
    limits(&mut engine, max_operations);
    mathematics(&mut engine);
    draws(&mut engine, source);
    engine
}

fn limits(engine: &mut Engine, max_operations: u64) {
    engine
        .set_max_operations(max_operations)
        .set_max_call_levels(CALLS)
        .set_max_expr_depths(DEPTH, DEPTH)
        .set_max_string_size(LETTERS)
        .set_max_array_size(ELEMENTS)
        .set_max_map_size(KEYS)
        .set_strict_variables(true)
        .set_fail_on_invalid_map_property(true)
        .on_print(|_| ())
        .on_debug(|_, _, _| ());
    // The system's power function is not the same on every machine: `pow` is.
    for symbol in ["eval", "**", "**="] {
        engine.disable_symbol(symbol);
    }
}

/// Functions that are the same on every machine.
fn mathematics(engine: &mut Engine) {
    macro_rules! one {
        ($($name:literal => $f:path),*) => {$(
            engine.register_fn($name, |x: FLOAT| $f(x));
            engine.register_fn($name, |x: INT| $f(x as FLOAT));
        )*};
    }
    one!("sqrt" => libm::sqrt, "exp" => libm::exp, "ln" => libm::log, "log10" => libm::log10,
        "sin" => libm::sin, "cos" => libm::cos, "tanh" => libm::tanh,
        "floor" => libm::floor, "ceiling" => libm::ceil, "round" => libm::round);
    engine.register_fn("pow", |x: FLOAT, y: FLOAT| libm::pow(x, y));
    engine.register_fn("pow", |x: FLOAT, y: INT| libm::pow(x, y as FLOAT));
    engine.register_fn("pow", |x: INT, y: FLOAT| libm::pow(x as FLOAT, y));
    engine.register_fn("pow", |x: INT, y: INT| libm::pow(x as FLOAT, y as FLOAT));
    engine.register_fn("to_float", |x: INT| x as FLOAT);
    engine.register_fn("to_float", |x: FLOAT| x);
    engine.register_fn("to_int", |x: FLOAT| x as INT);
    engine.register_fn("to_int", |x: INT| x);
    engine.register_fn("min", |x: INT, y: FLOAT| (x as FLOAT).min(y));
    engine.register_fn("min", |x: FLOAT, y: INT| x.min(y as FLOAT));
    engine.register_fn("max", |x: INT, y: FLOAT| (x as FLOAT).max(y));
    engine.register_fn("max", |x: FLOAT, y: INT| x.max(y as FLOAT));
}

/// Chance, from the actor's stream.
fn draws(engine: &mut Engine, source: &Source) {
    let drawn = |source: &Source, draw: &dyn Fn(&mut Entropy) -> FLOAT| -> Result<FLOAT, Box<EvalAltResult>> {
        let mut source = source.borrow_mut();
        source.as_mut().map(draw).ok_or_else(|| "chance is not known here".into())
    };
    let s = source.clone();
    engine.register_fn("chance", move || drawn(&s, &Entropy::unit));
    let s = source.clone();
    engine.register_fn("normal", move || drawn(&s, &dist::normal));
}
