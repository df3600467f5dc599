//! The network's messages, headers and signed bytes: pure encode and decode.
//!
//! What is sent is what go-livepeer 0.9.1 sends, field for field; what is read is read as leniently as it reads:
//! unknown fields are skipped, numbers and addresses of odd lengths are taken as it takes them. Nothing here knows
//! what a ticket is worth or who may pay; a decoder answers with a value or with an error, whatever the bytes.
//!
//! | module | what it holds |
//! |---|---|
//! | [`net`] | the protobuf messages |
//! | [`header`] | messages in HTTP headers |
//! | [`field`] | numbers, addresses and hashes in byte fields |
//! | [`capability`] | capabilities: numbers, names, bit strings |
//! | [`segment`] | what describes a segment and what its sender signs |
//! | [`profile`] | renditions in text form |
//! | [`preset`] | renditions that have names, and lists of renditions in JSON |
//! | [`signed`] | what else peers sign |
//! | [`stream`] | names of streams in paths |
//! | [`url`] | URLs, apart and together |
//! | [`playlist`] | playlists of streams, live and recorded |
//! | [`grant`] | leave to write into stores |
//! | [`host`] | addresses of sockets |
//! | [`image`] | sizes of pictures |
//! | [`json`] | JSON as other nodes read it |
//! | [`moment`] | moments by the calendar, and as texts |
//! | [`text`] | media types, URLs of results, numbers |
//! | [`token`] | session tokens |
//! | [`byoc`] | jobs for containers that their owners bring |
//! | [`trickle`] | channels of numbered segments: headers, and who gets which segment |

pub mod byoc;
pub mod capability;
pub mod field;
pub mod grant;
pub mod header;
pub mod host;
pub mod image;
pub mod json;
pub mod moment;
pub mod net;
pub mod playlist;
pub mod preset;
pub mod profile;
pub mod segment;
pub mod signed;
pub mod stream;
pub mod text;
pub mod token;
pub mod trickle;
pub mod url;

pub use capability::{Bits, Capability};
pub use field::TooLarge;
pub use header::HeaderError;
pub use profile::{ProfileError, ProfileText};
pub use prost::Message;
pub use segment::SegmentError;
