"""Certificates with tools that we did not write: openssl and certtool."""
import subprocess

from .maf import FQDN, run

SP = "sp.example.com"

# flavour, name, how `openssl x509 -text` shows the subjectAltName
NAMES = [("fqdn", FQDN, f"DNS:{FQDN}"), ("ae", f"//{SP}/cse1/Cae7", f"URI:m2m://{SP}/cse1/Cae7"),
         ("cse", f"cse1.{SP}", f"DNS:cse1.{SP}"), ("node", "urn:gsma:imei:90420156-025763-0", "URI:urn:gsma:imei:90420156-025763-0"),
         ("device", "urn:dev:mac:0024befffe804ff1", "URI:urn:dev:mac:0024befffe804ff1"),
         ("device", "0.2.481.1:100.3030.10011", "othername: 0.2.481.1")]


def openssl(*args, input=None, check=True):
    if check:
        return run(["openssl", *args], input=input)
    return subprocess.run(["openssl", *args], input=input or "", capture_output=True, text=True, timeout=60).stdout


def certtool(*args):
    return run(["certtool", *args])


def request(folder, name, san=None):
    """A key and a request made by openssl; returns their paths."""
    key, csr = folder / f"{name}.key", folder / f"{name}.csr"
    extra = ["-addext", f"subjectAltName={san}"] if san else []
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(key), "-out",
            str(csr), "-subj", "/CN=x", *extra)
    return key, csr


def bare_request(folder, name):
    return request(folder, name)
