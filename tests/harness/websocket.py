"""A WebSocket client that we did not write: the protocol part of Python's `websockets`, over the plaintext of a TLS peer."""
from websockets.client import ClientConnection
from websockets.connection import State
from websockets.frames import Opcode
from websockets.uri import parse_uri


class WebSocket:
    def __init__(self, peer, subprotocols, extensions=None, host="maf.example.com"):
        self.peer = peer
        self.client = ClientConnection(parse_uri(f"wss://{host}/"), subprotocols=subprotocols,
                                       extensions=extensions)
        self.frames = []
        self.client.send_request(self.client.connect())
        self.flush()
        while self.client.state is State.CONNECTING and self.client.handshake_exc is None:
            self.receive()
        if self.client.handshake_exc is not None:
            raise self.client.handshake_exc

    @property
    def subprotocol(self):
        return self.client.subprotocol

    def flush(self):
        """What the client has to say; also pongs and the answer to a Close."""
        octets = b"".join(self.client.data_to_send())
        if octets:
            self.peer.send(octets)

    def receive(self):
        self.client.receive_data(self.peer.some())
        self.flush()
        self.frames += [e for e in self.client.events_received() if hasattr(e, "opcode")]

    def frame(self):
        """The next frame; EOFError when there is none, because the connection has ended."""
        while not self.frames:
            self.receive()
        return self.frames.pop(0)

    def send(self, message):
        (self.client.send_text if isinstance(message, str) else self.client.send_binary)(
            message.encode() if isinstance(message, str) else message)
        self.flush()

    def message(self):
        """The next whole message: text or octets."""
        parts, text = [], None
        while True:
            frame = self.frame()
            if frame.opcode is Opcode.CLOSE:
                raise EOFError(self.close_code)
            if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
                continue
            text = frame.opcode is Opcode.TEXT if text is None else text
            parts.append(frame.data)
            if frame.fin:
                return b"".join(parts).decode() if text else b"".join(parts)

    @property
    def close_code(self):
        """With which the server closed; None: it did not."""
        return self.client.close_rcvd.code if self.client.close_rcvd is not None else None

    def close(self):
        if self.client.state is State.OPEN:
            self.client.send_close(1000)
            try:
                self.flush()
            except EOFError:
                pass  # the server was faster
        self.peer.close()
