//! Cases written by the original's own functions, put to ours.
//!
//! Each file has a suite of its own name. A case passes when the answers are equal, to the last letter of an error
//! text. Where ours differ on purpose a [`Rule`] says so: then the case is left out, after our own answer was checked.

mod ai;
mod balance;
mod byoc;
mod capability;
mod ids;
mod media;
mod params;
mod price;
mod read;
mod receive;
mod redeem;
mod rules;
mod select;
mod sender;
mod sign;
mod spec;
mod text;
mod ticket;
mod trickle;

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value;

use crate::report::FileReport;

pub use rules::{RULES, Rule};

/// What becomes of a case that does not pass.
pub(crate) enum Miss {
    /// It differs.
    Differs(String),
    /// It differs on purpose, and ours is as the rule says.
    LeftOut(&'static Rule),
}

impl From<String> for Miss {
    fn from(text: String) -> Self {
        Self::Differs(text)
    }
}

/// How a case ends, or a part of it.
pub(crate) type Outcome<T = ()> = Result<T, Miss>;

/// Counts the cases of a file.
pub(crate) struct Tally<'a> {
    report: &'a mut FileReport,
}

impl Tally<'_> {
    /// Puts one case.
    pub(crate) fn case(&mut self, at: &str, case: &Value, put: impl FnOnce() -> Outcome) {
        let ended = catch_unwind(AssertUnwindSafe(put)).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no word");
            Err(Miss::Differs(format!("stopped: {text}")))
        });
        self.report.cases += 1;
        match ended {
            Ok(()) => self.report.passed += 1,
            Err(Miss::LeftOut(rule)) => {
                self.report.left_out += 1;
                *self.report.rules.entry(rule.name).or_default() += 1;
            }
            Err(Miss::Differs(text)) => {
                self.report.failed += 1;
                let mut shown = case.to_string();
                if let Some((cut, _)) = shown.char_indices().nth(300) {
                    shown.truncate(cut);
                }
                self.report.differences.push(format!("{at}: {text} in {shown}"));
            }
        }
    }

    /// Puts each case of a list.
    pub(crate) fn each(&mut self, list: &str, file: &Value, put: impl Fn(&Value) -> Outcome) {
        for (i, case) in file[list].as_array().into_iter().flatten().enumerate() {
            self.case(&format!("{list} {i}"), case, || put(case));
        }
    }
}

/// The cases of a file.
struct Suite {
    name: &'static str,
    run: fn(&Value, &mut Tally<'_>),
}

/// Suites by the names of files.
const SUITES: &[Suite] = &[
    Suite { name: "accounting", run: balance::accounting },
    Suite { name: "ai_gateway_units", run: ai::paid },
    Suite { name: "ai_models", run: ai::models },
    Suite { name: "ai_units", run: ai::debited },
    Suite { name: "amounts", run: text::amounts },
    Suite { name: "auth_tokens", run: sign::auth_tokens },
    Suite { name: "balance_updates", run: balance::updates },
    Suite { name: "byoc", run: byoc::byoc },
    Suite { name: "capabilities", run: capability::capabilities },
    Suite { name: "capability_capacity", run: capability::capacity },
    Suite { name: "capability_constraints", run: capability::constraints },
    Suite { name: "common", run: text::common },
    Suite { name: "ecrecover", run: sign::ecrecover },
    Suite { name: "fees", run: price::fees },
    Suite { name: "fixed_point", run: price::fixed_point },
    Suite { name: "ids_and_profiles", run: ids::ids_and_profiles },
    Suite { name: "job_capabilities", run: capability::jobs },
    Suite { name: "nonce_limit", run: receive::nonce_limit },
    Suite { name: "payments", run: sender::payments },
    Suite { name: "playlists", run: media::playlists },
    Suite { name: "price_info", run: price::info },
    Suite { name: "price_options", run: price::options },
    Suite { name: "process_payment", run: receive::process_payment },
    Suite { name: "receive_ticket", run: receive::receive_ticket },
    Suite { name: "recipient_rand", run: params::recipient_rand },
    Suite { name: "redeem_gate", run: redeem::gate },
    Suite { name: "seg_creds", run: sign::seg_creds },
    Suite { name: "selection", run: select::selection },
    Suite { name: "sender_batches", run: sender::batches },
    Suite { name: "sender_monitor", run: redeem::monitor },
    Suite { name: "sender_validate", run: sender::validate },
    Suite { name: "signatures", run: sign::signatures },
    Suite { name: "spec", run: spec::spec },
    Suite { name: "storage_policy", run: media::storage_policy },
    Suite { name: "ticket_params", run: params::ticket_params },
    Suite { name: "ticket_queue", run: redeem::queue },
    Suite { name: "tickets", run: ticket::tickets },
    Suite { name: "trickle", run: trickle::trickle },
    Suite { name: "winning", run: ticket::winning },
];

/// Files whose cases need what is not there yet, and why.
const PENDING: &[(&str, &Rule)] =
    &[("orchestrator_info", &rules::WITH_THE_WIRE), ("verify_seg_creds", &rules::WITH_THE_WIRE)];

/// Puts the cases of a file, given its name without ending and its text.
#[must_use]
pub fn run(name: &str, text: &str) -> FileReport {
    let mut report = FileReport { name: name.to_owned(), ..FileReport::default() };
    let file: Value = match serde_json::from_str(text) {
        Ok(file) => file,
        Err(e) => {
            report.count(e.line(), "the file", vec![format!("it is no JSON: {e}")]);
            return report;
        }
    };
    let pending = PENDING.iter().find(|(pending, _)| *pending == name);
    if let Some(suite) = SUITES.iter().find(|suite| suite.name == name) {
        (suite.run)(&file, &mut Tally { report: &mut report });
    } else if let Some((_, rule)) = pending {
        Tally { report: &mut report }.each("cases", &file, |_| Err(Miss::LeftOut(rule)));
    } else {
        Tally { report: &mut report }.each("cases", &file, |_| Err("no suite has this name".to_owned().into()));
    }
    if report.cases == 0 {
        report.count(1, "the file", vec!["it has no cases".to_owned()]);
    }
    report
}

/// The rules by which cases are left out, as a list for readers.
#[must_use]
pub fn rules_text() -> String {
    RULES.iter().map(|r| format!("{}\n  there: {}\n  here:  {}\n", r.name.to_lowercase(), r.reason, r.ours)).collect()
}

/// The same as a page of the documentation.
#[must_use]
pub fn rules_page() -> String {
    let mut page = String::from(
        "# Where Weir differs from go-livepeer on purpose\n\n\
         Weir answers as go-livepeer 0.9.1 does, down to the texts of errors that peers act on. `cargo xtask conformance`\n\
         puts the original's own cases to it and compares; what follows are all the rules by which a case may differ. A\n\
         case that falls under one is left out of the comparison after Weir's own answer was checked. This page is made\n\
         from those rules (`conformance/src/vectors/rules.rs`), and a test holds it against them.\n\n\
         | rule | go-livepeer | Weir |\n|---|---|---|\n",
    );
    for r in RULES.iter().filter(|r| !PENDING.iter().any(|(_, pending)| pending == *r)) {
        page.push_str(&format!("| {} | {} | {} |\n", r.name.to_lowercase().replace('_', " "), r.reason, r.ours));
    }
    page.push_str(
        "\n## Rules of its own\n\n\
         No case of the original's is about these: they are decisions of whole nodes, which tests hold.\n\n\
         | rule | reason |\n|---|---|\n",
    );
    for (rule, reason) in rules::OWN {
        page.push_str(&format!("| {rule} | {reason} |\n"));
    }
    page
}
