//! Rank sums and means of one gene, computed from its stored values alone.

use crate::groups::Groups;

/// Results for one gene in one group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct InGroup {
    /// Twice the sum of the ranks of the group's cells. It is an integer, so it is exact.
    pub rank_sum_2: u64,
    /// Sums of the values in the group and in all other cells.
    pub sum: f64,
    pub sum_rest: f64,
    /// Numbers of cells with a value other than 0, in the group and in all other cells.
    pub cells: u32,
    pub cells_rest: u32,
}

/// Results for one gene in every group.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Gene {
    pub groups: Vec<InGroup>,
    /// `sum (t^3 - t)` over the sizes `t` of the ties, including the tie of the zeros.
    pub ties: f64,
}

/// Memory that one thread reuses for all its genes.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    keys: Vec<u64>,
    ranks: Vec<u64>,
    cells: Vec<u32>,
    sums: Vec<f64>,
}

/// An integer that sorts like the value. The caller has left out zeros.
fn ordered(value: f32) -> u32 {
    let bits = value.to_bits();
    if value < 0.0 { !bits } else { bits | 1 << 31 }
}

impl Gene {
    /// Ranks the cells by the values of one column. Values that are not stored are 0, one tie.
    pub fn new(cells: &[u32], values: &[f32], groups: &Groups, scratch: &mut Scratch) -> Self {
        // One extra slot for cells without a group, which belong to the rest of every group.
        let n_slots = groups.len() + 1;
        let Scratch { keys, ranks, cells: expressed, sums } = scratch;
        keys.clear();
        reset(ranks, n_slots);
        reset(expressed, n_slots);
        reset(sums, n_slots);
        for (&cell, &value) in cells.iter().zip(values).filter(|(_, v)| **v != 0.0) {
            let group = groups.of_cell[cell as usize];
            keys.push(u64::from(ordered(value)) << 32 | u64::from(group));
            expressed[group as usize] += 1;
            sums[group as usize] += f64::from(value);
        }
        keys.sort_unstable();

        let n_cells = groups.of_cell.len();
        let n_zeros = (n_cells - keys.len()) as u64;
        let n_negative = keys.partition_point(|key| key >> 63 == 0) as u64;
        let mut ties = cubes(n_zeros);
        let mut start = 0;
        for run in keys.chunk_by(|a, b| a >> 32 == b >> 32) {
            let t = run.len() as u64;
            // Positions from `start` on; positive values come after the zeros.
            let first = start + if start < n_negative { 0 } else { n_zeros };
            run.iter().for_each(|key| ranks[*key as u32 as usize] += 2 * first + t + 1);
            ties += cubes(t);
            start += t;
        }
        let zero_rank_2 = 2 * n_negative + n_zeros + 1;
        let total: u32 = expressed.iter().sum();
        let rest = sums_of_others(sums);
        let of_group = |g: usize| InGroup {
            rank_sum_2: ranks[g] + (groups.sizes[g] as u64 - u64::from(expressed[g])) * zero_rank_2,
            sum: sums[g],
            sum_rest: rest[g],
            cells: expressed[g],
            cells_rest: total - expressed[g],
        };
        Self { groups: (0..groups.len()).map(of_group).collect(), ties }
    }
}

fn reset<T: Clone + Default>(values: &mut Vec<T>, n: usize) {
    values.clear();
    values.resize(n, T::default());
}

fn cubes(t: u64) -> f64 {
    let t = t as f64;
    t * t * t - t
}

/// For every entry the sum of all others, without the cancellation of total minus entry.
fn sums_of_others(values: &[f64]) -> Vec<f64> {
    let mut rest = vec![0.0; values.len()];
    let (mut before, mut after) = (0.0, 0.0);
    for i in 0..values.len() {
        rest[i] += before;
        before += values[i];
    }
    for i in (0..values.len()).rev() {
        rest[i] += after;
        after += values[i];
    }
    rest
}
