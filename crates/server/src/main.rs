//! The `outlay` command.

use outlay::config::Config;

fn main() -> anyhow::Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    tracing_subscriber::fmt().with_env_filter("info").init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let config = Config::load(None, std::env::vars())?;
        let app = outlay::app::App::open(config).await?;
        outlay::http::serve(app, async {
            let _ = tokio::signal::ctrl_c().await;
        })
        .await
    })
}
