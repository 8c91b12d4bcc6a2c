//! Names of cells, genes and parts.

use crate::{DataError, Result};
use std::collections::{HashMap, HashSet};

/// Makes repeated names unique as anndata does: `A, A, A` becomes `A, A-1, A-2`.
///
/// A number that would repeat an existing name is skipped.
pub fn make_unique(names: &mut [String]) {
    let mut seen: HashSet<String> = HashSet::with_capacity(names.len());
    let repeated: Vec<usize> =
        (0..names.len()).filter(|&i| !seen.insert(names[i].clone())).collect();
    let mut next: HashMap<String, usize> = HashMap::new();
    for i in repeated {
        let count = next.entry(names[i].clone()).or_insert(1);
        let fresh = loop {
            let candidate = format!("{}-{count}", names[i]);
            *count += 1;
            if seen.insert(candidate.clone()) {
                break candidate;
            }
        };
        names[i] = fresh;
    }
}

/// Rejects names that cannot be a link in an HDF5 file.
pub(crate) fn check(what: &'static str, name: &str) -> Result<()> {
    let why = match name {
        "" => "a name cannot be empty",
        "." | ".." => "dots alone are no name",
        n if n.contains('/') => "a name cannot hold a slash",
        n if n.contains('\0') => "a name cannot hold a NUL",
        _ => return Ok(()),
    };
    Err(DataError::BadName { what, name: name.into(), why })
}

/// Rejects names that a column of a table cannot have.
pub(crate) fn check_column(name: &str) -> Result<()> {
    if name == "_index" || name == "__categories" {
        let why = "anndata keeps this name for itself";
        return Err(DataError::BadName { what: "a column", name: name.into(), why });
    }
    check("a column", name)
}

/// Like [`check_column`], for all columns of a table whose names may contain slashes. anndata
/// stores `a/b` as the member `b` of a group `a`, so no column may have the name of such a group.
pub(crate) fn check_column_paths(names: &[&str]) -> Result<()> {
    let all: HashSet<&str> = names.iter().copied().collect();
    for name in names {
        name.split('/').try_for_each(check_column)?;
        let groups = name.match_indices('/').map(|(at, _)| &name[..at]);
        if let Some(group) = groups.into_iter().find(|group| all.contains(group)) {
            let why = "another column has this name and a slash at its beginning";
            return Err(DataError::BadName { what: "a column", name: group.to_string(), why });
        }
    }
    Ok(())
}

/// A name for a message: control characters are escaped, since a terminal obeys them.
pub(crate) fn shown(name: &str) -> String {
    let letter = |c: char| match c.is_control() {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    };
    name.chars().map(letter).collect()
}

/// Names with a placeholder where one is empty.
pub(crate) fn filled(mut names: Vec<String>) -> Vec<String> {
    for (i, name) in names.iter_mut().enumerate().filter(|(_, name)| name.is_empty()) {
        *name = format!("unnamed-{}", i + 1);
    }
    names
}

/// Names for rows or columns without names: "0", "1" and so on, as in anndata.
pub(crate) fn numbered(n: usize) -> Vec<String> {
    (0..n).map(|i| i.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn repeated_names_are_numbered_as_anndata_does() {
        // anndata.utils.make_index_unique(["a", "a", "b", "a", "a-1"]), anndata 0.12.
        let mut names = ["a", "a", "b", "a", "a-1"].map(String::from);
        make_unique(&mut names);
        assert_eq!(names, ["a", "a-2", "b", "a-3", "a-1"]);
    }

    proptest! {
        #[test]
        fn names_come_out_distinct_and_distinct_names_stay(
            names in proptest::collection::vec("[ab](-[12])?", 0..30)
        ) {
            let mut out = names.clone();
            make_unique(&mut out);
            prop_assert_eq!(out.iter().collect::<HashSet<_>>().len(), out.len());
            let mut again = out.clone();
            make_unique(&mut again);
            prop_assert_eq!(again, out);
        }
    }
}
