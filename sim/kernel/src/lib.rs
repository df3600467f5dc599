//! Deterministic discrete-event kernel: queue, random streams, network, faults, trace hash.
