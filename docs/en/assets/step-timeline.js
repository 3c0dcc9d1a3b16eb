// Below each timeline of the model checker: one step after another, with every state.
// timelines.json, in the page's language, is what the model checker found.
const timelines = new URL("timelines.json", document.currentScript.src);
const words = {
  en: { back: "Back", next: "Next", at: "Step {} of {}", wrong: "Wrong" },
  ko: { back: "이전", next: "다음", at: "{} / {}", wrong: "틀림" },
}[document.documentElement.lang];

const element = (name, attributes = {}, ...content) => {
  const made = Object.assign(document.createElement(name), attributes);
  made.append(...content);
  return made;
};

// A row for each thing that has a state; marked if it changed, or is wrong now.
const rows = ({ steps, wrong }, number) =>
  steps[number].state.map(([what, how], index) => {
    const changed = number > 0 && steps[number - 1].state[index][1] !== how;
    const bad = number === steps.length - 1 && what === wrong.who;
    const className = bad ? "bad" : changed ? "changed" : "";
    return element(
      "tr",
      { className },
      element("th", { scope: "row" }, what),
      element("td", {}, how),
    );
  });

const stepper = (timeline) => {
  let number = 0;
  const last = timeline.steps.length - 1;
  const at = element("span", { className: "at" });
  const does = element("p", { className: "does" });
  const body = element("tbody");
  const wrong = element("p", { className: "wrong" }, `${words.wrong}: ${timeline.wrong.says}.`);
  const back = element("button", { type: "button" }, `← ${words.back}`);
  const next = element("button", { type: "button" }, `${words.next} →`);
  const show = (to) => {
    number = Math.min(Math.max(to, 0), last);
    const { who, does: what } = timeline.steps[number];
    at.textContent = words.at.replace("{}", number).replace("{}", last);
    does.replaceChildren(element("strong", {}, who || what), who ? ` ${what}` : "");
    body.replaceChildren(...rows(timeline, number));
    wrong.hidden = number < last;
    // Not disabled: a button that is disabled loses the focus, and with it the keys.
    back.ariaDisabled = number === 0;
    next.ariaDisabled = number === last;
  };
  back.onclick = () => show(number - 1);
  next.onclick = () => show(number + 1);
  const buttons = element("div", { className: "buttons" }, back, at, next);
  const states = element("table", {}, body);
  const told = element("div", { ariaLive: "polite" }, does, states, wrong);
  const whole = element("div", { className: "timeline", tabIndex: 0, role: "group" });
  whole.ariaLabel = timeline.title;
  whole.append(buttons, told);
  whole.onkeydown = (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    show(number + by);
  };
  show(0);
  return whole;
};

// Which timeline a block of a page shows.
const named = (block) =>
  block.textContent.match(/^\$ \S+ -m lab\.model_checker (\S+)\n[^\n]*STALE/)?.[1];

// Also after a click on a link, which exchanges the page but runs no script again.
document$.subscribe(async () => {
  const blocks = [...document.querySelectorAll(".language-console")].filter(
    (block) => named(block) && !block.nextElementSibling?.matches(".timeline"),
  );
  if (!blocks.length) return;
  const found = await (await fetch(timelines)).json();
  for (const block of blocks) block.after(stepper(found[named(block)]));
});
