//! Deterministic discrete event kernel: queue, virtual time, random streams, network, faults, trace.
//!
//! One seed is the only source of chance. Events happen in the order of time, priority and number;
//! each is folded into one hash. The same seed and the same program give the same hash, on every
//! machine and in every build profile.
//!
//! Map, in reading order: [`queue`], [`trace`] (the hash), [`record`] (a run on disk and a later run
//! held against it), [`parting`] (two of them), [`streams`] and [`dist`] (chance), [`fault`] (what goes wrong when), [`net`] (links),
//! [`shrink`] (the smallest input that still fails).

pub mod dist;
pub mod fault;
mod ladder;
pub mod net;
pub mod parting;
pub mod queue;
pub mod record;
pub mod shrink;
pub mod streams;
pub mod trace;

pub use fault::FaultError;
pub use fault::crash::{Crash, draw_crashes};
pub use fault::kind::{End, Fault, FaultKind, Links, Manner, Outage, Side};
pub use fault::plan::{FaultPlan, Slower};
pub use fault::swarm::{Rule, Stage, SwarmConfig};
pub use fault::table::Naming;
pub use fault::window::Window;
pub use net::{Delivery, Loss, Network, NetworkConfig, Partition};
pub use parting::{Parting, part};
pub use queue::{ActorId, EventId, Fired, Kernel};
pub use record::{Difference, RecordedEvent, TraceReader, TraceVerifier, TraceWriter};
pub use streams::Streams;
pub use trace::{TraceHasher, Traced, event_digest};
