//! Rewards, the treasury's share, and their division.

use alloy::primitives::U256;
use weir_contracts::bindings::{BondingManager, LivepeerToken, Minter};

use super::{grown, inactive, parameter};
use crate::rules::expect::ev;
use crate::rules::net::{Net, PERC, Setup, account, lpt, n, one27, perc, share};

rules! {
    Setup::all();
    a_reward_is_for_the_active_once_a_round,
    a_reward_is_shared_by_stake_and_commission,
    rewards_are_minted_by_stake,
    own_rewards_earn_without_a_claim,
    a_missed_round_is_forfeited,
    the_treasury_gets_its_part_from_the_next_round_on,
    the_treasury_stops_at_its_ceiling,
    a_reward_counts_with_the_stake_of_its_round,
    a_reward_moves_its_orchestrator_up,
    the_vault_holds_all_stake,
}

fn minted(stake: U256, total: U256, mintable: U256) -> U256 {
    let unit = n(1_000_000_000);
    mintable * (stake * unit / total) / unit
}

fn mintable(net: &mut Net) -> U256 {
    net.read(net.d.minter, &Minter::currentMintableTokensCall {})
}

fn rewarded(net: &mut Net, done: &crate::rules::net::Done) -> U256 {
    let logs = done.logs(net.d.bonding_manager);
    let found = logs.iter().find_map(|log| {
        use alloy::sol_types::SolEvent;
        BondingManager::Reward::decode_log_data(log).ok()
    });
    found.expect("a reward is announced").amount
}

fn a_reward_is_for_the_active_once_a_round(net: &mut Net) {
    let (bm, o) = (net.d.bonding_manager, account(1));
    let call = BondingManager::rewardCall {};
    net.refuse_bonding(o, &call, inactive(net));
    net.bond(o, lpt(10), o);
    net.refuse_bonding(o, &call, inactive(net));
    net.next_round();
    let done = net.bonding(o, &call);
    let amount = rewarded(net, &done);
    net.emits(&done, bm, &[ev(&BondingManager::Reward { transcoder: o, amount })]);
    let round = net.round();
    assert_eq!(net.transcoder(o).lastRewardRound, round);
    net.refuse_bonding(o, &call, "caller has already called reward for the current round");
    let hinted = BondingManager::rewardWithHintCall { _newPosPrev: account(5), _newPosNext: account(6) };
    net.refuse_bonding(o, &hinted, "caller has already called reward for the current round");
    net.next_round();
    net.bonding(o, &hinted);
}

fn a_reward_is_shared_by_stake_and_commission(net: &mut Net) {
    let (bm, o, delegator) = (net.d.bonding_manager, account(1), account(2));
    net.orchestrator(o, lpt(1_000), 250_000, 0);
    net.bond(delegator, lpt(2_000), o);
    net.next_round();
    let round = net.round();
    let all = mintable(net);
    let done = net.reward(o);
    net.emits(&done, bm, &[ev(&BondingManager::Reward { transcoder: o, amount: all })]);
    let minter = net.d.minter;
    net.emits(
        &done,
        net.d.token,
        &[
            ev(&LivepeerToken::Transfer { from: super::NOBODY, to: minter, value: all }),
            ev(&LivepeerToken::Mint { to: minter, amount: all }),
        ],
    );
    let commission = perc(all, 250_000);
    let pool = net.earnings(o, round);
    assert_eq!((pool.totalStake, pool.transcoderRewardCut), (lpt(3_000), n(250_000)));
    assert_eq!(pool.cumulativeRewardFactor, grown(n(0), all - commission, lpt(3_000)));
    let t = net.transcoder(o);
    assert_eq!((t.cumulativeRewards, t.activeCumulativeRewards), (commission, n(0)));
    assert_eq!(net.delegator(o).delegatedAmount, lpt(3_000) + all);
    assert_eq!(net.earnings(o, round + n(1)).totalStake, lpt(3_000) + all);
    assert_eq!(net.next_total(), lpt(3_000) + all);
    let stake = share(lpt(2_000), pool.cumulativeRewardFactor, one27());
    assert_eq!(net.pending_stake(delegator), stake);
}

fn rewards_are_minted_by_stake(net: &mut Net) {
    let stakes = [(account(1), lpt(1)), (account(2), lpt(2)), (account(3), lpt(4))];
    for (who, stake) in stakes {
        net.bond(who, stake, who);
    }
    net.next_round();
    let all = mintable(net);
    let mut sum = U256::ZERO;
    for (who, stake) in stakes {
        let done = net.reward(who);
        let amount = rewarded(net, &done);
        assert_eq!(amount, minted(stake, lpt(7), all));
        sum += amount;
    }
    assert_eq!(net.read(net.d.minter, &Minter::currentMintedTokensCall {}), sum);
    assert!(sum <= all && all - sum < all / n(100_000_000));
}

fn own_rewards_earn_without_a_claim(net: &mut Net) {
    let (o, delegator) = (account(1), account(2));
    net.orchestrator(o, lpt(1_000), PERC / 2, 0);
    net.bond(delegator, lpt(1_000), o);
    net.next_round();
    net.reward(o);
    let first = net.transcoder(o).cumulativeRewards;
    let factor = net.round();
    let factor = net.earnings(o, factor).cumulativeRewardFactor;
    net.next_round();
    let all = mintable(net);
    net.reward(o);
    let round = net.round();
    let pool = net.earnings(o, round);
    let commission = perc(all, PERC / 2);
    let earned = share(all - commission, first, pool.totalStake);
    assert!(earned > n(0));
    let t = net.transcoder(o);
    assert_eq!((t.activeCumulativeRewards, t.cumulativeRewards), (first, first + earned + commission));
    assert_eq!(pool.cumulativeRewardFactor, grown(factor, all - commission, pool.totalStake));
}

fn a_missed_round_is_forfeited(net: &mut Net) {
    let (o, token) = (account(1), net.d.token);
    net.bond(o, lpt(1_000), o);
    net.next_round();
    net.reward(o);
    let round = net.round();
    let factor = net.earnings(o, round).cumulativeRewardFactor;
    let supply = net.read(token, &LivepeerToken::totalSupplyCall {});
    net.rounds(3);
    assert_eq!(net.read(token, &LivepeerToken::totalSupplyCall {}), supply, "nothing is minted for it");
    assert_eq!(net.earnings(o, round + n(3)).cumulativeRewardFactor, n(0));
    let all = mintable(net);
    net.reward(o);
    let pool = net.earnings(o, round + n(3));
    // It goes on from the last reward, with the stake that this one left.
    assert_eq!(pool.totalStake, net.earnings(o, round + n(1)).totalStake);
    assert_eq!(pool.cumulativeRewardFactor, grown(factor, all, pool.totalStake));
}

fn cut(part: u64) -> BondingManager::setTreasuryRewardCutRateCall {
    BondingManager::setTreasuryRewardCutRateCall { _cutRate: one27() / n(100) * n(part) }
}

fn the_treasury_gets_its_part_from_the_next_round_on(net: &mut Net) {
    let (d, bm, o) = (net.d, net.d.bonding_manager, account(1));
    net.bond(o, lpt(1_000), o);
    net.next_round();
    let done = net.bonding(net.owner, &cut(20));
    net.emits(&done, bm, &[parameter("nextRoundTreasuryRewardCutRate")]);
    net.reward(o);
    assert_eq!(net.lpt_of(d.treasury), n(0));
    let done = net.next_round();
    net.emits(&done, bm, &[parameter("treasuryRewardCutRate")]);
    assert_eq!(net.read(bm, &BondingManager::treasuryRewardCutRateCall {}), one27() / n(5));
    let (all, before) = (mintable(net), net.delegator(o).delegatedAmount);
    let done = net.reward(o);
    let part = all / n(5);
    net.emits(
        &done,
        bm,
        &[
            ev(&BondingManager::TreasuryReward { transcoder: o, treasury: d.treasury, amount: part }),
            ev(&BondingManager::Reward { transcoder: o, amount: all - part }),
        ],
    );
    assert_eq!(net.lpt_of(d.treasury), part);
    assert_eq!(net.delegator(o).delegatedAmount, before + all - part);
    // A rate that stays is not announced again.
    let done = net.next_round();
    net.emits(&done, bm, &[]);
}

fn the_treasury_stops_at_its_ceiling(net: &mut Net) {
    let (d, bm, o) = (net.d, net.d.bonding_manager, account(1));
    net.bond(o, lpt(1_000), o);
    net.bonding(net.owner, &cut(10));
    net.next_round();
    let done = net.bonding(net.owner, &BondingManager::setTreasuryBalanceCeilingCall { _ceiling: lpt(7) });
    net.emits(&done, bm, &[parameter("treasuryBalanceCeiling")]);
    assert_eq!(net.read(bm, &BondingManager::treasuryBalanceCeilingCall {}), lpt(7));
    let give = |amount| LivepeerToken::transferCall { to: d.treasury, amount };
    net.send(net.owner, d.token, &give(lpt(7) - n(1)));
    net.reward(o);
    let next = BondingManager::nextRoundTreasuryRewardCutRateCall {};
    assert_eq!(net.read(bm, &next), one27() / n(10), "one wei short");
    let had = net.lpt_of(d.treasury);
    assert!(had >= lpt(7));
    net.next_round();
    let part = mintable(net) / n(10);
    let done = net.reward(o);
    let amount = rewarded(net, &done);
    // This round's part is still paid.
    net.emits(
        &done,
        bm,
        &[
            parameter("nextRoundTreasuryRewardCutRate"),
            ev(&BondingManager::TreasuryReward { transcoder: o, treasury: d.treasury, amount: part }),
            ev(&BondingManager::Reward { transcoder: o, amount }),
        ],
    );
    assert_eq!((net.lpt_of(d.treasury), net.read(bm, &next)), (had + part, n(0)));
    let done = net.next_round();
    net.emits(&done, bm, &[parameter("treasuryRewardCutRate")]);
    let done = net.reward(o);
    let amount = rewarded(net, &done);
    net.emits(&done, bm, &[ev(&BondingManager::Reward { transcoder: o, amount })]);
    assert_eq!(net.lpt_of(d.treasury), had + part);
}

fn a_reward_counts_with_the_stake_of_its_round(net: &mut Net) {
    let (o, rival) = (account(1), account(2));
    net.bond(o, lpt(100), o);
    net.bond(rival, lpt(300), rival);
    net.rounds(3);
    let all = mintable(net);
    // More and less stake in the same round, before the reward.
    net.bond(account(3), lpt(50), o);
    net.unbond(o, lpt(20));
    let done = net.reward(o);
    let amount = rewarded(net, &done);
    assert_eq!(amount, minted(lpt(100), lpt(400), all));
    let round = net.round();
    assert_eq!(net.earnings(o, round).totalStake, lpt(100));
    assert_eq!(net.earnings(o, round + n(1)).totalStake, lpt(130) + amount);
}

fn a_reward_moves_its_orchestrator_up(net: &mut Net) {
    let (a, b) = (account(1), account(2));
    net.bond(b, lpt(1) + n(1), b);
    net.bond(a, lpt(1), a);
    net.next_round();
    assert_eq!(net.pool(), [b, a]);
    net.reward(a);
    assert_eq!(net.pool(), [a, b]);
}

fn the_vault_holds_all_stake(net: &mut Net) {
    let people = [account(1), account(2), account(3)];
    net.bonding(net.owner, &cut(10));
    net.orchestrator(people[0], lpt(1_000), 30_000, 0);
    net.orchestrator(people[1], lpt(700), 500_000, 0);
    net.bond(people[2], lpt(77), people[1]);
    net.next_round();
    for round in 0..5 {
        net.reward(people[0]);
        net.unbond(people[2], lpt(10));
        if round % 2 == 0 {
            net.reward(people[1]);
        }
        net.next_round();
        let mut wanted = U256::ZERO;
        for who in people {
            wanted += net.delegator(who).delegatedAmount;
        }
        wanted += lpt(10) * n(round + 1);
        assert_eq!(net.lpt_of(net.d.minter), wanted);
    }
}
