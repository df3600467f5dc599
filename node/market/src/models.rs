//! The models that an operator has its node run.

use num_rational::BigRational;
use thiserror::Error;
use weir_types::decimal;
use weir_wire::json::{self, Field, Json, JsonError, Reader};

/// A model to run. What is absent is empty.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Model {
    /// Name of the pipeline.
    pub pipeline: String,
    /// Id of the model.
    pub model: String,
    /// Where it runs, unless this node starts it.
    pub url: String,
    /// What opens that place.
    pub token: String,
    /// Start it at once.
    pub warm: bool,
    /// Jobs at a time.
    pub capacity: i64,
    /// Price of `pixels_per_unit` units.
    pub price_per_unit: Option<BigRational>,
    /// Units of a price.
    pub pixels_per_unit: Option<BigRational>,
    /// Currency of the price; empty for wei.
    pub currency: String,
    /// Address of the gateway that the price is for; empty for all.
    pub gateway: String,
    /// What the model's runner is told, with values of any kind.
    pub optimization_flags: Flags,
}

/// Names and values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flags(pub Vec<(String, Json)>);

impl Field for Flags {
    const NAME: &'static str = "worker.OptimizationFlags";

    fn of(value: &Json) -> Result<Self, String> {
        match value {
            Json::Object(fields) => Ok(Self(fields.clone())),
            other => Err(other.kind().to_owned()),
        }
    }
}

/// A list of models that cannot be read, in the words that operators of go-livepeer know.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ModelsError {
    /// It is no list of such objects.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A price that is no number, or one without bound.
    #[error("value is not a number: {0}")]
    Price(String),
    /// An entry that is not three parts with colons between.
    #[error("invalid AI model config expected <pipeline>:<model_id>:<warm>")]
    Parts,
    /// A part that is neither yes nor no.
    #[error("strconv.ParseBool: parsing {0:?}: invalid syntax")]
    Flag(String),
}

const OBJECT: &str = "AIModelConfig";
const FIELDS: [&str; 11] = [
    "pipeline",
    "model_id",
    "url",
    "token",
    "warm",
    "capacity",
    "price_per_unit",
    "pixels_per_unit",
    "currency",
    "gateway",
    "optimization_flags",
];

/// Models from a file's text: a JSON list of objects.
///
/// # Errors
/// What of it cannot be read.
pub fn of_json(text: &str) -> Result<Vec<Model>, ModelsError> {
    let value = json::parse(text.as_bytes())?;
    let list = value.list("[]core.AIModelConfig")?;
    let (mut reader, mut prices) = (Reader::default(), Ok(()));
    let all: Vec<Model> = list
        .iter()
        .map(|value| {
            let mut model = Model::default();
            reader.object(value, "core.AIModelConfig", &FIELDS, |reader, field, value| {
                if let Err(e) = model.read(reader, field, value) {
                    prices = std::mem::replace(&mut prices, Ok(())).and(Err(e));
                }
            });
            model
        })
        .collect();
    // A price goes before fields of a wrong kind, wherever it stands.
    prices?;
    Ok(reader.end(all)?)
}

/// Models from an option's text: `pipeline:model:warm`, with commas between. Further parts say nothing.
///
/// # Errors
/// What of it cannot be read.
pub fn of_option(text: &str) -> Result<Vec<Model>, ModelsError> {
    let one = |entry: &str| {
        let mut parts = entry.split(':');
        let (Some(pipeline), Some(model), Some(warm)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(ModelsError::Parts);
        };
        let warm = flag(warm).ok_or_else(|| ModelsError::Flag(warm.to_owned()))?;
        Ok(Model { pipeline: pipeline.to_owned(), model: model.to_owned(), warm, ..Model::default() })
    };
    text.split(',').map(one).collect()
}

impl Model {
    fn read(&mut self, reader: &mut Reader, field: &'static str, value: &Json) -> Result<(), ModelsError> {
        let place = (OBJECT, field);
        match field {
            "pipeline" => reader.put(&mut self.pipeline, value, place),
            "model_id" => reader.put(&mut self.model, value, place),
            "url" => reader.put(&mut self.url, value, place),
            "token" => reader.put(&mut self.token, value, place),
            "warm" => reader.put(&mut self.warm, value, place),
            "capacity" => reader.put(&mut self.capacity, value, place),
            "price_per_unit" => self.price_per_unit = Some(price(value)?),
            "pixels_per_unit" => self.pixels_per_unit = Some(price(value)?),
            "currency" => reader.put(&mut self.currency, value, place),
            "gateway" => reader.put(&mut self.gateway, value, place),
            _ => reader.put(&mut self.optimization_flags, value, place),
        }
        Ok(())
    }
}

fn price(value: &Json) -> Result<BigRational, ModelsError> {
    match value {
        Json::Number(text) => decimal::ratio(text),
        _ => None,
    }
    .ok_or_else(|| ModelsError::Price(value.to_string()))
}

fn flag(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// Steps that a model's id names: the digits of its first `_<digits>step`.
#[must_use]
pub fn steps(model: &str) -> Option<u64> {
    model
        .match_indices('_')
        .find_map(|(at, _)| {
            let rest = &model[at + 1..];
            let (digits, rest) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()));
            // The first one that names any counts, also where no number holds it.
            (!digits.is_empty() && rest.starts_with("step")).then(|| digits.parse::<i64>().ok())
        })?
        .and_then(|steps| u64::try_from(steps).ok())
}
