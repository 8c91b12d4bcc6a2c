//! Optimal-transport clustering: Student-t assignment, Sinkhorn plan (METHODS 3.6).
//!
//! ```text
//! q_ik = (1 + |z_i - c_k|^2 / nu)^(-(nu + 1) / 2), rows scaled to 1     soft assignment, trained
//! P    = diag(u) q^lambda diag(v),  P 1 = 1,  P^T 1 = columns           target, without gradient
//! L_OT = (1 / n) sum_ik P_ik log(P_ik / q_ik)
//! ```
//!
//! [`StudentT`] gives q, [`Marginal`] the columns from label-free cluster sizes, [`Sinkhorn`] the
//! plan P and [`transport_loss`] the loss. Everything is O(n K) and in the log domain.
//!
//! Sources: scSiameseClu, IJCAI 2025; van der Maaten and Hinton, JMLR 9 (2008); Xie, Girshick and
//! Farhadi, ICML 2016; Cuturi, NeurIPS 2013.

mod loss;
mod marginal;
mod sinkhorn;
mod student_t;

pub use loss::transport_loss;
pub use marginal::Marginal;
pub use sinkhorn::{Sinkhorn, SinkhornConfig, TransportPlan};
pub use student_t::{StudentT, StudentTConfig, dec_target};
