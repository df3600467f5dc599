//! Messages of the package `net`, as its proto files number them.
//!
//! Names are those of the network, in Rust's spelling. Numbers, hashes and addresses of the payment protocol are
//! byte strings here; [`field`](crate::field) says what they mean.

use std::collections::BTreeMap;

use prost::{Enumeration, Message, Oneof};

/// What a peer is asked to sign to show that it lives, and its signature.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct PingPong {
    /// Any bytes; in the answer the signature.
    #[prost(bytes = "vec", tag = "1")]
    pub value: Vec<u8>,
}

/// A gateway is done with a session.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct EndTranscodingSessionRequest {
    /// Its token.
    #[prost(message, optional, tag = "1")]
    pub auth_token: Option<AuthToken>,
}

/// It has ended.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct EndTranscodingSessionResponse {}

/// A gateway asks for price, ticket parameters and a session.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct OrchestratorRequest {
    /// The gateway.
    #[prost(bytes = "vec", tag = "1")]
    pub address: Vec<u8>,
    /// Its signature over its own address as text.
    #[prost(bytes = "vec", tag = "2")]
    pub sig: Vec<u8>,
    /// What the job needs.
    #[prost(message, optional, tag = "3")]
    pub capabilities: Option<Capabilities>,
    /// Answer although there is no room now.
    #[prost(bool, tag = "4")]
    pub ignore_capacity_check: bool,
}

/// Where to put and find segments.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct OsInfo {
    /// Which kind of store.
    #[prost(enumeration = "StorageType", tag = "1")]
    pub storage_type: i32,
    /// A write grant.
    #[prost(message, optional, tag = "16")]
    pub s3info: Option<S3OsInfo>,
}

/// Kinds of stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum StorageType {
    /// The orchestrator's own memory.
    Direct = 0,
    /// Amazon's protocol.
    S3 = 1,
    /// Google's.
    Google = 2,
}

/// A write grant for a store of Amazon's protocol.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct S3OsInfo {
    /// URL of the bucket.
    #[prost(string, tag = "1")]
    pub host: String,
    /// Prefix of the keys.
    #[prost(string, tag = "2")]
    pub key: String,
    /// Signed policy.
    #[prost(string, tag = "3")]
    pub policy: String,
    /// Its signature.
    #[prost(string, tag = "4")]
    pub signature: String,
    /// Who grants.
    #[prost(string, tag = "5")]
    pub credential: String,
    /// When.
    #[prost(string, tag = "6")]
    pub x_amz_date: String,
}

/// A price: so many wei for so many units, of video pixels unless a capability says otherwise.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct PriceInfo {
    /// Wei.
    #[prost(int64, tag = "1")]
    pub price_per_unit: i64,
    /// Units.
    #[prost(int64, tag = "2")]
    pub pixels_per_unit: i64,
    /// Capability it is for.
    #[prost(uint32, tag = "3")]
    pub capability: u32,
    /// Model, or name of an external capability.
    #[prost(string, tag = "4")]
    pub constraint: String,
}

/// What a node can do, or what a job needs.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Capabilities {
    /// Words of bits, see [`Bits`](crate::capability::Bits).
    #[prost(uint64, repeated, tag = "1")]
    pub bitstring: Vec<u64>,
    /// What a job must ask for to be taken.
    #[prost(uint64, repeated, tag = "2")]
    pub mandatories: Vec<u64>,
    /// How often at once, by capability.
    #[prost(btree_map = "uint32, uint32", tag = "3")]
    pub capacities: BTreeMap<u32, u32>,
    /// Version of the node's program.
    #[prost(string, tag = "4")]
    pub version: String,
    /// Further demands.
    #[prost(message, optional, tag = "5")]
    pub constraints: Option<Constraints>,
}

/// Demands on the other node beside what it can do.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Constraints {
    /// Lowest version of its program.
    #[prost(string, tag = "1")]
    pub min_version: String,
    /// Models by capability.
    #[prost(btree_map = "uint32, message", tag = "2")]
    pub per_capability: BTreeMap<u32, CapabilityConstraints>,
}

/// Models of a capability.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct CapabilityConstraints {
    /// By their ids.
    #[prost(btree_map = "string, message", tag = "1")]
    pub models: BTreeMap<String, ModelConstraint>,
}

/// One model: as it is there, or as it is wanted.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ModelConstraint {
    /// Loaded already.
    #[prost(bool, tag = "1")]
    pub warm: bool,
    /// Jobs that it could take now.
    #[prost(uint32, tag = "2")]
    pub capacity: u32,
    /// Version of what runs it; in a demand the lowest.
    #[prost(string, tag = "3")]
    pub runner_version: String,
    /// Jobs that it has.
    #[prost(uint32, tag = "4")]
    pub capacity_in_use: u32,
}

/// What an orchestrator says about itself.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct OrchestratorInfo {
    /// Its service URI.
    #[prost(string, tag = "1")]
    pub transcoder: String,
    /// Parameters for the next tickets.
    #[prost(message, optional, tag = "2")]
    pub ticket_params: Option<TicketParams>,
    /// Price for this gateway and job.
    #[prost(message, optional, tag = "3")]
    pub price_info: Option<PriceInfo>,
    /// Recipient of tickets.
    #[prost(bytes = "vec", tag = "4")]
    pub address: Vec<u8>,
    /// What it can do.
    #[prost(message, optional, tag = "5")]
    pub capabilities: Option<Capabilities>,
    /// The session.
    #[prost(message, optional, tag = "6")]
    pub auth_token: Option<AuthToken>,
    /// Its machines.
    #[prost(message, repeated, tag = "7")]
    pub hardware: Vec<HardwareInformation>,
    /// Stores that it can put results in.
    #[prost(message, repeated, tag = "32")]
    pub storage: Vec<OsInfo>,
    /// Prices by capability and model.
    #[prost(message, repeated, tag = "33")]
    pub capabilities_prices: Vec<PriceInfo>,
    /// Other nodes of the same operator.
    #[prost(string, repeated, tag = "34")]
    pub nodes: Vec<String>,
}

/// The right to use a session.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct AuthToken {
    /// Only its orchestrator can make it.
    #[prost(bytes = "vec", tag = "1")]
    pub token: Vec<u8>,
    /// The session.
    #[prost(string, tag = "2")]
    pub session_id: String,
    /// Unix second of its end.
    #[prost(int64, tag = "3")]
    pub expiration: i64,
}

/// A segment's description and its sender's signature.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct SegData {
    /// Name of the stream.
    #[prost(bytes = "vec", tag = "1")]
    pub manifest_id: Vec<u8>,
    /// Number in the stream.
    #[prost(int64, tag = "2")]
    pub seq: i64,
    /// Keccak-256 of the bytes.
    #[prost(bytes = "vec", tag = "3")]
    pub hash: Vec<u8>,
    /// For nodes of old; today the word `invalid`.
    #[prost(bytes = "vec", tag = "4")]
    pub profiles: Vec<u8>,
    /// The sender's signature.
    #[prost(bytes = "vec", tag = "5")]
    pub sig: Vec<u8>,
    /// Milliseconds.
    #[prost(int32, tag = "6")]
    pub duration: i32,
    /// What the job needs.
    #[prost(message, optional, tag = "7")]
    pub capabilities: Option<Capabilities>,
    /// The session.
    #[prost(message, optional, tag = "8")]
    pub auth_token: Option<AuthToken>,
    /// Whether a perceptual hash is wanted beside each rendition.
    #[prost(bool, tag = "10")]
    pub calc_perceptual_hash: bool,
    /// Stores to put results in.
    #[prost(message, repeated, tag = "32")]
    pub storage: Vec<OsInfo>,
    /// Renditions, if nodes of any age understand all of them.
    #[prost(message, repeated, tag = "33")]
    pub full_profiles: Vec<VideoProfile>,
    /// Renditions, if one has another container than MPEG-TS.
    #[prost(message, repeated, tag = "34")]
    pub full_profiles2: Vec<VideoProfile>,
    /// Renditions, if one has more than those before could say.
    #[prost(message, repeated, tag = "35")]
    pub full_profiles3: Vec<VideoProfile>,
    /// A part of the segment.
    #[prost(message, optional, tag = "37")]
    pub segment_parameters: Option<SegParameters>,
    /// The transcoder has to start anew.
    #[prost(bool, tag = "38")]
    pub force_session_reinit: bool,
}

/// A part of a segment, in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct SegParameters {
    /// From.
    #[prost(uint64, tag = "1")]
    pub from: u64,
    /// To.
    #[prost(uint64, tag = "2")]
    pub to: u64,
}

/// A rendition as it is wanted.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct VideoProfile {
    /// Its name.
    #[prost(string, tag = "16")]
    pub name: String,
    /// Pixels.
    #[prost(int32, tag = "17")]
    pub width: i32,
    /// Pixels.
    #[prost(int32, tag = "18")]
    pub height: i32,
    /// Bits per second.
    #[prost(int32, tag = "19")]
    pub bitrate: i32,
    /// Frames per second, 0 for those of the source.
    #[prost(uint32, tag = "20")]
    pub fps: u32,
    /// Container.
    #[prost(enumeration = "Format", tag = "21")]
    pub format: i32,
    /// Denominator of the rate of frames; 0 stands for 1.
    #[prost(uint32, tag = "22")]
    pub fps_den: u32,
    /// Profile of the encoder.
    #[prost(enumeration = "EncoderProfile", tag = "23")]
    pub profile: i32,
    /// Milliseconds from keyframe to keyframe; below zero a code.
    #[prost(int32, tag = "24")]
    pub gop: i32,
    /// Codec.
    #[prost(enumeration = "VideoCodec", tag = "25")]
    pub encoder: i32,
    /// Bits of a sample beyond eight.
    #[prost(int32, tag = "26")]
    pub color_depth: i32,
    /// Sampling of colours.
    #[prost(enumeration = "ChromaSubsampling", tag = "27")]
    pub chroma_format: i32,
    /// Constant quality; 0 for none.
    #[prost(uint32, tag = "28")]
    pub quality: u32,
}

/// Containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum Format {
    /// MPEG transport stream.
    Mpegts = 0,
    /// MP4.
    Mp4 = 1,
}

/// Profiles of encoders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum EncoderProfile {
    /// As the encoder likes.
    EncoderDefault = 0,
    /// Baseline.
    H264Baseline = 1,
    /// Main.
    H264Main = 2,
    /// High.
    H264High = 3,
    /// High without what decoders in telephones lack.
    H264ConstrainedHigh = 4,
}

/// Codecs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum VideoCodec {
    /// H.264.
    H264 = 0,
    /// H.265.
    H265 = 1,
    /// VP8.
    Vp8 = 2,
    /// VP9.
    Vp9 = 3,
}

/// Samplings of colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum ChromaSubsampling {
    /// One for four.
    Chroma420 = 0,
    /// One for two.
    Chroma422 = 1,
    /// One for each.
    Chroma444 = 2,
}

/// A finished rendition.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct TranscodedSegmentData {
    /// Where it is.
    #[prost(string, tag = "1")]
    pub url: String,
    /// Encoded pixels.
    #[prost(int64, tag = "2")]
    pub pixels: i64,
    /// Where its perceptual hash is, if it was wanted.
    #[prost(string, tag = "3")]
    pub perceptual_hash_url: String,
}

/// Finished renditions.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct TranscodeData {
    /// In the order of the profiles.
    #[prost(message, repeated, tag = "1")]
    pub segments: Vec<TranscodedSegmentData>,
    /// The orchestrator's signature over all of them.
    #[prost(bytes = "vec", tag = "2")]
    pub sig: Vec<u8>,
}

/// Answer to a segment.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct TranscodeResult {
    /// Its number.
    #[prost(int64, tag = "1")]
    pub seq: i64,
    /// Renditions, or why there are none.
    #[prost(oneof = "TranscodeOutcome", tags = "2, 3")]
    pub result: Option<TranscodeOutcome>,
    /// News for the next segment.
    #[prost(message, optional, tag = "16")]
    pub info: Option<OrchestratorInfo>,
}

/// What came of a segment.
#[derive(Clone, PartialEq, Eq, Oneof)]
pub enum TranscodeOutcome {
    /// Why there are no renditions.
    #[prost(string, tag = "2")]
    Error(String),
    /// Renditions.
    #[prost(message, tag = "3")]
    Data(TranscodeData),
}

/// Answer to a payment without a job.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct PaymentResult {
    /// News for the next payment.
    #[prost(message, optional, tag = "16")]
    pub info: Option<OrchestratorInfo>,
}

/// A transcoder offers itself.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct RegisterRequest {
    /// What the orchestrator gave its transcoders to know.
    #[prost(string, tag = "1")]
    pub secret: String,
    /// Segments at once.
    #[prost(int64, tag = "2")]
    pub capacity: i64,
    /// What it can do.
    #[prost(message, optional, tag = "3")]
    pub capabilities: Option<Capabilities>,
}

/// Work for a transcoder, or the end of a session.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct NotifySegment {
    /// Where the segment is.
    #[prost(string, tag = "1")]
    pub url: String,
    /// Its description.
    #[prost(message, optional, tag = "3")]
    pub seg_data: Option<SegData>,
    /// Number of the work.
    #[prost(int64, tag = "16")]
    pub task_id: i64,
    /// For nodes of old.
    #[prost(bytes = "vec", tag = "17")]
    pub profiles: Vec<u8>,
    /// Not used any more.
    #[prost(string, tag = "18")]
    pub orch_id: String,
}

/// An AI worker offers itself.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct RegisterAiWorkerRequest {
    /// What the orchestrator gave its workers to know.
    #[prost(string, tag = "1")]
    pub secret: String,
    /// What it can do.
    #[prost(message, optional, tag = "2")]
    pub capabilities: Option<Capabilities>,
    /// Its machines.
    #[prost(message, repeated, tag = "3")]
    pub hardware: Vec<HardwareInformation>,
}

/// A job for an AI worker.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct AiJobData {
    /// Which pipeline.
    #[prost(string, tag = "1")]
    pub pipeline: String,
    /// Its request, in JSON.
    #[prost(bytes = "vec", tag = "2")]
    pub request_data: Vec<u8>,
}

/// Work for an AI worker.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct NotifyAiJob {
    /// The job.
    #[prost(message, optional, tag = "1")]
    pub ai_job_data: Option<AiJobData>,
    /// Number of the work.
    #[prost(int64, tag = "2")]
    pub task_id: i64,
}

/// What the tickets of a session have in common.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct TicketParams {
    /// Who is paid.
    #[prost(bytes = "vec", tag = "1")]
    pub recipient: Vec<u8>,
    /// Wei that a winning ticket pays.
    #[prost(bytes = "vec", tag = "2")]
    pub face_value: Vec<u8>,
    /// Chance to win, of 2^256 - 1.
    #[prost(bytes = "vec", tag = "3")]
    pub win_prob: Vec<u8>,
    /// Hash of the recipient's random number.
    #[prost(bytes = "vec", tag = "4")]
    pub recipient_rand_hash: Vec<u8>,
    /// What the recipient makes that number from.
    #[prost(bytes = "vec", tag = "5")]
    pub seed: Vec<u8>,
    /// L1 block from which on they do not hold.
    #[prost(bytes = "vec", tag = "6")]
    pub expiration_block: Vec<u8>,
    /// Round of the tickets.
    #[prost(message, optional, tag = "7")]
    pub expiration_params: Option<TicketExpirationParams>,
}

/// What each ticket has of its own.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct TicketSenderParams {
    /// Its number.
    #[prost(uint32, tag = "1")]
    pub sender_nonce: u32,
    /// The sender's signature.
    #[prost(bytes = "vec", tag = "2")]
    pub sig: Vec<u8>,
}

/// The round that a ticket belongs to.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct TicketExpirationParams {
    /// Its number.
    #[prost(int64, tag = "1")]
    pub creation_round: i64,
    /// The L1 hash that the round has.
    #[prost(bytes = "vec", tag = "2")]
    pub creation_round_block_hash: Vec<u8>,
}

/// Tickets for a job.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Payment {
    /// What they have in common; none for a payment without tickets.
    #[prost(message, optional, tag = "1")]
    pub ticket_params: Option<TicketParams>,
    /// Who pays.
    #[prost(bytes = "vec", tag = "2")]
    pub sender: Vec<u8>,
    /// Round of the tickets.
    #[prost(message, optional, tag = "3")]
    pub expiration_params: Option<TicketExpirationParams>,
    /// The tickets.
    #[prost(message, repeated, tag = "4")]
    pub ticket_sender_params: Vec<TicketSenderParams>,
    /// Price that the sender counts with.
    #[prost(message, optional, tag = "5")]
    pub expected_price: Option<PriceInfo>,
}

/// A GPU.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct GpuComputeInfo {
    /// Its id.
    #[prost(string, tag = "1")]
    pub id: String,
    /// Its name.
    #[prost(string, tag = "2")]
    pub name: String,
    /// Compute capability, before the point.
    #[prost(uint32, tag = "4")]
    pub major: u32,
    /// After it.
    #[prost(uint32, tag = "5")]
    pub minor: u32,
    /// Bytes.
    #[prost(int64, tag = "6")]
    pub memory_free: i64,
    /// Bytes.
    #[prost(int64, tag = "7")]
    pub memory_total: i64,
}

/// A machine and what runs on it.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct HardwareInformation {
    /// The pipeline.
    #[prost(string, tag = "1")]
    pub pipeline: String,
    /// The model.
    #[prost(string, tag = "2")]
    pub model_id: String,
    /// GPUs by number.
    #[prost(btree_map = "string, message", tag = "3")]
    pub gpu_info: BTreeMap<String, GpuComputeInfo>,
}

/// A winning ticket, handed to a redeemer.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Ticket {
    /// What it has in common with others, without seed and round.
    #[prost(message, optional, tag = "1")]
    pub ticket_params: Option<TicketParams>,
    /// Who pays.
    #[prost(bytes = "vec", tag = "2")]
    pub sender: Vec<u8>,
    /// Its round.
    #[prost(message, optional, tag = "3")]
    pub expiration_params: Option<TicketExpirationParams>,
    /// Its number and signature.
    #[prost(message, optional, tag = "4")]
    pub sender_params: Option<TicketSenderParams>,
    /// The recipient's random number.
    #[prost(bytes = "vec", tag = "5")]
    pub recipient_rand: Vec<u8>,
}

/// It is queued.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct QueueTicketRes {}

/// What is a sender good for?
#[derive(Clone, PartialEq, Eq, Message)]
pub struct MaxFloatReq {
    /// The sender.
    #[prost(bytes = "vec", tag = "1")]
    pub sender: Vec<u8>,
}

/// So many wei.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct MaxFloatUpdate {
    /// Wei.
    #[prost(bytes = "vec", tag = "1")]
    pub max_float: Vec<u8>,
}
