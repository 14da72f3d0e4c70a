// The page of runs. It asks again while it is looked at.
import { $, ask, failed, make, say, whenToken } from "/page.js";

const every = 2000; // milliseconds

const number = (value, digits) => value === undefined ? "-" : value.toFixed(digits);
const of = (value, all) => value === undefined ? "-" : all ? `${value} / ${all}` : String(value);
const shown = value => typeof value === "string" ? value || "-" : JSON.stringify(value);

function listRuns(runs) {
  $("runs").replaceChildren(...runs.map(r => make("tr", {},
    make("th", { scope: "row", textContent: r.name }), make("td", {}, state(r)),
    ...[of(r.last?.epoch, r.epochs), of(r.last?.step, r.steps), number(r.last?.loss_d, 3), number(r.last?.loss_g, 3)].map(textContent => make("td", { className: "number", textContent })))));
  const names = runs.map(r => r.name);
  options($("a"), names, names.at(-1));
  options($("b"), ["", ...names], "");
}

const state = run => make("span", { className: `state ${run.state}`, textContent: run.state });

// options changes a list only where it is another one, so that what was chosen stays.
function options(select, names, first) {
  const now = [...select.options].map(o => o.value);
  if (now.length === names.length && now.every((n, i) => n === names[i])) return;
  const chosen = names.includes(select.value) && select.options.length ? select.value : first;
  select.replaceChildren(...names.map(n => new Option(n || "none", n)));
  select.value = chosen ?? "";
}

function svg(tag, attributes, text) {
  const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
  if (text !== undefined) e.textContent = text;
  return e;
}

// chart draws two lines over the steps. What is above 99 of 100 values is cut.
function chart(title, curve, a, b) {
  const width = 480, height = 190, left = 34, right = width - 6, bottom = height - 22, top = 8;
  const values = curve.flatMap(p => [p[a.key], p[b.key]]).sort((x, y) => x - y);
  const low = Math.min(0, values[0]), high = Math.max(values[Math.ceil(0.99 * values.length) - 1], low + 1e-9), last = curve.at(-1);
  const x = step => left + (right - left) * step / last.step;
  const y = v => top + (bottom - top) * (1 - (Math.min(v, high) - low) / (high - low));
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "chart", role: "img", "aria-label": `${title}: at step ${last.step} ${a.name} ${last[a.key].toFixed(3)}, ${b.name} ${last[b.key].toFixed(3)}` });
  for (const share of [0, 0.5, 1]) {
    const v = low + share * (high - low);
    picture.append(svg("line", { x1: left, x2: right, y1: y(v), y2: y(v), class: "axis" }), svg("text", { x: left - 6, y: y(v) + 4, "text-anchor": "end" }, v === 0 ? "0" : v.toPrecision(2)));
  }
  picture.append(svg("text", { x: left, y: height - 4 }, "0"), svg("text", { x: right, y: height - 4, "text-anchor": "end" }, `step ${last.step}`));
  for (const [line, name] of [[b, "line-b"], [a, "line-a"]]) {
    picture.append(svg("polyline", { class: name, points: curve.map(p => `${x(p.step).toFixed(1)},${y(p[line.key]).toFixed(1)}`).join(" ") }));
  }
  return make("figure", {}, make("figcaption", {}, title, make("span", { textContent: a.name }), make("span", { textContent: b.name })), picture);
}

const chosen = { a: null, b: null }; // the place of the grid that is shown, null for the newest
const sides = { a: null, b: null };  // the runs that are shown
const grids = new Map();

async function grid(run, step) {
  const path = `/v1/runs/${encodeURIComponent(run)}/grids/${step}`;
  if (!grids.has(path)) grids.set(path, URL.createObjectURL(await (await ask(path)).blob()));
  return grids.get(path);
}

async function showSide(side, name) {
  const section = $(`side-${side}`);
  section.hidden = !name;
  sides[side] = name ? await (await ask(`/v1/runs/${encodeURIComponent(name)}`)).json() : null;
  if (!name) { section.replaceChildren(); section.dataset.run = ""; return; }
  const run = sides[side];
  if (section.dataset.run !== name) build(section, side, name);
  section.querySelector(".now").replaceChildren(state(run), ` epoch ${of(run.last?.epoch, run.epochs)}, step ${of(run.last?.step, run.steps)}`);
  section.querySelector(".curves").replaceChildren(...run.curve.length ? [
    chart("Losses", run.curve, { key: "loss_d", name: "Loss_D" }, { key: "loss_g", name: "Loss_G" }),
    chart("Verdicts of D", run.curve, { key: "d_x", name: "D(x)" }, { key: "d_g_z", name: "D(G(z))" })] : []);
  const slider = section.querySelector("input");
  section.querySelector(".samples").hidden = !run.grids.length;
  slider.max = Math.max(0, run.grids.length - 1);
  if (chosen[side] === null) slider.value = slider.max;
  await showGrid(section, run);
}

async function showGrid(section, run) {
  const slider = section.querySelector("input"), step = run.grids[Number(slider.value)];
  if (step === undefined) return;
  const image = section.querySelector("img");
  image.src = await grid(run.name, step);
  image.alt = `Samples of ${run.name} at step ${step}`;
  slider.setAttribute("aria-valuetext", `step ${step}`);
  section.querySelector(".step").textContent = `step ${step}`;
}

function build(section, side, name) {
  section.dataset.run = name;
  chosen[side] = null;
  const slider = make("input", { type: "range", min: 0, max: 0, value: 0 });
  slider.addEventListener("input", () => {
    chosen[side] = slider.value === slider.max ? null : slider.value;
    showGrid(section, sides[side]).catch(failed);
  });
  const table = () => make("table", {}, make("tbody"));
  section.replaceChildren(make("h2", { textContent: name }), make("p", { className: "now hint" }), make("div", { className: "curves" }),
    make("div", { className: "samples" }, make("h3", { textContent: "Samples" }), make("label", {}, "Over time", slider, make("span", { className: "step hint" })), make("img", { alt: "", className: "grid" })),
    make("div", { className: "figures", hidden: true }, make("h3", { textContent: "Figures of cgan eval" }), table()),
    make("details", { className: "settings" }, make("summary", { textContent: "Settings" }), table()));
}

const row = (key, value, differs) => make("tr", { className: differs ? "differs" : "" }, make("td", { className: "key", textContent: key }), make("td", { className: "value", textContent: value + (differs ? " (differs)" : "") }));
const percent = v => `${(100 * v).toFixed(1)} %`;

// figures are rows of what cgan eval said.
function figures(f) {
  return [
    ["Class consistency", f.consistency && percent(f.consistency.share)], ["Frechet distance", f.frechet?.toFixed(2)], ["of real to real images", f.frechet_floor?.toFixed(2)],
    ["Precision", f.precision?.toFixed(3)], ["Recall", f.recall?.toFixed(3)], ["Density", f.density?.toFixed(3)], ["Coverage", f.coverage?.toFixed(3)],
    ["Diversity", f.diversity?.toFixed(3)], ["Memorisation", f.memorisation && percent(f.memorisation.share)], ["Images", f.count],
  ].filter(([, value]) => value !== undefined && value !== null).map(([key, value]) => row(key, value));
}

// showSettings marks what differs from the run beside it.
function showSettings(side, other) {
  const run = sides[side];
  if (!run) return;
  const section = $(`side-${side}`), beside = sides[other]?.settings;
  section.querySelector(".settings tbody").replaceChildren(...Object.entries(run.settings).map(([key, value]) => row(key, shown(value), beside && JSON.stringify(beside[key]) !== JSON.stringify(value))));
  section.querySelector(".figures").hidden = !run.figures;
  section.querySelector(".figures tbody").replaceChildren(...run.figures ? figures(run.figures) : []);
}

async function update() {
  try {
    const runs = (await (await ask("/v1/runs")).json()).runs;
    listRuns(runs);
    await showSide("a", $("a").value);
    await showSide("b", $("b").value);
    showSettings("a", "b");
    showSettings("b", "a");
    say(runs.length ? `${runs.length} ${runs.length === 1 ? "run" : "runs"}, asked for every ${every / 1000} seconds` : "There is no run yet: cgan train makes one.");
    return true;
  } catch (error) {
    failed(error);
    return error.status !== 401;
  }
}

let timer, round = 0;
async function loop() {
  clearTimeout(timer);
  const mine = ++round;
  const goOn = document.hidden || await update();
  if (goOn && mine === round) timer = setTimeout(loop, every);
}

whenToken(loop);
$("choice").addEventListener("submit", event => event.preventDefault());
for (const id of ["a", "b"]) $(id).addEventListener("change", loop);
document.addEventListener("visibilitychange", () => { if (!document.hidden) loop(); });
loop();
