//! Validated raw counts: the only input that a model accepts.

use crate::look::{Look, look_of};
use crate::names::{filled, make_unique, shown};
use crate::{Categorical, CsrMatrix, DataError, Result};

/// How far from a whole number a count may be, relative to the number: noise of single precision.
const TOLERANCE: f64 = 1e-6;

/// The same for large numbers, whose noise must not hide a fraction.
const MAX_TOLERANCE: f64 = 0.05;

/// A cells x genes matrix of validated raw counts.
#[derive(Debug, Clone)]
pub struct CountMatrix {
    x: CsrMatrix,
    obs_names: Vec<String>,
    var_names: Vec<String>,
    batches: Option<Categorical>,
    /// Names of all features of the layer, where some are no genes.
    features: Option<Vec<String>>,
    n_rounded: usize,
    remarks: Vec<String>,
}

/// Equality of counts, names and batches.
impl PartialEq for CountMatrix {
    fn eq(&self, other: &Self) -> bool {
        (&self.x, &self.obs_names, &self.var_names, &self.batches)
            == (&other.x, &other.obs_names, &other.var_names, &other.batches)
    }
}

impl CountMatrix {
    /// Checks every stored value, and keeps the matrix with the names of its cells and genes.
    ///
    /// A value may differ from a whole number by noise of single precision, a millionth of it; the
    /// whole number is kept.
    ///
    /// # Errors
    /// [`DataError::NotCounts`] names the first cell, gene and value that is negative, not finite
    /// or not whole, and says what the matrix looks like; [`DataError::Inexact`] names a value that
    /// single precision does not hold; [`DataError::Empty`] for a matrix without cells or genes;
    /// [`DataError::Names`] when names and shape disagree.
    pub fn new(x: CsrMatrix, obs_names: Vec<String>, var_names: Vec<String>) -> Result<Self> {
        Self::check("X", x, obs_names, var_names, false)
    }

    /// Like [`new`](Self::new), for fractional counts, as SoupX, CellBender, RSEM and alevin give
    /// them: every value becomes the nearest whole number, and a half the larger one.
    /// [`n_rounded`](Self::n_rounded) says how many values that changes.
    ///
    /// # Errors
    /// The errors of [`new`](Self::new), but [`DataError::NotCounts`] only for a value that is
    /// negative or not finite, and for a matrix that is normalised or log-transformed.
    pub fn round(x: CsrMatrix, obs_names: Vec<String>, var_names: Vec<String>) -> Result<Self> {
        Self::check("X", x, obs_names, var_names, true)
    }

    /// Like [`new`](Self::new), or [`round`](Self::round), for the matrix of a named layer. Repeated
    /// names are made unique as in anndata (`A, A-1`), and empty ones numbered.
    ///
    /// # Errors
    /// The errors of [`new`](Self::new), with the name of the layer.
    pub fn from_layer(
        layer: &str,
        x: CsrMatrix,
        obs_names: Vec<String>,
        var_names: Vec<String>,
        round: bool,
    ) -> Result<Self> {
        let (mut obs_names, mut var_names) = (filled(obs_names), filled(var_names));
        make_unique(&mut obs_names);
        make_unique(&mut var_names);
        Self::check(layer, x, obs_names, var_names, round)
    }

    fn check(
        layer: &str,
        mut x: CsrMatrix,
        obs_names: Vec<String>,
        var_names: Vec<String>,
        round: bool,
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
        let usable = |v: f32| is_count(v) || round && v.is_finite() && v >= 0.0;
        let mut bad = None;
        for (i, (cols, vals)) in x.rows().enumerate() {
            if let Some(p) = vals.iter().position(|&v| !usable(v)) {
                bad = Some((i, cols[p], f64::from(vals[p])));
                break;
            }
        }
        let fraction = || {
            let rows = x.rows().enumerate();
            let mut first = rows.filter_map(|(i, (cols, vals))| {
                let p = vals.iter().position(|&v| !is_count(v))?;
                Some((i, cols[p], f64::from(vals[p])))
            });
            first.next()
        };
        let look = if bad.is_some() || round { look_of(&x) } else { Look::Fractional };
        // Rounding is for counts; a matrix of another scale would give nonsense.
        if round && bad.is_none() && matches!(look, Look::Log | Look::Root | Look::Normalised) {
            bad = fraction();
        }
        if let Some((i, j, value)) = bad {
            let advice = match look {
                Look::Fractional => "Round them with `--round`, or give the raw counts",
                _ => {
                    "Give raw counts (whole numbers >= 0), for example another layer or the \
                     unprocessed file"
                }
            };
            return Err(DataError::NotCounts {
                layer: layer.into(),
                cell: shown(&obs_names[i]),
                gene: shown(&var_names[j as usize]),
                value,
                looks_like: look.words(),
                advice: advice.into(),
            });
        }
        // Beyond 2^24 single precision does not hold every whole number, rounded or not.
        if let Some((i, j, value)) =
            x.inexact().filter(|&(_, _, value)| !round || value.abs() > f64::from(1 << 24))
        {
            let (cell, gene) = (shown(&obs_names[i]), shown(&var_names[j as usize]));
            return Err(DataError::Inexact { layer: layer.into(), cell, gene, value });
        }
        let (mut n_rounded, mut n_noise) = (x.n_hidden(), 0);
        for v in x.data_mut().iter_mut().filter(|v| v.fract() != 0.0) {
            *(if is_count(*v) { &mut n_noise } else { &mut n_rounded }) += 1;
            *v = v.round();
        }
        x.set_inexact(None);
        x.set_hidden(0);
        let mut remarks = Vec::new();
        if n_rounded > 0 {
            remarks.push(format!("{n_rounded} fractional values were rounded"));
        }
        if n_noise > 0 {
            remarks.push(format!(
                "{n_noise} values differ from whole numbers by noise of single precision; the \
                 whole numbers are used"
            ));
        }
        Ok(Self { x, obs_names, var_names, batches: None, features: None, n_rounded, remarks })
    }

    /// Names of all features of the layer, made unique: the genes, and those that were left out
    /// because they are no genes. A layer or a column of `var` that is added to the input has a
    /// value for each of them.
    pub fn feature_names(&self) -> &[String] {
        self.features.as_ref().unwrap_or(&self.var_names)
    }

    pub(crate) fn with_features(mut self, features: Option<Vec<String>>) -> Self {
        self.features = features;
        self
    }

    /// How many values [`round`](Self::round) changed by more than noise.
    pub fn n_rounded(&self) -> usize {
        self.n_rounded
    }

    /// What a reader noticed that the user should know: values that were rounded, features that
    /// were left out, genes that seem to be in the rows.
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    pub(crate) fn with_remarks(mut self, remarks: impl IntoIterator<Item = String>) -> Self {
        self.remarks.splice(..0, remarks);
        self
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
            return Err(DataError::NoBatch { cell: shown(&self.obs_names[i]) });
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
            features: None,
            n_rounded: self.n_rounded,
            remarks: self.remarks.clone(),
        }
    }
}

/// Whether a value is finite, not negative and whole but for noise.
fn is_count(v: f32) -> bool {
    v.is_finite() && v >= 0.0 && is_whole(v.into())
}

/// Whether a value is whole but for noise of single precision.
pub(crate) fn is_whole(v: f64) -> bool {
    (v - v.round()).abs() <= (TOLERANCE * v.abs().max(1.0)).min(MAX_TOLERANCE)
}

impl CsrMatrix {
    /// Whether every stored value is a raw count: finite, not negative and whole.
    pub fn is_counts(&self) -> bool {
        self.inexact().is_none() && self.data().iter().copied().all(is_count)
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
            (0.5, "fractional counts"),
            (30.5, "SoupX, CellBender, RSEM"),
        ] {
            let error = matrix(vec![1., 0., 2., 3., bad, 4.]).unwrap_err().to_string();
            assert!(error.contains("cell c1, gene g1") && error.contains(looks), "{error}");
        }
    }

    #[test]
    fn noise_of_single_precision_is_relative_and_no_fraction() {
        let noisy = [17.000004, 0.9999998, 1.9999994, 65_536.01, 8_388_608.0, 5e-7];
        let counts = matrix(noisy.to_vec()).unwrap();
        assert_eq!(counts.x().to_dense(), [17.0, 1.0, 2.0, 65_536.0, 8_388_608.0, 0.0]);
        assert_eq!((counts.n_rounded(), counts.remarks().len()), (0, 1));
        for fraction in [1.00001, 17.001, 100_000.25, 4_194_304.5, 1e-3] {
            assert!(matrix(vec![fraction, 1.0]).is_err(), "{fraction}");
        }
    }

    #[test]
    fn values_that_single_precision_does_not_hold_are_refused() {
        let names = |p: &str| vec![format!("{p}0"), format!("{p}1")];
        let new = |value: f64, round: bool| {
            let mut x = CsrMatrix::from_dense(2, 2, &[1.0, 2.0, value as f32, 3.0]).unwrap();
            x.set_inexact(CsrMatrix::is_inexact(value).then_some((1, 0, value)));
            assert_eq!(x.is_counts(), !CsrMatrix::is_inexact(value));
            CountMatrix::from_layer("X", x, names("c"), names("g"), round)
        };
        for value in [16_777_217.0, 1.000000001, 1e-9 + 0.1] {
            let text = new(value, false).unwrap_err().to_string();
            assert!(
                text.contains("cell c1, gene g0") && text.contains(&value.to_string()),
                "{text}"
            );
        }
        assert!(new(16_777_217.0, true).is_err(), "rounding does not help there");
        assert!(new(1.000000001, true).is_ok());
        // Noise of either precision is none of the value, whatever the type in the file.
        for value in [16_777_216.0, 16_777_218.0, 17.000000000000004, 17.000004, 2.0000001, 1e-9] {
            assert!(new(value, false).is_ok(), "{value}");
        }
    }

    #[test]
    fn a_name_in_a_message_does_not_reach_the_terminal_as_it_is() {
        let x = CsrMatrix::from_dense(1, 1, &[0.5]).unwrap();
        let names = |name: &str| vec![name.to_string()];
        let error = CountMatrix::new(x, names("\u{1b}[2Jß"), names("a\nb")).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("\\u{1b}[2Jß") && text.contains("a\\nb"), "{text}");
        assert!(!text.contains(char::is_control), "{text}");
    }

    #[test]
    fn fractional_counts_can_be_rounded() {
        let names = |p: &str| vec![format!("{p}0"), format!("{p}1")];
        let round = |values: &[f32; 4]| {
            let x = CsrMatrix::from_dense(2, 2, values).unwrap();
            CountMatrix::round(x, names("c"), names("g"))
        };
        let counts = round(&[0.4, 1.5, 16.67, 3.0]).unwrap();
        assert_eq!(counts.x().to_dense(), [0.0, 2.0, 17.0, 3.0]);
        assert_eq!(counts.n_rounded(), 3);
        assert_eq!(counts.remarks(), ["3 fractional values were rounded"]);
        assert_eq!(round(&[1.0, 2.0, 3.0, 0.0]).unwrap().n_rounded(), 0);
        assert!(round(&[0.5, -1.0, 1.0, 1.0]).is_err());
        assert!(round(&[0.5, f32::NAN, 1.0, 1.0]).is_err());
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
