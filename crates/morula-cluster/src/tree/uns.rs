//! Trees in files.

use morula_data::UnsValue;

use super::{ClusterTree, Merge};

impl ClusterTree {
    /// The tree as an entry of uns: `resolution`; for every leaf its `name`, its `cluster` and its
    /// number of cells, `n_cells`; for every merge its parts, `first` and `second`, numbered on from
    /// the leaves, and their `contact`.
    pub fn to_uns(&self) -> UnsValue {
        let ints = |of: &[usize]| of.iter().map(|&v| v as i64).collect::<Vec<i64>>();
        let part = |i: usize| self.merges.iter().map(|m| m.parts[i] as i64).collect::<Vec<i64>>();
        let contacts: Vec<f64> = self.merges.iter().map(|merge| merge.contact).collect();
        let mut names = self.node_names(&[]);
        names.truncate(self.n_leaves());
        let leaves = UnsValue::map()
            .with("name", names)
            .with("cluster", ints(&self.clusters))
            .with("n_cells", ints(&self.sizes));
        let merges = UnsValue::map()
            .with("first", part(0))
            .with("second", part(1))
            .with("contact", contacts);
        UnsValue::map()
            .with("resolution", self.resolution)
            .with("leaves", leaves)
            .with("merges", merges)
    }

    /// The tree that [`to_uns`](Self::to_uns) has written; `None` for any other entry.
    pub fn from_uns(value: &UnsValue) -> Option<Self> {
        let ints = |within: &str, name: &str| -> Option<Vec<usize>> {
            match value.get(within)?.get(name)? {
                UnsValue::Ints(values) => values.iter().map(|&v| usize::try_from(v).ok()).collect(),
                UnsValue::Floats(values) if values.is_empty() => Some(Vec::new()),
                _ => None,
            }
        };
        let contacts = match value.get("merges")?.get("contact")? {
            UnsValue::Floats(values) => values.clone(),
            UnsValue::Ints(values) => values.iter().map(|&v| v as f64).collect(),
            _ => return None,
        };
        let resolution = match value.get("resolution")? {
            UnsValue::Float(value) => *value,
            UnsValue::Int(value) => *value as f64,
            _ => return None,
        };
        let (first, second) = (ints("merges", "first")?, ints("merges", "second")?);
        if first.len() != second.len() || first.len() != contacts.len() {
            return None;
        }
        let parts = first.into_iter().zip(second).zip(contacts);
        let merges = parts.map(|((a, b), contact)| Merge { parts: [a, b], contact }).collect();
        let (clusters, sizes) = (ints("leaves", "cluster")?, ints("leaves", "n_cells")?);
        Self::from_parts(resolution, clusters, sizes, merges).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::tree;
    use super::*;

    #[test]
    fn trees_are_read_as_they_were_written() {
        let of = |tree: &ClusterTree| ClusterTree::from_uns(&tree.to_uns());
        assert_eq!(of(&tree()), Some(tree()));
        let single = ClusterTree::from_parts(0.5, vec![0], vec![7], Vec::new()).unwrap();
        assert_eq!(of(&single), Some(single.clone()));
        let refused = |within: &str, name: &str, value: UnsValue| {
            let stored = tree().to_uns();
            let part = stored.get(within).cloned().unwrap_or_else(UnsValue::map);
            ClusterTree::from_uns(&stored.with(within, part.with(name, value))).is_none()
        };
        assert!(refused("merges", "first", UnsValue::Ints(vec![0, 1, 2, 3])));
        assert!(refused("merges", "second", UnsValue::Ints(vec![2, 0, 4])));
        assert!(refused("merges", "first", UnsValue::Ints(vec![-1, 5, 3, 6])));
        assert!(refused("merges", "contact", UnsValue::Floats(vec![f64::NAN; 4])));
        assert!(refused("leaves", "n_cells", UnsValue::Text("many".into())));
        assert_eq!(ClusterTree::from_uns(&UnsValue::Text("someone else's".into())), None);
    }
}
