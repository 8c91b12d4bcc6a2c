//! Scores from the information about the classes in the clusters, in nats.

use super::Contingency;

impl Contingency {
    /// Entropy of the true labels, `H(T) = -sum_i a_i/N ln(a_i/N)`.
    pub fn truth_entropy(&self) -> f64 {
        entropy(self.class_sizes(), self.n_cells())
    }

    /// Entropy of the predicted labels, `H(P) = -sum_j b_j/N ln(b_j/N)`.
    pub fn pred_entropy(&self) -> f64 {
        entropy(self.cluster_sizes(), self.n_cells())
    }

    /// Mutual information, `I = sum_ij n_ij/N ln(N n_ij / (a_i b_j))`, at least 0.
    pub fn mutual_info(&self) -> f64 {
        let n = self.n_cells() as f64;
        let info: f64 = self
            .overlaps()
            .iter()
            .map(|o| {
                let count = o.count as f64;
                let class = self.class_sizes()[o.class] as f64;
                let cluster = self.cluster_sizes()[o.cluster] as f64;
                count / n * ((count / class) * (n / cluster)).ln()
            })
            .sum();
        info.max(0.0)
    }

    /// Homogeneity `I / H(T)`: 1 when every cluster has cells of one class only.
    ///
    /// 1 when the truth has a single class (Rosenberg and Hirschberg 2007).
    pub fn homogeneity(&self) -> f64 {
        share(self.mutual_info(), self.truth_entropy())
    }

    /// Completeness `I / H(P)`: 1 when every class is within one cluster.
    ///
    /// 1 when the prediction has a single cluster (Rosenberg and Hirschberg 2007).
    pub fn completeness(&self) -> f64 {
        share(self.mutual_info(), self.pred_entropy())
    }

    /// Normalised mutual information with the arithmetic mean, `NMI = 2 I / (H(T) + H(P))`.
    ///
    /// 1 when both labellings have one cluster, 0 when only one of them has.
    pub fn normalized_mutual_info(&self) -> f64 {
        share(self.mutual_info(), f64::midpoint(self.truth_entropy(), self.pred_entropy()))
    }

    /// V-measure, the harmonic mean `2 h c / (h + c)` of homogeneity and completeness.
    ///
    /// It equals [`normalized_mutual_info`](Self::normalized_mutual_info), because
    /// `h = I / H(T)` and `c = I / H(P)`, and is computed that way.
    pub fn v_measure(&self) -> f64 {
        self.normalized_mutual_info()
    }
}

fn entropy(sizes: &[usize], n: usize) -> f64 {
    let n = n as f64;
    sizes.iter().map(|&s| s as f64 / n).map(|p| -p * p.ln()).sum::<f64>().max(0.0)
}

/// `info / entropy`, clamped to `[0, 1]` against rounding; 1 if the entropy is 0.
fn share(info: f64, entropy: f64) -> f64 {
    if entropy == 0.0 { 1.0 } else { (info / entropy).clamp(0.0, 1.0) }
}
