//! The command line, as a person at a shell meets it.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The binary, with none of the settings that this process may have in its environment.
pub fn outlay(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_outlay"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OUTLAY_")) {
        command.env_remove(name);
    }
    command.args(args).env("RUST_LOG", "warn");
    command
}

pub fn run(args: &[&str]) -> Output {
    outlay(args).output().expect("run")
}

pub fn with_input(args: &[&str], input: &str) -> Output {
    let mut command = outlay(args);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    child
        .stdin
        .take()
        .expect("stdin")
        .write_all(input.as_bytes())
        .expect("written");
    child.wait_with_output().expect("ended")
}

/// Founds a company in CN01 with the administrator ange@example.com; `at` says where its data or settings are.
pub fn found(at: [&str; 2], password: &str) -> Output {
    let entity = [
        "--code",
        "CN01",
        "--name",
        "澜石",
        "--country",
        "CN",
        "--currency",
        "CNY",
    ];
    let admin = ["--admin-name", "安歌", "--admin-email", "Ange@example.com"];
    let init = [&at[..], &["init"], &entity, &["--zone", "Asia/Shanghai"], &admin].concat();
    with_input(&init, &format!("{password}\n"))
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().expect("UTF-8").to_owned()
}

#[test]
fn every_command_helps() {
    let help = text(&run(&["--help"]).stdout);
    let commands = help.lines().skip_while(|l| !l.starts_with("Commands:")).skip(1);
    let names: Vec<&str> = commands
        .map_while(|l| l.strip_prefix("  ")?.split_whitespace().next())
        .collect();
    assert!(names.len() >= 9, "{help}");
    for name in names.into_iter().filter(|n| *n != "help") {
        let output = run(&[name, "--help"]);
        assert!(
            output.status.success() && text(&output.stdout).contains("Usage:"),
            "{name}"
        );
    }
}

#[test]
fn read_prints_a_line_per_invoice_and_goes_on_after_a_bad_one() {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../documents/tests/fixtures");
    let folder = tempfile::tempdir().expect("a folder");
    let bad = path(folder.path(), "bad.xml");
    std::fs::write(&bad, "<nothing/>").expect("written");
    let output = run(&[
        "read",
        &format!("{fixtures}/pinyin.xml"),
        &bad,
        &format!("{fixtures}/ubl-invoice.xml"),
        "/no/such",
    ]);
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<serde_json::Value> = text(&output.stdout)
        .lines()
        .map(|l| serde_json::from_str(l).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["gross"], "200.00");
    assert_eq!(lines[1]["currency"], "EUR");
    let errors: Vec<serde_json::Value> = text(&output.stderr)
        .lines()
        .map(|l| serde_json::from_str(l).expect("JSON"))
        .collect();
    assert_eq!(errors.len(), 2);
    assert_eq!(errors[0]["file"], bad);
    assert!(errors[0]["code"].is_string() && errors[0]["message"].is_string());
    assert_eq!(errors[1]["code"], "file.unreadable");
}

#[test]
fn wrong_settings_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = path(folder.path(), "outlay.toml");
    for (settings, named) in [
        ("lisen = \"127.0.0.1:1\"\n", "lisen"),
        ("database = \"mysql://x\"\n", "database"),
        ("pull_every_s = 0\n", "pull_every_s"),
        (
            "[tls]\ncertificate = \"/no/such\"\nkey = \"/no/such\"\n",
            "tls.certificate",
        ),
    ] {
        std::fs::write(&file, settings).expect("written");
        let output = run(&["--config", &file, "migrate"]);
        assert!(!output.status.success());
        assert!(text(&output.stderr).contains(named), "{}", text(&output.stderr));
    }
}

#[test]
fn a_worker_refuses_sqlite_and_says_why() {
    let output = run(&["worker"]);
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("only writer"), "{}", text(&output.stderr));
}

#[test]
fn a_company_begins_and_a_second_writer_is_kept_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = path(folder.path(), "data");
    let found = |password| found(["--data", &data], password);
    let short = found("short");
    assert!(text(&short.stderr).contains("at least"), "{}", text(&short.stderr));
    let output = found("a long password");
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&found("a long password").stderr).contains("company already"));
    let lock = std::fs::File::create(folder.path().join("data/outlay.lock")).expect("opened");
    lock.lock().expect("locked");
    let output = with_input(
        &["--data", &data, "user", "password", "ange@example.com"],
        "another password\n",
    );
    assert!(
        text(&output.stderr).contains("in use by another"),
        "{}",
        text(&output.stderr)
    );
    drop(lock);
    let output = with_input(
        &["--data", &data, "user", "password", "ange@example.com"],
        "another password\n",
    );
    assert!(output.status.success(), "{}", text(&output.stderr));
    let output = with_input(
        &["--data", &data, "user", "password", "nobody@example.com"],
        "another password\n",
    );
    assert!(text(&output.stderr).contains("nobody@example.com"));
}

#[test]
fn a_backup_is_restored_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, copy, file) = (
        path(folder.path(), "data"),
        path(folder.path(), "copy"),
        path(folder.path(), "b.tar"),
    );
    let made = run(&["demo", "--dir", &data, "--claims", "10", "--make-only"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    // The lock of a running server does not keep a backup out.
    let lock = std::fs::File::open(folder.path().join("data/outlay.lock")).expect("opened");
    lock.lock().expect("locked");
    let output = run(&["--data", &data, "backup", &file]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&run(&["--data", &data, "backup", &file]).stderr).contains("there already"));
    assert!(text(&run(&["--data", &data, "restore", &file]).stderr).contains("not empty"));
    let output = run(&["--data", &copy, "restore", &file]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    runtime.block_on(async {
        use outlay::{app::App, args, config::Config};
        let app = App::open(Config {
            data: copy.into(),
            ..Config::default()
        })
        .await
        .expect("opened");
        let mut sql = app.db.read();
        let (claims,): (i64,) = sql.one("SELECT COUNT(*) FROM claim", args![]).await.expect("counted");
        assert!(claims > 10);
        let receipts: Vec<(String, String)> = sql
            .all("SELECT id, sealed_key FROM document", args![])
            .await
            .expect("read");
        assert!(!receipts.is_empty());
        for (id, key) in receipts {
            app.files
                .get(&app.vault, &id, &key)
                .await
                .expect("opened with the restored key");
        }
    });
    std::fs::write(&file, "no tar at all, but long enough to look like something").expect("written");
    let other = path(folder.path(), "other");
    assert!(text(&run(&["--data", &other, "restore", &file]).stderr).contains("backup"));
}
