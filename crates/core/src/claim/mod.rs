//! Claims: their content, their states, and what each command decides.

mod command;
mod content;
mod decide;
mod event;
mod problems;
mod route;
mod state;

pub use command::*;
pub use content::*;
pub use decide::decide;
pub use event::*;
pub use problems::Problem;
pub use state::*;
