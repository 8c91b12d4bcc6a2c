//! Operations on sparse matrices agree with dense arithmetic.

use morula_data::CsrMatrix;
use proptest::prelude::*;

prop_compose! {
    /// Small matrices of small whole numbers, about half of them zero.
    fn matrices()(rows in 0usize..8, cols in 1usize..8)
        (cols in Just(cols), values in proptest::collection::vec(-2i8..3, rows * cols))
        -> (usize, Vec<f32>) {
        (cols, values.into_iter().map(|v| f32::from(v.max(0))).collect())
    }
}

proptest! {
    #[test]
    fn dense_and_transpose_round_trips((cols, values) in matrices()) {
        let rows = values.len() / cols;
        let m = CsrMatrix::from_dense(rows, cols, &values).unwrap();
        prop_assert_eq!(m.to_dense(), values.clone());
        let t = m.transpose();
        let turned: Vec<f32> =
            (0..cols * rows).map(|p| values[p % rows * cols + p / rows]).collect();
        prop_assert_eq!(t.to_dense(), turned);
        prop_assert_eq!(t.transpose(), m);
    }

    #[test]
    fn selections_agree_with_dense_indexing(
        (cols, values) in matrices(), picks in proptest::collection::vec(0usize..64, 0..6)
    ) {
        let rows = values.len() / cols;
        let m = CsrMatrix::from_dense(rows, cols, &values).unwrap();
        let rows_picked: Vec<usize> = picks.iter().filter(|_| rows > 0).map(|p| p % rows).collect();
        let mut cols_picked: Vec<usize> = picks.iter().map(|p| p % cols).collect();
        let mut seen = std::collections::HashSet::new();
        cols_picked.retain(|&j| seen.insert(j));
        let expected: Vec<f32> = rows_picked
            .iter()
            .flat_map(|&i| cols_picked.iter().map(move |&j| (i, j)))
            .map(|(i, j)| values[i * cols + j])
            .collect();
        let picked = m.select_cols(&cols_picked).select_rows(&rows_picked);
        prop_assert_eq!(picked.to_dense(), expected);
    }

    #[test]
    fn shuffled_entries_give_the_same_matrix((cols, values) in matrices(), turn in 0usize..8) {
        let rows = values.len() / cols;
        let m = CsrMatrix::from_dense(rows, cols, &values).unwrap();
        let (mut indices, mut data) = (vec![], vec![]);
        for (c, v) in m.rows() {
            let (mut c, mut v) = (c.to_vec(), v.to_vec());
            if !c.is_empty() {
                let by = turn % c.len();
                c.rotate_left(by);
                v.rotate_left(by);
            }
            indices.extend(c);
            data.extend(v);
        }
        let again = CsrMatrix::new(rows, cols, m.indptr().to_vec(), indices, data).unwrap();
        prop_assert_eq!(again, m);
    }
}
