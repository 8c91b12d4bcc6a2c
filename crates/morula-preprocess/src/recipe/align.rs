//! Matches the genes of new cells by name with those of the recipe.

use morula_data::CsrMatrix;
use std::collections::HashMap;

/// Positions of the recipe's genes in new data.
pub(super) struct Alignment {
    /// Column of each of the recipe's genes, `None` if it is absent.
    pub(super) positions: Vec<Option<usize>>,
    /// Number of genes in new data that are not in the recipe.
    pub(super) extra: usize,
}

impl Alignment {
    /// Matches by name, the n-th occurrence of a name with its n-th occurrence.
    pub(super) fn new(wanted: &[String], names: &[String]) -> Self {
        let mut columns: HashMap<&str, Vec<usize>> = HashMap::with_capacity(names.len());
        for (j, name) in names.iter().enumerate().rev() {
            columns.entry(name).or_default().push(j);
        }
        let positions: Vec<_> =
            (wanted.iter()).map(|name| columns.get_mut(name.as_str()).and_then(Vec::pop)).collect();
        let extra = names.len() - positions.iter().flatten().count();
        Self { positions, extra }
    }

    /// Columns of the genes found, ascending.
    pub(super) fn present(&self) -> Vec<usize> {
        let mut present: Vec<_> = self.positions.iter().flatten().copied().collect();
        present.sort_unstable();
        present
    }
}

/// The counts of selected rows and columns; an absent column is empty.
pub(super) fn gather(x: &CsrMatrix, rows: &[usize], columns: &[Option<usize>]) -> CsrMatrix {
    let mut target = vec![u32::MAX; x.n_cols()];
    for (new, old) in columns.iter().enumerate() {
        if let Some(old) = old {
            target[*old] = new as u32;
        }
    }
    let (mut indptr, mut entries) = (vec![0], Vec::new());
    for &i in rows {
        let start = entries.len();
        let (cols, vals) = x.row(i);
        for (&c, &v) in cols.iter().zip(vals) {
            if target[c as usize] != u32::MAX && v != 0.0 {
                entries.push((target[c as usize], v));
            }
        }
        entries[start..].sort_unstable_by_key(|e| e.0);
        indptr.push(entries.len());
    }
    let (indices, data) = entries.into_iter().unzip();
    CsrMatrix::new(rows.len(), columns.len(), indptr, indices, data)
        .unwrap_or_else(|_| unreachable!("columns are distinct and in range"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|s| s.to_string()).collect()
    }

    #[test]
    fn repeated_names_match_in_order() {
        let a = Alignment::new(&names(&["b", "a", "a", "z"]), &names(&["a", "b", "a", "q"]));
        assert_eq!(a.positions, [Some(1), Some(0), Some(2), None]);
        assert_eq!((a.extra, a.present()), (1, vec![0, 1, 2]));
    }

    #[test]
    fn gather_reorders_and_leaves_holes() {
        let x = CsrMatrix::from_dense(2, 3, &[1., 2., 3., 4., 0., 6.]).unwrap();
        let g = gather(&x, &[1, 0], &[Some(2), None, Some(0)]);
        assert_eq!(g.to_dense(), [6., 0., 4., 3., 0., 1.]);
    }
}
