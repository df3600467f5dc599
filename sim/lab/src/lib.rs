//! Scenarios, actors, runs and their results.
