// The copy button of a console block copies what a person types: the commands without
// `$ ` and `> `, and no output. docs/tools/parsing.py reads the blocks in the same way.
const typed = (lines) => {
  const kept = [];
  let typing = false;
  for (const line of lines) {
    typing = line.startsWith("$ ") || (typing && /^>( |$)/.test(line));
    if (typing) kept.push(line.slice(2));
  }
  return kept.join("\n");
};

document.addEventListener(
  "click",
  (event) => {
    const button = event.target.closest('.language-console [data-md-type="copy"]');
    if (!button) return;
    // The theme copies this in place of what is shown.
    const code = document.querySelector(button.dataset.clipboardTarget);
    code.dataset.copy = typed(code.textContent.split("\n"));
  },
  true,
);
