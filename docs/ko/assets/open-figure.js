// A figure opens alone: on a phone its words are too small within the page.
document.addEventListener(
  "click",
  (event) => {
    const figure = event.target.closest('.md-content img[src*="figures/"]');
    if (figure && !figure.closest("a")) location.assign(figure.src);
  },
  true,
);
