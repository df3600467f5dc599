//! What Weir claims about speed, measured beside what it is compared with.

pub mod chain;
pub mod figures;
pub mod sim;
pub mod tickets;
