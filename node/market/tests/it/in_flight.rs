//! Readers that stay behind.

use weir_market::in_flight::{InFlight, TooSlow};

#[test]
fn a_reader_may_stay_three_segments_behind() {
    let mut segments = InFlight::default();
    assert_eq!([segments.begin(), segments.begin(), segments.begin()], [Ok(1), Ok(2), Ok(3)]);
    assert_eq!(segments.begin(), Err(TooSlow));
    segments.end();
    assert_eq!(segments.begin(), Ok(4));
    assert_eq!(segments.begun(), 4);
}
