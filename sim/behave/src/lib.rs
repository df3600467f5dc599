//! What actors of a scenario do, and the processes around them: policies with parameters, prices, gas, demand.
pub mod data;
pub mod delegator;
pub mod draw;
pub mod error;
pub mod gateway;
pub mod keeper;
pub mod oracle;
pub mod orchestrator;
pub mod policy;
pub mod pool;
pub mod process;
pub mod script;
pub mod setting;
pub mod spread;
pub mod view;
pub mod voter;
