//! Behaviours keep to their laws.

mod calibration;
mod delegators;
mod gateways;
mod governance;
mod market;
mod orchestrators;
mod page;
mod population;
mod processes;
mod scripts;
mod settings;
mod support;
