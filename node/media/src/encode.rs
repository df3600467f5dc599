//! Pictures into H.264.

use crate::decode::one_thread;
use crate::error::MediaError;
use crate::geometry::{FrameRate, MAX_SIDE};
use crate::ladder::{Gop, H264Profile};
use ffmpeg_next as av;
use std::collections::BTreeMap;

/// Speed setting of libx264. Slower ones save bits that a live stream has no time for.
const PRESET: &str = "veryfast";
/// Highest constant rate factor of 8-bit H.264; ladders may go to 63, which other codecs know.
const CRF_MAX: u32 = 51;
/// A distance of key frames that libx264 never reaches by itself.
const NEVER: u32 = 1 << 24;
/// Smallest side that H.264 has a macroblock for.
const MIN_SIDE: u32 = 16;

/// What libx264 is told.
pub(crate) struct H264Settings<'a> {
    /// For errors.
    pub(crate) name: &'a str,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Seconds of one tick of the frames' time stamps.
    pub(crate) tick: av::Rational,
    pub(crate) rate: Option<FrameRate>,
    /// Bits per second; 0 sets no bound.
    pub(crate) bitrate: u64,
    /// Constant rate factor; 0 encodes to the bit rate, or by libx264's own factor where that is 0.
    pub(crate) quality: u32,
    pub(crate) profile: H264Profile,
    pub(crate) gop: Gop,
    /// Whether parameter sets go into the container's header instead of the stream.
    pub(crate) global_header: bool,
}

impl H264Settings<'_> {
    fn options(&self) -> av::Dictionary<'static> {
        let mut options = av::Dictionary::new();
        options.set("preset", PRESET);
        options.set("forced-idr", "1");
        let profile = match self.profile {
            H264Profile::Auto => None,
            H264Profile::Baseline => Some("baseline"),
            H264Profile::Main => Some("main"),
            H264Profile::High | H264Profile::ConstrainedHigh => Some("high"),
        };
        if let Some(profile) = profile {
            options.set("profile", profile);
        }
        if matches!(self.gop, Gop::Every(_)) {
            // Key frames where they were asked for and nowhere else.
            options.set("sc_threshold", "0");
        }
        // libx264 reckons in thousands of bits, libav in 32-bit numbers.
        let bitrate = self.bitrate.clamp(1000, i32::MAX as u64).to_string();
        if self.quality > 0 {
            options.set("crf", &self.quality.min(CRF_MAX).to_string());
        } else {
            options.set("b", if self.bitrate == 0 { "0" } else { &bitrate });
        }
        if self.bitrate > 0 {
            // No second of the stream takes more than its bit rate: players buffer about as much.
            options.set("maxrate", &bitrate);
            options.set("bufsize", &bitrate);
        }
        options
    }

    fn check(&self) -> Result<(), MediaError> {
        let sides = MIN_SIDE..=MAX_SIDE;
        let even = self.width.is_multiple_of(2) && self.height.is_multiple_of(2);
        if even && sides.contains(&self.width) && sides.contains(&self.height) {
            return Ok(());
        }
        Err(MediaError::BadSize { rendition: self.name.to_owned(), width: self.width, height: self.height })
    }
}

/// An H.264 encoder on one thread.
pub(crate) struct H264Encoder {
    encoder: av::encoder::Video,
    tick: av::Rational,
    /// libx264 forgets how long frames last; they are kept by their time stamps.
    durations: BTreeMap<i64, i64>,
}

impl H264Encoder {
    /// Opens an encoder; colours and the shape of pixels are those of `like`.
    pub(crate) fn open(settings: &H264Settings<'_>, like: &av::frame::Video) -> Result<Self, MediaError> {
        settings.check()?;
        let Some(codec) = av::encoder::find_by_name("libx264") else {
            return Err(MediaError::UnsupportedEncoder {
                rendition: settings.name.to_owned(),
                encoder: "H.264: this libav lacks libx264".to_owned(),
            });
        };
        let failed = MediaError::libav("opening the H.264 encoder");
        let mut context = av::codec::Context::new_with_codec(codec);
        context.set_threading(one_thread());
        if settings.global_header {
            context.set_flags(av::codec::Flags::GLOBAL_HEADER);
        }
        let mut encoder = context.encoder().video().map_err(&failed)?;
        encoder.set_width(settings.width);
        encoder.set_height(settings.height);
        encoder.set_format(av::format::Pixel::YUV420P);
        encoder.set_time_base(settings.tick);
        encoder.set_frame_rate(settings.rate.and_then(rational));
        match settings.gop {
            Gop::Auto => {}
            Gop::Intra => encoder.set_gop(1),
            Gop::Every(_) => encoder.set_gop(NEVER),
        }
        if matches!(settings.profile, H264Profile::Baseline | H264Profile::ConstrainedHigh) {
            encoder.set_max_b_frames(0);
        }
        look_like(&mut encoder, like);
        let encoder = encoder.open_as_with(codec, settings.options()).map_err(failed)?;
        Ok(Self { encoder, tick: settings.tick, durations: BTreeMap::new() })
    }

    /// Seconds of one tick of the packets' time stamps.
    pub(crate) fn tick(&self) -> av::Rational {
        self.tick
    }

    /// What a container is told of the stream.
    pub(crate) fn parameters(&self) -> av::codec::Parameters {
        av::codec::Parameters::from(&self.encoder)
    }

    /// Takes a frame that is to be shown at `at` for `duration`.
    pub(crate) fn send(
        &mut self,
        frame: &mut av::frame::Video,
        at: i64,
        duration: i64,
        key: bool,
    ) -> Result<(), MediaError> {
        frame.set_pts(Some(at));
        frame.set_kind(if key { av::picture::Type::I } else { av::picture::Type::None });
        self.durations.insert(at, duration);
        self.encoder.send_frame(frame).map_err(MediaError::libav("encoding video"))
    }

    /// Takes the end of all frames.
    pub(crate) fn finish(&mut self) -> Result<(), MediaError> {
        self.encoder.send_eof().map_err(MediaError::libav("finishing the video"))
    }

    /// The next packet in the order of decoding, as long as there is one.
    pub(crate) fn packet(&mut self) -> Result<Option<av::Packet>, MediaError> {
        let mut packet = av::Packet::empty();
        match self.encoder.receive_packet(&mut packet) {
            Ok(()) => {
                let duration = packet.pts().and_then(|at| self.durations.remove(&at));
                packet.set_duration(duration.unwrap_or(0));
                Ok(Some(packet))
            }
            Err(av::Error::Eof | av::Error::Other { errno: av::error::EAGAIN }) => Ok(None),
            Err(e) => Err(MediaError::libav("encoding video")(e)),
        }
    }
}

/// A frame rate as libav takes it.
pub(crate) fn rational(rate: FrameRate) -> Option<av::Rational> {
    Some(av::Rational::new(i32::try_from(rate.num).ok()?, i32::try_from(rate.den).ok()?))
}

fn look_like(encoder: &mut av::codec::encoder::video::Video, frame: &av::frame::Video) {
    let shape = frame.aspect_ratio();
    if shape.numerator() > 0 && shape.denominator() > 0 {
        encoder.set_aspect_ratio(shape);
    }
    if frame.color_space() == av::color::Space::RGB {
        return;
    }
    encoder.set_colorspace(frame.color_space());
    encoder.set_color_primaries(frame.color_primaries());
    encoder.set_color_transfer_characteristic(frame.color_transfer_characteristic());
    // Formats of the J kind are full range by name, and scaling makes them limited.
    let full_by_name = frame.format().descriptor().is_some_and(|d| d.name().starts_with("yuvj"));
    encoder.set_color_range(if full_by_name { av::color::Range::MPEG } else { frame.color_range() });
}
