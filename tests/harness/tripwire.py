"""Relays between the parties of a walk that see each TLS record, and cut everything at one of them when asked to."""
import contextlib
import select
import socket
import threading


class Tripwire:
    """Counts the records that pass through its relays, whichever way. The one with number `at` is not passed on: `act` is called, and all
    connections are closed, as they are when an end of theirs is gone. `see` is called with each that is passed on, and its relay, before it is."""

    def __init__(self):
        self.lock, self.count, self.at, self.act, self.relays = threading.RLock(), 0, None, None, []
        self.acted, self.see = 0, None

    def arm(self, at, act):
        """From now on, records count from 0."""
        with self.lock:
            self.count, self.at, self.act = 0, at, act

    def passes(self, record, relay):
        with self.lock:
            self.count += 1
            if self.count - 1 != self.at:
                if self.see is not None:
                    self.see(record, relay)
                return True
            self.acted += 1
            self.act()
        for relay in self.relays:
            relay.cut()
        return False

    def relay(self, port):
        self.relays.append(Relay(self, port))
        return self.relays[-1]

    def close(self):
        for relay in self.relays:
            relay.close()


class Relay:
    """Passes connections on to a port of this machine; `port` is its own."""

    def __init__(self, wire, to):
        self.wire, self.to, self.pairs = wire, to, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                client.close()
                continue
            self.pairs.append((client, server))
            threading.Thread(target=self._pass_on, args=(client, server), daemon=True).start()

    def _pass_on(self, client, server):
        with contextlib.suppress(OSError, ValueError):
            while True:
                for one in select.select([client, server], [], [])[0]:
                    head = one.recv(5, socket.MSG_WAITALL)
                    record = head + one.recv(int.from_bytes(head[3:5], "big"), socket.MSG_WAITALL) if len(head) == 5 else b""
                    if not record or not self.wire.passes(record, self):
                        return self._end(client, server)
                    (server if one is client else client).sendall(record)
        self._end(client, server)

    @staticmethod
    def _end(*sockets):
        for s in sockets:
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
            s.close()

    def cut(self):
        for pair in self.pairs:
            for s in pair:
                with contextlib.suppress(OSError):
                    s.shutdown(socket.SHUT_RDWR)  # its thread closes it
        self.pairs = []

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.cut()
