"""Terraform plans the rules; the owner, readers and strangers knock at the plan."""

import ipaddress
import random

from course.marks import wrong
from course.plans import planned

FILE = "terraform/security.tf"
KIND = "aws_vpc_security_group_ingress_rule"
RULES = {f"{KIND}.web", f"{KIND}.ssh"}
OTHERS = {"aws_security_group": {"server": {"id": "server"}}}
REQUIRED = {"project": "library", "aws_region": "ap-northeast-2"}
PUBLIC, EVERY = (80, 443), (0, 65535)
SSH = 22


def check(seed):
    """Plan for an owner, for the same with /32, for one who moved, and for nobody."""
    data = random.Random(seed)
    home, hotel = (f"{data.choice((8, 20, 101))}.{octets(data)}" for _ in range(2))
    check_plan(home, home)
    check_plan(f"{home}/32", home)
    check_plan(hotel, hotel)
    check_plan("", None)
    check_move(home, hotel)


def octets(data):
    """Return the last three numbers of an address, in the middle of its block."""
    return ".".join(str(data.randrange(60, 190)) for _ in range(3))


def plan(your_ip):
    """Return the rules, each with its network, ports and a line of evidence."""
    rules = planned(FILE, RULES, OTHERS, key_pair_name="k", your_ip=your_ip, **REQUIRED)
    return [rule | {"said": line(rule)} for rule in rules]


def line(rule):
    """Return a rule in one line."""
    ports = f"{rule.get('from_port')}-{rule.get('to_port')}"
    source = rule.get("cidr_ipv4") or rule.get("cidr_ipv6")
    return f"{rule['address']}: {rule.get('ip_protocol')} {ports} from {source}"


def check_plan(your_ip, owner):
    """Look at each rule, then knock as a reader, as the owner and as others."""
    rules = plan(your_ip)
    evidence = [f'your_ip = "{your_ip}"', *(rule["said"] for rule in rules)]
    for rule in rules:
        check_rule(rule, owner, evidence)
    for port in PUBLIC:
        if not reached(rules, "0.0.0.0/0", port):
            wrong("readers", evidence, port=port)
    if owner and not reached(rules, f"{owner}/32", SSH):
        wrong("owner", evidence, owner=owner)


def check_rule(rule, owner, evidence):
    """Refuse a rule that lets in more than it must."""
    network, (first, last) = source(rule, evidence), ports(rule)
    if first == last and first in PUBLIC:
        return
    many = first if first == last else f"{first} to {last}"
    if network.prefixlen == 0 and owner:
        wrong("world", evidence, ports=many)
    if owner is None:
        wrong("not_closed", evidence, ports=many, network=network)
    if str(network) != f"{owner}/32":
        wrong("strangers", evidence, network=network, owner=owner)
    if first < SSH or last > SSH:
        wrong("too_wide", evidence, ports=many)


def source(rule, evidence):
    """Return the network that a rule is for; end if AWS would refuse it."""
    text = rule.get("cidr_ipv4") or rule.get("cidr_ipv6") or ""
    try:
        address, mask = text.split("/")
        return ipaddress.ip_network(f"{address}/{int(mask)}", strict=False)
    except ValueError:
        wrong("no_network", evidence, text=text)


def ports(rule):
    """Return first and last port; the protocol -1 means all of them."""
    if str(rule.get("ip_protocol")) == "-1" or rule.get("from_port") is None:
        return EVERY
    return int(rule["from_port"]), int(rule["to_port"])


def reached(rules, network, port):
    """Return whether all of a network may use a port."""
    return any(
        rule.get("cidr_ipv4") == network
        and rule.get("ip_protocol") == "tcp"
        and ports(rule)[0] <= port <= ports(rule)[1]
        for rule in rules
    )


def check_move(home, hotel):
    """The owner's address changes: the rule must stay the same one."""
    before, after = plan(home), plan(hotel)
    evidence = [rule["said"] for rule in (*before, *after)]
    if {rule["address"] for rule in before} != {rule["address"] for rule in after}:
        wrong("locked_out", evidence)
