//! Claims: their content, their states, and what each command decides.

mod content;

pub use content::*;
