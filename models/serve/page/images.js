// The page of images. It asks the API of the server that it came from, and nothing else.
import { $, ask, failed, make, say, whenToken } from "/page.js";

const STEPS = 33; // of the walk, which are fetched at once
const STRIP = 4;  // every so many of them are shown below it
const waitBeforeAsking = 150; // milliseconds after the last key

let models = [];
let frames = []; // of the walk
let large = null; // the image in the dialog: {class, seed}

// latest gives a function that runs the last call of several that follow each other, and stops the one before. A server that is busy is
// asked again.
function latest(run) {
  let timer, abort;
  return () => {
    clearTimeout(timer);
    abort?.abort();
    const mine = abort = new AbortController();
    const go = async () => {
      try {
        await run(mine.signal);
      } catch (error) {
        if (mine.signal.aborted) return;
        if (error.status === 503) timer = setTimeout(go, 1000 * (error.after || 1));
        failed(error);
      }
    };
    timer = setTimeout(go, waitBeforeAsking);
  };
}

const model = () => models.find(m => m.name === $("model").value);
const precision = () => $("precision").value;
const wrong = text => Object.assign(new Error(text), { own: true });

// seedOf reads a seed, which may be larger than a number of JavaScript's.
function seedOf(input) {
  const text = input.value.trim();
  const seed = /^-?[0-9]{1,20}$/.test(text) ? BigInt(text) : null;
  const good = seed !== null && seed >= -(2n ** 63n) && seed < 2n ** 64n;
  input.setAttribute("aria-invalid", String(!good));
  if (!good) throw wrong("The seed must be a whole number from -2^63 to 2^64-1.");
  return seed;
}

function countOf() {
  const count = Number($("count").value);
  const good = Number.isInteger(count) && count >= 1 && count <= 100;
  $("count").setAttribute("aria-invalid", String(!good));
  if (!good) throw wrong("Images per class must be a whole number from 1 to 100.");
  return count;
}

function chosen() {
  return [...$("class-list").querySelectorAll("input:checked")].map(box => Number(box.value));
}

// wanted are the images that the form asks for, row by row.
function wanted() {
  const first = seedOf($("seed")), count = countOf(), classes = chosen(), m = model();
  if (m.classes.length && !classes.length) throw wrong("Choose at least one class.");
  if (first + BigInt(count - 1) >= 2n ** 64n) throw wrong("The last seed would be larger than 2^64-1.");
  const images = [];
  for (let i = 0; i < count; i++) {
    const seed = String(first + BigInt(i));
    if (!m.classes.length) images.push({ seed });
    for (const c of classes) images.push({ class: m.classes[c], seed });
  }
  return images;
}

function post(images, format, scale, signal) {
  const columns = chosen().length;
  return ask(`/v1/models/${model().name}/images`, {
    method: "POST", signal, headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ images, format, scale, precision: precision(), columns: columns > 1 ? columns : Math.min(8, images.length) }),
  });
}

const label = one => one.class === undefined ? `Seed ${one.seed}` : `${one.class}, seed ${one.seed}`;

const draw = latest(async signal => {
  $("pictures").ariaBusy = "true";
  try {
    const images = wanted();
    const answer = await (await post(images, "json", 1, signal)).json();
    const columns = chosen().length;
    $("pictures").classList.toggle("matrix", columns > 1 && columns <= 12);
    $("pictures").style.setProperty("--columns", Math.max(columns, 6));
    show(images, answer.images);
    say(`${images.length} ${images.length === 1 ? "image" : "images"} of ${model().name}`);
  } finally {
    if (!signal.aborted) $("pictures").ariaBusy = "false";
  }
});

// show keeps the focus on the picture of the same place.
function show(images, answered) {
  const at = [...$("pictures").children].findIndex(item => item.contains(document.activeElement));
  $("pictures").replaceChildren(...images.map((one, i) => picture(one, answered[i].png)));
  $("pictures").children[at]?.firstElementChild.focus();
}

function picture(one, png) {
  const image = make("img", { src: `data:image/png;base64,${png}`, alt: "", width: model().width, height: model().height });
  const name = one.class === undefined ? [] : [make("b", { textContent: one.class })];
  const button = make("button", { type: "button", ariaLabel: label(one) }, image, ...name, make("small", { textContent: `seed ${one.seed}` }));
  button.addEventListener("click", () => open(one, image.src));
  return make("li", {}, button);
}

// way is the query of the walk.
function way(more) {
  const query = new URLSearchParams({ seed: seedOf($("from-seed")), to_seed: seedOf($("to-seed")), steps: STEPS, precision: precision(), version: model().version, ...more });
  if (model().classes.length) {
    query.set("from", $("from").value);
    query.set("to", $("to").value);
  }
  return `/v1/models/${model().name}/interpolation?${query}`;
}

const walk = latest(async signal => {
  const answer = await (await ask(way({ format: "json" }), { signal })).json();
  frames = answer.images.map(one => `data:image/png;base64,${one.png}`);
  $("strip").replaceChildren(...frames.filter((_, i) => i % STRIP === 0).map(src => make("img", { src, alt: "", width: model().width, height: model().height })));
  place();
});

function place() {
  const at = Number($("place").value), text = `${Math.round(100 * at / (STEPS - 1))} % of the way`;
  $("place").setAttribute("aria-valuetext", text);
  if (!frames.length) return;
  $("walker").src = frames[at];
  $("walker").alt = `The image at ${text}`;
  [...$("strip").children].forEach((image, i) => image.classList.toggle("here", i === Math.round(at / STRIP)));
}

async function save(asking, name) {
  try {
    const url = URL.createObjectURL(await (await asking()).blob());
    make("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
    say(`Downloaded ${name}`);
  } catch (error) {
    failed(error);
  }
}

// quoted is a value for a shell.
const quoted = text => /^[A-Za-z0-9._-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

function open(one, src) {
  large = one;
  $("large-title").textContent = label(one);
  $("large-image").src = src;
  $("large-image").alt = label(one);
  const words = ["cgan generate --weights", quoted(model().name)];
  if (one.class !== undefined) words.push("--class", quoted(one.class));
  words.push(`--seed=${one.seed}`);
  if (precision() !== "f32") words.push("--precision", precision());
  $("command").value = words.join(" ");
  address();
  $("large").showModal();
}

// path is that of the image in the dialog.
function path() {
  const query = new URLSearchParams(large.class === undefined ? {} : { class: large.class });
  query.set("seed", large.seed);
  query.set("scale", $("large-scale").value);
  if (precision() !== "f32") query.set("precision", precision());
  query.set("version", model().version);
  return `/v1/models/${model().name}/images?${query}`;
}

function address() { $("url").value = location.origin + path(); }

function fill(select, names) { select.replaceChildren(...names.map(name => new Option(name))); }

function showModel() {
  const m = model();
  fill($("precision"), m.precisions);
  $("classes").hidden = $("from").parentElement.hidden = $("to").parentElement.hidden = !m.classes.length;
  $("class-list").replaceChildren(...m.classes.map((name, i) =>
    make("label", {}, make("input", { type: "checkbox", value: i, checked: i < 10 }), make("span", { textContent: name }))));
  fill($("from"), m.classes);
  fill($("to"), m.classes);
  $("to").selectedIndex = Math.min(1, m.classes.length - 1);
  frames = [];
  draw();
  walk();
}

async function start() {
  try {
    models = (await (await ask("/v1/models")).json()).models;
  } catch (error) {
    failed(error);
    return;
  }
  if (!models.length) {
    say("This server has no models, only runs.");
    return;
  }
  $("all").hidden = false;
  fill($("model"), models.map(m => m.name));
  showModel();
}

function choose(on) {
  for (const box of $("class-list").querySelectorAll("input")) box.checked = on;
  draw();
}

for (const id of ["scale", "large-scale"]) fill($(id), ["1", "2", "4", "8", "16", "32"]);
$("large-scale").value = "8";
for (const id of ["choice", "walk"]) $(id).addEventListener("submit", event => event.preventDefault());
$("model").addEventListener("change", showModel);
for (const id of ["seed", "count"]) $(id).addEventListener("input", draw);
$("class-list").addEventListener("change", draw);
$("precision").addEventListener("change", () => { draw(); walk(); });
$("random").addEventListener("click", () => {
  $("seed").value = crypto.getRandomValues(new Uint32Array(1))[0];
  draw();
});
$("every").addEventListener("click", () => choose(true));
$("none").addEventListener("click", () => choose(false));
for (const id of ["from", "to", "from-seed", "to-seed"]) $(id).addEventListener("input", walk);
$("place").addEventListener("input", place);
for (const button of document.querySelectorAll("[data-format]")) {
  const format = button.dataset.format;
  button.addEventListener("click", () => save(() => post(wanted(), format, Number($("scale").value)), `${model().name}.${format}`));
}
$("walk-gif").addEventListener("click", () => save(() => ask(way({ format: "gif", scale: 8 })), `${model().name}-walk.gif`));
$("large-scale").addEventListener("change", address);
$("large-save").addEventListener("click", () => save(() => ask(path()), `${model().name}-${large.seed}.png`));
$("close").addEventListener("click", () => $("large").close());
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const field = $(button.dataset.copy);
    field.select();
    await navigator.clipboard?.writeText(field.value).catch(() => {}); // what is selected can be copied by hand
    say("Copied");
  });
}
whenToken(start);
start();
