//! Tickets and their draw.

use num_bigint::BigInt;
use serde_json::Value;
use weir_ticket::sig::draw;
use weir_ticket::{Ticket, is_winning};
use weir_types::{L1Block, WinProb};

use super::read::{
    address, bytes, decimal, expiration, flag, gateway_key, hex_word, integer, list, maybe, number, ratio, same, text,
    wei, word,
};
use super::{Miss, Outcome, Tally, rules};

pub(crate) fn tickets(file: &Value, tally: &mut Tally<'_>) {
    tally.each("cases", file, ticket);
}

fn ticket(c: &Value) -> Outcome {
    // The original packs a round below zero without its sign.
    if integer(c, "creationRound")? < BigInt::from(0) {
        return Err(Miss::LeftOut(&rules::BELOW_ZERO));
    }
    let e = expiration(c)?;
    let t = Ticket {
        recipient: address(text(c, "recipient")?)?,
        sender: address(text(c, "sender")?)?,
        face_value: wei(c, "faceValue")?,
        win_prob: WinProb(text(c, "winProb")?.parse().map_err(|_| "no probability".to_owned())?),
        sender_nonce: u32::try_from(number(c, "senderNonce")?).map_err(|e| e.to_string())?,
        recipient_rand_hash: word(text(c, "recipientRandHash")?)?,
        creation_round: e.creation_round,
        creation_round_block_hash: e.creation_round_block_hash,
        params_expiration_block: L1Block(0),
    };
    same("aux data", hex::encode(t.aux_data()).as_str(), text(c, "auxData")?)?;
    same("packed length", t.packed().len() as u64, number(c, "packedLen")?)?;
    same("hash", hex::encode(t.hash()).as_str(), text(c, "hash")?)?;
    if let Some(packed) = maybe(c, "packed") {
        same("packed form", hex::encode(t.packed()), packed)?;
    }
    let ev = t.expected_value();
    same("expected value", &ev.0, &ratio(text(c, "ev")?)?)?;
    same("expected value, rounded", decimal(&ev.0, 3).as_str(), text(c, "ev3")?)?;
    let chance: f64 = text(c, "winProb10")?.parse().map_err(|_| "no chance".to_owned())?;
    same("chance", (t.win_prob.to_f64() - chance).abs() <= 0.6e-10, true)?;
    if let Some(sig) = maybe(c, "sig") {
        let ours = weir_ticket::ticket::sign_ticket(&t, &gateway_key()).map_err(|e| e.to_string())?;
        same("signature", ours.to_string(), sig)?;
        let good = weir_ticket::sig::verify(t.sender, t.hash(), &ours).is_ok();
        same("signature verifies", good, flag(c, "sigVerifies")?)?;
    }
    Ok(())
}

pub(crate) fn winning(file: &Value, tally: &mut Tally<'_>) {
    tally.each("cases", file, |c| {
        let (sig, rand) = (bytes(text(c, "sig")?)?, hex_word(text(c, "recipientRand")?)?);
        same("draw", draw(&sig, rand), hex_word(text(c, "draw")?)?)?;
        for pair in list(c, "winProb_wins")? {
            let p = WinProb(hex_word(pair[0].as_str().unwrap_or_default())?);
            same("wins", Some(is_winning(&sig, rand, p)), pair[1].as_bool())?;
        }
        Ok(())
    });
}
