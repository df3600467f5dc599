//! What a caller asks for.

use weir_ticket::{PriceInfo, TicketParams};
use weir_types::{Address, Price};
use weir_wire::json::{self, Field, Json, JsonError, Reader, quoted};
use weir_wire::{Message, field, header, net};

use super::limit::Limit;
use super::refusal::Refusal;
use super::state::SignedState;

/// A request to pay, as far as it makes sense by itself.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) state: SignedState,
    pub(super) orchestrator: Address,
    /// Address of the orchestrator's service.
    pub(super) url: String,
    pub(super) token: net::AuthToken,
    pub(super) params: TicketParams,
    /// The price, as it came and as it is.
    pub(super) price_info: PriceInfo,
    pub(super) price: Price,
    pub(super) manifest_id: String,
    pub(super) app: String,
    pub(super) in_pixels: i64,
    pub(super) kind: String,
    pub(super) limit: Option<Limit>,
    pub(super) capabilities: Option<net::Capabilities>,
}

const OBJECT: &str = "RemotePaymentRequest";
const FIELDS: [&str; 8] =
    ["state", "orchestrator", "ManifestID", "app", "inPixels", "type", "maxPrice", "capabilities"];
const STATE_OBJECT: &str = "RemotePaymentStateSig";
const STATE_FIELDS: [&str; 2] = ["State", "Sig"];

/// Bytes in base64.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Field for Bytes {
    const NAME: &'static str = "[]uint8";

    fn of(value: &Json) -> Result<Self, String> {
        match value {
            Json::Text(text) => header::bytes(text).map(Self).map_err(|e| format!("string ({e})")),
            other => Err(other.kind().to_owned()),
        }
    }
}

/// The fields as they stand in the JSON.
#[derive(Default)]
struct Fields {
    state: Bytes,
    sig: Bytes,
    orchestrator: Bytes,
    manifest_id: String,
    app: String,
    in_pixels: i64,
    kind: String,
    limit: Option<Limit>,
    capabilities: Bytes,
    /// The first number that is none.
    number: Option<String>,
}

impl Fields {
    fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let json = json::parse(body).map_err(|e| match e {
            JsonError::End if body.iter().all(u8::is_ascii_whitespace) => Refusal::Empty,
            JsonError::End => Refusal::Cut,
            e => Refusal::Json(e),
        })?;
        let (mut out, mut reader) = (Self::default(), Reader::default());
        reader.object(&json, "server.RemotePaymentRequest", &FIELDS, |reader, field, value| {
            out.read(reader, field, value);
        });
        let out = reader.end(out).map_err(Refusal::Json)?;
        match out.number {
            Some(text) => Err(Refusal::Number(text)),
            None => Ok(out),
        }
    }

    fn read(&mut self, reader: &mut Reader, field: &'static str, value: &Json) {
        let place = (OBJECT, field);
        match field {
            "state" => reader.object(value, "server.RemotePaymentStateSig", &STATE_FIELDS, |reader, field, value| {
                let into = if field == "State" { &mut self.state } else { &mut self.sig };
                reader.put(into, value, (STATE_OBJECT, field));
            }),
            "orchestrator" => reader.put(&mut self.orchestrator, value, place),
            "ManifestID" => reader.put(&mut self.manifest_id, value, place),
            "app" => reader.put(&mut self.app, value, place),
            "inPixels" => reader.put_as(&mut self.in_pixels, value, place, "int64"),
            "type" => reader.put(&mut self.kind, value, place),
            "maxPrice" => match Limit::read(reader, value) {
                Ok(limit) => self.limit = limit,
                Err(text) => self.number = self.number.take().or_else(|| Some(quoted(&text))),
            },
            _ => reader.put(&mut self.capabilities, value, place),
        }
    }
}

impl Request {
    /// The request of a body.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let fields = Fields::parse(body)?;
        if fields.orchestrator.0.is_empty() {
            return Err(Refusal::NoOrchestrator);
        }
        let info = net::OrchestratorInfo::decode(fields.orchestrator.0.as_slice()).map_err(|_| Refusal::Protobuf)?;
        let price_info = info.price_info.as_ref().map(PriceInfo::from).unwrap_or_default();
        if price_info.price_per_unit == 0 || price_info.pixels_per_unit == 0 {
            return Err(Refusal::NoPrice);
        }
        let params = info.ticket_params.as_ref().ok_or(Refusal::NoParams)?;
        let capabilities = match fields.capabilities.0.as_slice() {
            [] => None,
            bytes => Some(net::Capabilities::decode(bytes).map_err(|_| Refusal::Protobuf)?),
        };
        Ok(Self {
            state: SignedState { state: fields.state.0, sig: fields.sig.0 },
            orchestrator: field::address(&info.address),
            params: TicketParams::try_from(params)?,
            price: price_info.price()?,
            price_info,
            token: info.auth_token.ok_or(Refusal::NoToken)?,
            url: info.transcoder,
            manifest_id: fields.manifest_id,
            app: fields.app,
            in_pixels: fields.in_pixels,
            kind: fields.kind,
            limit: fields.limit,
            capabilities,
        })
    }
}
