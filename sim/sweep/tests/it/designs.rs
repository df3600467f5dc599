//! Points of designs.

use std::collections::BTreeSet;

use proptest::prelude::*;
use weir_sweep::Source;
use weir_sweep::design::{Arm, arms};
use weir_sweep::sobol::{DIMENSIONS_MAX, sobol};

fn sweep(design: &str, axes: &str) -> Vec<Arm> {
    let text =
        format!("name = \"d\"\nscenario = \"s.toml\"\n[seeds]\nfirst = 1\ncount = 1\n[design]\n{design}\n{axes}");
    arms(&Source::parse("d.toml".as_ref(), text).expect("a sound sweep").file)
}

fn axis(key: &str, rest: &str) -> String {
    format!("[[axes]]\nkey = \"{key}\"\n{rest}\n")
}

fn numbers(arms: &[Arm], key: &str) -> Vec<f64> {
    let number = |v: &toml::Value| v.as_float().or_else(|| v.as_integer().map(|i| i as f64));
    arms.iter().map(|arm| number(&arm.set[key]).expect("a number")).collect()
}

/// The first points of all dimensions are those of SciPy, whose numbers are Joe and Kuo's too.
#[test]
fn sobol_points_are_those_of_scipy() {
    let rows: Vec<Vec<f64>> = include_str!("data/sobol.csv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split(',').map(|x| x.parse().expect("a number")).collect())
        .collect();
    assert_eq!((rows.len(), rows[0].len()), (64, DIMENSIONS_MAX));
    let points = sobol(&[0; DIMENSIONS_MAX], 64);
    for (i, row) in rows.iter().enumerate() {
        let ours: Vec<f64> = points.iter().map(|column| column[i]).collect();
        assert_eq!(ours, *row, "point {i}");
    }
}

/// A shift of digits moves the points and keeps what makes them even: one in each stratum.
#[test]
fn shifted_sobol_points_stay_even() {
    for shifts in [[0; 8], [0x9e37_79b9; 8]] {
        for column in sobol(&shifts, 256) {
            let strata: BTreeSet<u32> = column.iter().map(|x| (x * 256.0) as u32).collect();
            assert_eq!(strata.len(), 256);
        }
    }
    let with = |seed: &str| sweep(&format!("kind = \"sobol\"\nsamples = 8\n{seed}"), &axis("a.b", "from = 0\nto = 1"));
    assert_eq!(numbers(&with(""), "a.b")[..4], [0.0, 0.5, 0.75, 0.25]);
    assert_ne!(with("seed = 1"), with("seed = 2"));
    assert_eq!(with("seed = 1"), with("seed = 1"));
}

#[test]
fn a_grid_has_every_combination_in_order() {
    let axes = [axis("a.x", "values = [1, 2]"), axis("a.y", "from = 1\nto = 100\nsteps = 3\nscale = \"log\"")].concat();
    let arms = sweep("kind = \"grid\"", &axes);
    let names: Vec<&str> = arms.iter().map(|arm| arm.name.as_str()).collect();
    let wanted = ["x=1,y=1.0", "x=1,y=10.0", "x=1,y=100.0", "x=2,y=1.0", "x=2,y=10.0", "x=2,y=100.0"];
    assert_eq!(numbers(&arms, "a.x"), [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
    for (y, wanted) in numbers(&arms, "a.y").iter().zip([1.0, 10.0, 100.0]) {
        assert!((y - wanted).abs() < 1e-9, "{y}");
    }
    assert_eq!(names.len(), wanted.len());
    assert_eq!((names[0], names[2], names[3]), (wanted[0], wanted[2], wanted[3]));
}

#[test]
fn a_grid_of_whole_numbers_repeats_none() {
    let arms = sweep("kind = \"grid\"", &axis("a.n", "from = 1\nto = 10\nsteps = 10\nscale = \"log\"\nwhole = true"));
    let values = numbers(&arms, "a.n");
    assert!(values.windows(2).all(|pair| pair[0] < pair[1]), "{values:?}");
    assert_eq!((values.first(), values.last()), (Some(&1.0), Some(&10.0)));
}

#[test]
fn values_that_are_no_numbers_can_be_an_axis() {
    let axes = axis("chain.protocol", "values = [\"D24\", \"D26\"]\nlabel = \"rules\"")
        + &axis("g.streams", "values = [{ kind = \"fixed\", value = 1 }]");
    let names: Vec<String> = sweep("kind = \"grid\"", &axes).into_iter().map(|arm| arm.name).collect();
    assert_eq!(names, ["rules=D24,streams#1", "rules=D26,streams#1"]);
}

/// Another axis, or another order of them, shifts no draw of an axis.
#[test]
fn an_axis_draws_by_its_own_key() {
    for kind in ["random", "latin_hypercube", "sobol"] {
        let design = format!("kind = \"{kind}\"\nsamples = 16\nseed = 3");
        let (a, b) = (axis("t.a", "from = 0\nto = 1"), axis("t.b", "from = 0\nto = 1"));
        let one = sweep(&design, &a);
        let two = sweep(&design, &(a.clone() + &b));
        assert_eq!(numbers(&one, "t.a"), numbers(&two, "t.a"), "{kind}");
        assert_ne!(numbers(&two, "t.a"), numbers(&two, "t.b"), "{kind}");
        assert_eq!(two[0].name, "s01");
    }
}

#[test]
fn a_list_has_its_arms() {
    let text = "name = \"d\"\nscenario = \"s.toml\"\n[seeds]\nfirst = 1\ncount = 1\n[design]\nkind = \"list\"\n\
                [[arms]]\nname = \"as it is\"\n[[arms]]\nname = \"b\"\nset = { \"t.a\" = 2, \"t.b\" = \"x\" }\n";
    let arms = arms(&Source::parse("d.toml".as_ref(), text.to_owned()).expect("a sound sweep").file);
    assert_eq!((arms[0].name.as_str(), arms[0].set.len()), ("as it is", 0));
    assert_eq!((arms[1].name.as_str(), arms[1].set.len()), ("b", 2));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_latin_hypercube_hits_every_stratum_of_every_axis_once(n in 1u32..200, seed in any::<u32>()) {
        let axes = axis("t.a", "from = 0\nto = 1") + &axis("t.b", "from = 0\nto = 1");
        let arms = sweep(&format!("kind = \"latin_hypercube\"\nsamples = {n}\nseed = {seed}"), &axes);
        for key in ["t.a", "t.b"] {
            let strata: BTreeSet<u64> = numbers(&arms, key).iter().map(|x| (x * f64::from(n)) as u64).collect();
            prop_assert_eq!(strata, (0..u64::from(n)).collect::<BTreeSet<u64>>());
        }
    }

    #[test]
    fn draws_stay_within_their_range(
        seed in any::<u32>(),
        from in 1i32..1000,
        width in 1i32..100_000,
        log in any::<bool>(),
        whole in any::<bool>(),
        kind in prop::sample::select(vec!["random", "latin_hypercube", "sobol"]),
    ) {
        let to = from + width;
        let scale = if log { "log" } else { "linear" };
        let axis = axis("t.a", &format!("from = {from}\nto = {to}\nscale = \"{scale}\"\nwhole = {whole}"));
        let arms = sweep(&format!("kind = \"{kind}\"\nsamples = 40\nseed = {seed}"), &axis);
        for arm in &arms {
            prop_assert_eq!(arm.set["t.a"].is_integer(), whole);
        }
        for x in numbers(&arms, "t.a") {
            prop_assert!(f64::from(from) <= x && x <= f64::from(to), "{} in {}..{}", x, from, to);
        }
    }
}
