//! The chain as an alloy provider whose contract calls are made at once, without JSON in between.

use std::borrow::Cow;
use std::sync::Arc;

use alloy::network::Ethereum;
use alloy::primitives::{Bytes, TxKind};
use alloy::providers::{Caller, EthCall, EthCallManyParams, EthCallParams, Provider, ProviderCall, RootProvider};
use alloy::rpc::json_rpc::RpcError as Failure;
use alloy::rpc::types::{BlockId, BlockNumberOrTag, TransactionRequest};
use alloy::transports::{TransportErrorKind, TransportResult};
use revm::context::TxEnv;

use crate::chain::Chain;
use crate::exec::CALL_GAS;
use crate::inner::call_env;
use crate::rpc_answer::RpcError;

/// A provider of a [`Chain`] in the same process. Calls on the newest state run where they are made; everything else
/// takes the way of [`Chain::provider`].
#[derive(Debug, Clone)]
pub struct LocalProvider {
    root: RootProvider,
    caller: Arc<LocalCaller>,
}

impl Chain {
    /// The chain as a provider for many reads: see [`LocalProvider`].
    #[must_use]
    pub fn local_provider(&self) -> LocalProvider {
        LocalProvider { root: self.provider(), caller: Arc::new(LocalCaller(self.clone())) }
    }
}

impl Provider for LocalProvider {
    fn root(&self) -> &RootProvider {
        &self.root
    }

    fn call(&self, tx: TransactionRequest) -> EthCall<Ethereum, Bytes> {
        if is_plain(&tx) {
            let caller = Arc::clone(&self.caller);
            return EthCall::new(Shared(caller), "eth_call", tx).block(BlockNumberOrTag::Pending.into());
        }
        self.root.call(tx)
    }
}

/// Whether a request is no more than a call of a contract.
fn is_plain(tx: &TransactionRequest) -> bool {
    tx.gas_price.is_none() && tx.max_fee_per_gas.is_none() && tx.value.is_none() && tx.gas.is_none()
}

#[derive(Debug)]
struct LocalCaller(Chain);

struct Shared(Arc<LocalCaller>);

impl LocalCaller {
    fn now(&self, tx: &TransactionRequest) -> TransportResult<Bytes> {
        let env = TxEnv {
            caller: tx.from.unwrap_or_default(),
            kind: tx.to.unwrap_or(TxKind::Create),
            data: tx.input.input().cloned().unwrap_or_default(),
            gas_limit: CALL_GAS,
            ..call_env()
        };
        self.0.lock().call(env).map_err(|e| Failure::ErrorResp(RpcError::from(e).0))
    }
}

impl Caller<Ethereum, Bytes> for Shared {
    fn call(&self, params: EthCallParams<Ethereum>) -> TransportResult<ProviderCall<EthCallParams<Ethereum>, Bytes>> {
        let newest = matches!(
            params.block(),
            None | Some(BlockId::Number(BlockNumberOrTag::Latest | BlockNumberOrTag::Pending))
        );
        if newest && params.overrides().is_none_or(|o| o.is_empty()) && params.block_overrides().is_none() {
            return Ok(ProviderCall::ready(self.0.now(params.data())));
        }
        let root = self.0.0.provider();
        Ok(ProviderCall::BoxedFuture(Box::pin(async move { root.client().request("eth_call", params).await })))
    }

    fn estimate_gas(
        &self,
        params: EthCallParams<Ethereum>,
    ) -> TransportResult<ProviderCall<EthCallParams<Ethereum>, Bytes>> {
        let root = self.0.0.provider();
        Ok(ProviderCall::BoxedFuture(Box::pin(async move { root.client().request("eth_estimateGas", params).await })))
    }

    fn call_many(
        &self,
        _params: EthCallManyParams<'_>,
    ) -> TransportResult<ProviderCall<EthCallManyParams<'static>, Bytes>> {
        Err(TransportErrorKind::custom_str(&Cow::Borrowed("eth_callMany is not served")))
    }
}
