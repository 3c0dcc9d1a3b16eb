// The other language's link leads to the same page there: both have the same file names.
document.addEventListener(
  "click",
  (event) => {
    const link = event.target.closest("a[hreflang]");
    if (!link) return;
    // The theme would go to the other language's first page.
    event.stopPropagation();
    const [here, there] = [document.documentElement.lang, link.hreflang];
    link.href = location.pathname.replace(`/${here}/`, `/${there}/`);
  },
  true,
);
