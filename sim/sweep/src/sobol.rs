//! Sobol points: sequences that fill a cube more evenly than chance does.
//!
//! Direction numbers are those of Joe and Kuo, "Constructing Sobol sequences with better
//! two-dimensional projections" (2008), of which the first 32 dimensions are here. Points come in the
//! order of Gray codes, as in SciPy, and the first point is the origin: leaving it out would take the
//! balance from the first power of two.

/// Dimensions that there are numbers for.
pub const DIMENSIONS_MAX: usize = DIRECTIONS.len() + 1;

/// Binary digits of a coordinate.
const BITS: u32 = 32;

/// Degree of the polynomial, its inner coefficients, and the first direction numbers, from the second
/// dimension on.
const DIRECTIONS: [(u32, u32, &[u32]); 31] = [
    (1, 0, &[1]),
    (2, 1, &[1, 3]),
    (3, 1, &[1, 3, 1]),
    (3, 2, &[1, 1, 1]),
    (4, 1, &[1, 1, 3, 3]),
    (4, 4, &[1, 3, 5, 13]),
    (5, 2, &[1, 1, 5, 5, 17]),
    (5, 4, &[1, 1, 5, 5, 5]),
    (5, 7, &[1, 1, 7, 11, 19]),
    (5, 11, &[1, 1, 5, 1, 1]),
    (5, 13, &[1, 1, 1, 3, 11]),
    (5, 14, &[1, 3, 5, 5, 31]),
    (6, 1, &[1, 3, 3, 9, 7, 49]),
    (6, 13, &[1, 1, 1, 15, 21, 21]),
    (6, 16, &[1, 3, 1, 13, 27, 49]),
    (6, 19, &[1, 1, 1, 15, 7, 5]),
    (6, 22, &[1, 3, 1, 15, 13, 25]),
    (6, 25, &[1, 1, 5, 5, 19, 61]),
    (7, 1, &[1, 3, 7, 11, 23, 15, 103]),
    (7, 4, &[1, 3, 7, 13, 13, 15, 69]),
    (7, 7, &[1, 1, 3, 13, 7, 35, 63]),
    (7, 8, &[1, 3, 5, 9, 1, 25, 53]),
    (7, 14, &[1, 3, 1, 13, 9, 35, 107]),
    (7, 19, &[1, 3, 1, 5, 27, 61, 31]),
    (7, 21, &[1, 1, 5, 11, 19, 41, 61]),
    (7, 28, &[1, 3, 5, 3, 3, 13, 69]),
    (7, 31, &[1, 1, 7, 13, 1, 19, 1]),
    (7, 32, &[1, 3, 7, 5, 13, 19, 59]),
    (7, 37, &[1, 1, 3, 9, 25, 29, 41]),
    (7, 41, &[1, 3, 5, 13, 23, 1, 55]),
    (7, 42, &[1, 3, 7, 3, 13, 59, 17]),
];

/// The direction numbers of a dimension, from 0, as binary fractions of 32 digits.
fn directions(dimension: usize) -> [u32; BITS as usize] {
    let mut v = [0u32; BITS as usize];
    let Some((degree, inner, first)) = dimension.checked_sub(1).and_then(|d| DIRECTIONS.get(d)).copied() else {
        for (k, v) in v.iter_mut().enumerate() {
            *v = 1 << (BITS - 1 - k as u32);
        }
        return v;
    };
    let s = degree as usize;
    for k in 0..v.len() {
        v[k] = match first.get(k) {
            Some(m) => m << (BITS - 1 - k as u32),
            None => {
                let tail = v[k - s] ^ (v[k - s] >> degree);
                (1..s).filter(|i| inner >> (s - 1 - i) & 1 == 1).fold(tail, |x, i| x ^ v[k - i])
            }
        };
    }
    v
}

/// The first `samples` points, one vector per dimension; `shifts` are XORed into the digits of each.
///
/// # Panics
/// With more shifts than [`DIMENSIONS_MAX`].
#[must_use]
pub fn sobol(shifts: &[u32], samples: u32) -> Vec<Vec<f64>> {
    assert!(shifts.len() <= DIMENSIONS_MAX, "{} dimensions are more than {DIMENSIONS_MAX}", shifts.len());
    let scale = f64::from(u32::MAX) + 1.0;
    let column = |(dimension, shift): (usize, &u32)| {
        let v = directions(dimension);
        let point = |i: u32| {
            let gray = i ^ (i >> 1);
            let bits = (0..BITS).filter(|k| gray >> k & 1 == 1);
            f64::from(bits.fold(*shift, |x, k| x ^ v[k as usize])) / scale
        };
        (0..samples).map(point).collect()
    };
    shifts.iter().enumerate().map(column).collect()
}
