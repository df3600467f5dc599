//! Units of AI jobs: what an orchestrator debits for one, what a gateway pays for it, and how fast it was.

use thiserror::Error;
use weir_types::{Millis, Pixels};
use weir_wire::Capability;
use weir_wire::image::Size;

use crate::models;

/// Sides of a picture that nobody gives a size.
const PICTURE: (i64, i64) = (512, 512);
/// Height and width of a video that nobody gives a size.
const VIDEO: (i64, i64) = (576, 1024);
/// Frames of a video.
const FRAMES: i64 = 25;
/// Tokens of an answer where nobody says how many.
const TOKENS: i64 = 256;
/// Units of a second of sound, and of a character that is spoken.
const THOUSAND: i64 = 1_000;
/// What errors call the pictures of a request.
const IMAGES: &str = "number of images";
/// Models of this family say in their names how many steps they take.
const LIGHTNING: &str = "ByteDance/SDXL-Lightning";
/// Steps that such a model takes where its name does not say.
const LIGHTNING_STEPS: u32 = 8;

/// A job as far as its price goes. Numbers are those of the request's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// Pictures from a text.
    TextToImage {
        /// Rows.
        height: Option<i64>,
        /// Pixels of a row.
        width: Option<i64>,
        /// Pictures.
        images: Option<i64>,
    },
    /// Pictures from a picture, of its size.
    ImageToImage {
        /// The picture.
        image: Size,
        /// Pictures.
        images: Option<i64>,
    },
    /// A video from a picture.
    ImageToVideo {
        /// Rows.
        height: Option<i64>,
        /// Pixels of a row.
        width: Option<i64>,
    },
    /// A larger picture, paid by the size of the small one.
    Upscale(Size),
    /// Parts of a picture.
    SegmentAnything2(Size),
    /// A text from a picture.
    ImageToText(Size),
    /// A text from sound.
    AudioToText {
        /// Whole seconds of the sound.
        seconds: u64,
    },
    /// A text from a text.
    Llm {
        /// Tokens at most, which are paid for whether they come or not.
        max_tokens: Option<i64>,
    },
    /// Sound from a text.
    TextToSpeech {
        /// Unicode characters of the text, if there is one.
        characters: Option<u64>,
    },
}

/// A job that has no price, in the words that other nodes know where they have any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UnitsError {
    /// Sound of less than a second, or none that can be measured.
    #[error("audio duration calculation failed")]
    NoSound,
    /// Nothing to speak.
    #[error("text field is required")]
    NoText,
    /// A number below zero.
    #[error("{0} of a request is below zero")]
    BelowZero(&'static str),
    /// More units than can be counted.
    #[error("a request of more units than 64 bits count")]
    TooMany,
}

impl Job {
    /// What a node needs to do it.
    #[must_use]
    pub const fn capability(&self) -> Capability {
        match self {
            Self::TextToImage { .. } => Capability::TEXT_TO_IMAGE,
            Self::ImageToImage { .. } => Capability::IMAGE_TO_IMAGE,
            Self::ImageToVideo { .. } => Capability::IMAGE_TO_VIDEO,
            Self::Upscale(_) => Capability::UPSCALE,
            Self::SegmentAnything2(_) => Capability::SEGMENT_ANYTHING_2,
            Self::ImageToText(_) => Capability::IMAGE_TO_TEXT,
            Self::AudioToText { .. } => Capability::AUDIO_TO_TEXT,
            Self::Llm { .. } => Capability::LLM,
            Self::TextToSpeech { .. } => Capability::TEXT_TO_SPEECH,
        }
    }

    /// The session under which an orchestrator keeps a gateway's balance for jobs of a model.
    #[must_use]
    pub fn balance_key(&self, model: &str) -> String {
        format!("{}_{model}", self.capability().0)
    }

    /// The factors of its units with their names, as they stand in the request.
    fn factors(&self) -> Result<[(&'static str, i64); 3], UnitsError> {
        let one = ("", 1);
        let sides = |height: Option<i64>, width: Option<i64>, (default_height, default_width)| {
            (("height", height.unwrap_or(default_height)), ("width", width.unwrap_or(default_width)))
        };
        let whole = |n: u64| i64::try_from(n).map_err(|_| UnitsError::TooMany);
        let picture = |size: &Size| Ok(("pixels", whole(size.pixels())?));
        Ok(match self {
            Self::TextToImage { height, width, images } => {
                let (height, width) = sides(*height, *width, PICTURE);
                [height, width, (IMAGES, images.unwrap_or(1))]
            }
            Self::ImageToImage { image, images } => [picture(image)?, (IMAGES, images.unwrap_or(1)), one],
            Self::ImageToVideo { height, width } => {
                let (height, width) = sides(*height, *width, VIDEO);
                [height, width, ("frames", FRAMES)]
            }
            Self::Upscale(size) | Self::SegmentAnything2(size) | Self::ImageToText(size) => [picture(size)?, one, one],
            Self::AudioToText { seconds: 0 } => return Err(UnitsError::NoSound),
            Self::AudioToText { seconds } => [("seconds", whole(*seconds)?), ("", THOUSAND), one],
            Self::Llm { max_tokens } => [("number of tokens", max_tokens.unwrap_or(TOKENS)), one, one],
            Self::TextToSpeech { characters } => {
                [("characters", whole(characters.ok_or(UnitsError::NoText)?)?), ("", THOUSAND), one]
            }
        })
    }

    /// Units that an orchestrator debits: those of the request as it came.
    ///
    /// # Errors
    /// A number below zero would be a credit; and there may be more than can be counted, or no sound.
    pub fn debited(&self) -> Result<Pixels, UnitsError> {
        let factors = self.factors()?;
        if let Some((name, _)) = factors.iter().find(|(_, n)| *n < 0) {
            return Err(UnitsError::BelowZero(name));
        }
        product(factors)
    }

    /// Units that a gateway pays for before it sends a request: one picture at least, and nothing for what is below
    /// zero. What is spoken is paid by the character, as it is debited.
    ///
    /// # Errors
    /// There are more than can be counted, or there is no sound.
    pub fn paid(&self) -> Result<Pixels, UnitsError> {
        let mut factors = self.factors()?;
        for (name, n) in &mut factors {
            *n = (*n).max(i64::from(*name == IMAGES));
        }
        product(factors)
    }
}

fn product(factors: [(&'static str, i64); 3]) -> Result<Pixels, UnitsError> {
    if factors.iter().any(|(_, n)| *n == 0) {
        return Ok(Pixels(0));
    }
    let product = factors.iter().try_fold(1_i64, |product, (_, n)| product.checked_mul(*n));
    product.and_then(|units| u64::try_from(units).ok()).map(Pixels).ok_or(UnitsError::TooMany)
}

/// Steps that a pipeline takes where neither its request nor its model says how many; none where units alone count.
const fn default_steps(pipeline: Capability) -> Option<u32> {
    match pipeline {
        Capability::TEXT_TO_IMAGE => Some(50),
        Capability::IMAGE_TO_IMAGE => Some(100),
        Capability::IMAGE_TO_VIDEO => Some(25),
        Capability::UPSCALE => Some(75),
        _ => None,
    }
}

/// How slow a job was, in seconds by its units (by seconds of sound, by tokens that came) and by its steps; zero for
/// no units. For the choice of who is asked next, and never for money.
#[must_use]
pub fn latency_score(pipeline: Capability, took: Millis, units: u64, model: &str, steps: Option<i64>) -> f64 {
    if units == 0 {
        return 0.0;
    }
    let seconds = (took.0 / 1_000) as f64 + (took.0 % 1_000) as f64 / 1_000.0;
    let score = seconds / units as f64;
    let Some(default) = default_steps(pipeline) else { return score };
    let named =
        matches!(pipeline, Capability::TEXT_TO_IMAGE | Capability::IMAGE_TO_IMAGE) && model.starts_with(LIGHTNING);
    let steps = if named {
        models::steps(model).map_or(f64::from(LIGHTNING_STEPS), |steps| steps as f64)
    } else {
        steps.map_or(f64::from(default), |steps| steps as f64)
    };
    score / steps.max(1.0)
}
