//! The operation on the CPU: cells run in parallel, and each is summed in a fixed order.

use burn::backend::Flex;
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::tensor::{DType, Element, ElementConversion, TensorData};
use pulp::Arch;
use rayon::prelude::*;

use super::fused::{Inputs, ZinbKernel, ZinbOps};
use super::rows::{Row, RowGradient, RowLoss};

/// Fewest cells per task.
const MIN_CELLS: usize = 8;

impl ZinbOps for Flex {
    fn zinb_loss(
        counts: FloatTensor<Self>,
        log_mean: FloatTensor<Self>,
        log_dispersion: FloatTensor<Self>,
        dropout_logits: FloatTensor<Self>,
        log_sizes: FloatTensor<Self>,
        ridge: f64,
    ) -> FloatTensor<Self> {
        Self::loss(Inputs { counts, log_mean, log_dispersion, dropout_logits, log_sizes, ridge })
    }
}

impl ZinbKernel for Flex {
    fn loss(inputs: Inputs<FloatTensor<Self>>) -> FloatTensor<Self> {
        let inputs = inputs.map(|tensor| tensor.to_contiguous());
        match inputs.counts.dtype() {
            DType::F64 => loss(inputs.as_ref().map(|tensor| tensor.storage::<f64>())),
            _ => loss(inputs.as_ref().map(|tensor| tensor.storage::<f32>())),
        }
    }

    fn gradients(
        inputs: Inputs<FloatTensor<Self>>,
        outer: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 3] {
        let inputs = inputs.map(|tensor| tensor.to_contiguous());
        let outer = outer.to_contiguous();
        match inputs.counts.dtype() {
            DType::F64 => {
                let slices = inputs.as_ref().map(|tensor| tensor.storage::<f64>());
                gradients(slices, outer.storage::<f64>())
            }
            _ => {
                let slices = inputs.as_ref().map(|tensor| tensor.storage::<f32>());
                gradients(slices, outer.storage::<f32>())
            }
        }
    }
}

impl<T> Inputs<T> {
    fn map<U>(self, convert: impl Fn(T) -> U) -> Inputs<U> {
        Inputs {
            counts: convert(self.counts),
            log_mean: convert(self.log_mean),
            log_dispersion: convert(self.log_dispersion),
            dropout_logits: convert(self.dropout_logits),
            log_sizes: convert(self.log_sizes),
            ridge: self.ridge,
        }
    }

    fn as_ref(&self) -> Inputs<&T> {
        Inputs {
            counts: &self.counts,
            log_mean: &self.log_mean,
            log_dispersion: &self.log_dispersion,
            dropout_logits: &self.dropout_logits,
            log_sizes: &self.log_sizes,
            ridge: self.ridge,
        }
    }
}

impl<'a, T: Element> Inputs<&'a [T]> {
    fn n_genes(&self) -> usize {
        self.counts.len() / self.log_sizes.len()
    }

    fn row(&self, cell: usize) -> Row<'a, T> {
        let n_genes = self.n_genes();
        let genes = cell * n_genes..(cell + 1) * n_genes;
        Row {
            counts: &self.counts[genes.clone()],
            log_mean: &self.log_mean[genes.clone()],
            log_dispersion: &self.log_dispersion[genes.clone()],
            dropout_logits: &self.dropout_logits[genes],
            log_size: self.log_sizes[cell].elem(),
        }
    }
}

fn loss<T: Element>(inputs: Inputs<&[T]>) -> FloatTensor<Flex> {
    let arch = Arch::new();
    let cells = (0..inputs.log_sizes.len()).into_par_iter().with_min_len(MIN_CELLS);
    let sums: Vec<f64> = cells
        .map(|cell| arch.dispatch(RowLoss { row: inputs.row(cell), ridge: inputs.ridge }))
        .collect();
    let mean = sums.iter().sum::<f64>() / inputs.counts.len() as f64;
    tensor(vec![mean.elem::<T>()], &[1])
}

fn gradients<T: Element>(inputs: Inputs<&[T]>, outer: &[T]) -> [FloatTensor<Flex>; 3] {
    let (n_genes, length) = (inputs.n_genes(), inputs.counts.len());
    let scale = outer[0].elem::<f64>() / length as f64;
    let arch = Arch::new();
    let mut found = [(); 3].map(|()| vec![0f64.elem::<T>(); length]);
    let rows = found.each_mut().map(|values| values.par_chunks_mut(n_genes));
    <(_, _, _)>::from(rows).into_par_iter().with_min_len(MIN_CELLS).enumerate().for_each_init(
        || vec![0.0; n_genes],
        |slopes, (cell, (log_mean, log_dispersion, dropout_logits))| {
            arch.dispatch(RowGradient {
                row: inputs.row(cell),
                ridge: inputs.ridge,
                scale,
                slopes,
                log_mean,
                log_dispersion,
                dropout_logits,
            });
        },
    );
    found.map(|values| tensor(values, &[length / n_genes, n_genes]))
}

fn tensor<T: Element>(values: Vec<T>, shape: &[usize]) -> FloatTensor<Flex> {
    Flex::float_from_data(TensorData::new(values, shape), &Default::default())
}
