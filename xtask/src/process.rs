//! Child processes: steps that run to their end, and services that run beside us.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::cleanup::Cleanup;

/// A command to run in the repository root.
pub fn command(program: impl AsRef<std::ffi::OsStr>, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(crate::tree::root());
    command
}

/// The cargo that started us.
pub fn cargo(args: &[&str]) -> Command {
    command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), args)
}

/// How a command reads in messages.
pub fn shown(command: &Command) -> String {
    let mut words = vec![
        Path::new(command.get_program())
            .file_name()
            .unwrap_or(command.get_program())
            .to_string_lossy(),
    ];
    words.extend(command.get_args().map(|arg| arg.to_string_lossy()));
    words.join(" ")
}

/// Runs a step with its output shown; an error unless it succeeds.
pub fn run(command: &mut Command) -> Result<()> {
    eprintln!("$ {}", shown(command));
    let name = shown(command);
    let mut running = Running::start(command)?;
    let status = running.wait()?;
    if !status.success() {
        bail!("`{name}` failed: {status}");
    }
    Ok(())
}

/// Runs a step, shows each line of its standard output and hands it to `line` too.
pub fn watch(command: &mut Command, mut line: impl FnMut(&str)) -> Result<ExitStatus> {
    eprintln!("$ {}", shown(command));
    let mut running = Running::start(command.stdout(Stdio::piped()))?;
    let output = running.with(|child| child.stdout.take());
    let mut shown = std::io::stdout().lock();
    for text in BufReader::new(output.context("no standard output")?).split(b'\n') {
        let text = String::from_utf8_lossy(&text?).into_owned();
        writeln!(shown, "{text}")?;
        line(&text);
    }
    running.wait()
}

/// What a step prints; an error with its standard error unless it succeeds.
pub fn output(command: &mut Command) -> Result<String> {
    let name = shown(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run `{name}`"))?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        bail!("`{name}` failed: {}\n{}", output.status, reason.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A child process in a process group of its own, all of which is ended when this is dropped.
pub struct Running {
    name: String,
    child: Arc<Mutex<Child>>,
    _stop: Cleanup,
}

impl Running {
    /// Starts a child that is ended with SIGTERM.
    pub fn start(command: &mut Command) -> Result<Self> {
        Self::start_ended_by(command, Signal::SIGTERM)
    }

    /// Starts a child; `signal` asks it to end, and SIGKILL follows if it hasn't within ten seconds.
    pub fn start_ended_by(command: &mut Command, signal: Signal) -> Result<Self> {
        let name = shown(command);
        let child = command
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot run `{name}`"))?;
        let child = Arc::new(Mutex::new(child));
        let stopped = Arc::clone(&child);
        let stop = Cleanup::new(move || end(&stopped, signal));
        Ok(Self {
            name,
            child,
            _stop: stop,
        })
    }

    fn with<T>(&self, action: impl FnOnce(&mut Child) -> T) -> T {
        action(&mut self.child.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn wait(&mut self) -> Result<ExitStatus> {
        loop {
            // Polled, so that an interrupt finds the child unlocked.
            if let Some(status) = self.with(Child::try_wait)? {
                return Ok(status);
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until something listens at `address`.
    pub fn wait_for_port(&self, address: SocketAddr, patience: Duration) -> Result<()> {
        let started = Instant::now();
        while TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err() {
            if let Some(status) = self.with(Child::try_wait)? {
                bail!("`{}` ended before it listened: {status}", self.name);
            }
            if started.elapsed() > patience {
                bail!("`{}` does not listen on {address} after {patience:?}", self.name);
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// The first line on the child's piped standard output that starts with `{`; all lines go to `log`.
    pub fn wait_for_json(&self, log: File, patience: Duration) -> Result<String> {
        let output = self.with(|child| child.stdout.take()).context("no standard output")?;
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let mut log = log;
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // A full disk or a receiver that has what it waited for is no reason to stop draining the pipe.
                let _ = writeln!(log, "{line}");
                if line.starts_with('{') {
                    let _ = sender.send(line);
                }
            }
        });
        receiver
            .recv_timeout(patience)
            .with_context(|| format!("`{}` did not get ready within {patience:?}", self.name))
    }
}

fn end(child: &Mutex<Child>, signal: Signal) {
    let mut child = child.lock().unwrap_or_else(PoisonError::into_inner);
    let Ok(group) = i32::try_from(child.id()).map(Pid::from_raw) else {
        return;
    };
    for (signal, patience) in [(signal, 10), (Signal::SIGKILL, 5)] {
        let started = Instant::now();
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        // Fails only when the group is gone, which the next look at the child shows.
        let _ = killpg(group, signal);
        while started.elapsed() < Duration::from_secs(patience) {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A loopback port that nobody listens on.
pub fn free_port() -> Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?)
}

/// A fresh log file `.outlay/log/NAME.log` for a service.
pub fn log(name: &str) -> Result<File> {
    let path = crate::tree::scratch(format!("log/{name}.log"))?;
    File::create(&path).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn watching_hands_over_each_line_and_the_exit_status() {
        let mut lines = Vec::new();
        let status = watch(&mut command("sh", &["-c", "echo one; echo two; exit 3"]), |line| {
            lines.push(line.to_owned())
        })
        .expect("sh runs");
        assert_eq!(lines, ["one", "two"]);
        assert_eq!(status.code(), Some(3));
    }

    #[test]
    fn dropping_a_child_ends_its_whole_group() {
        let mut command = command("sh", &["-c", "sleep 600 & echo {$!}; wait"]);
        let running = Running::start(command.stdout(Stdio::piped())).expect("sh runs");
        let ready = running
            .wait_for_json(log("test-drop").expect("log"), Duration::from_secs(10))
            .expect("a line");
        let grandchild = ready.trim_matches(['{', '}']).to_owned();
        drop(running);
        // It has been signalled, but ends only when it is given the processor.
        let gone = || {
            let state = std::fs::read_to_string(format!("/proc/{grandchild}/stat")).unwrap_or_default();
            state.is_empty() || state.contains(") Z ")
        };
        let started = Instant::now();
        while !gone() {
            assert!(
                started.elapsed() < Duration::from_secs(10),
                "{grandchild} is still there"
            );
            thread::sleep(Duration::from_millis(10));
        }
    }
}
