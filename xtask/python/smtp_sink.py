"""An SMTP server for tests: keeps each mail it takes as a JSON file, and sends nothing on.

    smtp_sink.py PORT FOLDER

FOLDER/NNNNNN.json has: from, to (envelope), subject, message_id, text, html (null when absent), raw.
A recipient whose local part is `defer` is put off (451), `refuse` is refused (550), so that retries can be tested.
"""

import asyncio
import email
import email.policy
import json
import os
import sys
from itertools import count

from aiosmtpd.smtp import SMTP


class Sink:
    def __init__(self, folder):
        self.folder = folder
        self.numbers = count(1)

    async def handle_RCPT(self, server, session, envelope, address, options):
        local = address.partition("@")[0]
        if local == "defer":
            return "451 4.7.1 try again later"
        if local == "refuse":
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        path = os.path.join(self.folder, f"{next(self.numbers):06}.json")
        # Renamed into place, so that a reader never sees half a mail.
        with open(path + ".part", "w", encoding="utf-8") as file:
            json.dump(self.describe(envelope), file, ensure_ascii=False)
        os.rename(path + ".part", path)
        return "250 OK"

    @staticmethod
    def describe(envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)

        def body(kind):
            part = mail.get_body((kind,))
            return None if part is None else part.get_content()

        return {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "subject": mail["subject"],
            "message_id": mail["message-id"],
            "text": body("plain"),
            "html": body("html"),
            "raw": envelope.content.decode("utf-8", "replace"),
        }


async def main(port, folder):
    sink = Sink(folder)
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(sink, enable_SMTPUTF8=True, hostname="sink.test"), "127.0.0.1", port
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
