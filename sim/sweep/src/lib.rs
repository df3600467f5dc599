//! Many runs of a scenario: designs, cells, shards, status and merged tables.
