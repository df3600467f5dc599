//! The driver against a chain in process, over endpoints that fail in every way.

mod arbitrum;
mod batch;
mod endpoints;
mod faults;
mod identity;
mod manager;
mod price;
mod service;
mod serving;
mod support;
mod watch;
