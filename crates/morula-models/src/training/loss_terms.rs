//! The terms of a loss: their sum for the optimizer, and each term for the record.

use burn::tensor::Tensor;

use crate::device::read;
use crate::{EpochRecord, ModelError, Result};

/// The loss of one step: a weighted sum of named terms.
#[derive(Debug, Default)]
pub(crate) struct LossTerms {
    total: Option<Tensor<1>>,
    values: Vec<(&'static str, Tensor<1>)>,
}

impl LossTerms {
    /// Adds `weight * value` to the total. The record keeps the unweighted value.
    pub fn add(&mut self, name: &'static str, value: Tensor<1>, weight: f64) {
        self.values.push((name, value.clone().inner()));
        let value = value.mul_scalar(weight);
        self.total = Some(self.total.take().map_or(value.clone(), |sum| sum + value));
    }

    /// Adds a term, unless its weight is 0: then it is not computed.
    pub fn add_if(
        &mut self,
        name: &'static str,
        weight: f64,
        value: impl FnOnce() -> Result<Tensor<1>>,
    ) -> Result<()> {
        if weight > 0.0 {
            self.add(name, value()?, weight);
        }
        Ok(())
    }

    /// The sum, for the backward pass. `None` without any term.
    pub fn total(&self) -> Option<Tensor<1>> {
        self.total.clone()
    }

    /// Total and terms without their gradient graph, to read at the end of the epoch.
    pub fn detach(self) -> StepLosses {
        let Self { total, values } = self;
        let mut losses = StepLosses { names: vec!["total"], values: Vec::new() };
        if let Some(total) = total {
            losses.values.push(total.inner());
            for (name, value) in values {
                losses.names.push(name);
                losses.values.push(value);
            }
        }
        losses
    }
}

/// The losses of one step, still on the device.
#[derive(Debug)]
pub(crate) struct StepLosses {
    names: Vec<&'static str>,
    values: Vec<Tensor<1>>,
}

/// Reads the losses of an epoch (counted from 0) from the device, once, and averages them over the
/// steps, which all have the same terms.
///
/// # Errors
/// [`ModelError::NotFinite`] naming the first step and term that are not finite.
pub(crate) fn record(
    epoch: usize,
    stage: &'static str,
    learning_rate: f64,
    steps: Vec<StepLosses>,
) -> Result<EpochRecord> {
    let n_steps = steps.len();
    let names = steps.first().map(|step| step.names.clone()).unwrap_or_default();
    let values: Vec<Tensor<1>> = steps.into_iter().flat_map(|step| step.values).collect();
    let mut record =
        EpochRecord { epoch: epoch + 1, stage: stage.into(), learning_rate, ..Default::default() };
    if values.is_empty() {
        return Ok(record);
    }
    let losses = read(Tensor::cat(values, 0), "the losses")?;
    let width = names.len();
    for (b, step) in losses.chunks(width).enumerate() {
        // Terms before their sum: the sum is not finite either when a term is not.
        let bad = step.iter().zip(&names).rev().find(|(v, _)| !v.is_finite());
        if let Some((&value, &term)) = bad {
            let (epoch, batch) = (epoch + 1, b + 1);
            return Err(ModelError::NotFinite { epoch, batch, term, value, learning_rate });
        }
    }
    let mean = |i: usize| losses.iter().skip(i).step_by(width).sum::<f32>() / n_steps as f32;
    record.total = mean(0);
    record.terms =
        names.iter().enumerate().skip(1).map(|(i, name)| (name.to_string(), mean(i))).collect();
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn terms(a: f32, b: f32) -> LossTerms {
        let device = Device::flex().autodiff();
        let mut terms = LossTerms::default();
        terms.add("a", Tensor::from_floats([a], &device), 2.0);
        terms.add_if("b", 0.5, || Ok(Tensor::from_floats([b], &device))).unwrap();
        terms.add_if("left out", 0.0, || unreachable!()).unwrap();
        terms
    }

    #[test]
    fn totals_are_weighted_and_records_are_means_of_unweighted_terms() {
        let steps = vec![terms(1.0, 4.0).detach(), terms(3.0, 8.0).detach()];
        let record = record(6, "main", 0.1, steps).unwrap();
        assert_eq!((record.epoch, record.total), (7, (4.0 + 10.0) / 2.0));
        assert_eq!(record.terms, [("a".to_string(), 2.0), ("b".to_string(), 6.0)]);
    }

    #[test]
    fn the_error_names_the_step_and_term_that_are_not_finite() {
        let steps = vec![terms(1.0, 4.0).detach(), terms(1.0, f32::NAN).detach()];
        let error = record(0, "main", 0.1, steps).unwrap_err();
        let found = matches!(error, ModelError::NotFinite { batch: 2, term: "b", .. });
        assert!(found, "{error}");
    }

    #[test]
    fn a_step_without_terms_has_no_loss() {
        let record = record(0, "main", 0.1, vec![LossTerms::default().detach()]).unwrap();
        assert_eq!((record.total, record.terms.len()), (0.0, 0));
    }
}
