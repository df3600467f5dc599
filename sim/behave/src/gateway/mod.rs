//! Gateways: demand, money, checks, attacks.

mod attack;
mod demand;
mod funding;
mod policy;
mod rules;
mod view;

pub use attack::{Attack, DoubleSpend, Escape, Peaceful, WashFees};
pub use demand::{Calibrated, Demand, Planned, Steady};
pub use funding::{Funding, JustInTime, LetDrain, Once, TopUp};
pub use policy::GatewayPolicy;
pub use rules::{Checks, GatewayRules};
pub use view::{Act, Finding, Moment, View};
