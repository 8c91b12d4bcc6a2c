//! Cells by group.

use morula_data::Categorical;

use crate::{MarkersError, Result};

/// The groups that have cells, in order of their categories.
#[derive(Debug, Clone)]
pub(crate) struct Groups {
    pub names: Vec<String>,
    pub sizes: Vec<usize>,
    /// Group of every cell; the number of groups for a cell without one.
    pub of_cell: Vec<u32>,
}

impl Groups {
    /// The groups of `n_cells` cells.
    ///
    /// # Errors
    /// [`MarkersError::Shape`] without a label per cell; [`MarkersError::NoGroups`].
    pub fn new(labels: &Categorical, n_cells: usize) -> Result<Self> {
        let (expected, found) = (n_cells, labels.codes().len());
        if expected != found {
            return Err(MarkersError::Shape { what: "labels of the cells", expected, found });
        }
        let n = labels.categories().len();
        let mut cells = vec![0; n];
        // A code of -1 is a missing label.
        let code = |&c: &i32| usize::try_from(c).ok();
        labels.codes().iter().filter_map(code).for_each(|c| cells[c] += 1);
        let used: Vec<usize> = (0..n).filter(|&c| cells[c] > 0).collect();
        if used.is_empty() {
            return Err(MarkersError::NoGroups);
        }
        let none = used.len() as u32;
        let mut position = vec![none; n];
        used.iter().zip(0..).for_each(|(&c, g)| position[c] = g);
        Ok(Self {
            names: used.iter().map(|&c| labels.categories()[c].clone()).collect(),
            sizes: used.iter().map(|&c| cells[c]).collect(),
            of_cell: labels.codes().iter().map(|c| code(c).map_or(none, |c| position[c])).collect(),
        })
    }

    pub fn len(&self) -> usize {
        self.names.len()
    }
}
