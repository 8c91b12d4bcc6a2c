//! The clustering models of Morula: JojoSCL.
