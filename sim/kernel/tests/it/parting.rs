//! Two records side by side.

use weir_kernel::parting::Side;
use weir_kernel::{Difference, Parting, RecordedEvent, TraceReader, TraceWriter, part};

use crate::support::busy;

fn record(seed: u64, events: usize) -> Vec<String> {
    let mut fired = Vec::new();
    let k = busy(seed, events, |f| fired.push(f.clone()));
    let mut out = Vec::new();
    let mut w = TraceWriter::new(&mut out, "busy", seed).expect("header");
    fired.iter().for_each(|f| w.event(f).expect("event"));
    w.finish(fired.len() as u64, &k.trace_hash()).expect("end");
    String::from_utf8(out).expect("text").lines().map(|l| format!("{l}\n")).collect()
}

fn compare(a: &[String], b: &[String]) -> Result<Result<u64, Parting>, (Side, Difference)> {
    let (a, b) = (a.concat(), b.concat());
    part(TraceReader::new(a.as_bytes()).expect("header"), TraceReader::new(b.as_bytes()).expect("header"), 3)
}

fn events(lines: &[String]) -> Vec<RecordedEvent> {
    lines.iter().map(|l| serde_json::from_str(l).expect("an event")).collect()
}

#[test]
fn equal_events_do_not_part_whatever_their_seed() {
    // The events of these runs do not depend on the kernel's seed; their hashes do.
    assert_eq!(compare(&record(7, 60), &record(7, 60)), Ok(Ok(60)));
    assert_eq!(compare(&record(7, 60), &record(8, 60)), Ok(Ok(60)));
}

#[test]
fn the_first_event_that_differs_is_named_with_what_follows() {
    let a = record(7, 60);
    for n in [0, 1, 30, 58, 59] {
        let mut b = a.clone();
        b[n + 1] = b[n + 1].replace("\"actor\":", "\"actor\":9");
        let parting = compare(&a, &b).expect("readable").expect_err("they part");
        assert_eq!(parting.common, n as u64);
        assert_eq!(parting.last, n.checked_sub(1).map(|i| events(&a[i + 1..i + 2])[0].clone()));
        let end = (n + 4).min(61);
        assert_eq!((parting.a, parting.b), (events(&a[n + 1..end]), events(&b[n + 1..end])));
    }
}

#[test]
fn a_record_that_ends_parts_from_one_that_goes_on() {
    let (long, mut short) = (record(7, 60), record(7, 60));
    for killed in [false, true] {
        // A run that was killed has no last line.
        let end = short.pop().expect("end");
        short.truncate(41);
        if !killed {
            short.push(end);
        }
        let parting = compare(&short, &long).expect("readable").expect_err("they part");
        assert_eq!((parting.common, parting.a.len(), parting.b.len()), (40, 0, 3));
    }
}

#[test]
fn a_line_that_is_no_event_is_named_with_its_record() {
    let (a, mut b) = (record(7, 60), record(7, 60));
    b[20] = "rubbish\n".to_owned();
    let (side, difference) = compare(&a, &b).expect_err("unreadable");
    assert_eq!(side, Side::B);
    assert!(matches!(difference, Difference::Unreadable { line: 21, seq: 19, .. }), "{difference}");
}
