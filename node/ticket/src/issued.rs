//! The secret numbers behind ticket parameters.

use weir_types::{Address, B256, Price, U256};

use crate::TicketParams;
use crate::ticket::rand_hash;

/// Parameters that are remembered at a time: about those of an orchestrator's sessions.
const PLACES: usize = 64;

/// The secret number behind parameters, with its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Issued {
    pub(crate) rand: U256,
    pub(crate) hash: B256,
}

impl Issued {
    /// A number as [`Recipient::rand`](crate::recipient::Recipient::rand) derives it.
    #[must_use]
    pub fn new(rand: U256) -> Self {
        Self { rand, hash: rand_hash(rand) }
    }
}

#[derive(Debug, Clone)]
struct Known {
    sender: Address,
    price: Price,
    params: TicketParams,
    issued: Issued,
}

/// The numbers behind parameters that were issued lately, each under all that it is derived from. They could be
/// derived again, as are those of parameters that others have displaced here; it only takes longer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lately {
    places: Vec<Option<Box<Known>>>,
}

impl Lately {
    fn place(params: &TicketParams) -> usize {
        usize::from(params.recipient_rand_hash[31]) % PLACES
    }

    pub(crate) fn remember(&mut self, sender: Address, price: &Price, params: &TicketParams, issued: Issued) {
        self.places.resize_with(PLACES, || None);
        let known = Known { sender, price: price.clone(), params: params.clone(), issued };
        match &mut self.places[Self::place(params)] {
            Some(old) => **old = known,
            none => *none = Some(Box::new(known)),
        }
    }

    pub(crate) fn find(&self, sender: Address, price: &Price, params: &TicketParams) -> Option<Issued> {
        let known = self.places.get(Self::place(params))?.as_ref()?;
        let same = known.sender == sender && known.params == *params && known.price == *price;
        same.then_some(known.issued)
    }
}
