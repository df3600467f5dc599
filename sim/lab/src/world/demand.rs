//! Streams that reach the gateways.

use std::sync::Arc;

use weir_kernel::{Streams, dist};
use weir_roles::io::{Renditions, SegmentMeta};
use weir_types::{B256, Instant, Millis, keccak256};

use crate::clip::ClipInfo;
use crate::names::numbered;
use crate::scenario::Scenario;

/// A stream that will reach a gateway.
#[derive(Debug, Clone)]
pub(crate) struct StreamPlan {
    /// Index of the gateway.
    pub(crate) gateway: usize,
    /// When it begins.
    pub(crate) start: Instant,
    segments: Segments,
    /// Width and height of its pictures.
    pub(crate) size: (u32, u32),
    /// Whether its segments are those of the real clip.
    pub(crate) real: bool,
    /// Whether it is the gateway's first: the next number is its next, as long as there is one of the same gateway.
    pub(crate) first: bool,
}

/// Segments of a stream.
#[derive(Debug, Clone)]
enum Segments {
    /// So many that differ in number alone.
    Alike { count: u64, first: SegmentMeta },
    /// Those of a clip.
    Clip(Vec<SegmentMeta>),
}

impl StreamPlan {
    /// How many segments it has.
    pub(crate) fn len(&self) -> u64 {
        match &self.segments {
            Segments::Alike { count, .. } => *count,
            Segments::Clip(all) => all.len() as u64,
        }
    }

    /// A segment, counted from 0.
    pub(crate) fn segment(&self, seq: u64) -> Option<SegmentMeta> {
        match &self.segments {
            Segments::Alike { count, first } => (seq < *count).then(|| SegmentMeta {
                seq,
                hash: description(first.stream, seq),
                profiles: Arc::clone(&first.profiles),
                ..*first
            }),
            Segments::Clip(all) => all.get(usize::try_from(seq).ok()?).cloned(),
        }
    }
}

/// All streams of a run. The index of a stream is its number.
pub(crate) fn plan(
    s: &Scenario,
    streams: &Streams,
    clip: Option<&ClipInfo>,
    begin: Instant,
    end: Instant,
) -> Vec<StreamPlan> {
    let profiles = Arc::new(Renditions::from(s.profiles()));
    let mut plans = Vec::new();
    if let (Some(r), Some(c)) = (&s.real_stream, clip) {
        plans.push(real_plan(s, r, c, &profiles, begin));
    }
    let gateways = s.gateways.count.0 as usize;
    let size = (s.gateways.source_width.0, s.gateways.source_height.0);
    for gateway in 0..gateways {
        let name = numbered("gateway", gateway, gateways);
        let mut rng = streams.stream(&name, "demand");
        let at_a_time = s.gateways.streams.draw(gateway, &mut rng);
        let mean = mean_length(s, streams, &name);
        if at_a_time <= 0.0 {
            continue;
        }
        // Little's law: streams at a time = arrivals per second × length.
        let gap = mean / at_a_time;
        let mut at = begin.as_secs_f64();
        let mut first = true;
        loop {
            at += dist::exponential(&mut rng, gap);
            let length = s.gateways.stream_seconds.draw(gateway, &mut rng);
            let room = end.as_secs_f64() - at;
            if room < f64::from(s.gateways.segment_seconds.0) {
                break;
            }
            let number = plans.len() as u64;
            let segments = modelled(s, number, length.min(room), &profiles);
            let start = Instant((at * 1e6) as u64);
            plans.push(StreamPlan { gateway, start, segments, size, real: false, first });
            first = false;
        }
    }
    plans
}

/// Mean length of a stream as drawn, cuts included.
fn mean_length(s: &Scenario, streams: &Streams, name: &str) -> f64 {
    const DRAWS: usize = 256;
    let mut rng = streams.stream(name, "stream length");
    (0..DRAWS).map(|_| s.gateways.stream_seconds.draw(0, &mut rng)).sum::<f64>() / DRAWS as f64
}

fn real_plan(
    s: &Scenario,
    r: &crate::scenario::RealStream,
    clip: &ClipInfo,
    profiles: &Arc<Renditions>,
    begin: Instant,
) -> StreamPlan {
    let segments = clip
        .segments
        .iter()
        .enumerate()
        .map(|(seq, c)| SegmentMeta {
            stream: 0,
            seq: seq as u64,
            duration: Millis(c.duration_ms),
            bytes: source_bytes(s, c.duration_ms),
            frames: c.frames,
            hash: keccak256(format!("{}/{seq}", clip.sha256)),
            profiles: Arc::clone(profiles),
        })
        .collect();
    let segments = Segments::Clip(segments);
    let start = Instant(begin.0.saturating_add((r.start_seconds.0 * 1e6) as u64));
    StreamPlan {
        gateway: r.gateway.0 as usize - 1,
        start,
        segments,
        size: (clip.width, clip.height),
        real: true,
        first: true,
    }
}

fn modelled(s: &Scenario, stream: u64, length: f64, profiles: &Arc<Renditions>) -> Segments {
    let seconds = s.gateways.segment_seconds.0;
    let count = (length / f64::from(seconds)).floor().max(1.0) as u64;
    let duration = Millis::from_secs(u64::from(seconds));
    let first = SegmentMeta {
        stream,
        seq: 0,
        duration,
        bytes: source_bytes(s, duration.0),
        frames: s.gateways.source_fps.0.saturating_mul(seconds),
        hash: B256::ZERO,
        profiles: Arc::clone(profiles),
    };
    Segments::Alike { count, first }
}

fn source_bytes(s: &Scenario, duration_ms: u64) -> u64 {
    // kilobits per second × milliseconds = bits.
    u64::from(s.gateways.source_kbps.0).saturating_mul(duration_ms) / 8
}

fn description(stream: u64, seq: u64) -> B256 {
    let mut bytes = [0u8; 16];
    bytes[..8].copy_from_slice(&stream.to_be_bytes());
    bytes[8..].copy_from_slice(&seq.to_be_bytes());
    keccak256(bytes)
}
