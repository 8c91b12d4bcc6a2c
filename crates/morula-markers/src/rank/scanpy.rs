//! Markers in the layout of scanpy's `adata.uns["rank_genes_groups"]`.

use morula_data::{Column, DataFrame, Field, Records, UnsValue};

use super::{GroupMarkers, Marker, Markers};
use crate::{MarkersError, Result};

impl Markers {
    /// The content of scanpy's `adata.uns["rank_genes_groups"]`, so that scanpy's functions and
    /// plots can use it. `names`, `scores`, `logfoldchanges`, `pvals` and `pvals_adj` have a field
    /// per group and a record for each of the `n_genes` best genes. `pts` and `pts_rest` are
    /// tables. `params` has the parameters.
    ///
    /// `var_names`: a name per column of the matrix. `groupby`: the column of obs with the groups.
    /// `layer`: the layer with the log-normalised counts in the file, `None` for X.
    ///
    /// # Errors
    /// [`MarkersError::Shape`] when there are too few `var_names`. An error of the data container
    /// for a name that cannot be written: one that is not ASCII, or a repeated name of a group.
    pub fn to_uns(
        &self,
        var_names: &[String],
        groupby: &str,
        layer: Option<&str>,
        n_genes: usize,
    ) -> Result<UnsValue> {
        let expected = self.tested().max().map_or(0, |last| last + 1);
        if var_names.len() < expected {
            let (what, found) = ("names of the genes", var_names.len());
            return Err(MarkersError::Shape { what, expected, found });
        }
        let field = |of: &dyn Fn(&mut dyn Iterator<Item = &Marker>) -> Field| {
            let of = |group: &GroupMarkers| (group.name.clone(), of(&mut group.top(n_genes)));
            Records::new(self.groups.iter().map(of).collect())
        };
        let single = |of: fn(&Marker) -> f64| {
            field(&|genes| Field::Single(genes.map(|m| of(m) as f32).collect()))
        };
        let double =
            |of: fn(&Marker) -> f64| field(&|genes| Field::Double(genes.map(of).collect()));
        let names = field(&|genes| Field::Text(genes.map(|m| var_names[m.gene].clone()).collect()));
        let share = |of: fn(&Marker) -> f64| {
            let mut frame = DataFrame::new(self.tested().map(|j| var_names[j].clone()).collect());
            for group in &self.groups {
                let shares = group.genes.iter().map(of).collect();
                frame.set(group.name.as_str(), Column::Float(shares))?;
            }
            Ok::<DataFrame, MarkersError>(frame)
        };
        let params = UnsValue::map()
            .with("groupby", groupby)
            .with("reference", self.reference.as_str())
            .with("method", self.test.name())
            .with("use_raw", false)
            .with("corr_method", "benjamini-hochberg");
        let params = layer.into_iter().fold(params, |params, layer| params.with("layer", layer));
        Ok(UnsValue::map()
            .with("params", params)
            .with("names", names?)
            .with("scores", single(|m| m.score)?)
            .with("logfoldchanges", single(|m| m.logfoldchange)?)
            .with("pvals", double(|m| m.pval)?)
            .with("pvals_adj", double(|m| m.pval_adj)?)
            .with("pts", share(|m| m.pct_in)?)
            .with("pts_rest", share(|m| m.pct_out)?))
    }
}
