//! Sums over the cells of each group, from which every test between groups follows.

use morula_data::CsrMatrix;
use rayon::prelude::*;

use crate::{PreprocessError, Result};

/// Sums of the counts `x_ig` of cells of size `N_i` over a group of cells. Sums of two groups add up
/// to those of their union, so that a tree of groups needs one pass over the counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    /// Number of cells.
    pub n_cells: usize,
    /// `sum N_i`.
    pub size: f64,
    /// `sum N_i^2`.
    pub size_squares: f64,
    /// `sum x_ig` of every gene.
    pub counts: Vec<f64>,
    /// `sum x_ig^2` of every gene.
    pub squares: Vec<f64>,
    /// `sum N_i x_ig` of every gene.
    pub products: Vec<f64>,
}

impl Moments {
    fn none(n_genes: usize) -> Self {
        let zeros = || vec![0.0; n_genes];
        let (counts, squares, products) = (zeros(), zeros(), zeros());
        Self { n_cells: 0, size: 0.0, size_squares: 0.0, counts, squares, products }
    }

    /// The sums over the union of groups without cells in common.
    pub fn union<'a>(n_genes: usize, groups: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut sum = Self::none(n_genes);
        for group in groups {
            sum.n_cells += group.n_cells;
            sum.size += group.size;
            sum.size_squares += group.size_squares;
            let add = |to: &mut [f64], from: &[f64]| {
                to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
            };
            add(&mut sum.counts, &group.counts);
            add(&mut sum.squares, &group.squares);
            add(&mut sum.products, &group.products);
        }
        sum
    }

    /// The sums over the cells of this group that are not in `part`, a part of it. Counts are whole
    /// numbers, so this is exact.
    pub fn without(&self, part: &Self) -> Self {
        let less = |all: &[f64], part: &[f64]| all.iter().zip(part).map(|(a, b)| a - b).collect();
        Self {
            n_cells: self.n_cells.saturating_sub(part.n_cells),
            size: self.size - part.size,
            size_squares: self.size_squares - part.size_squares,
            counts: less(&self.counts, &part.counts),
            squares: less(&self.squares, &part.squares),
            products: less(&self.products, &part.products),
        }
    }

    /// Cells add up in their order, so that the sums have the same bits for any number of threads.
    fn add_cell(&mut self, columns: &[u32], values: &[f32], size: f64) {
        self.n_cells += 1;
        self.size += size;
        self.size_squares += size * size;
        for (&gene, &x) in columns.iter().zip(values) {
            let (gene, x) = (gene as usize, f64::from(x));
            self.counts[gene] += x;
            self.squares[gene] += x * x;
            self.products[gene] += size * x;
        }
    }
}

/// The sums of every group. Cell i has the size `sizes[i]` and belongs to group `labels[i]`; cells
/// without a group count nowhere. `n_groups` is the number of groups.
///
/// # Shapes
/// - `x`: cells x genes
/// - result: `n_groups`
///
/// # Errors
/// [`PreprocessError::Shape`] for other numbers of sizes or labels, or a label that is not below
/// `n_groups`.
pub fn moments(
    x: &CsrMatrix,
    sizes: &[f64],
    labels: &[Option<usize>],
    n_groups: usize,
) -> Result<Vec<Moments>> {
    for (what, found) in [("sizes of cells", sizes.len()), ("labels", labels.len())] {
        if found != x.n_rows() {
            return Err(PreprocessError::Shape { what, expected: x.n_rows(), found });
        }
    }
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); n_groups];
    for (i, label) in labels.iter().enumerate() {
        let Some(label) = *label else { continue };
        let Some(members) = members.get_mut(label) else {
            let (what, expected) = ("groups, by their labels", n_groups);
            return Err(PreprocessError::Shape { what, expected, found: label + 1 });
        };
        members.push(i);
    }
    let sums = members.par_iter().map(|members| {
        let mut sum = Moments::none(x.n_cols());
        for &i in members {
            let (columns, values) = x.row(i);
            sum.add_cell(columns, values, sizes[i]);
        }
        sum
    });
    Ok(sums.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_groups_add_up() {
        let x = CsrMatrix::from_dense(3, 2, &[1., 2., 0., 3., 5., 0.]).unwrap();
        let sizes = [3.0, 2.0, 4.0];
        let labels = [Some(0), Some(1), Some(0)];
        let groups = moments(&x, &sizes, &labels, 2).unwrap();
        let first = &groups[0];
        assert_eq!((first.n_cells, first.size, first.size_squares), (2, 7.0, 25.0));
        assert_eq!(first.counts, [6.0, 2.0]);
        assert_eq!(first.squares, [26.0, 4.0]);
        assert_eq!(first.products, [23.0, 6.0]);
        let all = moments(&x, &sizes, &[Some(0); 3], 1).unwrap();
        assert_eq!(Moments::union(2, &groups), all[0]);
        assert_eq!(all[0].without(&groups[0]), groups[1]);
        let part = moments(&x, &sizes, &[None, Some(0), None], 1).unwrap();
        assert_eq!((part[0].n_cells, &part[0].counts[..]), (1, &[0.0, 3.0][..]));
    }

    #[test]
    fn other_lengths_and_labels_are_refused() {
        let x = CsrMatrix::from_dense(1, 1, &[1.0]).unwrap();
        assert!(moments(&x, &[], &[None], 1).is_err());
        assert!(moments(&x, &[1.0], &[], 1).is_err());
        assert!(moments(&x, &[1.0], &[Some(1)], 1).is_err());
    }
}
