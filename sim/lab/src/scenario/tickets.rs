//! Whether tickets, payments and deposits of a scenario fit each other, for what is in the middle of its draws: an
//! orchestrator of usual price, at the usual price of gas.

use weir_ticket::policy::{EvPolicy, PolicyError};
use weir_ticket::recipient::RecipientConfig;
use weir_ticket::sender::SenderConfig;
use weir_types::{Credit, Millis, U256, Wei};

use super::check::{Problem, problem};
use super::{Scenario, eth, price};

/// The first thing that does not fit, if there is one.
pub(super) fn check(s: &Scenario) -> Option<Problem> {
    let policy = policy(s);
    let errors = policy.plan().err()?;
    errors.into_iter().next().map(|e| explain(s, &policy, &e))
}

/// The scenario as an operator's policy. The highest face value is what a gateway's money is sure to pay.
fn policy(s: &Scenario) -> EvPolicy {
    let (o, g) = (&s.orchestrators, &s.gateways);
    let worth = |wei: u64| Credit::from(Wei::new(u128::from(wei)));
    let (asked, limit) = (o.price_wei_per_pixel.middle(o.count.0 as usize), g.max_price_wei_per_pixel.0);
    // Nobody is paid more than gateways pay; zero lets them pay anything.
    let paid = if limit > 0.0 { asked.min(limit) } else { asked };
    let pool_size = u64::from(o.count.0.min(o.active.0));
    EvPolicy {
        tickets: RecipientConfig {
            ev: Wei::new(u128::from(o.ticket_ev_wei)),
            redeem_gas: o.redeem_gas,
            tx_cost_multiplier: u64::from(o.tx_cost_multiplier.0),
            max_face_value: share(s, pool_size).min(eth(g.deposit_eth.0)),
        },
        sender: SenderConfig {
            max_ticket_ev: worth(g.max_ticket_ev_wei),
            max_total_ev: worth(g.max_total_ev_wei),
            ..SenderConfig::default()
        },
        price: price(paid * o.price_scale.0),
        units_per_second: pixels(s),
        interval: Millis::from_secs(u64::from(g.segment_seconds.0)),
        buffer: None,
        gas_price: Wei::new((s.chain.gas_price_gwei.middle(1) * 1e9).round() as u128),
        pool_size,
    }
}

/// An orchestrator's share of a gateway's reserve.
fn share(s: &Scenario, pool_size: u64) -> Wei {
    Wei(eth(s.gateways.reserve_eth.0).0 / U256::from(pool_size.max(1)))
}

/// Pixels that the ladder makes of a second of a stream.
fn pixels(s: &Scenario) -> u64 {
    let of = |step: &super::LadderStep| {
        let fps = if step.fps == 0 { s.gateways.source_fps.0 } else { step.fps };
        u64::from(step.width.0) * u64::from(step.height.0) * u64::from(fps)
    };
    s.ladder.iter().map(of).fold(0, u64::saturating_add)
}

fn explain(s: &Scenario, policy: &EvPolicy, error: &PolicyError) -> Problem {
    match error {
        PolicyError::AbovePayment { interval, total, max } => problem(
            "gateways.max_total_ev_wei",
            format!("a segment of {interval} takes tickets worth {total}, and gateways send less than {max} at once"),
            "raise it, or lower orchestrators.price_scale or gateways.segment_seconds",
        ),
        PolicyError::NotWorthRedeeming { redemption, .. } => {
            let (reserve, deposit) = (share(s, policy.pool_size), eth(s.gateways.deposit_eth.0));
            let (key, money) = if deposit < reserve {
                ("gateways.deposit_eth", format!("a deposit of {deposit}"))
            } else {
                let n = policy.pool_size;
                ("gateways.reserve_eth", format!("a reserve of {reserve} for each of {n} orchestrators"))
            };
            let ev = policy.tickets.ev;
            problem(
                key,
                format!("{money} pays no winner: a redemption costs {redemption}, and a ticket is worth {ev}"),
                "raise it: a winner is worth more than its redemption and more than a ticket",
            )
        }
        PolicyError::Nonces { tickets, max } => problem(
            "orchestrators.ticket_ev_wei",
            format!("a segment takes {tickets} tickets, and orchestrators take {max} with the same parameters"),
            "raise it, and gateways.max_ticket_ev_wei with it",
        ),
        other => {
            problem("orchestrators.ticket_ev_wei", other.to_string(), "docs/tickets.md says how these belong together")
        }
    }
}
