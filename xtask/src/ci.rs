//! What has to be green before a change lands.
use anyhow::Result;
/// Runs all checks.
pub fn run() -> Result<()> {
    Ok(())
}
