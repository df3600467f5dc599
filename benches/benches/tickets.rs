//! Tickets and the market, with criterion's statistics: `cargo bench -p weir-benches --bench tickets`.

use criterion::{Criterion, criterion_group, criterion_main};

fn tickets(c: &mut Criterion) {
    let mut group = c.benchmark_group("tickets");
    for (name, mut call) in weir_benches::tickets::calls() {
        group.bench_function(name, |b| b.iter(&mut call));
    }
    group.finish();
}

criterion_group!(benches, tickets);
criterion_main!(benches);
