//! Claims: their content, their states, and what each command decides.

mod content;
mod decide;
mod event;
mod route;
mod state;

pub use content::*;
pub use decide::*;
pub use event::*;
pub use state::*;
