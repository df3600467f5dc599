//! What actors do, and its text form: a word for the kind and one for each argument.

use std::fmt;
use std::str::FromStr;

use alloy::primitives::U256;

use super::Who;
use super::broker::Funds;
use super::ranking::Place;

/// An amount that may depend on what there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    Wei(U256),
    /// Millionths of what there is.
    Part(u32),
    All,
    /// More than there is.
    TooMuch,
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wei(wei) => write!(f, "{wei}"),
            Self::Part(millionths) => write!(f, "{millionths}ppm"),
            Self::All => f.write_str("all"),
            Self::TooMuch => f.write_str("toomuch"),
        }
    }
}

impl FromStr for Amount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match (text, text.strip_suffix("ppm")) {
            ("all", _) => Self::All,
            ("toomuch", _) => Self::TooMuch,
            (_, Some(millionths)) => Self::Part(millionths.parse().map_err(|e| format!("{text}: {e}"))?),
            _ => Self::Wei(text.parse().map_err(|e| format!("{text}: {e}"))?),
        })
    }
}

/// Numbers between colons, or a dash if all are zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbers<T>(pub Vec<T>);

impl<T: fmt::Display> fmt::Display for Numbers<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.0.iter().map(T::to_string).collect();
        f.write_str(if words.is_empty() { "-" } else { "" })?;
        f.write_str(&words.join(":"))
    }
}

impl<T: FromStr> FromStr for Numbers<T>
where
    T::Err: fmt::Display,
{
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words = text.split(':').filter(|word| *word != "-");
        words.map(|word| word.parse().map_err(|e| format!("{text}: {e}"))).collect::<Result<_, _>>().map(Self)
    }
}

/// Places that the caller proposes in the pool: none, or a pair of neighbours for each member that moves.
pub type Hints = Numbers<Who>;

impl Hints {
    pub fn none() -> Self {
        Self(Vec::new())
    }

    pub fn place(&self, n: usize) -> Place {
        let at = |i: usize| self.0.get(i).copied().unwrap_or_default();
        (at(2 * n), at(2 * n + 1))
    }

    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }
}

macro_rules! words {
    ($type:ident { $($variant:ident = $word:literal,)+ }) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $word,)+ })
            }
        }

        impl FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    other => Err(format!("`{other}` is none of {:?}", [$($word),+])),
                }
            }
        }
    };
}

/// What is wrong with a ticket that is handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    None,
    NoRecipient,
    NoSender,
    ShortData,
    UnknownRound,
    WrongHash,
    WrongSecret,
    ShortSignature,
    WrongSignature,
}

words!(Flaw {
    None = "ok",
    NoRecipient = "no-recipient",
    NoSender = "no-sender",
    ShortData = "short-data",
    UnknownRound = "unknown-round",
    WrongHash = "wrong-hash",
    WrongSecret = "wrong-secret",
    ShortSignature = "short-signature",
    WrongSignature = "wrong-signature",
});

words!(Funds { Deposit = "deposit", Reserve = "reserve", Both = "both", });

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident = $word:literal { $($field:ident: $type:ty),* })+) => {
        /// Something that someone does, or that happens.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Action {
            $($(#[$doc])* $variant { $($field: $type),* },)+
        }

        impl Action {
            /// All kinds of actions, by their words.
            pub const KINDS: &[&str] = &[$($word),+];

            pub fn kind(&self) -> &'static str {
                match self { $(Self::$variant { .. } => $word,)+ }
            }
        }

        impl fmt::Display for Action {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant { $($field),* } => {
                        f.write_str($word)?;
                        $(write!(f, " {}", $field)?;)*
                    })+
                }
                Ok(())
            }
        }

        impl FromStr for Action {
            type Err = String;

            fn from_str(line: &str) -> Result<Self, String> {
                let mut words = line.split_whitespace();
                let action = match words.next().unwrap_or_default() {
                    $($word => Self::$variant { $($field: next(&mut words, stringify!($field))?),* },)+
                    other => return Err(format!("`{other}` is no action")),
                };
                match words.next() {
                    None => Ok(action),
                    Some(word) => Err(format!("`{word}` is one word too many")),
                }
            }
        }
    };
}

fn next<'a, T: FromStr>(words: &mut impl Iterator<Item = &'a str>, field: &str) -> Result<T, String>
where
    T::Err: fmt::Display,
{
    let word = words.next().ok_or_else(|| format!("{field} is missing"))?;
    word.parse().map_err(|e| format!("{field}: {e}"))
}

actions! {
    Bond = "bond" { who: Who, amount: Amount, to: Who, hints: Hints }
    BondFor = "bond-for" { who: Who, owner: Who, amount: Amount, to: Who, hints: Hints }
    Unbond = "unbond" { who: Who, amount: Amount, hints: Hints }
    Rebond = "rebond" { who: Who, lock: u64, hints: Hints }
    RebondFromUnbonded = "rebond-from-unbonded" { who: Who, to: Who, lock: u64, hints: Hints }
    TransferBond = "transfer-bond" { who: Who, to: Who, amount: Amount, hints: Hints }
    WithdrawStake = "withdraw-stake" { who: Who, lock: u64 }
    WithdrawFees = "withdraw-fees" { who: Who, to: Who, amount: Amount }
    Claim = "claim" { who: Who }
    Checkpoint = "checkpoint" { who: Who, of: Who }
    Commission = "commission" { who: Who, cut: u32, share: u32, hints: Hints }
    Reward = "reward" { who: Who, hints: Hints }
    SetRewardCaller = "set-reward-caller" { who: Who, caller: Who }
    RewardFor = "reward-for" { who: Who, orchestrator: Who, hints: Hints }
    Slash = "slash" { who: Who, orchestrator: Who, finder: Who, part: u32, fee: u32 }
    Fund = "fund" { who: Who, target: Who, funds: Funds, deposit: U256, reserve: U256 }
    /// With one wei less than the sum.
    FundShort = "fund-short" { who: Who, target: Who, deposit: U256, reserve: U256 }
    Unlock = "unlock" { who: Who }
    CancelUnlock = "cancel-unlock" { who: Who }
    Withdraw = "withdraw" { who: Who }
    /// Makes a ticket of the latest round, which wins with a chance in millionths.
    Issue = "issue" { ticket: u64, sender: Who, recipient: Who, value: U256, chance: u32 }
    Redeem = "redeem" { who: Who, ticket: u64, flaw: Flaw }
    RedeemAll = "redeem-all" { who: Who, tickets: Numbers<u64> }
    Pause = "pause" { who: Who }
    Unpause = "unpause" { who: Who }
    PoolSize = "pool-size" { who: Who, size: u64 }
    TreasuryCut = "treasury-cut" { who: Who, rate: U256 }
    Ceiling = "ceiling" { who: Who, amount: U256 }
    UnbondingPeriod = "unbonding-period" { who: Who, rounds: u64 }
    Target = "target" { who: Who, rate: U256 }
    Mine = "mine" { blocks: u64 }
    /// Lets time pass until some rounds have begun.
    Rounds = "rounds" { rounds: u64 }
    Initialize = "initialize" { who: Who }
}

impl Action {
    /// Those whose earnings the action may settle.
    pub fn parties(&self) -> Vec<Who> {
        match self {
            Self::BondFor { owner, .. } => vec![*owner],
            Self::TransferBond { who, to, .. } => vec![*who, *to],
            Self::Slash { orchestrator, .. } => vec![*orchestrator],
            Self::Bond { who, .. }
            | Self::Unbond { who, .. }
            | Self::Rebond { who, .. }
            | Self::RebondFromUnbonded { who, .. }
            | Self::WithdrawFees { who, .. }
            | Self::Claim { who } => vec![*who],
            _ => Vec::new(),
        }
    }
}

/// Everything that happens in one run, and under which rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    pub version: weir_contracts::ProtocolVersion,
    /// Orchestrators in the pool at first.
    pub pool: u64,
    /// Refusals and situations that must occur in it.
    pub shows: Vec<String>,
    pub actions: Vec<Action>,
}

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.version, self.pool)?;
        self.shows.iter().try_for_each(|what| writeln!(f, "shows {what}"))?;
        self.actions.iter().try_for_each(|action| writeln!(f, "{action}"))
    }
}

impl FromStr for Life {
    type Err = String;

    /// Lines that begin with `#` are comments.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
        let (_, head) = lines.next().ok_or("no rules")?;
        let (version, pool) = head.split_once(' ').ok_or("the first line names the rules and the pool's size")?;
        let mut life = Self {
            version: version.parse().map_err(|e| format!("{e}"))?,
            pool: pool.parse().map_err(|e| format!("{pool}: {e}"))?,
            shows: Vec::new(),
            actions: Vec::new(),
        };
        for (n, line) in lines {
            match line.strip_prefix("shows ") {
                Some(what) => life.shows.push(what.to_owned()),
                None => life.actions.push(line.parse().map_err(|e| format!("line {}: {e}", n + 1))?),
            }
        }
        Ok(life)
    }
}
