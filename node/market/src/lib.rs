//! Prices, discovery, selection, sessions and admission of the Livepeer market, free of I/O.
//!
//! Nothing here reads a clock, opens a socket or makes its own randomness: instants, answers and
//! draws come in from a driver, decisions go out. The rules are those that go-livepeer 0.9.1
//! follows, so that a Weir node and a go-livepeer node facing the same offers act alike; where the
//! original has a defect that harms its user, the documentation of the item says what is done
//! instead.
//!
//! Map of the crate, in reading order: [`capability`] (what jobs need and nodes can do), [`price`] (what an
//! orchestrator asks and what a gateway pays at most), [`pricing`] (prices that change, and how configurations name
//! the policy), [`scores`] (performance by region, and the lowest that will do), [`selection`] (who gets the next
//! segment), [`strategy`] (other rules for that), [`ballot`] (the draw, prepared), [`sources`] (orchestrators
//! without the chain), [`discovery`] (who is asked for an offer), [`suspension`] (who rests, by refreshes or by the
//! clock), [`pool`] (the sessions of a stream), [`job_pool`] (those for jobs of a model),
//! [`class`] (what a failure says), [`admission`] (what an orchestrator accepts), [`devices`] (where it works), [`senders`] (for
//! whom), [`limits`] (timeouts as data), [`in_flight`] (how far a reader may stay behind), [`models`]
//! (what an operator has its node run), [`units`] (what AI jobs cost, and how fast they were).

pub mod admission;
pub mod ballot;
pub mod capability;
pub mod class;
pub mod devices;
pub mod discovery;
mod error;
pub mod in_flight;
pub mod job_pool;
pub mod limits;
pub mod models;
pub mod pool;
pub mod price;
pub mod pricing;
pub mod scores;
pub mod selection;
pub mod senders;
pub mod sources;
pub mod strategy;
pub mod suspension;
pub mod units;

pub use error::MarketError;
