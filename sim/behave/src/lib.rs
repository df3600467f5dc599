//! What actors of a scenario do, and the processes around them: policies with parameters, prices, gas, demand.
//!
//! A behaviour is a table of parameters with a `build` into a policy. The lab shows a policy what its actor can know (a
//! `View`), gets back what it does (`Act`s), and carries that out through the role machines and the contracts. Nothing
//! here does I/O or knows a clock; chance comes from a stream that the caller hands in, so that the same parameters,
//! views and seed give the same acts on every machine.
//!
//! ```
//! use weir_behave::orchestrator::OrchestratorRules;
//! use weir_behave::script::Scripts;
//! use weir_kernel::streams::Streams;
//!
//! let rules: OrchestratorRules = toml::from_str(
//!     r#"
//!     pricing = { kind = "cost_plus", margin = 0.4 }
//!     reward_calls = { kind = "missing", rate = 0.05 }
//!     "#,
//! )?;
//! assert_eq!(rules.problem(), None);
//! let mut rng = Streams::new(7).stream("orchestrator-1", "behaviour");
//! let policy = rules.build(&mut Scripts::new(), &mut rng)?;
//! let branch = policy.clone();
//! # let _ = branch;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Map of the crate: [`setting`] (parameters that document themselves), [`spread`] (numbers that differ by actor),
//! [`data`] (calibration, with sources), [`draw`] (distributions), [`view`] (what all can know); then the actors,
//! [`orchestrator`], [`gateway`], [`delegator`], [`voter`], [`keeper`]; what is around them, [`process`], [`pool`],
//! [`oracle`]; [`script`] (behaviours written in Rhai) and [`page`] (the pages in docs/behaviours).

mod boxed;
pub mod data;
pub mod delegator;
pub mod draw;
pub mod error;
pub mod gateway;
pub mod keeper;
pub mod oracle;
pub mod orchestrator;
pub mod page;
pub mod pool;
pub mod process;
pub mod script;
pub mod setting;
pub mod spread;
pub mod view;
pub mod voter;

pub use delegator::{DelegatorPolicy, DelegatorRules, Population};
pub use error::BehaveError;
pub use gateway::{GatewayPolicy, GatewayRules};
pub use keeper::{KeeperPolicy, KeeperRules};
pub use oracle::{Oracle, OracleConfig};
pub use orchestrator::{OrchestratorPolicy, OrchestratorRules, Split};
pub use pool::{Pool, PoolConfig};
pub use process::{Process, ProcessConfig, Processes};
pub use script::{ScriptConfig, Scripts};
pub use setting::Problem;
pub use view::{Network, Peer};
pub use voter::{TreasuryPolicy, TreasuryRules, VoterPolicy, VoterRules};
