//! Orchestrators that send other work than they are paid for.

use weir_types::Entropy;

use super::view::Work;
use crate::draw;
use crate::setting::{SHARE, between, choice, params};

params! {
    /// Does what it is paid for.
    pub struct Honest {}
}

params! {
    /// Sends the source back under the names of the renditions.
    pub struct CopyInput {
        /// Share of segments.
        rate: f64 = 1.0 => SHARE,
        /// Stops for good when it is caught, where true.
        until_caught: bool = false => SHARE,
        /// Time that it takes over that of honest work.
        time_factor: f64 = 0.02 => between(0.0, 1.0),
    }
}

params! {
    /// Leaves frames out.
    pub struct DropFrames {
        /// Share of segments.
        rate: f64 = 1.0 => SHARE,
        /// Stops for good when it is caught, where true.
        until_caught: bool = false => SHARE,
        /// Share of the frames that is missing.
        share: f64 = 0.5 => SHARE,
    }
}

params! {
    /// Works with a cheaper setting or a smaller model.
    pub struct CheapModel {
        /// Share of segments.
        rate: f64 = 1.0 => SHARE,
        /// Stops for good when it is caught, where true.
        until_caught: bool = false => SHARE,
        /// Time that it takes over that of honest work.
        time_factor: f64 = 0.4 => between(0.0, 1.0),
    }
}

params! {
    /// Gives hashes that are not those of its work, so that nothing can be held against it.
    pub struct FakeHash {
        /// Share of segments.
        rate: f64 = 1.0 => SHARE,
        /// Stops for good when it is caught, where true.
        until_caught: bool = false => SHARE,
    }
}

params! {
    /// Bills more pixels than it made.
    pub struct OverReport {
        /// Share of segments.
        rate: f64 = 1.0 => SHARE,
        /// Stops for good when it is caught, where true.
        until_caught: bool = false => SHARE,
        /// Pixels billed over pixels made.
        factor: f64 = 1.1 => between(1.0, 1000.0),
    }
}

choice! {
    /// Whether an orchestrator does what it is paid for. Nobody is slashed on today's network: what a cheat risks is
    /// that gateways leave.
    pub enum Cheating {
        Honest(Honest) = "honest",
        CopyInput(CopyInput) = "copy_input",
        DropFrames(DropFrames) = "drop_frames",
        CheapModel(CheapModel) = "cheap_model",
        FakeHash(FakeHash) = "fake_hash",
        OverReport(OverReport) = "over_report",
    }
}

/// An orchestrator's honesty.
#[derive(Debug, Clone)]
pub(super) struct Honesty {
    rate: f64,
    until_caught: bool,
    time_factor: f64,
    work: Work,
}

impl Cheating {
    pub(super) fn build(&self) -> Honesty {
        let (rate, until_caught, time_factor, work) = match self {
            Self::Honest(_) => (0.0, false, 1.0, Work::Honest),
            Self::CopyInput(p) => (p.rate, p.until_caught, p.time_factor, Work::CopyInput),
            // Frames that are left out take no time.
            Self::DropFrames(p) => (p.rate, p.until_caught, 1.0 - p.share, Work::DropFrames { share: p.share }),
            Self::CheapModel(p) => (p.rate, p.until_caught, p.time_factor, Work::CheapModel),
            Self::FakeHash(p) => (p.rate, p.until_caught, 1.0, Work::FakeHash),
            Self::OverReport(p) => (p.rate, p.until_caught, 1.0, Work::OverReport { factor: p.factor }),
        };
        Honesty { rate, until_caught, time_factor, work }
    }
}

impl Honesty {
    /// What comes back for a segment, and its time over that of honest work.
    pub(super) fn work(&self, rng: &mut Entropy) -> (Work, f64) {
        if draw::chance(rng, self.rate) { (self.work, self.time_factor) } else { (Work::Honest, 1.0) }
    }

    pub(super) fn caught(&mut self) {
        if self.until_caught {
            self.rate = 0.0;
        }
    }
}
