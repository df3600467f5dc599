//! Tickets and their draw against go-livepeer's cases.

use num_traits::ToPrimitive;
use serde_json::Value;
use weir_ticket::sig::draw;
use weir_ticket::{PriceError, PriceInfo, Ticket, TicketParams, is_winning};
use weir_types::{Address, B256, L1Block, Price, Round, U256, Wei, WinProb};

use crate::support::{
    address, bytes, data, decimal, expiration, flag, gateway_key, hex_word, list, maybe, ratio, text, wei, word,
};

fn ticket(c: &Value) -> Ticket {
    let e = expiration(c);
    Ticket {
        recipient: address(text(c, "recipient")),
        sender: address(text(c, "sender")),
        face_value: wei(c, "faceValue"),
        win_prob: WinProb(text(c, "winProb").parse().expect("decimal word")),
        sender_nonce: u32::try_from(c["senderNonce"].as_u64().expect("nonce")).expect("32 bits"),
        recipient_rand_hash: word(text(c, "recipientRandHash")),
        creation_round: e.creation_round,
        creation_round_block_hash: e.creation_round_block_hash,
        params_expiration_block: L1Block(0),
    }
}

#[test]
fn packed_form_hash_and_value() {
    let file = data("tickets");
    let all = list(&file, "cases");
    assert_eq!(all.len(), 264);
    let key = gateway_key();
    let (mut checked, mut packed, mut signed, mut negative) = (0, 0, 0, 0);
    for c in all {
        // Rounds below zero, which the original packs without their sign, do not exist here.
        if c["creationRound"].as_i64().expect("round") < 0 {
            negative += 1;
            continue;
        }
        let t = ticket(c);
        assert_eq!(hex::encode(t.aux_data()), text(c, "auxData"), "{c}");
        assert_eq!(Some(t.packed().len() as u64), c["packedLen"].as_u64(), "{c}");
        assert_eq!(hex::encode(t.hash()), text(c, "hash"), "{c}");
        if let Some(p) = maybe(c, "packed") {
            assert_eq!(hex::encode(t.packed()), p, "{c}");
            packed += 1;
        }
        let ev = t.expected_value();
        assert_eq!(ev.0, ratio(text(c, "ev")), "{c}");
        assert_eq!(decimal(&ev.0, 3), text(c, "ev3"), "{c}");
        let chance: f64 = text(c, "winProb10").parse().expect("number");
        assert!((t.win_prob.to_f64() - chance).abs() <= 0.6e-10, "{c}");
        if let Some(sig) = maybe(c, "sig") {
            let ours = weir_ticket::ticket::sign_ticket(&t, &key).expect("its sender's key");
            assert_eq!(ours.to_string(), sig, "{c}");
            assert_eq!(weir_ticket::sig::verify(t.sender, t.hash(), &ours).is_ok(), flag(c, "sigVerifies"), "{c}");
            signed += 1;
        }
        checked += 1;
    }
    assert_eq!((checked, packed, signed, negative), (261, 14, 207, 3));
}

#[test]
fn draws() {
    let file = data("winning");
    let all = list(&file, "cases");
    assert_eq!(all.len(), 96);
    let (mut answers, mut wins) = (0, 0);
    for c in all {
        let (sig, rand) = (bytes(text(c, "sig")), hex_word(text(c, "recipientRand")));
        assert_eq!(draw(&sig, rand), hex_word(text(c, "draw")), "{c}");
        for pair in list(c, "winProb_wins") {
            let p = WinProb(hex_word(pair[0].as_str().expect("probability")));
            assert_eq!(Some(is_winning(&sig, rand, p)), pair[1].as_bool(), "{p:?} in {c}");
            wins += usize::from(is_winning(&sig, rand, p));
            answers += 1;
        }
    }
    assert_eq!(answers, 960);
    assert!(wins > 200 && wins < 760, "{wins} of {answers} win");
}

#[test]
fn draw_equal_to_the_probability_loses() {
    let (sig, rand) = ([7; 65], U256::from(9u64));
    let d = draw(&sig, rand);
    assert!(!is_winning(&sig, rand, WinProb(d)));
    assert!(is_winning(&sig, rand, WinProb(d + U256::from(1u64))));
    assert!(!is_winning(&sig, rand, WinProb::ZERO));
    assert!(is_winning(&sig, rand, WinProb::ONE));
}

#[test]
fn only_the_sender_signs() {
    let params = TicketParams {
        recipient: Address::repeat_byte(1),
        face_value: Wei::new(5),
        win_prob: WinProb::ONE,
        recipient_rand_hash: B256::repeat_byte(2),
        seed: U256::ZERO,
        expiration_block: L1Block(7),
        expiration_params: weir_ticket::ExpirationParams::default(),
    };
    let other = params.ticket(Address::repeat_byte(3), 1, params.expiration_params);
    let refused = weir_ticket::ticket::sign_ticket(&other, &gateway_key());
    let text = refused.expect_err("another's ticket").to_string();
    assert_eq!(
        text,
        "signature by 0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F, expected 0x0303030303030303030303030303030303030303"
    );
}

#[test]
fn expiration_params_are_complete_with_both_parts() {
    let of =
        |round, hash| weir_ticket::ExpirationParams { creation_round: Round(round), creation_round_block_hash: hash };
    let hash = B256::repeat_byte(1);
    for (round, hash, incomplete, len) in
        [(0, B256::ZERO, true, 0), (0, hash, true, 64), (1, B256::ZERO, true, 64), (1, hash, false, 64)]
    {
        let e = of(round, hash);
        assert_eq!((e.is_incomplete(), e.aux_data().len()), (incomplete, len), "{e:?}");
    }
}

#[test]
fn prices_of_messages() {
    let info = |n, d| PriceInfo { price_per_unit: n, pixels_per_unit: d };
    let cases = [
        (info(1010, 1), Ok((1010, 1))),
        (info(2, 2), Ok((1, 1))),
        (info(-3, -6), Ok((1, 2))),
        (info(0, 7), Ok((0, 1))),
        (info(i64::MAX, i64::MAX), Ok((1, 1))),
        (info(1, 0), Err(PriceError::ZeroUnits)),
        (info(-1, 2), Err(PriceError::Negative { per_unit: -1, units: 2 })),
        (info(i64::MIN, 1), Err(PriceError::Negative { per_unit: i64::MIN, units: 1 })),
    ];
    for (info, want) in cases {
        assert_eq!(info.price(), want.map(|(n, d)| Price::new(n, d).expect("price")), "{info:?}");
    }
    let largest = Price::new(u64::MAX >> 1, 1).expect("price");
    assert_eq!(PriceInfo::of(&largest), Some(info(i64::MAX, 1)));
    assert_eq!(PriceInfo::of(&Price::new(1 << 63, 1).expect("price")), None);
    assert_eq!(PriceInfo::of(&Price::new(1, 1 << 63).expect("price")), None);
}

#[test]
fn doubles_of_expected_values() {
    let file = data("tickets");
    for c in list(&file, "cases").iter().filter(|c| c["creationRound"].as_i64() >= Some(0)) {
        let (got, want) = (ticket(c).expected_value(), ratio(text(c, "ev")).to_f64().expect("double"));
        assert_eq!(got.to_f64(), want, "{c}");
    }
}
