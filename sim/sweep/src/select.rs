//! Which cells of a plan are meant.

use std::str::FromStr;

use crate::SweepError;
use crate::cell::Cell;
use crate::plan::Plan;

/// A part of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Selection {
    /// All of it.
    #[default]
    All,
    /// Every `of`-th cell, from the `number`-th on.
    Shard {
        /// Which, from 1.
        number: u64,
        /// Of how many.
        of: u64,
    },
    /// Cells by index.
    Range {
        /// The first.
        from: u64,
        /// The one after the last.
        to: u64,
    },
    /// One cell by its address.
    One(String),
}

impl Selection {
    /// Reads `3/8`: the third of eight shards.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn shard(text: &str) -> Result<Self, String> {
        let (number, of) = pair(text, "/").ok_or("write a shard as i/n, for example 3/8")?;
        if number == 0 || number > of {
            return Err(format!("shards are counted from 1: there is no {number} of {of}"));
        }
        Ok(Self::Shard { number, of })
    }

    /// Reads `10..20`: cells 10 to 19.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn range(text: &str) -> Result<Self, String> {
        let (from, to) = pair(text, "..").ok_or("write cells as a..b, for example 10..20 for 10 to 19")?;
        if from >= to {
            return Err(format!("{from}..{to} has no cell"));
        }
        Ok(Self::Range { from, to })
    }

    /// The cells of a plan that are meant, in order; of those that share an address the first.
    ///
    /// # Errors
    /// [`SweepError::Selection`] when the plan has no such cell.
    pub fn of<'a>(&self, plan: &'a Plan) -> Result<Vec<&'a Cell>, SweepError> {
        let unique = plan.unique();
        match self {
            Self::All => Ok(unique),
            // A shard may be empty where there are more shards than cells.
            Self::Shard { number, of } => {
                let mine = |(i, _): &(usize, &Cell)| *i as u64 % of == number - 1;
                Ok(unique.into_iter().enumerate().filter(mine).map(|(_, cell)| cell).collect())
            }
            Self::Range { from, to } => {
                let all = plan.cells.len() as u64;
                if *to > all {
                    let what = format!("the plan has cells 0..{all}, not {from}..{to}");
                    return Err(SweepError::Selection { what });
                }
                let meant: std::collections::BTreeSet<_> =
                    plan.cells[*from as usize..*to as usize].iter().map(|cell| &cell.cell).collect();
                Ok(unique.into_iter().filter(|cell| meant.contains(&cell.cell)).collect())
            }
            Self::One(id) => match plan.find(id) {
                Some(cell) => Ok(vec![cell]),
                None => Err(SweepError::Selection { what: format!("the plan has no cell `{id}`") }),
            },
        }
    }
}

fn pair(text: &str, between: &str) -> Option<(u64, u64)> {
    let (a, b) = text.split_once(between)?;
    Some((u64::from_str(a.trim()).ok()?, u64::from_str(b.trim()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::Selection;

    #[test]
    fn shards_and_ranges_are_read_or_explained() {
        assert_eq!(Selection::shard("3/8"), Ok(Selection::Shard { number: 3, of: 8 }));
        assert_eq!(Selection::range("10..20"), Ok(Selection::Range { from: 10, to: 20 }));
        for (text, says) in [("0/8", "no 0 of 8"), ("9/8", "no 9 of 8"), ("3", "i/n"), ("a/b", "i/n")] {
            assert!(Selection::shard(text).expect_err("wrong").contains(says), "{text}");
        }
        for (text, says) in [("2..2", "no cell"), ("3-4", "a..b"), ("..4", "a..b")] {
            assert!(Selection::range(text).expect_err("wrong").contains(says), "{text}");
        }
    }
}
