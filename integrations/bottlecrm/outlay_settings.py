"""BottleCRM's own settings, changed for tests: no broker, and web hooks that may go to this machine."""
from datetime import timedelta

from crm.settings import *  # noqa: F403
from webhooks import ssrf

# What a request queues, web hooks too, is done before it is answered.
CELERY_BROKER_URL = 'memory://'
CELERY_RESULT_BACKEND = 'cache+memory://'
CELERY_TASK_ALWAYS_EAGER = True

# The seed makes users; a slow hash guards nothing here.
PASSWORD_HASHERS = ['django.contrib.auth.hashers.MD5PasswordHasher']

# A session made with the demo data serves as long as that data is kept.
SIMPLE_JWT = {**SIMPLE_JWT, 'ACCESS_TOKEN_LIFETIME': timedelta(days=3650)}  # noqa: F405


class AnyPort:
    def __contains__(self, port):
        return True


# A test listens on the loopback, which BottleCRM refuses to call.
ssrf.is_blocked = lambda ip: False
ssrf._allowed_ports = AnyPort
