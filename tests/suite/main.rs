//! Tests of the facade as a program that depends on `morula` uses it. One program, so that Burn is
//! linked once.

mod denoised;
mod end_to_end;
mod new_cells;
mod valid;
