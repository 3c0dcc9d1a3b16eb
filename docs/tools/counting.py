"""How much of the site is checked, in a few lines."""

from docs.tools import DOCS, LANGUAGES, figures, links, listings, numbers, pages, parity
from docs.tools.steps import steps


def report():
    """Counts of what is run, included and linked, and why the rest is not run."""
    english = [(page, page.read_text(encoding="utf-8")) for page in pages("en")]
    found = [step for page, text in english for step in steps(page.stem, text)]
    shown = [step for step in found if not step.hidden]
    ran = [step for step in shown if not step.skip]
    lines = [
        f"  {len(english)} English pages, {len(pages('ko'))} Korean",
        f"  {len(ran)} of {len(shown)} command blocks are run: "
        f"{sum(len(step.commands) for step in ran)} commands, "
        f"{sum(step.compared for step in ran)} blocks with output compared",
        f"  {count(listings.listings)} listings from real files, "
        f"{count(lambda name, text: numbers.numbers(text))} numbers from reports, "
        f"{len(figures.derived())} figures",
        f"  {count(links.within)} links inside, {count(links.outward)} to other sites",
    ]
    lines.append(f"  {parity.report()}")
    skipped = [step for step in shown if step.skip]
    if skipped:
        lines.append(f"  {len(skipped)} blocks are not run:")
        lines += [f"    {step.place}: {step.skip}" for step in skipped]
    return "Checked, in both languages where it makes sense:\n" + "\n".join(lines)


def count(kind):
    return sum(
        len(list(kind(page.relative_to(DOCS), page.read_text(encoding="utf-8"))))
        for language in LANGUAGES
        for page in pages(language)
    )
