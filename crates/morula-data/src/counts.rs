//! Validated raw counts: the only input that a model accepts.

use crate::names::make_unique;
use crate::{Categorical, CsrMatrix, DataError, Result};

/// How far from a whole number a stored count may be.
const INTEGER_TOLERANCE: f32 = 1e-6;

/// A cells x genes matrix of validated raw counts.
#[derive(Debug, Clone, PartialEq)]
pub struct CountMatrix {
    x: CsrMatrix,
    obs_names: Vec<String>,
    var_names: Vec<String>,
    batches: Option<Categorical>,
}

impl CountMatrix {
    /// Checks every stored value, and keeps the matrix with the names of its cells and genes.
    ///
    /// # Errors
    /// [`DataError::NotCounts`] names the first cell, gene and value that is negative, not finite
    /// or not whole, and says what the matrix looks like; [`DataError::Empty`] for a matrix
    /// without cells or genes; [`DataError::Names`] when names and shape disagree.
    pub fn new(x: CsrMatrix, obs_names: Vec<String>, var_names: Vec<String>) -> Result<Self> {
        Self::check("X", x, obs_names, var_names)
    }

    /// Like [`new`](Self::new), for the matrix of a named layer. Repeated names are made unique as
    /// in anndata (`A, A-1`).
    ///
    /// # Errors
    /// The errors of [`new`](Self::new), with the name of the layer.
    pub fn from_layer(
        layer: &str,
        x: CsrMatrix,
        mut obs_names: Vec<String>,
        mut var_names: Vec<String>,
    ) -> Result<Self> {
        make_unique(&mut obs_names);
        make_unique(&mut var_names);
        Self::check(layer, x, obs_names, var_names)
    }

    fn check(
        layer: &str,
        x: CsrMatrix,
        obs_names: Vec<String>,
        var_names: Vec<String>,
    ) -> Result<Self> {
        if x.n_rows() == 0 || x.n_cols() == 0 {
            return Err(DataError::Empty { n_obs: x.n_rows(), n_vars: x.n_cols() });
        }
        if obs_names.len() != x.n_rows() || var_names.len() != x.n_cols() {
            return Err(DataError::Names {
                n_obs: x.n_rows(),
                n_vars: x.n_cols(),
                obs_names: obs_names.len(),
                var_names: var_names.len(),
            });
        }
        for (i, (cols, vals)) in x.rows().enumerate() {
            if let Some(p) = vals.iter().position(|&v| !is_count(v)) {
                return Err(DataError::NotCounts {
                    layer: layer.into(),
                    cell: obs_names[i].clone(),
                    gene: var_names[cols[p] as usize].clone(),
                    value: vals[p],
                    looks_like: looks_like(&x),
                    advice: "Give raw counts (whole numbers >= 0), for example another layer or \
                             the unprocessed file"
                        .into(),
                });
            }
        }
        Ok(Self { x, obs_names, var_names, batches: None })
    }

    /// Sets the batch of every cell: the sample, donor, plate or run. A model removes the effect of
    /// the batch on expression. A batch is not a label of a type.
    ///
    /// # Errors
    /// [`DataError::Shape`] unless there is one batch per cell; [`DataError::NoBatch`] names the
    /// first cell without a batch.
    pub fn with_batches(mut self, batches: Categorical) -> Result<Self> {
        if batches.codes().len() != self.n_obs() {
            return Err(DataError::Shape {
                what: "the column of batches".into(),
                found: format!("{} rows", batches.codes().len()),
                expected: format!("{} cells", self.n_obs()),
            });
        }
        if let Some(i) = batches.codes().iter().position(|&code| code < 0) {
            return Err(DataError::NoBatch { cell: self.obs_names[i].clone() });
        }
        self.batches = Some(batches);
        Ok(self)
    }

    /// The batch of every cell, if it is known.
    pub fn batches(&self) -> Option<&Categorical> {
        self.batches.as_ref()
    }

    /// The counts.
    pub fn x(&self) -> &CsrMatrix {
        &self.x
    }

    /// Cell names, in row order.
    pub fn obs_names(&self) -> &[String] {
        &self.obs_names
    }

    /// Gene names, in column order.
    pub fn var_names(&self) -> &[String] {
        &self.var_names
    }

    /// The matrix, the names of its cells, and the names of its genes. Batches are dropped.
    pub fn into_parts(self) -> (CsrMatrix, Vec<String>, Vec<String>) {
        (self.x, self.obs_names, self.var_names)
    }

    /// Number of cells.
    pub fn n_obs(&self) -> usize {
        self.x.n_rows()
    }

    /// Number of genes.
    pub fn n_vars(&self) -> usize {
        self.x.n_cols()
    }

    /// Selects cells and genes by position. Counts stay counts, so nothing is checked again.
    pub fn select(&self, obs: &[usize], var: &[usize]) -> Self {
        Self {
            x: self.x.select_cols(var).select_rows(obs),
            obs_names: obs.iter().map(|&i| self.obs_names[i].clone()).collect(),
            var_names: var.iter().map(|&j| self.var_names[j].clone()).collect(),
            batches: self.batches.as_ref().map(|batches| batches.select(obs)),
        }
    }
}

/// Whether a value is finite, not negative and whole.
fn is_count(v: f32) -> bool {
    v.is_finite() && v >= 0.0 && (v - v.round()).abs() <= INTEGER_TOLERANCE
}

impl CsrMatrix {
    /// Whether every stored value is a raw count: finite, not negative and whole.
    pub fn is_counts(&self) -> bool {
        self.data().iter().copied().all(is_count)
    }
}

impl DataError {
    /// Adds to the advice which `layers` hold counts, when the layer `asked` does not.
    pub(crate) fn with_counts_in(mut self, asked: Option<&str>, layers: Vec<String>) -> Self {
        if let (Self::NotCounts { advice, .. }, Some(first)) = (&mut self, layers.first()) {
            let there: Vec<String> = layers.iter().map(|l| format!("{l:?}")).collect();
            *advice = format!(
                "Counts are in {} of this file: use layer {first} (`--layer {first}`) instead of {}",
                there.join(" and "),
                asked.unwrap_or("X")
            );
        }
        self
    }
}

/// A guess at the processing of a matrix that does not hold counts.
fn looks_like(x: &CsrMatrix) -> &'static str {
    let (mut negative, mut max) = (false, 0f32);
    for &v in x.data() {
        if v.is_nan() || v.is_infinite() {
            return "damaged values (NaN or infinity)";
        }
        negative |= v < 0.0;
        max = max.max(v);
    }
    match (negative, max) {
        (true, _) => "scaled (z-scored) or corrected expression",
        (false, m) if m < 20.0 => "log-transformed expression (log1p)",
        _ => "normalised expression (CPM, TPM or RPKM)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matrix(values: Vec<f32>) -> Result<CountMatrix> {
        let names = |p: &str, n: usize| (0..n).map(|i| format!("{p}{i}")).collect();
        let x = CsrMatrix::from_dense(2, values.len() / 2, &values)?;
        let genes = x.n_cols();
        CountMatrix::new(x, names("c", 2), names("g", genes))
    }

    #[test]
    fn the_first_bad_value_is_named() {
        for (bad, looks) in [
            (-1.0, "scaled"),
            (f32::NAN, "damaged"),
            (f32::INFINITY, "damaged"),
            (0.5, "log-transformed"),
            (30.5, "normalised"),
        ] {
            let error = matrix(vec![1., 0., 2., 3., bad, 4.]).unwrap_err().to_string();
            assert!(error.contains("cell c1, gene g1") && error.contains(looks), "{error}");
        }
    }

    #[test]
    fn degenerate_matrices_are_refused() {
        assert!(matches!(matrix(vec![]), Err(DataError::Empty { n_obs: 2, n_vars: 0 })));
        let none = CsrMatrix::from_dense(0, 2, &[]).unwrap();
        let genes = vec!["a".into(), "b".into()];
        assert!(matches!(CountMatrix::new(none, vec![], genes), Err(DataError::Empty { .. })));
        let one = CsrMatrix::from_dense(1, 1, &[1.]).unwrap();
        assert!(matches!(CountMatrix::new(one, vec![], vec![]), Err(DataError::Names { .. })));
        assert!(matrix(vec![0.; 4]).is_ok(), "all zero is still counts");
    }

    #[test]
    fn every_cell_has_a_batch_or_none_has() {
        let counts = matrix(vec![1.0; 4]).unwrap();
        assert_eq!(counts.batches(), None);
        let of = |batches: &[Option<&str>]| {
            counts.clone().with_batches(Categorical::from_labels(batches.iter().copied()))
        };
        assert!(matches!(of(&[Some("a")]), Err(DataError::Shape { .. })));
        let error = of(&[Some("a"), None]).unwrap_err().to_string();
        assert!(error.contains("c1"), "{error}");
        let chosen = of(&[Some("b"), Some("a")]).unwrap().select(&[1, 1, 0], &[0]);
        let batches: Vec<_> = chosen.batches().unwrap().labels().flatten().collect();
        assert_eq!(batches, ["a", "a", "b"]);
    }

    #[test]
    fn selection_keeps_names_with_their_values() {
        let m = matrix(vec![1., 2., 3., 4., 5., 6.]).unwrap().select(&[1, 0], &[2, 0]);
        assert_eq!(m.x().to_dense(), [6., 4., 3., 1.]);
        assert_eq!((m.obs_names()[0].as_str(), m.var_names()[0].as_str()), ("c1", "g2"));
    }

    proptest! {
        #[test]
        fn one_bad_value_anywhere_is_found(
            counts in proptest::collection::vec(0u16..5, 20), at in 0usize..20,
            bad in prop_oneof![Just(f32::NAN), Just(-1f32), 0.01f32..0.99]
        ) {
            let mut values: Vec<f32> = counts.into_iter().map(f32::from).collect();
            prop_assert!(matrix(values.clone()).is_ok());
            values[at] = bad;
            prop_assert!(matrix(values).is_err(), "missed at {}", at);
        }
    }
}
