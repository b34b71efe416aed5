//! The integration suite: each test runs on SQLite, and on PostgreSQL where `OUTLAY_TEST_POSTGRES` names a server.

mod auth;
mod claims;
mod cli;
mod crm;
mod demo;
mod evidence;
mod hostile;
mod idempotency;
mod inbox;
mod insights;
mod jobs;
mod kill;
mod life;
mod live;
mod mail;
mod openapi;
mod payee;
mod payments;
mod pull;
mod rights;
mod seed;
mod settings;
mod sources;
mod tokens;
mod tryton;
mod world;
