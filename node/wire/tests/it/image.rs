//! Sizes of pictures.

use proptest::prelude::*;
use weir_wire::image::{Size, UnknownFormat, size};

#[test]
fn sizes_are_read_from_the_first_bytes() {
    let wanted = Ok(Size { width: 0x0102, height: 0x0304 });
    assert_eq!(size(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\x02\0\0\x03\x04"), wanted);
    assert_eq!(size(b"GIF87a\x02\x01\x04\x03"), wanted);
    // A part before the frame, a marker without a length, and bytes that fill.
    let jpeg = b"\xff\xd8\xff\xe0\0\x03a\xff\x01\xff\xff\xff\xc2\0\x11\x08\x03\x04\x01\x02";
    assert_eq!(size(jpeg), wanted);
    assert_eq!(wanted.map(Size::pixels), Ok(0x0102 * 0x0304));
    for end in 0..jpeg.len() {
        assert_eq!(size(&jpeg[..end]), Err(UnknownFormat));
    }
    for bad in [
        &b""[..],
        b"RIFF",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIDAT\0\0\0\x01\0\0\0\x01",
        b"\xff\xd8\xff\xda\xff\xc0\0\x11\x08\0\x01\0\x01",
    ] {
        assert_eq!(size(bad), Err(UnknownFormat));
    }
}

proptest! {
    #[test]
    fn no_bytes_stop_the_reader(rest in proptest::collection::vec(prop_oneof![Just(0xff), 0xc0..=0xda_u8, any::<u8>()], 0..80)) {
        let _ = size(&rest);
        for magic in [&b"\x89PNG\r\n\x1a\n"[..], b"\xff\xd8", b"GIF89a"] {
            let _ = size(&[magic, &rest].concat());
        }
    }
}
