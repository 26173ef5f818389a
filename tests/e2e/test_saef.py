"""Sessions between entities whose psk is a Kc in the token (SAEF, TS-0003 8.2.2.3): maf connect and maf listen."""
import os
import re
import threading

import pytest
from conftest import TOKENS
from harness.build import program
from harness.maf import Maf, wait_for
from harness.saef import (DTLS, TLS, Listen, Pair, Process, SServer, configure, connect, free_port,
                          gnutls_cli, refused_as,
                          s_client)
from harness.search_keys import memory, search
from harness.tls13 import secrets_of
from harness.token import Token

OPENSSL = {"tls": ["-tls1_2"], "dtls": ["-dtls1_2"]}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    base = tmp_path_factory.mktemp("saef")
    with Maf(Token("softhsm", base / "token"), base / "maf") as running:
        yield running


@pytest.fixture(scope="module", params=[*TOKENS, "swtpm"])
def pair(request, served, tmp_path_factory):
    """Both ends with tokens of this kind, and a key from the exporter between them."""
    return Pair(served, request.param, tmp_path_factory.mktemp(f"saef-{request.param}"), binding="coaps")


@pytest.mark.parametrize("transport", [TLS, DTLS], ids=["tls", "dtls"])
@pytest.mark.parametrize("reverse", [False, True], ids=["source-connects", "target-connects"])
def test_two_homes_talk(pair, transport, reverse):
    client, server = (pair.target, pair.source) if reverse else (pair.source, pair.target)
    with Listen(server, "--once", *transport) as s, connect(client, pair.key_id, s.port, *transport) as c:
        c.said(re.escape(f"session with {server.id} at 127.0.0.1:{s.port}, key {pair.key_id}"))
        c.send(b"ping\n")
        s.expect(b"ping\n")
        s.said(re.escape(f"session with {client.id}"))
        s.send(b"pong\n")
        c.expect(b"pong\n")
        c.end_input()  # one direction ends, the other goes on
        if not transport:
            s.until(lambda: s.process.stdout.closed)
        s.send(b"more\n")
        c.expect(b"more\n")
        s.end_input()
        assert c.wait() == 0 and s.wait() == 0, c.err + s.err


def test_key_identifiers_are_compared_without_case(pair):
    with Listen(pair.target, "--once") as s, connect(pair.source, pair.key_id.lower(), s.port) as c:
        c.end_input()
        s.end_input()
        assert c.wait() == 0 and s.wait() == 0, c.err + s.err


def test_much_goes_both_ways_while_nobody_reads(pair):
    """Each end fills what there is of buffers before it reads: nothing is lost and nothing stands still."""
    there, back = os.urandom(3 << 20), os.urandom(3 << 20)
    with Listen(pair.target, "--once") as s, connect(pair.source, pair.key_id, s.port) as c:

        def feed(process, octets):
            process.send(octets)
            process.end_input()

        feeders = [threading.Thread(target=feed, args=a) for a in ((c, there), (s, back))]
        for f in feeders:
            f.start()
        assert c.wait(60) == 0 and s.wait(60) == 0, c.err + s.err
        for f in feeders:
            f.join()
        assert s.out == there and c.out == back


def test_an_application_with_the_library(pair):
    """docs/examples: a program of its own over libmaf's interface."""
    with Listen(pair.target, "--once") as s:
        command = [program("example-saef-client"), str(pair.source.home), pair.key_id, "127.0.0.1", str(s.port), "hello"]
        with Process(command, pair.source.token.env()) as c:
            s.expect(b"hello\n")
            s.send(b"there\n")
            assert c.wait() == 0, c.err
            assert c.out.decode() == f"connected to {pair.target.id}\nthere\n"
    with Process([*command[:2], "0" * 32 + "@maf.example.com", *command[3:]], pair.source.token.env()) as c:
        assert c.wait() == 1 and b"not in this home" in c.err


# --- peers that we did not write ---


@pytest.mark.parametrize("transport", ["tls", "dtls"])
def test_s_client_talks_to_maf_listen(pair, transport):
    with Listen(pair.target, *(DTLS if transport == "dtls" else TLS)) as s:
        for _ in range(2):
            with s_client(s.port, pair.key_id, pair.kc, *OPENSSL[transport]) as c:
                c.send(b"hello\n")
                s.expect(b"hello\n")
                s.send(b"there\n")
                c.expect(b"there\n")
                c.end_input()
                c.wait()
        assert s.stop() == 0, s.err


@pytest.mark.parametrize("transport", ["tls", "dtls"])
def test_maf_connect_talks_to_s_server(pair, transport):
    with SServer(pair.key_id, pair.kc, *OPENSSL[transport]) as s:
        with connect(pair.source, pair.key_id, s.port, *(DTLS if transport == "dtls" else TLS)) as c:
            c.send(b"hello\n")
            s.until(lambda: b"hello\n" in s.out)
            s.send(b"there\n")
            c.expect(b"there\n")
            c.end_input()
            assert c.wait() == 0, c.err


@pytest.mark.parametrize("transport", ["tls", "dtls"])
def test_gnutls_cli_talks_to_maf_listen(pair, transport):
    options = DTLS if transport == "dtls" else TLS
    with Listen(pair.target, *options) as s:
        with gnutls_cli(s.port, pair.key_id, pair.kc, *(["--udp"] if options else [])) as c:
            c.until(lambda: b"Simple Client Mode" in c.out)
            c.send(b"hello\n")
            s.expect(b"hello\n")
            s.send(b"there\n")
            c.until(lambda: b"there\n" in c.out)


def test_maf_connect_talks_to_gnutls_serv(pair, tmp_path):
    (tmp_path / "psk").write_text(f"{pair.key_id}:{pair.kc}\n")
    port = free_port()
    with Process(["gnutls-serv", "--port", str(port), "--echo", "--pskpasswd", str(tmp_path / "psk"), "--priority",
                  "NORMAL:-KX-ALL:+PSK:-VERS-ALL:+VERS-TLS1.2"]) as s:
        s.until(lambda: b"listening on IPv4" in s.out + s.err)
        with connect(pair.source, pair.key_id, port) as c:
            c.send(b"hello\n")
            c.expect(b"hello\n")


# --- what a key may be used for ---


def test_MAF_HS_6_unknown_keys_look_like_wrong_ones(pair):
    esprim, esprim_kc = pair.key(33)
    other = "0" * 32 + "@maf.example.com"
    with Listen(pair.target) as s:
        wrong = refused_as(s.port, pair.key_id, os.urandom(32).hex())
        for key_id, kc, why in ((other, pair.kc, "key"), (esprim, esprim_kc, "is for SUID 33"),
                                ("nobody", pair.kc, "nobody"), ("0@maf.example.org", pair.kc, "maf.example.org"),
                                ("x" * 200, pair.kc, "")):
            assert refused_as(s.port, key_id, kc) == wrong
            if len(key_id) < 128:
                s.said(re.escape(f'psk_identity "{key_id}" refused: ') + f".*{re.escape(why)}")
        assert s.out == b"" and not re.search(rb"session with", s.err)


def test_MAF_KT_9_wrong_suid_is_refused_before_anybody_is_asked(pair):
    key_id, _ = pair.key(33)
    with connect(pair.source, key_id, 1) as c:
        assert c.wait() == 1 and b"is for SUID 33, not 32" in c.err
    with connect(pair.source, "0" * 32 + "@maf.example.com", 1) as c:
        assert c.wait() == 1 and b"not in this home" in c.err


def session_with_a_key_that_expires(pair, s):
    """Opens a session with such a key; with another, that lives longer, where this machine was too slow."""
    for seconds in (3, 6, 12, 24, 48):
        key_id, kc = pair.key(32, "--expires", f"{seconds}s")
        c = connect(pair.source, key_id, s.port)
        c.send(b"in time\n")
        s.until(lambda: s.out or not c.pump())
        if s.out:
            s.expect(b"in time\n")
            return c, key_id, kc
        c.__exit__()
    raise AssertionError("no session")


def test_MAF_KT_9_expired_keys_are_refused_and_sessions_end_with_their_key(pair):
    with Listen(pair.target) as s:
        c, key_id, kc = session_with_a_key_that_expires(pair, s)
        with c:
            c.wait(60)
            s.said("session with .* ended")
            assert b"has expired" in c.err or b"has expired" in s.err  # whoever's clock said it first
        assert refused_as(s.port, key_id, kc) == refused_as(s.port, pair.key_id, os.urandom(32).hex())
        s.said("refused: .* expired at")
    with connect(pair.source, key_id, 1) as c:
        assert c.wait() == 1 and b"expired at" in c.err


def test_a_wrong_key_is_refused_at_both_ends(pair):
    with SServer(pair.key_id, os.urandom(32).hex(), "-tls1_2") as s, connect(pair.source, pair.key_id, s.port) as c:
        assert c.wait() == 1 and b"refused the handshake" in c.err
    with Listen(pair.target) as s:
        refused_as(s.port, pair.key_id, os.urandom(32).hex())
        s.said("no handshake with 127.0.0.1")


def test_only_the_keys_that_are_allowed(pair):
    key_id, kc = pair.key()
    for options in (["--key", key_id], ["--source", "//sp.example.com/Snobody"]):
        with Listen(pair.target, *options) as s:
            refused_as(s.port, pair.key_id, pair.kc)
            s.said("not among the keys allowed here")
    with Listen(pair.target, "--key", pair.key_id, "--key", key_id.lower(), "--source", pair.source.id, "--once") as s:
        with s_client(s.port, key_id, kc, "-tls1_2") as c:
            c.send(b"hello\n")
            s.expect(b"hello\n")


def test_keys_come_and_go_while_maf_listens(pair):
    with Listen(pair.target) as s:
        key_id, kc = pair.key()
        with s_client(s.port, key_id, kc, "-tls1_2") as c:
            c.send(b"hello\n")
            s.expect(b"hello\n")
        pair.target.maf("key", "forget", key_id)
        refused_as(s.port, key_id, kc)


def test_generated_keys_too(pair):
    key_id, kc = pair.key(32, "--generate")
    with Listen(pair.target, "--once") as s, connect(pair.source, key_id, s.port) as c:
        c.send(b"hello\n")
        s.expect(b"hello\n")


# --- how it can be set ---


def test_custody_psk_and_tls13(pair):
    for client in (pair.source, pair.target):
        configure(client, "token", "custody", "psk")
        configure(client, "saef", "tls-max", "1.3")
    try:
        with Listen(pair.target) as s:
            with connect(pair.source, pair.key_id, s.port) as c:
                c.said("TLSv1.3")
                c.send(b"hello\n")
                s.expect(b"hello\n")
            for version in (["-tls1_3"], ["-tls1_2"]):
                with s_client(s.port, pair.key_id, pair.kc, *version) as c:
                    c.send(b"hello\n")
                    s.expect(b"hello\n")
            wrong = refused_as(s.port, pair.key_id, os.urandom(32).hex(), "-tls1_3")
            assert refused_as(s.port, "nobody", pair.kc, "-tls1_3") == wrong
        with SServer(pair.key_id, pair.kc, "-tls1_3") as s, connect(pair.source, pair.key_id, s.port) as c:
            c.said("TLSv1.3")
    finally:
        for client in (pair.source, pair.target):
            configure(client, "token", "custody", "session")
            configure(client, "saef", "tls-max", "1.2")


def test_first_half_of_the_key(pair):
    """The interop switch: it concerns keys that come in from then on."""
    for client in (pair.source, pair.target):
        configure(client, "saef", "psk", "first-half")
    try:
        with connect(pair.source, pair.key_id, 1) as c:
            assert c.wait() == 1 and b"psk = whole; retrieve or register it again" in c.err
        key_id, kc = pair.key()
        with Listen(pair.target) as s:
            with s_client(s.port, key_id, kc[:32], "-tls1_2") as c:
                c.send(b"hello\n")
                s.expect(b"hello\n")
            with connect(pair.source, key_id, s.port) as c:
                c.send(b"again\n")
                s.expect(b"again\n")
            refused_as(s.port, key_id, kc)
    finally:
        for client in (pair.source, pair.target):
            configure(client, "saef", "psk", "whole")


# --- custody ---


@pytest.mark.parametrize("custody", ["session", "psk"])
def test_MAF_GEN_11_no_key_in_the_memory_of_either_end(pair, custody):
    """After traffic, with a session open: neither Kc nor what TLS makes of it is in memory, nor in the homes."""
    secrets = secrets_of(bytes.fromhex(pair.kc))
    for client in (pair.source, pair.target):
        configure(client, "token", "custody", custody)
    try:
        with Listen(pair.target) as s:
            for _ in range(20):
                with s_client(s.port, pair.key_id, pair.kc, "-tls1_2") as c:
                    c.send(b"hello\n")
                    s.expect(b"hello\n")
            with connect(pair.source, pair.key_id, s.port) as c:
                c.send(b"hello\n")
                s.expect(b"hello\n")
                hits = [h for p in (s, c) for h in search(memory(p.process.pid), secrets)]
        for client in (pair.source, pair.target):
            files = [(str(p), p.read_bytes()) for p in client.home.rglob("*") if p.is_file()]
            assert not search(files, secrets)
    finally:
        for client in (pair.source, pair.target):
            configure(client, "token", "custody", "session")
    if pair.kind == "softokn":
        print(f"softokn, custody {custody}: {len(hits)} plain copies in memory")  # its own, see docs/custody.md
    else:
        assert not hits, hits


# --- a token that goes away ---


def test_a_token_that_goes_away_and_comes_back(served, tmp_path):
    """maf listen answers with an error meanwhile, and needs no restart."""
    p = Pair(served, "swtpm", tmp_path)
    with Listen(p.target) as s:
        for away in (False, True, False):
            if away:
                p.target.token.away()
                assert refused_as(s.port, p.key_id, p.kc) == "SSL alert number 80"  # internal_error
                p.target.token.back()
                continue
            wait_for(lambda: talks(p, s), "no session after the TPM came back")


def talks(pair, s):
    with s_client(s.port, pair.key_id, pair.kc, "-tls1_2") as c:
        c.send(b"hello\n")
        c.until(lambda: b"alert" in c.err or s.pump() and s.out)
        if s.out:
            s.expect(b"hello\n")
        return b"alert" not in c.err
