//! The charts of a sweep. Each says in its title what it found.

mod effects;
mod fan;
mod frontier;
mod heat;
mod response;
mod sensitivity;
mod tornado;

use super::Sweep;
use crate::figure::Figure;
use crate::kpi::Kpi;

/// Charts of a kind, under a heading of their own.
pub(crate) struct Section {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) figures: Vec<Figure>,
}

/// All charts, in the order of the page; none without data.
pub(crate) fn figures(sweep: &Sweep) -> Vec<Section> {
    let each = |make: fn(&Sweep, &Kpi) -> Option<Figure>| -> Vec<Figure> {
        sweep.charted().into_iter().filter_map(|k| make(sweep, k)).collect()
    };
    let sections = [
        ("effects", "Arms held against the first", each(effects::figure)),
        ("response", "Figures along the axis", each(response::figure)),
        ("heat", "Figures over two axes", each(heat::figure)),
        ("frontier", "One figure bought with another", frontier::figure(sweep).into_iter().collect()),
        ("sensitivity", "What matters most", each(sensitivity::figure)),
        ("tornado", "One axis at a time", each(tornado::figure)),
        ("rounds", "Round by round", sweep.rounds.iter().filter_map(|s| fan::figure(sweep, s)).collect()),
    ];
    let section = |(id, title, figures)| Section { id, title, figures };
    sections.into_iter().map(section).filter(|s| !s.figures.is_empty()).collect()
}
