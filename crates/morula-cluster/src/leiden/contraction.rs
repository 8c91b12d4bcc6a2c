//! A large graph with small groups of its vertices as the vertices.

/// Most vertices of a group.
const SIZE: usize = 8;

/// Groups of at most eight vertices that lie close together. In their order, vertices without a
/// group join the group that they have the most weight to, or the neighbour without a group that
/// they have the most weight to. Clusters of thousands of cells consist of whole groups.
pub(super) fn groups(n: usize, edges: &[(usize, usize, f64)]) -> Vec<usize> {
    const NONE: usize = usize::MAX;
    let (starts, ends) = adjacency(n, edges);
    let mut group = vec![NONE; n];
    let mut sizes: Vec<usize> = Vec::new();
    let mut weights: Vec<(usize, f64)> = Vec::new();
    for i in 0..n {
        if group[i] != NONE {
            continue;
        }
        weights.clear();
        let mut partner = (NONE, 0.0);
        for &(j, weight) in &ends[starts[i]..starts[i + 1]] {
            match group[j] {
                NONE if weight > partner.1 => partner = (j, weight),
                NONE => {}
                g if sizes[g] < SIZE => match weights.iter_mut().find(|known| known.0 == g) {
                    Some(known) => known.1 += weight,
                    None => weights.push((g, weight)),
                },
                _ => {}
            }
        }
        let heavier =
            |best: (usize, f64), &known: &(usize, f64)| if known.1 > best.1 { known } else { best };
        let best = weights.iter().fold((NONE, 0.0), heavier);
        if best.1 >= partner.1 && best.0 != NONE {
            group[i] = best.0;
            sizes[best.0] += 1;
            continue;
        }
        let new = sizes.len();
        group[i] = new;
        sizes.push(1);
        if partner.0 != NONE {
            group[partner.0] = new;
            sizes[new] = 2;
        }
    }
    group
}

/// Neighbours of every vertex with the weights of their edges, and where those of each start.
fn adjacency(n: usize, edges: &[(usize, usize, f64)]) -> (Vec<usize>, Vec<(usize, f64)>) {
    let mut starts = vec![0; n + 1];
    edges.iter().for_each(|&(i, j, _)| [i, j].into_iter().for_each(|v| starts[v + 1] += 1));
    (0..n).for_each(|i| starts[i + 1] += starts[i]);
    let mut next = starts.clone();
    let mut ends = vec![(0, 0.0); 2 * edges.len()];
    for &(i, j, weight) in edges {
        for (from, to) in [(i, j), (j, i)] {
            ends[next[from]] = (to, weight);
            next[from] += 1;
        }
    }
    (starts, ends)
}

/// Sums the weights of edges between groups, each pair once. Edges within a group are an edge of the
/// group with itself, so that the objective of every partition into whole groups stays the same.
pub(super) fn contract(
    edges: Vec<(usize, usize, f64)>,
    groups: &[usize],
) -> Vec<(usize, usize, f64)> {
    let between = |(i, j, weight): (usize, usize, f64)| {
        let (a, b) = (groups[i], groups[j]);
        (a.min(b), a.max(b), weight)
    };
    let mut edges: Vec<(usize, usize, f64)> = edges.into_iter().map(between).collect();
    // Edges of a pair keep their order, so that sums have the same bits.
    edges.sort_by_key(|edge| (edge.0, edge.1));
    edges.dedup_by(|next, first| {
        let same = (next.0, next.1) == (first.0, first.1);
        if same {
            first.2 += next.2;
        }
        same
    });
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_small_and_of_neighbours() {
        // Cliques of six, and a vertex without an edge.
        let of = |c: usize| {
            let pairs = (0..6).flat_map(|a| (0..a).map(move |b| (b, a)));
            pairs.map(move |(b, a)| (6 * c + b, 6 * c + a, 1.0))
        };
        let mut edges: Vec<_> = (0..20).flat_map(of).collect();
        edges.extend((1..20).map(|c| (6 * c - 1, 6 * c, 0.1)));
        let found = groups(121, &edges);
        let mut sizes = vec![0; 121];
        found.iter().for_each(|&g| sizes[g] += 1);
        assert!(sizes.iter().all(|&n| n <= SIZE));
        assert!(found[..120].chunks(6).all(|clique| clique.iter().all(|g| *g == clique[0])));
        assert_eq!(sizes[found[120]], 1);
    }

    #[test]
    fn weights_between_groups_add_up() {
        let edges = vec![(0, 1, 1.0), (0, 2, 2.0), (1, 2, 4.0), (2, 3, 8.0)];
        let sums = contract(edges, &[0, 0, 1, 1]);
        assert_eq!(sums, [(0, 0, 1.0), (0, 1, 6.0), (1, 1, 8.0)]);
    }
}
