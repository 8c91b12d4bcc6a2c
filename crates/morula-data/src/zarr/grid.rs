//! Places in arrays of any number of dimensions.

use crate::Result;

/// Calls with every place from `first` to before `end`, the last dimension fastest.
pub(super) fn places(
    first: &[u64],
    end: &[u64],
    mut call: impl FnMut(&[u64]) -> Result<()>,
) -> Result<()> {
    if first.iter().zip(end).any(|(first, end)| first >= end) {
        return Ok(());
    }
    let mut place = first.to_vec();
    loop {
        call(&place)?;
        let Some(d) = (0..place.len()).rev().find(|&d| place[d] + 1 < end[d]) else {
            return Ok(());
        };
        place[d] += 1;
        place[d + 1..].copy_from_slice(&first[d + 1..]);
    }
}

/// Steps between neighbours along each dimension, for dimensions that are stored in this order.
pub(super) fn strides(shape: &[u64], order: &[usize]) -> Vec<u64> {
    let (mut strides, mut step) = (vec![0; shape.len()], 1);
    for &d in order.iter().rev() {
        strides[d] = step;
        step *= shape[d];
    }
    strides
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_come_in_order_and_strides_follow_what_is_stored() {
        let mut found = Vec::new();
        places(&[1, 0], &[3, 2], |place| {
            found.push(place.to_vec());
            Ok(())
        })
        .unwrap();
        assert_eq!(found, [[1, 0], [1, 1], [2, 0], [2, 1]]);
        places(&[1, 2], &[3, 2], |_| panic!("there is no place")).unwrap();
        assert_eq!(strides(&[4, 5, 6], &[0, 1, 2]), [30, 6, 1]);
        assert_eq!(strides(&[4, 5, 6], &[2, 1, 0]), [1, 4, 20]);
        assert_eq!(strides(&[4, 5, 6], &[1, 2, 0]), [1, 24, 4]);
    }
}
