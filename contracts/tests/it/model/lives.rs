//! The tests: lives from seeds, and lives from files.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use weir_contracts::{Change, ProtocolVersion};

use super::action::{Action, Life};
use super::generate::{Generator, rules};
use super::play::{Play, Tally, stage};
use super::state::Mark;

/// How many times a life that fails is played again to shorten it.
const TRIES: u32 = 2_000;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|e| panic!("{name}={text}: {e}")))
}

/// The life of a seed, as far as both sides agree, and what they disagree on.
fn live(seed: u64) -> (Life, Result<Play, String>) {
    let (version, pool) = rules(seed);
    let mut life = Life { version, pool, shows: Vec::new(), actions: Vec::new() };
    let actions = &mut life.actions;
    let result = catch_unwind(AssertUnwindSafe(|| {
        let mut play = Play::new(version, pool);
        let mut generator = Generator::new(seed);
        while let Some(action) = generator.next(&play.model) {
            actions.push(action.clone());
            play.act(&action)?;
        }
        super::compare::all(&mut play)?;
        Ok(play)
    }));
    let result = result.unwrap_or_else(|_| Err("panicked".to_owned()));
    (life, result)
}

fn fails(life: &Life) -> Option<(usize, String)> {
    catch_unwind(AssertUnwindSafe(|| Play::through(life).err()))
        .unwrap_or_else(|_| Some((life.actions.len(), "panicked".to_owned())))
}

/// Leaves out what is not needed to fail: halves, quarters, and so on down to single actions.
fn shorten(mut life: Life) -> Life {
    let mut tries = 0;
    let mut size = life.actions.len() / 2;
    while size > 0 && tries < TRIES {
        let mut at = 0;
        let before = life.actions.len();
        while at < life.actions.len() && tries < TRIES {
            let mut actions: Vec<Action> = life.actions.clone();
            actions.drain(at..(at + size).min(life.actions.len()));
            let shorter = Life { actions, ..life.clone() };
            tries += 1;
            match fails(&shorter) {
                Some((last, _)) => {
                    life = shorter;
                    life.actions.truncate(last + 1);
                }
                None => at += size,
            }
        }
        // The last pass is repeated while it finds something.
        if size > 1 || life.actions.len() == before {
            size /= 2;
        }
    }
    life
}

/// Lives that were found, or made, to show something.
#[test]
fn lives_on_file_agree_with_the_model() {
    let different: Vec<String> = files().iter().filter_map(|file| agrees(file).err()).collect();
    assert!(different.is_empty(), "{}", different.join("\n"));
}

fn files() -> Vec<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/model/lives");
    let mut files: Vec<_> = fs::read_dir(folder).expect("the folder").map(|e| e.expect("an entry").path()).collect();
    files.sort();
    assert!(files.len() > 30, "lives are missing");
    files
}

fn read(file: &Path) -> Result<Life, String> {
    fs::read_to_string(file).map_err(|e| e.to_string())?.parse()
}

fn agrees(file: &Path) -> Result<(), String> {
    let name = file.display();
    let life = read(file).map_err(|e| format!("{name}: {e}"))?;
    assert_eq!(life.to_string().parse(), Ok(life.clone()), "{name}");
    let Some((n, difference)) = fails(&life) else { return Ok(()) };
    let action = life.actions.get(n).map_or_else(|| "the end".to_owned(), Action::to_string);
    Err(format!("{name}, {action}: {difference}"))
}

/// The lives on file tell contracts that lack one change of the rules from those that have it.
#[test]
fn every_change_of_the_rules_is_noticed() {
    let lives: Vec<Life> = files().iter().map(|file| read(file).expect("a life")).collect();
    for change in Change::ALL {
        let other = stage(ProtocolVersion::D26.without(change));
        let noticed = lives.iter().filter(|life| life.version == ProtocolVersion::D26).any(|life| {
            let mut play = Play::on(other.clone(), life.version, life.pool);
            life.actions.iter().any(|action| play.act(action).is_err())
        });
        assert!(noticed, "contracts without {change:?} pass for whole ones");
    }
}

/// Lives of half of the seeds. Each half has both sets of rules and pools of all sizes.
fn many(half: u64) {
    let (first, lives) = (number("WEIR_SEED", 1), number("WEIR_SEQUENCES", 200));
    let (mut tally, mut marks) = (Tally::new(), BTreeMap::<Mark, u64>::new());
    for seed in (first..first + lives).filter(|seed| seed / 16 % 2 == half) {
        let (life, result) = live(seed);
        match result {
            Ok(play) => {
                play.tally.into_iter().for_each(|(what, n)| *tally.entry(what).or_default() += n);
                play.marks.into_iter().for_each(|(mark, n)| *marks.entry(mark).or_default() += n);
            }
            Err(difference) => {
                let short = shorten(life);
                let again = fails(&short).map_or(difference.clone(), |(_, difference)| difference);
                panic!("seed {seed}: {difference}\nshortened ({again}):\n{short}");
            }
        }
    }
    for ((kind, reason), n) in &tally {
        println!("{n:8} {kind}: {}", reason.as_deref().unwrap_or("done"));
    }
    marks.iter().for_each(|(mark, n)| println!("{n:8} {mark:?}"));
    if lives >= 100 {
        enough(&tally, &marks);
    }
}

/// Whether the lives saw what they are for.
fn enough(tally: &Tally, marks: &BTreeMap<Mark, u64>) {
    let of = |done: bool| tally.iter().filter(|((_, r), _)| r.is_none() == done).map(|(_, n)| n).sum::<u64>();
    assert!(of(true) > 3 * of(false), "most should succeed: {} did, {} did not", of(true), of(false));
    let without = ["mine", "rounds", "issue", "fund-short"];
    for kind in Action::KINDS.iter().filter(|kind| !without.contains(kind)) {
        assert!(tally.contains_key(&(*kind, None)), "{kind} never succeeded");
    }
    for mark in Mark::SURE {
        assert!(marks.contains_key(mark), "{mark:?} never happened");
    }
}

#[test]
fn a_hundred_random_lives_agree_with_the_model() {
    many(0);
}

#[test]
fn another_hundred_random_lives_agree_with_the_model() {
    many(1);
}
