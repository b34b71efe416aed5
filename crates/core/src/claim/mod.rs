//! Claims: their content, their states, and what each command decides.

mod amend;
mod apply;
mod command;
mod content;
mod decide;
mod event;
mod hand;
mod late;
mod moves;
mod pay;
mod problems;
mod route;
mod run;
mod sign;
mod state;

pub use apply::apply;
pub use command::*;
pub use content::*;
pub use decide::decide;
pub use event::*;
pub use late::REMIND_EVERY;
pub use problems::Problem;
pub use run::*;
pub use state::*;
