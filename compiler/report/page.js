"use strict";
const folds = document.querySelectorAll("#figure details");
for (const b of document.querySelectorAll("button[data-open]"))
  b.addEventListener("click", () => { for (const d of folds) d.open = b.dataset.open === "1"; });
const body = document.querySelector("#layers tbody"), heads = [...document.querySelectorAll("#layers th")];
const value = (row, k) => row.cells[k].dataset.v ?? row.cells[k].textContent;
function sort(k) {
  const numeric = heads[k].dataset.numeric !== undefined, was = heads[k].getAttribute("aria-sort");
  const up = was ? was === "descending" : !numeric; /* figures: the largest first */
  for (const h of heads) h.removeAttribute("aria-sort");
  heads[k].setAttribute("aria-sort", up ? "ascending" : "descending");
  const rows = [...body.rows], sign = up ? 1 : -1;
  rows.sort((a, b) => {
    const x = value(a, k), y = value(b, k);
    return sign * (numeric ? x - y : x.localeCompare(y, "en", { numeric: true })) || a.dataset.n - b.dataset.n;
  });
  body.append(...rows);
}
heads.forEach((h, k) => h.firstElementChild.addEventListener("click", () => sort(k)));
document.querySelector("#order").addEventListener("click", () => {
  for (const h of heads) h.removeAttribute("aria-sort");
  body.append(...[...body.rows].sort((a, b) => a.dataset.n - b.dataset.n));
});
