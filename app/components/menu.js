// On a phone the menu of pages lies over the page, and stays there: close it once a page is chosen.

const LINK = "[data-testid=stSidebarNavLink]"; // a wide screen has the pages in its header instead
const CLOSE = "[data-testid=stSidebarCollapseButton] button";

function chosen(event) {
  if (event.ctrlKey || event.metaKey || event.shiftKey || !event.target.closest(LINK)) return;
  document.querySelector(CLOSE)?.click();
}

export default function () {
  document.addEventListener("click", chosen); // once, however often it is said
  return () => document.removeEventListener("click", chosen);
}
