//! Simulated counts have the requested statistics.

use morula_preprocess::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn totals(s: &Simulated) -> Vec<f64> {
    s.counts.x().rows().map(|(_, v)| v.iter().map(|&v| f64::from(v)).sum()).collect()
}

fn mean(v: &[f64]) -> f64 {
    v.iter().sum::<f64>() / v.len() as f64
}

#[test]
fn library_sizes_are_as_asked() {
    let params = SimulateParams { cells: 2000, dropout: 0.0, ..Default::default() };
    let totals = totals(&simulate(&params).unwrap());
    assert!((mean(&totals) / 2000.0 - 1.0).abs() < 0.05, "{}", mean(&totals));
    let logs: Vec<f64> = totals.iter().map(|t| t.ln()).collect();
    let sd = mean(&logs.iter().map(|l| (l - mean(&logs)).powi(2)).collect::<Vec<_>>()).sqrt();
    assert!((0.38..0.46).contains(&sd), "{sd}");
}

#[test]
fn dropout_takes_its_share() {
    let base = SimulateParams { cells: 1500, ..Default::default() };
    let kept = |dropout| {
        let s = simulate(&SimulateParams { dropout, ..base.clone() }).unwrap();
        (mean(&totals(&s)), s.counts.x().nnz() as f64)
    };
    let (whole, half) = (kept(0.0), kept(0.5));
    assert!((half.0 / whole.0 - 0.5).abs() < 0.02 && (half.1 / whole.1 - 0.5).abs() < 0.02);
}

/// One gene, one type, equal libraries: the counts are negative binomial.
#[test]
fn counts_are_negative_binomial() {
    let params = SimulateParams {
        cells: 40_000,
        genes: 1,
        types: 1,
        markers: 0,
        library_size: 5.0,
        library_sd: 0.0,
        dispersion: 0.5,
        dropout: 0.0,
        ..Default::default()
    };
    let counts = totals(&simulate(&params).unwrap());
    let m = mean(&counts);
    let v = mean(&counts.iter().map(|c| (c - m).powi(2)).collect::<Vec<_>>());
    let zeros = counts.iter().filter(|c| **c == 0.0).count() as f64 / 40_000.0;
    assert!((m - 5.0).abs() < 0.1, "mean {m}");
    assert!((v - 17.5).abs() < 1.0, "variance {v}");
    // P(0) = (1 + dispersion mu)^(-1 / dispersion)
    assert!((zeros - 3.5f64.powi(-2)).abs() < 0.006, "zeros {zeros}");
}

#[test]
fn types_are_unequal_complete_and_shuffled() {
    let s = simulate(&SimulateParams { cells: 700, types: 6, ..Default::default() }).unwrap();
    let sizes: Vec<usize> = (0..6).map(|t| s.types.iter().filter(|&&x| x == t).count()).collect();
    assert_eq!(sizes.iter().sum::<usize>(), 700);
    assert!(sizes.windows(2).all(|w| w[0] > w[1]) && sizes[5] >= 1, "{sizes:?}");
    assert!(s.types.windows(2).any(|w| w[0] > w[1]));
    assert_eq!(s.type_names.len(), 6);
}

#[test]
fn markers_are_raised_in_their_type() {
    let s = simulate(&SimulateParams { fold_change: 5.0, ..Default::default() }).unwrap();
    let dense = &s.counts.x().to_dense();
    let level = |genes: &[usize], inside: bool, t: usize| {
        let cells: Vec<usize> = (0..1000).filter(|&i| (s.types[i] == t) == inside).collect();
        let sum: f32 =
            cells.iter().flat_map(|i| genes.iter().map(move |j| dense[i * 2000 + j])).sum();
        sum / cells.len() as f32
    };
    for (t, genes) in s.markers.iter().enumerate() {
        let ratio = level(genes, true, t) / level(genes, false, t);
        assert!((3.5..7.0).contains(&ratio), "type {t}: {ratio}");
    }
}

#[test]
fn the_seed_decides_and_threads_do_not() {
    let params = SimulateParams { cells: 200, batches: 3, ..Default::default() };
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| simulate(&params).unwrap())
    };
    assert_eq!(on(1), on(3));
    let other = simulate(&SimulateParams { seed: 1, ..params.clone() }).unwrap();
    assert_ne!(on(1).counts, other.counts);
}

#[test]
fn batches_shift_genes() {
    let params = SimulateParams { batches: 2, batch_sd: 0.8, types: 1, ..Default::default() };
    let s = simulate(&params).unwrap();
    let batches = s.batches.unwrap();
    let dense = &s.counts.x().to_dense();
    let level = |b: usize, j: usize| {
        let cells: Vec<usize> = (0..1000).filter(|&i| batches[i] == b).collect();
        let sum: f32 = cells.iter().map(|i| dense[i * 2000 + j]).sum();
        f64::from(sum + 1.0) / cells.len() as f64
    };
    let logs: Vec<f64> = (0..2000).map(|j| (level(0, j) / level(1, j)).ln()).collect();
    let sd = mean(&logs.iter().map(|l| l * l).collect::<Vec<_>>()).sqrt();
    // Two independent factors of sd 0.8, plus sampling noise.
    assert!((1.0..1.3).contains(&sd), "{sd}");
    assert!(simulate(&SimulateParams::default()).unwrap().batches.is_none());
}

#[test]
fn bad_parameters_are_refused() {
    let base = SimulateParams::default();
    for bad in [
        SimulateParams { cells: 0, ..base.clone() },
        SimulateParams { types: 0, ..base.clone() },
        SimulateParams { genes: 0, ..base.clone() },
        SimulateParams { batches: 0, ..base.clone() },
        SimulateParams { markers: 401, ..base.clone() },
        SimulateParams { dropout: 1.0, ..base.clone() },
        SimulateParams { fold_change: f64::NAN, ..base.clone() },
        SimulateParams { library_size: f64::INFINITY, ..base.clone() },
        SimulateParams { dispersion: -1.0, ..base.clone() },
    ] {
        assert!(simulate(&bad).is_err(), "{bad:?}");
    }
}

#[test]
fn as_many_types_as_cells() {
    let params = SimulateParams { cells: 5, ..Default::default() };
    assert_eq!(simulate(&params).unwrap().counts.n_obs(), 5);
}

/// Labels of the best of several seeded k-means++ runs on rows of `d` values.
fn kmeans(x: &[f32], d: usize, k: usize) -> Vec<usize> {
    let rows: Vec<&[f32]> = x.chunks(d).collect();
    let square = |a: &[f32], b: &[f32]| -> f64 {
        a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum()
    };
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let runs = (0..20).map(|_| {
        let mut centres = vec![rows[rng.random_range(0..rows.len())].to_vec()];
        while centres.len() < k {
            let near = |r: &&[f32]| centres.iter().map(|c| square(r, c)).fold(f64::MAX, f64::min);
            let weights: Vec<f64> = rows.iter().map(near).collect();
            let mut left = rng.random_range(0.0..weights.iter().sum::<f64>());
            let pick = weights.iter().position(|w| {
                left -= w;
                left <= 0.0
            });
            centres.push(rows[pick.unwrap_or(0)].to_vec());
        }
        let mut labels = Vec::new();
        for _ in 0..50 {
            let nearest = |r: &&[f32]| {
                (0..k).min_by(|&a, &b| square(r, &centres[a]).total_cmp(&square(r, &centres[b])))
            };
            labels = rows.iter().map(|r| nearest(r).unwrap()).collect::<Vec<_>>();
            for (c, centre) in centres.iter_mut().enumerate() {
                let own: Vec<_> = (0..rows.len()).filter(|&i| labels[i] == c).collect();
                for (j, value) in centre.iter_mut().enumerate().filter(|_| !own.is_empty()) {
                    *value = own.iter().map(|&i| rows[i][j]).sum::<f32>() / own.len() as f32;
                }
            }
        }
        let inertia: f64 = rows.iter().zip(&labels).map(|(r, &l)| square(r, &centres[l])).sum();
        (inertia, labels)
    });
    runs.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap().1
}

/// Adjusted Rand index.
fn ari(a: &[usize], b: &[usize]) -> f64 {
    let pairs = |n: f64| n * (n - 1.0) / 2.0;
    let (ka, kb) = (a.iter().max().unwrap() + 1, b.iter().max().unwrap() + 1);
    let mut table = vec![0.0; ka * kb];
    a.iter().zip(b).for_each(|(a, b)| table[a * kb + b] += 1.0);
    let both: f64 = table.iter().map(|&n| pairs(n)).sum();
    let rows: f64 = table.chunks(kb).map(|r| pairs(r.iter().sum())).sum();
    let cols: f64 = (0..kb).map(|j| pairs(table.iter().skip(j).step_by(kb).sum())).sum();
    let expected = rows * cols / pairs(a.len() as f64);
    (both - expected) / ((rows + cols) / 2.0 - expected)
}

/// The usual recipe solves the default problem well, but not perfectly.
#[test]
fn the_default_is_solvable_and_not_trivial() {
    let mut found = Vec::new();
    for seed in 0..4 {
        let s = simulate(&SimulateParams { seed, ..Default::default() }).unwrap();
        let (recipe, prepared) = RecipeParams::default().fit(&s.counts).unwrap();
        let params = PcaParams { n_comps: 10, ..Default::default() };
        let pca = pca_dense(&prepared.x(), recipe.n_genes(), &params).unwrap();
        let truth: Vec<usize> = prepared.kept_cells.iter().map(|&i| s.types[i]).collect();
        found.push(ari(&kmeans(&pca.scores, pca.n_comps, 5), &truth));
    }
    println!("ARI {found:?}");
    let mean = mean(&found);
    assert!((0.88..0.985).contains(&mean), "{found:?}");
}
