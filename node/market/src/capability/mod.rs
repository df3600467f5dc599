//! What jobs need and nodes can do, and whether they fit.

mod capacity;
mod job;
mod runner;
mod version;

use thiserror::Error;
use weir_wire::capability::{LEGACY, covered};
use weir_wire::net::{self, CapabilityConstraints, ModelConstraint};
use weir_wire::{Bits, Capability};

pub use capacity::Capacities;
pub use job::{JobError, JobNeeds, PixelShape};
pub use runner::runner_versions;
pub use version::{Version, satisfies};

/// Why a node does not fit a job.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Unfit {
    /// Its program is too old, or does not say how old it is.
    #[error("version {found:?} is below {wanted:?}")]
    Version {
        /// The node's.
        found: String,
        /// The lowest that will do.
        wanted: String,
    },
    /// It insists on something that the job does not ask for.
    #[error("the node insists on {0}")]
    Mandatory(Capability),
    /// It lacks something that the job needs.
    #[error("the node lacks {0}")]
    Lacks(Capability),
    /// It does not have the model.
    #[error("the node does not have the model {model} for {capability}")]
    Model {
        /// What for.
        capability: Capability,
        /// Which one.
        model: String,
    },
    /// The model is not loaded.
    #[error("the model {model} for {capability} is not warm")]
    Cold {
        /// What for.
        capability: Capability,
        /// Which one.
        model: String,
    },
    /// What runs the model is too old.
    #[error("the model {model} for {capability} runs on {found:?}, at least {wanted:?} is wanted")]
    Runner {
        /// What for.
        capability: Capability,
        /// Which one.
        model: String,
        /// The node's version.
        found: String,
        /// The lowest that will do.
        wanted: String,
    },
    /// Its words of bits are fewer than the other's.
    #[error("the sets of capabilities are of different length")]
    Length,
}

/// Whether a node's capabilities are all that a job needs.
///
/// # Errors
/// The first thing that does not fit.
pub fn fits(job: &net::Capabilities, node: &net::Capabilities) -> Result<(), Unfit> {
    version_fits(job, node)?;
    if !covered(&node.mandatories, &job.bitstring) {
        return Err(missing(&node.mandatories, &job.bitstring).map_or(Unfit::Length, Unfit::Mandatory));
    }
    models_fit(job, node)?;
    if !covered(&job.bitstring, &node.bitstring) {
        return Err(missing(&job.bitstring, &node.bitstring).map_or(Unfit::Length, Unfit::Lacks));
    }
    Ok(())
}

/// Whether a node's program is as new as a job wants.
///
/// # Errors
/// It is not.
pub fn version_fits(job: &net::Capabilities, node: &net::Capabilities) -> Result<(), Unfit> {
    let wanted = job.constraints.as_ref().map_or("", |c| c.min_version.as_str());
    if satisfies(wanted, &node.version) {
        return Ok(());
    }
    Err(Unfit::Version { found: node.version.clone(), wanted: wanted.to_owned() })
}

fn models_fit(job: &net::Capabilities, node: &net::Capabilities) -> Result<(), Unfit> {
    let Some(wanted) = &job.constraints else { return Ok(()) };
    for (number, models) in &wanted.per_capability {
        // A node that names no models takes any.
        let known = node.constraints.as_ref().and_then(|c| c.per_capability.get(number));
        let Some(known) = known else { continue };
        for (model, wanted) in &models.models {
            model_fits(Capability(*number), model, wanted, known)?;
        }
    }
    Ok(())
}

fn model_fits(
    capability: Capability,
    name: &str,
    wanted: &ModelConstraint,
    known: &CapabilityConstraints,
) -> Result<(), Unfit> {
    let model = name.to_owned();
    let Some(found) = known.models.get(name) else { return Err(Unfit::Model { capability, model }) };
    if wanted.warm && !found.warm {
        return Err(Unfit::Cold { capability, model });
    }
    if !satisfies(&wanted.runner_version, &found.runner_version) {
        let (found, wanted) = (found.runner_version.clone(), wanted.runner_version.clone());
        return Err(Unfit::Runner { capability, model, found, wanted });
    }
    Ok(())
}

/// The first capability of a set that is not in another.
fn missing(set: &[u64], from: &[u64]) -> Option<Capability> {
    let other = Bits(from.to_vec());
    Bits(set.to_vec()).iter().find(|c| !other.contains(*c))
}

/// Whether a job needs nothing but what nodes could do before they told.
#[must_use]
pub fn is_legacy(job: &net::Capabilities) -> bool {
    Bits(job.bitstring.clone()).covered_by(&LEGACY.into_iter().collect())
}
