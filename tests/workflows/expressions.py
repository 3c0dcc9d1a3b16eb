"""GitHub's expressions, as far as our workflows use them; all else is refused."""

import json
import re

TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>\d+)|(?P<name>[A-Za-z_][\w-]*)"
    r"|(?P<sign>&&|\|\||==|!=|[!().,\[\]*]))"
)
HOLE = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)


class Unknown(Exception):
    """The workflow asks for something that the table has no value for."""


def fill(text, table):
    """Replace each ${{ }} in a text; the table holds contexts and functions."""
    return HOLE.sub(lambda hole: as_text(evaluate(hole[1], table)), as_text(text))


def condition(text, table):
    """Tell whether an `if:` is true; without a status function it asks success()."""
    inner = HOLE.fullmatch(str(text).strip())
    expression = inner[1] if inner else str(text)
    asked = re.search(r"\b(always|success|failure|cancelled)\(", expression)
    value = bool(evaluate(expression, table))
    return value if asked else value and table["success"]()


def evaluate(text, table):
    """Return an expression's value."""
    parser = Parser(text, table)
    value = parser.either()
    if parser.tokens:
        raise Unknown(f"what is '{parser.tokens[0]}' in {text.strip()}?")
    return value


def as_text(value):
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def tokens_of(text):
    found, position, text = [], 0, text.strip()
    while position < len(text):
        token = TOKEN.match(text, position)
        if not token:
            raise Unknown(f"cannot read '{text[position:]}' in {text}")
        found.append(token[0].strip())
        position = token.end()
    return found


class Parser:
    """Evaluates while it reads: || over && over == over ! over names and values."""

    def __init__(self, text, table):
        self.text = text
        self.tokens = tokens_of(text)
        self.table = table

    def take(self, *wanted):
        if self.tokens and self.tokens[0] in wanted:
            return self.tokens.pop(0)
        return None

    def need(self, sign):
        if not self.take(sign):
            raise Unknown(f"'{sign}' is missing in {self.text}")

    def either(self):
        value = self.both()
        while self.take("||"):
            other = self.both()
            value = value or other
        return value

    def both(self):
        value = self.equal()
        while self.take("&&"):
            other = self.equal()
            value = other if value else value
        return value

    def equal(self):
        value = self.negated()
        if sign := self.take("==", "!="):
            same = value == self.negated()
            return same if sign == "==" else not same
        return value

    def negated(self):
        if self.take("!"):
            return not self.negated()
        return self.value()

    def value(self):
        if self.take("("):
            value = self.either()
            self.need(")")
            return value
        token = self.tokens.pop(0) if self.tokens else ""
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if token.isdigit():
            return int(token)
        if token in ("true", "false"):
            return token == "true"
        if self.take("("):
            return self.call(token)
        return self.path(token)

    def call(self, name):
        arguments = []
        while not self.take(")"):
            arguments.append(self.either())
            self.take(",")
        if not callable(self.table.get(name)):
            raise Unknown(f"there is no function {name}() here")
        return self.table[name](*arguments)

    def path(self, name):
        value, so_far = self.look_up(self.table, name, name), name
        while sign := self.take(".", "["):
            key = self.tokens.pop(0) if sign == "." else self.either()
            if sign == "[":
                self.need("]")
            so_far = f"{so_far}.{key}"
            value = self.look_up(value, key, so_far)
        return value

    def look_up(self, holder, key, so_far):
        if key == "*":
            return list(holder.values())
        if isinstance(holder, list):
            return [self.look_up(each, key, so_far) for each in holder]
        if not isinstance(holder, dict) or key not in holder:
            raise Unknown(f"the workflow asks for {so_far}, and the table has none")
        return holder[key]


def functions(status):
    """Return the functions of a job whose status so far is success or failure."""
    return {
        "always": lambda: True,
        "success": lambda: status() == "success",
        "failure": lambda: status() == "failure",
        "cancelled": lambda: False,
        "toJSON": lambda value: json.dumps(value, indent=2),
        "join": lambda values, sign: sign.join(values),
        "hashFiles": lambda *patterns: "hash-of-" + "-".join(patterns),
    }
