//! The logarithm of expression (METHODS 1.3).

use morula_data::CsrMatrix;
use rayon::prelude::*;

/// `L = ln(1 + N)` in place. Zeros stay zeros, so the pattern stays. As scanpy's `pp.log1p`.
pub fn log1p(x: &mut CsrMatrix) {
    x.data_mut().par_iter_mut().for_each(|v| *v = v.ln_1p());
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
