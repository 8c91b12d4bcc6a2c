//! The checksum of metadata: Jenkins' lookup3 (<https://burtleburtle.net/bob/c/lookup3.c>),
//! `hashlittle` with an initial value of 0.

/// The checksum of some bytes.
pub(super) fn checksum(bytes: &[u8]) -> u32 {
    let start = 0xdead_beef_u32.wrapping_add(bytes.len() as u32);
    let (mut a, mut b, mut c) = (start, start, start);
    let word = |block: &[u8], i: usize| -> u32 {
        (0..4).fold(0, |w, k| w | u32::from(block.get(4 * i + k).copied().unwrap_or(0)) << (8 * k))
    };
    // The last block, also a whole one, is mixed in another way.
    let last = bytes.len().saturating_sub(1) / 12 * 12;
    for block in bytes[..last].chunks_exact(12) {
        a = a.wrapping_add(word(block, 0));
        b = b.wrapping_add(word(block, 1));
        c = c.wrapping_add(word(block, 2));
        for (x, y, z, turn) in
            [(0, 2, 1, 4), (1, 0, 2, 6), (2, 1, 0, 8), (0, 2, 1, 16), (1, 0, 2, 19), (2, 1, 0, 4)]
        {
            let mut v = [a, b, c];
            v[x] = v[x].wrapping_sub(v[y]) ^ v[y].rotate_left(turn);
            v[y] = v[y].wrapping_add(v[z]);
            [a, b, c] = v;
        }
    }
    if bytes.is_empty() {
        return c;
    }
    let block = &bytes[last..];
    a = a.wrapping_add(word(block, 0));
    b = b.wrapping_add(word(block, 1));
    c = c.wrapping_add(word(block, 2));
    for (x, y, turn) in
        [(2, 1, 14), (0, 2, 11), (1, 0, 25), (2, 1, 16), (0, 2, 4), (1, 0, 14), (2, 1, 24)]
    {
        let mut v = [a, b, c];
        v[x] = (v[x] ^ v[y]).wrapping_sub(v[y].rotate_left(turn));
        [a, b, c] = v;
    }
    c
}

#[cfg(test)]
mod tests {
    use super::checksum;

    #[test]
    fn the_values_of_lookup3_are_met() {
        // From the self-test of lookup3.c.
        assert_eq!(checksum(b""), 0xdead_beef);
        assert_eq!(checksum(b"Four score and seven years ago"), 0x1777_0551);
    }
}
