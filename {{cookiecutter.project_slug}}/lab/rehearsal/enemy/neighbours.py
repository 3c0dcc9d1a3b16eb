"""Many addresses in the network of the server's containers, to attack from."""

import collections
import ipaddress
import json

PATIENCE = 30  # seconds that a request waits for its answer


class Neighbours:
    """Addresses on the server that ask the proxy. From outside, all are one."""

    def __init__(self, host):
        self.host = host
        network = json.loads(
            host.inside(
                *("docker", "inspect", "library-caddy-1"),
                *("--format", "{{json .NetworkSettings.Networks}}"),
            )
        )
        [place, *_] = network.values()
        self.proxy, self.bridge = place["IPAddress"], f"br-{place['NetworkID'][:12]}"
        self.network = ipaddress.ip_network(
            f"{place['Gateway']}/{place['IPPrefixLen']}", strict=False
        )
        self.number = 0

    def new(self):
        """Return an address that nothing was sent from so far."""
        self.number += 1
        address = str(self.network.broadcast_address - self.number)
        self.host.inside("ip", "address", "add", f"{address}/32", "dev", self.bridge)
        return address

    def ask(self, address, path, document, token=""):
        """Post a document from an address; return the status code and the answer."""
        request = self._request(address, path, document, token)
        said = self.host.inside("curl", "--config", "-", stdin=request)
        body, _, status = said.rpartition("\n")
        return status, json.loads(body) if body.startswith("{") else {}

    def ask_together(self, requests):
        """Post [(address, path, document)] at once; return a Counter of statuses."""
        lines = "next\n".join(self._request(*each) for each in requests)
        lines = "parallel\nparallel-immediate\nparallel-max = 200\n" + lines
        said = self.host.inside("curl", "--config", "-", stdin=lines)
        return collections.Counter(
            line for line in said.splitlines() if line.isdecimal()
        )

    def _request(self, address, path, document, token=""):
        options = {
            "url": f"http://{self.proxy}/api/v1{path}",
            "interface": address,
            "header": "Content-Type: application/json",
            "data": json.dumps(document),
            "write-out": "\\n%{http_code}\\n",
            "max-time": str(PATIENCE),
        }
        lines = [f"{name} = {json.dumps(value)}" for name, value in options.items()]
        if token:
            lines.append(f'header = "Authorization: Bearer {token}"')
        return "\n".join(["silent", *lines]) + "\n"
