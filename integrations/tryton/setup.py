#!/usr/bin/env python3
"""Prepares a Tryton for tests and development: a venv, and a template database with demo data.

    python3 integrations/tryton/setup.py --dir DIR [--rebuild]

May be run again at any time: what is up to date is kept. Prints one JSON line with the paths.
"""
import argparse
import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sys

from paths import DATABASE, DEFAULT_DIR, HERE, MODULES, Paths, environment


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--dir', default=DEFAULT_DIR)
    parser.add_argument('--rebuild', action='store_true', help="make the template database anew")
    args = parser.parse_args()
    if sys.version_info < (3, 9):
        fail(f"Tryton needs Python 3.9 or newer, this is {sys.version.split()[0]}: run this script with a newer python3.")
    paths = Paths(args.dir)
    paths.dir.mkdir(parents=True, exist_ok=True)
    packages = fingerprint('requirements.txt', 'outlay_cost')
    data = fingerprint('requirements.txt', 'outlay_cost', 'seed.py', 'paths.py')
    stamp = json.loads(paths.stamp.read_text()) if paths.stamp.exists() else {}
    if stamp.get('packages') != packages or not paths.python.exists():
        install(paths)
        stamp = {'packages': packages}
        paths.stamp.write_text(json.dumps(stamp))
    database = paths.template / f'{DATABASE}.sqlite'
    if args.rebuild or stamp.get('data') != data or not database.exists():
        create_database(paths)
        stamp['data'] = data
        paths.stamp.write_text(json.dumps(stamp))
    print(json.dumps({
        'dir': str(paths.dir),
        'python': str(paths.python),
        'template': str(database),
        'database': DATABASE,
        'keys': str(paths.keys),
        }))


def install(paths):
    say("Installing Tryton (a minute or two) …")
    if not paths.python.exists():
        made = subprocess.run(
            [sys.executable, '-m', 'venv', str(paths.venv)],
            env=environment(), capture_output=True, text=True)
        if made.returncode:
            shutil.rmtree(paths.venv, ignore_errors=True)
            fail("python3 -m venv does not work here. On Debian and Ubuntu this line helps:\n"
                "    apt-get install python3-venv\n" + made.stdout + made.stderr)
    pip = [str(paths.python), '-m', 'pip', '--disable-pip-version-check', 'install', '--quiet']
    run(pip + ['--requirement', str(HERE / 'requirements.txt')], "pip could not install Tryton")
    # The build leaves traces in its source folder, which is not ours to litter.
    source = paths.dir / 'outlay_cost'
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(HERE / 'outlay_cost', source)
    run(pip + ['--no-deps', '--force-reinstall', str(source)], "pip could not install the module outlay_cost")


def create_database(paths):
    say("Making the Tryton database (a minute or two) …")
    shutil.rmtree(paths.template, ignore_errors=True)
    config = paths.config(paths.template, 0)
    (paths.template / f'{DATABASE}.sqlite').touch()
    keys = {'admin_password': secrets.token_urlsafe(18), 'login': 'outlay', 'password': secrets.token_urlsafe(18)}
    passfile = paths.template / 'password'
    write_private(passfile, keys['admin_password'])
    try:
        run([str(paths.admin), '-c', str(config), '-d', DATABASE,
                '--email', 'admin@example.com', '--language', 'en', '--update', *MODULES, '--activate-dependencies'],
            "trytond-admin could not make the database", TRYTONPASSFILE=str(passfile))
    finally:
        passfile.unlink()
    seeded = run([str(paths.python), str(HERE / 'seed.py'), str(config), DATABASE],
        "the demo data could not be written", input=json.dumps(keys))
    keys.update(json.loads(seeded.stdout.splitlines()[-1]))
    write_private(paths.keys, json.dumps(keys))


def fingerprint(*names):
    digest = hashlib.sha256()
    for name in names:
        path = HERE / name
        files = sorted(path.rglob('*')) if path.is_dir() else [path]
        for file in files:
            if file.is_file() and '__pycache__' not in file.parts:
                digest.update(str(file.relative_to(HERE)).encode() + b'\0' + file.read_bytes() + b'\0')
    return digest.hexdigest()


def write_private(path, text):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 'w', encoding='utf-8') as file:
        file.write(text)


def run(command, problem, input=None, **env):
    done = subprocess.run(command, env=environment(**env), input=input, capture_output=True, text=True)
    if done.returncode:
        tail = '\n'.join((done.stdout + done.stderr).splitlines()[-25:])
        fail(f"{problem}:\n{tail}")
    return done


def say(text):
    print(text, file=sys.stderr, flush=True)


def fail(text):
    say(text)
    sys.exit(1)


if __name__ == '__main__':
    main()
