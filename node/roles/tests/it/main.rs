//! Role machines from outside.

mod vectors;
