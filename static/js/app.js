// The entry. Each module finds its own elements by data attributes; docs/frontend.md lists them.
document.documentElement.dataset.js = "";
