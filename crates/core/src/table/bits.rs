//! Sets of rows.

/// Words for so many rows.
pub(super) fn words(rows: usize) -> usize {
    rows.div_ceil(64)
}

/// Puts a row into a set.
pub(super) fn set(bits: &mut [u64], row: usize) {
    bits[row / 64] |= 1 << (row % 64);
}

/// Whether a row is in a set.
pub(super) fn has(bits: &[u64], row: usize) -> bool {
    bits[row / 64] >> (row % 64) & 1 == 1
}

/// The rows of a set, from the first.
pub(super) fn each(bits: &[u64]) -> impl Iterator<Item = usize> {
    bits.iter().enumerate().flat_map(|(word, bits)| {
        let mut left = *bits;
        std::iter::from_fn(move || {
            if left == 0 {
                return None;
            }
            let bit = left.trailing_zeros() as usize;
            left &= left - 1;
            Some(word * 64 + bit)
        })
    })
}

/// Keeps of the first set what is in the second too.
pub(super) fn keep(bits: &mut [u64], other: &[u64]) {
    for (a, b) in bits.iter_mut().zip(other) {
        *a &= b;
    }
}

/// The set of all of so many rows.
pub(super) fn full(rows: usize) -> Vec<u64> {
    let mut bits = vec![u64::MAX; words(rows)];
    if !rows.is_multiple_of(64)
        && let Some(last) = bits.last_mut()
    {
        *last = (1 << (rows % 64)) - 1;
    }
    bits
}
