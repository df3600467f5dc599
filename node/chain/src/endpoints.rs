//! Several endpoints as one: an operation runs on one of them as a whole, and on the next one as a
//! whole when that fails.
//!
//! A look at the chain takes several requests. If each went to whichever endpoint answers first, a
//! header would come from one that is ahead and its logs from one that is behind, and logs would be
//! missed in silence.

use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use alloy::providers::{Provider, RootProvider};
use futures::future::join_all;
use serde::Serialize;
use weir_types::{B256, Instant, L2Block, Millis};

use crate::ChainError;
use crate::client::{BlockAt, block_head};
use crate::fault::Fault;
use crate::health::{Fleet, HealthConfig, Verdict};
use crate::line::EndpointUrl;

/// One endpoint.
#[derive(Debug, Clone)]
struct Endpoint {
    name: String,
    provider: RootProvider,
}

/// Endpoints in the order of preference.
#[derive(Debug)]
pub struct Endpoints {
    all: Vec<Endpoint>,
    fleet: Mutex<Fleet>,
    start: tokio::time::Instant,
    /// The chain that they must be.
    chain_id: Option<u64>,
}

/// How an endpoint does, for status pages and logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EndpointStatus {
    /// Where it is, without secrets.
    pub name: String,
    /// Whether it is asked without reserve.
    pub good: bool,
    /// Its newest block.
    pub head: Option<u64>,
    /// Seconds since that block.
    pub head_age_seconds: Option<u64>,
    /// Requests answered and failed.
    pub answered: u64,
    /// Requests failed.
    pub failed: u64,
    /// Mean time to answer, in milliseconds.
    pub latency_ms: u64,
    /// What went wrong last.
    pub last_fault: Option<String>,
}

impl Endpoints {
    /// Endpoints by their addresses. Nothing is asked yet.
    #[must_use]
    pub fn new(urls: &[EndpointUrl], patience: Duration, health: HealthConfig) -> Self {
        Self::of(urls.iter().map(|url| (url.to_string(), url.provider(patience))).collect(), health)
    }

    /// Endpoints by name and provider: a chain in process is one too.
    #[must_use]
    pub fn of(all: Vec<(String, RootProvider)>, health: HealthConfig) -> Self {
        let all: Vec<Endpoint> = all.into_iter().map(|(name, provider)| Endpoint { name, provider }).collect();
        let fleet = Mutex::new(Fleet::new(health, all.len()));
        Self { all, fleet, start: tokio::time::Instant::now(), chain_id: None }
    }

    /// Pins the chain: endpoints that are another one are not asked, also when they change later.
    pub const fn pin(&mut self, chain_id: u64) {
        self.chain_id = Some(chain_id);
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Time since these endpoints were made.
    #[must_use]
    pub fn now(&self) -> Instant {
        Instant(u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    fn fleet(&self) -> MutexGuard<'_, Fleet> {
        self.fleet.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Name of an endpoint.
    #[must_use]
    pub fn name(&self, index: usize) -> &str {
        self.all.get(index).map_or("", |e| &e.name)
    }

    /// How each endpoint does.
    #[must_use]
    pub fn status(&self) -> Vec<EndpointStatus> {
        let (now, fleet) = (self.now(), self.fleet());
        let one = |(i, e): (usize, &Endpoint)| {
            let c = fleet.conditions().get(i)?;
            Some(EndpointStatus {
                name: e.name.clone(),
                good: fleet.is_good(i, now),
                head: c.head.map(|h| h.number.0),
                head_age_seconds: fleet.head_age(i, now).map(|age| age.0 / 1000),
                answered: c.answered,
                failed: c.failed,
                latency_ms: c.latency.0,
                last_fault: c.last_fault.map(|(fault, _)| fault.to_string()),
            })
        };
        self.all.iter().enumerate().filter_map(one).collect()
    }

    /// Runs an operation on the best endpoint, and on the next one when that fails for a reason of its own.
    ///
    /// # Errors
    /// The chain's refusal, or the failure of the last endpoint.
    pub async fn with<T, F>(&self, operation: impl Fn(RootProvider) -> F) -> Result<T, ChainError>
    where
        F: Future<Output = Result<T, ChainError>>,
    {
        let order = self.fleet().order(self.now());
        let mut last = None;
        for index in &order {
            match self.on(*index, &operation).await {
                Err(e) if e.fault().is_some() => {
                    tracing::debug!(endpoint = self.name(*index), error = %e, "asking the next endpoint");
                    last = Some((*index, e));
                }
                done => return done,
            }
        }
        match last {
            Some((_, e)) if order.len() == 1 => Err(e),
            Some((index, e)) => Err(ChainError::NoEndpoint {
                tried: order.len(),
                name: self.name(index).to_owned(),
                source: Box::new(e),
            }),
            None => Err(ChainError::NoEndpoints),
        }
    }

    /// Runs an operation on every endpoint that may be asked.
    pub async fn each<T, F>(&self, operation: impl Fn(RootProvider) -> F) -> Vec<Result<T, ChainError>>
    where
        F: Future<Output = Result<T, ChainError>>,
    {
        let order = self.fleet().order(self.now());
        join_all(order.into_iter().map(|index| self.on(index, &operation))).await
    }

    /// Runs an operation on one endpoint and notes how it did.
    async fn on<T, F>(&self, index: usize, operation: impl Fn(RootProvider) -> F) -> Result<T, ChainError>
    where
        F: Future<Output = Result<T, ChainError>>,
    {
        let Some(endpoint) = self.all.get(index) else { return Err(ChainError::NoEndpoints) };
        let begun = self.now();
        let done = operation(endpoint.provider.clone()).await;
        let now = self.now();
        match done.as_ref().err().and_then(ChainError::fault) {
            Some(fault) => self.fleet().failed(index, now, fault),
            None => self.fleet().answered(index, now.since(begun)),
        }
        done
    }

    /// Asks all endpoints for their newest blocks, compares their hashes at one height, and checks that each is
    /// the pinned chain. `unix` is the time of the day in seconds, if heads are to be aged.
    pub async fn survey(&self, unix: Option<u64>) -> Verdict {
        if let Some(unix) = unix {
            self.fleet().set_clock(self.now(), unix);
        }
        let heads = join_all((0..self.all.len()).map(|i| self.look(i))).await;
        for (i, head) in heads.into_iter().enumerate() {
            match head {
                Some((number, timestamp)) => self.fleet().head(i, self.now(), number, timestamp),
                None => self.fleet().no_head(i),
            }
        }
        let compared = self.fleet().compare_at();
        let Some((at, who)) = compared else { return Verdict::Agreed };
        let hashes = join_all(who.iter().map(|i| self.hash_at(*i, at))).await;
        let told: Vec<(usize, B256)> = who.iter().zip(hashes).filter_map(|(i, h)| Some((*i, h?))).collect();
        let verdict = self.fleet().compare(self.now(), &told);
        match &verdict {
            Verdict::Agreed => {}
            Verdict::Outvoted(who) => {
                let names: Vec<&str> = who.iter().map(|i| self.name(*i)).collect();
                tracing::warn!(height = at.0, endpoints = ?names, "endpoints tell another chain than most");
            }
            Verdict::Split(chains) => {
                tracing::warn!(height = at.0, chains, "endpoints disagree and there is no majority");
            }
        }
        verdict
    }

    /// Whether an endpoint is worth a question that is not pressing.
    fn is_rested(&self, index: usize) -> bool {
        let now = self.now();
        self.fleet().conditions().get(index).is_some_and(|c| c.rests_until.is_none_or(|until| until <= now))
    }

    async fn look(&self, index: usize) -> Option<(L2Block, u64)> {
        if !self.is_rested(index) {
            return None;
        }
        let wanted = self.chain_id;
        let head = self
            .on(index, |provider| async move {
                if let Some(wanted) = wanted {
                    let found = provider
                        .get_chain_id()
                        .await
                        .map_err(|source| ChainError::Rpc { method: "eth_chainId", source })?;
                    if found != wanted {
                        return Ok(Err(found));
                    }
                }
                Ok(Ok(block_head(&provider, BlockAt::Latest).await?))
            })
            .await
            .ok()?;
        match head {
            Ok(head) => {
                self.fleet().right_chain(index);
                Some((head.l2, head.timestamp))
            }
            Err(found) => {
                tracing::warn!(endpoint = self.name(index), found, wanted, "endpoint is another chain");
                self.fleet().failed(index, self.now(), Fault::WrongChain);
                None
            }
        }
    }

    async fn hash_at(&self, index: usize, at: L2Block) -> Option<B256> {
        self.on(index, |provider| async move { block_head(&provider, BlockAt::Number(at)).await })
            .await
            .ok()
            .map(|head| head.hash)
    }

    /// Whether some endpoint is asked without reserve.
    #[must_use]
    pub fn any_good(&self) -> bool {
        self.fleet().any_good(self.now())
    }

    /// The height that the network has, as far as endpoints told.
    #[must_use]
    pub fn height(&self) -> Option<L2Block> {
        self.fleet().height()
    }

    /// Blocks above this one are not believed: most endpoints have not seen them. None while too few tell.
    #[must_use]
    pub fn ceiling(&self) -> Option<L2Block> {
        self.fleet().ceiling()
    }

    /// Time to wait until the first endpoint has rested; none when one has.
    #[must_use]
    pub fn rest(&self) -> Option<Millis> {
        let (now, fleet) = (self.now(), self.fleet());
        let ends =
            fleet.conditions().iter().filter(|c| !c.wrong_chain).map(|c| c.rests_until.map_or(now, |u| u.max(now)));
        ends.min().filter(|end| *end > now).map(|end| end.since(now))
    }
}
