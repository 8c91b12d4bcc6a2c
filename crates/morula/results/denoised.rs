//! Denoised counts as a layer of the user's data.

use std::collections::HashMap;

use morula_data::{Additions, Column, CsrMatrix, DataError, DenseMatrix};
use morula_models::{ClusterModel, ModelError, Prediction};

use super::shape;

/// Denoised counts: the counts that a model expects without noise and dropout, at one library size
/// for all cells, of the genes that it models.
#[derive(Debug, Clone)]
pub struct Denoised<'a> {
    /// Name of the model.
    pub model: &'static str,
    /// Names of the modelled genes: the columns of `counts`.
    pub genes: Vec<&'a str>,
    /// Position, among all cells, of every row of `counts`.
    pub cells: &'a [usize],
    /// Cells x genes.
    pub counts: DenseMatrix,
}

impl<'a> Denoised<'a> {
    /// The denoised counts of the cells of a prediction by this model. `None` from a model without
    /// a decoder of counts.
    ///
    /// # Errors
    /// When the prediction has an embedding of another width, or the device fails.
    pub fn of(
        model: &'a dyn ClusterModel,
        prediction: &'a Prediction,
    ) -> Result<Option<Self>, ModelError> {
        Ok(model.denoised(&prediction.latent)?.map(|counts| Self {
            model: model.name(),
            genes: model.recipe().selected_genes(),
            cells: &prediction.kept_cells,
            counts,
        }))
    }

    /// Adds `layers["denoised"]` and `var["<model>_modelled"]` to data of `n_obs` cells with these
    /// genes, matched by name; see the [module](super).
    ///
    /// The layer holds one entry for every cell and modelled gene, zeros included: 8 bytes each.
    ///
    /// # Errors
    /// [`DataError::Shape`] when the parts disagree, or a cell is beyond `n_obs`.
    pub fn add_to(
        &self,
        additions: Additions,
        n_obs: usize,
        genes: &[String],
    ) -> Result<Additions, DataError> {
        let (rows, cols) = (self.counts.n_rows(), self.counts.n_cols());
        if (rows, cols) != (self.cells.len(), self.genes.len()) {
            let expected = format!("{} cells x {} genes", self.cells.len(), self.genes.len());
            return Err(shape(format!("{rows} x {cols} denoised counts"), expected));
        }
        let mut row_of = vec![None; n_obs];
        for (row, &cell) in self.cells.iter().enumerate() {
            let place = row_of.get_mut(cell);
            *place.ok_or_else(|| shape(format!("cell {cell}"), format!("{n_obs} cells")))? =
                Some(row);
        }
        let columns = self.columns(genes);
        let entries = rows * columns.len();
        let (mut indices, mut values) = (Vec::with_capacity(entries), Vec::with_capacity(entries));
        let mut offsets = vec![0];
        for row in row_of {
            if let Some(row) = row.map(|row| self.counts.row(row)) {
                indices.extend(columns.iter().map(|&(gene, _)| gene as u32));
                values.extend(columns.iter().map(|&(_, column)| row[column]));
            }
            offsets.push(values.len());
        }
        let mut modelled = vec![Some(false); genes.len()];
        columns.iter().for_each(|&(gene, _)| modelled[gene] = Some(true));
        let layer = CsrMatrix::new(n_obs, genes.len(), offsets, indices, values)?;
        Ok(additions
            .layer("denoised", layer)
            .var(format!("{}_modelled", self.model), Column::Bool(modelled)))
    }

    /// Pairs of a gene's position among `genes` and its column of the counts, by position. The n-th
    /// occurrence of a name matches its n-th occurrence in the model.
    fn columns(&self, genes: &[String]) -> Vec<(usize, usize)> {
        let mut places: HashMap<&str, Vec<usize>> = HashMap::with_capacity(genes.len());
        for (place, name) in genes.iter().enumerate().rev() {
            places.entry(name).or_default().push(place);
        }
        let mut columns: Vec<(usize, usize)> = (self.genes.iter().enumerate())
            .filter_map(|(column, &name)| Some((places.get_mut(name)?.pop()?, column)))
            .collect();
        columns.sort_unstable();
        columns
    }
}
