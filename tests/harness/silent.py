"""Servers that keep a client waiting: in the place of a MEF that never answers."""
import contextlib
import select
import socket
import threading


class Silent:
    """Accepts connections and never says a word."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.connections = []
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self):
        while True:
            try:
                self.connections.append(self.listener.accept()[0])
            except OSError:
                return

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for c in self.connections:
            c.close()


class Deaf:
    """Does not even accept: its queue is full, so the kernel drops what asks for a connection."""

    def __init__(self):
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(0)
        self.port = self.listener.getsockname()[1]
        self.connections = []
        while self._connects():
            pass

    def _connects(self):
        """Whether one more gets through."""
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex(("127.0.0.1", self.port))
        self.connections.append(s)
        return bool(select.select([], [s], [], 0.2)[1])

    def close(self):
        for s in (*self.connections, self.listener):
            s.close()


class Mute(Silent):
    """Lets a TLS handshake through to a server that can do it, and nothing that the client says after it."""

    def __init__(self, port):
        self.server_port = port
        super().__init__()

    def _accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.server_port))
            self.connections += [client, server]
            threading.Thread(target=self._relay, args=(client, server), daemon=True).start()

    def _relay(self, client, server):
        with contextlib.suppress(OSError, ValueError):
            while True:
                for s in select.select([client, server], [], [])[0]:
                    if s is server:
                        octets = server.recv(65536)
                        client.sendall(octets)
                    else:
                        octets = record = self._record(client)
                        if record[:1] != b"\x17":  # application data
                            server.sendall(record)
                    if not octets:
                        client.close()
                        server.close()
                        return

    @staticmethod
    def _record(s):
        head = s.recv(5, socket.MSG_WAITALL)
        return head + s.recv(int.from_bytes(head[3:5], "big"), socket.MSG_WAITALL) if len(head) == 5 else b""
