//! What a sender is good for.

use weir_ticket::monitor::{Funds, SenderMonitor};
use weir_types::Wei;

#[test]
fn pending_counts_against_the_reserve_below_a_third_of_the_deposit() {
    let funds = Funds { deposit: Wei::new(299), reserve_remaining: Wei::new(1_000), ..Funds::default() };
    for (pending, float) in [(0, 1_000), (1, 1_000), (99, 1_000), (100, 900)] {
        let mut m = SenderMonitor::new(funds);
        m.add_pending(Wei::new(pending));
        assert_eq!(m.max_float_wei(1), Wei::new(float), "{pending} pending");
    }
}

#[test]
fn more_than_is_pending_is_never_released() {
    let mut m = SenderMonitor::new(Funds { deposit: Wei::new(10), ..Funds::default() });
    m.add_pending(Wei::new(5));
    assert!(!m.release_pending(Wei::new(6)));
    assert_eq!(*m.pending(), 5.into());
    assert!(m.release_pending(Wei::new(5)));
    assert!(!m.release_pending(Wei::new(1)));
    assert_eq!((m.pending().clone(), m.available(1)), (0.into(), 10.into()));
}
