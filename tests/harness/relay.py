"""A TCP relay in front of a server that loses answers: of chosen connections it cuts the first application data of the server."""
import socket
import threading

APPLICATION_DATA = 23


class Relay:
    """Connections are counted from 1. `lose`: numbers of those whose answer is lost."""

    def __init__(self, port, lose=()):
        self.target, self.lose, self.count, self.lost = port, set(lose), 0, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.threads = [threading.Thread(target=self._accept, daemon=True)]
        self.threads[0].start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def _accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            self.count += 1
            server = socket.create_connection(("127.0.0.1", self.target))
            for a, b, loses in ((client, server, False), (server, client, self.count in self.lose)):
                thread = threading.Thread(target=self._pass, args=(a, b, loses), daemon=True)
                thread.start()
                self.threads.append(thread)

    def _pass(self, a, b, loses):
        stream = a.makefile("rb")
        try:
            while True:
                head = stream.read(5)
                body = stream.read(int.from_bytes(head[3:5], "big")) if len(head) == 5 else b""
                if len(head) < 5 or (loses and head[0] == APPLICATION_DATA):
                    self.lost += len(head) == 5
                    break
                b.sendall(head + body)
        except OSError:
            pass
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
