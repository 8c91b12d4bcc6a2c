//! For any run, the report is a well-formed page or a clear error, never a panic.

mod common;

use morula_cluster::evidence::Split;
use morula_data::CsrMatrix;
use morula_report::{Annotation, Expression, Report, Role, Run};
use proptest::collection::vec;
use proptest::prelude::*;
use roxmltree::{Document, ParsingOptions};

/// Text that must never become markup, wherever it is in a name.
const MARKUP: &str = "<img src=x onerror=alert(1)>&\"'";

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(MARKUP.to_string()),
        Just(String::new()),
        any::<String>(),
        Just("very long ".repeat(60)),
        any::<u8>().prop_map(|n| n.to_string()),
    ]
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![4 => 0.0..1.0, 1 => Just(f64::NAN), 1 => any::<f64>()]
}

fn coordinate() -> impl Strategy<Value = f32> {
    prop_oneof![20 => -10.0f32..10.0, 1 => Just(1e38), 1 => Just(0.0)]
}

/// A run whose parts have matching sizes and arbitrary content.
fn run() -> impl Strategy<Value = Run> {
    (1usize..12, 1usize..5, 0usize..4).prop_flat_map(|(n, k, genes)| {
        let cells = (vec(0..k, n), vec(number(), n), vec(coordinate(), 2 * n));
        let labels = vec(proptest::option::of(name()), n);
        let texts = (vec(name(), k), vec(name(), genes), name(), name());
        let values = vec(prop_oneof![3 => 0.0f32..5.0, 2 => Just(0.0)], n * genes);
        (cells, labels, texts, values, vec(number(), 3)).prop_map(move |parts| {
            let ((codes, confidence, layout), labels, texts, values, losses) = parts;
            let (clusters, genes, title, other) = texts;
            let mut run = Run::new(title, other.clone(), clusters);
            (run.labels, run.confidence, run.layout) = (codes, confidence, layout);
            run.annotations = vec![Annotation { name: other.clone(), role: Role::Truth, labels }];
            run.tree = Some(common::tree(run.k()));
            let split = |i: usize| Split {
                contact: losses[i % 3],
                found_again: losses[(i + 1) % 3],
                p: i.is_multiple_of(2).then_some(losses[(i + 2) % 3]),
                supported: i.is_multiple_of(3),
                error: Some(losses[i % 3]),
                n_markers: Some(i),
            };
            run.splits = (0..2 * run.k() - 1).map(split).collect();
            run.losses.terms = vec![(other.clone(), losses)];
            run.facts = vec![(other.clone(), other.clone())];
            run.parameters = run.facts.clone();
            run.command = Some(other);
            let x = CsrMatrix::from_dense(n, genes.len(), &values).unwrap();
            run.expression = Some(Expression::new(x, genes).unwrap());
            run
        })
    })
}

fn parse(text: &str) -> Result<Document<'_>, roxmltree::Error> {
    let options = ParsingOptions { allow_dtd: true, ..Default::default() };
    Document::parse_with_options(text, options)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_page_is_well_formed_and_names_are_no_markup(run in run()) {
        let report = Report::new(&run).unwrap();
        prop_assert!(!report.html().contains("<img src=x"));
        let page = parse(report.html());
        prop_assert!(page.is_ok(), "{:?}", page.err());
        for figure in report.figures() {
            let svg = parse(figure.svg());
            prop_assert!(svg.is_ok() && !figure.svg().contains("<img src=x"), "{}", figure.name);
        }
    }

    /// With one part damaged, the result is an error or a page.
    #[test]
    fn parts_that_do_not_fit_are_no_panic(run in run(), part in 0..6, at in any::<usize>()) {
        let mut run = run;
        let at = at % run.labels.len();
        match part {
            0 => run.labels[at] = usize::MAX,
            1 => run.layout[2 * at] = f32::NAN,
            2 => run.confidence.truncate(at),
            3 => run.annotations[0].labels.truncate(at),
            4 => run.losses.stages = vec![String::new(); at],
            _ => run.clusters.clear(),
        }
        if let Err(error) = Report::new(&run) {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
