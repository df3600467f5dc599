//! Case files and stand-ins.

use num_bigint::BigInt;
use num_rational::BigRational;
use serde_json::Value;
use weir_ticket::{ExpirationParams, SigError, Signature, SigningKey, TicketVerifier};
use weir_types::{Address, B256, Credit, Round, U256, Wei, WinProb};

/// The case files, by name.
pub(crate) fn data(name: &str) -> Value {
    let text = match name {
        "accounting" => include_str!("../data/accounting.json"),
        "balance_updates" => include_str!("../data/balance_updates.json"),
        "ecrecover" => include_str!("../data/ecrecover.json"),
        "fees" => include_str!("../data/fees.json"),
        "nonce_limit" => include_str!("../data/nonce_limit.json"),
        "payments" => include_str!("../data/payments.json"),
        "process_payment" => include_str!("../data/process_payment.json"),
        "receive_ticket" => include_str!("../data/receive_ticket.json"),
        "recipient_rand" => include_str!("../data/recipient_rand.json"),
        "redeem_gate" => include_str!("../data/redeem_gate.json"),
        "sender_batches" => include_str!("../data/sender_batches.json"),
        "sender_validate" => include_str!("../data/sender_validate.json"),
        "signatures" => include_str!("../data/signatures.json"),
        "ticket_queue" => include_str!("../data/ticket_queue.json"),
        "winning" => include_str!("../data/winning.json"),
        "sender_monitor" => return unpacked(include_bytes!("../data/sender_monitor.json.zst")),
        "ticket_params" => return unpacked(include_bytes!("../data/ticket_params.json.zst")),
        "tickets" => return unpacked(include_bytes!("../data/tickets.json.zst")),
        other => panic!("no case file {other}"),
    };
    serde_json::from_str(text).expect("case file is JSON")
}

fn unpacked(bytes: &[u8]) -> Value {
    let text = zstd::decode_all(bytes).expect("case file is compressed with zstd");
    serde_json::from_slice(&text).expect("case file is JSON")
}

/// The rows of a list, by key.
pub(crate) fn list<'a>(v: &'a Value, key: &str) -> &'a [Value] {
    v[key].as_array().unwrap_or_else(|| panic!("no list {key}"))
}

/// The cases of a file that have this kind.
pub(crate) fn of_kind<'a>(file: &'a Value, kind: &str) -> Vec<&'a Value> {
    list(file, "cases").iter().filter(|c| c["kind"] == kind).collect()
}

pub(crate) fn text<'a>(v: &'a Value, key: &str) -> &'a str {
    v[key].as_str().unwrap_or_else(|| panic!("no text {key} in {v}"))
}

/// A text, or `None` for null and for an absent key.
pub(crate) fn maybe(v: &Value, key: &str) -> Option<String> {
    v[key].as_str().map(str::to_owned)
}

pub(crate) fn flag(v: &Value, key: &str) -> bool {
    v[key].as_bool().unwrap_or_else(|| panic!("no flag {key} in {v}"))
}

/// A whole number that is written as one, or as a decimal text.
pub(crate) fn number(v: &Value, key: &str) -> u64 {
    let n = &v[key];
    n.as_u64().or_else(|| n.as_str()?.parse().ok()).unwrap_or_else(|| panic!("no number {key} in {v}"))
}

pub(crate) fn hex_word(s: &str) -> U256 {
    U256::from_str_radix(s, 16).unwrap_or_else(|_| panic!("not a hexadecimal word: {s}"))
}

pub(crate) fn wei(v: &Value, key: &str) -> Wei {
    let n = &v[key];
    let text = n.as_str().map_or_else(|| n.to_string(), str::to_owned);
    text.parse().unwrap_or_else(|_| panic!("no amount {key} in {v}"))
}

pub(crate) fn win_prob(v: &Value) -> WinProb {
    WinProb(hex_word(text(v, "winProb")))
}

pub(crate) fn bytes(s: &str) -> Vec<u8> {
    hex::decode(s.strip_prefix("0x").unwrap_or(s)).unwrap_or_else(|_| panic!("not hexadecimal: {s}"))
}

pub(crate) fn word(s: &str) -> B256 {
    B256::from_slice(&bytes(s))
}

pub(crate) fn address(s: &str) -> Address {
    Address::from_slice(&bytes(s))
}

/// `n/d` or `n`.
pub(crate) fn ratio(s: &str) -> BigRational {
    s.parse().unwrap_or_else(|_| panic!("not a rational: {s}"))
}

pub(crate) fn credit(s: &str) -> Credit {
    Credit(ratio(s))
}

pub(crate) fn integer(v: &Value, key: &str) -> BigInt {
    let n = &v[key];
    let text = n.as_str().map_or_else(|| n.to_string(), str::to_owned);
    text.parse().unwrap_or_else(|_| panic!("no integer {key} in {v}"))
}

/// A decimal text of a rational with so many places, half away from zero.
pub(crate) fn decimal(r: &BigRational, places: u32) -> String {
    let scaled = (r * BigRational::from_integer(BigInt::from(10).pow(places))).round().to_integer();
    let negative = scaled < BigInt::from(0);
    let digits = format!("{:0>width$}", scaled.magnitude().to_string(), width = places as usize + 1);
    let (whole, rest) = digits.split_at(digits.len() - places as usize);
    format!("{}{whole}.{rest}", if negative { "-" } else { "" })
}

pub(crate) fn expiration(v: &Value) -> ExpirationParams {
    ExpirationParams {
        creation_round: Round(number(v, "creationRound")),
        creation_round_block_hash: word(text(v, "creationRoundBlockHash")),
    }
}

/// The gateway's key of the case files.
pub(crate) fn gateway_key() -> SigningKey {
    SigningKey::from_bytes([0x46; 32]).expect("key")
}

/// The orchestrator's key of the case files.
pub(crate) fn orchestrator_key() -> SigningKey {
    SigningKey::from_bytes([0x47; 32]).expect("key")
}

/// The secret of the recipients in the case files.
pub(crate) fn secret() -> [u8; 32] {
    let mut out = [0; 32];
    out[0] = 3;
    out
}

/// Takes every signature for good.
#[derive(Debug)]
pub(crate) struct Trusting;

impl TicketVerifier for Trusting {
    fn verify(&self, _: Address, _: B256, _: &Signature) -> Result<(), SigError> {
        Ok(())
    }
}

/// Payments as the network encodes them: only as much of the encoding as the case files need.
pub(crate) mod wire {
    use weir_ticket::{ExpirationParams, Payment, PriceInfo, SenderParams, Signature, TicketParams};
    use weir_types::{Address, B256, L1Block, Round, U256, Wei, WinProb};

    #[derive(Debug, Clone, Default)]
    struct Field<'a> {
        number: u64,
        varint: u64,
        bytes: &'a [u8],
    }

    fn varint(b: &mut &[u8]) -> u64 {
        let (mut out, mut shift) = (0, 0);
        loop {
            let (first, rest) = b.split_first().expect("a message ends within a number");
            *b = rest;
            out |= u64::from(first & 0x7f) << shift;
            shift += 7;
            if first & 0x80 == 0 {
                return out;
            }
        }
    }

    fn fields(mut b: &[u8]) -> Vec<Field<'_>> {
        let mut out = Vec::new();
        while !b.is_empty() {
            let tag = varint(&mut b);
            let mut f = Field { number: tag >> 3, ..Field::default() };
            match tag & 7 {
                0 => f.varint = varint(&mut b),
                2 => {
                    let len = usize::try_from(varint(&mut b)).expect("length");
                    (f.bytes, b) = b.split_at(len);
                }
                other => panic!("unknown type of field: {other}"),
            }
            out.push(f);
        }
        out
    }

    fn word(b: &[u8]) -> U256 {
        U256::from_be_slice(b)
    }

    fn block(b: &[u8]) -> L1Block {
        L1Block(word(b).to())
    }

    fn expiration(b: &[u8]) -> ExpirationParams {
        let mut out = ExpirationParams::default();
        for f in fields(b) {
            match f.number {
                1 => out.creation_round = Round(f.varint),
                2 => out.creation_round_block_hash = B256::from_slice(f.bytes),
                other => panic!("field {other} in expiration params"),
            }
        }
        out
    }

    fn params(b: &[u8]) -> TicketParams {
        let mut out = TicketParams {
            recipient: Address::ZERO,
            face_value: Wei::ZERO,
            win_prob: WinProb::ZERO,
            recipient_rand_hash: B256::ZERO,
            seed: U256::ZERO,
            expiration_block: L1Block(0),
            expiration_params: ExpirationParams::default(),
        };
        for f in fields(b) {
            match f.number {
                1 => out.recipient = Address::from_slice(f.bytes),
                2 => out.face_value = Wei(word(f.bytes)),
                3 => out.win_prob = WinProb(word(f.bytes)),
                4 => out.recipient_rand_hash = B256::from_slice(f.bytes),
                5 => out.seed = word(f.bytes),
                6 => out.expiration_block = block(f.bytes),
                7 => out.expiration_params = expiration(f.bytes),
                other => panic!("field {other} in ticket params"),
            }
        }
        out
    }

    fn sender_params(b: &[u8]) -> SenderParams {
        let mut out = SenderParams { nonce: 0, sig: Signature::INVALID };
        for f in fields(b) {
            match f.number {
                1 => out.nonce = u32::try_from(f.varint).expect("nonce"),
                2 => out.sig = Signature::lenient(f.bytes),
                other => panic!("field {other} in sender params"),
            }
        }
        out
    }

    fn price(b: &[u8]) -> PriceInfo {
        let mut out = PriceInfo::default();
        for f in fields(b) {
            match f.number {
                1 => out.price_per_unit = f.varint.cast_signed(),
                2 => out.pixels_per_unit = f.varint.cast_signed(),
                other => panic!("field {other} in a price"),
            }
        }
        out
    }

    /// The payment behind a header's text.
    pub(crate) fn payment(base64_text: &str) -> Payment {
        use base64::Engine as _;
        let raw = base64::engine::general_purpose::STANDARD.decode(base64_text).expect("base64");
        let mut out = Payment::default();
        for f in fields(&raw) {
            match f.number {
                1 => out.ticket_params = Some(params(f.bytes)),
                2 => out.sender = Address::from_slice(f.bytes),
                3 => out.expiration_params = Some(expiration(f.bytes)),
                4 => out.tickets.push(sender_params(f.bytes)),
                5 => out.expected_price = Some(price(f.bytes)),
                other => panic!("field {other} in a payment"),
            }
        }
        out
    }
}
