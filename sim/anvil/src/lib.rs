//! Anvil as a chain to run on: found, started, driven in step and stopped.
