#!/usr/bin/python3
"""Searches files below a directory and the memory of processes and their children for keys, raw, in hex and in base64.

Usage: search_keys.py DIR PID... < keys (hex, one a line). Needs root for another user's process. Exit 1 when one is found."""
import base64
import os
import pathlib
import sys


def forms(octets):
    """Everything a key may look like: the first 16 octets are enough to tell it."""
    found = {octets[:16], octets[:16].hex().encode(), octets[:16].hex().upper().encode()}
    for shift in range(3):
        # base64 text depends on how the key is aligned in what was encoded
        text = base64.b64encode(bytes(shift) + octets[:24])
        found.add(text[4:20] if shift else text[:20])
    return found


def memory(pid):
    """(name, octets) of each readable mapping of a process."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            where, perms, *rest = line.split()
            if "r" not in perms or (rest and rest[-1] in ("[vvar]", "[vsyscall]", "[vdso]")):
                continue
            start, end = (int(x, 16) for x in where.split("-"))
            try:
                mem.seek(start)
                yield f"pid {pid} {line.strip()}", mem.read(end - start)
            except (OSError, ValueError):
                continue


def files(directory):
    for path in sorted(pathlib.Path(directory).rglob("*")):
        if path.is_file():
            yield str(path), path.read_bytes()


def processes(pid):
    yield pid
    for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield from processes(int(child))


def search(areas, keys):
    """Where any form of any key occurs: a list of (area name, index of the key, offset)."""
    patterns = {form: i for i, key in enumerate(keys) for form in forms(key)}
    hits = []
    for name, octets in areas:
        for pattern, i in patterns.items():  # one by one is faster than one expression of hundreds of alternatives
            at = octets.find(pattern)
            while at >= 0:
                hits.append((name, i, at))
                at = octets.find(pattern, at + 1)
    return hits


def main():
    directory, pids = sys.argv[1], [int(pid) for pid in sys.argv[2:]]
    keys = [bytes.fromhex(line.strip()) for line in sys.stdin if line.strip()]
    n_files = n_octets = 0

    def areas():
        nonlocal n_files, n_octets
        for name, octets in files(directory):
            n_files += 1
            yield name, octets
        for one in (p for pid in pids for p in processes(pid)):
            for name, octets in memory(one):
                n_octets += len(octets)
                yield name, octets

    hits = search(areas(), keys)
    for name, index, offset in hits:
        print(f"FOUND key {index + 1} at offset {offset} of {name}")
    print(f"  searched {n_files} files and {n_octets >> 20} MiB of memory for {len(keys)} keys "
          f"(raw, hex, base64): {len(hits)} found")
    return 1 if hits else 0


if __name__ == "__main__":
    sys.exit(main())
