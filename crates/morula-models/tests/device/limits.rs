//! Tensors that a device cannot hold are refused before training.

use crate::{alone, fits};
use morula_models::{ClusterMethod, ModelError};
use morula_testing::devices::{devices, say};

/// The widest layer that parameters allow.
const WIDEST: usize = 1 << 16;

#[test]
fn a_layer_beyond_the_largest_buffer_is_refused_before_training() {
    let _alone = alone();
    let counts = fits::one_batch();
    for on in &devices()[1..] {
        if !on.name.contains("wgpu") {
            continue;
        }
        // No device holds a layer of 2^32 weights; the error names the limit of this one.
        let refused = |width: usize| {
            let params = fits::jojoscl(1).widths(vec![WIDEST, width]);
            match params.fit(&counts, &on.device).map(|_| ()).unwrap_err() {
                ModelError::TooLarge { limit, bytes, .. } => (limit, bytes),
                other => panic!("{other}"),
            }
        };
        let (limit, _) = refused(WIDEST);
        say(&format!("the largest buffer of {} has {} MB", on.name, limit >> 20));
        assert!(limit >= 128 << 20, "what every adapter has");
        // A width just too large for the weights of the layer before, four bytes each.
        let column = 4 * WIDEST as u64;
        let (_, bytes) = refused((limit / column + 1) as usize);
        assert!(bytes > limit && bytes <= limit + column, "{bytes}");

        // 2^40 K-means starts.
        let params = fits::jojoscl(1).cluster_method(ClusterMethod::Merge).n_init(1 << 40);
        let error = params.fit(&counts, &on.device).map(|_| ()).unwrap_err().to_string();
        assert!(error.starts_with("the distances of cells"), "{error}");

        // Wider than any layer may be.
        let params = fits::scsiameseclu().graph_widths(vec![WIDEST + 1]);
        let error = params.fit(&counts, &on.device).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("graph_widths"), "{error}");
    }
}
