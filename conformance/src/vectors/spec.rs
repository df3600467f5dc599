//! Vectors of the original's unit tests, and others derived from its rules: one kind of case for each rule.

use num_rational::BigRational;
use serde_json::Value;
use weir_contracts::contract_id;
use weir_market::capability::{JobNeeds, PixelShape, fits, satisfies};
use weir_market::price::{Feed, PriceList, Request, check_increase, currency, fixed, price_to_fixed};
use weir_market::selection::{Offer, Probability, Weights};
use weir_ticket::balance::{Balances, Key};
use weir_ticket::recipient::{ChainView, Recipient, RecipientConfig};
use weir_ticket::sender::fee_estimate;
use weir_ticket::sig::{draw, prefixed, recover_message};
use weir_ticket::ticket::rand_hash;
use weir_ticket::{Ticket, TicketParams, is_winning};
use weir_types::{
    Address, B256, Instant, L1Block, Millis, Price, Profile, Round, U256, Wei, WinProb, decimal, keccak256,
};
use weir_wire::capability::{DEFAULT, LEGACY, OPTIONAL};
use weir_wire::net::{self, SegData};
use weir_wire::segment::{flatten, profile_id};
use weir_wire::{Bits, Capability, Message, ProfileText, header, signed, token::TokenKey};

use super::read::{
    address, bytes, credit, double, error_of, expiration, flag, gateway_key, hex_word, integer, list, maybe,
    maybe_ratio, number, orchestrator_key, price, ratio, same, text, wei, win_prob, word,
};
use super::{Outcome, Tally};

pub(crate) fn spec(file: &Value, tally: &mut Tally<'_>) {
    tally.each("cases", file, |c| match text(c, "kind")? {
        "recover" | "sign" | "renditions" | "token" => signing(c),
        "flatten" | "profileID" | "profileField" => segments(c),
        "auxData" | "ticketHash" | "ev" | "chance" | "ticket" | "draw" => tickets(c),
        "params" | "rand" => params(c),
        "bits" | "set" | "compat" | "pixels" | "version" => capabilities(c),
        "stage" | "fee" | "quote" | "fixed" | "token5" | "doubled" | "currency" => prices(c),
        "probs" | "filter" => selection(c),
        "message" => message(c),
        "chain" => chain(c),
        "amount" => same("wei", decimal::to_base(text(c, "text")?, 18).ok(), Some(integer(c, "wei")?)),
        "percent" => same("parts", decimal::million_of_percent(double(c, "percent")?), integer(c, "million")?),
        other => Err(format!("unknown kind {other}").into()),
    });
}

fn signing(c: &Value) -> Outcome {
    match text(c, "kind")? {
        "recover" => {
            let message = bytes(text(c, "message")?)?;
            let ours = recover_message(&message, &bytes(text(c, "sig")?)?);
            same("error", error_of(&ours), maybe(c, "error"))?;
            same("address", ours.ok(), maybe(c, "address").map(|a| address(&a)).transpose()?)?;
            match maybe(c, "digest") {
                Some(digest) => same("digest", prefixed(B256::from_slice(&message)), word(&digest)?),
                None => Ok(()),
            }
        }
        "sign" => {
            let (key, message) = match text(c, "key")? {
                "gw" => (gateway_key(), bytes(text(c, "message")?)?),
                _ => (orchestrator_key(), bytes(text(c, "message")?)?),
            };
            let hash = match text(c, "what")? {
                "request" => signed::request(key.address()),
                _ => signed::ping(&message),
            };
            same("hash", hash, word(text(c, "keccak")?)?)?;
            same("signature", key.sign(hash).to_string().as_str(), text(c, "sig")?)
        }
        "renditions" => {
            let all = list(c, "renditions")?.iter().map(|r| bytes(r.as_str().unwrap_or_default()));
            let hashes = all.map(|r| Ok(keccak256(r?))).collect::<Outcome<Vec<B256>>>()?;
            let theirs = list(c, "hashes")?.iter().map(|h| word(h.as_str().unwrap_or_default()));
            same("hashes", &hashes, &theirs.collect::<Outcome<Vec<B256>>>()?)?;
            let hash = signed::renditions(hashes);
            same("hash of all", hash, word(text(c, "keccak")?)?)?;
            same("signature", orchestrator_key().sign(hash).to_string().as_str(), text(c, "sig")?)
        }
        _ => {
            let expiration = number(c, "expiration")? as i64;
            let ours = TokenKey::new(&bytes(text(c, "secret")?)?).token(text(c, "sessionID")?, expiration);
            same("token", ours, word(text(c, "token")?)?)
        }
    }
}

fn segments(c: &Value) -> Outcome {
    match text(c, "kind")? {
        "flatten" => {
            let names = list(c, "profiles")?.iter().filter_map(Value::as_str);
            let (id, hash) = (text(c, "manifestID")?.as_bytes(), word(text(c, "hash")?)?);
            let flat = flatten(id, number(c, "seq")? as i64, hash, names);
            same("signed bytes", hex::encode(&flat).as_str(), text(c, "flatten")?)?;
            let hash = keccak256(flat);
            same("hash", hash, word(text(c, "keccak")?)?)?;
            same("signature", gateway_key().sign(hash).to_string().as_str(), text(c, "sig")?)
        }
        "profileID" => same("id", profile_id(text(c, "name")?).as_str(), text(c, "id8")?),
        _ => {
            let small = |p: &Value, key: &str| p[key].as_i64().and_then(|n| i32::try_from(n).ok()).unwrap_or(0);
            let one = |p: &Value| {
                let text = ProfileText {
                    name: "p".into(),
                    bitrate: "400k".into(),
                    resolution: "256x144".into(),
                    fps: 30,
                    fps_den: u32::try_from(small(p, "fpsDen")).unwrap_or(0),
                    format: small(p, "format"),
                    profile: small(p, "profile"),
                    gop: p["gop"].as_i64().unwrap_or(0),
                    ..ProfileText::default()
                };
                text.message().map_err(|e| e.to_string())
            };
            let mut data = SegData::default();
            data.set_profiles(list(c, "profiles")?.iter().map(one).collect::<Result<Vec<_>, _>>()?);
            let filled = [
                ("fullProfiles", &data.full_profiles),
                ("fullProfiles2", &data.full_profiles2),
                ("fullProfiles3", &data.full_profiles3),
            ];
            let used: Vec<&str> = filled.into_iter().filter(|(_, all)| !all.is_empty()).map(|(name, _)| name).collect();
            same("field", used, vec![text(c, "field")?])
        }
    }
}

fn decimal_prob(c: &Value) -> Outcome<WinProb> {
    Ok(WinProb(text(c, "winProb")?.parse().map_err(|_| "no probability".to_owned())?))
}

fn ticket(c: &Value) -> Outcome<Ticket> {
    let e = expiration(c)?;
    Ok(Ticket {
        recipient: address(text(c, "recipient")?)?,
        sender: address(text(c, "sender")?)?,
        face_value: wei(c, "faceValue")?,
        win_prob: decimal_prob(c)?,
        sender_nonce: u32::try_from(number(c, "senderNonce")?).map_err(|e| e.to_string())?,
        recipient_rand_hash: word(text(c, "recipientRandHash")?)?,
        creation_round: e.creation_round,
        creation_round_block_hash: e.creation_round_block_hash,
        params_expiration_block: L1Block(0),
    })
}

fn tickets(c: &Value) -> Outcome {
    match text(c, "kind")? {
        "auxData" => same("aux data", hex::encode(expiration(c)?.aux_data()).as_str(), text(c, "auxData")?),
        "ticketHash" => same("hash", ticket(c)?.hash(), word(text(c, "hash")?)?),
        "ev" => {
            let ev = weir_ticket::Value::expected(wei(c, "faceValue")?, win_prob(c)?).credit();
            same("expected value", super::read::decimal(&ev.0, 0).trim_end_matches('.'), text(c, "ev")?)
        }
        "chance" => same("chance", (win_prob(c)?.to_f64() - double(c, "chance")?).abs() < 1e-15, true),
        "draw" => {
            let (sig, rand) = (bytes(text(c, "sig")?)?, hex_word(text(c, "recipientRand")?)?);
            same("draw", draw(&sig, rand), hex_word(text(c, "draw")?)?)?;
            same("wins", is_winning(&sig, rand, win_prob(c)?), flag(c, "wins")?)
        }
        _ => {
            let t = ticket(c)?;
            if let Some(packed) = maybe(c, "packed") {
                same("packed form", hex::encode(t.packed()), packed)?;
            }
            same("hash", t.hash(), word(text(c, "hash")?)?)?;
            let sig = gateway_key().sign(t.hash());
            same("signature", sig.to_string().as_str(), text(c, "sig")?)?;
            let rand = hex_word(text(c, "recipientRand")?)?;
            same("draw", draw(sig.as_ref(), rand), hex_word(text(c, "draw")?)?)?;
            same("wins", is_winning(sig.as_ref(), rand, t.win_prob), flag(c, "wins")?)
        }
    }
}

fn params(c: &Value) -> Outcome {
    if text(c, "kind")? == "rand" {
        let secret = bytes(text(c, "secret")?)?.try_into().map_err(|_| "the secret has 32 bytes".to_owned())?;
        let r = Recipient::new(orchestrator_key().address(), secret, RecipientConfig::default());
        let p = TicketParams {
            recipient: r.address(),
            face_value: wei(c, "faceValue")?,
            win_prob: win_prob(c)?,
            recipient_rand_hash: B256::ZERO,
            seed: hex_word(text(c, "seed")?)?,
            expiration_block: L1Block(number(c, "expirationBlock")?),
            expiration_params: expiration(c)?,
        };
        let price = price(&c["price"])?.ok_or_else(|| "no price".to_owned())?;
        let rand = r.rand(address(text(c, "sender")?)?, &p, &price);
        same("number", rand, hex_word(text(c, "recipientRand")?)?)?;
        return same("its hash", rand_hash(rand), word(text(c, "recipientRandHash")?)?);
    }
    let config = RecipientConfig {
        ev: wei(c, "ev")?,
        redeem_gas: number(c, "redeemGas")?,
        tx_cost_multiplier: 100,
        max_face_value: Wei::ZERO,
    };
    let r = Recipient::new(orchestrator_key().address(), [3; 32], config);
    let view = ChainView { gas_price: wei(c, "gasPrice")?, round: Round(5), ..ChainView::default() };
    let one = Price::new(1, 1).ok_or_else(|| "a price".to_owned())?;
    let ours = r.ticket_params(gateway_key().address(), &one, wei(c, "maxFloat")?, &view, U256::ZERO);
    same("error", error_of(&ours), maybe(c, "error"))?;
    if let (Ok(p), false) = (ours, c["faceValue"].is_null()) {
        same("face value", p.face_value, wei(c, "faceValue")?)?;
        same("win probability", p.win_prob, decimal_prob(c)?)?;
    }
    Ok(())
}

fn set(v: &Value) -> Bits {
    v.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_u64)
        .filter_map(|n| u32::try_from(n).ok())
        .map(Capability)
        .collect()
}

fn words(c: &Value) -> Outcome<Vec<u64>> {
    let all = list(c, "words")?.iter().map(|w| w.as_str()?.parse().ok()).collect::<Option<Vec<u64>>>();
    Ok(all.ok_or_else(|| "no words".to_owned())?)
}

fn capabilities(c: &Value) -> Outcome {
    match text(c, "kind")? {
        "bits" => same("words", set(&c["set"]).0, words(c)?),
        "set" => {
            let ours: Bits = match text(c, "name")? {
                "default" => DEFAULT.into_iter().collect(),
                "legacy" => LEGACY.into_iter().collect(),
                _ => DEFAULT.into_iter().chain(OPTIONAL).collect(),
            };
            same("words", ours.0, words(c)?)
        }
        "compat" => {
            let job = net::Capabilities { bitstring: set(&c["job"]).0, ..Default::default() };
            let node = net::Capabilities {
                bitstring: set(&c["orch"]).0,
                mandatories: set(&c["mandatory"]).0,
                ..Default::default()
            };
            same("compatible", fits(&job, &node).is_ok(), flag(c, "ok")?)
        }
        "pixels" => {
            let needs = JobNeeds {
                codec: 0,
                pixels: PixelShape::named(text(c, "pixelFormatName")?),
                profiles: &[],
                verification: false,
                slicing: false,
                storage: None,
            };
            same("capabilities", needs.capabilities().map_err(|e| e.to_string())?, set(&c["bits"]).iter().collect())
        }
        _ => same("ok", satisfies(text(c, "min")?, text(c, "version")?), flag(c, "ok")?),
    }
}

fn one_price(c: &Value, key: &str) -> Outcome<Price> {
    Ok(price(&c[key])?.ok_or_else(|| format!("no price {key}"))?)
}

fn prices(c: &Value) -> Outcome {
    match text(c, "kind")? {
        "stage" => {
            const KEY: Key = (Address::repeat_byte(1), 7);
            let mut b = Balances::new();
            b.credit(KEY, &credit(text(c, "existing")?)?.into(), Instant::ZERO);
            let ev = maybe(c, "ev").map_or_else(|| Ok(weir_ticket::Value::zero()), |e| credit(&e).map(Into::into))?;
            let s = b.stage(KEY, &credit(text(c, "minCredit")?)?.into(), &ev);
            same("tickets", s.tickets, number(c, "tickets")?)?;
            same("new credit", s.new_credit.credit(), credit(text(c, "newCredit")?)?)?;
            same("left", b.amount(KEY), weir_types::Credit::zero())
        }
        "fee" => {
            let n = |row: &Value, i: usize| row[i].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
            let one = |row: &Value| Profile {
                name: String::new(),
                width: n(row, 0),
                height: n(row, 1),
                bitrate: 0,
                fps: n(row, 2),
                fps_den: n(row, 3),
            };
            let profiles: Vec<Profile> = list(c, "profiles")?.iter().map(one).collect();
            let ms = Millis((double(c, "duration")? * 1_000.0).round() as u64);
            same("fee", fee_estimate(&profiles, ms, &one_price(c, "price")?).credit(), credit(text(c, "fee")?)?)
        }
        "quote" => {
            let list = PriceList::new(Some(one_price(c, "base")?), flag(c, "autoAdjust")?);
            let multiplier = ratio(text(c, "multiplier")?)?;
            let ours = list.quote::<String>(Address::ZERO, &Request::default(), None, || Ok(multiplier.clone()));
            same("price", ours.map(|p| p.ratio().clone()), Ok(ratio(text(c, "price")?)?))
        }
        "fixed" => same("fixed point", Some(price_to_fixed(&ratio(text(c, "price")?)?)), c["fixed"].as_i64()),
        "token5" => same("fixed point", Some(fixed::token_to_fixed(&integer(c, "amount")?)), c["fixed"].as_i64()),
        "doubled" => {
            let ours = check_increase(&one_price(c, "initial")?, &one_price(c, "current")?);
            same("goes on", ours.is_ok(), flag(c, "ok")?)
        }
        _ => {
            let rate = maybe_ratio(&c["rate"])?.ok_or_else(|| "no rate".to_owned())?;
            let feed = Feed::new(text(c, "base")?, text(c, "quote")?, rate).map_err(|e| e.to_string())?;
            let ours = currency::wei_per_unit(text(c, "currency")?, Some(&feed)).map_err(|e| e.to_string())?;
            same("wei", ours, BigRational::from_integer(integer(c, "wei")?))
        }
    }
}

/// An offer of a case.
struct Stub(String, Option<Price>, u64, Option<f64>);

impl Offer for Stub {
    fn uri(&self) -> &str {
        &self.0
    }
    fn recipient(&self) -> Option<Address> {
        u8::try_from(self.0.len()).ok().map(Address::repeat_byte)
    }
    fn price(&self) -> Option<&Price> {
        self.1.as_ref()
    }
    fn stake(&self) -> u64 {
        self.2
    }
    fn performance(&self) -> Option<f64> {
        self.3
    }
}

fn selection(c: &Value) -> Outcome {
    let prices = list(c, "prices")?.iter().map(|p| p.as_u64().and_then(|p| Price::new(p, 1)));
    let offers = prices.enumerate().map(|(i, p)| {
        let stake = c["stakes"][i].as_u64().unwrap_or(1);
        Stub("o".repeat(i + 1), p, stake, c["scores"][i].as_f64())
    });
    let offers: Vec<Stub> = offers.collect();
    if text(c, "kind")? == "filter" {
        let rule = Probability {
            min_performance: double(c, "minPerf")?,
            max_price: c["maxPrice"].as_u64().and_then(|p| Price::new(p, 1)),
            ignore_max_price: flag(c, "ignore")?,
            ..Probability::default()
        };
        let theirs: Vec<u64> = list(c, "kept")?.iter().filter_map(Value::as_u64).collect();
        return same("kept", rule.filter(&offers).into_iter().map(|i| i as u64).collect(), theirs);
    }
    let w: Vec<f64> = list(c, "weights")?.iter().filter_map(Value::as_f64).collect();
    let [stake, by_price, random] = w.as_slice() else { return Err("no three weights".to_owned().into()) };
    let weights = Weights::new(*stake, *by_price, *random).map_err(|e| e.to_string())?;
    let rule = Probability { weights, price_factor: 100.0, ..Probability::default() };
    let ours = rule.probabilities(&offers.iter().collect::<Vec<_>>());
    let theirs: Vec<f64> = list(c, "probs")?.iter().filter_map(Value::as_f64).collect();
    same("how many", ours.len(), theirs.len())?;
    same("close", ours.iter().zip(&theirs).all(|(p, q)| (p - q).abs() < 1e-4), true)
}

fn message(c: &Value) -> Outcome {
    let raw = bytes(text(c, "bytes")?)?;
    match text(c, "type")? {
        "OrchestratorRequest" => again::<net::OrchestratorRequest>(c, &raw),
        "Payment" => again::<net::Payment>(c, &raw),
        "SegData" => again::<SegData>(c, &raw),
        "TranscodeResult" => again::<net::TranscodeResult>(c, &raw),
        "NotifySegment" => again::<net::NotifySegment>(c, &raw),
        other => Err(format!("unknown message {other}").into()),
    }
}

/// A message that is read is written as it was.
fn again<M: Message + Default + PartialEq + std::fmt::Debug>(c: &Value, raw: &[u8]) -> Outcome {
    let message = M::decode(raw).map_err(|e| e.to_string())?;
    same("bytes", hex::encode(message.encode_to_vec()), hex::encode(raw))?;
    if let Some(value) = maybe(c, "header") {
        same("header", header::encode(&message), value.clone())?;
        same("header read", header::decode::<M>(&value).ok(), Some(message))?;
    }
    Ok(())
}

fn chain(c: &Value) -> Outcome {
    let name = text(c, "text")?;
    let ours = if name.contains('(') { keccak256(name) } else { contract_id(name) };
    same("hash", ours, word(text(c, "keccak")?)?)
}
