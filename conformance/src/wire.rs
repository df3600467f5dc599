//! Recorded exchanges of real nodes: their messages are read, what is signed in them is verified, and they are
//! written again.
//!
//! A request that the original took must verify; one that it refused for its encoding or its signature must be
//! refused for the same here.

use std::collections::BTreeMap;
use std::fmt::Debug;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use weir_ticket::sig::{recover, verify};
use weir_ticket::ticket::rand_hash;
use weir_ticket::{Payment, Signature, WinningTicket, is_winning};
use weir_types::{Address, B256, keccak256};
use weir_wire::net::{self, SegData, TranscodeOutcome};
use weir_wire::{Message, field, header, signed};

use crate::report::FileReport;
use crate::shape::{Shape, fields};

type Outcome<T = ()> = Result<T, String>;

/// A message whose maps are known.
trait Shaped: Message + Default + PartialEq + Debug {
    const SHAPE: Shape;
}

macro_rules! shaped {
    ($($message:ident: $shape:ident,)*) => {
        $(impl Shaped for net::$message {
            const SHAPE: Shape = Shape::$shape;
        })*
    };
}

shaped! {
    OrchestratorRequest: OrchestratorRequest,
    OrchestratorInfo: OrchestratorInfo,
    EndTranscodingSessionRequest: Plain,
    PingPong: Plain,
    Ticket: Plain,
    MaxFloatReq: Plain,
    MaxFloatUpdate: Plain,
    RegisterRequest: RegisterRequest,
    RegisterAiWorkerRequest: RegisterAiWorker,
    NotifySegment: NotifySegment,
    NotifyAiJob: Plain,
    TranscodeResult: WithInfo,
    PaymentResult: WithInfo,
    SegData: SegData,
    Payment: Plain,
}

/// Reads the rows of a file. Rows without messages of the network count for nothing.
#[must_use]
pub fn replay(name: &str, text: &str) -> FileReport {
    let mut report = FileReport { name: name.to_owned(), ..FileReport::default() };
    let rows: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let renditions = renditions(&rows);
    for (i, row) in rows.iter().enumerate() {
        for (what, outcome) in messages(row, &renditions) {
            report.count(i + 1, what, outcome.err().into_iter().collect());
        }
    }
    report
}

/// Hashes of what was fetched, by path.
fn renditions(rows: &[Value]) -> BTreeMap<String, B256> {
    let one = |row: &Value| {
        let path = row["request"]["path"].as_str()?.to_owned();
        let hash = row["response"]["body_keccak256"].as_str()?.parse().ok()?;
        path.starts_with("/stream/").then_some((path, hash))
    };
    rows.iter().filter_map(one).collect()
}

/// What came of each message of a row.
fn messages(row: &Value, renditions: &BTreeMap<String, B256>) -> Vec<(&'static str, Outcome)> {
    let (request, response) = (&row["request"], &row["response"]);
    let mut all = Vec::new();
    let taken = response["status"].as_str() == Some("200") || response["status"] == 200;
    match request["path"].as_str().unwrap_or_default() {
        "/net.Orchestrator/GetOrchestrator" => {
            all.extend(grpc(request, |raw| info_request(raw, grpc_ok(response))).map(|o| ("OrchestratorRequest", o)));
            all.extend(
                grpc(response, |raw| again::<net::OrchestratorInfo>(raw).map(drop)).map(|o| ("OrchestratorInfo", o)),
            );
        }
        "/net.Orchestrator/EndTranscodingSession" => {
            let end = grpc(request, |raw| again::<net::EndTranscodingSessionRequest>(raw).map(drop));
            all.extend(end.map(|o| ("EndTranscodingSessionRequest", o)));
        }
        "/net.Orchestrator/Ping" => {
            let asked = bodies(request).into_iter().next();
            all.extend(grpc(response, |raw| ping(asked.as_deref().unwrap_or_default(), raw)).map(|o| ("PingPong", o)));
        }
        "/net.TicketRedeemer/QueueTicket" => all.extend(grpc(request, queued).map(|o| ("Ticket", o))),
        "/net.TicketRedeemer/MaxFloat" | "/net.TicketRedeemer/MonitorMaxFloat" => {
            all.extend(grpc(request, |raw| again::<net::MaxFloatReq>(raw).map(drop)).map(|o| ("MaxFloatReq", o)));
            all.extend(
                grpc(response, |raw| again::<net::MaxFloatUpdate>(raw).map(drop)).map(|o| ("MaxFloatUpdate", o)),
            );
        }
        "/net.Transcoder/RegisterTranscoder" => {
            all.extend(
                grpc(request, |raw| again::<net::RegisterRequest>(raw).map(drop)).map(|o| ("RegisterRequest", o)),
            );
            all.extend(grpc(response, |raw| again::<net::NotifySegment>(raw).map(drop)).map(|o| ("NotifySegment", o)));
        }
        "/net.AIWorker/RegisterAIWorker" => {
            let worker = grpc(request, |raw| again::<net::RegisterAiWorkerRequest>(raw).map(drop));
            all.extend(worker.map(|o| ("RegisterAIWorkerRequest", o)));
            all.extend(grpc(response, |raw| again::<net::NotifyAiJob>(raw).map(drop)).map(|o| ("NotifyAIJob", o)));
        }
        path => {
            if let Some(value) = head(request, header::SEGMENT) {
                all.push(("job", job(value, head(request, header::PAYMENT), request, response, taken)));
            }
            if let (true, Some(raw)) = (taken && path == "/segment", body(response)) {
                all.push(("TranscodeResult", result(&raw, head(request, header::PAYMENT), renditions)));
            }
            if let (true, Some(raw)) = (taken && path == "/payment", body(response)) {
                all.push(("PaymentResult", again::<net::PaymentResult>(&raw).map(drop)));
            }
        }
    }
    all
}

fn head<'a>(request: &'a Value, name: &str) -> Option<&'a str> {
    let all = request["headers"].as_array()?.iter();
    let mut found = all.filter(|h| h[0].as_str().is_some_and(|n| n.eq_ignore_ascii_case(name)));
    found.next()?[1].as_str()
}

fn body(side: &Value) -> Option<Vec<u8>> {
    STANDARD.decode(side["body_b64"].as_str()?).ok()
}

/// The messages of a gRPC body: each has a flag and its length in front.
fn bodies(side: &Value) -> Vec<Vec<u8>> {
    let (mut all, raw) = (Vec::new(), body(side).unwrap_or_default());
    let mut rest = raw.as_slice();
    while let Some((prefix, behind)) = rest.split_first_chunk::<5>() {
        let length = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]) as usize;
        let Some((message, more)) = behind.split_at_checked(length) else { break };
        all.push(message.to_vec());
        rest = more;
    }
    all
}

fn grpc(side: &Value, read: impl Fn(&[u8]) -> Outcome) -> impl Iterator<Item = Outcome> {
    bodies(side).into_iter().map(move |raw| read(&raw)).collect::<Vec<_>>().into_iter()
}

fn grpc_ok(response: &Value) -> bool {
    let trailers = ["trailers", "headers"].iter().filter_map(|k| response[*k].as_array()).flatten();
    trailers.filter(|h| h[0] == "grpc-status").all(|h| h[1] == "0")
}

fn ensure(yes: bool, what: &str) -> Outcome {
    if yes { Ok(()) } else { Err(what.to_owned()) }
}

/// A message that is written again has all that it had: maps may be in another order.
fn again<M: Shaped>(raw: &[u8]) -> Outcome<M> {
    let message = M::decode(raw).map_err(|e| e.to_string())?;
    let written = message.encode_to_vec();
    ensure(M::decode(written.as_slice()).as_ref() == Ok(&message), "it reads otherwise when it is written again")?;
    let (theirs, ours) = (fields(raw, M::SHAPE), fields(&written, M::SHAPE));
    ensure(theirs.is_some() && theirs == ours, "something of it is lost")?;
    Ok(message)
}

fn signed_by(who: Address, hash: B256, sig: &[u8]) -> bool {
    Signature::from_slice(sig).is_ok_and(|sig| verify(who, hash, &sig).is_ok())
}

fn info_request(raw: &[u8], taken: bool) -> Outcome {
    let request: net::OrchestratorRequest = again(raw)?;
    let who = field::address(&request.address);
    // Off chain nobody signs.
    if !taken || request.sig.is_empty() {
        return Ok(());
    }
    ensure(signed_by(who, signed::request(who), &request.sig), "the request is not its sender's")
}

fn ping(asked: &[u8], raw: &[u8]) -> Outcome {
    let (asked, answer): (net::PingPong, net::PingPong) = (again(asked)?, again(raw)?);
    if answer.value.is_empty() {
        return Ok(());
    }
    let sig = Signature::from_slice(&answer.value).map_err(|e| e.to_string())?;
    recover(signed::ping(&asked.value), &sig).map(drop).map_err(|e| e.to_string())
}

fn queued(raw: &[u8]) -> Outcome {
    let message: net::Ticket = again(raw)?;
    let w = WinningTicket::try_from(&message).map_err(|e| e.to_string())?;
    ensure(net::Ticket::from(&w) == message, "the ticket is another one when it is written again")?;
    verify(w.ticket.sender, w.ticket.hash(), &w.sig).map_err(|e| e.to_string())?;
    ensure(rand_hash(w.recipient_rand) == w.ticket.recipient_rand_hash, "the number is not the ticket's")?;
    ensure(is_winning(w.sig.as_ref(), w.recipient_rand, w.ticket.win_prob), "the ticket does not win")
}

/// Texts by which the original refuses what it cannot read.
const UNREADABLE: [&str; 4] = ["base64 decode error", "protobuf unmarshal error", "ErrorSegEncoding", "proto:"];

/// The headers of a job: its description and its payment.
fn job(segment: &str, payment: Option<&str>, request: &Value, response: &Value, taken: bool) -> Outcome {
    let raw = body(response).map(|b| String::from_utf8_lossy(&b).into_owned());
    let refusal = raw.or_else(|| response["body_text"].as_str().map(str::to_owned)).unwrap_or_default();
    let data = read_header::<SegData>(segment);
    let payment = read_header::<net::Payment>(payment.unwrap_or_default());
    if !taken && UNREADABLE.iter().any(|text| refusal.contains(text)) {
        return ensure(data.is_err() || payment.is_err(), "ours reads what the original could not");
    }
    let (data, message) = (data?, payment?);
    let who = field::address(&message.sender);
    let good = signed_by(who, keccak256(data.flatten()), &data.sig);
    if !taken {
        return match refusal.trim() {
            "ErrSegSig" => ensure(!good, "ours takes a signature that the original refuses"),
            _ => Ok(()),
        };
    }
    // Off chain nobody pays or signs.
    if who.is_zero() {
        return Ok(());
    }
    ensure(good, "the segment is not signed by its payer")?;
    if let (Some(hash), Some("/segment")) = (request["body_keccak256"].as_str(), request["path"].as_str()) {
        ensure(hash.parse() == Ok(field::hash(&data.hash)), "the hash is not that of the body")?;
    }
    tickets(&message)
}

fn read_header<M: Shaped>(value: &str) -> Outcome<M> {
    let message: M = header::decode(value).map_err(|e| e.to_string())?;
    let raw = STANDARD.decode(value).map_err(|e| e.to_string())?;
    ensure(again::<M>(&raw)? == message, "the header reads otherwise than its bytes")?;
    Ok(message)
}

/// The tickets of a payment that was taken.
fn tickets(message: &net::Payment) -> Outcome {
    let payment = Payment::try_from(message).map_err(|e| e.to_string())?;
    let written = net::Payment { expected_price: message.expected_price.clone(), ..net::Payment::from(&payment) };
    ensure(written == *message, "the payment is another one when it is written again")?;
    let (Some(params), Some(expiration)) = (&payment.ticket_params, payment.expiration_params) else {
        return ensure(payment.tickets.is_empty(), "there are tickets without parameters");
    };
    for t in &payment.tickets {
        let ticket = params.ticket(payment.sender, t.nonce, expiration);
        verify(payment.sender, ticket.hash(), &t.sig).map_err(|e| format!("ticket {}: {e}", t.nonce))?;
    }
    payment.price().map(drop).map_err(|e| e.to_string())
}

/// Renditions, where all of them were fetched, are signed by their orchestrator.
fn result(raw: &[u8], payment: Option<&str>, renditions: &BTreeMap<String, B256>) -> Outcome {
    let message: net::TranscodeResult = again(raw)?;
    let Some(TranscodeOutcome::Data(data)) = &message.result else { return Ok(()) };
    let path = |url: &str| url.find("/stream/").map(|at| url[at..].to_owned());
    let hashes: Option<Vec<B256>> = data.segments.iter().map(|s| renditions.get(&path(&s.url)?).copied()).collect();
    let (Some(hashes), false) = (hashes, data.sig.is_empty() || payment.is_none_or(str::is_empty)) else {
        return Ok(());
    };
    let sig = Signature::from_slice(&data.sig).map_err(|e| e.to_string())?;
    let who = recover(signed::renditions(hashes), &sig).map_err(|e| e.to_string())?;
    let named = message.info.as_ref().map(|info| field::address(&info.address));
    ensure(named.is_none_or(|named| named == who), "the renditions are not their orchestrator's")
}
