"use strict";
const D = JSON.parse(document.getElementById("data").textContent), PAGE = 25, NS = "http://www.w3.org/2000/svg";
const chinese = D.language === "zh", locale = chinese ? "zh-CN" : "en-GB";
const t = (key, gaps = {}) => D.words[key].replace(/\{(\w+)\}/g, (_, name) => gaps[name]);
const number = (v, digits) => new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits, roundingMode: "halfEven" }).format(v);
const money = v => v == null ? "" : v === 0 ? "0" : number(v, Math.abs(v) >= 1000 ? 0 : 2);
const ratio = v => v == null ? "" : v.toFixed(2);
const percent = (v, sign = false, digits = 1) => v == null ? "" : (sign && v >= 0 ? "+" : "") + (100 * v).toFixed(digits) + (chinese ? "%" : " %");
const short = v => new Intl.NumberFormat(chinese ? locale : "en-US", { notation: "compact", maximumSignificantDigits: 3 }).format(v);
const month = m => new Intl.DateTimeFormat(locale, { year: "numeric", month: "short", timeZone: "UTC" }).format(new Date(m + "-01T00:00:00Z"));
const R = D.reps, COUNT = R.id.length, who = k => R.name[k] || R.id[k];

function el(tag, attributes = {}, ...children) {
  const node = tag.startsWith("svg:") ? document.createElementNS(NS, tag.slice(4)) : document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) if (key.startsWith("on")) node.addEventListener(key.slice(2), value); else if (value != null && value !== false) node.setAttribute(key, value);
  node.append(...children.filter(c => c != null));
  return node;
}
const s = (tag, attributes, ...children) => el("svg:" + tag, attributes, ...children);
function ticks(low, high, most) {
  const rough = (high - low || 1) / most, power = 10 ** Math.floor(Math.log10(rough)), step = [1, 2, 5, 10].map(f => f * power).find(v => v >= rough * (1 - 1e-9));
  const out = []; for (let k = Math.floor(low / step + 1e-9); k <= Math.ceil(high / step - 1e-9); k++) out.push(+(k * step).toPrecision(12));
  return out;
}
/* A box that draws itself again whenever its width changes. */
function drawn(box, draw) {
  let width = 0;
  box.className = "chart";
  const again = () => { const now = Math.max(box.clientWidth, 200); if (now !== width && !matchMedia("print").matches) { width = now; draw(now); } };
  again(); new ResizeObserver(() => requestAnimationFrame(again)).observe(box);
}
/* A note that follows the pointer or the arrow keys: `at` finds the place of a pointer, `show` tells what stands there. */
function noted(box, svg, count, start, at, show) {
  const tip = el("div", { class: "tip", role: "status", hidden: "" });
  let place = start, shown = null;
  const put = k => {
    place = Math.min(count - 1, Math.max(0, k));
    shown?.(); const note = show(place); shown = note.clear;
    tip.replaceChildren(...note.nodes); tip.hidden = false;
    const room = box.clientWidth - tip.offsetWidth, left = note.x > box.clientWidth / 2 ? note.x - tip.offsetWidth - 12 : note.x + 12;
    tip.style.left = Math.max(0, Math.min(left, room)) + "px";
  };
  const hide = () => { tip.hidden = true; shown?.(); shown = null; };
  svg.addEventListener("pointermove", e => put(at(e.clientX - svg.getBoundingClientRect().left)));
  svg.addEventListener("pointerleave", hide); svg.addEventListener("blur", hide);
  svg.addEventListener("focus", () => { if (svg.matches(":focus-visible")) put(place); });
  svg.addEventListener("keydown", e => { const step = { ArrowLeft: -1, ArrowRight: 1 }[e.key]; if (step) { put(place + step); e.preventDefault(); } });
  box.replaceChildren(svg, tip);
}

/* ---- the table of reps ---------------------------------------------------------------------------------------- */
const COLUMNS = [["rep", "name"], ["region"], ["quota", "quota", money], ["last_year", "last_year", money], ["change", "change", v => percent(v, true)], ["capacity", "capacity", money], ["stretch", "stretch", ratio], ["chance", "chance", v => percent(v)], ["kept", "rule"]];
let order = "quota", down = true, first = 0, sought = "", whole = false, chosen = "company";
const cell = (column, k) => column === "name" ? who(k) : R[column][k];
function found() {
  const words = sought.toLowerCase().split(/\s+/).filter(Boolean);
  const list = R.id.map((_, k) => k).filter(k => words.every(w => `${R.id[k]} ${R.name[k]} ${R.region[k]} ${R.rule[k]}`.toLowerCase().includes(w)));
  const way = down ? -1 : 1, text = order === "name" || order === "region" || order === "rule", collator = new Intl.Collator(locale, { numeric: true });
  return list.sort((a, b) => {
    const x = cell(order, a), y = cell(order, b);
    if (!text && (x == null || y == null)) return (x == null) - (y == null) || a - b;
    return way * (text ? collator.compare(x, y) : x - y) || a - b;
  });
}
const body = el("tbody"), heads = el("tr"), shown = el("span", { class: "soft", role: "status" });
const back = el("button", { type: "button", onclick: () => { first -= PAGE; rows(); } }, t("reps.back")), next = el("button", { type: "button", onclick: () => { first += PAGE; rows(); } }, t("reps.next"));
function rows() {
  const list = found(), start = whole ? 0 : Math.min(first, Math.max(0, list.length - 1)), part = whole ? list : list.slice(start, start + PAGE);
  body.replaceChildren(...part.map(k => el("tr", { class: chosen === "r" + k ? "on" : null }, ...COLUMNS.map(([name, column = name, format]) =>
    name === "rep" ? el("td", { class: "l" }, el("button", { type: "button", class: "who", onclick: () => { choose("r" + k); document.getElementById("forecast").scrollIntoView({ behavior: "smooth" }); } }, who(k)), R.name[k] ? el("span", { class: "where" }, " " + R.id[k]) : null, el("span", { class: "where narrow" }, [R.region[k], R.rule[k]].filter(Boolean).join(" · ")))
    : name === "kept" ? el("td", { class: "l" }, R.rule[k], R.source[k] ? el("span", { class: "where" }, " " + R.source[k].replaceAll("/", "/\u200b")) : null)
    : el("td", { class: format ? "r" : "l" }, format ? format(R[column][k]) : R[column][k] || t("line.none"))))));
  if (!list.length) body.append(el("tr", {}, el("td", { colspan: COLUMNS.length, class: "l soft" }, t("reps.none"))));
  heads.replaceChildren(...COLUMNS.map(([name, column = name, format]) => el("th", { scope: "col", class: format ? "r" : "l", "aria-sort": order === column ? (down ? "descending" : "ascending") : null },
    el("button", { type: "button", title: t("reps.sort", { column: t("col." + name) }), onclick: () => { down = order === column ? !down : Boolean(format); order = column; first = 0; rows(); } }, t("col." + name) + (order === column ? (down ? " ▾" : " ▴") : "")))));
  shown.textContent = list.length ? t("reps.shown", { from: start + 1, to: start + part.length, all: list.length }) : "";
  back.hidden = next.hidden = list.length <= PAGE; back.disabled = !start; next.disabled = start + PAGE >= list.length;
}
document.getElementById("table").append(
  el("div", { class: "tools" }, el("input", { type: "search", placeholder: t("reps.search"), "aria-label": t("reps.search"), oninput: e => { sought = e.target.value; first = 0; rows(); } }), shown, back, next),
  el("div", { class: "scroll" }, el("table", {}, el("thead", {}, heads), body)));
addEventListener("beforeprint", () => { whole = true; rows(); }); addEventListener("afterprint", () => { whole = false; rows(); });

/* ---- how stretch and chance are spread ------------------------------------------------------------------------ */
function bins(values) {
  const known = values.map((v, k) => [v, k]).filter(([v]) => v != null), all = known.map(([v]) => v);
  let low = Math.min(...all), high = Math.max(...all); if (high - low < .02) { low -= .01; high += .01; }
  const edges = ticks(low, high, Math.min(16, Math.max(6, Math.ceil(2 * Math.sqrt(all.length))))), step = edges[1] - edges[0];
  const out = edges.slice(0, -1).map((from, k) => ({ from, to: edges[k + 1], reps: [] }));
  for (const [v, k] of known) out[Math.min(out.length - 1, Math.max(0, Math.floor((v - edges[0]) / step + 1e-9)))].reps.push(k);
  return out;
}
function spread(id, write, marks) {
  const box = document.getElementById(id), values = R[id], known = values.filter(v => v != null).sort((a, b) => a - b);
  if (!known.length) { box.append("–"); return; }
  const parts = bins(values), from = parts[0].from, to = parts.at(-1).to, most = Math.max(...parts.map(p => p.reps.length)), half = known.length >> 1;
  const median = known.length % 2 ? known[half] : (known[half - 1] + known[half]) / 2;
  const step = (to - from) / parts.length * (write === ratio ? 1 : 100), digits = Math.max(write === ratio ? 2 : 0, Math.ceil(-Math.log10(step) - 1e-9));
  const format = v => write === ratio ? v.toFixed(digits) : percent(v, false, digits);
  drawn(box, W => {
    const H = 190, L = 6, bottom = H - 22, top = 38, x = v => L + (v - from) / (to - from) * (W - 2 * L), svg = s("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", tabindex: 0, "aria-label": parts.filter(p => p.reps.length).map(p => `${format(p.from)}–${format(p.to)}: ${p.reps.length}`).join("; ") });
    const counts = [], columns = parts.map(p => {
      const h = p.reps.length / most * (bottom - top), column = s("rect", { class: "column", x: x(p.from) + 1, y: bottom - h, width: Math.max(1, x(p.to) - x(p.from) - 2), height: h, rx: 1.5 });
      svg.append(column);
      if (p.reps.length && x(p.to) - x(p.from) > 8 * String(p.reps.length).length + 2) counts.push(s("text", { x: (x(p.from) + x(p.to)) / 2, y: bottom - h - 4, "text-anchor": "middle" }, p.reps.length));
      return column;
    });
    svg.append(s("path", { class: "axis", d: `M${L} ${bottom}H${W - L}` }));
    const every = Math.ceil(parts.length / Math.max(2, Math.floor((W - 2 * L) / 62)));
    [...parts.map(p => p.from), to].forEach((v, k, all) => { if (k % every === 0) svg.append(s("text", { x: x(v), y: H - 6, "text-anchor": k === 0 ? "start" : k === all.length - 1 ? "end" : "middle" }, format(v))); });
    const label = t("spread.median", { value: write(median) }), right = x(median) < W / 2;
    svg.append(s("path", { class: "mark", d: `M${x(median)} 18V${bottom}` }), s("text", { x: x(median) + (right ? 5 : -5), y: 14, "text-anchor": right ? "start" : "end" }, label));
    for (const v of marks) if (v > from && v < to) svg.append(s("path", { class: "grid", d: `M${x(v)} 18V${bottom}` }));
    svg.append(...counts);
    noted(box, svg, parts.length, 0, px => Math.floor((px - L) / (W - 2 * L) * parts.length), k => {
      const p = parts[k], names = p.reps.slice(0, 8).map(who).join(chinese ? "、" : ", ") + (p.reps.length > 8 ? " …" : "");
      columns[k].classList.add("at");
      return { x: (x(p.from) + x(p.to)) / 2, clear: () => columns[k].classList.remove("at"), nodes: [el("b", {}, `${format(p.from)} – ${format(p.to)}`), el("div", {}, t("spread.reps", { count: p.reps.length })), el("div", { class: "soft" }, names)] };
    });
  });
}

/* ---- sales, forecast and quota, month by month ---------------------------------------------------------------- */
const M = D.months.length, START = M - D.ahead, LEVEL = Math.round(100 * D.level) + (chinese ? "%" : " %");
function series(n) {
  const ahead = v => v && D.months.map((_, k) => k < START ? null : v[k - START]);
  return { past: D.months.map((_, k) => k < START ? n.past[k] : null), mean: ahead(n.mean), low: ahead(n.low), high: ahead(n.high), quota: ahead(n.quota) };
}
function line(values, x, y) {
  let path = "", open = false;
  values.forEach((v, k) => { if (v == null) { open = false; return; } path += (open ? "L" : "M") + x(k).toFixed(1) + " " + y(v).toFixed(1); open = true; });
  return path;
}
const lookup = (level, key) => { const k = D.outlook.level.findIndex((l, i) => l === level && D.outlook.key[i] === key); return k < 0 ? {} : { expected: D.outlook.expected[k], low: D.outlook.low[k], high: D.outlook.high[k] }; };
function picked() {
  if (chosen === "company") return { name: t("line.company"), node: D.company, year: lookup("all", "all") };
  const k = +chosen.slice(1);
  if (chosen[0] === "g") return { name: D.regions[k].id || t("line.none"), node: D.regions[k], year: lookup("region", D.regions[k].id) };
  return { name: who(k), node: D.reps_months[k], year: lookup("rep", R.id[k]), quota: R.quota[k] };
}
const choice = el("select", { "aria-label": t("line.choose"), onchange: e => choose(e.target.value) },
  el("option", { value: "company" }, t("line.company")),
  el("optgroup", { label: t("col.region") }, ...D.regions.map((n, k) => el("option", { value: "g" + k }, n.id || t("line.none")))),
  el("optgroup", { label: t("col.rep") }, ...D.reps_months.map((_, k) => k).sort((a, b) => who(a).localeCompare(who(b), locale)).map(k => el("option", { value: "r" + k }, who(k)))));
const holder = document.getElementById("lines"), place = el("div");
function choose(value) {
  if (value[0] === "r" && !D.reps_months[+value.slice(1)]) return;
  chosen = value; choice.value = value; rows(); lines();
}
function lines() {
  const { name, node, year, quota } = picked(), S = series(node), box = el("div"), total = quota ?? node.quota.reduce((a, b) => a + b, 0);
  const entries = [["past", "border-color:var(--past)", t("line.past")], ["mean", "border-color:var(--mean)", t("line.mean")], S.low && ["band", null, t("line.band", { level: LEVEL })], ["quota", "border-color:var(--quota);border-top-style:dashed", t("line.quota")]].filter(Boolean);
  place.replaceChildren(el("div", { class: "legend" }, ...entries.map(([, style, word]) => el("span", {}, el("i", style ? { style } : { class: "area" }), word))), box,
    year.expected == null ? "" : el("p", { class: "small" }, t("line.year", { expected: money(year.expected), low: money(year.low), high: money(year.high), level: LEVEL, quota: money(total) })),
    S.low ? "" : el("p", { class: "small soft" }, t("line.no_band")), D.reps_months.length < COUNT ? el("p", { class: "small soft" }, t("line.left", { count: COUNT - D.reps_months.length })) : "", numbers(S));
  drawn(box, W => graph(box, W, S, name));
}
function graph(box, W, S, name) {
  const H = W < 500 ? 240 : 300, L = 56, right = 8, top = 20, bottom = H - 24, known = Object.values(S).flatMap(v => v || []).filter(v => v != null), up = ticks(Math.min(0, ...known), Math.max(...known, 1e-9), 5);
  const x = k => L + (k + .5) / M * (W - L - right), y = v => bottom - (v - up[0]) / (up.at(-1) - up[0] || 1) * (bottom - top), begin = L + START / M * (W - L - right);
  const svg = s("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", tabindex: 0, "aria-label": name }, s("rect", { class: "plan", x: begin, y: 0, width: W - right - begin, height: bottom }), s("text", { x: begin + 4, y: 12 }, t("line.plan")), s("path", { class: "axis", d: `M${begin} 0V${bottom}`, "stroke-dasharray": "1 3" }));
  for (const v of up) svg.append(s("path", { class: "grid", d: `M${L} ${y(v)}H${W - right}` }), s("text", { x: L - 8, y: y(v) + 4, "text-anchor": "end" }, short(v)));
  let free = 0;
  D.months.forEach((m, k) => {
    const left = L + k / M * (W - L - right), year = m.endsWith("-01"), rest = D.months.slice(k + 1, k + 12).some(o => o.endsWith("-01"));
    if (year) svg.append(s("path", { class: "axis", d: `M${left} ${bottom}v5` }));
    if ((year || k === 0) && left >= free && left + 34 < W - right + 8 && !(k === 0 && rest && D.months.findIndex(o => o.endsWith("-01")) / M * (W - L - right) < 40)) { svg.append(s("text", { x: left + 3, y: H - 6 }, m.slice(0, 4))); free = left + 38; }
  });
  svg.append(s("path", { class: "axis", d: `M${L} ${y(Math.max(up[0], 0))}H${W - right}` }));
  if (S.low) { const there = D.months.map((_, k) => k).filter(k => S.low[k] != null); svg.append(s("path", { class: "band", d: there.map((k, i) => (i ? "L" : "M") + x(k).toFixed(1) + " " + y(S.high[k]).toFixed(1)).join("") + there.reverse().map(k => "L" + x(k).toFixed(1) + " " + y(S.low[k]).toFixed(1)).join("") + "Z" })); }
  svg.append(s("path", { class: "past", d: line(S.past, x, y) }), s("path", { class: "mean", d: line(S.mean, x, y) }), s("path", { class: "quotas", d: line(S.quota, x, y) }));
  const cursor = s("path", { class: "cursor" });
  noted(box, svg, M, START, px => Math.floor((px - L) / (W - L - right) * M), k => {
    const facts = [["past", S.past[k]], ["mean", S.mean[k]], ["quota", S.quota[k]]].filter(([, v]) => v != null).map(([key, v]) => [t("line." + key), money(v)]);
    if (S.low && S.low[k] != null) facts.push([t("line.band", { level: LEVEL }), `${money(S.low[k])} – ${money(S.high[k])}`]);
    cursor.setAttribute("d", `M${x(k)} 0V${bottom}`); svg.append(cursor);
    return { x: x(k), clear: () => cursor.remove(), nodes: [el("b", {}, month(D.months[k])), el("table", {}, el("tbody", {}, ...facts.map(([key, v]) => el("tr", {}, el("td", { class: "soft" }, key), el("td", {}, v)))))] };
  });
}
function numbers(S) {
  const columns = [["past", S.past], ["mean", S.mean], ["low", S.low], ["high", S.high], ["quota", S.quota]].filter(([, v]) => v), scroll = el("div", { class: "scroll" }), fold = el("details", {}, el("summary", {}, t("line.numbers")), scroll);
  fold.addEventListener("toggle", () => { if (!scroll.childElementCount) { scroll.append(el("table", {}, el("thead", {}, el("tr", {}, el("th", {}, t("line.month")), ...columns.map(([key]) => el("th", {}, t("line." + key))))), el("tbody", {}, ...D.months.map((m, k) => el("tr", {}, el("td", {}, m), ...columns.map(([, v]) => el("td", {}, money(v[k])))))))); scroll.scrollTop = scroll.scrollHeight; } });
  return fold;
}

rows(); spread("stretch", ratio, [1]); spread("chance", percent, [.5]);
holder.append(el("div", { class: "tools" }, el("label", {}, t("line.choose") + " ", choice)), place); lines();
