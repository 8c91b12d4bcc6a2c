//! Tensors that a device cannot hold are refused before training.

use crate::{alone, fits};
use morula_models::{ClusterMethod, ModelError};
use morula_testing::devices::{devices, say};

#[test]
fn a_layer_beyond_the_largest_buffer_is_refused_before_training() {
    let _alone = alone();
    let counts = fits::one_batch();
    for on in &devices()[1..] {
        if !on.name.contains("wgpu") {
            continue;
        }
        // No device holds 2^40 rows; the error names the limit of this one.
        let refused = |width: usize| {
            let params = fits::jojoscl(1).widths(vec![width]);
            match params.fit(&counts, &on.device).map(|_| ()).unwrap_err() {
                ModelError::TooLarge { limit, bytes, .. } => (limit, bytes),
                other => panic!("{other}"),
            }
        };
        let (limit, _) = refused(1 << 40);
        say(&format!("the largest buffer of {} has {} MB", on.name, limit >> 20));
        assert!(limit >= 128 << 20, "what every adapter has");
        // A width just too large for the weights of all genes, four bytes each.
        let column = 4 * fits::GENES as u64;
        let (_, bytes) = refused((limit / column + 1) as usize);
        assert!(bytes > limit && bytes <= limit + column, "{bytes}");

        // 2^40 K-means starts.
        let params = fits::jojoscl(1).cluster_method(ClusterMethod::Merge).n_init(1 << 40);
        let error = params.fit(&counts, &on.device).map(|_| ()).unwrap_err().to_string();
        assert!(error.starts_with("the distances of cells"), "{error}");

        let params = fits::scsiameseclu().graph_widths(vec![1 << 40]);
        let error = params.fit(&counts, &on.device).map(|_| ()).unwrap_err().to_string();
        assert!(error.starts_with("the widest layer for all cells"), "{error}");
    }
}
