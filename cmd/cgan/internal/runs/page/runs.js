// The page of runs. It asks again while it is looked at.
const $ = id => document.getElementById(id);
const TOKEN = "cgan-token";
const every = 2000; // milliseconds

async function ask(path) {
  const token = sessionStorage.getItem(TOKEN);
  const answer = await fetch(path, { headers: token ? { Authorization: `Bearer ${token}` } : {} });
  if (answer.ok) return answer;
  if (answer.status === 401) {
    $("token-form").hidden = false;
  }
  const problem = await answer.json().catch(() => ({}));
  throw new Error(problem.detail || answer.statusText);
}

function make(tag, properties = {}, ...children) {
  const e = Object.assign(document.createElement(tag), properties);
  e.append(...children);
  return e;
}

const number = (value, digits) => value === undefined ? "-" : value.toFixed(digits);
const of = (value, all) => value === undefined ? "-" : all ? `${value}/${all}` : String(value);

function listRuns(runs) {
  $("runs").replaceChildren(...runs.map(r => make("tr", {},
    make("th", { scope: "row", textContent: r.name }), make("td", { textContent: r.state }),
    ...[of(r.last?.epoch, r.epochs), of(r.last?.step, r.steps), number(r.last?.loss_d, 3), number(r.last?.loss_g, 3)].map(textContent => make("td", { className: "number", textContent })))));
  const names = runs.map(r => r.name);
  options($("a"), names, names.at(-1));
  options($("b"), ["", ...names], "");
}

// options changes a list only where it is another one, so that what was chosen stays.
function options(select, names, first) {
  const now = [...select.options].map(o => o.value);
  if (now.length === names.length && now.every((n, i) => n === names[i])) return;
  const chosen = names.includes(select.value) && select.options.length ? select.value : first;
  select.replaceChildren(...names.map(n => new Option(n || "none", n)));
  select.value = chosen ?? "";
}

const SVG = "http://www.w3.org/2000/svg";
function svg(tag, attributes, text) {
  const e = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
  if (text !== undefined) e.textContent = text;
  return e;
}

// chart draws two lines over the steps.
function chart(title, curve, a, b) {
  const width = 480, height = 190, left = 44, bottom = 24, top = 8;
  const values = curve.flatMap(p => [p[a.key], p[b.key]]).sort((x, y) => x - y);
  const low = Math.min(0, values[0]), high = Math.max(values[Math.ceil(0.99 * values.length) - 1], low + 1e-9), last = curve.at(-1).step;
  const x = step => left + (width - left - 8) * step / last;
  const y = v => top + (height - top - bottom) * (1 - (Math.min(v, high) - low) / (high - low));
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "chart", role: "img", "aria-label": `${title}: at step ${last} ${a.name} ${curve.at(-1)[a.key].toFixed(3)}, ${b.name} ${curve.at(-1)[b.key].toFixed(3)}` });
  picture.append(svg("line", { x1: left, x2: width - 8, y1: y(low), y2: y(low), class: "axis" }), svg("line", { x1: left, x2: left, y1: top, y2: y(low), class: "axis" }),
    svg("text", { x: left - 4, y: y(high) + 10, "text-anchor": "end" }, high.toPrecision(2)), svg("text", { x: left - 4, y: y(low), "text-anchor": "end" }, low.toPrecision(2)),
    svg("text", { x: width - 8, y: height - 6, "text-anchor": "end" }, `step ${last}`));
  for (const [line, name] of [[a, "line-a"], [b, "line-b"]]) {
    picture.append(svg("polyline", { class: name, points: curve.map(p => `${x(p.step).toFixed(1)},${y(p[line.key]).toFixed(1)}`).join(" ") }));
  }
  picture.append(svg("text", { x: left + 8, y: height - 6 }, `${a.name} —   ${b.name} - -`));
  return make("figure", { className: "curve" }, make("figcaption", { textContent: title }), picture);
}

const places = { a: null, b: null }; // the step whose grid is shown, null for the newest
const grids = new Map();

async function grid(run, step) {
  const path = `/v1/runs/${encodeURIComponent(run)}/grids/${step}`;
  if (!grids.has(path)) grids.set(path, URL.createObjectURL(await (await ask(path)).blob()));
  return grids.get(path);
}

async function showSide(side, name) {
  const section = $(`side-${side}`);
  section.hidden = !name;
  if (!name) { section.replaceChildren(); section.dataset.run = ""; return; }
  const run = await (await ask(`/v1/runs/${encodeURIComponent(name)}`)).json();
  if (section.dataset.run !== name) build(section, side, name);
  section.querySelector(".state").textContent = `${run.state}, epoch ${of(run.last?.epoch, run.epochs)}, step ${of(run.last?.step, run.steps)}`;
  section.querySelector(".curves").replaceChildren(...run.curve.length ? [
    chart("Losses", run.curve, { key: "loss_d", name: "Loss_D" }, { key: "loss_g", name: "Loss_G" }),
    chart("Verdicts of D", run.curve, { key: "d_x", name: "D(x)" }, { key: "d_g_z", name: "D(G(z))" })] : []);
  const slider = section.querySelector("input");
  slider.parentElement.hidden = !run.grids.length;
  slider.max = Math.max(0, run.grids.length - 1);
  if (places[side] === null) slider.value = slider.max;
  slider.onsteps = run.grids;
  await showGrid(section, name, run.grids);
  section.querySelector("pre").textContent = JSON.stringify(run.settings, null, 1);
}

async function showGrid(section, name, steps) {
  const image = section.querySelector("img"), step = steps[Number(section.querySelector("input").value)];
  image.hidden = step === undefined;
  if (step === undefined) return;
  image.src = await grid(name, step);
  image.alt = `Samples of ${name} at step ${step}`;
  section.querySelector("input").setAttribute("aria-valuetext", `step ${step}`);
  section.querySelector(".step").textContent = `step ${step}`;
}

function build(section, side, name) {
  section.dataset.run = name;
  places[side] = null;
  const slider = make("input", { type: "range", min: 0, max: 0, value: 0 });
  slider.addEventListener("input", () => {
    places[side] = slider.value === slider.max ? null : slider.value;
    showGrid(section, name, slider.onsteps).catch(wrong);
  });
  section.replaceChildren(make("h2", { textContent: name }), make("p", { className: "state" }), make("div", { className: "curves" }),
    make("label", { className: "wide" }, "Samples over time ", slider, make("span", { className: "step" })), make("img", { alt: "", hidden: true }),
    make("details", {}, make("summary", { textContent: "Settings" }), make("pre", { tabIndex: 0 })));
}

function wrong(error) {
  $("status").textContent = error.message;
  $("status").className = "wrong";
}

async function update() {
  try {
    listRuns((await (await ask("/v1/runs")).json()).runs);
    $("token-form").hidden = true;
    await showSide("a", $("a").value);
    await showSide("b", $("b").value);
    if ($("status").textContent) $("status").textContent = "";
  } catch (error) {
    wrong(error);
  }
}

let timer;
async function loop() {
  clearTimeout(timer);
  if (!document.hidden) await update();
  timer = setTimeout(loop, every);
}

$("token-form").addEventListener("submit", event => {
  event.preventDefault();
  sessionStorage.setItem(TOKEN, $("token").value);
  loop();
});
$("choice").addEventListener("submit", event => event.preventDefault());
for (const id of ["a", "b"]) $(id).addEventListener("change", loop);
document.addEventListener("visibilitychange", () => { if (!document.hidden) loop(); });
loop();
