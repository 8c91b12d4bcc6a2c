//! Names of the parts of a cluster, and labels with them.

use std::cmp::Reverse;

use morula_data::{Categorical, DataError};

/// Whether a name is that of a cluster or of a part of it: `3.1` and `3.1.2` are parts of `3`.
pub fn is_within(name: &str, cluster: &str) -> bool {
    name.strip_prefix(cluster).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Whether every cell is in a part of its cluster in `whole`, by the names. Cells without a label have
/// none in either.
pub fn lie_within(parts: &Categorical, whole: &Categorical) -> bool {
    let fits = |pair: (Option<&str>, Option<&str>)| match pair {
        (Some(part), Some(cluster)) => is_within(part, cluster),
        (part, cluster) => part.is_none() && cluster.is_none(),
    };
    parts.codes().len() == whole.codes().len() && parts.labels().zip(whole.labels()).all(fits)
}

/// The names of the parts of a cluster, by falling size: `3.1`, `3.2`, and so on. A name that is
/// taken, or that has parts, is left out. A single part has the name of the cluster.
pub fn part_names(cluster: &str, sizes: &[usize], taken: &[String]) -> Vec<String> {
    if sizes.len() < 2 {
        return vec![cluster.to_string(); sizes.len()];
    }
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|&part| (Reverse(sizes[part]), part));
    let is_free = |name: &String| !taken.iter().any(|taken| is_within(taken, name));
    let free = (1_usize..).map(|number| format!("{cluster}.{number}")).filter(is_free);
    let mut names = vec![String::new(); sizes.len()];
    order.into_iter().zip(free).for_each(|(part, name)| names[part] = name);
    names
}

/// The labels with the cells of a cluster in its parts: a position in `names` per cell. Cells of the
/// cluster that are in no part keep its name, and all other cells their labels. The parts take the
/// place of the cluster among the categories, by their names' order.
pub fn with_parts(
    labels: &Categorical,
    cluster: usize,
    parts: &[(usize, usize)],
    names: &[String],
) -> Result<Categorical, DataError> {
    if let [_] | [] = names {
        return Ok(labels.clone());
    }
    let n_of_cluster = labels.codes().iter().filter(|&&code| code == cluster as i32).count();
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by_key(|&part| number(&names[part]));
    let mut categories = Vec::new();
    let mut new_codes = vec![-1; labels.categories().len()];
    let mut part_codes = vec![-1; names.len()];
    for (code, category) in labels.categories().iter().enumerate() {
        if code != cluster || n_of_cluster > parts.len() {
            new_codes[code] = categories.len() as i32;
            categories.push(category.clone());
        }
        for &part in order.iter().filter(|_| code == cluster) {
            part_codes[part] = categories.len() as i32;
            categories.push(names[part].clone());
        }
    }
    let mut codes: Vec<i32> = labels
        .codes()
        .iter()
        .map(|&code| usize::try_from(code).map_or(-1, |code| new_codes[code]))
        .collect();
    parts.iter().for_each(|&(cell, part)| codes[cell] = part_codes[part]);
    Categorical::new(codes, categories, labels.ordered())
}

/// The number after the last dot.
fn number(name: &str) -> usize {
    name.rsplit('.').next().and_then(|number| number.parse().ok()).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn parts_are_named_by_size_and_no_name_twice() {
        assert_eq!(part_names("3", &[5, 9, 5], &[]), ["3.2", "3.1", "3.3"]);
        assert_eq!(part_names("3", &[5], &[]), ["3"]);
        assert!(part_names("3", &[], &[]).is_empty());
        // 3.2 itself is taken, and 3.3 has parts; 3.40 and 31.1 are other names.
        let taken = texts(&["3", "3.2", "3.3.1", "3.40", "31.1"]);
        assert_eq!(part_names("3", &[9, 8, 7], &taken), ["3.1", "3.4", "3.5"]);
        assert_eq!(part_names("T cell", &[9, 8], &taken), ["T cell.1", "T cell.2"]);
        let many = part_names("0", &[1; 12], &[]);
        assert_eq!((many[0].as_str(), many[11].as_str()), ("0.1", "0.12"));
    }

    #[test]
    fn the_rest_keeps_its_labels() {
        let labels = Categorical::new(vec![2, 0, 1, -1, 1, 1, 0], texts(&["a", "b", "c"]), true);
        let labels = labels.unwrap();
        let names = texts(&["b.2", "b.1"]);
        let found = with_parts(&labels, 1, &[(2, 1), (4, 0), (5, 1)], &names).unwrap();
        assert_eq!(found.categories(), ["a", "b.1", "b.2", "c"]);
        let of = |found: &Categorical| -> Vec<String> {
            found.labels().map(|label| label.unwrap_or("-").to_string()).collect()
        };
        assert_eq!(of(&found), ["c", "a", "b.1", "-", "b.2", "b.1", "a"]);
        assert!(found.ordered() && lie_within(&found, &labels) && !lie_within(&labels, &found));
        // A cell without a part keeps the cluster.
        let found = with_parts(&labels, 1, &[(2, 0), (4, 1)], &texts(&["b.1", "b.2"])).unwrap();
        assert_eq!(found.categories(), ["a", "b", "b.1", "b.2", "c"]);
        assert_eq!(of(&found), ["c", "a", "b.1", "-", "b.2", "b", "a"]);
        assert_eq!(with_parts(&labels, 1, &[(2, 0)], &texts(&["b"])).unwrap(), labels);
    }
}
