//! Tickets and their draw.

use weir_ticket::sig::draw;
use weir_ticket::{PriceError, PriceInfo, TicketParams, is_winning};
use weir_types::{Address, B256, L1Block, Price, Round, U256, Wei, WinProb};

use crate::support::gateway_key;

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
