//! Records, and later runs held against them.

use weir_kernel::{Difference, Fired, RecordedEvent, TraceReader, TraceVerifier, TraceWriter};

use crate::support::{Event, busy};

/// A run: what fired, and its hash.
struct Run {
    fired: Vec<Fired<Event>>,
    hash: String,
}

fn run() -> Run {
    let mut fired = Vec::new();
    let k = busy(7, 60, |f| fired.push(f.clone()));
    Run { fired, hash: k.trace_hash() }
}

impl Run {
    fn record(&self) -> Vec<String> {
        let mut out = Vec::new();
        let mut w = TraceWriter::new(&mut out, "quickstart", 7).expect("header");
        for f in &self.fired {
            w.event(f).expect("event");
        }
        w.finish(self.fired.len() as u64, &self.hash).expect("end");
        String::from_utf8(out).expect("text").lines().map(|l| format!("{l}\n")).collect()
    }

    /// What is wrong with a record of this run.
    fn verify(&self, lines: &[String]) -> Result<(), Difference> {
        let text = lines.concat();
        let mut v = TraceVerifier::new(TraceReader::new(text.as_bytes())?);
        for f in &self.fired {
            v.event(f)?;
        }
        v.finish(self.fired.len() as u64, &self.hash)
    }

    fn recorded(&self, n: usize) -> Box<RecordedEvent> {
        Box::new(RecordedEvent::of(&self.fired[n]))
    }
}

/// The line of an event.
const fn line(event: usize) -> usize {
    event + 1
}

fn with_seq(line: &str, seq: u64) -> String {
    let rest = line.split_once(',').expect("fields").1;
    format!("{{\"seq\":{seq},{rest}")
}

#[test]
fn a_run_agrees_with_its_record() {
    let r = run();
    assert_eq!(r.fired.len(), 60);
    let record = r.record();
    assert_eq!(record.len(), 62);
    assert_eq!(r.verify(&record), Ok(()));
    let text = record.concat();
    let reader = TraceReader::new(text.as_bytes()).expect("header");
    assert_eq!((reader.name(), reader.seed()), ("quickstart", 7));
    let first: RecordedEvent = serde_json::from_str(&record[1]).expect("event");
    assert_eq!(first, *r.recorded(0));
    assert_eq!(record[0], "{\"version\":1,\"name\":\"quickstart\",\"seed\":7}\n");
    assert_eq!(record[61], format!("{{\"end\":true,\"events\":60,\"trace_hash\":\"{}\"}}\n", r.hash));
}

#[test]
fn names_with_quotes_survive() {
    let mut out = Vec::new();
    TraceWriter::new(&mut out, "a \"b\"\n\\", 1).expect("header").finish(0, "").expect("end");
    assert_eq!(TraceReader::new(out.as_slice()).expect("header").name(), "a \"b\"\n\\");
}

#[test]
fn each_altered_field_is_named_by_its_event() {
    let r = run();
    let record = r.record();
    for n in [0, 1, 30, 58, 59] {
        let good = r.recorded(n);
        let altered = [
            RecordedEvent { at_us: good.at_us + 1, ..(*good).clone() },
            RecordedEvent { actor: good.actor + 1, ..(*good).clone() },
            RecordedEvent { kind: "other".to_owned(), ..(*good).clone() },
            RecordedEvent { digest: "00".repeat(8), ..(*good).clone() },
            RecordedEvent { seq: 1_000, ..(*good).clone() },
            RecordedEvent { seq: if n == 0 { 2 } else { n as u64 - 1 }, ..(*good).clone() },
        ];
        for expected in altered {
            let mut lines = record.clone();
            lines[line(n)] = serde_json::to_string(&expected).expect("JSON") + "\n";
            let want = Difference::Changed { expected: Box::new(expected), got: good.clone() };
            assert_eq!(r.verify(&lines), Err(want), "event {n}");
        }
    }
    let mut lines = record;
    lines[line(30)] = lines[line(30)].replace("\"actor\":", "\"actor\":9");
    let text = r.verify(&lines).expect_err("altered").to_string();
    assert!(text.starts_with("the record says event 30 (") && text.contains(", the run has event 30 ("), "{text}");
}

#[test]
fn a_missing_line_is_named_by_its_event() {
    let r = run();
    for n in [0, 1, 30, 58] {
        let mut lines = r.record();
        lines.remove(line(n));
        let (l, found) = (line(n) as u64 + 1, n as u64 + 1);
        assert_eq!(r.verify(&lines), Err(Difference::Deleted { got: r.recorded(n), line: l, found }), "event {n}");
    }
    let mut lines = r.record();
    lines.remove(line(59));
    assert_eq!(r.verify(&lines), Err(Difference::Truncated { events: 59 }));
    lines = r.record();
    lines.drain(line(20)..line(25));
    assert_eq!(r.verify(&lines), Err(Difference::Deleted { got: r.recorded(20), line: 22, found: 25 }));
}

#[test]
fn an_extra_line_is_named_by_its_number() {
    let r = run();
    for n in [1, 30, 59] {
        for seq in [0, n as u64 - 1, n as u64, 1_000] {
            let mut lines = r.record();
            let other = with_seq(&lines[line(n - 1)], seq);
            let extra: RecordedEvent = serde_json::from_str(&other).expect("event");
            lines.insert(line(n), other);
            let want = Difference::Inserted { extra: Box::new(extra), line: line(n) as u64 + 1 };
            assert_eq!(r.verify(&lines), Err(want), "{seq} before event {n}");
        }
    }
}

#[test]
fn swapped_lines_are_found_at_the_first() {
    let r = run();
    let mut lines = r.record();
    lines.swap(line(30), line(31));
    let want = Difference::Inserted { extra: r.recorded(31), line: line(30) as u64 + 1 };
    assert_eq!(r.verify(&lines), Err(want));
}

#[test]
fn a_record_that_goes_on_is_longer_than_the_run() {
    let r = run();
    let mut lines = r.record();
    let next = with_seq(&lines[line(59)], 60);
    let event: Box<RecordedEvent> = serde_json::from_str(&next).expect("event");
    lines.insert(line(60), next.clone());
    let want = Difference::RunEnded { events: 60, next: event };
    assert_eq!(r.verify(&lines), Err(want.clone()));
    // Behind the last line too.
    let mut lines = r.record();
    lines.push(next);
    assert_eq!(r.verify(&lines), Err(want));
    let mut lines = r.record();
    lines.push("rubbish\n".to_owned());
    assert!(matches!(r.verify(&lines), Err(Difference::Unreadable { line: 63, seq: 60, .. })));
}

#[test]
fn a_wrong_end_is_told_from_wrong_events() {
    let r = run();
    for (from, to) in [("\"events\":60", "\"events\":61"), (&*r.hash, &*"0".repeat(64))] {
        let mut lines = r.record();
        let last = lines.pop().expect("end");
        lines.push(last.replace(from, to));
        let got = r.verify(&lines).expect_err("wrong end");
        assert!(matches!(got, Difference::End { .. }), "{got}");
        assert!(got.to_string().contains(&format!("the run has 60 events and trace hash {}", r.hash)), "{got}");
    }
}

#[test]
fn an_interrupted_record_agrees_as_far_as_it_goes() {
    let r = run();
    let mut lines = r.record();
    lines.pop();
    assert_eq!(r.verify(&lines), Ok(()), "only the last line is missing");
    lines.truncate(line(40));
    assert_eq!(r.verify(&lines), Err(Difference::Truncated { events: 40 }));
    let mut v = TraceVerifier::new(TraceReader::new(lines.concat().leak().as_bytes()).expect("header"));
    for f in &r.fired[..40] {
        assert_eq!(v.at_end(), Ok(false));
        assert_eq!(v.event(f), Ok(()));
    }
    assert_eq!(v.at_end(), Ok(true));
}

#[test]
fn a_line_that_is_cut_off_is_named_by_its_event() {
    let r = run();
    let record = r.record();
    for n in [0, 30, 59] {
        let mut lines = record[..=line(n)].to_vec();
        let whole = lines.pop().expect("line");
        lines.push(whole[..whole.len() / 2].to_owned());
        let got = r.verify(&lines).expect_err("cut off");
        let (l, s) = (line(n) as u64 + 1, n as u64);
        assert!(matches!(&got, Difference::Unreadable { line, seq, .. } if (*line, *seq) == (l, s)), "{got}");
    }
    let mut lines = record.clone();
    let whole = lines.pop().expect("end");
    lines.push(whole[..whole.len() / 2].to_owned());
    assert!(matches!(r.verify(&lines), Err(Difference::Unreadable { line: 62, seq: 60, .. })));
    let mut lines = record;
    lines[line(5)] = "{\"seq\":5,\"at_us\":0,\"actor\":0,\"kind\":\"tick\",\"digest\":\"00\",\"more\":1}\n".to_owned();
    let text = r.verify(&lines).expect_err("unknown field").to_string();
    assert!(text.starts_with("line 7 of the record cannot be read (event 5): unknown field `more`"), "{text}");
}

#[test]
fn half_a_line_ends_the_record_of_a_run_that_was_cut_short() {
    let r = run();
    let mut lines = r.record()[..=line(40)].to_vec();
    let whole = lines.pop().expect("line");
    lines.push(whole[..whole.len() / 2].to_owned());
    let reader = TraceReader::new(lines.concat().leak().as_bytes()).expect("header");
    let mut v = TraceVerifier::new(reader.cut_short());
    for f in &r.fired[..40] {
        assert_eq!(v.at_end(), Ok(false));
        assert_eq!(v.event(f), Ok(()));
    }
    assert_eq!(v.at_end(), Ok(true));
}

#[test]
fn what_is_no_record_is_refused_at_its_first_line() {
    let version = TraceReader::new(&b"{\"version\":2,\"name\":\"x\",\"seed\":1}\n"[..]).map(|r| r.seed());
    let text = version.expect_err("another version").to_string();
    assert_eq!(text, "line 1 of the record cannot be read (event 0): record version 2, this program reads 1");
    for wrong in [&b""[..], b"\n", b"{}", b"\xff\xfe\n", b"{\"seq\":0}\n"] {
        let got = TraceReader::new(wrong).map(|r| r.seed());
        assert!(matches!(got, Err(Difference::Unreadable { line: 1, seq: 0, .. })), "{got:?}");
    }
}

#[test]
fn events_have_a_text_form() {
    let r = run();
    let e = RecordedEvent { seq: 3, at_us: 1_500_000, actor: 2, kind: "tick".into(), digest: "ab".into() };
    assert_eq!(e.to_string(), "event 3 (tick at actor 2, 1.500000 s, digest ab)");
    assert_eq!(r.recorded(0).digest.len(), 16);
}
