//! The start population is the measured one.

use weir_behave::data;
use weir_behave::delegator::{Arrivals, ByBands, Member, Population, Start, assign, delegate_stakes};

use crate::support::{near, rng, sorted};

fn members(wallets: u32, seed: u64) -> Vec<Member> {
    let start = Start::Bands(ByBands { wallets, ..ByBands::default() });
    Population { start, ..Population::default() }.members(&mut rng(seed))
}

fn principals(members: &[Member]) -> Vec<f64> {
    members.iter().map(|m| m.stake_lpt - m.unclaimed_lpt).collect()
}

fn gini(values: &[f64]) -> f64 {
    let all = sorted(values);
    let n = all.len() as f64;
    let weighted: f64 = all.iter().enumerate().map(|(i, v)| (i as f64 + 1.0) * v).sum();
    2.0 * weighted / (n * all.iter().sum::<f64>()) - (n + 1.0) / n
}

/// Fewest of the largest that hold more than a share.
fn nakamoto(sorted_down: &[f64], share: f64) -> usize {
    let total: f64 = sorted_down.iter().sum();
    let mut sum = 0.0;
    sorted_down
        .iter()
        .position(|v| {
            sum += v;
            sum > share * total
        })
        .map_or(0, |at| at + 1)
}

#[test]
fn bands_are_exact_in_count_and_in_stake() {
    for seed in 0..5 {
        let all = principals(&members(3222, seed));
        assert_eq!(all.len(), 3222);
        for band in &data::BANDS {
            let inside: Vec<f64> = all.iter().copied().filter(|v| *v >= band.from && *v < band.to).collect();
            assert_eq!(inside.len(), band.wallets as usize, "from {}", band.from);
            let mean = inside.iter().sum::<f64>() / inside.len() as f64;
            near(mean / band.mean_lpt, 1.0, 0.001);
        }
    }
}

#[test]
fn concentration_is_the_measured_one() {
    for seed in 0..5 {
        let all = principals(&members(3222, seed));
        let total: f64 = all.iter().sum();
        near(total, data::PRINCIPAL_LPT, 20_000.0);
        near(gini(&all), 0.964, 0.01);
        near(all.iter().take(10).sum::<f64>() / total, 0.462, 0.03);
        assert_eq!(all.iter().filter(|v| **v >= data::TAIL_KNEE_LPT).count(), data::WALLETS_ABOVE_KNEE as usize);
        assert!(all.iter().all(|v| *v <= 2e6));
    }
}

#[test]
fn part_of_the_stake_is_not_yet_claimed() {
    for m in members(500, 1) {
        near(m.unclaimed_lpt / m.stake_lpt, data::UNCLAIMED_SHARE, 1e-9);
    }
}

#[test]
fn a_small_population_keeps_the_shares() {
    let all = principals(&members(100, 2));
    assert_eq!(all.len(), 100);
    let dust = all.iter().filter(|v| **v < 1.0).count();
    assert!((26..=27).contains(&dust), "{dust}");
    assert_eq!(members(1, 3).len(), 1);
}

#[test]
fn groups_go_by_size_and_weight() {
    let all = members(3222, 4);
    let of = |name: &str| all.iter().filter(|m| m.group == name).count() as f64;
    assert_eq!(of("dust"), 854.0);
    assert_eq!(of("whales") + of("large_extractors"), 33.0);
    near(of("passive") / (3222.0 - 854.0 - 33.0), 0.38, 0.03);
    assert!(all.iter().all(|m| !m.group.is_empty()));
}

#[test]
fn lists_give_every_wallet() {
    let population: Population = toml::from_str(
        "[start]\nkind = \"list\"\nwallets = [{ stake_lpt = 5, count = 3 }, { stake_lpt = 70, group = \"passive\", delegate = 2 }]",
    )
    .unwrap();
    assert_eq!(population.problem(), None);
    let all = population.members(&mut rng(5));
    assert_eq!(all.iter().map(|m| m.stake_lpt).collect::<Vec<_>>(), [70.0, 5.0, 5.0, 5.0]);
    assert_eq!((all[0].group.as_str(), all[0].delegate), ("passive", Some(2)));
}

#[test]
fn delegates_are_the_measured_ones() {
    let all = delegate_stakes(197, data::PRINCIPAL_LPT);
    assert!(all.windows(2).all(|w| w[0] >= w[1]), "largest first");
    let total: f64 = all.iter().sum();
    near(total, data::PRINCIPAL_LPT, 1.0);
    near(all.iter().take(10).sum::<f64>() / total, 0.617, 0.02);
    assert_eq!((nakamoto(&all, 0.33), nakamoto(&all, 0.5)), (3, 6));
    let hhi: f64 = all.iter().map(|v| (v / total) * (v / total)).sum();
    near(1.0 / hhi, 13.9, 1.5);
    near(all.iter().take(50).sum::<f64>() / total, 0.945, 0.005);
    near(all.iter().take(100).sum::<f64>() / total, 0.9985, 0.001);
    assert_eq!(delegate_stakes(10, 100.0).len(), 10);
    assert_eq!(delegate_stakes(300, 100.0).len(), 300);
}

#[test]
fn delegates_get_about_the_stake_that_they_should_have() {
    let all = members(3222, 6);
    let total: f64 = all.iter().map(|m| m.stake_lpt).sum();
    let targets: Vec<(u64, f64)> =
        delegate_stakes(100, total).into_iter().enumerate().map(|(i, s)| (i as u64, s)).collect();
    let homes = assign(&all, &targets, &mut rng(7));
    let mut got = vec![0.0; 100];
    for (m, home) in all.iter().zip(&homes) {
        got[*home as usize] += m.stake_lpt;
    }
    for (i, (_, wanted)) in targets.iter().enumerate().take(20) {
        near(got[i] / wanted, 1.0, 0.05);
    }
    let got = {
        let mut g = sorted(&got);
        g.reverse();
        g
    };
    assert_eq!((nakamoto(&got, 0.33), nakamoto(&got, 0.5)), (3, 6));
}

#[test]
fn arrivals_come_at_their_rate_and_sizes() {
    let arrivals = Arrivals { per_round: data::ARRIVALS_PER_ROUND, ..Arrivals::default() };
    let population = Population { arrivals, ..Population::default() };
    let mut r = rng(8);
    let all: Vec<Member> = (0..10_000).flat_map(|_| population.arrivals(&mut r)).collect();
    near(all.len() as f64 / 10_000.0, 1.2, 0.04);
    for band in &data::BANDS {
        let inside: Vec<f64> = all.iter().map(|m| m.stake_lpt).filter(|v| *v >= band.from && *v < band.to).collect();
        near(inside.len() as f64 / all.len() as f64, f64::from(band.arrivals_2025) / 482.0, 0.015);
        let mean = inside.iter().sum::<f64>() / inside.len() as f64;
        near(mean / band.mean_lpt, 1.0, 0.2);
    }
    assert_eq!(Population::default().arrivals(&mut r), []);
}
