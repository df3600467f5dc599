//! Many delegators together move stake as the whole network did.

use weir_behave::data;
use weir_behave::delegator::{Act, DelegatorPolicy, Population};
use weir_behave::{Network, Scripts};
use weir_kernel::streams::Streams;
use weir_types::Entropy;

use crate::delegators::World;
use crate::support::{mean, near, network, peer, sd};

/// Net flow of a round over the stake before it, rewards left out, and claims and withdrawals per wallet and round.
#[derive(Debug, Default)]
struct Flows {
    net: Vec<f64>,
    claims: f64,
    withdrawals: f64,
    sold: f64,
    minted: f64,
}

fn play(seed: u64, rounds: u64) -> Flows {
    let population = Population::default();
    let streams = Streams::new(seed);
    let members = population.members(&mut streams.stream("population", "start"));
    let mut scripts = Scripts::new();
    let mut all: Vec<(World, Box<dyn DelegatorPolicy>, Entropy)> = members
        .iter()
        .enumerate()
        .map(|(i, m)| {
            let mut rng = streams.stream(&format!("delegator-{i}"), "behaviour");
            let policy = population.rules(&m.group).build(false, &mut scripts, &mut rng).expect("rules");
            (World { unclaimed: m.unclaimed_lpt, rate: 0.0, ..World::new(m.stake_lpt) }, policy, rng)
        })
        .collect();
    let delegates = [peer(1)];
    let mut flows = Flows::default();
    for round in 0..rounds {
        let before: f64 = all.iter().map(|(w, ..)| w.stake).sum();
        let minted_before: f64 = all.iter().map(|(w, ..)| w.minted).sum();
        let n = Network { bonded_lpt: before, supply_lpt: before / 0.522, ..network(round) };
        for (world, policy, rng) in &mut all {
            world.rate = n.reward_rate();
            world.round(policy.as_mut(), &n, &delegates, rng);
        }
        let after: f64 = all.iter().map(|(w, ..)| w.stake).sum();
        let minted = all.iter().map(|(w, ..)| w.minted).sum::<f64>() - minted_before;
        flows.net.push((after - before - minted) / before);
    }
    let per = all.len() as f64 * rounds as f64;
    let count = |wanted: fn(&Act) -> bool| {
        all.iter().map(|(w, ..)| w.acts.iter().filter(|(_, a)| wanted(a)).count()).sum::<usize>() as f64
    };
    flows.claims = count(|a| matches!(a, Act::Claim | Act::Unbond { .. } | Act::Bond { .. })) / per;
    flows.withdrawals = count(|a| matches!(a, Act::WithdrawStake { .. })) / per;
    flows.sold = all.iter().map(|(w, ..)| w.sold - w.bought).sum();
    flows.minted = all.iter().map(|(w, ..)| w.minted).sum();
    flows
}

/// Four times two years against the figures of 2022 to 2026.
#[test]
fn stake_flows_as_it_did() {
    let rounds = 820;
    let all: Vec<Flows> = (0..4).map(|seed| play(seed, rounds)).collect();
    let years = rounds as f64 * data::ROUND_DAYS / 365.25;
    let (jumps, core): (Vec<f64>, Vec<f64>) = all.iter().flat_map(|f| &f.net).partition(|v| v.abs() > 0.01);
    let out = jumps.iter().filter(|v| **v < 0.0).count() as f64 / jumps.len() as f64;
    let of = |figure: fn(&Flows) -> f64| mean(&all.iter().map(figure).collect::<Vec<_>>());
    // Days with more than 1 % of stake: 13 +- 5 a year, 50 to 62 % outward.
    near(jumps.len() as f64 / years / 4.0, 13.0, 5.0);
    near(out, 0.56, 0.08);
    // All other days: mean -.021 %, spread .19 +- .05 %.
    near(mean(&core), -0.00021, 0.0001);
    near(sd(&core), 0.0019, 0.0005);
    // .36 +- .08 claims of a wallet and month, .108 withdrawals.
    near(of(|f| f.claims) * 30.44 / data::ROUND_DAYS, 0.36, 0.08);
    near(of(|f| f.withdrawals) * 30.44 / data::ROUND_DAYS, 0.108, 0.03);
    // What holders take out was 17 to 128 % of a year's issuance.
    let taken = of(|f| f.sold / f.minted);
    assert!((0.17..1.28).contains(&taken), "{taken}");
}
