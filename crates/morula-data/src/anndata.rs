//! The container for annotated data, modelled on Python's anndata.

use crate::io::{genes_of, left_out};
use crate::{
    Additions, CountMatrix, CsrMatrix, DataError, DataFrame, DenseMatrix, ReadOptions, Result,
    UnsValue, orientation,
};
use std::collections::BTreeMap;

/// Annotated data: a cells x genes matrix with annotations of its cells and genes.
///
/// The parts and their names are those of Python's
/// [anndata](https://anndata.readthedocs.io) (Virshup et al. 2024, JOSS 9(101), 4371).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AnnData {
    /// The main matrix, cells x genes. Some files have none.
    pub x: Option<CsrMatrix>,
    /// Other matrices of the same shape.
    pub layers: BTreeMap<String, CsrMatrix>,
    /// The unprocessed matrix, with genes of its own.
    pub raw: Option<Raw>,
    /// Annotations of cells.
    pub obs: DataFrame,
    /// Annotations of genes.
    pub var: DataFrame,
    /// Matrices with a row per cell: embeddings.
    pub obsm: BTreeMap<String, DenseMatrix>,
    /// Matrices with a row per gene: loadings.
    pub varm: BTreeMap<String, DenseMatrix>,
    /// Cells x cells matrices: graphs.
    pub obsp: BTreeMap<String, CsrMatrix>,
    /// Unstructured annotations: all other values.
    pub uns: BTreeMap<String, UnsValue>,
    /// Paths of the parts of the input file that this container cannot represent.
    ///
    /// [`write_h5ad`](crate::write_h5ad) cannot write them;
    /// [`write_h5ad_with`](crate::write_h5ad_with) keeps them.
    pub not_loaded: Vec<String>,
    /// What the reader noticed that the user should know.
    pub remarks: Vec<String>,
}

/// The unprocessed matrix beside `x`.
#[derive(Debug, Clone, PartialEq)]
pub struct Raw {
    /// Cells x genes of `raw`.
    pub x: CsrMatrix,
    /// Annotations of the genes of `raw`.
    pub var: DataFrame,
}

impl AnnData {
    /// Builds the container from a matrix and the names of its cells and genes.
    ///
    /// # Errors
    /// [`DataError::Names`] when names and shape disagree.
    pub fn new(x: CsrMatrix, obs_names: Vec<String>, var_names: Vec<String>) -> Result<Self> {
        let data = Self {
            x: Some(x),
            obs: DataFrame::new(obs_names),
            var: DataFrame::new(var_names),
            ..Self::default()
        };
        data.check()?;
        Ok(data)
    }

    /// Number of cells.
    pub fn n_obs(&self) -> usize {
        self.obs.n_rows()
    }

    /// Number of genes.
    pub fn n_vars(&self) -> usize {
        self.var.n_rows()
    }

    /// Names of cells, as stored; names may repeat.
    pub fn obs_names(&self) -> &[String] {
        self.obs.index()
    }

    /// Names of genes, as stored; names may repeat.
    pub fn var_names(&self) -> &[String] {
        self.var.index()
    }

    /// The matrix of that name: `None` or `"X"` for `x`, `"raw"` for the matrix of `raw`.
    ///
    /// # Errors
    /// [`DataError::MissingLayer`] lists the matrices there are.
    pub fn matrix(&self, layer: Option<&str>) -> Result<&CsrMatrix> {
        let found = match layer.unwrap_or("X") {
            "X" => self.x.as_ref(),
            "raw" => self.raw.as_ref().map(|raw| &raw.x),
            name => self.layers.get(name),
        };
        found.ok_or_else(|| DataError::MissingLayer {
            layer: layer.unwrap_or("X").into(),
            available: self.matrices(),
        })
    }

    /// Names that [`matrix`](Self::matrix) accepts.
    pub fn matrices(&self) -> Vec<String> {
        let x = self.x.iter().map(|_| "X".to_string());
        let raw = self.raw.iter().map(|_| "raw".to_string());
        x.chain(self.layers.keys().cloned()).chain(raw).collect()
    }

    /// A checked copy of the counts in a layer. Repeated names are made unique. Where `var` has
    /// the feature types of 10x, only genes are kept.
    ///
    /// # Errors
    /// [`DataError::MissingLayer`]; [`DataError::NotCounts`] names the first cell, gene and value
    /// that is not a count, and the layers that do hold counts; [`DataError::Inexact`];
    /// [`DataError::Empty`].
    pub fn counts(&self, layer: Option<&str>) -> Result<CountMatrix> {
        self.counts_with(&ReadOptions::new().layer(layer))
    }

    /// Like [`counts`](Self::counts), with the layer of `options`, and rounded if they say so.
    ///
    /// # Errors
    /// Those of [`counts`](Self::counts).
    pub fn counts_with(&self, options: &ReadOptions) -> Result<CountMatrix> {
        let layer = options.layer.as_deref();
        let x = self.matrix(layer)?.clone();
        let var = match (layer, &self.raw) {
            (Some("raw"), Some(raw)) => &raw.var,
            _ => &self.var,
        };
        let names = (self.obs_names().to_vec(), var.index().to_vec());
        genes_only(options, x, names, genes_of(var)?, &self.remarks)
            .map_err(|e| e.with_counts_in(layer, self.count_layers(layer)))
    }

    /// Checks the counts in a layer and moves them out. Nothing is copied; the rest is dropped.
    ///
    /// # Errors
    /// Those of [`counts`](Self::counts).
    pub fn into_counts(self, layer: Option<&str>) -> Result<CountMatrix> {
        self.into_counts_with(&ReadOptions::new().layer(layer))
    }

    /// Like [`into_counts`](Self::into_counts), rounded if `options` say so.
    ///
    /// # Errors
    /// Those of [`counts`](Self::counts).
    pub fn into_counts_with(mut self, options: &ReadOptions) -> Result<CountMatrix> {
        let layer = options.layer.as_deref();
        let elsewhere = match self.matrix(layer)?.is_counts() {
            true => Vec::new(),
            false => self.count_layers(layer),
        };
        let (x, var) = match (layer.unwrap_or("X"), self.raw) {
            ("raw", Some(raw)) => (Some(raw.x), raw.var),
            ("X", _) => (self.x, self.var),
            (name, _) => (self.layers.remove(name), self.var),
        };
        let genes = genes_of(&var)?;
        let names = (self.obs.into_index(), var.into_index());
        genes_only(options, x.unwrap_or_default(), names, genes, &self.remarks)
            .map_err(|e| e.with_counts_in(layer, elsewhere))
    }

    /// Layers other than `but` that hold counts only.
    fn count_layers(&self, but: Option<&str>) -> Vec<String> {
        let other = self.matrices().into_iter().filter(|m| m != but.unwrap_or("X"));
        other.filter(|m| self.matrix(Some(m)).is_ok_and(CsrMatrix::is_counts)).collect()
    }

    /// Adds results. Parts of the same name are replaced, and stale ones removed.
    ///
    /// # Errors
    /// [`DataError::Shape`] and [`DataError::BadName`].
    pub fn add(&mut self, additions: &Additions) -> Result<()> {
        let ours = additions.stale_obs.iter().filter(|(_, entry)| self.uns.contains_key(entry));
        ours.for_each(|(name, _)| self.obs.remove(name));
        additions.stale_uns.iter().for_each(|name| drop(self.uns.remove(name)));
        for (name, column) in &additions.obs {
            self.obs.set(name, column.clone())?;
        }
        for (name, column) in &additions.var {
            self.var.set(name, column.clone())?;
        }
        self.layers.extend(additions.layers.iter().cloned());
        self.obsm.extend(additions.obsm.iter().cloned());
        self.uns.extend(additions.uns.iter().cloned());
        self.check()
    }

    /// Checks that the shapes and names of all parts agree.
    ///
    /// # Errors
    /// [`DataError::Names`], [`DataError::Shape`] and [`DataError::BadName`].
    pub fn check(&self) -> Result<()> {
        let (n_obs, n_vars) = (self.n_obs(), self.n_vars());
        if let Some(x) = self.x.as_ref().filter(|x| (x.n_rows(), x.n_cols()) != (n_obs, n_vars)) {
            return Err(DataError::Names {
                n_obs: x.n_rows(),
                n_vars: x.n_cols(),
                obs_names: n_obs,
                var_names: n_vars,
            });
        }
        let fits = |what: String, found: (usize, usize), expected: (usize, usize)| {
            let words = |(r, c): (usize, usize)| format!("{r} x {c}");
            if found == expected {
                return Ok(());
            }
            Err(DataError::Shape { what, found: words(found), expected: words(expected) })
        };
        for (name, m) in &self.layers {
            crate::names::check("a layer", name)?;
            fits(format!("layer {name}"), (m.n_rows(), m.n_cols()), (n_obs, n_vars))?;
        }
        if let Some(raw) = &self.raw {
            fits("raw".into(), (raw.x.n_rows(), raw.x.n_cols()), (n_obs, raw.var.n_rows()))?;
        }
        for (name, m) in &self.obsp {
            crate::names::check("a matrix", name)?;
            fits(format!("obsp {name}"), (m.n_rows(), m.n_cols()), (n_obs, n_obs))?;
        }
        for (part, all, rows) in [("obsm", &self.obsm, n_obs), ("varm", &self.varm, n_vars)] {
            for (name, m) in all {
                crate::names::check("a matrix", name)?;
                let (found, expected) = ((m.n_rows(), m.n_cols()), (rows, m.n_cols()));
                fits(format!("{part} {name}"), found, expected)?;
            }
        }
        self.uns.iter().try_for_each(|(name, value)| value.check(name))
    }
}

/// The counts of `genes`, or of all features, with their remarks.
pub(crate) fn genes_only(
    options: &ReadOptions,
    x: CsrMatrix,
    (obs_names, mut var_names): (Vec<String>, Vec<String>),
    genes: Option<Vec<usize>>,
    remarks: &[String],
) -> Result<CountMatrix> {
    let mut remarks = remarks.to_vec();
    let (mut x, mut features) = (x, None);
    let n = var_names.len();
    let fits = |genes: &Vec<usize>| n == x.n_cols() && genes.last().is_none_or(|&j| j < n);
    if let Some(genes) = genes.filter(fits) {
        remarks.push(format!("left out: {}", left_out(n - genes.len(), n)));
        x = x.select_cols(&genes);
        // Repeated names are made unique among the genes first, and then among all.
        let mut is_gene = vec![false; n];
        genes.iter().for_each(|&j| is_gene[j] = true);
        let order: Vec<usize> =
            genes.iter().copied().chain((0..n).filter(|&j| !is_gene[j])).collect();
        let mut names = order.iter().map(|&j| std::mem::take(&mut var_names[j])).collect();
        names = crate::names::filled(names);
        crate::names::make_unique(&mut names);
        let mut all = vec![String::new(); n];
        order.iter().zip(&names).for_each(|(&j, name)| all[j].clone_from(name));
        names.truncate(genes.len());
        (var_names, features) = (names, Some(all));
    }
    if orientation::seems_transposed(&obs_names, &var_names) {
        remarks.push(orientation::REMARK.into());
    }
    let layer = options.layer.as_deref().unwrap_or("X");
    let counts = CountMatrix::from_layer(layer, x, obs_names, var_names, options.round)?;
    Ok(counts.with_remarks(remarks).with_features(features))
}
