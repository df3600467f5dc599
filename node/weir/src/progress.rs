//! A bar on a terminal, silence elsewhere.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use weir_lab::{Phase, Progress};
use weir_sweep::Tick;

/// The progress of a run.
pub(crate) struct Bar {
    bar: ProgressBar,
}

impl Bar {
    /// A bar on standard error, drawn only where a person watches: not when the result goes to a file
    /// or another program.
    pub(crate) fn new() -> Self {
        let watched = io::stdout().is_terminal() && io::stderr().is_terminal();
        let target = if watched { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("[{elapsed_precise}] {bar:30} {percent:>3}% {wide_msg}") {
            bar.set_style(style);
        }
        Self { bar }
    }

    /// A bar for the cells of a sweep, which says how long they will take.
    pub(crate) fn of_cells() -> Self {
        let own = Self::new();
        let template = "[{elapsed_precise}] {bar:30} {pos}/{len}, {eta} left {wide_msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            own.bar.set_style(style);
        }
        own
    }

    /// What a sweep calls after each cell.
    pub(crate) fn of_cells_callback(&self) -> Box<dyn Fn(&Tick<'_>) + Send + Sync> {
        let bar = self.bar.clone();
        Box::new(move |tick| {
            bar.set_length(tick.all);
            bar.set_position(tick.done);
            bar.set_message(match tick.bad {
                0 => tick.cell.arm.clone(),
                bad => format!("{bad} failed or broken; {}", tick.cell.arm),
            });
        })
    }

    /// So many of so many steps are done, and this one is next.
    pub(crate) fn step(&self, done: usize, all: usize, next: &str) {
        self.bar.set_length(all as u64);
        self.bar.set_position(done as u64);
        self.bar.set_message(next.to_owned());
    }

    /// What a run calls now and then.
    pub(crate) fn callback(&self) -> Box<dyn FnMut(Progress)> {
        let bar = self.bar.clone();
        Box::new(move |progress| {
            // Whole seconds are fine enough for a bar, and both are far below 2^52.
            bar.set_length(progress.total_seconds.max(1.0) as u64);
            bar.set_position(progress.virtual_seconds.max(0.0) as u64);
            bar.set_message(describe(&progress));
        })
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn describe(progress: &Progress) -> String {
    match progress.phase {
        Phase::SetUp => "setting the network up".to_owned(),
        Phase::Running => {
            let Progress { round, rounds, events, virtual_seconds, .. } = progress;
            format!("round {round} of {rounds}, {virtual_seconds:.0} s of virtual time, {events} events")
        }
        Phase::Media => "finishing the real stream".to_owned(),
        Phase::Writing => "writing tables".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Phase, Progress, describe};

    #[test]
    fn a_running_round_is_named() {
        let progress = Progress {
            phase: Phase::Running,
            round: 2,
            rounds: 4,
            virtual_seconds: 1000.4,
            total_seconds: 3600.0,
            events: 12_345,
        };
        assert_eq!(describe(&progress), "round 2 of 4, 1000 s of virtual time, 12345 events");
    }
}
