//! All faults of a run, and what they say about an instant.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use weir_types::{Instant, Millis};

use crate::fault::FaultError;
use crate::fault::kind::{End, Fault, FaultKind, Manner, Outage};
use crate::fault::window::Window;
use crate::queue::ActorId;

/// Faults of a run, by the time at which they begin.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Window>", into = "Vec<Window>")]
pub struct FaultPlan {
    windows: Vec<Window>,
    /// When windows open or close.
    changes: Vec<Instant>,
    /// Windows that are open from a change to the next.
    open: Vec<Vec<u32>>,
}

/// What becomes of latency: it is multiplied, then something is added.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slower {
    /// How many times as long.
    pub factor: f64,
    /// And so much longer.
    pub add: Millis,
}

impl FaultPlan {
    /// A plan of windows in any order.
    ///
    /// # Errors
    /// What is wrong with the first bad one.
    pub fn new(mut windows: Vec<Window>) -> Result<Self, FaultError> {
        windows.iter().try_for_each(Window::check)?;
        // Windows that begin together stay in the order in which they are given.
        windows.sort_by_key(|w| w.from);
        let mut at: BTreeMap<Instant, (Vec<u32>, Vec<u32>)> = BTreeMap::new();
        for (i, w) in (0..).zip(&windows) {
            at.entry(w.from).or_default().0.push(i);
            at.entry(w.until).or_default().1.push(i);
        }
        let mut plan = Self { windows, ..Self::default() };
        let mut open = BTreeSet::new();
        for (instant, (begin, end)) in at {
            open.extend(begin);
            end.iter().for_each(|i| {
                open.remove(i);
            });
            plan.changes.push(instant);
            plan.open.push(open.iter().copied().collect());
        }
        Ok(plan)
    }

    /// All windows, by begin.
    #[must_use]
    pub fn windows(&self) -> &[Window] {
        &self.windows
    }

    /// True when nothing ever goes wrong.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.windows.is_empty()
    }

    /// When the last fault is over: from then on all is well.
    #[must_use]
    pub fn healed_at(&self) -> Instant {
        self.changes.last().copied().unwrap_or_default()
    }

    /// When a window opens or closes next.
    #[must_use]
    pub fn next_change_after(&self, now: Instant) -> Option<Instant> {
        self.changes.get(self.changes.partition_point(|at| *at <= now)).copied()
    }

    /// Windows that are open at an instant.
    pub fn open_at(&self, now: Instant) -> impl Iterator<Item = &Window> {
        let next = self.changes.partition_point(|at| *at <= now);
        let open = next.checked_sub(1).and_then(|i| self.open.get(i)).map_or(&[][..], Vec::as_slice);
        open.iter().filter_map(|i| self.windows.get(*i as usize))
    }

    /// Those of a kind.
    pub fn active(&self, kind: FaultKind, now: Instant) -> impl Iterator<Item = &Window> {
        self.open_at(now).filter(move |w| w.kind() == kind)
    }

    fn personal(&self, kind: FaultKind, actor: ActorId, now: Instant) -> impl Iterator<Item = &Fault> {
        self.active(kind, now).map(|w| &w.fault).filter(move |f| f.hits(actor))
    }

    fn linked(&self, kind: FaultKind, a: End, b: End, now: Instant) -> impl Iterator<Item = &Window> {
        self.active(kind, now).filter(move |w| w.fault.links().is_some_and(|l| l.have(a, b)))
    }

    /// Share of messages on a link that lose a packet, beside those that lose one anyway.
    #[must_use]
    pub fn loss(&self, a: End, b: End, now: Instant) -> f64 {
        let share = |w: &Window| if let Fault::Loss { share, .. } = w.fault { share } else { 0.0 };
        // One alone is its share to the last bit.
        self.linked(FaultKind::Loss, a, b, now).map(share).reduce(|x, y| x + y - x * y).unwrap_or(0.0)
    }

    /// How much slower a link is.
    #[must_use]
    pub fn latency(&self, a: End, b: End, now: Instant) -> Slower {
        let mut all = Slower { factor: 1.0, add: Millis(0) };
        for w in self.linked(FaultKind::Latency, a, b, now) {
            if let Fault::Latency { factor, add_ms, .. } = w.fault {
                all.factor *= factor;
                all.add = Millis(all.add.0.saturating_add(add_ms.0));
            }
        }
        all
    }

    /// Whether a link loses all that is sent.
    #[must_use]
    pub fn cut(&self, a: End, b: End, now: Instant) -> bool {
        self.linked(FaultKind::Partition, a, b, now).next().is_some()
    }

    /// When what is sent on a link now gets through, where the link is clogged.
    #[must_use]
    pub fn clogged_until(&self, a: End, b: End, now: Instant) -> Option<Instant> {
        let mut free = now;
        while let Some(until) = self.linked(FaultKind::Clog, a, b, free).map(|w| w.until).max() {
            free = until;
        }
        (free > now).then_some(free)
    }

    /// Whether an actor is dead.
    #[must_use]
    pub fn down(&self, actor: ActorId, now: Instant) -> bool {
        self.personal(FaultKind::Crash, actor, now).next().is_some()
    }

    /// When an actor dies and when it is back, for all its crashes. Crashes that overlap or touch are one.
    #[must_use]
    pub fn crashes(&self, actor: ActorId) -> Vec<(Instant, Instant)> {
        let mut all: Vec<(Instant, Instant)> = Vec::new();
        for w in self.windows.iter().filter(|w| w.kind() == FaultKind::Crash && w.fault.hits(actor)) {
            match all.last_mut() {
                Some((_, until)) if w.from <= *until => *until = w.until.max(*until),
                _ => all.push((w.from, w.until)),
            }
        }
        all
    }

    /// How many times as long it takes an actor to store things.
    #[must_use]
    pub fn disk_factor(&self, actor: ActorId, now: Instant) -> f64 {
        let factor = |f: &Fault| if let Fault::SlowDisk { factor, .. } = f { *factor } else { 1.0 };
        self.personal(FaultKind::SlowDisk, actor, now).map(factor).product()
    }

    /// Milliseconds by which an actor's clock is ahead.
    #[must_use]
    pub fn skew(&self, actor: ActorId, now: Instant) -> i64 {
        let offset = |f: &Fault| if let Fault::ClockSkew { offset_ms, .. } = f { *offset_ms } else { 0 };
        self.personal(FaultKind::ClockSkew, actor, now).map(offset).fold(0, i64::saturating_add)
    }

    /// What an actor's clock says.
    #[must_use]
    pub fn clock(&self, actor: ActorId, now: Instant) -> Instant {
        Instant(now.0.saturating_add_signed(self.skew(actor, now).saturating_mul(1_000)))
    }

    /// How a service fails an actor: an error before any lag, the longest lag before others.
    #[must_use]
    pub fn outage(&self, actor: ActorId, service: &str, now: Instant) -> Option<Outage> {
        let how = self.personal(FaultKind::Unreachable, actor, now).filter_map(|f| match f {
            Fault::Unreachable { service: s, how, .. } if s == service => Some(*how),
            _ => None,
        });
        how.max_by_key(|how| match how {
            Outage::LagMs(lag) => (0, *lag),
            Outage::Error => (1, Millis(0)),
        })
    }

    /// Whether blocks are made.
    #[must_use]
    pub fn sequencer_stopped(&self, now: Instant) -> bool {
        self.active(FaultKind::SequencerStop, now).next().is_some()
    }

    /// How many times as dear gas is.
    #[must_use]
    pub fn gas_factor(&self, now: Instant) -> f64 {
        let factor = |w: &Window| if let Fault::GasSpike { factor } = w.fault { factor } else { 1.0 };
        self.active(FaultKind::GasSpike, now).map(factor).product()
    }

    /// When blocks are replaced, and how many.
    pub fn reorgs(&self) -> impl Iterator<Item = (Instant, u64)> {
        self.windows.iter().filter_map(|w| match w.fault {
            Fault::Reorg { depth } => Some((w.from, depth)),
            _ => None,
        })
    }

    /// Whether an actor lacks its device.
    #[must_use]
    pub fn device_lost(&self, actor: ActorId, now: Instant) -> bool {
        self.personal(FaultKind::DeviceLoss, actor, now).next().is_some()
    }

    /// How an actor treats others, where it treats them badly: nonsense before silence.
    #[must_use]
    pub fn manner(&self, actor: ActorId, now: Instant) -> Option<Manner> {
        let manner = |f: &Fault| if let Fault::BadPeer { manner, .. } = f { Some(*manner) } else { None };
        self.personal(FaultKind::BadPeer, actor, now).filter_map(manner).max()
    }
}

impl TryFrom<Vec<Window>> for FaultPlan {
    type Error = FaultError;

    fn try_from(windows: Vec<Window>) -> Result<Self, FaultError> {
        Self::new(windows)
    }
}

impl From<FaultPlan> for Vec<Window> {
    fn from(plan: FaultPlan) -> Self {
        plan.windows
    }
}
