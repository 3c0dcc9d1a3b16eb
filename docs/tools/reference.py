"""The reference pages: the code's own facts, with a sentence on each in both languages.

The sentences are in docs/reference.toml; what the code has and it lacks, or the other
way round, is a mistake.
"""

import tomllib

from docs.tools import DOCS, LANGUAGES, PROJECT, ROOT, TEXTS, facts
from docs.tools.parsing import Mistake

NAMES = ("prompts", "settings", "caching", "make", "metrics")
# What `make help` of a rendered project reads beside its Makefile.
HELP = "tools/help.list"


def pages():
    """Every reference page's text, by path, and the words of `make help`."""
    found = {
        DOCS / language / "reference" / f"{name}.md": page(name, language)
        for language in LANGUAGES
        for name in NAMES
    }
    return found | {TEXTS / each / HELP: help_list(each) for each in LANGUAGES}


def help_list(language):
    """The project's make targets in a language; in English the Makefile has them."""
    lines = ["# What `make help` says in place of the Makefile's own words."]
    if language != "en":
        words = Words("make", language)
        lines += [
            f"{name}: ## {words(f'project:{name}')}"
            for name, _ in facts.targets(PROJECT / "Makefile")
        ]
    return "\n".join(lines) + "\n"


def page(name, language):
    words = Words(name, language)
    body = globals()[f"{name}_tables"](words)
    words.all_used()
    made = (
        "<!-- Written by `make docs-refresh`; the words are in docs/reference.toml. -->"
    )
    # The class is for phones: assets/site.css makes cards of its rows.
    parts = [made, f"# {words.page['title']}", words.page["intro"].strip()]
    parts += ['<div class="reference" markdown>', body, "</div>"]
    if "more" in words.page:
        parts.append(words.page["more"].strip())
    return "\n\n".join(parts) + "\n"


class Words:
    """A page's sentences in one language. Each must be there, and be asked for."""

    def __init__(self, name, language):
        data = tomllib.loads((DOCS / "reference.toml").read_text(encoding="utf-8"))
        self.name, self.language = name, language
        self.page = data[name]["page"][language]
        self.items = data[name]["of"]
        self.asked = set()

    def __call__(self, item, english=None):
        """The item's words; in English the code's own, if it has some."""
        self.asked.add(item)
        if english and self.language == "en":
            return english
        try:
            return self.items[item][self.language]
        except KeyError:
            raise Mistake(
                f"docs/reference.toml says nothing of {self.name}: {item} "
                f"in {self.language!r}"
            ) from None

    def all_used(self):
        if left := set(self.items) - self.asked:
            raise Mistake(
                f"docs/reference.toml: {self.name}: {', '.join(sorted(left))} "
                "is no longer in the code"
            )


def table(heads, rows):
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(cell, line)) + " |" for line in lines)


def cell(text):
    return str(text).replace("|", "\\|")


def code(value):
    """A default as a person writes it; nothing for none."""
    if value in ("", None, []):
        return ""
    if isinstance(value, bool):
        value = "on" if value else "off"
    if isinstance(value, list | tuple):
        value = ",".join(map(str, value))
    return f"`{value}`"


def prompts_tables(words):
    rows = []
    for name, question, default in facts.prompts():
        accepted = words(name)
        # Each question is asked in both languages, with this between them.
        asked = dict(zip(("en", "ko"), question.split(" / ")))[words.language]
        if isinstance(default, list):
            default = default[0]
        shown = accepted.get("default") or code(default)
        rows.append([f"`{name}`", asked, shown, accepted["accepted"]])
    return table(words.page["heads"], rows)


def settings_tables(words):
    rows = []
    for name, (kind, default) in facts.settings().items():
        says = words(name)
        shown = words.items[name].get("default", {}).get(words.language)
        kind = words.page["kinds"][kind]
        rows.append([f"`{name}`", kind, shown or code(default), says])
    return table(words.page["heads"], rows)


def caching_tables(words):
    variables = facts.caching_variables()
    rows = [
        [f"`{name}`", code(default), code(variables.get(name, "")), words(name)]
        for name, default in facts.caching().items()
    ]
    return table(words.page["heads"], rows)


def make_tables(words):
    parts = []
    for house, folder in (("project", PROJECT), ("template", ROOT)):
        rows = [
            [f"`make {name}`", words(f"{house}:{name}", says)]
            for name, says in facts.targets(folder / "Makefile")
        ]
        parts.append(f"## {words.page[house]}\n\n{table(words.page['heads'], rows)}")
    return "\n\n".join(parts)


def metrics_tables(words):
    rows, used = [], {}
    for name, kind, says, labels in facts.metrics():
        shown = ", ".join(f"`{label}`" for label in labels)
        rows.append([f"`{name}`", words.page["kinds"][kind], shown, words(name, says)])
        used |= dict.fromkeys(labels)
    metrics = table(words.page["heads"], rows)
    labels = [[f"`{name}`", words(f"label:{name}")] for name in used]
    values = table(words.page["label_heads"], labels)
    return f"{metrics}\n\n## {words.page['labels']}\n\n{values}"
