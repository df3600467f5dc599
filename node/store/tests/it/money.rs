//! A node that is killed at every durable write of a payment, a redemption and a reward.
//!
//! A process of its own plays the node with the real machines and a real file. The chain is another file, which a kill
//! of the node does not touch. The node kills itself, as `kill -9` does, just before or just after one of its writes;
//! a second life goes on to the end. Then the chain says whether anything was lost or done twice.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use weir_roles::io::{ChainEvent, ChainHead, OrchestratorEntry, RoundInfo};
use weir_roles::redeemer::{Input, Redeemer};
use weir_roles::reward_caller::{self, RewardCaller};
use weir_roles::{Effect, Effects, Journal, JournalError, Peer, Record, SenderFunds, TxIntent, TxOutcome};
use weir_store::Store;
use weir_ticket::sender::{Sender, SenderConfig, SenderView};
use weir_ticket::{Signature, SigningKey, Ticket, TicketParams, WinningTicket};
use weir_types::{Address, B256, Entropy, Instant, L1Block, LptWei, Round, U256, Wei, WinProb};

/// Set for the process that plays the node: its folder, and at which write it dies (`3-` before the third).
const NODE: &str = "WEIR_STORE_TEST_NODE";
const WINNERS: u32 = 3;
const PAYMENTS: u32 = 3;

/// The file, and a death at one of its writes.
struct Mortal {
    store: Store,
    writes: u32,
    death: Option<(u32, bool)>,
}

fn die() -> ! {
    let pid = std::process::id().to_string();
    let _ = Command::new("kill").args(["-9", &pid]).status();
    unreachable!("killed")
}

impl Journal for Mortal {
    fn put(&mut self, record: &Record) -> Result<(), JournalError> {
        self.writes += 1;
        if self.death == Some((self.writes, false)) {
            die();
        }
        let done = self.store.put(record);
        if self.death == Some((self.writes, true)) {
            die();
        }
        done
    }

    fn read(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, JournalError> {
        self.store.read(prefix)
    }
}

/// What the chain and the peers have seen, a line each.
struct World(PathBuf);

impl World {
    fn lines(&self) -> Vec<String> {
        std::fs::read_to_string(&self.0).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    fn has(&self, line: &str) -> bool {
        self.lines().iter().any(|l| l == line)
    }

    fn note(&self, line: &str) {
        let mut file: File = OpenOptions::new().append(true).create(true).open(&self.0).expect("the chain goes on");
        writeln!(file, "{line}").expect("the chain goes on");
    }
}

fn key(n: u8) -> SigningKey {
    SigningKey::from_bytes([n; 32]).expect("a key")
}

fn winner(nonce: u32) -> WinningTicket {
    let mut sig = Signature::INVALID;
    sig.0[0] = nonce as u8;
    let ticket = Ticket {
        recipient: key(2).address(),
        sender: key(1).address(),
        face_value: Wei::from_whole(1),
        win_prob: WinProb::ONE,
        sender_nonce: nonce,
        recipient_rand_hash: B256::repeat_byte(1),
        creation_round: Round(10),
        creation_round_block_hash: B256::repeat_byte(2),
        params_expiration_block: L1Block(100),
    };
    WinningTicket { ticket, sig, recipient_rand: U256::from(nonce) }
}

/// Payments under parameters that an orchestrator keeps sending, also to a gateway that begins anew.
fn pay(disk: &mut Mortal, world: &World) {
    let params = TicketParams {
        recipient: key(2).address(),
        face_value: Wei::from_whole(1),
        win_prob: WinProb(U256::MAX >> 70),
        recipient_rand_hash: B256::repeat_byte(3),
        seed: U256::from(1),
        expiration_block: L1Block(1_000),
        expiration_params: weir_ticket::ExpirationParams {
            creation_round: Round(10),
            creation_round_block_hash: B256::repeat_byte(2),
        },
    };
    let rich = Wei::from_whole(100);
    let view = SenderView { l1: L1Block(10), deposit: rich, reserve: rich, ..SenderView::default() };
    let name = format!("nonce/{}", params.recipient_rand_hash);
    let stored = disk.read(&name).expect("it reads");
    let last = stored.first().map_or(0, |(_, v)| u32::from_le_bytes(v.as_slice().try_into().expect("four bytes")));
    let mut sender = Sender::new(SenderConfig::default());
    let session = sender.start_after(params, last);
    for _ in 0..PAYMENTS {
        let batch = sender.batch(&session, 2, &view, &key(1)).expect("a payment");
        let last = batch.tickets.last().expect("two tickets").nonce;
        // Written before it leaves.
        disk.put(&Record { key: name.clone(), value: Some(last.to_le_bytes().to_vec()) }).expect("it is stored");
        for t in batch.tickets {
            world.note(&format!("nonce {}", t.nonce));
        }
    }
}

fn chain(own: Address) -> [ChainEvent; 3] {
    let entry = OrchestratorEntry { address: own, uri: "o".into(), peer: Peer(1), stake: LptWei::from_whole(1) };
    let round = RoundInfo {
        round: Round(10),
        block_hash: B256::repeat_byte(2),
        previous_block_hash: B256::ZERO,
        start_block: L1Block(1),
        length: 10_000,
        pool_size: 1,
    };
    let head = ChainHead { l1: L1Block(100), gas_price: Wei::new(1) };
    [ChainEvent::Round(round), ChainEvent::ActiveSet([entry].into()), ChainEvent::Head(head)]
}

/// Winners come in as far as they have not, and are redeemed.
fn redeem(disk: &mut Mortal, world: &World) {
    let own = key(2).address();
    let records: BTreeMap<String, Vec<u8>> = disk.read("ticket/").expect("it reads").into_iter().collect();
    let mut redeemer = Redeemer::restore(own, 100, &records).expect("what was stored reads");
    let mut rng = Entropy::from_seed([1; 32]);
    let mut inputs: Vec<Input> = Vec::new();
    for n in (1..=WINNERS).filter(|n| !world.has(&format!("sent {n}"))) {
        // The peer's word that it sent the ticket: from here on a lost one is the node's loss.
        inputs.push(Input::Winner(Box::new(winner(n))));
    }
    inputs.extend(chain(own).map(Input::Chain));
    inputs.push(Input::Chain(chain(own)[2].clone()));
    let mut todo: std::collections::VecDeque<Input> = inputs.into();
    while let Some(input) = todo.pop_front() {
        let sent = if let Input::Winner(w) = &input { Some(w.ticket.sender_nonce) } else { None };
        let mut out = Effects::new();
        redeemer.handle(Instant::ZERO, input, &mut rng, &mut out);
        for e in out.drain().collect::<Vec<_>>() {
            match e {
                Effect::Persist(r) => disk.put(&r).expect("it is stored"),
                Effect::WatchSender(sender) => {
                    let funds = SenderFunds { deposit: Wei::from_whole(100), ..SenderFunds::default() };
                    todo.push_back(Input::Chain(ChainEvent::Funds { sender, funds }));
                    todo.push_back(Input::Chain(chain(own)[2].clone()));
                }
                Effect::Submit { id, intent: TxIntent::Redeem { ticket, .. } } => {
                    let line = format!("paid {}", ticket.sender_nonce);
                    let outcome = if world.has(&line) {
                        TxOutcome::Refused { reason: "execution reverted: ticket is used".into() }
                    } else {
                        world.note(&line);
                        TxOutcome::Mined { fee: Wei::new(1) }
                    };
                    todo.push_back(Input::Tx { id, outcome });
                }
                _ => {}
            }
        }
        if let Some(n) = sent {
            world.note(&format!("sent {n}"));
        }
    }
}

/// The round's reward.
fn reward(disk: &mut Mortal, world: &World) {
    let (mut caller, mut rng) = (RewardCaller::new(), Entropy::from_seed([1; 32]));
    let last = if world.has("reward 10") { Round(10) } else { Round(9) };
    let own = reward_caller::Input::Own { active: true, last_reward_round: last };
    let [round, _, head] = chain(key(2).address()).map(reward_caller::Input::Chain);
    for input in [round, own, head] {
        let mut out = Effects::new();
        caller.handle(Instant::ZERO, input, &mut rng, &mut out);
        for e in out.drain().collect::<Vec<_>>() {
            if let Effect::Submit { intent: TxIntent::Reward, .. } = e {
                disk.put(&Record { key: "reward/10".into(), value: Some(vec![1]) }).expect("it is stored");
                world.note("reward 10");
                disk.put(&Record { key: "reward/10".into(), value: Some(vec![2]) }).expect("it is stored");
                caller.handle(
                    Instant::ZERO,
                    reward_caller::Input::Tx(TxOutcome::Mined { fee: Wei::new(1) }),
                    &mut rng,
                    &mut out,
                );
            }
        }
    }
}

/// The body of the child process.
#[test]
fn node() {
    let Ok(text) = std::env::var(NODE) else { return };
    let (folder, death) = text.split_once('|').expect("a folder and a death");
    let number = death.trim_end_matches(['-', '+']).parse::<u32>().ok();
    let death = number.map(|n| (n, death.ends_with('+')));
    let folder = Path::new(folder);
    let store = Store::open_for(folder.join("node.db"), key(2).address()).expect("the lock is gone with the process");
    let (mut disk, world) = (Mortal { store, writes: 0, death }, World(folder.join("chain")));
    pay(&mut disk, &world);
    redeem(&mut disk, &world);
    reward(&mut disk, &world);
    world.note(&format!("end after {} writes", disk.writes));
}

fn live(folder: &Path, death: &str) -> bool {
    let status = Command::new(std::env::current_exe().expect("a program"))
        .args(["money::node", "--exact", "--nocapture"])
        .env(NODE, format!("{}|{death}", folder.display()))
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .expect("it starts");
    status.success()
}

/// What holds after the second life, wherever the first one ended.
fn check(folder: &Path, death: &str) {
    let lines = World(folder.join("chain")).lines();
    let of =
        |what: &str| -> Vec<u32> { lines.iter().filter_map(|l| l.strip_prefix(what)?.trim().parse().ok()).collect() };
    let nonces = of("nonce ");
    assert_eq!(nonces.iter().collect::<BTreeSet<_>>().len(), nonces.len(), "{death}: a nonce repeats: {nonces:?}");
    assert!(nonces.len() as u32 >= 2 * PAYMENTS, "{death}");
    let mut paid = of("paid ");
    paid.sort_unstable();
    assert_eq!(paid, (1..=WINNERS).collect::<Vec<_>>(), "{death}: each winner is paid once");
    assert_eq!(of("reward "), [10], "{death}: one reward for the round");
    let store = Store::open(folder.join("node.db")).expect("it opens");
    assert_eq!(store.read("ticket/").expect("it reads"), [], "{death}: nothing is left to do");
}

#[test]
fn killed_at_every_durable_write() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(live(folder.path(), "never"));
    check(folder.path(), "never");
    let world = World(folder.path().join("chain"));
    let end = world.lines().pop().expect("it ended");
    let writes: u32 = end.split(' ').nth(2).and_then(|n| n.parse().ok()).expect("a number of writes");
    // Three payments, three tickets stored and struck out, and a reward's two.
    assert_eq!(writes, PAYMENTS + 2 * WINNERS + 2);
    for n in 1..=writes {
        for side in ["-", "+"] {
            let (folder, death) = (tempfile::tempdir().expect("a folder"), format!("{n}{side}"));
            assert!(!live(folder.path(), &death), "{death}: it was to die");
            assert!(live(folder.path(), "never"), "{death}: its next life");
            check(folder.path(), &death);
        }
    }
}
