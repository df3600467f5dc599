//! Probabilistic tickets: parameters, sender and recipient engines, redemption queue, free of I/O.
