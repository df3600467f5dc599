//! Jobs for containers.

use proptest::prelude::*;
use weir_wire::byoc::{Job, JobError, balance_text, with_host};

#[test]
fn what_describes_no_job_is_refused() {
    assert_eq!(Job::decode("e30="), Err(JobError::NoTimeout));
    assert_eq!(Job::decode("%"), Err(JobError::Base64));
    let e = Job::decode("eyJpZCI6MX0=").expect_err("an id that is a number");
    assert_eq!(e.to_string(), "json: cannot unmarshal number into Go struct field JobRequest.id of type string");
}

#[test]
fn hosts_are_put_into_urls() {
    assert_eq!(with_host("https://u:p@a/x?y#f", "h"), "https://u:p@h/x?y#f");
    assert_eq!(with_host("no url", "h"), "no url");
    assert_eq!(balance_text("data: data:7 "), "data:7");
}

proptest! {
    #[test]
    fn a_job_comes_through(texts in proptest::array::uniform7(".{0,20}"), timeout_seconds in 1..u64::MAX / 2, search_ns: i64) {
        let [id, request, parameters, capability, capability_url, sender, sig] = texts;
        let search_answer_ns = search_ns / 2;
        let job = Job {
            id, request, parameters, capability, capability_url, sender, sig, timeout_seconds, search_ns, search_answer_ns,
        };
        prop_assert_eq!(Job::decode(&job.encode()), Ok(job));
    }

    #[test]
    fn no_text_stops_the_reader(text in ".{0,60}", base64 in "[A-Za-z0-9+/=]{0,80}") {
        let _ = (Job::decode(&text), Job::decode(&base64), with_host(&text, &base64));
    }
}
