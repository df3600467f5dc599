//! Numbers as the wire writes them.

/// A session's or a stream's number as the wire names it: eight hexadecimal digits, or more where it takes more.
pub(crate) struct Name {
    digits: [u8; 16],
    from: usize,
}

impl Name {
    pub(crate) fn new(number: u64) -> Self {
        let mut digits = [0; 16];
        for (at, digit) in digits.iter_mut().enumerate() {
            *digit = b"0123456789abcdef"[(number >> (60 - 4 * at)) as usize & 15];
        }
        let zeros = number.leading_zeros() as usize / 4;
        Self { digits, from: zeros.min(8) }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.digits[self.from..]
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_hexadecimal() {
        for number in [0, 1, 0xab, 0xdead_beef, 0x1_0000_0000, 0x0123_4567_89ab_cdef, u64::MAX] {
            assert_eq!(Name::new(number).as_str(), format!("{number:08x}"));
        }
    }
}
