//! What tests share: streams, peers, and statistics.

use weir_behave::{Network, Peer};
use weir_kernel::streams::Streams;
use weir_types::Entropy;

pub(crate) fn rng(seed: u64) -> Entropy {
    Streams::new(seed).stream("test", "test")
}

pub(crate) fn peer(id: u64) -> Peer {
    Peer {
        id,
        owner: id,
        active: true,
        stake_lpt: 10_000.0,
        self_stake_lpt: 2_000.0,
        reward_cut: 0.1,
        fee_share: 0.5,
        wei_per_pixel: 100.0,
        reward_ratio: 1.0,
        fees_eth: 0.0,
    }
}

pub(crate) fn network(round: u64) -> Network {
    Network { round, ..Network::default() }
}

pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

pub(crate) fn sd(values: &[f64]) -> f64 {
    let m = mean(values);
    (values.iter().map(|v| (v - m) * (v - m)).sum::<f64>() / values.len() as f64).sqrt()
}

pub(crate) fn sorted(values: &[f64]) -> Vec<f64> {
    let mut all = values.to_vec();
    all.sort_by(f64::total_cmp);
    all
}

/// The value below which a share of all lies.
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let all = sorted(values);
    all[((all.len() - 1) as f64 * share) as usize]
}

#[track_caller]
pub(crate) fn near(found: f64, wanted: f64, tolerance: f64) {
    assert!((found - wanted).abs() <= tolerance, "{found} is not {wanted} +- {tolerance}");
}
