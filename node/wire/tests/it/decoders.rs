//! Every decoder on well-formed messages, on a corpus, and on what comes of both when bytes are changed.

use std::fmt::Debug;
use std::fs;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use weir_wire::{Message, header, net};

/// A decoder: what it reads it must write so that it reads the same again.
type Target = (&'static str, fn(&[u8]));

fn again<M: Message + Default + PartialEq + Debug>(bytes: &[u8]) {
    if let Ok(message) = M::decode(bytes) {
        let written = message.encode_to_vec();
        assert_eq!(M::decode(written.as_slice()).expect("it was just written"), message);
        let header = header::encode(&message);
        assert_eq!(header::decode::<M>(&header).expect("it was just written"), message);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = header::decode::<M>(text);
    }
}

macro_rules! targets {
    ($($message:ident),* $(,)?) => {
        const TARGETS: &[Target] = &[$((stringify!($message), again::<net::$message>)),*];
    };
}

targets! {
    PingPong, EndTranscodingSessionRequest, EndTranscodingSessionResponse, OrchestratorRequest, OsInfo, S3OsInfo,
    PriceInfo, Capabilities, Constraints, CapabilityConstraints, ModelConstraint, OrchestratorInfo, AuthToken,
    SegData, SegParameters, VideoProfile, TranscodedSegmentData, TranscodeData, TranscodeResult, PaymentResult,
    RegisterRequest, NotifySegment, RegisterAiWorkerRequest, AiJobData, NotifyAiJob, TicketParams,
    TicketSenderParams, TicketExpirationParams, Payment, GpuComputeInfo, HardwareInformation, Ticket,
    QueueTicketRes, MaxFloatReq, MaxFloatUpdate,
}

/// Methods of a description, on whatever was read.
fn segment(bytes: &[u8]) {
    if let Ok(data) = net::SegData::decode(bytes) {
        let flat = data.flatten();
        assert!(flat.len() >= data.manifest_id.len() + 64);
        let _ = (data.millis(), data.check_profiles(), data.video_profiles().len());
    }
}

fn all(bytes: &[u8]) {
    for (_, target) in TARGETS {
        target(bytes);
    }
    segment(bytes);
}

#[test]
#[allow(clippy::disallowed_methods)] // A test reads the files that it is about.
fn the_corpus_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files = 0;
    for entry in fs::read_dir(folder).expect("the corpus") {
        let path = entry.expect("an entry").path();
        let bytes = fs::read(&path).expect("a committed file");
        let name = path.file_stem().and_then(|n| n.to_str()).expect("a name").split('-').next().expect("a name");
        let own = TARGETS.iter().find(|(target, _)| *target == name);
        own.unwrap_or_else(|| panic!("{name} is no message")).1(&bytes);
        // Bytes of one message are bytes of another with a meaning of its own, or none.
        all(&bytes);
        for at in 0..bytes.len() {
            all(&bytes[..at]);
            let mut changed = bytes.clone();
            changed[at] ^= 0x55;
            all(&changed);
        }
        files += 1;
    }
    assert!(files >= 8, "{files} files");
}

/// A field: its number, and what it holds.
#[derive(Debug, Clone)]
enum Field {
    Number(u32, u64),
    Bytes(u32, Vec<u8>),
    Message(u32, Vec<Self>),
}

fn varint(mut n: u64, out: &mut Vec<u8>) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

fn write(fields: &[Field], out: &mut Vec<u8>) {
    for field in fields {
        match field {
            Field::Number(number, value) => {
                varint(u64::from(*number) << 3, out);
                varint(*value, out);
            }
            Field::Bytes(number, bytes) => {
                varint(u64::from(*number) << 3 | 2, out);
                varint(bytes.len() as u64, out);
                out.extend_from_slice(bytes);
            }
            Field::Message(number, inner) => {
                let mut bytes = Vec::new();
                write(inner, &mut bytes);
                write(&[Field::Bytes(*number, bytes)], out);
            }
        }
    }
}

/// Field numbers that messages have, and a few that they lack.
fn number() -> impl Strategy<Value = u32> {
    prop_oneof![1..10u32, 16..40u32, Just(1_000)]
}

fn fields() -> impl Strategy<Value = Vec<Field>> {
    let leaf = prop_oneof![
        (number(), any::<u64>()).prop_map(|(n, v)| Field::Number(n, v)),
        (number(), vec(any::<u8>(), 0..40)).prop_map(|(n, v)| Field::Bytes(n, v)),
        (number(), "[a-z0-9./:-]{0,12}").prop_map(|(n, v)| Field::Bytes(n, v.into_bytes())),
    ];
    let field = leaf.prop_recursive(4, 64, 6, |inner| {
        (number(), vec(inner, 0..6)).prop_map(|(n, fields)| Field::Message(n, fields))
    });
    vec(field, 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_stop_no_decoder(bytes in vec(any::<u8>(), 0..300)) {
        all(&bytes);
    }

    #[test]
    fn what_is_read_is_written_so_that_it_reads_the_same(fields in fields()) {
        let mut bytes = Vec::new();
        write(&fields, &mut bytes);
        all(&bytes);
    }

    #[test]
    fn a_payment_comes_through(
        sender in vec(any::<u8>(), 0..40),
        nonces in vec((any::<u32>(), vec(any::<u8>(), 0..70)), 0..20),
        price in any::<Option<(i64, i64, u32)>>(),
        seed in vec(any::<u8>(), 0..40),
        round in any::<i64>(),
    ) {
        let payment = net::Payment {
            ticket_params: Some(net::TicketParams { seed, ..Default::default() }),
            sender,
            expiration_params: Some(net::TicketExpirationParams { creation_round: round, ..Default::default() }),
            ticket_sender_params: nonces
                .into_iter()
                .map(|(sender_nonce, sig)| net::TicketSenderParams { sender_nonce, sig })
                .collect(),
            expected_price: price.map(|(price_per_unit, pixels_per_unit, capability)| net::PriceInfo {
                price_per_unit,
                pixels_per_unit,
                capability,
                ..Default::default()
            }),
        };
        prop_assert_eq!(header::decode::<net::Payment>(&header::encode(&payment)).expect("it was written"), payment);
    }
}
