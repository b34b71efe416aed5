#!/usr/bin/env python3
"""Starts the Tryton made by setup.py in the foreground.

    python3 integrations/tryton/run.py --dir DIR --port PORT [--fresh]

Prints one JSON line {"url", "database", "key", "login", "password"} once it answers; ends with its parent's signal.
"""
import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

from paths import DATABASE, DEFAULT_DIR, Paths, environment


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--dir', default=DEFAULT_DIR)
    parser.add_argument('--port', type=int, required=True)
    parser.add_argument('--fresh', action='store_true', help="begin with a new copy of the template database")
    args = parser.parse_args()
    paths = Paths(args.dir)
    template = paths.template / f'{DATABASE}.sqlite'
    if not (paths.python.exists() and template.exists() and paths.keys.exists()):
        sys.exit(f"Nothing is set up in {paths.dir}: run integrations/tryton/setup.py --dir {paths.dir} first.")
    folder = paths.live / str(args.port)
    config = paths.config(folder, args.port)
    live = folder / f'{DATABASE}.sqlite'
    if args.fresh or not live.exists():
        for old in folder.glob(f'{DATABASE}.sqlite*'):
            old.unlink()
        shutil.copyfile(template, live)
    keys = paths.read_keys()
    url = f'http://127.0.0.1:{args.port}'
    log = open(folder / 'trytond.log', 'ab')
    server = subprocess.Popen(
        [str(paths.server), '-c', str(config), '-d', DATABASE],
        env=environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(name, lambda *_: server.terminate())
    wait_until_ready(server, f'{url}/{DATABASE}/rest/model/ir.lang?s=1', keys['key'], folder / 'trytond.log')
    print(json.dumps({
        'url': url,
        'database': DATABASE,
        'key': keys['key'],
        'login': keys['login'],
        'password': keys['password'],
        }), flush=True)
    parent = os.getppid()
    while server.poll() is None:
        if os.getppid() != parent:
            server.terminate()
        time.sleep(0.2)
    # A stop on demand is no failure.
    sys.exit(0 if server.returncode in (0, -signal.SIGTERM) else 1)


def wait_until_ready(server, url, key, log):
    request = urllib.request.Request(url, headers={'Authorization': f'Bearer {key}'})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    problem = None
    until = time.monotonic() + 60
    while time.monotonic() < until and server.poll() is None:
        try:
            with opener.open(request, timeout=30) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError) as error:
            problem = error
        time.sleep(0.1)
    server.terminate()
    sys.exit(f"Tryton does not answer ({problem}); see {log}")


if __name__ == '__main__':
    main()
