//! Selected rows, and statistics of them.

use super::stat::Stat;
use crate::method::{KMode, Method};
use crate::plan::ORIGINAL;
use crate::row::Row;
use crate::variant::DEFAULT;

/// A number of a run with scores.
#[derive(Clone, Copy)]
pub struct Measure {
    pub name: &'static str,
    pub of: fn(&Row) -> Option<f64>,
    pub digits: usize,
}

pub const ARI: Measure = Measure { name: "ARI", of: |row| row.ari, digits: 3 };

/// The other scores.
pub const SCORES: [Measure; 4] = [
    Measure { name: "NMI", of: |row| row.nmi, digits: 3 },
    Measure { name: "AMI", of: |row| row.ami, digits: 3 },
    Measure { name: "ACC", of: |row| row.acc, digits: 3 },
    Measure { name: "macro F1", of: |row| row.f1_macro, digits: 3 },
];

/// Scores of an embedding.
pub const EMBEDDING: [Measure; 9] = [
    Measure { name: "kNN accuracy", of: |row| row.knn_acc, digits: 3 },
    Measure { name: "kNN macro F1", of: |row| row.knn_f1, digits: 3 },
    Measure { name: "cLISI", of: |row| row.clisi, digits: 3 },
    Measure { name: "connectivity", of: |row| row.connectivity, digits: 3 },
    Measure { name: "k-means", of: |row| row.kmeans_ari, digits: 3 },
    Measure { name: "Leiden, best", of: |row| row.leiden_best, digits: 3 },
    Measure { name: "Leiden, mean", of: |row| row.leiden_mean, digits: 3 },
    Measure { name: "alone, K given", of: |row| row.cut_given, digits: 3 },
    Measure { name: "alone, K found", of: |row| row.cut_auto, digits: 3 },
];

/// Scores of an embedding on data sets with batches.
pub const BATCHES: [Measure; 4] = [
    Measure { name: "accuracy across", of: |row| row.across_acc, digits: 3 },
    Measure { name: "macro F1 across", of: |row| row.across_f1, digits: 3 },
    Measure { name: "iLISI", of: |row| row.ilisi, digits: 3 },
    Measure { name: "batch ASW", of: |row| row.batch_asw, digits: 3 },
];

pub const CLUSTERS: Measure =
    Measure { name: "clusters", of: |row| row.n_clusters.map(|n| n as f64), digits: 1 };

/// Costs of a run.
pub const COSTS: [Measure; 3] = [
    Measure { name: "CPU seconds", of: |row| Some(row.cpu_seconds), digits: 1 },
    Measure { name: "seconds", of: |row| Some(row.seconds), digits: 1 },
    Measure { name: "peak memory, MB", of: |row| Some(row.peak_mb), digits: 0 },
];

/// Selected rows with scores.
#[derive(Clone)]
pub struct Selection<'a> {
    rows: Vec<&'a Row>,
}

impl<'a> Selection<'a> {
    pub fn scored(rows: &'a [Row]) -> Self {
        Self { rows: rows.iter().filter(|row| row.error.is_empty()).collect() }
    }

    pub fn filter(&self, keep: impl Fn(&Row) -> bool) -> Self {
        Self { rows: self.rows.iter().copied().filter(|row| keep(row)).collect() }
    }

    /// Unchanged methods on unchanged counts.
    pub fn main(&self) -> Self {
        self.filter(|row| row.variant == DEFAULT && row.counts == ORIGINAL)
    }

    pub fn mode(&self, k: KMode) -> Self {
        self.filter(|row| row.k == k)
    }

    pub fn method(&self, method: Method) -> Self {
        self.filter(|row| row.method == method)
    }

    pub fn dataset(&self, name: &str) -> Self {
        self.filter(|row| row.dataset == name)
    }

    pub fn rows(&self) -> &[&'a Row] {
        &self.rows
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Data sets, by name.
    pub fn datasets(&self) -> Vec<&'a str> {
        distinct(self.rows.iter().map(|row| row.dataset.as_str()))
    }

    /// Methods, models first.
    pub fn methods(&self) -> Vec<Method> {
        distinct(self.rows.iter().map(|row| row.method))
    }

    pub fn values(&self, measure: Measure) -> Vec<f64> {
        self.rows.iter().filter_map(|row| (measure.of)(row)).collect()
    }

    /// Over all rows, which mostly differ in the seed.
    pub fn stat(&self, measure: Measure) -> Option<Stat> {
        Stat::of(&self.values(measure))
    }

    /// Over data sets: the mean of the means over seeds, the mean of the standard deviations over
    /// seeds where all data sets have one, and the number of data sets.
    pub fn over_datasets(&self, measure: Measure) -> Option<Stat> {
        let names = self.datasets();
        let stats: Vec<Stat> =
            names.iter().filter_map(|name| self.dataset(name).stat(measure)).collect();
        let means: Vec<f64> = stats.iter().map(|stat| stat.mean).collect();
        let sds: Option<Vec<f64>> = stats.iter().map(|stat| stat.sd).collect();
        let sd = sds.and_then(|sds| Stat::of(&sds)).map(|stat| stat.mean);
        Some(Stat { sd, ..Stat::of(&means)? })
    }
}

/// Each value once, in order.
pub fn distinct<T: Ord>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.collect();
    values.sort();
    values.dedup();
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::tests::{LEIDEN, model};
    use crate::row::tests::row;

    #[test]
    fn data_sets_weigh_alike_whatever_their_seeds() {
        let mut rows = vec![
            row("a", model(), 0, 0.2),
            row("a", model(), 1, 0.4),
            row("b", model(), 0, 0.9),
            row("b", LEIDEN, 0, 0.1),
        ];
        let all = Selection::scored(&rows);
        let stat = all.method(model()).over_datasets(ARI).unwrap();
        assert!((stat.mean - (0.3 + 0.9) / 2.0).abs() < 1e-12);
        assert_eq!((stat.sd, stat.n), (None, 2));
        assert_eq!(all.methods(), [model(), LEIDEN]);
        let a = all.dataset("a").stat(ARI).unwrap();
        assert!((a.sd.unwrap() - 0.02f64.sqrt()).abs() < 1e-12);

        rows[0].error = "failed".into();
        rows[1].variant = "without shrinkage".into();
        rows[2].counts = "noise 1".into();
        let main = Selection::scored(&rows).main();
        assert_eq!((main.datasets(), main.methods()), (vec!["b"], vec![LEIDEN]));
    }
}
