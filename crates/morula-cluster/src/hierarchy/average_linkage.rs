//! Average linkage of weighted vectors.

use morula_data::DenseMatrix;

/// Average linkage (UPGMA) of unit vectors with weights, by cosine distance, down to `n_groups`
/// groups. A group has the number of its first member.
///
/// The weight of a vector is the number of its cells. So the distance between two groups is the
/// mean over the pairs of their cells, each cell at its centroid:
///
/// `D(A + B, C) = (w_A D(A, C) + w_B D(B, C)) / (w_A + w_B)`
///
/// Time is cubic in the number of vectors, a few per cluster.
///
/// ```
/// use morula_cluster::average_linkage;
/// use morula_data::DenseMatrix;
///
/// // Directions at 0, 90 and about 11 degrees, with 10 cells each.
/// let unit = DenseMatrix::new(3, 2, vec![1., 0., 0., 1., 0.98, 0.199])?;
/// assert_eq!(average_linkage(&unit, &[10.; 3], 2), [0, 1, 0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn average_linkage(unit: &DenseMatrix, weights: &[f32], n_groups: usize) -> Vec<usize> {
    let m = unit.n_rows();
    let cosine = |i, j| -> f32 { unit.row(i).iter().zip(unit.row(j)).map(|(a, b)| a * b).sum() };
    let mut distance: Vec<Vec<f32>> =
        (0..m).map(|i| (0..m).map(|j| 1.0 - cosine(i, j)).collect()).collect();
    let mut weights = weights.to_vec();
    let mut group: Vec<usize> = (0..m).collect();
    let mut alive: Vec<usize> = (0..m).collect();
    while alive.len() > n_groups.max(1) {
        let pairs = alive
            .iter()
            .enumerate()
            .flat_map(|(p, &i)| alive[p + 1..].iter().map(move |&j| (i, j)));
        let nearest = pairs.min_by(|a, b| distance[a.0][a.1].total_cmp(&distance[b.0][b.1]));
        let Some((a, b)) = nearest else { break };
        let (w_a, w_b) = (weights[a], weights[b]);
        for &c in alive.iter().filter(|&&c| c != a && c != b) {
            let joined = (w_a * distance[a][c] + w_b * distance[b][c]) / (w_a + w_b);
            distance[a][c] = joined;
            distance[c][a] = joined;
        }
        weights[a] += w_b;
        alive.retain(|&c| c != b);
        group.iter_mut().filter(|g| **g == b).for_each(|g| *g = a);
    }
    group
}

#[cfg(test)]
mod tests {
    use super::*;

    fn angles(degrees: &[f32]) -> DenseMatrix {
        let rows = degrees.iter().flat_map(|d| [d.to_radians().cos(), d.to_radians().sin()]);
        DenseMatrix::from_rows(rows.collect(), 2)
    }

    #[test]
    fn near_directions_are_joined_first() {
        let unit = angles(&[0., 5., 90., 97., 180.]);
        assert_eq!(average_linkage(&unit, &[1.0; 5], 3), [0, 0, 2, 2, 4]);
        assert_eq!(average_linkage(&unit, &[1.0; 5], 5), [0, 1, 2, 3, 4]);
        assert_eq!(average_linkage(&unit, &[1.0; 5], 1), [0; 5]);
    }

    #[test]
    fn weights_move_the_mean_distance() {
        // 0 and 20 join; 75 is nearer to 20, 300 (that is -60) nearer to 0.
        let unit = angles(&[0., 20., 75., 300.]);
        assert_eq!(average_linkage(&unit, &[1., 9., 1., 1.], 2), [0, 0, 0, 3]);
        assert_eq!(average_linkage(&unit, &[9., 1., 1., 1.], 2), [0, 0, 2, 0]);
    }

    #[test]
    fn with_more_groups_than_vectors_every_vector_is_a_group() {
        assert_eq!(average_linkage(&angles(&[0., 90.]), &[1.0; 2], 7), [0, 1]);
        assert!(average_linkage(&DenseMatrix::default(), &[], 3).is_empty());
    }
}
