//! Messages as trees of fields, so that two writers can be compared: maps have no order, and what is zero may be left
//! out.

/// What a message has in it, as far as maps are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// No maps.
    Plain,
    Capabilities,
    Constraints,
    CapabilityConstraints,
    OrchestratorRequest,
    OrchestratorInfo,
    Hardware,
    SegData,
    /// A message with news of an orchestrator in field 16.
    WithInfo,
    RegisterRequest,
    RegisterAiWorker,
    NotifySegment,
    /// An entry of a map whose values are scalars.
    Scalars,
    /// An entry of a map whose values are messages of this shape.
    Models,
    Model,
    Gpus,
}

impl Shape {
    /// Shape of the message in a field; none for anything else.
    const fn field(self, number: u64) -> Option<Self> {
        Some(match (self, number) {
            (Self::OrchestratorRequest | Self::RegisterRequest, 3)
            | (Self::OrchestratorInfo, 5)
            | (Self::SegData, 7)
            | (Self::RegisterAiWorker, 2) => Self::Capabilities,
            (Self::OrchestratorInfo, 7) | (Self::RegisterAiWorker, 3) => Self::Hardware,
            (Self::WithInfo, 16) => Self::OrchestratorInfo,
            (Self::NotifySegment, 3) => Self::SegData,
            (Self::Capabilities, 3) => Self::Scalars,
            (Self::Capabilities, 5) => Self::Constraints,
            (Self::Constraints, 2) => Self::Models,
            (Self::Models, 2) => Self::CapabilityConstraints,
            (Self::CapabilityConstraints, 1) => Self::Model,
            (Self::Hardware, 3) => Self::Gpus,
            (Self::Model | Self::Gpus, 2) | (Self::SegData, 33..=35) => Self::Plain,
            _ => return None,
        })
    }

    const fn is_entry(self) -> bool {
        matches!(self, Self::Scalars | Self::Models | Self::Model | Self::Gpus)
    }
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Held {
    Number(u64),
    Bytes(Vec<u8>),
    Message(Vec<(u64, Self)>),
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut out = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        out |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(out);
        }
    }
    None
}

/// The fields of a message in an order of their own; none if it is no message of numbers and bytes.
pub(crate) fn fields(mut bytes: &[u8], shape: Shape) -> Option<Vec<(u64, Held)>> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let (number, kind) = (tag >> 3, tag & 7);
        let held = match kind {
            0 => Held::Number(varint(&mut bytes)?),
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                let (inside, rest) = bytes.split_at_checked(length)?;
                bytes = rest;
                match shape.field(number) {
                    Some(shape) => Held::Message(fields(inside, shape)?),
                    None => Held::Bytes(inside.to_vec()),
                }
            }
            _ => return None,
        };
        let nothing = match &held {
            Held::Number(n) => *n == 0,
            Held::Bytes(b) => b.is_empty(),
            // That a message is there says something, but for the value of an entry.
            Held::Message(m) => m.is_empty() && shape.is_entry(),
        };
        if !nothing {
            all.push((number, held));
        }
    }
    if shape != Shape::Plain {
        all.sort();
    }
    Some(all)
}
