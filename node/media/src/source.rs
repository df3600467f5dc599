//! Files as they come in: opened, their streams chosen, their packets read.

use crate::error::MediaError;
use crate::geometry::FrameRate;
use ffmpeg_next as av;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Once;

/// Demuxers a source may be read with. Playlists and scripts are not among them: a segment from a
/// stranger could name other files or hosts in one.
const DEMUXERS: &str = "mpegts,mpeg,mpegvideo,mov,matroska,flv,avi,h264,hevc,m4v,ivf,obu,ogg,mxf,asf,gif,y4m,\
                        yuv4mpegpipe,wav,mp3,aac,ac3,eac3,flac";

/// Reads in a row that may fail before the rest of a file is given up.
const BAD_READS_MAX: u32 = 64;

/// One stream of a file.
pub(crate) struct Track {
    pub(crate) index: usize,
    /// Seconds of one tick of its time stamps.
    pub(crate) tick: av::Rational,
    pub(crate) parameters: av::codec::Parameters,
    /// Frames per second as the container tells or libav guessed.
    pub(crate) rate: Option<FrameRate>,
}

impl Track {
    fn of(stream: &av::Stream<'_>) -> Self {
        let rate = [stream.avg_frame_rate(), stream.rate()].into_iter().find_map(frame_rate);
        Self { index: stream.index(), tick: sound(stream.time_base()), parameters: stream.parameters(), rate }
    }

    /// Ticks of `seconds`.
    pub(crate) fn ticks(&self, seconds: f64) -> i64 {
        // The cast saturates.
        (seconds / f64::from(self.tick)).round() as i64
    }

    /// Ticks that a frame lasts when nothing else is known of it: one of 25 a second where not
    /// even the rate is.
    pub(crate) fn frame_ticks(&self) -> i64 {
        let seconds = self.rate.map_or(0.04, |r| 1.0 / r.as_f64());
        self.ticks(seconds).max(1)
    }
}

impl Clone for Track {
    fn clone(&self) -> Self {
        Self { index: self.index, tick: self.tick, parameters: self.parameters.clone(), rate: self.rate }
    }
}

/// A rate that an encoder can take; a broken file may tell anything.
fn frame_rate(rate: av::Rational) -> Option<FrameRate> {
    let num = u32::try_from(rate.numerator()).ok()?;
    let den = u32::try_from(rate.denominator()).ok()?;
    FrameRate::new(num, den).filter(|r| (0.01..=1000.0).contains(&r.as_f64()))
}

fn sound(tick: av::Rational) -> av::Rational {
    if tick.numerator() > 0 && tick.denominator() > 0 { tick } else { av::Rational::new(1, 90_000) }
}

/// A tick as two numbers, as [`FrameRate::index`] takes it.
pub(crate) fn pair(tick: av::Rational) -> (u32, u32) {
    let tick = sound(tick);
    (tick.numerator().unsigned_abs(), tick.denominator().unsigned_abs())
}

/// An open file.
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) input: av::format::context::Input,
}

impl Source {
    pub(crate) fn open(path: &Path) -> Result<Self, MediaError> {
        ready();
        let unreadable = |reason: &str| MediaError::Unreadable { path: path.to_owned(), reason: reason.to_owned() };
        let open = |source| MediaError::Open { path: path.to_owned(), source };
        let about = fs::metadata(path).map_err(open)?;
        // A pipe without a writer would block for ever.
        if !about.is_file() {
            return Err(unreadable("it is not a regular file"));
        }
        if about.len() == 0 {
            return Err(unreadable("it is empty"));
        }
        drop(fs::File::open(path).map_err(open)?);
        let url = url(path).ok_or_else(|| unreadable("its name is not UTF-8"))?;
        let options = [("protocol_whitelist", "file"), ("format_whitelist", DEMUXERS)].iter().collect();
        let input = av::format::input_with_dictionary(&url, options).map_err(|e| unreadable(&e.to_string()))?;
        Ok(Self { path: path.to_owned(), input })
    }

    /// The video that is transcoded: the one libav ranks first. A cover picture is none.
    pub(crate) fn video(&self) -> Result<Track, MediaError> {
        self.best(av::media::Type::Video).ok_or_else(|| MediaError::NoVideo { path: self.path.clone() })
    }

    /// The sound that goes along, if there is any.
    pub(crate) fn audio(&self) -> Option<Track> {
        self.best(av::media::Type::Audio)
    }

    fn best(&self, kind: av::media::Type) -> Option<Track> {
        let cover = av::format::stream::Disposition::ATTACHED_PIC;
        self.input.streams().best(kind).filter(|s| !s.disposition().contains(cover)).map(|s| Track::of(&s))
    }

    /// The next packet of any stream; `None` at the end. What libav cannot parse is skipped, so a
    /// damaged file yields what it still holds.
    pub(crate) fn read(&mut self) -> Result<Option<av::Packet>, MediaError> {
        for _ in 0..BAD_READS_MAX {
            let mut packet = av::Packet::empty();
            match packet.read(&mut self.input) {
                Ok(()) => return Ok(Some(packet)),
                Err(av::Error::Eof) => return Ok(None),
                Err(av::Error::InvalidData | av::Error::Other { errno: av::error::EAGAIN }) => {}
                Err(e) => return Err(MediaError::Unreadable { path: self.path.clone(), reason: e.to_string() }),
            }
        }
        Ok(None)
    }
}

/// A path as libav takes it. Without the scheme, a colon in a name would be read as one.
pub(crate) fn url(path: &Path) -> Option<String> {
    path.to_str().filter(|p| !p.contains('\0')).map(|p| format!("file:{p}"))
}

/// Readies libav: it gets words for its errors, and stays off standard error.
pub(crate) fn ready() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // With the libraries of today this cannot fail; all it does is to fill a table of texts.
        let _ = av::init();
        av::log::set_level(av::log::Level::Quiet);
    });
}
