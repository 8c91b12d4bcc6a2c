//! The same seed gives the same result, whatever the number of threads.

use morula::data::{AnnData, read};

use crate::sandbox::{Run, Sandbox};

fn cluster(sandbox: &Sandbox, seed: &str, threads: &str) -> AnnData {
    let mut command = sandbox.command();
    command.env("RAYON_NUM_THREADS", threads);
    let run = Run::of(
        command
            .args(["cluster", "in.h5ad", "-k", "3", "--epochs=12"])
            .args(["--seed", seed, "--out", "c.h5ad", "--quiet"]),
    );
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    read(sandbox.path("c.h5ad")).unwrap()
}

#[test]
fn a_seed_decides_the_result_and_threads_do_not() {
    let sandbox = Sandbox::simulated();
    let first = cluster(&sandbox, "7", "1");
    for threads in ["1", "2"] {
        let again = cluster(&sandbox, "7", threads);
        assert_eq!(first.obs, again.obs, "{threads} threads");
        assert_eq!(first.obsm, again.obsm, "{threads} threads");
    }
    assert_ne!(first.obsm, cluster(&sandbox, "8", "2").obsm);
}
