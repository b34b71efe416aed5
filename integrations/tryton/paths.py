"""Where everything lies below --dir, and the configuration of the server."""
import json
import os
from pathlib import Path

DATABASE = 'crm'
MODULES = [
    'ir', 'res', 'company', 'country', 'currency', 'party', 'product',
    'account', 'sale', 'sale_opportunity', 'project', 'outlay_cost',
    ]
HERE = Path(__file__).resolve().parent
DEFAULT_DIR = HERE.parent.parent / '.outlay' / 'tryton'


class Paths:
    """Names of the files below one directory."""

    def __init__(self, directory):
        self.dir = Path(directory).resolve()
        self.venv = self.dir / 'venv'
        self.python = self.venv / 'bin' / 'python'
        self.admin = self.venv / 'bin' / 'trytond-admin'
        self.server = self.venv / 'bin' / 'trytond'
        self.template = self.dir / 'template'
        self.live = self.dir / 'live'
        self.keys = self.dir / 'keys.json'
        self.stamp = self.dir / 'stamp'

    def config(self, folder, port):
        """Writes trytond.conf for the databases in `folder`; port 0 is not listened on."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / 'trytond.conf'
        path.write_text(
            '[database]\n'
            f'uri = sqlite://\npath = {folder}\n'
            '[web]\n'
            f'listen = 127.0.0.1:{port}\n'
            '[session]\n'
            'authentications = password\n',
            encoding='utf-8')
        return path

    def read_keys(self):
        """The secrets of the demo database, made by setup.py."""
        return json.loads(self.keys.read_text(encoding='utf-8'))


def environment(**more):
    """The environment for a child: that of this process without Python's own settings."""
    kept = {
        name: value for name, value in os.environ.items()
        if name not in {'PYTHONHOME', 'PYTHONPATH', 'VIRTUAL_ENV'}}
    return {**kept, 'TZ': 'UTC', **more}
