//! Mail through SMTP, against a small server that can misbehave.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use outlay::args;
use outlay::config::{Config, Smtp};
use outlay::jobs::{Handlers, Pace, Runner};
use outlay::mail;
use outlay_core::claim::Command;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use crate::seed;
use crate::world::{World, on_both};

const HASTY: Pace = Pace {
    at_once: 1,
    lease: Duration::from_secs(30),
    first_wait: Duration::ZERO,
    patience: Duration::ZERO,
    tries: 10,
};

/// How the server treats the next message.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Mood {
    Kind,
    Busy,
    DropAfterData,
    NoSuchMailbox,
}

pub type Received = Arc<Mutex<Vec<String>>>;

/// A mail server; each message takes one of `moods`, later ones are kind.
async fn server(moods: Vec<Mood>) -> (u16, Received) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let received = Received::default();
    let (all, moods) = (received.clone(), Arc::new(Mutex::new(moods)));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream, all.clone(), moods.clone()));
        }
    });
    (port, received)
}

/// A mail server that takes everything.
pub async fn kind_server() -> (u16, Received) {
    server(vec![]).await
}

async fn talk(stream: tokio::net::TcpStream, all: Received, moods: Arc<Mutex<Vec<Mood>>>) -> Option<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 test ESMTP\r\n").await.ok()?;
    let mut mood = Mood::Kind;
    while let Some(line) = lines.next_line().await.ok()? {
        let answer = match line.get(..4).map(str::to_uppercase).as_deref() {
            Some("EHLO") => "250-test\r\n250 8BITMIME\r\n",
            Some("MAIL") => {
                let mut moods = moods.lock().expect("moods");
                mood = if moods.is_empty() { Mood::Kind } else { moods.remove(0) };
                if mood == Mood::Busy {
                    "451 come back later\r\n"
                } else {
                    "250 ok\r\n"
                }
            }
            Some("RCPT") if mood == Mood::NoSuchMailbox => "550 <chen@example.com> unknown here\r\n",
            Some("DATA") => {
                write.write_all(b"354 go on\r\n").await.ok()?;
                let mut text = String::new();
                while let Some(line) = lines.next_line().await.ok()? {
                    if line == "." {
                        break;
                    }
                    text.push_str(&line);
                    text.push('\n');
                }
                all.lock().expect("all").push(text);
                if mood == Mood::DropAfterData {
                    return None;
                }
                "250 taken\r\n"
            }
            Some("QUIT") => return None,
            _ => "250 ok\r\n",
        };
        write.write_all(answer.as_bytes()).await.ok()?;
    }
    None
}

fn runner(world: &World, host: &str, port: u16) -> Runner {
    let config = Config {
        smtp: Some(Smtp {
            host: host.into(),
            port,
            starttls: false,
            user: None,
            password: None,
            from: "Outlay <outlay@example.com>".into(),
        }),
        ..Config::default()
    };
    let handlers = Handlers::default().with("mail", mail::handler(&config).expect("a handler"));
    Runner::new(world.app.clone(), handlers, HASTY)
}

/// A claim of 王敏's that waits for 陈屿; her department's head gets a mail.
async fn submitted(world: &World) -> outlay_core::claim::Claim {
    let claim = seed::draft(world, "wang").await;
    seed::act(world, world.id("wang").await, claim.id, Command::Submit).await
}

async fn job(world: &World) -> (String, i64, Option<String>) {
    let mut sql = world.app.db.read();
    sql.one(
        "SELECT state, attempts, error FROM job WHERE kind = 'mail' ORDER BY id LIMIT 1",
        vec![],
    )
    .await
    .expect("a mail")
}

fn header<'a>(mail: &'a str, name: &str) -> &'a str {
    mail.lines()
        .find_map(|l| l.strip_prefix(name)?.strip_prefix(": "))
        .unwrap_or_else(|| panic!("{name} in {mail}"))
}

#[test]
fn the_approver_gets_a_mail_with_a_link() {
    on_both(|world| async move {
        let claim = submitted(&world).await;
        let (port, received) = server(vec![]).await;
        runner(&world, "127.0.0.1", port).pass().await.expect("worked");
        let all = received.lock().expect("all").clone();
        assert_eq!(all.len(), 1, "{all:?}");
        assert!(header(&all[0], "To").contains("chen@example.com"));
        assert_eq!(header(&all[0], "Auto-Submitted"), "auto-generated");
        let link = format!("/inbox?peek=3D{}", claim.number);
        let plain = format!("/inbox?peek={}", claim.number);
        let joined = all[0].replace("=\n", "");
        assert!(
            joined.contains(&link) || joined.contains(&plain) || joined.contains("base64"),
            "{joined}"
        );
        assert!(!all[0].contains("154"), "no amounts: {}", all[0]);
        assert_eq!(job(&world).await.0, "done");
    });
}

#[test]
fn a_message_has_the_same_id_each_time_it_is_sent() {
    on_both(|world| async move {
        submitted(&world).await;
        let (port, received) = server(vec![Mood::Busy, Mood::DropAfterData]).await;
        runner(&world, "127.0.0.1", port).pass().await.expect("worked");
        let all = received.lock().expect("all").clone();
        assert_eq!(all.len(), 2, "dropped after DATA, then taken");
        assert_eq!(header(&all[0], "Message-ID"), header(&all[1], "Message-ID"));
        let (state, attempts, _) = job(&world).await;
        assert_eq!((state.as_str(), attempts), ("done", 3));
    });
}

#[test]
fn an_unknown_mailbox_is_a_dead_letter_without_the_address() {
    on_both(|world| async move {
        submitted(&world).await;
        let (port, _) = server(vec![Mood::NoSuchMailbox]).await;
        runner(&world, "127.0.0.1", port).pass().await.expect("worked");
        let (state, attempts, error) = job(&world).await;
        let error = error.expect("an error");
        assert_eq!((state.as_str(), attempts), ("dead", 1));
        assert!(error.contains("550") && !error.contains('@'), "{error}");
        let page = world.as_("ange").await.get("/settings/jobs").await.expect(200);
        assert!(page.text.contains("BX"), "the claim's number: {}", page.text);
    });
}

#[test]
fn a_task_that_was_dealt_with_is_not_written_about() {
    on_both(|world| async move {
        let claim = submitted(&world).await;
        let command = Command::Withdraw { reason: String::new() };
        seed::act(&world, world.id("wang").await, claim.id, command).await;
        let (port, received) = server(vec![]).await;
        runner(&world, "127.0.0.1", port).pass().await.expect("worked");
        assert!(received.lock().expect("all").is_empty());
        assert_eq!(job(&world).await.2.as_deref(), Some(mail::NOT_NEEDED));
    });
}

#[test]
fn without_a_server_nothing_is_sent_and_settings_say_so() {
    on_both(|world| async move {
        submitted(&world).await;
        let handlers = Handlers::ours(&world.app).expect("handlers");
        Runner::new(world.app.clone(), handlers, HASTY)
            .pass()
            .await
            .expect("worked");
        let (state, _, note) = job(&world).await;
        assert_eq!((state.as_str(), note.as_deref()), ("done", Some(mail::NO_SERVER)));
        let page = world.as_("ange").await.get("/settings/jobs").await.expect(200);
        assert!(page.text.contains("没有配置邮件服务器"), "{}", page.text);
    });
}

#[test]
fn a_real_sink_takes_what_we_send() {
    let (Ok(address), Ok(folder)) = (std::env::var("OUTLAY_TEST_SMTP"), std::env::var("OUTLAY_TEST_MAILDIR")) else {
        eprintln!("NOT RUN against a mail sink: OUTLAY_TEST_SMTP and OUTLAY_TEST_MAILDIR are not set");
        return;
    };
    on_both(move |world| {
        let (address, folder) = (address.clone(), folder.clone());
        async move {
            let claim = submitted(&world).await;
            let (host, port) = address.rsplit_once(':').expect("HOST:PORT");
            runner(&world, host, port.parse().expect("a port"))
                .pass()
                .await
                .expect("worked");
            let key: (String,) = world
                .app
                .db
                .read()
                .one("SELECT key FROM job WHERE kind = 'mail'", args![])
                .await
                .expect("a mail");
            assert!(key.0.contains(&claim.id.to_string()));
            assert_eq!(job(&world).await.0, "done");
            let mails = files(std::path::Path::new(&folder));
            assert!(
                mails.iter().any(|m| m.contains("chen@example.com")),
                "{} mails in {folder}",
                mails.len()
            );
        }
    });
}

fn files(folder: &std::path::Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the sink's folder").flatten() {
        if entry.path().is_dir() {
            all.extend(files(&entry.path()));
        } else if let Ok(bytes) = std::fs::read(entry.path()) {
            all.push(String::from_utf8_lossy(&bytes).into_owned());
        }
    }
    all
}
