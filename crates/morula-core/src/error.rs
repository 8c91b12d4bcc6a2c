//! The errors of building and running the modules.

use thiserror::Error;

/// A refused shape or parameter.
///
/// Every message names the operation, the tensor or parameter, what was found and what is needed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CoreError {
    /// A tensor does not have the shape that the operation needs.
    #[error("{operation}: `{tensor}` has shape {found:?}, expected {expected}")]
    Shape {
        /// The operation that refused the tensor.
        operation: &'static str,
        /// The argument's name.
        tensor: &'static str,
        /// The shape it has.
        found: Vec<usize>,
        /// The shape it should have, in words or symbols.
        expected: String,
    },
    /// A parameter is out of its range, or another parameter excludes it.
    #[error("{operation}: `{parameter}` is {found}; {requirement}")]
    Parameter {
        /// The operation that refused the parameter.
        operation: &'static str,
        /// The parameter's name.
        parameter: &'static str,
        /// The value it has.
        found: String,
        /// What is needed, and what to do.
        requirement: String,
    },
}

/// The result of an operation of this crate.
pub type Result<T, E = CoreError> = core::result::Result<T, E>;

impl CoreError {
    /// A [`CoreError::Shape`].
    pub fn shape(
        operation: &'static str,
        tensor: &'static str,
        found: &[usize],
        expected: impl Into<String>,
    ) -> Self {
        Self::Shape { operation, tensor, found: found.to_vec(), expected: expected.into() }
    }

    /// A [`CoreError::Parameter`].
    pub fn parameter(
        operation: &'static str,
        parameter: &'static str,
        found: impl ToString,
        requirement: impl Into<String>,
    ) -> Self {
        Self::Parameter {
            operation,
            parameter,
            found: found.to_string(),
            requirement: requirement.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_operation_argument_and_both_sides() {
        let shape = CoreError::shape("SureShrinkage", "centres", &[3, 2], "[K, P] = [4, 2]");
        assert_eq!(
            shape.to_string(),
            "SureShrinkage: `centres` has shape [3, 2], expected [K, P] = [4, 2]"
        );
        let parameter = CoreError::parameter("NtXent", "temperature", 0.0, "give a value above 0");
        assert_eq!(parameter.to_string(), "NtXent: `temperature` is 0; give a value above 0");
    }
}
