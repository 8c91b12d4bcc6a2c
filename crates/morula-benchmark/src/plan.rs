//! The runs of a benchmark.

use std::collections::BTreeSet;

use crate::dataset::Dataset;
use crate::method::{KMode, Method};
use crate::options::Options;
use crate::perturbation::{self, Perturbation};
use crate::row::Key;
use crate::variant::{self, DEFAULT};

/// The name of unchanged counts.
pub const ORIGINAL: &str = "original";

/// What to run.
#[derive(Debug)]
pub struct Wanted {
    pub methods: Vec<Method>,
    pub modes: Vec<KMode>,
    pub seeds: u64,
    /// Column of obs with batches.
    pub batch: Option<String>,
    pub ablations: bool,
    pub robustness: bool,
}

/// A run.
#[derive(Debug)]
pub struct Run {
    pub key: Key,
    /// Position of the data set.
    pub dataset: usize,
    pub perturbation: Option<Perturbation>,
}

impl Wanted {
    pub fn of(options: &Options) -> Self {
        fn each<T: Ord + Copy>(all: &[T]) -> Vec<T> {
            all.iter().copied().collect::<BTreeSet<T>>().into_iter().collect()
        }
        Self {
            methods: each(&options.methods),
            modes: each(&options.modes),
            seeds: options.seeds,
            batch: options.batch.clone(),
            ablations: options.ablations,
            robustness: options.robustness,
        }
    }

    /// All runs, the main comparison first and seed by seed, so that an interrupted benchmark has
    /// runs of every data set.
    pub fn runs(&self, datasets: &[Dataset]) -> Vec<Run> {
        let mut runs = Vec::new();
        let of_batches = |dataset: &Dataset| {
            let column = self.batch.iter().filter(|_| dataset.about.batches);
            column.map(|column| variant::batches_of(column)).collect()
        };
        for seed in 0..self.seeds {
            self.add(&mut runs, datasets, seed, |_, _| vec![DEFAULT.into()], &[None]);
            self.add(&mut runs, datasets, seed, |dataset, _| of_batches(dataset), &[None]);
        }
        for seed in 0..self.seeds {
            if self.ablations {
                let names = |method: Method| method.ablations().iter().map(|v| v.name.into());
                self.add(&mut runs, datasets, seed, |_, method| names(method).collect(), &[None]);
            }
            if self.robustness {
                let all: Vec<_> = perturbation::ALL.into_iter().map(Some).collect();
                self.add(&mut runs, datasets, seed, |_, _| vec![DEFAULT.into()], &all);
            }
        }
        runs
    }

    fn add(
        &self,
        runs: &mut Vec<Run>,
        datasets: &[Dataset],
        seed: u64,
        variants: impl Fn(&Dataset, Method) -> Vec<String>,
        perturbations: &[Option<Perturbation>],
    ) {
        for (at, dataset) in datasets.iter().enumerate() {
            for &method in &self.methods {
                for &k in self.modes.iter().filter(|&&k| method.supports(k)) {
                    for variant in variants(dataset, method) {
                        for &perturbation in perturbations {
                            let repeats = !method.is_seeded() && perturbation.is_none();
                            if repeats && seed > 0 {
                                continue;
                            }
                            let counts = match perturbation {
                                None => ORIGINAL.into(),
                                Some(p) => p.to_string(),
                            };
                            let dataset = dataset.name.clone();
                            let variant = variant.clone();
                            let key = Key { dataset, method, k, variant, counts, seed };
                            runs.push(Run { key, dataset: at, perturbation });
                        }
                    }
                }
            }
        }
    }

    /// Methods and modes that do not go together.
    pub fn unsupported(&self) -> impl Iterator<Item = (Method, KMode)> {
        let pairs = |&method: &Method| self.modes.iter().map(move |&k| (method, k));
        self.methods.iter().flat_map(pairs).filter(|(method, k)| !method.supports(*k))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Description;
    use crate::method::tests::{LEIDEN, WARD, model};
    use std::collections::HashSet;

    fn datasets() -> Vec<Dataset> {
        let dataset = |name: &str, batches: bool| {
            let truth = "t".to_string();
            let about = Description { truth, batches, n_cells: 9, n_genes: 9, n_types: 2 };
            Dataset { name: name.into(), path: name.into(), about }
        };
        vec![dataset("a", false), dataset("b", true)]
    }

    #[test]
    fn every_run_is_there_once() {
        let wanted = Wanted {
            methods: vec![model(), WARD, LEIDEN],
            modes: vec![KMode::Given, KMode::Auto],
            seeds: 3,
            batch: None,
            ablations: false,
            robustness: false,
        };
        let count = |wanted: &Wanted| {
            let runs = wanted.runs(&datasets());
            let keys: HashSet<_> = runs.iter().map(|run| run.key.clone()).collect();
            assert_eq!(keys.len(), runs.len());
            runs.len()
        };
        // The model is run both ways. Ward has no seed.
        assert_eq!(count(&wanted), 2 * (2 * 3 + 1 + 3));
        let wanted = Wanted { ablations: true, ..wanted };
        let variants = 1 + model().ablations().len();
        assert_eq!(count(&wanted), 2 * (2 * 3 * variants + 4 + 3 * 4));
        // Perturbed counts have one.
        let wanted = Wanted { ablations: false, robustness: true, ..wanted };
        assert_eq!(count(&wanted), 2 * (2 * 3 * 12 + 1 + 3 * 11 + 3 * 12));
        // Only one data set has batches.
        let wanted = Wanted { robustness: false, batch: Some("plate".into()), ..wanted };
        assert_eq!(count(&wanted), 3 * (2 * 3 + 1 + 3));
        let left_out: Vec<_> = wanted.unsupported().collect();
        assert!(left_out.contains(&(LEIDEN, KMode::Given)));
    }
}
