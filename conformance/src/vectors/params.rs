//! An orchestrator's parameters.

use num_bigint::BigInt;
use num_traits::Zero;
use serde_json::Value;
use weir_ticket::recipient::{ChainView, Recipient, RecipientConfig};
use weir_ticket::ticket::rand_hash;
use weir_ticket::{ExpirationParams, TicketParams};
use weir_types::amount::{big, unsigned};
use weir_types::{Address, B256, L1Block, Round, U256, Wei, WinProb};

use super::read::{
    address, bytes, error_of, expiration, gateway_key, hex_word, integer, maybe, number, orchestrator_key, price,
    ratio, same, secret, text, wei, win_prob, word,
};
use super::{Miss, Outcome, Tally, rules};

pub(crate) fn recipient_rand(file: &Value, tally: &mut Tally<'_>) {
    tally.each("cases", file, |c| {
        let Some(price) = price(&c["price"])? else { return Err(Miss::LeftOut(&rules::BELOW_ZERO)) };
        if integer(c, "expirationBlock")? > BigInt::from(u64::MAX) {
            return Err(Miss::LeftOut(&rules::BEYOND_64_BITS));
        }
        let secret = bytes(text(c, "secret")?)?.try_into().map_err(|_| "the secret has 32 bytes".to_owned())?;
        let r = Recipient::new(Address::repeat_byte(1), secret, RecipientConfig::default());
        let p = TicketParams {
            recipient: r.address(),
            face_value: wei(c, "faceValue")?,
            win_prob: win_prob(c)?,
            recipient_rand_hash: B256::ZERO,
            seed: hex_word(text(c, "seed")?)?,
            expiration_block: L1Block(number(c, "expirationBlock")?),
            expiration_params: expiration(c)?,
        };
        let rand = r.rand(address(text(c, "sender")?)?, &p, &price);
        same("number", rand, hex_word(text(c, "recipientRand")?)?)?;
        same("its hash", rand_hash(rand), word(text(c, "recipientRandHash")?)?)
    });
}

pub(crate) fn ticket_params(file: &Value, tally: &mut Tally<'_>) {
    tally.each("cases", file, |c| one(c, &file["constants"]));
    tally.each("winProb_faceValue_ev_result", file, win_probability);
}

fn view(c: &Value, constants: &Value) -> Outcome<ChainView> {
    let given = |key: &str, constant: &str| match c.get(key) {
        Some(_) => number(c, key),
        None => number(constants, constant),
    };
    let hash = match maybe(c, "hash") {
        Some(hash) => hash,
        None => text(constants, "hashWhenNotGiven")?.to_owned(),
    };
    Ok(ChainView {
        l1: L1Block(given("l1Block", "l1BlockWhenNotGiven")?),
        gas_price: if c["gasPrice"].is_null() { Wei::ZERO } else { wei(c, "gasPrice")? },
        round: Round(given("round", "roundWhenNotGiven")?),
        round_hash: word(&hash)?,
        previous_hash: maybe(c, "prevHash").map_or(Ok(B256::ZERO), |h| word(&h))?,
    })
}

fn one(c: &Value, constants: &Value) -> Outcome {
    let Some(price) = price(&c["price"])? else { return Err(Miss::LeftOut(&rules::BELOW_ZERO)) };
    // The float is read before parameters are asked for; where that fails there is nothing to ask with.
    if c.get("maxFloatError").is_some() {
        return Err(Miss::LeftOut(&rules::ASKED_OUTSIDE));
    }
    let config = RecipientConfig {
        ev: wei(c, "ev")?,
        redeem_gas: number(c, "redeemGas")?,
        tx_cost_multiplier: number(c, "multiplier")?,
        max_face_value: if c["maxFaceValue"].is_null() { Wei::ZERO } else { wei(c, "maxFaceValue")? },
    };
    let float = integer(c, "maxFloat")?;
    let r = Recipient::new(orchestrator_key().address(), secret(), config);
    let (view, max_float) = (view(c, constants)?, Wei(unsigned(&float)));
    let got = r.ticket_params(gateway_key().address(), &price, max_float, &view, U256::from(9u64));
    if let (Ok(p), true) = (&got, float < BigInt::from(0)) {
        same("face value", p.face_value, Wei::ZERO)?;
        same("refused there", maybe(c, "error").as_deref(), Some("insufficient sender reserve"))?;
        return Err(Miss::LeftOut(&rules::FLOAT_BELOW_ZERO));
    }
    same("error", error_of(&got), maybe(c, "error"))?;
    let multiplier = r.tx_cost_multiplier(max_float, view.gas_price);
    same("error of the multiplier", error_of(&multiplier), maybe(c, "txCostMultiplierError"))?;
    let theirs = maybe(c, "txCostMultiplier").map(|m| ratio(&m)).transpose()?;
    same("multiplier", multiplier.ok(), theirs)?;
    let Ok(p) = got else { return Ok(()) };
    same("face value", p.face_value, wei(c, "faceValue")?)?;
    same("win probability", p.win_prob, win_prob(c)?)?;
    if c.get("expirationBlock").is_some() {
        same("expiration block", p.expiration_block, L1Block(number(c, "expirationBlock")?))?;
        // The round before round 0 is -1 there.
        let round = unsigned(&integer(c, "creationRound")?.max(BigInt::from(0)));
        let theirs = ExpirationParams {
            creation_round: Round(round.to()),
            creation_round_block_hash: word(text(c, "creationRoundBlockHash")?)?,
        };
        same("round", p.expiration_params, theirs)?;
    }
    Ok(())
}

fn win_probability(row: &Value) -> Outcome {
    let cell = |i: usize| row[i].as_str().ok_or_else(|| "the row is too short".to_owned());
    let amount = |i: usize| -> Outcome<Wei> { Ok(cell(i)?.parse().map_err(|_| "no amount".to_owned())?) };
    let config = RecipientConfig { ev: amount(1)?, ..RecipientConfig::default() };
    let r = Recipient::new(Address::repeat_byte(1), secret(), config);
    let ours = r.win_prob(amount(0)?);
    let theirs = BigInt::parse_bytes(cell(2)?.as_bytes(), 16).ok_or_else(|| "no probability".to_owned())?;
    if theirs > big(U256::MAX) {
        same("probability", ours, WinProb::ONE)?;
        let (all, face_value) = (big(U256::MAX), big(amount(0)?.0));
        let share = if (&all % &face_value).is_zero() { &all / &face_value } else { &all / &face_value + 1 };
        same("the product", share * big(amount(1)?.0), theirs)?;
        return Err(Miss::LeftOut(&rules::EV_ABOVE_FACE_VALUE));
    }
    same("probability", ours, WinProb(unsigned(&theirs)))
}
