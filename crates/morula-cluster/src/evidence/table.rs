//! The evidence for the splits of a tree as a table, and in files.

use morula_data::{Column, DataFrame, UnsValue};

use super::Split;
use crate::Result;
use crate::error::require;
use crate::tree::ClusterTree;

/// The evidence for every split of a tree as a table. Rows are named by the two sides, as in
/// [`ClusterTree::node_names`]; the columns are those of [`Split`], after the numbers of cells.
/// Missing values are NaN.
///
/// # Errors
/// [`ClusterError::Parameter`](crate::ClusterError::Parameter) for splits of another tree.
pub fn table(tree: &ClusterTree, splits: &[Split], clusters: &[String]) -> Result<DataFrame> {
    let (merges, n) = (tree.merges(), splits.len());
    require("splits", n, n == merges.len(), "give one for every merge of the tree")?;
    let (names, sizes) = (tree.node_names(clusters), tree.node_sizes());
    let index = merges.iter().map(|m| format!("{} | {}", names[m.parts[0]], names[m.parts[1]]));
    let mut table = DataFrame::new(index.collect());
    let floats = |of: &dyn Fn(&Split) -> Option<f64>| {
        Column::Float(splits.iter().map(|split| of(split).unwrap_or(f64::NAN)).collect())
    };
    let cells = |i: usize| {
        Column::Int(merges.iter().map(|m| i64::try_from(sizes[m.parts[i]]).ok()).collect())
    };
    table.set("n_cells_first", cells(0))?;
    table.set("n_cells_second", cells(1))?;
    table.set("contact", floats(&|split| Some(split.contact)))?;
    table.set("found_again", floats(&|split| Some(split.found_again)))?;
    table.set("p", floats(&|split| split.p))?;
    table.set("supported", Column::Bool(splits.iter().map(|s| Some(s.supported)).collect()))?;
    table.set("error", floats(&|split| split.error))?;
    table.set("n_markers", floats(&|split| split.n_markers.map(|n| n as f64)))?;
    Ok(table)
}

/// A [`table`] of numbered clusters as an entry of uns: a list per column, and the names of the
/// splits as `split`.
///
/// # Errors
/// As [`table`].
pub fn to_uns(tree: &ClusterTree, splits: &[Split]) -> Result<UnsValue> {
    let table = table(tree, splits, &[])?;
    let lists = UnsValue::map().with("split", table.index().to_vec());
    Ok(table.columns().fold(lists, |lists, (column, values)| match values {
        Column::Int(values) => {
            lists.with(column, values.iter().map(|v| v.unwrap_or_default()).collect::<Vec<i64>>())
        }
        Column::Bool(values) => lists
            .with(column, values.iter().map(|v| i64::from(*v == Some(true))).collect::<Vec<_>>()),
        Column::Float(values) => lists.with(column, values.clone()),
        _ => lists,
    }))
}

/// The splits that [`to_uns`] has written, in the order of the merges; `None` for any other entry.
pub fn from_uns(value: &UnsValue) -> Option<Vec<Split>> {
    let numbers = |name: &str| -> Option<Vec<f64>> {
        match value.get(name)? {
            UnsValue::Floats(values) => Some(values.clone()),
            UnsValue::Ints(values) => Some(values.iter().map(|&v| v as f64).collect()),
            _ => None,
        }
    };
    let columns = ["contact", "found_again", "p", "supported", "error", "n_markers"];
    let columns: Vec<Vec<f64>> = columns.into_iter().map(numbers).collect::<Option<_>>()?;
    let n = columns[0].len();
    let split = |at: usize| {
        let known = |column: usize| Some(columns[column][at]).filter(|v| !v.is_nan());
        Split {
            contact: columns[0][at],
            found_again: columns[1][at],
            p: known(2),
            supported: columns[3][at] == 1.0,
            error: known(4),
            n_markers: known(5).map(|n| n as usize),
        }
    };
    columns.iter().all(|column| column.len() == n).then(|| (0..n).map(split).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Merge;

    #[test]
    fn splits_are_read_as_they_were_written() {
        let merges =
            vec![Merge { parts: [0, 1], contact: 0.8 }, Merge { parts: [3, 2], contact: 0.25 }];
        let tree = ClusterTree::from_parts(0.5, vec![0, 0, 1], vec![5, 9, 4], merges).unwrap();
        let tested = Split {
            contact: 0.25,
            found_again: 0.9,
            p: Some(1e-30),
            supported: true,
            error: Some(0.04),
            n_markers: Some(12),
        };
        let lost = Split {
            contact: 0.8,
            found_again: 0.2,
            p: None,
            supported: false,
            error: None,
            n_markers: None,
        };
        let splits = [lost, tested];
        let stored = to_uns(&tree, &splits).unwrap();
        assert_eq!(from_uns(&stored), Some(splits.to_vec()));
        let names = table(&tree, &splits, &["T".into()]).unwrap();
        assert_eq!(names.index(), ["T.2 | T.1", "T | 1"]);
        let cells = names.column("n_cells_first").unwrap();
        assert_eq!(*cells, Column::Int(vec![Some(5), Some(14)]));
        assert!(to_uns(&tree, &splits[1..]).unwrap_err().to_string().contains("splits = 1"));
        assert_eq!(from_uns(&stored.with("p", vec![0.5])), None);
        assert_eq!(from_uns(&UnsValue::Text("someone else's".into())), None);
    }
}
