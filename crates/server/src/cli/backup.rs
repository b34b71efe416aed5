//! One file that holds everything: the database as it was at one moment, the receipts, the master key.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::{lock, say};
use crate::config::Config;
use crate::db::sqlite;
use anyhow::{Context, Result, bail};

/// Where to.
#[derive(clap::Args)]
#[command(
    after_help = "Example: outlay backup --data /var/lib/outlay /backup/outlay-monday.tar\n\n\
    May run beside `outlay serve`. The file holds the master key unless that comes from OUTLAY_MASTER_KEY: keep it as safe as the \
    data. With PostgreSQL it holds receipts and key alone, and the pg_dump line for the database is printed."
)]
pub struct Backup {
    /// The file to make; must not be there yet
    file: PathBuf,
}

/// Where from.
#[derive(clap::Args)]
#[command(
    after_help = "Example: outlay restore --data /var/lib/outlay /backup/outlay-monday.tar\n\n\
    The data folder must be absent or empty. With PostgreSQL, restore the database with pg_restore before."
)]
pub struct Restore {
    /// A file made by `outlay backup`
    file: PathBuf,
}

/// Packs.
pub fn backup(config: &Config, options: &Backup) -> Result<()> {
    let data = &config.data;
    if !data.is_dir() {
        bail!("{} is no data folder", data.display());
    }
    let shown = options.file.display();
    // Beside the target, so that a torn backup never bears its name.
    let part = options.file.with_extension("part");
    if options.file.exists() {
        bail!("{shown} is there already: choose another name");
    }
    let snapshot = part.with_extension("db");
    let _ = std::fs::remove_file(&snapshot);
    let shared = config.is_shared();
    if !shared {
        let url = config.database_url();
        let database = sqlite::path(&url).context("the database is no file")?;
        sqlite::copy(database, &snapshot).context("cannot copy the database")?;
    }
    let packed = pack(data, (!shared).then_some(snapshot.as_path()), &part);
    let _ = std::fs::remove_file(&snapshot);
    packed.with_context(|| format!("cannot write {}", part.display()))?;
    std::fs::rename(&part, &options.file).with_context(|| format!("cannot write {shown}"))?;
    say(format_args!("packed {} into {shown}", data.display()));
    if shared {
        say(format_args!(
            "the database is not in it; back it up beside, as its owner:\n  pg_dump --format=custom --file=outlay.dump \"{}\"",
            config.database_shown()
        ));
    }
    Ok(())
}

/// The receipts are copied after the database: each row's receipt was on disk before the row.
fn pack(data: &Path, snapshot: Option<&Path>, to: &Path) -> std::io::Result<()> {
    let mut tar = tar::Builder::new(BufWriter::new(File::create(to)?));
    if let Some(snapshot) = snapshot {
        tar.append_path_with_name(snapshot, "outlay.db")?;
    }
    let key = data.join("master.key");
    if key.exists() {
        tar.append_path_with_name(&key, "master.key")?;
    }
    for shard in sorted(&data.join("documents"))? {
        if !shard.is_dir() {
            continue;
        }
        for file in sorted(&shard)? {
            let name = file.strip_prefix(data).unwrap_or(&file).to_owned();
            // A receipt that is being written bears another name, and no row speaks of it yet.
            if !name.to_string_lossy().contains('#') {
                tar.append_path_with_name(&file, name)?;
            }
        }
    }
    let mut file = tar.into_inner()?;
    file.flush()?;
    file.get_ref().sync_all()
}

fn sorted(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut all = std::fs::read_dir(folder)?
        .map(|e| Ok(e?.path()))
        .collect::<std::io::Result<Vec<_>>>()?;
    all.sort();
    Ok(all)
}

/// Unpacks.
pub fn restore(config: &Config, options: &Restore) -> Result<()> {
    let data = &config.data;
    let there = if data.is_dir() { sorted(data)? } else { Vec::new() };
    if !there.is_empty() {
        bail!("{} is not empty: restore into a new folder", data.display());
    }
    let file = File::open(&options.file).with_context(|| format!("cannot read {}", options.file.display()))?;
    let _lock = lock::take(config)?;
    let mut tar = tar::Archive::new(std::io::BufReader::new(file));
    let mut files = 0;
    for entry in tar.entries().context("this is no backup")? {
        let mut entry = entry.context("this is no backup, or it is torn")?;
        let path = entry.path()?.into_owned();
        let known = path == Path::new("outlay.db") || path == Path::new("master.key") || path.starts_with("documents");
        if !known || !entry.header().entry_type().is_file() || !entry.unpack_in(data)? {
            bail!(
                "{} is no backup of Outlay: it holds {}",
                options.file.display(),
                path.display()
            );
        }
        files += 1;
    }
    if files == 0 {
        bail!("{} is empty", options.file.display());
    }
    say(format_args!("restored {files} files into {}", data.display()));
    Ok(())
}
