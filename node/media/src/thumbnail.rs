//! One picture of a file.

use crate::decode::{VideoDecoder, one_thread};
use crate::error::MediaError;
use crate::geometry::MAX_SIDE;
use crate::picture::Picture;
use crate::scale::Scaler;
use crate::source::{Source, Track};
use ffmpeg_next as av;
use std::path::Path;

/// Moments further into a file than this are sought; up to it, decoding from the start is as quick.
const SEEK_SECONDS: f64 = 10.0;
/// Quantizer of the JPEG, from 2 for the finest to 31.
const QUANTIZER: &str = "4";

/// A JPEG, `width` pixels wide, of the frame nearest to `at` seconds after the first. A moment
/// after the end gives the last frame. The height follows from the picture's shape as it is shown.
///
/// # Errors
/// [`MediaError`]: a source without a picture, a width of 0 or over
/// [`MAX_SIDE`](crate::geometry::MAX_SIDE).
pub fn thumbnail(path: &Path, at: f64, width: u32) -> Result<Vec<u8>, MediaError> {
    if width == 0 || width > MAX_SIDE {
        return Err(bad_size(width, 0));
    }
    let at = if at.is_finite() { at.max(0.0) } else { 0.0 };
    let mut picture = None;
    if at > SEEK_SECONDS {
        picture = sought(path, at)?;
    }
    if picture.is_none() {
        let mut source = Source::open(path)?;
        let video = source.video()?;
        picture = nearest(&mut source, &video, |first| first.saturating_add(video.ticks(at)))?;
    }
    match picture {
        Some(picture) => jpeg(&picture.frame, width),
        None => Err(MediaError::NoPicture { path: path.to_owned() }),
    }
}

fn bad_size(width: u32, height: u32) -> MediaError {
    MediaError::BadSize { rendition: "thumbnail".to_owned(), width, height }
}

/// The frame at a moment, found from a key frame before it; `None` where the file cannot be
/// sought or the seek came out behind the moment.
fn sought(path: &Path, at: f64) -> Result<Option<Picture>, MediaError> {
    let mut source = Source::open(path)?;
    let video = source.video()?;
    let start = source.input.stream(video.index).map_or(0, |s| s.start_time());
    if start == i64::MIN {
        return Ok(None);
    }
    let target = start.saturating_add(video.ticks(at));
    let micros = (crate::clock::seconds(target, video.tick) * 1e6) as i64;
    if source.input.seek(micros, ..micros).is_err() {
        return Ok(None);
    }
    let mut behind = false;
    let picture = nearest(&mut source, &video, |first| {
        behind = first > target;
        target
    })?;
    Ok(picture.filter(|_| !behind))
}

/// Decodes until the frame nearest to the moment that `target` makes of the first frame's time.
fn nearest(source: &mut Source, video: &Track, target: impl FnOnce(i64) -> i64) -> Result<Option<Picture>, MediaError> {
    let mut decoder = VideoDecoder::open(&source.path, video)?;
    let mut target = Some(target);
    let mut moment = 0;
    let mut best: Option<Picture> = None;
    loop {
        let packet = source.read()?;
        match &packet {
            Some(p) if p.stream() == video.index => decoder.send(Some(p)),
            Some(_) => continue,
            None => decoder.send(None),
        }
        while let Some(picture) = decoder.picture() {
            if let Some(target) = target.take() {
                moment = target(picture.pts);
            }
            let closer = best.as_ref().is_none_or(|b| picture.pts.abs_diff(moment) < b.pts.abs_diff(moment));
            let passed = picture.pts >= moment;
            if closer {
                best = Some(picture);
            }
            if passed {
                return Ok(best);
            }
        }
        if packet.is_none() {
            return Ok(best);
        }
    }
}

fn jpeg(frame: &av::frame::Video, width: u32) -> Result<Vec<u8>, MediaError> {
    let failed = MediaError::libav("encoding the JPEG");
    let height = height(frame, width).ok_or_else(|| bad_size(width, 0))?;
    let mut scaled = Scaler::new(av::format::Pixel::YUVJ420P, width, height).scale(frame)?;
    scaled.set_pts(Some(0));
    let codec = av::encoder::find(av::codec::Id::MJPEG).ok_or_else(|| failed(av::Error::EncoderNotFound))?;
    let mut context = av::codec::Context::new_with_codec(codec);
    context.set_threading(one_thread());
    let mut encoder = context.encoder().video().map_err(&failed)?;
    encoder.set_width(width);
    encoder.set_height(height);
    encoder.set_format(av::format::Pixel::YUVJ420P);
    encoder.set_color_range(av::color::Range::JPEG);
    encoder.set_time_base(av::Rational::new(1, 25));
    let options = [("qmin", QUANTIZER), ("qmax", QUANTIZER)].iter().collect();
    let mut encoder = encoder.open_as_with(codec, options).map_err(&failed)?;
    encoder.send_frame(&scaled).map_err(&failed)?;
    encoder.send_eof().map_err(&failed)?;
    let mut packet = av::Packet::empty();
    encoder.receive_packet(&mut packet).map_err(&failed)?;
    packet.data().map(<[u8]>::to_vec).ok_or_else(|| failed(av::Error::InvalidData))
}

/// Height of a picture of `width`, with its pixels made square.
fn height(frame: &av::frame::Video, width: u32) -> Option<u32> {
    let shape = frame.aspect_ratio();
    let (x, y) = match (u64::try_from(shape.numerator()), u64::try_from(shape.denominator())) {
        (Ok(x), Ok(y)) if x > 0 && y > 0 => (x, y),
        _ => (1, 1),
    };
    let across = u128::from(frame.width()) * u128::from(x);
    let down = u128::from(frame.height()) * u128::from(y) * u128::from(width);
    let height = u32::try_from((down * 2 + across).checked_div(across * 2)?).ok()?.max(1);
    (height <= MAX_SIDE).then_some(height)
}
