"""Settings of the web application; each default is written here alone."""

from dataclasses import dataclass
from ipaddress import ip_address

LOOPBACK_NAMES = ("localhost",)


@dataclass(frozen=True)
class ServeSettings:
    """What the person who starts the server decides.

    Attributes:
        token: secret that every request has to give; "" asks for none.
        most_waiting: most requests that wait for the networks; more are refused (429).
        most_upload: most bytes of an upload.
        open_photos: photographs that stay decoded and encoded in memory.
        kept_uploads: uploaded photographs that stay in the workspace, so that a link to
            a search goes on working; the ones used longest ago go first.
        samples: most street photographs of the dataset that are offered.
    """

    token: str = ""
    most_waiting: int = 8
    most_upload: int = 20 << 20
    open_photos: int = 16
    kept_uploads: int = 1000
    samples: int = 24


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that listens on a host.

    >>> is_loopback("127.0.0.1"), is_loopback("0.0.0.0"), is_loopback("::1")
    (True, False, True)
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host in LOOPBACK_NAMES
