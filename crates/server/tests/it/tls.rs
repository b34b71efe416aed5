//! The real server under TLS, and what it logs meanwhile.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::cli;

const EMAIL: &str = "ange@example.com";
const PASSWORD: &str = "a long password";

struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn outlay(folder: &Path, args: &[&str]) -> Command {
    let config = folder.join("outlay.toml");
    let mut command = cli::outlay(&[&["--config", config.to_str().expect("UTF-8")], args].concat());
    command.env_remove("RUST_LOG");
    command
}

/// Writes certificate, key and settings; the certificate in PEM, and the port.
fn settle(folder: &Path) -> (String, u16) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    std::fs::write(folder.join("cert.pem"), &certificate).expect("written");
    std::fs::write(folder.join("key.pem"), key).expect("written");
    let port = TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("bound")
        .port();
    let at = folder.to_str().expect("UTF-8");
    let settings = format!(
        "data = \"{at}/data\"\nlisten = \"127.0.0.1:{port}\"\nlog = \"json\"\n[tls]\ncertificate = \"{at}/cert.pem\"\nkey = \"{at}/key.pem\"\n"
    );
    std::fs::write(folder.join("outlay.toml"), settings).expect("written");
    (certificate, port)
}

fn found(folder: &Path) {
    let config = folder.join("outlay.toml");
    let made = cli::found(["--config", config.to_str().expect("UTF-8")], PASSWORD);
    assert!(made.status.success());
}

#[tokio::test]
async fn pages_come_over_tls_and_the_log_holds_nothing_personal() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let (certificate, port) = settle(folder);
    found(folder);
    let log = folder.join("log");
    let file = std::fs::File::create(&log).expect("a file");
    let served = Served(
        outlay(folder, &["serve"])
            .stderr(file)
            .stdout(Stdio::null())
            .spawn()
            .expect("started"),
    );
    let _ = rustls::crypto::ring::default_provider().install_default();
    let trusted = reqwest::Certificate::from_pem(certificate.as_bytes()).expect("PEM");
    let client = reqwest::Client::builder()
        .tls_certs_only([trusted])
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client");
    let base = format!("https://localhost:{port}");
    let mut up = None;
    for _ in 0..400 {
        match client
            .get(format!("{base}/login?next=/claims%3Fq=secret-words"))
            .send()
            .await
        {
            Ok(answer) => {
                up = Some(answer);
                break;
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(25)).await,
        }
    }
    let page = up.unwrap_or_else(|| {
        panic!(
            "it did not come up: {}",
            std::fs::read_to_string(&log).unwrap_or_default()
        )
    });
    assert_eq!(page.status(), 200);
    assert!(page.headers().contains_key("strict-transport-security"));
    let logged_in = client
        .post(format!("{base}/login"))
        .header("origin", &base)
        .form(&[("email", EMAIL), ("password", PASSWORD)])
        .send()
        .await
        .expect("an answer");
    assert_eq!(logged_in.status(), 303);
    let cookie = logged_in.headers()["set-cookie"].to_str().expect("text").to_owned();
    assert!(cookie.contains("; Secure") && cookie.contains("HttpOnly"), "{cookie}");
    assert!(
        reqwest::get(format!("http://localhost:{port}/login")).await.is_err(),
        "plain HTTP is not answered"
    );
    drop(served);
    let text = std::fs::read_to_string(&log).expect("the log");
    let secret = cookie.split(['=', ';']).nth(1).expect("a value");
    for personal in [EMAIL, PASSWORD, "安歌", "secret-words", secret] {
        assert!(!text.contains(personal), "the log holds {personal}: {text}");
    }
    let requests: Vec<Value> = text
        .lines()
        .map(|l| serde_json::from_str(l).expect("a JSON line"))
        .collect();
    let ids: Vec<&str> = requests
        .iter()
        .filter_map(|r| r["fields"]["request_id"].as_str())
        .collect();
    assert!(ids.len() >= 2 && ids.iter().all(|id| id.len() == 36), "{text}");
}
