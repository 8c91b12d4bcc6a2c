//! Optimal-transport clustering: Student-t assignment, Sinkhorn plan (section [3.6]).
//!
//! ```text
//! q_ik = (1 + |z_i - c_k|^2 / nu)^(-(nu + 1) / 2), rows scaled to 1     soft assignment, trained
//! P    = diag(u) q^lambda diag(v),  P 1 = 1,  P^T 1 = columns           target, without gradient
//! L_OT = (1 / n) sum_ik P_ik log(P_ik / q_ik)
//! ```
//!
//! [`StudentT`] computes q, [`Marginal`] the columns from cluster sizes, [`Sinkhorn`] the plan P
//! and [`transport_loss`] the loss. Each is O(n K) and in the log domain.
//!
//! ```
//! use burn::tensor::{Device, Distribution, Tensor};
//! use morula_core::transport::{SinkhornConfig, StudentTConfig, transport_loss};
//!
//! let device = Device::flex();
//! let z = Tensor::<2>::random([6, 4], Distribution::Normal(0.0, 1.0), &device);
//! let log_q = StudentTConfig::new(2, 4).init(&device)?.log_forward(z);
//! let columns = Tensor::from_data([4.0, 2.0], &device); // cells per cluster
//! let transport = SinkhornConfig::new().init()?.forward(log_q.clone(), columns)?;
//! assert_eq!(transport.plan.dims(), [6, 2]);
//! assert!(transport.converged);
//! assert_eq!(transport_loss(transport.plan, log_q).dims(), [1]);
//! # Ok::<(), morula_core::CoreError>(())
//! ```
//!
//! Sources: scSiameseClu, IJCAI 2025; van der Maaten and Hinton, JMLR 9 (2008); Xie, Girshick and
//! Farhadi, ICML 2016; Cuturi, NeurIPS 2013.
//!
//! [3.6]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-6

mod loss;
mod marginal;
mod sinkhorn;
mod student_t;

pub use loss::transport_loss;
pub use marginal::Marginal;
pub use sinkhorn::{Sinkhorn, SinkhornConfig, TransportPlan};
pub use student_t::{StudentT, StudentTConfig, dec_target};
