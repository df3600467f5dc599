//! What must hold at the end of a run, read from the contracts' state.
//!
//! Each check is a pure function from [`Facts`] (what the chain says, and what the logs and nodes
//! said on the way) to `Ok` or a sentence that names what broke with its figures.

use std::collections::{BTreeMap, BTreeSet};

use weir_types::{Address, LptWei, U256, Wei};

use crate::books::{Books, Pair, PairBook};

/// The chain's final state, as far as the invariants ask for it.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// ETH in existence at the start.
    pub eth_genesis: Wei,
    /// ETH by holder at the end: actors, contracts, gas.
    pub eth_now: BTreeMap<String, Wei>,
    /// LPT in existence at the start.
    pub lpt_genesis: LptWei,
    /// LPT that the Minter says it minted, over all rounds.
    pub lpt_minted: LptWei,
    /// LPT in existence at the end.
    pub lpt_supply: LptWei,
    /// Deposit plus reserve of every sender at the end.
    pub broker_funds: BTreeMap<Address, Wei>,
    /// ETH of the broker contract, which hands all of it on to the Minter.
    pub broker_balance: Wei,
    /// ETH of the Minter: deposits, reserves, and fees that were credited and not withdrawn.
    pub minter_balance: Wei,
    /// Fees that delegators and orchestrators may withdraw.
    pub pending_fees: Wei,
    /// Tickets of the redemption logs that the broker does not list as used.
    pub unused_but_redeemed: u64,
    /// Renditions of the real stream that are not what the work model said they would be.
    pub media_mismatches: Vec<String>,
    /// Names for messages.
    pub names: BTreeMap<Address, String>,
}

/// Result of one check.
pub type Verdict = Result<(), String>;

/// Pairs with more tickets than this are held to the statistical bound.
pub const TICKETS_MIN: u64 = 1000;

/// All checks by name, in the order of the summary.
#[must_use]
pub fn check(facts: &Facts, books: &Books) -> Vec<(&'static str, Verdict)> {
    vec![
        ("eth_conserved", eth_conserved(facts)),
        ("lpt_supply", lpt_supply(facts)),
        ("tickets_redeemed_once", tickets_redeemed_once(facts, books)),
        ("deposits_match_fees", deposits_match_fees(facts, books)),
        ("ev_within_4_sigma", ev_within_4_sigma(facts, &books.pair_totals())),
        ("served_within_credit", served_within_credit(books)),
        ("media_matches_model", media_matches_model(facts)),
    ]
}

fn sum(it: impl IntoIterator<Item = Wei>) -> U256 {
    it.into_iter().fold(U256::ZERO, |a, w| a.saturating_add(w.0))
}

/// Every wei of the start is somewhere at the end: with an actor, a contract, or paid for gas.
fn eth_conserved(f: &Facts) -> Verdict {
    let now = sum(f.eth_now.values().copied());
    if now == f.eth_genesis.0 && !now.is_zero() {
        return Ok(());
    }
    let parts: Vec<String> = f.eth_now.iter().map(|(k, v)| format!("{k} {v}")).collect();
    Err(format!("{} at the start, {now} wei at the end ({})", f.eth_genesis, parts.join(", ")))
}

/// Supply grew by what rewards minted and by nothing else.
fn lpt_supply(f: &Facts) -> Verdict {
    let want = f.lpt_genesis.0.saturating_add(f.lpt_minted.0);
    if want == f.lpt_supply.0 && !f.lpt_supply.is_zero() {
        return Ok(());
    }
    Err(format!("{} + {} minted is not {}", f.lpt_genesis, f.lpt_minted, f.lpt_supply))
}

/// No ticket was paid twice, and the broker knows every one as used.
fn tickets_redeemed_once(f: &Facts, b: &Books) -> Verdict {
    let mut seen = BTreeSet::new();
    for r in &b.redemptions {
        if !seen.insert(r.hash) {
            return Err(format!("ticket {} from {} was redeemed twice", r.hash, name(f, r.sender)));
        }
    }
    match f.unused_but_redeemed {
        0 => Ok(()),
        n => Err(format!("{n} redeemed tickets are not marked as used in the broker")),
    }
}

/// What left deposits and reserves is what redemptions moved. The Minter, which keeps all ETH of the
/// protocol, holds what senders own and what of the fees has not been paid out.
fn deposits_match_fees(f: &Facts, b: &Books) -> Verdict {
    let funded = sum(b.funded.values().copied());
    let withdrawn = sum(b.withdrawn.values().copied());
    let left = sum(f.broker_funds.values().copied());
    let spent = funded.saturating_sub(withdrawn).saturating_sub(left);
    let paid = sum(b.redemptions.iter().map(|r| r.paid));
    if spent != paid {
        return Err(format!("senders' funds fell by {spent} wei, redemptions moved {paid} wei"));
    }
    if !f.broker_balance.is_zero() {
        return Err(format!("broker holds {}, all ETH should be with the minter", f.broker_balance));
    }
    let face = sum(b.redemptions.iter().map(|r| r.face_value));
    if face != paid {
        return Err(format!("redeemed face values are {face} wei, deposits and reserves paid {paid} wei"));
    }
    let fees = paid.saturating_sub(b.fees_withdrawn.0);
    if f.minter_balance.0 != left.saturating_add(fees) {
        return Err(format!(
            "minter holds {}, which is not {left} wei of senders and {fees} wei of fees",
            f.minter_balance
        ));
    }
    // The contracts round every share down: claims can only fall short of the fees.
    if f.pending_fees.0 > fees {
        return Err(format!("stakers may withdraw {}, the minter holds {fees} wei of fees", f.pending_fees));
    }
    Ok(())
}

/// A deviation that comes up less often than this is none of chance. Where few tickets win, four standard deviations
/// alone are not that rare.
const CHANCE: f64 = 1e-7;

/// Over many tickets, what a gateway paid in expected value is what its orchestrator earned. A
/// winner that was not redeemed counts as not earned.
fn ev_within_4_sigma(f: &Facts, pairs: &BTreeMap<Pair, PairBook>) -> Verdict {
    for (pair, b) in pairs.iter().filter(|(_, b)| b.sent > TICKETS_MIN) {
        let diff = b.paid_ev.to_f64() - b.redeemed_wei.to_f64();
        let sigma = b.variance.sqrt();
        if diff.abs() > 4.0 * sigma && tail(diff.abs(), b.variance, b.largest) < CHANCE {
            return Err(format!(
                "{} paid {} {:.6e} wei in expected value over {} tickets, {:.6e} wei were earned: {:.1} sigma apart",
                name(f, pair.0),
                name(f, pair.1),
                b.paid_ev.to_f64(),
                b.sent,
                b.redeemed_wei.to_f64(),
                diff.abs() / sigma
            ));
        }
    }
    Ok(())
}

/// Bound of Bennett for the chance that a sum of independent numbers, none of which lies further than `largest` above its
/// mean, lies `apart` from its own.
fn tail(apart: f64, variance: f64, largest: f64) -> f64 {
    if variance <= 0.0 || largest <= 0.0 {
        return if apart > 0.0 { 0.0 } else { 1.0 };
    }
    let u = largest * apart / variance;
    libm::exp(-variance / (largest * largest) * ((1.0 + u) * libm::log1p(u) - u))
}

/// No orchestrator worked for a session whose balance was below its rule.
fn served_within_credit(b: &Books) -> Verdict {
    match b.overdrawn() {
        [] if b.served() == 0 => Err("nothing was served".to_owned()),
        [] => Ok(()),
        [first, rest @ ..] => Err(format!("{first} (and {} more)", rest.len())),
    }
}

/// The real stream's renditions have the sizes and frames on which their fees were reckoned.
fn media_matches_model(f: &Facts) -> Verdict {
    match f.media_mismatches.as_slice() {
        [] => Ok(()),
        [first, rest @ ..] => Err(format!("{first} (and {} more)", rest.len())),
    }
}

fn name(f: &Facts, a: Address) -> String {
    f.names.get(&a).cloned().unwrap_or_else(|| a.to_string())
}

#[cfg(test)]
mod tests {
    use weir_ticket::Value;
    use weir_types::{B256, Instant, Round};

    use super::*;
    use crate::books::RedemptionRow;

    const GATEWAY: Address = Address::repeat_byte(1);
    const ORCHESTRATOR: Address = Address::repeat_byte(2);

    fn redemption(nonce: u8, value: u128) -> RedemptionRow {
        RedemptionRow {
            at: Instant::ZERO,
            round: Round(1),
            sender: GATEWAY,
            recipient: ORCHESTRATOR,
            face_value: Wei::new(value),
            paid: Wei::new(value),
            gas: 100,
            fee: Wei::new(1),
            hash: B256::with_last_byte(nonce),
        }
    }

    fn sound() -> (Facts, Books) {
        let mut b = Books::default();
        b.redemptions.push(redemption(1, 60));
        b.funded.insert(GATEWAY, Wei::new(100));
        let f = Facts {
            eth_genesis: Wei::new(1000),
            eth_now: [("actors".to_owned(), Wei::new(900)), ("broker".to_owned(), Wei::new(100))].into(),
            lpt_genesis: LptWei::new(50),
            lpt_minted: LptWei::new(5),
            lpt_supply: LptWei::new(55),
            broker_funds: [(GATEWAY, Wei::new(40))].into(),
            minter_balance: Wei::new(100),
            pending_fees: Wei::new(59),
            ..Facts::default()
        };
        (f, b)
    }

    fn pair(sent: u64, paid: u128, redeemed: u128, variance: f64) -> BTreeMap<Pair, PairBook> {
        let book = PairBook {
            sent,
            paid_ev: Value::from(Wei::new(paid)),
            redeemed_wei: Wei::new(redeemed),
            variance,
            ..PairBook::default()
        };
        [((GATEWAY, ORCHESTRATOR), book)].into()
    }

    #[test]
    fn a_sound_run_passes_and_each_fault_is_named() {
        let (f, b) = sound();
        assert_eq!(eth_conserved(&f), Ok(()));
        assert_eq!(lpt_supply(&f), Ok(()));
        assert_eq!(tickets_redeemed_once(&f, &b), Ok(()));
        assert_eq!(deposits_match_fees(&f, &b), Ok(()));

        let mut lost = f.clone();
        lost.eth_now.insert("actors".to_owned(), Wei::new(899));
        assert!(eth_conserved(&lost).is_err_and(|e| e.contains("999 wei")));

        let inflated = Facts { lpt_supply: LptWei::new(56), ..f.clone() };
        assert!(lpt_supply(&inflated).is_err());

        let drained = Facts { minter_balance: Wei::new(99), ..f.clone() };
        assert!(deposits_match_fees(&drained, &b).is_err_and(|e| e.starts_with("minter holds 99")));

        let stranded = Facts { broker_balance: Wei::new(1), ..f.clone() };
        assert!(deposits_match_fees(&stranded, &b).is_err_and(|e| e.starts_with("broker holds 1")));

        let spent = Facts { broker_funds: [(GATEWAY, Wei::new(39))].into(), ..f.clone() };
        assert!(deposits_match_fees(&spent, &b).is_err_and(|e| e.contains("fell by 61")));

        let greedy = Facts { pending_fees: Wei::new(61), ..f.clone() };
        assert!(deposits_match_fees(&greedy, &b).is_err());

        let unmarked = Facts { unused_but_redeemed: 1, ..f };
        assert!(tickets_redeemed_once(&unmarked, &b).is_err());
    }

    #[test]
    fn a_ticket_paid_twice_is_found() {
        let (f, mut b) = sound();
        b.redemptions.push(redemption(1, 60));
        assert!(tickets_redeemed_once(&f, &b).is_err_and(|e| e.contains("twice")));
    }

    #[test]
    fn few_winners_deviate_further() {
        let f = Facts::default();
        // Seven winners are expected and 17 or 27 come: 3.8 and 7.6 standard deviations.
        let of = |redeemed: u128| {
            let mut all = pair(2000, 700, redeemed, 70_000.0);
            all.values_mut().for_each(|b| b.largest = 100.0);
            all
        };
        assert_eq!(ev_within_4_sigma(&f, &of(1_900)), Ok(()));
        assert!(ev_within_4_sigma(&f, &of(2_800)).is_err());
    }

    #[test]
    fn the_statistical_bound_is_four_sigma() {
        let f = Facts::default();
        assert_eq!(ev_within_4_sigma(&f, &pair(2000, 1000, 961, 100.0)), Ok(()));
        assert!(ev_within_4_sigma(&f, &pair(2000, 1000, 959, 100.0)).is_err());
        // Too few tickets for the bound to mean anything.
        assert_eq!(ev_within_4_sigma(&f, &pair(1000, 1000, 0, 100.0)), Ok(()));
    }

    #[test]
    fn a_run_that_served_nothing_proves_nothing() {
        assert!(served_within_credit(&Books::default()).is_err());
    }
}
