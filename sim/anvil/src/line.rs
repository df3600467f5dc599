//! Requests and answers over the socket.

use std::io::{BufReader, BufWriter, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde_json::de::IoRead;
use serde_json::{Deserializer, StreamDeserializer, Value, json};

use crate::error::AnvilError;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// One connection.
pub(crate) struct Line {
    out: BufWriter<UnixStream>,
    answers: StreamDeserializer<'static, IoRead<BufReader<UnixStream>>, Value>,
    asked: u64,
}

fn broken(e: impl std::fmt::Display) -> AnvilError {
    AnvilError::Line(e.to_string())
}

impl Line {
    pub(crate) fn new(stream: UnixStream) -> Result<Self, AnvilError> {
        stream.set_read_timeout(Some(PATIENCE)).map_err(broken)?;
        let reader = BufReader::new(stream.try_clone().map_err(broken)?);
        // Answers come one after the other without an end mark.
        Ok(Self { out: BufWriter::new(stream), answers: Deserializer::from_reader(reader).into_iter(), asked: 0 })
    }

    /// Sends all requests, then reads all answers; each is a result or an error object.
    pub(crate) fn exchange(&mut self, requests: &[(&str, Value)]) -> Result<Vec<Result<Value, Value>>, AnvilError> {
        let first = self.asked + 1;
        for (method, params) in requests {
            self.asked += 1;
            let request = json!({ "jsonrpc": "2.0", "id": self.asked, "method": method, "params": params });
            self.out.write_all(request.to_string().as_bytes()).map_err(broken)?;
        }
        self.out.flush().map_err(broken)?;
        // Several are worked on at a time: answers come in any order.
        let mut results = vec![Ok(Value::Null); requests.len()];
        for _ in requests {
            let answer = self.answers.next().ok_or_else(|| broken("closed"))?;
            let mut answer = answer.map_err(broken)?;
            let place = answer["id"].as_u64().and_then(|id| usize::try_from(id.checked_sub(first)?).ok());
            let slot = place.and_then(|place| results.get_mut(place)).ok_or_else(|| broken("an answer to nobody"))?;
            *slot = match answer.get_mut("error") {
                Some(error) => Err(error.take()),
                None => Ok(answer["result"].take()),
            };
        }
        Ok(results)
    }
}
