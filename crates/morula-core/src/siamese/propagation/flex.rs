//! The operation on the CPU: cells run in parallel, and each is summed in a fixed order.

use burn::backend::Flex;
use burn::backend::tensor::FloatTensor;
use burn::tensor::{DType, Element, ElementConversion, TensorData};
use pulp::Arch;
use rayon::prelude::*;

use super::fused::{DivergenceKernel, DivergenceOps};
use super::rows::{Row, RowDivergence, RowGradient, Scratch};

/// Fewest cells per task.
const MIN_CELLS: usize = 64;

impl DivergenceOps for Flex {
    fn divergence(p: FloatTensor<Self>, q: FloatTensor<Self>) -> FloatTensor<Self> {
        let width = p.layout().shape()[1];
        let (p, q) = (p.to_contiguous(), q.to_contiguous());
        match p.dtype() {
            DType::F64 => divergence::<f64>(p.storage(), q.storage(), width),
            _ => divergence::<f32>(p.storage(), q.storage(), width),
        }
    }
}

impl DivergenceKernel for Flex {
    fn gradients(
        p: FloatTensor<Self>,
        q: FloatTensor<Self>,
        outer: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 2] {
        let width = p.layout().shape()[1];
        let (p, q, outer) = (p.to_contiguous(), q.to_contiguous(), outer.to_contiguous());
        match p.dtype() {
            DType::F64 => gradients::<f64>(p.storage(), q.storage(), width, outer.storage()),
            _ => gradients::<f32>(p.storage(), q.storage(), width, outer.storage()),
        }
    }
}

fn divergence<T: Element>(p: &[T], q: &[T], width: usize) -> FloatTensor<Flex> {
    let arch = Arch::new();
    let cells = p.par_chunks(width.max(1)).zip(q.par_chunks(width.max(1)));
    let divergences: Vec<f64> = cells
        .with_min_len(MIN_CELLS)
        .map_init(Scratch::default, |scratch, (p, q)| {
            arch.dispatch(RowDivergence { row: Row { p, q }, scratch })
        })
        .collect();
    let mean = 0.5 * divergences.iter().sum::<f64>() / divergences.len().max(1) as f64;
    FloatTensor::<Flex>::from_data(TensorData::new(vec![mean.elem::<T>()], [1]))
}

fn gradients<T: Element>(p: &[T], q: &[T], width: usize, outer: &[T]) -> [FloatTensor<Flex>; 2] {
    let width = width.max(1);
    let n_cells = p.len() / width;
    let scale = 0.5 * outer[0].elem::<f64>() / n_cells.max(1) as f64;
    let arch = Arch::new();
    let mut found = [(); 2].map(|()| vec![0f64.elem::<T>(); p.len()]);
    let [p_found, q_found] = found.each_mut().map(|values| values.par_chunks_mut(width));
    let cells = p.par_chunks(width).zip(q.par_chunks(width));
    cells.zip(p_found.zip(q_found)).with_min_len(MIN_CELLS).for_each_init(
        Scratch::default,
        |scratch, ((p, q), (p_found, q_found))| {
            let row = Row { p, q };
            arch.dispatch(RowGradient { row, scratch, scale, p: p_found, q: q_found });
        },
    );
    found.map(|values| FloatTensor::<Flex>::from_data(TensorData::new(values, [n_cells, width])))
}
