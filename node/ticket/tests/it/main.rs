//! Tests of tickets and payments.

mod balance;
mod monitor;
mod payment;
mod policy;
mod properties;
mod queue;
mod queue_properties;
mod recipient;
mod sender;
mod signature;
mod statistics;
mod support;
mod ticket;
mod topup;
