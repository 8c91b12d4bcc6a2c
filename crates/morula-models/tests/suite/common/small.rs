//! Parameters of networks so small that a fit takes no time.

use morula_models::{AnyParams, ModelKind};
use serde_json::json;

/// Two epochs of a small network.
pub fn params(kind: ModelKind) -> Box<dyn AnyParams> {
    let mut values = kind.defaults().to_value();
    values["recipe"]["n_top_genes"] = json!(40);
    if kind.trained {
        values["widths"] = json!([8, 6]);
    }
    match kind.name {
        "jojoscl" => values["projection"] = json!(6),
        "views" => values["components"] = json!(6),
        _ => {
            values["graph_widths"] = json!([6]);
            values["components"] = json!(6);
            values["latent"] = json!(4);
            for stage in ["autoencoder_epochs", "graph_epochs", "joint_epochs"] {
                values[stage] = json!(1);
            }
        }
    }
    let mut params = kind.read(values).unwrap();
    params.set_epochs(2);
    params
}
