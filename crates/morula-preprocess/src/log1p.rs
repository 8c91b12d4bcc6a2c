//! The logarithm of expression ([1.3](https://github.com/morula-bio/morula/blob/main/docs/models/jojoscl.md#1-3)).

use crate::fast_math::ln_1p_all;
use morula_data::CsrMatrix;
use pulp::Arch;
use rayon::prelude::*;

/// Values per unit of parallel work.
const CHUNK: usize = 1 << 14;

/// `L = ln(1 + N)` in place. Zeros stay zeros, so the sparsity pattern stays. Like scanpy's
/// `pp.log1p`.
pub fn log1p(x: &mut CsrMatrix) {
    let arch = Arch::new();
    x.data_mut().par_chunks_mut(CHUNK).for_each(|values| arch.dispatch(|| ln_1p_all(values)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_stays_and_e_minus_one_becomes_one() {
        let e = std::f32::consts::E - 1.0;
        let mut x = CsrMatrix::new(1, 3, vec![0, 2], vec![0, 2], vec![0., e]).unwrap();
        log1p(&mut x);
        assert_eq!(x.data()[0], 0.0);
        approx::assert_relative_eq!(x.data()[1], 1.0, max_relative = 1e-6);
    }
}
