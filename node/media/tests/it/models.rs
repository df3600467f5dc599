//! Sizes, grids and the model of work, over all their inputs.

use proptest::prelude::*;
use weir_media::geometry::{FrameRate, MAX_SIDE, MIN_HEIGHT, MIN_WIDTH, fit};
use weir_media::{SegmentSpec, WorkModel};
use weir_types::{Millis, Profile};

fn profile(width: u32, height: u32, bitrate: u64, fps: u32, fps_den: u32) -> Profile {
    Profile { name: "p".to_owned(), width, height, bitrate, fps, fps_den }
}

prop_compose! {
    fn any_profile()(w in any::<u32>(), h in any::<u32>(), b in any::<u64>(), f in any::<u32>(), d in any::<u32>())
        -> Profile { profile(w, h, b, f, d) }
}

prop_compose! {
    fn any_segment()(width in any::<u32>(), height in any::<u32>(), frames in any::<u64>(), ms in any::<u64>())
        -> SegmentSpec { SegmentSpec { width, height, frames, duration: Millis(ms) } }
}

proptest! {
    #[test]
    fn a_size_that_fits_can_be_encoded(sw in any::<u32>(), sh in any::<u32>(), bw in any::<u32>(), bh in any::<u32>()) {
        if let Some((w, h)) = fit((sw, sh), (bw, bh)) {
            prop_assert!(w % 2 == 0 && h % 2 == 0);
            prop_assert!((MIN_WIDTH..=MAX_SIDE).contains(&w) && (MIN_HEIGHT..=MAX_SIDE).contains(&h));
        }
    }

    #[test]
    fn a_size_keeps_aspect_and_longer_side(
        sw in 16u32..4096, sh in 16u32..4096, bw in 2u32..4096, bh in 2u32..4096,
    ) {
        // Narrow sources may not fit at all, and small boxes are left.
        prop_assume!(sw <= sh * 4 && sh <= sw * 4 && bw.max(bh) >= 640);
        let (w, h) = fit((sw, sh), (bw, bh)).expect("a size");
        prop_assert_eq!(w.max(h), bw.max(bh) & !1);
        let (long, short) = if sw >= sh { (w, h) } else { (h, w) };
        let exact = f64::from(long) * f64::from(sw.min(sh)) / f64::from(sw.max(sh));
        prop_assert!((f64::from(short) - exact).abs() <= 1.0, "{} for {}", short, exact);
    }

    #[test]
    fn the_box_turns_with_the_source(sw in any::<u32>(), sh in any::<u32>(), bw in any::<u32>(), bh in any::<u32>()) {
        prop_assert_eq!(fit((sw, sh), (bw, bh)), fit((sw, sh), (bh, bw)));
    }

    #[test]
    fn a_grid_goes_forward(
        num in 1u32.., den in 1u32.., a in any::<i64>(), b in any::<i64>(), tick in (1u32.., 1u32..),
    ) {
        let rate = FrameRate::new(num, den).expect("a rate");
        let (from, to) = (a.min(b), a.max(b));
        prop_assert!(rate.index(from, tick) <= rate.index(to, tick));
        prop_assert!(rate.frames_between(from, to, tick) >= 1);
        prop_assert_eq!(rate.frames_between(to, from, tick), 1);
    }

    #[test]
    fn more_pixels_take_no_less_time(
        width in 16u32..4096, height in 16u32..4096, frames in 1u64..10_000, ms in 1u64..100_000,
        more in 0u64..10_000, fps in 0u32..121, draw in 0.0f64..=1.0, machine in any_machine(),
    ) {
        let segment = SegmentSpec { width, height, frames, duration: Millis(ms) };
        let longer = SegmentSpec { frames: frames + more, duration: Millis(ms + more * 40), ..segment };
        let ladder = [profile(426, 240, 1, fps, 0), profile(1280, 720, 1, 0, 0)];
        prop_assert!(machine.time(&segment, &ladder, draw) <= machine.time(&longer, &ladder, draw));
        prop_assert!(machine.time(&segment, &ladder[..1], draw) <= machine.time(&segment, &ladder, draw));
    }

    #[test]
    fn a_model_takes_anything(
        segment in any_segment(), profiles in prop::collection::vec(any_profile(), 0..4),
        draw in any::<f64>(), machine in any_machine(), source in any::<[u8; 32]>(),
    ) {
        let least = machine.time(&segment, &profiles, 0.0);
        let most = machine.time(&segment, &profiles, 1.0);
        let time = machine.time(&segment, &profiles, draw);
        prop_assert!(least <= time && time <= most);
        for p in &profiles {
            let made = machine.rendition(&segment, p, &source);
            prop_assert_eq!(&made, &machine.rendition(&segment, p, &source));
            prop_assert!(made.bytes > 0 && made.bytes % 188 == 0);
        }
    }
}

prop_compose! {
    fn any_machine()(
        pixels_per_second in any::<u64>(), startup_ms in any::<u64>(), jitter_permille in any::<u32>(),
        decode_permille in any::<u32>(), bits_per_pixel_permille in any::<u32>(),
    ) -> WorkModel {
        WorkModel { pixels_per_second, startup_ms, jitter_permille, decode_permille, bits_per_pixel_permille }
    }
}
