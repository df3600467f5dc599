//! Role machines from outside.

mod batches;
mod gateway;
mod jobs;
mod ledgers;
mod live;
mod losses;
mod orchestrator;
mod page;
mod policies;
mod redeemer;
mod remote_signer;
mod support;
mod upkeep;
mod worked_session;
mod workers;
